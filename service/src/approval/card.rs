//! What a person is asked, and what is kept of it.

use std::time::Duration;

use bytes::Bytes;
use helmwatch_protocol::{ApprovalId, ApprovalView, CardField, EditField, EditView, GrantId, Rect, SessionId, YesView};
use serde_json::Value;

use super::machine::Life;
use super::{Editing, State};
use crate::auth::{KeyId, Tenant};
use crate::policy::Asking;

/// Longest text of a card, in characters; what is longer is cut and ends in `…`.
const TEXT_CHARS_MAX: usize = 2_000;
/// Longest address, in characters.
const URL_CHARS_MAX: usize = 4_000;
/// Most lines of a card.
const FIELDS_MAX: usize = 64;

/// A picture of the page, taken when the call was held.
#[derive(Debug, Clone)]
pub struct Picture {
    pub jpeg: Bytes,
    /// Viewport it shows, CSS pixels.
    pub width: u32,
    pub height: u32,
}

/// One held call, in words for a person. Secrets must be masked before they come here.
#[derive(Debug, Clone)]
pub struct Card {
    pub session: SessionId,
    pub session_name: String,
    pub tenant: Tenant,
    /// The key whose call it is.
    pub owner: KeyId,
    pub tool: String,
    /// One sentence: what will happen, as in `Click button "Buy now"`.
    pub summary: String,
    pub origin: String,
    pub url: String,
    /// Name of the rule that asks, and why it does.
    pub rule: String,
    pub reason: String,
    /// Every rule that asks, and who decides. Read from the ledger it has no rules: nobody decides it any more.
    pub asking: Asking,
    pub fields: Vec<CardField>,
    /// The arguments a person may change.
    pub editable: Vec<EditField>,
    /// Makes a call of what they write there; none for a card that was read from the ledger.
    pub editing: Option<Editing>,
    /// The element, CSS pixels in the picture.
    pub outline: Option<Rect>,
    /// Moves to the ledger when the card is stored; memory keeps only its size.
    pub picture: Option<Picture>,
    /// Page, URL, element and form values as they were; compared with the page again before the call runs.
    pub fingerprint: String,
    /// Over the tool's arguments: a repeated call finds its card by it.
    pub arguments_digest: [u8; 32],
    /// How long it may wait for an answer.
    pub ttl: Duration,
}

impl Card {
    /// Cuts what is longer than a person reads. Page text has no other bound.
    pub(super) fn cut(&mut self) {
        for text in [&mut self.session_name, &mut self.summary, &mut self.origin, &mut self.rule, &mut self.reason] {
            cut(text, TEXT_CHARS_MAX);
        }
        cut(&mut self.url, URL_CHARS_MAX);
        // A page may claim any geometry; what is no number cannot be drawn or kept.
        let finite = |rect: &Rect| [rect.x, rect.y, rect.width, rect.height].into_iter().all(f64::is_finite);
        self.outline = self.outline.filter(finite);
        self.fields.truncate(FIELDS_MAX);
        for field in &mut self.fields {
            cut(&mut field.label, TEXT_CHARS_MAX);
            cut(&mut field.value, TEXT_CHARS_MAX);
        }
        // A value that was cut would come back as a change.
        let whole = |field: &EditField| match &field.value {
            Some(Value::String(text)) => text.chars().nth(TEXT_CHARS_MAX).is_none(),
            _ => true,
        };
        self.editable.retain(whole);
        self.editable.truncate(FIELDS_MAX);
        for field in &mut self.editable {
            cut(&mut field.label, TEXT_CHARS_MAX);
        }
    }
}

pub(super) fn cut(text: &mut String, chars_max: usize) {
    if let Some((at, _)) = text.char_indices().nth(chars_max) {
        text.truncate(at);
        text.push('…');
    }
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yes {
    /// The person: all logins with one key are one.
    pub key: KeyId,
    /// The key's name.
    pub by: String,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    pub reason: Option<String>,
}

/// A card with its life so far: what the ledger keeps. All times are milliseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: ApprovalId,
    /// Without its picture.
    pub card: Card,
    /// CSS pixels; `None` when no picture is kept.
    pub picture_size: Option<[u32; 2]>,
    pub state: State,
    pub asked_at: u64,
    /// After it the answer is no.
    pub expires_at: u64,
    /// After it an approval nobody came back for is stale.
    pub use_by: Option<u64>,
    pub decided_at: Option<u64>,
    /// Name of the key or login that decided.
    pub decided_by: Option<String>,
    /// What that person wrote.
    pub decision_reason: Option<String>,
    /// Why it ended otherwise.
    pub note: Option<String>,
    /// Those who said yes, oldest first.
    pub yes: Vec<Yes>,
    /// What a person made of the call.
    pub edit: Option<EditView>,
    /// Given with the yes.
    pub grant: Option<GrantId>,
}

impl Yes {
    fn view(&self) -> YesView {
        YesView { by: self.by.clone(), at: self.at, reason: self.reason.clone() }
    }
}

impl Record {
    pub(super) fn life(&self) -> Life<'_> {
        let (expires_at, use_by) = (self.expires_at, self.use_by);
        Life { state: self.state, expires_at, use_by, yes: &self.yes, approvers: self.card.asking.approvers }
    }

    /// As people see it.
    #[must_use]
    pub fn view(&self) -> ApprovalView {
        let card = &self.card;
        ApprovalView {
            id: self.id.clone(),
            session: card.session.clone(),
            session_name: card.session_name.clone(),
            tool: card.tool.clone(),
            summary: card.summary.clone(),
            origin: card.origin.clone(),
            url: card.url.clone(),
            rule: card.rule.clone(),
            reason: card.reason.clone(),
            state: self.state.wire(),
            asked_at: self.asked_at,
            expires_at: self.expires_at,
            decided_at: self.decided_at,
            decided_by: self.decided_by.clone(),
            decision_reason: self.decision_reason.clone().or_else(|| self.note.clone()),
            fields: card.fields.clone(),
            approvers: card.asking.approvers,
            yes: self.yes.iter().map(Yes::view).collect(),
            deciders: card.asking.by.clone(),
            editable: if card.asking.approvers > 1 { Vec::new() } else { card.editable.clone() },
            edit: self.edit.clone(),
            grant: self.grant.clone(),
            outline: card.outline,
            picture: self.picture_size.map(|_| format!("/v1/approvals/{}/picture", self.id)),
            picture_size: self.picture_size,
        }
    }
}
