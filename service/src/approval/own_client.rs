//! Held calls put to the client whose call they are, where its key allows that.
//!
//! An answer that comes this way proves no person: the agent's own program sends it. So a key has to be made for it, the card and the audit say how
//! the answer came, and it decides that key's own calls alone. It is one more way beside people's: the first decision counts.

use helmwatch_protocol::{ApprovalId, ApprovalView, Decision};

use super::card::cut;
use super::desk::{REASON_CHARS_MAX, milliseconds};
use super::machine::Event;
use super::{DecideError, Desk, State, Yes};
use crate::auth::OwnClient;
use crate::policy::Asking;

/// How often one card is put to its client: a client that lost the question may be asked again, one that will not answer is left alone.
const OFFERS_MAX: u8 = 3;

/// How often a card was put to its client, and which of these may still be answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offers {
    made: u8,
    open: Option<u8>,
}

/// One time a card is put to its client.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Names this one: an answer is good for it alone, and once.
    pub number: u8,
    pub card: ApprovalView,
}

impl Desk {
    /// Notes that a waiting card is put to its client now. `None`: it no longer waits, that was done often enough, or a rule asks
    /// certain people or several, of whom a client is none.
    #[must_use]
    pub fn offer(&self, id: &ApprovalId) -> Option<Offer> {
        let mut board = self.board();
        let entry = board.get_mut(id).filter(|entry| entry.record.state == State::Pending)?;
        if entry.offers.made >= OFFERS_MAX || !is_anybodys(&entry.record.card.asking) {
            return None;
        }
        let number = entry.offers.made + 1;
        entry.offers = Offers { made: number, open: Some(number) };
        Some(Offer { number, card: entry.record.view() })
    }

    /// An answer to this offer came: true once, and only for the last one made.
    #[must_use]
    pub fn take_offer(&self, id: &ApprovalId, number: u8) -> bool {
        let mut board = self.board();
        board.get_mut(id).is_some_and(|entry| entry.offers.open.take_if(|open| *open == number).is_some())
    }

    /// The client will not or cannot answer: it is not asked about this card again. People still are.
    pub fn stop_offering(&self, id: &ApprovalId) {
        if let Some(entry) = self.board().get_mut(id) {
            entry.offers = Offers { made: OFFERS_MAX, open: None };
        }
    }

    /// A decision that came through the client whose call it is. Otherwise as [`Desk::decide`].
    ///
    /// # Errors
    /// [`DecideError`]; another key's card reads as unknown.
    pub async fn decide_through_client(
        &self,
        client: &OwnClient,
        id: &ApprovalId,
        decision: Decision,
        reason: Option<String>,
    ) -> Result<ApprovalView, DecideError> {
        let own = |entry: &super::board::Entry| entry.record.card.owner == *client.caller().key();
        let asking = self.board().get(id).filter(|entry| own(entry)).map(|entry| entry.record.card.asking.clone());
        let asking = asking.ok_or(DecideError::NotFound)?;
        // Where a rule asks certain people, or several, what proves no person is none of them. A no counts all the same.
        if decision != Decision::Deny && !is_anybodys(&asking) {
            return Err(DecideError::NotAsked { deciders: asking.deciders() });
        }
        let by = format!("someone, through the client of key {}", client.caller().name());
        let reason = reason.map(|mut text| {
            cut(&mut text, REASON_CHARS_MAX);
            text
        });
        let (wanted, event) = match decision {
            Decision::Approve => {
                let use_for_ms = milliseconds(self.inner.limits.approved_for);
                let yes = Yes { key: client.caller().key().clone(), by, at: self.inner.clock.now_ms(), reason };
                (State::Approved, Event::Approve { yes, use_for_ms, grant: None })
            }
            Decision::Deny => (State::Denied, Event::Deny { by, reason }),
            // Only a person changes a call or takes over.
            Decision::Edit | Decision::TakeOver => {
                return Err(DecideError::NotAsked { deciders: asking.deciders() });
            }
        };
        let stepped = self.advance(id, event).await.map_err(DecideError::NotKept)?;
        let (done, record) = stepped.ok_or(DecideError::NotFound)?;
        let view = record.view();
        if done == Some(wanted) { Ok(view) } else { Err(DecideError::AlreadyDecided(Box::new(view))) }
    }
}

/// May any one person decide it?
fn is_anybodys(asking: &Asking) -> bool {
    asking.approvers <= 1 && asking.by.is_empty()
}
