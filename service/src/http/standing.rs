//! What a socket stands on: it outlives a request, and must outlive neither the key nor the link it came by.

use std::time::Duration;

use helmwatch_protocol::LinkId;
use tokio::sync::watch;

use super::Edge;
use super::door::Guest;
use crate::auth::{Authenticator, Caller, Links, Looking, link_over};
use crate::live::Ending;

/// How often a key is looked at that may have expired without anybody revoking it.
const KEY_LOOK: Duration = Duration::from_secs(30);

/// A key or a link, watched for as long as a socket is open.
pub(super) enum Standing {
    Key { auth: Authenticator, caller: Caller, revocations: watch::Receiver<u64> },
    Link { links: Links, id: LinkId, _looking: Looking },
}

impl Standing {
    pub(super) fn of(edge: &Edge, caller: &Caller, guest: Option<&Guest>) -> Self {
        match guest {
            Some(Guest(_, link)) => {
                Self::Link { links: edge.links.clone(), id: link.id.clone(), _looking: edge.links.looking(&link.id) }
            }
            None => Self::Key {
                auth: edge.auth.clone(),
                caller: caller.clone(),
                revocations: edge.auth.keyring().revocations(),
            },
        }
    }

    /// Returns when it is no longer good. Can be dropped at any time.
    pub(super) async fn over(&mut self) -> Ending {
        match self {
            Self::Key { auth, caller, revocations } => {
                while auth.still(caller) {
                    // Both ends of the wait lead to the same question; a ring that is gone has no good keys.
                    if let Ok(Err(_)) = tokio::time::timeout(KEY_LOOK, revocations.changed()).await {
                        break;
                    }
                }
                Ending::KeyGone
            }
            Self::Link { links, id, .. } => match links.over(id).await {
                Some(state) => Ending::LinkOver(link_over(state)),
                None => Ending::SessionOver("the session is over".to_owned()),
            },
        }
    }
}
