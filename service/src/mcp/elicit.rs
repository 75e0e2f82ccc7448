//! The question of a held call, as both eras of the protocol carry it: `elicitation/create` while the call waits (before 2026-07-28), or
//! `input_required` as its answer and the call made again with `inputResponses` (since).
//!
//! Only for keys that were made for it and clients that say they can. What comes back is a stranger's: the state we gave away is sealed over
//! caller, tool and arguments, has an end, and names one offer, which the desk takes back once; an answer that is not plainly one is none.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use helmwatch_protocol::{ApprovalId, Decision};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientResult, ElicitRequest, ElicitRequestParams, ElicitationAction,
    ElicitationSchema, ErrorData, InputRequest, InputRequests, InputRequiredResult, RequestStateCodec, SealOptions,
    ServerRequest,
};
use rmcp::service::{Peer, PeerRequestOptions, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::terms::Terms;
use crate::tools::{Brought, ClientAnswer, ClientWay, Offered, Question};

/// The one question of an `input_required` answer.
const DECISION: &str = "decision";
/// Longest words of a user that are passed on, characters.
const REASON_CHARS_MAX: usize = 500;
/// Largest state that is looked at, bytes; ours have some 150.
const STATE_BYTES_MAX: usize = 1_024;

/// Seals what clients of 2026-07-28 keep for us. The key lives as long as the process: so do the calls.
pub(super) struct States(RequestStateCodec);

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct State {
    approval: ApprovalId,
    number: u8,
}

/// How one call's client may be asked, and what its state is bound to.
pub(super) struct Asking {
    pub way: Option<ClientWay>,
    /// What the gate wants asked while the call waits.
    pub offers: Option<mpsc::Receiver<Offered>>,
    /// A digest of caller, tool and arguments.
    pub bound_to: [u8; 32],
}

impl States {
    pub(super) fn new() -> Self {
        let key: [u8; 32] = rand::random();
        Self(RequestStateCodec::try_new(key).expect("32 bytes are enough for a key"))
    }

    /// Finds out how this call's client may be asked.
    ///
    /// # Errors
    /// When the call brings an answer to something it was not asked, or too late.
    pub(super) fn asking(
        &self,
        terms: &Terms,
        context: &RequestContext<RoleServer>,
        request: &CallToolRequestParams,
    ) -> Result<Asking, ErrorData> {
        let caller = &terms.caller;
        let bound = serde_json::to_vec(&(caller.key().as_str(), &request.name, &request.arguments)).unwrap_or_default();
        let bound_to: [u8; 32] = Sha256::digest(bound).into();
        let modern = context.protocol_version().is_some_and(|version| !version.has_initialize());
        let may = caller.own_client().is_some() && says_it_can(context);
        let brings = request.request_state.is_some() || request.input_responses.is_some();
        if brings && !(modern && may) {
            return Err(not_asked());
        }
        let (way, offers) = match (may, modern) {
            (false, _) => (None, None),
            (true, false) => {
                // One card a call.
                let (sender, offers) = mpsc::channel(1);
                (Some(ClientWay::Meanwhile(sender)), Some(offers))
            }
            (true, true) => (Some(ClientWay::Again(self.brought(request, &bound_to)?)), None),
        };
        Ok(Asking { way, offers, bound_to })
    }

    fn brought(&self, request: &CallToolRequestParams, bound_to: &[u8]) -> Result<Option<Brought>, ErrorData> {
        let (sealed, answers) = match (&request.request_state, &request.input_responses) {
            (None, None) => return Ok(None),
            (Some(sealed), answers) if sealed.len() <= STATE_BYTES_MAX => (sealed, answers),
            _ => return Err(not_asked()),
        };
        let State { approval, number } = self.0.open_json_with(sealed, bound_to).map_err(|_| not_asked())?;
        let answer = answers.as_ref().and_then(|answers| answers.get(DECISION));
        Ok(Some(Brought { approval, number, answer: answer.map_or(ClientAnswer::Nothing, answer_in) }))
    }

    /// The call's answer that asks.
    pub(super) fn input_required(&self, question: &Question, bound_to: &[u8]) -> CallToolResponse {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let left = question.expires_at.saturating_sub(u64::try_from(now).unwrap_or(u64::MAX)).max(1);
        let options = SealOptions::new().associated_data(bound_to).ttl(Duration::from_millis(left));
        let state = State { approval: question.approval.clone(), number: question.number };
        let sealed = self.0.seal_json_with(&state, &options).expect("an id and a number are JSON");
        let requests =
            InputRequests::from([(DECISION.to_owned(), InputRequest::Elicitation(ElicitRequest::new(form(question))))]);
        InputRequiredResult::new(Some(requests), Some(sealed)).into()
    }
}

/// Asks an older client whatever the gate wants asked, until the call is over.
pub(super) async fn ask(peer: &Peer<RoleServer>, mut offers: mpsc::Receiver<Offered>) {
    while let Some(Offered { question, mut answer }) = offers.recv().await {
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(form(&question)));
        let sent = peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        let Ok(mut asked) = sent else {
            // Nobody waits for it when that fails.
            drop(answer.send(ClientAnswer::Nothing));
            continue;
        };
        let said = tokio::select! {
            said = &mut asked.rx => said,
            () = answer.closed() => {
                let why = "It was decided elsewhere, or the call no longer waits.".to_owned();
                if let Err(error) = asked.cancel(Some(why)).await {
                    tracing::debug!(%error, "a client was not told that its answer is no longer wanted");
                }
                continue;
            }
        };
        let said = match said {
            Ok(Ok(ClientResult::ElicitResult(result))) if result.action == ElicitationAction::Accept => {
                result.content.as_ref().map_or(ClientAnswer::Nothing, decision_in)
            }
            _ => ClientAnswer::Nothing,
        };
        drop(answer.send(said));
    }
}

