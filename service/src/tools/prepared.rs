//! A call whose arguments are understood, before anything has run.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Answer;
use super::{House, ToolError, Turn};
use crate::policy::Effect;
use crate::session::Target;

/// What a call does when its turn comes.
pub(super) type Run = Box<dyn FnOnce(Turn) -> BoxFuture<'static, Result<Answer, ToolError>> + Send>;
/// What a call does that needs no session of its own (`session_list`).
pub(super) type HouseRun = Box<dyn for<'a> FnOnce(House<'a>) -> BoxFuture<'a, Result<Answer, ToolError>> + Send>;

/// Where a call runs.
pub(super) enum Work {
    /// In its session, in order, past the policy.
    Page(Run),
    /// About sessions themselves.
    House(HouseRun),
    /// A person's, in the session; the agent waits.
    Person(Wanted),
}

/// What an agent asks a person to do.
pub(super) struct Wanted {
    pub instructions: String,
    pub patience: Duration,
}

/// What an open dialog or file chooser means to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithModal {
    /// It cannot run until that is answered.
    Refused,
    /// It leaves the page, or waits: only a dialog holds it up.
    ChooserFine,
    /// It does not ask the page anything.
    Fine,
    /// It answers a dialog.
    AnswersDialog,
    /// It answers a file chooser.
    AnswersChooser,
}

/// One understood call.
pub(super) struct Prepared {
    pub effect: Effect,
    /// A verb for people and cards, as in `Click`; the element is added by whoever has looked at it.
    pub verb: String,
    /// Elements it acts on, in order.
    pub targets: Vec<Target>,
    /// Elements it acts on if they are there: what has the keyboard, what is at a point. Their absence is no error.
    pub if_there: Vec<Target>,
    /// Texts it types, chooses or runs, in the order of the targets.
    pub values: Vec<String>,
    /// Where it goes, when it names an address itself.
    pub to_url: Option<String>,
    pub modal: WithModal,
    /// Does it hand files to the site?
    pub uploads: bool,
    pub work: Work,
}

impl Prepared {
    /// A call that runs in its session.
    pub fn page<F>(effect: Effect, verb: impl Into<String>, run: impl FnOnce(Turn) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Answer, ToolError>> + Send + 'static,
    {
        Self {
            effect,
            verb: verb.into(),
            targets: Vec::new(),
            if_there: Vec::new(),
            values: Vec::new(),
            to_url: None,
            modal: WithModal::Refused,
            uploads: false,
            work: Work::Page(Box::new(move |turn| Box::pin(run(turn)))),
        }
    }

    /// A call that a person carries out.
    pub fn person(verb: impl Into<String>, wanted: Wanted) -> Self {
        Self {
            modal: WithModal::Fine,
            work: Work::Person(wanted),
            ..Self::page(Effect::Read, verb, |_| async { Ok(Answer::default()) })
        }
    }

    /// A call about sessions.
    pub fn house(verb: impl Into<String>, run: HouseRun) -> Self {
        Self {
            effect: Effect::Read,
            verb: verb.into(),
            targets: Vec::new(),
            if_there: Vec::new(),
            values: Vec::new(),
            to_url: None,
            modal: WithModal::Fine,
            uploads: false,
            work: Work::House(run),
        }
    }

    /// Names an element it acts on.
    pub fn on(mut self, target: &Target) -> Self {
        self.targets.push(target.clone());
        self
    }

    /// Names an element it acts on if it is there.
    pub fn on_what_is(mut self, target: Target) -> Self {
        self.if_there.push(target);
        self
    }

    /// Names a text it uses.
    pub fn with(mut self, value: &str) -> Self {
        self.values.push(value.to_owned());
        self
    }

    /// Says what an open dialog or file chooser means to it.
    pub fn modal(mut self, modal: WithModal) -> Self {
        self.modal = modal;
        self
    }

    /// Names the files it hands to the site.
    pub fn uploads(mut self, paths: &[String]) -> Self {
        self.uploads |= !paths.is_empty();
        self.values.extend_from_slice(paths);
        self
    }
}
