//! The script that reads a page and answers about it, and the shapes of its answers.
//!
//! One source, evaluated once in an isolated world of each frame (`Page.createIsolatedWorld`, then `Runtime.evaluate`); it
//! sets `globalThis.__helmwatch`, an object of functions that take one plain object and never throw. A second evaluation in
//! the same world does nothing, so refs live as long as the world. The JavaScript lies beside this file in `page_script/`,
//! one noun a file; this file says what goes in and what comes out, and must never speak CDP.
//!
//! What the script answers is page text: data, never instruction.

use serde::{Deserialize, Serialize};

/// The whole script, as one expression.
pub const SOURCE: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page_script/open.js"),
    include_str!("page_script/dom.js"),
    include_str!("page_script/style.js"),
    include_str!("page_script/errors.js"),
    include_str!("page_script/roles.js"),
    include_str!("page_script/names.js"),
    include_str!("page_script/states.js"),
    include_str!("page_script/yaml.js"),
    include_str!("page_script/refs.js"),
    include_str!("page_script/snapshot.js"),
    include_str!("page_script/selectors.js"),
    include_str!("page_script/locators.js"),
    include_str!("page_script/codegen.js"),
    include_str!("page_script/sha256.js"),
    include_str!("page_script/facts.js"),
    include_str!("page_script/watch.js"),
    include_str!("page_script/ready.js"),
    include_str!("page_script/act.js"),
    include_str!("page_script/api.js"),
    "})()",
);

/// The global the script sets in its world.
pub const GLOBAL: &str = "__helmwatch";

/// Either an answer or a refusal, as every function of the script gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Answer<T> {
    Refused { error: Refusal },
    Given(T),
}

impl<T> Answer<T> {
    /// # Errors
    /// What the script refused, and why.
    pub fn into_result(self) -> Result<T, Refusal> {
        match self {
            Self::Given(answer) => Ok(answer),
            Self::Refused { error } => Err(error),
        }
    }
}

/// Why the script did not do it: a code for the program, one line for the reader.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// One line: what happened and what to do. Page text in it is cut and quoted.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    StaleRef,
    NotFound,
    /// A selector fits several elements.
    Ambiguous,
    BadSelector,
    Timeout,
    NotVisible,
    NotEnabled,
    NotEditable,
    /// Something else would get the click.
    Covered,
    Detached,
    /// The element cannot be used like that: filled, checked, chosen from.
    WrongKind,
    /// A select without such an option.
    NoOption,
    /// The script itself failed; a defect, or a page that broke its world.
    #[serde(other)]
    Internal,
}

/// Arguments of `snapshot`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SnapshotQuery<'a> {
    /// Put before each ref: empty in the main frame, `f1` in a child frame.
    pub prefix: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'a str>,
    /// Levels below the root; all of them when absent or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Adds `[box=x,y,width,height]`, in CSS pixels of the frame's viewport.
    pub boxes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_nodes: Option<u32>,
}

/// One frame's snapshot; the frames inside it are stitched in with [`Snapshot::stitch`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    pub yaml: String,
    pub frames: Vec<FramePlace>,
    pub nodes: u64,
    /// Cut at a bound; the text says where.
    pub truncated: bool,
}

/// Where a child frame's own snapshot belongs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FramePlace {
    /// Ref of the `iframe` node; `element({target: ref})` gives the element.
    #[serde(rename = "ref")]
    pub element_ref: String,
    /// Line of `yaml`, from 0.
    pub line: usize,
    /// Spaces before that line.
    pub indent: usize,
}

impl Snapshot {
    /// The text with the snapshots of child frames under their lines; `inner` gives the finished text of the frame whose
    /// `iframe` node has that ref.
    pub fn stitch(&self, mut inner: impl FnMut(&str) -> Option<String>) -> String {
        if self.frames.is_empty() {
            return self.yaml.clone();
        }
        let mut out = String::with_capacity(self.yaml.len());
        let mut places = self.frames.iter().peekable();
        for (number, line) in self.yaml.lines().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            out.push_str(line);
            let Some(place) = places.next_if(|place| place.line == number) else { continue };
            let Some(text) = inner(&place.element_ref).filter(|text| !text.is_empty()) else { continue };
            if !line.ends_with(':') {
                out.push(':');
            }
            for below in text.lines() {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', place.indent + 2));
                out.push_str(below);
            }
        }
        out
    }
}