/// Does the client of this request say that it can ask its user by a form? One that names no way means this one.
fn says_it_can(context: &RequestContext<RoleServer>) -> bool {
    let elicitation = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
    elicitation.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

fn form(question: &Question) -> ElicitRequestParams {
    let schema: ElicitationSchema = serde_json::from_value(json!({
        "type": "object",
        "properties": {
            "decision": { "type": "string", "title": "Your decision", "enum": ["approve", "deny"] },
            "reason": { "type": "string", "title": "Note to the agent", "maxLength": REASON_CHARS_MAX },
        },
        "required": ["decision"],
    }))
    .expect("a schema of two texts");
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.message.clone(),
        requested_schema: schema,
    }
}

/// What an `ElicitResult` says that came as any JSON.
fn answer_in(result: &Value) -> ClientAnswer {
    match result.get("action").and_then(Value::as_str) {
        Some("accept") => result.get("content").map_or(ClientAnswer::Nothing, decision_in),
        _ => ClientAnswer::Nothing,
    }
}

fn decision_in(content: &Value) -> ClientAnswer {
    let decision = match content.get("decision").and_then(Value::as_str) {
        Some("approve") => Decision::Approve,
        Some("deny") => Decision::Deny,
        _ => return ClientAnswer::Nothing,
    };
    let reason = content.get("reason").and_then(Value::as_str).map(str::trim).filter(|reason| !reason.is_empty());
    ClientAnswer::Said(decision, reason.map(|reason| reason.chars().take(REASON_CHARS_MAX).collect()))
}

fn not_asked() -> ErrorData {
    ErrorData::invalid_params(
        "This requestState and these inputResponses answer nothing that waits for this very call.\n\
         Make the call again without them.",
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_answer_is_one() {
        let said = |result: Value| answer_in(&result);
        let yes = json!({ "action": "accept", "content": { "decision": "approve" } });
        assert_eq!(said(yes), ClientAnswer::Said(Decision::Approve, None));
        let no = json!({ "action": "accept", "content": { "decision": "deny", "reason": " not today " } });
        assert_eq!(said(no), ClientAnswer::Said(Decision::Deny, Some("not today".to_owned())));
        for other in [
            json!(null),
            json!("accept"),
            json!([]),
            json!({ "action": "accept" }),
            json!({ "action": "accept", "content": "approve" }),
            json!({ "action": "accept", "content": { "decision": true } }),
            json!({ "action": "accept", "content": { "decision": "Approve" } }),
            json!({ "action": "accept", "content": { "decision": ["approve"] } }),
            json!({ "action": "decline", "content": { "decision": "approve" } }),
            json!({ "action": "cancel" }),
            json!({ "content": { "decision": "approve" } }),
        ] {
            assert_eq!(said(other.clone()), ClientAnswer::Nothing, "{other}");
        }
        let long = json!({ "action": "accept", "content": { "decision": "deny", "reason": "x".repeat(100_000) } });
        let ClientAnswer::Said(_, Some(reason)) = said(long) else { panic!("a reason") };
        assert_eq!(reason.len(), REASON_CHARS_MAX);
    }
}
