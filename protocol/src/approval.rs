//! JSON of `/v1/approvals`, and the card a person reads.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ApprovalId, GrantId, GrantWish, Rect, SessionId};

/// Where a held call is in its life. Only `pending` can still be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ApprovalState {
    Pending,
    Approved,
    /// A person changed the call and approved what they made of it.
    Edited,
    Denied,
    /// Nobody answered in time; counts as no.
    Expired,
    /// The agent or its session went away before anyone answered.
    Withdrawn,
    /// Approved, but the page had changed since; not executed.
    Stale,
    /// Approved, changed or not, and executed.
    Executed,
    /// The service ended while the approved call was running: it is not known whether it took effect, and it is never run again.
    OutcomeUnknown,
}

/// One line of the card: what the call will use, in plain words. Secrets arrive masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CardField {
    pub label: String,
    pub value: String,
}

/// One person's yes, where a rule asks for several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct YesView {
    /// Name of the key or login.
    pub by: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: u64,
    pub reason: Option<String>,
}

/// How one argument is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EditKind {
    Text,
    Number,
    Flag,
}

/// One argument of the call that a person may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EditField {
    /// Where it is in the arguments: `["text"]`, or `["fields", "0", "value"]` with a list's place as a number.
    pub path: Vec<String>,
    pub label: String,
    pub kind: EditKind,
    /// As the agent gave it; absent for a secret, which nobody is shown.
    #[cfg_attr(test, ts(type = "string | number | boolean | null"))]
    pub value: Option<Value>,
    /// A password, a card number, a code: leave it as it is, or write another.
    pub secret: bool,
}

/// What a person made of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EditView {
    /// What was changed, in one line, secrets masked: `text is now "Grace" (was "Ada")`.
    pub what: String,
    /// One sentence: what happens now.
    pub summary: String,
    pub fields: Vec<CardField>,
}

/// One held call, as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApprovalView {
    pub id: ApprovalId,
    pub session: SessionId,
    /// The session's name, for people.
    pub session_name: String,
    pub tool: String,
    /// One sentence: what will happen, as in `Click button "Buy now"`.
    pub summary: String,
    /// Origin of the page it happens on.
    pub origin: String,
    pub url: String,
    /// Name of the rule that asked.
    pub rule: String,
    /// Why the rule asks, in the rule's words.
    pub reason: String,
    pub state: ApprovalState,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub asked_at: u64,
    /// Milliseconds since the Unix epoch; after it the answer is no.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub decided_at: Option<u64>,
    /// Name of the key or login that decided.
    pub decided_by: Option<String>,
    /// What that person wrote.
    pub decision_reason: Option<String>,
    pub fields: Vec<CardField>,
    /// How many people must say yes; one no is a no.
    pub approvers: u32,
    /// Those who did, oldest first.
    pub yes: Vec<YesView>,
    /// Whose yes counts, as the rule says it (a person must fit one pattern of each list); empty: everybody's who may approve.
    pub deciders: Vec<Vec<String>>,
    /// The arguments a person may change; empty when none can be, as where several people decide.
    pub editable: Vec<EditField>,
    /// What a person made of the call, when one changed it.
    pub edit: Option<EditView>,
    /// The grant that was given with the yes.
    pub grant: Option<GrantId>,
    /// The element, CSS pixels in the picture; absent when the call has no target.
    pub outline: Option<Rect>,
    /// Address of the picture taken when the call was held (`image/jpeg`), absent when none could be taken.
    pub picture: Option<String>,
    /// Viewport the picture shows, CSS pixels: `[width, height]`.
    pub picture_size: Option<[u32; 2]>,
}

/// Answer of `GET /v1/approvals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApprovalList {
    pub approvals: Vec<ApprovalView>,
}

/// What a person may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Decision {
    Approve,
    Deny,
    /// Yes to the call with other arguments.
    Edit,
    /// A person does it themselves: the call is withdrawn. Needs `control` beside `approve`.
    TakeOver,
}

/// Body of `POST /v1/approvals/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DecisionRequest {
    pub decision: Decision,
    #[serde(default)]
    pub reason: Option<String>,
    /// With `edit`: what changes, the rest stays as the agent gave it. `null` takes an argument away; entries of a list are
    /// named by their place, as in `{"fields": {"0": {"value": "x"}}}`, or the list is given whole.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "Record<string, unknown> | null"))]
    pub arguments: Option<Map<String, Value>>,
    /// With `approve`: lets what this rule asks about through in this session for a while.
    #[serde(default)]
    pub grant: Option<GrantWish>,
}
