//! The format `generic`: JSON whose shape stays as it is; what is added later is added beside it.

use helmwatch_protocol::{ApprovalState, CardField};
use serde::Serialize;

use super::words::{FIELDS_MAX, bare_address, short};
use super::{About, News};
use crate::telemetry::rfc3339;

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    /// RFC 3339, UTC: when it happened.
    timestamp: String,
    data: Data<'a>,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Approval {
        id: &'a str,
        state: ApprovalState,
        link: &'a str,
        session: Session<'a>,
        tool: &'a str,
        /// What the call will do, in one sentence.
        summary: String,
        origin: String,
        /// Without query and fragment.
        page: String,
        rule: String,
        reason: String,
        /// Values that are to be sent or typed; secrets are masked.
        fields: Vec<CardField>,
        asked_at: u64,
        expires_at: u64,
        decided_at: Option<u64>,
        decided_by: Option<String>,
        decision_reason: Option<String>,
    },
    Handoff {
        /// Unique in its session.
        number: u32,
        state: &'static str,
        link: &'a str,
        session: Session<'a>,
        instructions: String,
        asked_at: u64,
        expires_at: u64,
        answered_by: Option<String>,
        answer_reason: Option<String>,
    },
    Test {
        link: &'a str,
        message: &'static str,
    },
}

#[derive(Serialize)]
struct Session<'a> {
    id: &'a str,
    name: String,
    tenant: &'a str,
}

/// The body.
pub(super) fn body(news: &News) -> Vec<u8> {
    let link = news.link.as_str();
    let data = match &news.about {
        About::Approval(view) => Data::Approval {
            id: view.id.as_str(),
            state: view.state,
            link,
            session: Session { id: view.session.as_str(), name: short(&view.session_name), tenant: &news.tenant },
            tool: &view.tool,
            summary: short(&view.summary),
            origin: short(&view.origin),
            page: bare_address(&view.url),
            rule: short(&view.rule),
            reason: short(&view.reason),
            fields: view
                .fields
                .iter()
                .take(FIELDS_MAX)
                .map(|field| CardField { label: short(&field.label), value: short(&field.value) })
                .collect(),
            asked_at: view.asked_at,
            expires_at: view.expires_at,
            decided_at: view.decided_at,
            decided_by: view.decided_by.as_deref().map(short),
            decision_reason: view.decision_reason.as_deref().map(short),
        },
        About::Handoff { view, session, session_name, state, by, reason } => Data::Handoff {
            number: view.number,
            state: state.word(),
            link,
            session: Session { id: session.as_str(), name: short(session_name), tenant: &news.tenant },
            instructions: short(&view.instructions),
            asked_at: view.asked_at,
            expires_at: view.expires_at,
            answered_by: by.as_deref().map(short),
            answer_reason: reason.as_deref().map(short),
        },
        About::Nothing => Data::Test { link, message: "Helmwatch can reach this address." },
    };
    let message = Message { r#type: news.occasion.word(), timestamp: rfc3339(news.at), data };
    serde_json::to_vec(&message).expect("texts, numbers and lists are JSON")
}
