//! Claims about what is kept, on real files, and about the rooms that have it kept.

mod approvals;
mod audit;
mod grants;
mod keys;
mod opening;

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::{CardField, SessionId};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::approval::{Asking, AskingRule, Card, Desk, DeskLimits, Picture, Policy, Preset};
use crate::auth::{Authenticator, Caller, Human, KeyId, KeyTerms, Keyring, NewKey, Scope, Scopes, Tenant, WallClock};

async fn store(dir: &TempDir) -> Store {
    Store::open(dir.path(), Purpose::Service).await.expect("a store")
}

/// A statement nobody in the program makes: damage, or a look at what is there.
async fn meddle(store: &Store, sql: &str) {
    let mut writer = store.writer().await.expect("the writer");
    sqlx::query(AssertSqlSafe(sql)).execute(writer.connection()).await.expect("a statement");
}

async fn authenticator(store: &Store) -> Authenticator {
    let ring = Keyring::open(Arc::new(store.clone()), None, WallClock::system()).await.expect("a keyring");
    Authenticator::new(ring)
}

/// A caller as the program gets one: by a key that was made.
async fn caller(store: &Store, tenant: &str, scope: Scope) -> Caller {
    let door = authenticator(store).await;
    let new = NewKey {
        name: format!("{scope} of {tenant}"),
        tenant: Tenant::new(tenant),
        scopes: Scopes::default().with(scope),
        terms: KeyTerms::default(),
        expires_at: None,
    };
    let (_, secret) = door.keyring().create(new).await.expect("a key");
    door.by_bearer(secret.expose()).await.expect("a caller")
}

async fn human(store: &Store, tenant: &str) -> Human {
    caller(store, tenant, Scope::Approve).await.human().expect("a person")
}

/// A desk with its tasks, as the service runs it.
struct Running {
    desk: Desk,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn start(store: &Store, clock: WallClock) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let ledger = Arc::new(store.clone());
        let desk = Desk::open(ledger, DeskLimits::default(), clock, tasks.clone(), stop.clone()).await.expect("a desk");
        Self { desk, tasks, stop }
    }

    /// Ends it without a word to the ledger, as a kill would.
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn card(session: &str, tenant: &str, digest: u8) -> Card {
    Card {
        session: SessionId::from_random(session).expect("an id"),
        session_name: "default".into(),
        tenant: Tenant::new(tenant),
        owner: KeyId::new("agent"),
        tool: "browser_click".into(),
        summary: "Click button \"Buy now\"".into(),
        origin: "https://shop.test".into(),
        url: "https://shop.test/cart".into(),
        rule: "buying".into(),
        reason: "This looks like buying.".into(),
        asking: asking("buying"),
        editable: Vec::new(),
        editing: None,
        fields: vec![CardField { label: "Element".into(), value: "button \"Buy now\"".into() }],
        outline: None,
        picture: Some(Picture { jpeg: bytes::Bytes::from_static(b"\xff\xd8\xff"), width: 1280, height: 720 }),
        fingerprint: "f1".into(),
        arguments_digest: [digest; 32],
        ttl: Duration::from_secs(300),
    }
}

/// What the careful rules ask under this name.
fn asking(rule: &str) -> Asking {
    let mark = Policy::preset(Preset::Careful).mark_of(rule).expect("a rule that asks");
    Asking { rules: vec![AskingRule { name: rule.into(), mark }], approvers: 1, by: Vec::new() }
}
