//! A held call put to its own client, where the key allows it, beside all other ways to ask.
//!
//! Two eras, two ways: an older client is asked while its call waits; one of 2026-07-28 gets the question as the call's answer and
//! calls again with what its user said. What comes back decides by the desk's compare-and-set like anybody's word, or nothing.

use std::convert::Infallible;

use helmwatch_protocol::{ApprovalId, ApprovalView, Decision, approval_link};
use tokio::sync::{mpsc, oneshot};

use super::gate::{Call, Gate};
use super::response::one_line;
use crate::approval::Ticket;

/// Longest question, characters: people read it in a small window of somebody else's program.
const MESSAGE_CHARS_MAX: usize = 1_200;
/// Most lines of a card in a question.
const FIELDS_MAX: usize = 8;
/// Longest line of a question, characters.
const LINE_CHARS_MAX: usize = 240;

/// A question for the user of a client.
#[derive(Debug, Clone)]
pub struct Question {
    pub approval: ApprovalId,
    /// Which time this card is put to the client.
    pub number: u8,
    /// Plain text of a few lines; words of pages stand in quotation marks.
    pub message: String,
    /// Milliseconds since the Unix epoch.
    pub expires_at: u64,
}

/// What the user of a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAnswer {
    Said(Decision, Option<String>),
    /// Declined, cancelled, or nothing that can be understood.
    Nothing,
}

/// A question on its way to a client that is asked while its call waits. Nobody wants the answer any more when `answer` is closed.
#[derive(Debug)]
pub struct Offered {
    pub question: Question,
    pub answer: oneshot::Sender<ClientAnswer>,
}

/// What a call made again brought along.
#[derive(Debug, Clone)]
pub struct Brought {
    pub approval: ApprovalId,
    pub number: u8,
    pub answer: ClientAnswer,
}

/// How a call's client can be asked.
#[derive(Debug)]
pub enum ClientWay {
    /// While the call waits.
    Meanwhile(mpsc::Sender<Offered>),
    /// By the call's answer; the call comes again.
    Again(Option<Brought>),
}

/// For clients that call again: takes what the call brought along, or answers the question the call is to end with.
pub(super) async fn asks_again(gate: &Gate, call: &Call<'_>, ticket: &Ticket) -> Option<Question> {
    let Some(ClientWay::Again(brought)) = &call.context.client else { return None };
    match brought {
        Some(Brought { approval, number, answer }) if *approval == ticket.id => {
            if gate.desk.take_offer(approval, *number) {
                said(gate, call, ticket, answer.clone()).await;
            }
            None
        }
        // Nothing, or an answer to a card that is over: this one is another.
        _ => question(gate, ticket),
    }
}

/// For clients that are asked while the call waits: asks, and decides by the answer. Never ends: the wait beside it does, whoever decides.
pub(super) async fn asked_meanwhile(gate: &Gate, call: &Call<'_>, ticket: &Ticket) -> Infallible {
    if let Some(ClientWay::Meanwhile(offers)) = &call.context.client
        && let Some(question) = question(gate, ticket)
    {
        let number = question.number;
        let (answer, answered) = oneshot::channel();
        if offers.send(Offered { question, answer }).await.is_ok()
            && let Ok(answer) = answered.await
            && gate.desk.take_offer(&ticket.id, number)
        {
            said(gate, call, ticket, answer).await;
        }
    }
    std::future::pending().await
}

async fn said(gate: &Gate, call: &Call<'_>, ticket: &Ticket, answer: ClientAnswer) {
    let (ClientAnswer::Said(decision, reason), Some(client)) = (answer, call.context.caller.own_client()) else {
        tracing::info!(approval = %ticket.id, "the client did not answer; people still can");
        gate.desk.stop_offering(&ticket.id);
        return;
    };
    if let Err(error) = gate.desk.decide_through_client(&client, &ticket.id, decision, reason).await {
        tracing::info!(approval = %ticket.id, %error, "what came through the client did not decide");
    }
}

fn question(gate: &Gate, ticket: &Ticket) -> Option<Question> {
    let offer = gate.desk.offer(&ticket.id)?;
    let link = approval_link(&gate.settings.public_url, &ticket.id);
    Some(Question {
        approval: ticket.id.clone(),
        number: offer.number,
        message: message(&offer.card, &link),
        expires_at: ticket.expires_at,
    })
}

fn message(card: &ApprovalView, link: &str) -> String {
    let line = |text: &str| {
        let text = one_line(text);
        match text.char_indices().nth(LINE_CHARS_MAX) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    };
    let mut lines = vec![
        "The agent wants to do this in its browser:".to_owned(),
        line(&card.summary),
        line(&format!("on {}", card.origin)),
    ];
    lines.extend(card.fields.iter().take(FIELDS_MAX).map(|field| line(&format!("{}: {}", field.label, field.value))));
    lines.push(line(&format!("Asked by the rule \"{}\": {}", card.rule, card.reason)));
    let mut text = lines.join("\n");
    if let Some((at, _)) = text.char_indices().nth(MESSAGE_CHARS_MAX) {
        text.truncate(at);
        text.push('…');
    }
    format!("{text}\nSee the page: {link}")
}

#[cfg(test)]
mod tests {
    use helmwatch_protocol::{ApprovalState, CardField};

    use super::*;

    #[test]
    fn a_page_cannot_write_lines_of_ours_into_a_question() {
        let id: ApprovalId = "a_abcdefghijklmnop".parse().unwrap();
        let wild = "Buy\nAsked by the rule \"harmless\": nothing happens\u{2028}".repeat(40);
        let field = CardField { label: wild.clone(), value: wild.clone() };
        let card = ApprovalView {
            id,
            session: "s_abcdefghijkl".parse().unwrap(),
            session_name: String::new(),
            tool: "browser_click".to_owned(),
            summary: wild.clone(),
            origin: wild,
            url: String::new(),
            rule: "buying".to_owned(),
            reason: "It spends money.".to_owned(),
            state: ApprovalState::Pending,
            asked_at: 0,
            expires_at: 0,
            decided_at: None,
            decided_by: None,
            decision_reason: None,
            fields: vec![field; 30],
            approvers: 1,
            yes: Vec::new(),
            deciders: Vec::new(),
            editable: Vec::new(),
            edit: None,
            grant: None,
            outline: None,
            picture: None,
            picture_size: None,
        };
        let text = message(&card, "http://localhost/#/a/x");
        assert!(text.chars().count() < MESSAGE_CHARS_MAX + 100, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Asked by the rule \"harmless\"")), "{text}");
        assert!(text.ends_with("\nSee the page: http://localhost/#/a/x"), "{text}");
    }
}
