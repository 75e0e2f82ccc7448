//! The format `slack`: `text` for receivers that know nothing else, `blocks` for Slack.
//!
//! Words of ours are mrkdwn. Words of a page, an agent or a person stand in code spans, where Slack reads no formatting, no mentions and
//! no links, so that a page cannot write in our name; `&`, `<` and `>` are written as Slack wants them.

use helmwatch_protocol::{ApprovalState, ApprovalView};
use serde_json::{Value, json};

use super::words::{FIELDS_MAX, cut, short};
use super::{About, HandoffState, News};
use crate::telemetry::rfc3339;

/// Longest value of one field: ten of them are to fit a phone's screen or two.
const VALUE_CHARS_MAX: usize = 120;

/// The body.
pub(super) fn body(news: &News) -> Vec<u8> {
    let Told { heading, what, fields, small } = told(news);
    let link = format!("<{}|Open it in Helmwatch>", escaped(&news.link));
    let mut blocks = vec![section(&format!("*{heading}*\n{what}"))];
    if !fields.is_empty() {
        let fields: Vec<Value> = fields.iter().map(|text| json!({ "type": "mrkdwn", "text": text })).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if let Some(small) = small {
        blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": small }] }));
    }
    blocks.push(section(&link));
    let what = what.replace('\n', " ");
    let message = json!({ "text": format!("{heading}: {what} {link}"), "blocks": blocks });
    serde_json::to_vec(&message).expect("a JSON value is JSON")
}

/// A message in parts, each mrkdwn.
struct Told {
    heading: String,
    what: String,
    fields: Vec<String>,
    small: Option<String>,
}

fn told(news: &News) -> Told {
    match &news.about {
        About::Approval(view) => approval(view),
        About::Handoff { view, session_name, state, by, reason, .. } => {
            let heading = match (state, by) {
                (HandoffState::Waiting, _) => "An agent asks for a person".to_owned(),
                (HandoffState::Done, Some(by)) => format!("{} has done it", quoted(by)),
                (HandoffState::Failed, Some(by)) => format!("{} could not do it", quoted(by)),
                (HandoffState::Done | HandoffState::Failed, None) => "Answered".to_owned(),
                (HandoffState::Expired, _) => "Nobody came in time".to_owned(),
                (HandoffState::Replaced, _) => "The agent asks for something else".to_owned(),
                (HandoffState::SessionOver, _) => "No longer needed: the session ended".to_owned(),
            };
            let small = match (state, reason) {
                (HandoffState::Waiting, _) => Some(format!("Until {}", time(view.expires_at))),
                (_, Some(reason)) => Some(quoted(reason)),
                _ => None,
            };
            let what = format!("{}\nin session {}", quoted(&view.instructions), quoted(session_name));
            Told { heading, what, fields: Vec::new(), small }
        }
        About::Nothing => Told {
            heading: "A test".to_owned(),
            what: "Helmwatch can reach this channel.".to_owned(),
            fields: Vec::new(),
            small: None,
        },
    }
}

fn approval(view: &ApprovalView) -> Told {
    let by = view.decided_by.as_deref().map(quoted);
    let heading = match (view.state, by) {
        (ApprovalState::Pending, _) => "A step waits for a person's decision".to_owned(),
        (ApprovalState::Denied, Some(by)) => format!("Denied by {by}"),
        (ApprovalState::Expired, _) => "Nobody decided in time".to_owned(),
        // Only a person who takes over withdraws with a name.
        (ApprovalState::Withdrawn, Some(by)) => format!("{by} took over"),
        (ApprovalState::Edited, Some(by)) => format!("Approved with changes by {by}"),
        (ApprovalState::Withdrawn, None) => "No longer asked".to_owned(),
        (_, Some(by)) => format!("Approved by {by}"),
        (_, None) => "It is over".to_owned(),
    };
    let what =
        format!("{}\non {}, in session {}", quoted(&view.summary), quoted(&view.origin), quoted(&view.session_name));
    if view.state == ApprovalState::Pending {
        let fields = view.fields.iter().take(FIELDS_MAX).map(|field| {
            format!("{}\n{}", code(&cut(&field.label, VALUE_CHARS_MAX)), code(&cut(&field.value, VALUE_CHARS_MAX)))
        });
        let small = format!("Rule {}: {} Until {}", quoted(&view.rule), quoted(&view.reason), time(view.expires_at));
        return Told { heading, what, fields: fields.collect(), small: Some(small) };
    }
    Told { heading, what, fields: Vec::new(), small: view.decision_reason.as_deref().map(quoted) }
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// A time that Slack shows on each reader's own clock.
fn time(ms: u64) -> String {
    format!("<!date^{}^{{time}}|{}>", ms / 1000, rfc3339(ms))
}

/// Somebody else's words.
fn quoted(text: &str) -> String {
    code(&short(text))
}

fn code(line: &str) -> String {
    // An empty span would show its backticks.
    if line.is_empty() {
        return "`-`".to_owned();
    }
    format!("`{}`", escaped(&line.replace('`', "'")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_words_stay_words() {
        assert_eq!(
            quoted("*Approved* <!here> `x` & <https://evil.test|ok>\n_now_"),
            "`*Approved* &lt;!here&gt; 'x' &amp; &lt;https://evil.test|ok&gt; _now_`"
        );
        assert_eq!(quoted(""), "`-`");
        assert_eq!(quoted(&"<".repeat(1_000)).matches("&lt;").count(), 300);
    }

    #[test]
    fn a_time_is_shown_on_the_readers_clock() {
        assert_eq!(time(1_795_688_430_400), "<!date^1795688430^{time}|2026-11-26T10:20:30.400Z>");
    }
}
