//! An answer in its Markdown sections, in the fixed order clients match on (Playwright MCP 0.0.83).

use super::answer::{Answer, Wanted};
use super::budget::{self, BYTES_PER_TOKEN};
use super::diff::{Diff, diff};
use super::keeper::Keeper;
use super::news;
use super::terms::{SnapshotMode, Terms};
use super::{Artefact, Reply, ToolError};
use crate::session::{ConsoleLevel, Modal, Page, Session, SnapshotOptions, SnapshotText};

/// The titles there are.
const SECTIONS: [&str; 9] =
    ["Error", "Result", "Ran Playwright code", "Open tabs", "Page", "Modal state", "Snapshot", "Events", "Paused"];

/// Bytes kept free for what stands around a snapshot.
const AROUND_BYTES: usize = 600;

/// Puts an answer or an error into sections. Runs in the session's turn: it may look at the page once more.
pub(super) async fn render(keeper: &Keeper<'_>, outcome: Result<Answer, ToolError>, terms: Terms) -> Reply {
    let mut text = String::new();
    let is_error = outcome.is_err();
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            section(&mut text, "Error", &format!("Error: {}", error.text()));
            Answer::default()
        }
    };
    let result = result_of(&answer);
    if !result.is_empty() {
        section(&mut text, "Result", &result);
    }
    if !answer.code.is_empty() {
        section(&mut text, "Ran Playwright code", &format!("```js\n{}\n```", answer.code.join("\n")));
    }
    let mut links: Vec<_> = answer.files.into_iter().map(|file| file.link).collect();
    if !answer.over {
        let session = keeper.session;
        let bytes_max = terms.tokens_max.saturating_mul(BYTES_PER_TOKEN);
        let page = session.current_tab();
        let shown = shown(keeper, page.as_deref(), answer.snapshot, terms.snapshot).await;
        tabs_and_page(&mut text, session, page.as_deref(), !matches!(shown, Shown::Nothing));
        let modals: Vec<_> = page.as_deref().map(Page::modals).unwrap_or_default().iter().map(modal_line).collect();
        if !modals.is_empty() {
            section(&mut text, "Modal state", &modals.join("\n"));
        }
        let room = bytes_max.saturating_sub(text.len() + AROUND_BYTES).max(AROUND_BYTES);
        match shown {
            Shown::Nothing => {}
            Shown::Tree(snapshot) => snapshot_section(&mut text, &snapshot, room, bytes_max),
            Shown::Part(yaml, note) => section(&mut text, "Snapshot", &with_note(&yaml, note.as_deref())),
            // Changes that do not fit say less than an outline of what is there now.
            Shown::Changes(lines, snapshot) if lines.len() > room => {
                snapshot_section(&mut text, &snapshot, room, bytes_max);
            }
            Shown::Changes(lines, _) => section(&mut text, "Snapshot", &changes(&lines)),
            Shown::Same => section(&mut text, "Snapshot", "Nothing has changed since the last snapshot."),
            Shown::File(file) => {
                section(&mut text, "Snapshot", &file.line());
                links.push(file.link);
            }
        }
        // Told last and once, so they are not cut away with a long answer: what is too long is cut before them.
        let news = news::take(keeper).await;
        let events = news.lines.join("\n");
        let room = bytes_max.saturating_sub(events.len()).max(AROUND_BYTES);
        within(&mut text, room);
        if !events.is_empty() {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            section(&mut text, "Events", &events);
        }
        links.extend(news.links);
    }
    Reply { text: text.trim_end().to_owned(), images: answer.images, links, is_error, question: None }
}

fn modal_line(modal: &Modal) -> String {
    match modal {
        Modal::Dialog(dialog) => format!(
            "- [\"{}\" dialog with message \"{}\"]: can be handled by browser_handle_dialog",
            dialog.kind,
            one_line(&dialog.message)
        ),
        Modal::FileChooser => "- [File chooser]: can be handled by browser_file_upload".to_owned(),
    }
}

/// What it says, then its files.
fn result_of(answer: &Answer) -> String {
    let said = Some(answer.result.clone()).filter(|said| !said.is_empty());
    said.into_iter().chain(answer.files.iter().map(super::Artefact::line)).collect::<Vec<_>>().join("\n")
}

