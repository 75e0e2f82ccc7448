use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::auth::{AuthError, KeyError, KeyTerms, first_keys};

fn new_key(name: &str, scope: Scope) -> NewKey {
    NewKey {
        name: name.into(),
        tenant: Tenant::new("t"),
        scopes: Scopes::default().with(scope),
        terms: KeyTerms::default(),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_key_lets_in_until_it_is_revoked_and_only_its_hash_is_kept() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let door = authenticator(&store).await;
    let (info, secret) = door.keyring().create(new_key("ci", Scope::Agent)).await.expect("a key");
    let caller = door.by_bearer(secret.expose()).await.expect("a caller");
    assert_eq!((caller.name(), caller.tenant().as_str(), caller.key()), ("ci", "t", &info.id));
    assert!(caller.may(Scope::Agent) && !caller.may(Scope::Approve) && caller.human().is_none());
    assert!(door.still(&caller));
    assert!(!format!("{secret:?}{door_keys:?}", door_keys = door.keyring().list()).contains(&secret.expose()[20..]));

    let mut news = door.keyring().revocations();
    news.borrow_and_update();
    door.keyring().revoke(&info.id).await.expect("revoked");
    assert_eq!(door.by_bearer(secret.expose()).await, Err(AuthError::Revoked));
    assert!(!door.still(&caller) && news.has_changed().expect("the ring lives"));
    let missing = door.keyring().revoke(&KeyId::new("nobody")).await;
    assert!(matches!(missing, Err(KeyError::NotFound { .. })));

    store.close().await;
    let bytes = fs::read(dir.path().join("helmwatch.db")).expect("the file");
    let part = &secret.expose().as_bytes()[20..];
    assert!(!bytes.windows(part.len()).any(|window| window == part), "the secret is nowhere on the disk");
}

#[tokio::test]
async fn a_wrong_key_is_unknown_and_many_of_them_have_to_wait() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let door = authenticator(&store).await;
    let (info, secret) = door.keyring().create(new_key("ci", Scope::Agent)).await.expect("a key");
    for wrong in
        ["", "hw_", "hw__", "Bearer", &format!("hw_{}_x", info.id), &secret.expose()[1..], &"x".repeat(100_000)]
    {
        assert_eq!(door.by_bearer(wrong).await, Err(AuthError::Unknown));
    }
    for _ in 0..13 {
        drop(door.by_bearer("hw_a_b").await);
    }
    assert!(matches!(door.by_bearer("hw_a_b").await, Err(AuthError::TooMany { .. })));
    assert!(door.by_bearer(secret.expose()).await.is_ok(), "a right key is not locked out by others' mistakes");
    let bob = door.by_bearer(secret.expose()).await.expect("a caller");
    let code = door.issue_code(&bob);
    assert!(door.by_code(code.expose()).await.is_ok(), "nor is a login");
}

#[tokio::test]
async fn a_key_that_another_process_revokes_is_noticed_within_a_second() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let door = authenticator(&store).await;
    let (info, secret) = door.keyring().create(new_key("ci", Scope::Agent)).await.expect("a key");
    let caller = door.by_bearer(secret.expose()).await.expect("a caller");
    let tool = Store::open(dir.path(), Purpose::Tool).await.expect("a tool");
    let other = authenticator(&tool).await;
    other.keyring().revoke(&info.id).await.expect("revoked");
    let (_, late) = other.keyring().create(new_key("new", Scope::View)).await.expect("a key");
    let mut news = door.keyring().revocations();
    news.borrow_and_update();
    let watching = TaskTracker::new().spawn(door.clone().watch_keys());
    tokio::time::timeout(Duration::from_secs(5), news.changed()).await.expect("in time").expect("news");
    watching.abort();
    assert!(!door.still(&caller));
    assert_eq!(door.by_bearer(secret.expose()).await, Err(AuthError::Revoked));
    assert!(door.by_bearer(late.expose()).await.is_ok());
}

