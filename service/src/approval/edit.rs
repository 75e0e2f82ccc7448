//! A call that a person changes before they say yes to it.

use std::fmt;
use std::sync::Arc;

use helmwatch_protocol::EditView;
use serde_json::{Map, Value};

/// What became of a person's changes: a call again, understood by the same tool and not forbidden by the rules of now.
#[derive(Debug, Clone)]
pub struct Edited {
    /// In words, secrets masked.
    pub view: EditView,
    /// All arguments of the call as it is now. In memory only: they may hold what nobody is to read.
    pub arguments: Map<String, Value>,
}

/// Changes that make no call, or one that may not be. Nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRefused {
    /// Stable word, as in `bad_arguments`.
    pub code: &'static str,
    /// One line: what is wrong.
    pub what: String,
    /// One line: what to do.
    pub hint: String,
}

/// Knows the held call, which this room does not.
pub trait Editor: Send + Sync + 'static {
    /// Makes the call that these changes lead to.
    ///
    /// # Errors
    /// [`EditRefused`]: not understood, nothing changed, another element, forbidden, or asked by another rule.
    fn edit(&self, changes: &Map<String, Value>) -> Result<Edited, EditRefused>;
}

/// The [`Editor`] of one card; cards are copied and printed, which it takes no part in.
#[derive(Clone)]
pub struct Editing(pub Arc<dyn Editor>);

impl fmt::Debug for Editing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Editing")
    }
}
