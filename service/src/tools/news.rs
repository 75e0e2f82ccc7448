//! Section Events: what happened beside the call, told once.
//!
//! Files are told as results are, with their links. Of the console only how much is new, and the last of what went wrong: a remote client
//! has no log file to look into, the whole is one call away (browser_console_messages), and every line here is paid for by every agent.

use super::Link;
use super::answer::Artefact;
use super::keeper::Keeper;
use super::response::one_line;
use crate::session::{ConsoleEntry, ConsoleLevel, Download};

/// Console lines that are shown, the newest.
const LINES_MAX: usize = 3;
/// Longest of them, characters.
const LINE_CHARS_MAX: usize = 160;

/// The lines, and the links of the files they name.
#[derive(Debug, Default)]
pub(super) struct News {
    pub lines: Vec<String>,
    pub links: Vec<Link>,
}

/// All that its agent was not told yet.
pub(super) async fn take(keeper: &Keeper<'_>) -> News {
    let mut news = News::default();
    news.lines.extend(keeper.session.drive_untold());
    if keeper.session.is_driven() {
        news.lines
            .push("- A person took the wheel meanwhile; what they change is told when they hand back.".to_owned());
    }
    if let Some(page) = keeper.session.current_tab() {
        let entries = keeper.session.console_untold(&page);
        news.lines.extend(console(&entries));
    }
    news.lines.extend(keeper.session.take_sending_news());
    for download in keeper.session.take_downloads().await {
        match download {
            Download::Begun { name } => news.lines.push(format!("- Downloading file {} ...", one_line(&name))),
            Download::Done { name, file } => {
                let Artefact { link, .. } = keeper.artefact("", &file);
                news.lines.push(format!("- Downloaded file {} to \"{}\" {}", one_line(&name), link.name, link.url));
                news.links.push(link);
            }
            Download::Failed { name, why } => {
                news.lines.push(format!("- File {} was not downloaded: {}", one_line(&name), one_line(&why)));
            }
        }
    }
    news
}

fn console(entries: &[ConsoleEntry]) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let wrong: Vec<_> = entries.iter().filter(|entry| entry.level <= ConsoleLevel::Warning).collect();
    let mut lines = vec![format!("- New console entries: {}", entries.len())];
    for entry in &wrong[wrong.len().saturating_sub(LINES_MAX)..] {
        let text = one_line(&entry.text);
        let shown: String = text.chars().take(LINE_CHARS_MAX).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        lines.push(format!("  [{}] {shown}{more}", entry.kind.to_uppercase()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_console_costs_four_lines() {
        let entry = |number, level, kind, text: String| ConsoleEntry {
            number,
            level,
            kind,
            text,
            url: String::new(),
            line: 0,
            document: 1,
        };
        let mut entries: Vec<_> = (0..500)
            .map(|n| entry(n, ConsoleLevel::Error, "error", format!("bad\n### {n} {}", "x".repeat(500))))
            .collect();
        entries.push(entry(500, ConsoleLevel::Info, "log", "hello".to_owned()));
        let lines = console(&entries);
        assert_eq!((lines.len(), lines[0].as_str()), (4, "- New console entries: 501"));
        assert!(lines[3].starts_with("  [ERROR] bad ### 499 xxx") && lines[3].ends_with('…') && lines[3].len() < 200);
        assert_eq!(console(&entries[500..]), ["- New console entries: 1"]);
        assert!(console(&[]).is_empty());
    }
}
