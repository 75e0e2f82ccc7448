//! `browser_tabs`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::navigate::{address, go};
use crate::policy::Effect;
use crate::session::Page;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, Turn, WithModal, response};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    action: Action,
    /// From 0; close takes the current tab without
    #[serde(default)]
    index: Option<usize>,
    /// For a new tab
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Action {
    List,
    New,
    Close,
    Select,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_tabs", "Manage tabs", "List, open, close or select tabs.", Hints::ACT, |a: Arguments| {
        if a.action == Action::Select && a.index.is_none() {
            return Err(ToolError::arguments("browser_tabs", "select needs index."));
        }
        let url = a.url.as_deref().filter(|_| a.action == Action::New).map(address).transpose()?;
        let (effect, verb) = match a.action {
            Action::List => (Effect::Read, "List the tabs"),
            Action::New => (Effect::Act, "Open a new tab"),
            Action::Close => (Effect::Act, "Close a tab"),
            Action::Select => (Effect::Act, "Select a tab"),
        };
        let mut prepared = Prepared::page(effect, verb, {
            let url = url.clone();
            move |turn| async move {
                let mut snapshot = false;
                match a.action {
                    Action::List => {}
                    Action::New => {
                        let page = turn.session.new_tab().await?;
                        if let Some(url) = &url {
                            go(&turn.session, &page, url, turn.navigation_deadline).await?;
                            turn.downloaded().await;
                            snapshot = true;
                        }
                    }
                    Action::Close => match a.index {
                        Some(index) => tab(&turn, index)?.close().await?,
                        None => turn.page()?.close().await?,
                    },
                    Action::Select => {
                        let chosen = tab(&turn, a.index.unwrap_or(0))?;
                        turn.session.choose_tab(&chosen);
                        chosen.arrived().await?;
                        snapshot = true;
                    }
                }
                let lines = match response::tab_lines(&turn.session) {
                    none if none.is_empty() => "No open tabs. Navigate to a URL to create one.".to_owned(),
                    lines => lines.trim_end().to_owned(),
                };
                let answer = Answer::result(lines);
                Ok(if snapshot { answer.and_snapshot() } else { answer })
            }
        })
        .modal(WithModal::Fine);
        prepared.to_url = url;
        Ok(prepared)
    })
}

fn tab(turn: &Turn, index: usize) -> Result<Arc<Page>, ToolError> {
    turn.session.tabs().get(index).cloned().ok_or_else(|| {
        ToolError::new("no_tab", format!("There is no tab {index}."), "List the tabs (browser_tabs, action list).")
    })
}