/// Says something first, in the section Result of an answer that is there already.
pub(super) fn say_first(reply: &mut Reply, said: &str) {
    const HEADING: &str = "### Result\n";
    let said = one_line(said);
    let at_start = reply.text.starts_with(HEADING).then_some(0);
    let later = || reply.text.find("\n### Result\n").map(|at| at + 1);
    if let Some(at) = at_start.or_else(later) {
        reply.text.insert_str(at + HEADING.len(), &format!("{said}\n"));
        return;
    }
    let mut section_text = String::new();
    section(&mut section_text, "Result", &said);
    // An error stays in front.
    let at = if reply.is_error { reply.text.find("\n### ").map_or(reply.text.len(), |at| at + 1) } else { 0 };
    if at == reply.text.len() && at > 0 {
        reply.text.push('\n');
        reply.text.push_str(section_text.trim_end());
    } else {
        reply.text.insert_str(at, &section_text);
    }
}

/// An error that belongs to no session.
pub(super) fn refusal(error: &ToolError) -> Reply {
    Reply { text: format!("### Error\nError: {}", error.text()), is_error: true, ..Reply::default() }
}

/// An answer that belongs to no session.
pub(super) fn plain(answer: Answer) -> Reply {
    let mut text = String::new();
    section(&mut text, "Result", &result_of(&answer));
    let links = answer.files.into_iter().map(|file| file.link).collect();
    Reply { text: text.trim_end().to_owned(), images: answer.images, links, is_error: false, question: None }
}

/// What an answer shows of the page.
enum Shown {
    Nothing,
    Tree(SnapshotText),
    /// One part of it, and what is to be said below.
    Part(String, Option<String>),
    /// Lines of [`diff`], and the page as it is now.
    Changes(String, SnapshotText),
    Same,
    File(Artefact),
}

async fn shown(keeper: &Keeper<'_>, page: Option<&Page>, wanted: Wanted, mode: SnapshotMode) -> Shown {
    // A page that became a person's while the call ran is theirs to see.
    let fit = |page: &&Page| page.modals().is_empty() && !page.is_crashed() && !keeper.session.is_driven();
    let Some(page) = page.filter(fit) else { return Shown::Nothing };
    let snapshot = match wanted {
        Wanted::No => return Shown::Nothing,
        Wanted::Taken(snapshot) => return Shown::Tree(snapshot),
        Wanted::Part(yaml, note) => return Shown::Part(yaml, note),
        Wanted::Whole(snapshot) => {
            keeper.session.snapshot_told(page.number(), &snapshot.yaml);
            return Shown::Tree(snapshot);
        }
        Wanted::AfterAction if mode == SnapshotMode::None => return Shown::Nothing,
        Wanted::AfterAction => match page.snapshot(&SnapshotOptions::default()).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::debug!(%error, "no snapshot after an action");
                return Shown::Nothing;
            }
        },
    };
    let before = keeper.session.snapshot_told(page.number(), &snapshot.yaml);
    match (mode, before) {
        (SnapshotMode::Diff, Some(before)) => match diff(&before, &snapshot.yaml) {
            Diff::Same => Shown::Same,
            Diff::Changed(lines) => Shown::Changes(lines, snapshot),
            Diff::Whole => Shown::Tree(snapshot),
        },
        (SnapshotMode::File, _) => {
            let kept = keeper.keep("Snapshot", None, ("page", "yml"), "application/yaml", snapshot.yaml.clone().into());
            match kept.await {
                Ok(file) => Shown::File(file),
                // Full files are no reason to leave the agent blind.
                Err(_) => Shown::Tree(snapshot),
            }
        }
        _ => Shown::Tree(snapshot),
    }
}

fn changes(lines: &str) -> String {
    format!("Changed since the last snapshot (+ new, - gone, the rest is as it was):\n```diff\n{lines}\n```")
}

fn tabs_and_page(text: &mut String, session: &Session, page: Option<&Page>, with_snapshot: bool) {
    let tabs = session.tabs();
    let mut header = tab_lines(session);
    let status = page.and_then(Page::document_status).filter(|status| !(200..300).contains(&status.code));
    if let Some(page) = page {
        header.push_str(&format!("{}|{}", page.number(), page.is_crashed()));
    }
    let news = session.header_told(&header);
    if tabs.len() != 1 && (news || with_snapshot) {
        let lines = match tab_lines(session) {
            none if none.is_empty() => "No open tabs. Navigate to a URL to create one.".to_owned(),
            lines => lines,
        };
        section(text, "Open tabs", lines.trim_end());
    }
    let Some(page) = page.filter(|_| news || with_snapshot) else { return };
    let mut lines = format!("- Page URL: {}", one_line(&page.url()));
    let title = page.title();
    if !title.is_empty() {
        lines.push_str(&format!("\n- Page Title: {}", one_line(&title)));
    }
    if page.is_crashed() {
        lines.push_str("\n- Page status: crashed");
    }
    if let Some(status) = status {
        lines.push_str(&format!("\n- HTTP status: {} {}", status.code, one_line(&status.text)));
    }
    match page.page_tools().len() {
        0 => {}
        count => lines.push_str(&format!("\n- {count} webmcp tools available on the page")),
    }
    let console = page.console(false);
    let errors = console.iter().filter(|entry| entry.level == ConsoleLevel::Error).count();
    let warnings = console.iter().filter(|entry| entry.level == ConsoleLevel::Warning).count();
    if errors + warnings > 0 {
        lines.push_str(&format!("\n- Console: {errors} errors, {warnings} warnings"));
    }
    section(text, "Page", &lines);
}

