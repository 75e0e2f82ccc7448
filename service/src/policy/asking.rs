//! Who decides what is asked, and of which rules the question is made.

use sha2::{Digest, Sha256};

use super::address::glob;

/// Stands for one rule as it is written: another text of the rule has another mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleMark([u8; 32]);

impl RuleMark {
    pub(super) fn of(rule: &impl std::fmt::Debug) -> Self {
        Self(Sha256::digest(format!("{rule:?}")).into())
    }
}

/// One rule that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskingRule {
    pub name: String,
    pub mark: RuleMark,
}

/// What a rule says of those who answer it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AskTerms {
    /// `None`: one.
    pub approvers: Option<u32>,
    /// Patterns with `*`, of a key's name or id; empty: everybody's who may approve.
    pub by: Vec<String>,
}

/// A question: every rule that asks it, and what all of them want together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// In file order; the first gives the question its name.
    pub rules: Vec<AskingRule>,
    /// How many different people must say yes: the most that any rule wants.
    pub approvers: u32,
    /// One list for each rule that names people; a yes counts when it fits all of them.
    pub by: Vec<Vec<String>>,
}

impl Asking {
    /// Of the default, which asks one person whoever they are.
    pub(super) fn of(rule: AskingRule) -> Self {
        Self { rules: vec![rule], approvers: 1, by: Vec::new() }
    }

    pub(super) fn and(&mut self, rule: AskingRule, terms: &AskTerms) {
        self.rules.push(rule);
        self.approvers = self.approvers.max(terms.approvers.unwrap_or(1));
        if !terms.by.is_empty() && !self.by.contains(&terms.by) {
            self.by.push(terms.by.clone());
        }
    }

    /// Does the yes of a person count whose key has this name and id?
    #[must_use]
    pub fn admits(&self, name: &str, key: &str) -> bool {
        self.by.iter().all(|list| list.iter().any(|pattern| glob(pattern, name) || glob(pattern, key)))
    }

    /// Is this asked by no rule but those?
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.rules.iter().all(|rule| other.rules.iter().any(|known| known.name == rule.name))
    }

    /// Who decides, in words: `2 people whose name or id fits "finance-*"`.
    #[must_use]
    pub fn deciders(&self) -> String {
        let mut words = match self.approvers {
            1 => "one person".to_owned(),
            many => format!("{many} people"),
        };
        for (at, list) in self.by.iter().enumerate() {
            let list = list.iter().map(|pattern| format!("\"{pattern}\"")).collect::<Vec<_>>().join(" or ");
            words.push_str(if at == 0 { " whose name or id fits " } else { " and " });
            words.push_str(&list);
        }
        words
    }
}
