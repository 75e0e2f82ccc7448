//! Which calls may run, which may not, and which a person must see first.
//!
//! Pure: a [`Policy`] is read from TOML once and [`Policy::decide`] takes the facts of a call and answers. No await, no
//! clock, no I/O. A file that does not parse is an error; it never becomes "no policy".
//!
//! Every rule that matches is heard and the most careful one wins: *deny* over *ask* over *allow*, whatever their order in
//! the file; among equals the first in the file gives its name. So a rule added anywhere can only make the answer more
//! careful, a wide `allow` can never open a hole in an `ask` further down, and an exception is written where it
//! belongs: as `unless` inside the rule it is an exception to. An `allow` rule only beats the default.

mod address;
mod asking;
mod current;
mod error;
mod facts;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod preset;
mod rule;
mod sent;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::time::Duration;

pub use asking::{Asking, AskingRule, RuleMark};
pub use current::Current;
pub use error::PolicyError;
pub use facts::{
    CallFacts, CallerFacts, Effect, FieldFacts, FieldKind, FormFacts, RequestFacts, RequestKind, TargetFacts,
};
pub use preset::Preset;
pub use sent::{SentField, could_send, sent_fields};
pub use values::ValueClass;

use rule::Rule;

/// What a rule, or the default, wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    // In order of care: the derived order is what `decide` goes by.
    Allow,
    Ask,
    Deny,
}

impl Action {
    /// The word for it in a rule file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// The answer for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Run it.
    Allow {
        /// The rule that allows it; `default` when none matched.
        rule: String,
    },
    /// Do not run it.
    Deny {
        rule: String,
        /// One line for the agent: why.
        message: String,
    },
    /// Hold it until a person decides.
    Ask {
        rule: String,
        /// One line for the person: why it is asked.
        message: String,
        /// How long it may wait; after it the answer is no.
        ttl: Duration,
        /// Every rule that asks, and who decides.
        asking: Asking,
    },
}

/// A rule set, checked and ready. Cheap to ask: no call allocates but for the texts it looks at.
#[derive(Debug)]
pub struct Policy {
    name: String,
    default: Action,
    default_message: String,
    ask_ttl: Duration,
    rules: Vec<Rule>,
}

impl Policy {
    /// Name of the "rule" in a [`Verdict`] when no rule matched.
    pub const DEFAULT_RULE: &'static str = "default";

    /// Reads a rule file. `source_name` is how errors call it: a file name.
    ///
    /// # Errors
    /// [`PolicyError`] with the file, line and key of the first mistake: text that is no TOML, an unknown key, an
    /// empty or double name, a pattern that does not compile, a rule that could never match or has no conditions at all.
    pub fn parse(toml_text: &str, source_name: &str) -> Result<Self, PolicyError> {
        file::parse(toml_text, source_name)
    }

    /// One of the rule sets that ship with the program.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        Self::parse(preset.text(), preset.word()).expect("a test parses every preset that is compiled in")
    }

    /// How the rule set is called: the preset's word or the file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the rules, in file order.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// Could it stop anything that a page sends? Where it could not, nobody needs to look at what pages send.
    #[must_use]
    pub fn could_stop_requests(&self) -> bool {
        self.default != Action::Allow || self.rules.iter().any(Rule::could_stop_requests)
    }

    /// The rules that speak about a call, and what each wants, in file order.
    pub fn heard(&self, call: &CallFacts<'_>) -> impl Iterator<Item = (&str, Action)> {
        self.rules.iter().filter(|rule| rule.matches(call)).map(|rule| (rule.name.as_str(), rule.then))
    }

    /// The rules that ask somebody in particular, or several people: who, in words.
    pub fn deciders(&self) -> impl Iterator<Item = (&str, String)> {
        let named = |rule: &&Rule| rule.then == Action::Ask && rule.ask != asking::AskTerms::default();
        self.rules.iter().filter(named).map(|rule| {
            let mut asking = Asking { rules: Vec::new(), approvers: 1, by: Vec::new() };
            asking.and(rule.asking(), &rule.ask);
            (rule.name.as_str(), asking.deciders())
        })
    }

    /// The mark of a rule that asks, by its name; `None` when there is none, or it does not ask.
    #[must_use]
    pub fn mark_of(&self, rule: &str) -> Option<RuleMark> {
        if rule == Self::DEFAULT_RULE && self.default == Action::Ask {
            return Some(self.default_asking().mark);
        }
        self.rules.iter().find(|one| one.name == rule && one.then == Action::Ask).map(|one| one.mark)
    }

    fn default_asking(&self) -> AskingRule {
        // The default speaks where no rule does: another rule anywhere makes it another default.
        let marks: Vec<RuleMark> = self.rules.iter().map(|rule| rule.mark).collect();
        AskingRule { name: Self::DEFAULT_RULE.to_owned(), mark: RuleMark::of(&(self.default, marks)) }
    }

    /// Answers for one call. The same facts always give the same answer.
    #[must_use]
    pub fn decide(&self, call: &CallFacts<'_>) -> Verdict {
        let mut winner: Option<&Rule> = None;
        let mut asks: Vec<&Rule> = Vec::new();
        for rule in &self.rules {
            let more_careful = winner.is_none_or(|best| rule.then > best.then);
            // Of the rules that ask, all are heard: each may want other people.
            let asks_too = rule.then == Action::Ask && winner.is_some_and(|best| best.then == Action::Ask);
            if (more_careful || asks_too) && rule.matches(call) {
                if rule.then == Action::Ask {
                    asks.push(rule);
                }
                if more_careful {
                    winner = Some(rule);
                }
            }
        }
        let (action, rule, message, ttl) = match winner {
            Some(rule) => (rule.then, rule.name.as_str(), rule.message.as_str(), rule.ttl.unwrap_or(self.ask_ttl)),
            None => (self.default, Self::DEFAULT_RULE, self.default_message.as_str(), self.ask_ttl),
        };
        let rule = rule.to_owned();
        match action {
            Action::Allow => Verdict::Allow { rule },
            Action::Deny => Verdict::Deny { rule, message: message.to_owned() },
            Action::Ask => {
                let mut asking = Asking { rules: Vec::new(), approvers: 1, by: Vec::new() };
                for rule in asks {
                    asking.and(rule.asking(), &rule.ask);
                }
                if asking.rules.is_empty() {
                    asking = Asking::of(self.default_asking());
                }
                Verdict::Ask { rule, message: message.to_owned(), ttl, asking }
            }
        }
    }
}
