//! Calls that wait for a person.
//!
//! A held call becomes a [`Card`] on the [`Desk`]: stored first, then shown. A person decides with a
//! [`Human`](crate::auth::Human), which only `auth` can make; the first decision wins and is on disk before the call wakes.
//! Late is no, restart is no, and a call that may have run is never run again.
//!
//! This room must never decide by itself, wake a call on a decision that is not stored, or show one tenant another's
//! cards. How a card lives is in `machine` and pure; where it is kept is behind [`Ledger`].

mod advance;
mod board;
mod card;
mod cards;
mod desk;
mod edit;
mod error;
mod feed;
mod grant;
mod granting;
mod ledger;
mod limits;
mod machine;
mod own_client;
mod reach;
mod running;
mod ticket;
mod upkeep;

/// Kept with a card.
pub use crate::policy::Asking;
#[cfg(test)]
pub(crate) use crate::policy::{AskingRule, Policy, Preset};
pub use card::{Card, Picture, Record, Yes};
pub use desk::{Answer, Desk};
pub use edit::{EditRefused, Edited, Editing, Editor};
pub use error::{AskError, BeginError, DecideError};
pub use feed::{Feed, Notice, TenantNotice};
pub use grant::GrantRecord;
pub use granting::GrantError;
pub use ledger::{Changed, Filter, Ledger};
pub use limits::DeskLimits;
pub use machine::{Change, State};
pub use own_client::Offer;
pub use reach::Reach;
pub use running::Running;
pub use ticket::{Finish, Outcome, Permit, Ticket};
