//! `browser_console_messages`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{ConsoleEntry, ConsoleLevel};
use crate::tools::{Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// The least important level to show
    #[serde(default)]
    level: Level,
    /// Also of earlier pages of this tab
    #[serde(default)]
    all: bool,
    #[serde(default)]
    filename: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
    #[default]
    Info,
    Debug,
}

impl Level {
    const fn loudness(self) -> ConsoleLevel {
        match self {
            Self::Error => ConsoleLevel::Error,
            Self::Warning => ConsoleLevel::Warning,
            Self::Info => ConsoleLevel::Info,
            Self::Debug => ConsoleLevel::Debug,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_console_messages",
        "Console messages",
        "What the page wrote to its console.",
        Hints::READ,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Read, "Read the console", move |turn| async move {
                let page = turn.page()?;
                let entries = page.console(a.all);
                // What is told here is not told again as news.
                drop(turn.session.console_untold(&page));
                turn.tell("Console", a.filename.as_deref(), ("log", "text/plain"), listed(&entries, a.level)).await
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

fn listed(entries: &[ConsoleEntry], level: Level) -> String {
    let count = |level: ConsoleLevel| entries.iter().filter(|entry| entry.level == level).count();
    let (errors, warnings) = (count(ConsoleLevel::Error), count(ConsoleLevel::Warning));
    let shown: Vec<_> = entries.iter().filter(|entry| entry.level <= level.loudness()).collect();
    let mut text = format!("Total messages: {} (Errors: {errors}, Warnings: {warnings})", entries.len());
    if shown.len() < entries.len() {
        text.push_str(&format!("\nReturning {} messages for level \"{}\"", shown.len(), level.word()));
    }
    text.push('\n');
    for entry in shown {
        let place = if entry.url.is_empty() { String::new() } else { format!(" @ {}:{}", entry.url, entry.line) };
        // An exception is shown as its own words, as browsers do.
        if entry.kind == "exception" {
            text.push_str(&format!("\n{}{place}", entry.text));
        } else {
            text.push_str(&format!("\n[{}] {}{place}", entry.kind.to_uppercase(), entry.text));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_and_filtered() {
        let entry = |level, kind, text: &str| ConsoleEntry {
            number: 1,
            level,
            kind,
            text: text.to_owned(),
            url: "http://a/".to_owned(),
            line: 3,
            document: 1,
        };
        let entries = [entry(ConsoleLevel::Error, "error", "bad"), entry(ConsoleLevel::Info, "log", "hello")];
        assert_eq!(
            listed(&entries, Level::Error),
            "Total messages: 2 (Errors: 1, Warnings: 0)\nReturning 1 messages for level \"error\"\n\n[ERROR] bad @ http://a/:3"
        );
    }
}
