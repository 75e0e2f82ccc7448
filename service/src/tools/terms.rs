//! How an answer is to be given: how long it may be, and what becomes of a page's snapshot.
//!
//! Said by the call, the URL, the key or the service; the nearest to the call counts.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::ToolError;

/// The smallest answer that still says something.
const TOKENS_MIN: usize = 200;

/// Where the snapshot of an action goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotMode {
    /// Whole, in the answer.
    Inline,
    /// What has changed since the last one the agent was given; whole where that is shorter.
    Diff,
    /// A file of the session, its link in the answer.
    File,
    None,
}

impl SnapshotMode {
    /// In the order they are told.
    pub(super) const ALL: [Self; 4] = [Self::Inline, Self::Diff, Self::File, Self::None];

    /// The word in `snapshot=`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Diff => "diff",
            Self::File => "file",
            Self::None => "none",
        }
    }
}

impl FromStr for SnapshotMode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|mode| mode.word() == word).ok_or_else(|| {
            let known = Self::ALL.map(|mode| format!("\"{}\"", mode.word())).join(", ");
            format!("snapshot is one of {known}")
        })
    }
}

/// What a URL or a key says; what it leaves open is said elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    pub snapshot: Option<SnapshotMode>,
    /// Tokens of a whole answer.
    pub tokens_max: Option<usize>,
}

impl Wishes {
    /// What this says, and what `further` says where this says nothing.
    #[must_use]
    pub fn or(self, further: Self) -> Self {
        Self { snapshot: self.snapshot.or(further.snapshot), tokens_max: self.tokens_max.or(further.tokens_max) }
    }

    /// Reads `max_tokens`.
    ///
    /// # Errors
    /// What it should be, without a stop.
    pub fn tokens(text: &str) -> Result<usize, String> {
        let tokens = text.parse().ok().filter(|tokens| *tokens >= TOKENS_MIN);
        tokens.ok_or_else(|| format!("max_tokens is a whole number of at least {TOKENS_MIN}"))
    }
}

/// How an answer is to be given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub snapshot: SnapshotMode,
    /// Tokens of the whole text.
    pub tokens_max: usize,
}

impl Terms {
    /// Takes what the call itself says out of its arguments.
    pub fn of(
        tool: &str,
        arguments: &mut Map<String, Value>,
        around: Wishes,
        tokens_usual: usize,
    ) -> Result<Self, ToolError> {
        let mut terms = Self {
            snapshot: around.snapshot.unwrap_or(SnapshotMode::Inline),
            tokens_max: around.tokens_max.unwrap_or(tokens_usual),
        };
        let wrong = |what: String| ToolError::arguments(tool, &format!("{what}."));
        if let Some(tokens) = arguments.remove("max_tokens").filter(|value| !value.is_null()) {
            terms.tokens_max = Wishes::tokens(&tokens.to_string()).map_err(wrong)?;
        }
        if let Some(mode) = arguments.remove("snapshot").filter(|value| !value.is_null()) {
            terms.snapshot = mode.as_str().unwrap_or_default().parse().map_err(wrong)?;
        }
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest_to_the_call_counts() {
        let url = Wishes { snapshot: Some(SnapshotMode::Diff), tokens_max: None };
        let key = Wishes { snapshot: Some(SnapshotMode::None), tokens_max: Some(700) };
        let around = url.or(key);
        let mut arguments = json!({ "target": "e1", "max_tokens": 900 }).as_object().cloned().expect("an object");
        let terms = Terms::of("t", &mut arguments, around, 10_000).expect("understood");
        assert_eq!((terms.snapshot, terms.tokens_max, arguments.len()), (SnapshotMode::Diff, 900, 1));
        let terms = Terms::of("t", &mut Map::new(), around, 10_000).expect("understood");
        assert_eq!(terms.tokens_max, 700);
        for bad in [json!({ "max_tokens": 10 }), json!({ "max_tokens": "many" }), json!({ "snapshot": "all" })] {
            let mut arguments = bad.as_object().cloned().expect("an object");
            assert!(Terms::of("t", &mut arguments, Wishes::default(), 10_000).is_err(), "{bad}");
        }
    }
}