/// F37: also after the wall clock was set back.
#[tokio::test]
async fn an_expired_key_is_not_a_key() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let now = Arc::new(std::sync::atomic::AtomicU64::new(1_000));
    let seen = Arc::clone(&now);
    let clock = WallClock::new(move || seen.load(std::sync::atomic::Ordering::SeqCst));
    let ring = Keyring::open(Arc::new(store), None, clock).await.expect("a ring");
    assert!(!ring.has_keys());
    let door = Authenticator::new(ring);
    let (_, secret) = door
        .keyring()
        .create(NewKey { expires_at: Some(2_000_000), ..new_key("a", Scope::View) })
        .await
        .expect("a key");
    assert!(door.by_bearer(secret.expose()).await.is_ok());
    let login = door.by_key(secret.expose()).await.expect("a login");
    now.store(2_000_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(door.by_bearer(secret.expose()).await, Err(AuthError::Expired));
    assert_eq!(door.by_cookie(login.cookie.expose()).await, Err(AuthError::Expired), "the login ends with its key");
    assert!(!door.keyring().has_keys());
    now.store(1_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(door.by_bearer(secret.expose()).await, Err(AuthError::Expired), "an hour back gives nothing back");
    assert!(!door.keyring().has_keys());
    let past = door.keyring().create(NewKey { expires_at: Some(5), ..new_key("a", Scope::View) }).await;
    assert_eq!(past.map(drop), Err(KeyError::AlreadyExpired));
    let nothing = door.keyring().create(NewKey { scopes: Scopes::default(), ..new_key("a", Scope::View) }).await;
    assert_eq!(nothing.map(drop), Err(KeyError::NoScope));
    assert_eq!(door.keyring().create(new_key("a\nb", Scope::View)).await.map(drop), Err(KeyError::BadName));
}

#[tokio::test]
async fn a_code_logs_in_once_and_a_cookie_until_log_out() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let door = authenticator(&store).await;
    let (info, secret) = door.keyring().create(new_key("ann", Scope::Approve)).await.expect("a key");
    let caller = door.by_bearer(secret.expose()).await.expect("a caller");
    let code = door.issue_code(&caller);
    let login = door.by_code(code.expose()).await.expect("a login");
    assert_eq!(login.caller, caller);
    assert_eq!(door.by_code(code.expose()).await.map(drop), Err(AuthError::Unknown), "once");
    assert_eq!(door.by_cookie(login.cookie.expose()).await, Ok(caller.clone()));
    assert_eq!(door.by_cookie(secret.expose()).await, Err(AuthError::Unknown), "a key is no cookie");
    assert_eq!(door.by_bearer(login.cookie.expose()).await, Err(AuthError::Unknown), "a cookie is no key");
    door.log_out(login.cookie.expose());
    assert_eq!(door.by_cookie(login.cookie.expose()).await, Err(AuthError::Unknown));

    let again = door.by_key(secret.expose()).await.expect("a login");
    door.keyring().revoke(&info.id).await.expect("revoked");
    assert_eq!(door.by_cookie(again.cookie.expose()).await, Err(AuthError::Revoked));

    for _ in 0..19 {
        assert_eq!(door.by_code("guess").await.map(drop), Err(AuthError::Unknown));
    }
    assert!(matches!(door.by_code("guess").await.map(drop), Err(AuthError::TooMany { .. })));
}

#[tokio::test]
async fn the_configured_admin_key_works_and_is_never_kept() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let text = "hw_looks-like_one-of-ours-but-is-not";
    let ring = Keyring::open(Arc::new(store.clone()), Some(text), WallClock::system()).await.expect("a ring");
    assert!(ring.has_keys() && ring.list().is_empty());
    let door = Authenticator::new(ring);
    let caller = door.by_bearer(text).await.expect("admin");
    assert!(caller.may(Scope::Admin) && caller.human().is_some());
    let revoked = door.keyring().revoke(caller.key()).await;
    assert!(matches!(revoked, Err(KeyError::NotFound { .. })), "only the configuration takes it away");
    let short = Keyring::open(Arc::new(store), Some("admin"), WallClock::system()).await.map(drop);
    assert!(matches!(short, Err(KeyError::AdminKeyTooShort { .. })));
}

#[tokio::test]
async fn the_first_start_makes_keys_and_the_next_finds_the_same() {
    let dir = TempDir::new().expect("a folder");
    let mut texts = Vec::new();
    for start in 0..2 {
        let store = store(&dir).await;
        let ring = Keyring::open(Arc::new(store.clone()), None, WallClock::system()).await.expect("a ring");
        let first = first_keys(&ring, dir.path()).await.expect("keys");
        assert_eq!(first.made, start == 0);
        let (admin, admin_caller) = first.admin.expect("an admin key");
        let (agent, agent_caller) = first.agent.expect("an agent key");
        assert!(admin_caller.human().is_some() && agent_caller.human().is_none());
        assert!(!agent_caller.may(Scope::View));
        texts.push((admin.expose().to_owned(), agent.expose().to_owned()));
        if start == 1 {
            // The operator takes the agent's key away: it is not made again behind their back.
            ring.revoke(agent_caller.key()).await.expect("revoked");
            assert!(first_keys(&ring, dir.path()).await.expect("keys").agent.is_none());
        }
        store.close().await;
    }
    assert_eq!(texts[0], texts[1]);
    for file in ["admin.key", "agent.key"] {
        let mode = fs::metadata(dir.path().join(file)).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
