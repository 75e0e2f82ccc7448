//! What a call may point at.

use super::state::cut;
use crate::browser::BrowserError;

/// An element, before it is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    kind: Kind,
}

/// The ways to point.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A ref of a snapshot (`e12`, `f1e3`) or a selector.
    Named(String),
    /// What is at a point, CSS pixels of the tab's viewport, in whichever frame.
    At { x: f64, y: f64 },
    /// What is under the pointer.
    UnderPointer,
    /// The input whose file chooser has been open the longest.
    Chooser,
}

impl Target {
    /// A target by its text: a ref of a snapshot (`e12`, `f1e3`) or a selector; nothing is looked up yet.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { kind: Kind::Named(text.trim().to_owned()) }
    }

    /// The input whose file chooser is open.
    #[must_use]
    pub const fn chooser() -> Self {
        Self { kind: Kind::Chooser }
    }

    /// What a click at a point would press, CSS pixels of the tab's viewport, in whichever frame that is.
    #[must_use]
    pub const fn at(x: f64, y: f64) -> Self {
        Self { kind: Kind::At { x, y } }
    }

    /// What a click where the pointer is would press.
    #[must_use]
    pub const fn under_pointer() -> Self {
        Self { kind: Kind::UnderPointer }
    }

    pub(super) const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The frame a ref belongs to: `Some(0)` for the main frame, `Some(n)` for `fNe…`; `None` for a selector.
    pub(super) fn frame_number(&self) -> Option<u32> {
        let Kind::Named(text) = &self.kind else { return None };
        let (frame, element) = match text.strip_prefix('f') {
            Some(rest) => {
                let (number, element) = rest.split_once('e')?;
                (number.parse().ok()?, element)
            }
            None => (0, text.strip_prefix('e')?),
        };
        let digits = !element.is_empty() && element.bytes().all(|b| b.is_ascii_digit());
        digits.then_some(frame)
    }

    /// In words, for an error.
    fn words(&self) -> String {
        match &self.kind {
            Kind::Named(text) => cut(text, 80),
            Kind::At { x, y } => format!("at ({x}, {y})"),
            Kind::UnderPointer => "under the pointer".to_owned(),
            Kind::Chooser => "of the file input".to_owned(),
        }
    }
}

/// What a ref whose element is gone is answered with.
pub(super) fn stale(target: &Target) -> BrowserError {
    BrowserError::Page {
        code: "stale_ref".to_owned(),
        message: format!("Ref {} not found in the current page snapshot. Try capturing new snapshot.", target.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_names_its_frame_and_a_selector_none() {
        assert_eq!(Target::new("e12").frame_number(), Some(0));
        assert_eq!(Target::new("f3e4").frame_number(), Some(3));
        for selector in ["embed", "form", "f1", "e", "e1 > a", "#e1", "f1e"] {
            assert_eq!(Target::new(selector).frame_number(), None, "{selector}");
        }
    }
}