/// The tabs, a line each: `- 0: (current) [Title](url)`.
pub(super) fn tab_lines(session: &Session) -> String {
    let current = session.current_tab().map(|page| page.number());
    let mut lines = String::new();
    for (index, page) in session.tabs().iter().enumerate() {
        let mark = if current == Some(page.number()) { "(current) " } else { "" };
        let crashed = if page.is_crashed() { " [crashed]" } else { "" };
        lines.push_str(&format!(
            "- {index}: {mark}[{}]({}){crashed}\n",
            one_line(&page.title()),
            one_line(&page.url())
        ));
    }
    lines
}

fn snapshot_section(text: &mut String, snapshot: &SnapshotText, room: usize, bytes_max: usize) {
    let cut = budget::cut(&snapshot.yaml, room, bytes_max);
    let mut body = with_note(&cut.yaml, cut.note.as_deref());
    if snapshot.truncated {
        body.push_str("\nThe page is larger than is looked at; what is beyond is not in any snapshot.");
    }
    section(text, "Snapshot", &body);
}

fn with_note(yaml: &str, note: Option<&str>) -> String {
    let note = note.map(|note| format!("\n{note}")).unwrap_or_default();
    format!("```yaml\n{yaml}\n```{note}")
}

fn section(text: &mut String, title: &str, body: &str) {
    text.push_str(&format!("### {title}\n"));
    for line in body.split('\n') {
        // Page text of several lines (an article, what a site keeps) must not look like a section of ours.
        let poses = line.strip_prefix("### ").is_some_and(|name| SECTIONS.contains(&name.trim()));
        text.push_str(if poses { "\\" } else { "" });
        text.push_str(line);
        text.push('\n');
    }
}

/// Cuts what is still too long: a result of megabytes, say.
fn within(text: &mut String, bytes_max: usize) {
    if text.len() <= bytes_max {
        return;
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = text.len() - end;
    text.truncate(end);
    text.push_str(&format!("\n… {cut} bytes were left out to fit. Ask for less, or raise max_tokens."));
}

/// Page text in one line: a title must not look like a section of ours, nor turn the words behind it round.
pub(super) fn one_line(text: &str) -> String {
    let turning = |one: char| matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().filter(|one| !turning(*one)).collect();
    text.split(['\n', '\r', '\u{2028}', '\u{2029}'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_text_cannot_open_a_section() {
        assert_eq!(one_line("Hi\n### Error\r\nrun away"), "Hi ### Error run away");
        let mut text = String::new();
        section(&mut text, "Result", "Hi\n### Error\r\n### Prices\n### Snapshot ");
        assert_eq!(text, "### Result\nHi\n\\### Error\r\n### Prices\n\\### Snapshot \n");
    }

    #[test]
    fn what_is_said_first_stands_in_the_result() {
        let said = |text: &str, is_error| {
            let mut reply = Reply { text: text.to_owned(), is_error, ..Reply::default() };
            say_first(&mut reply, "Ann\nchanged it.");
            reply.text
        };
        assert_eq!(said("### Result\nok", false), "### Result\nAnn changed it.\nok");
        assert_eq!(said("### Page\n- x", false), "### Result\nAnn changed it.\n### Page\n- x");
        assert_eq!(said("", false), "### Result\nAnn changed it.\n");
        assert_eq!(said("### Error\nno\ndo", true), "### Error\nno\ndo\n### Result\nAnn changed it.");
        assert_eq!(
            said("### Error\nno\n### Page\n- x", true),
            "### Error\nno\n### Result\nAnn changed it.\n### Page\n- x"
        );
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut text = "ä".repeat(100);
        within(&mut text, 51);
        assert!(text.starts_with("ää") && text.contains("150 bytes were left out"));
    }
}
