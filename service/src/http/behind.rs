//! What this edge asks of the rooms behind it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use helmwatch_protocol::{
    ApprovalId, ApprovalState, ApprovalView, DecisionRequest, LoginRequest, OpenRequest, PoolPatch, PoolView, SessionId,
    SessionView,
};

use super::Refusal;
use crate::auth::{Caller, Human};
use crate::live::{Sessions as Listed, Watched};

/// An answer that is waited for; refusals are already in the words of this edge.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// Who is let in.
pub trait Door: Send + Sync + 'static {
    /// Whose key this is; `None` when it is unknown, revoked or expired.
    fn by_key<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Caller>>;
    /// Whose login this cookie is.
    fn by_cookie<'a>(&'a self, cookie: &'a str) -> Answer<'a, Option<Caller>>;
    /// Takes a key or a one-time code for a cookie's value; `None` when it is wrong.
    fn log_in(&self, request: LoginRequest) -> Answer<'_, Option<(String, Caller)>>;
    /// Ends a login.
    fn log_out<'a>(&'a self, cookie: &'a str) -> Answer<'a, ()>;
}

/// The sessions.
pub trait Sessions: Listed {
    /// Opens one.
    fn open<'a>(&'a self, caller: &'a Caller, request: OpenRequest) -> Answer<'a, SessionView>;
    /// One that this caller may see; another's reads as none.
    fn find(&self, caller: &Caller, id: &SessionId) -> Option<Arc<dyn Watched>>;
    /// Closes one; `false` when there is none that this caller may close.
    fn close<'a>(&'a self, caller: &'a Caller, id: &'a SessionId) -> Answer<'a, bool>;
}

/// How a decision went.
#[derive(Debug)]
pub enum Decided {
    /// It holds.
    Now(ApprovalView),
    /// It was over before; this is how it stands.
    Before(ApprovalView),
}

/// The held calls.
pub trait Approvals: Send + Sync + 'static {
    /// Those that this caller may see, newest first.
    fn list<'a>(&'a self, caller: &'a Caller, state: Option<ApprovalState>) -> Answer<'a, Vec<ApprovalView>>;
    /// One; another tenant's reads as none.
    fn get<'a>(&'a self, caller: &'a Caller, id: &'a ApprovalId) -> Answer<'a, Option<ApprovalView>>;
    /// Its picture, JPEG.
    fn picture<'a>(&'a self, caller: &'a Caller, id: &'a ApprovalId) -> Answer<'a, Option<Bytes>>;
    /// A person's decision; `None` when there is no such one.
    fn decide<'a>(
        &'a self,
        human: &'a Human,
        id: &'a ApprovalId,
        request: DecisionRequest,
    ) -> Answer<'a, Option<Decided>>;
}

/// The pool's limits.
pub trait Limits: Send + Sync + 'static {
    /// The numbers now.
    fn view(&self) -> PoolView;
    /// Moves limits and answers the numbers then.
    ///
    /// # Errors
    /// A refusal (422) when one is out of its range; nothing is changed then.
    fn change(&self, patch: PoolPatch) -> Result<PoolView, Refusal>;
}

/// Why the service is not ready, one line each; empty when it is.
pub trait Readiness: Send + Sync + 'static {
    fn missing(&self) -> Vec<String>;
}
