//! Who is asking, while one HTTP request is served.

use std::sync::{Arc, OnceLock};

use super::sessions::Full;
use crate::auth::KeyId;

tokio::task_local! {
    /// The session manager is called by `rmcp` with an id and nothing else. It runs inside the request's own future, so
    /// what stands around the request reaches it here.
    static ASKING: Arc<Asking>;
}

/// One request, as far as legacy sessions are concerned.
#[derive(Debug)]
pub(super) struct Asking {
    /// The key that asks.
    pub owner: KeyId,
    /// Set when a session was asked for and there is no room; `rmcp` would make a 500 of it.
    pub full: OnceLock<Full>,
}

impl Asking {
    pub(super) fn new(owner: KeyId) -> Arc<Self> {
        Arc::new(Self { owner, full: OnceLock::new() })
    }

    /// Runs `request` with this around it.
    pub(super) async fn around<F: Future>(self: Arc<Self>, request: F) -> F::Output {
        ASKING.scope(self, request).await
    }

    /// The request being served. `None` outside of one: then there is nobody to give anything to.
    pub(super) fn current() -> Option<Arc<Self>> {
        ASKING.try_with(Arc::clone).ok()
    }
}
