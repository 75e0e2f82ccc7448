//! What is done in a step, and how each side says it.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::SideName;

/// A budget that every page fits into; only our side cuts a snapshot, and has to be told not to.
const WHOLE_TOKENS: u32 = 20_000_000;

/// The steps that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Navigate,
    Snapshot,
    Click,
    /// A click on a link, until the page it leads to answers.
    Follow,
    Type,
    Hover,
    Evaluate,
    Screenshot,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Navigate => "navigate",
            Self::Snapshot => "snapshot, whole",
            Self::Click => "click",
            Self::Follow => "click a link, until its page answers",
            Self::Type => "type",
            Self::Hover => "hover",
            Self::Evaluate => "evaluate",
            Self::Screenshot => "screenshot, JPEG",
        })
    }
}

/// One step; a place is the ref of an element in the side's own words, for raw CDP a selector.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed<'a> {
    Navigate(&'a str),
    Snapshot,
    Click(&'a str),
    Type(&'a str, &'a str),
    Hover(&'a str),
    /// An expression.
    Evaluate(&'a str),
    Screenshot,
}

impl Deed<'_> {
    pub fn name(&self) -> StepName {
        match self {
            Self::Navigate(_) => StepName::Navigate,
            Self::Snapshot => StepName::Snapshot,
            Self::Click(_) => StepName::Click,
            Self::Type(..) => StepName::Type,
            Self::Hover(_) => StepName::Hover,
            Self::Evaluate(_) => StepName::Evaluate,
            Self::Screenshot => StepName::Screenshot,
        }
    }

    /// The tool and its arguments; nothing for raw CDP, which has no tools.
    pub fn call(&self, side: SideName) -> Option<(&'static str, Value)> {
        match side {
            SideName::Raw => None,
            SideName::Helmwatch | SideName::Bare | SideName::Playwright => Some(self.playwright(side)),
            SideName::AgentBrowser => Some(self.agent_browser()),
            SideName::Devtools => Some(self.devtools()),
        }
    }

    fn playwright(&self, side: SideName) -> (&'static str, Value) {
        match self {
            Self::Navigate(url) => ("browser_navigate", json!({ "url": url })),
            Self::Snapshot if side != SideName::Playwright => {
                ("browser_snapshot", json!({ "max_tokens": WHOLE_TOKENS }))
            }
            Self::Snapshot => ("browser_snapshot", json!({})),
            Self::Click(place) => ("browser_click", json!({ "target": place, "element": "it" })),
            Self::Type(place, text) => ("browser_type", json!({ "target": place, "element": "it", "text": text })),
            Self::Hover(place) => ("browser_hover", json!({ "target": place, "element": "it" })),
            Self::Evaluate(expression) => ("browser_evaluate", json!({ "function": format!("() => {expression}") })),
            Self::Screenshot => ("browser_take_screenshot", json!({ "type": "jpeg", "scale": "css" })),
        }
    }

    fn agent_browser(&self) -> (&'static str, Value) {
        match self {
            Self::Navigate(url) => ("agent_browser_open", json!({ "url": url })),
            Self::Snapshot => ("agent_browser_snapshot", json!({})),
            Self::Click(place) => ("agent_browser_click", json!({ "selector": place })),
            Self::Type(place, text) => ("agent_browser_fill", json!({ "selector": place, "text": text })),
            Self::Hover(place) => ("agent_browser_hover", json!({ "selector": place })),
            Self::Evaluate(expression) => ("agent_browser_eval", json!({ "script": expression })),
            Self::Screenshot => ("agent_browser_screenshot", json!({ "format": "jpeg" })),
        }
    }

    fn devtools(&self) -> (&'static str, Value) {
        match self {
            Self::Navigate(url) => ("navigate_page", json!({ "pageId": 1, "type": "url", "url": url })),
            Self::Snapshot => ("take_snapshot", json!({ "pageId": 1 })),
            Self::Click(place) => ("click", json!({ "pageId": 1, "uid": place })),
            Self::Type(place, text) => ("fill", json!({ "pageId": 1, "uid": place, "value": text })),
            Self::Hover(place) => ("hover", json!({ "pageId": 1, "uid": place })),
            Self::Evaluate(expression) => {
                ("evaluate_script", json!({ "pageId": 1, "function": format!("() => {expression}") }))
            }
            Self::Screenshot => ("take_screenshot", json!({ "pageId": 1, "format": "jpeg" })),
        }
    }
}

/// The ref of the first line with all these words, as the side wants it said.
pub(super) fn place_in(side: SideName, snapshot: &str, words: &[&str]) -> Option<String> {
    let mark = if side == SideName::Devtools { "uid=" } else { "ref=" };
    let line = snapshot.lines().find(|line| line.contains(mark) && words.iter().all(|word| line.contains(word)))?;
    let name: String =
        line.split(mark).nth(1)?.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Some(if side == SideName::AgentBrowser { format!("@{name}") } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_names_an_element_its_own_way() {
        let words = ["button", "\"Go\""];
        let theirs = "- heading \"Hi\" [level=1, ref=e1]\n- button \"Go\" [ref=e3]";
        assert_eq!(place_in(SideName::AgentBrowser, theirs, &words).as_deref(), Some("@e3"));
        let theirs = "uid=1_0 RootWebArea \"x\"\n  uid=1_3 button \"Go\"";
        assert_eq!(place_in(SideName::Devtools, theirs, &words).as_deref(), Some("1_3"));
        let ours = "- button \"Go\" [ref=f2e3] [cursor=pointer]";
        assert_eq!(place_in(SideName::Helmwatch, ours, &words).as_deref(), Some("f2e3"));
        assert_eq!(place_in(SideName::Playwright, ours, &["link"]), None);
    }
}