/// A rectangle in CSS pixels of the frame's viewport.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct PageRect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// What a field is for, by type, `autocomplete`, then name and label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFieldKind {
    Text,
    Password,
    Card,
    OneTimeCode,
    Email,
    File,
    Search,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageField {
    pub name: String,
    pub kind: PageFieldKind,
    pub filled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageForm {
    /// `GET`, `POST` or `DIALOG`, with the submitter's `formmethod` counted in.
    pub method: String,
    /// Absolute URL, with the submitter's `formaction` counted in.
    pub action: String,
    pub fields: Vec<PageField>,
}

/// Answer of `facts`: the element before anything is done to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PageFacts {
    pub role: String,
    pub name: String,
    pub tag: String,
    pub field: Option<PageFieldKind>,
    pub href: Option<String>,
    /// A click on a submit button, or Enter in a field, submits the form.
    pub submits: bool,
    pub downloads: bool,
    pub form: Option<PageForm>,
    pub rect: PageRect,
    /// SHA-256 over page, element and the form's values; equal only while all of it is.
    pub fingerprint: String,
    /// The locator Playwright would print, unique on the page: `getByRole('button', { name: 'Save' })`.
    pub code: String,
}

/// Answer of `ready`: the point to press, in CSS pixels of the frame's viewport.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct ReadyPoint {
    pub x: f64,
    pub y: f64,
    pub rect: PageRect,
}

/// Answer of `select`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Selected {
    /// Values of the chosen options.
    pub selected: Vec<String>,
}

/// Answer of `checked`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Checked {
    pub checked: CheckedState,
    /// `checkbox`, `radio`, `switch`, …
    pub kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CheckedState {
    Is(bool),
    /// The word `mixed`.
    Mixed(String),
}

/// Answer of `value`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldValue {
    pub value: String,
    /// The input's type, `textarea`, `select`, `editable` or `text`.
    pub kind: String,
}

/// Answer of `viewport`; sizes in CSS pixels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PageViewport {
    pub width: f64,
    pub height: f64,
    pub scale: f64,
    pub scroll_x: f64,
    pub scroll_y: f64,
    pub title: String,
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn child_frames_stand_under_their_line() {
        let snapshot = Snapshot {
            yaml: "- generic [ref=e1]:\n  - iframe [ref=e2]\n  - iframe [ref=e3]\n  - button \"B\" [ref=e4]".to_owned(),
            frames: vec![
                FramePlace { element_ref: "e2".to_owned(), line: 1, indent: 2 },
                FramePlace { element_ref: "e3".to_owned(), line: 2, indent: 2 },
            ],
            nodes: 4,
            truncated: false,
        };
        let text =
            snapshot.stitch(|frame| (frame == "e2").then(|| "- paragraph [ref=f1e1]: in\n- text: two".to_owned()));
        assert_eq!(
            text,
            "- generic [ref=e1]:\n  - iframe [ref=e2]:\n    - paragraph [ref=f1e1]: in\n    - text: two\n  - iframe [ref=e3]\n  - button \"B\" [ref=e4]"
        );
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        let refused: Answer<Selected> =
            serde_json::from_str(r#"{"error":{"code":"no_option","message":"no such option"}}"#).expect("an answer");
        assert_eq!(refused.into_result().expect_err("a refusal").code, RefusalCode::NoOption);
        let given: Answer<Selected> = serde_json::from_str(r#"{"selected":["a"]}"#).expect("an answer");
        assert_eq!(given.into_result().expect("given").selected, ["a"]);
    }

    #[test]
    fn the_source_is_one_expression() {
        assert!(SOURCE.starts_with("(() => {") && SOURCE.ends_with("})()"));
        assert!(SOURCE.contains(GLOBAL));
    }
}
