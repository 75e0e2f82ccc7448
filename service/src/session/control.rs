//! Who is at the helm: the agent, or one person.
//!
//! A person's turn ends in two steps. The wheel is free for people at once; the agent gets the page when what they typed in secret
//! fields is out of its sight, and then hears once what they changed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::LiveEvent;
use tokio::time::{Instant, timeout};

use super::{Session, SessionError, now_ms};

/// Drivers of one turn that are named to the agent; of more only the first are.
const DRIVERS_MAX: usize = 4;

/// How long a page may take to put secrets out of sight. One that answers nothing shows nothing to an agent either.
const CONCEAL_WAIT: Duration = Duration::from_secs(2);

/// The person who drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The viewer's number within the session: two windows of one person are two viewers.
    pub viewer: u64,
    /// For people.
    pub name: String,
    /// Milliseconds since the Unix epoch: for people.
    pub since: u64,
}

impl Controller {
    /// Somebody who takes the wheel now.
    #[must_use]
    pub fn now(viewer: u64, name: &str) -> Self {
        Self { viewer, name: name.to_owned(), since: now_ms() }
    }
}

/// What happens when somebody else drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// It stays theirs.
    IfFree,
    /// It is taken from them.
    Over,
}

/// What people did since their agent last heard of the session.
#[derive(Debug, Clone)]
pub struct Drive {
    /// Who drove, in order, each once.
    pub by: Vec<String>,
    /// All of them together.
    pub took: Duration,
    /// The tabs as they were before: number and address.
    pub tabs: Vec<(u16, String)>,
    began: Instant,
}

impl Session {
    /// Gives the helm to a person; agent calls wait until it is handed back. Answers who lost it.
    ///
    /// # Errors
    /// `Held` when another has it, and it is not to be taken from them.
    pub fn take_control(&self, controller: Controller, taking: Taking) -> Result<Option<String>, SessionError> {
        let tabs = self.tabs().iter().map(|page| (page.number(), page.url())).collect();
        let lost = {
            let mut state = self.lock();
            let lost = match &state.controller {
                Some(other) if other.viewer == controller.viewer => return Ok(None),
                Some(other) if taking == Taking::IfFree => return Err(SessionError::Held(other.name.clone())),
                other => other.as_ref().map(|other| other.name.clone()),
            };
            let now = Instant::now();
            let drive =
                state.drive.get_or_insert_with(|| Drive { by: Vec::new(), took: Duration::ZERO, tabs, began: now });
            if lost.is_none() {
                drive.began = now;
            }
            if drive.by.len() < DRIVERS_MAX && !drive.by.contains(&controller.name) {
                drive.by.push(controller.name.clone());
            }
            state.controller = Some(controller);
            state.turns += 1;
            // Under the same lock as the helm itself, so that the two never differ.
            self.context.set_private(true);
            self.driven.send_replace(true);
            lost
        };
        self.touch();
        self.tell_control();
        Ok(lost)
    }

    /// Takes the helm back from a viewer; nothing happens, and the answer is no, when that viewer does not have it.
    pub fn hand_back(self: &Arc<Self>, viewer: u64) -> bool {
        let turn = {
            let mut state = self.lock();
            if state.controller.as_ref().is_none_or(|controller| controller.viewer != viewer) {
                return false;
            }
            state.controller = None;
            if let Some(drive) = &mut state.drive {
                drive.took += drive.began.elapsed();
            }
            state.turns
        };
        self.touch();
        self.tell_control();
        let session = Arc::clone(self);
        self.tasks.spawn("hand back", async move { session.to_agent(turn).await });
        true
    }

    /// The second step of handing back, unless somebody took the wheel meanwhile.
    async fn to_agent(&self, turn: u64) {
        for page in self.tabs() {
            if timeout(CONCEAL_WAIT, page.unguard()).await.is_err() {
                tracing::debug!(page = page.number(), "a page did not conceal what a person typed");
            }
        }
        let state = self.lock();
        if state.turns == turn && state.controller.is_none() {
            self.context.set_private(false);
            self.driven.send_replace(false);
        }
    }

    /// The person who drives, if one does.
    #[must_use]
    pub fn controller(&self) -> Option<Controller> {
        self.lock().controller.clone()
    }

    /// Is the page a person's, or not yet the agent's again?
    #[must_use]
    pub fn is_driven(&self) -> bool {
        *self.driven.borrow()
    }

    /// Returns when the page is the agent's. Can be dropped at any time.
    pub async fn undriven(&self) {
        // The sender lives in `self`.
        drop(self.driven.subscribe().wait_for(|driven| !driven).await);
    }

    /// What people did since this was last asked, once they are done.
    pub fn take_drive(&self) -> Option<Drive> {
        let mut state = self.lock();
        if state.controller.is_some() { None } else { state.drive.take() }
    }

    /// Notes what its agent is to hear of a person's turn with its next answer.
    pub fn tell_of_drive(&self, told: String) {
        let mut state = self.lock();
        state.drive_told = match state.drive_told.take() {
            // An answer that nobody got: both turns are told with the next one.
            Some(before) => Some(format!("{before}\n{told}")),
            None => Some(told),
        };
    }

    /// What its agent has not heard yet of a person's turn.
    pub fn drive_untold(&self) -> Option<String> {
        self.lock().drive_told.take()
    }

    /// The text without what people typed into secret fields of its pages.
    #[must_use]
    pub fn covered<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.context.covered(text)
    }

    fn tell_control(&self) {
        let (controller, since) = self.controller().map(|controller| (controller.name, controller.since)).unzip();
        self.send(LiveEvent::Control { controller, you_control: false, since });
        self.tell();
    }
}
