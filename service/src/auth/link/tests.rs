//! Claims about links, with keys kept in memory.

use super::super::{Kept, KeyRecord, KeyStore, KeyTerms, NewKey};
use super::*;

struct InMemory;

impl KeyStore for InMemory {
    fn all(&self) -> Kept<'_, Vec<KeyRecord>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn insert<'a>(&'a self, _: &'a [KeyRecord]) -> Kept<'a, ()> {
        Box::pin(async { Ok(()) })
    }
    fn revoke<'a>(&'a self, _: &'a KeyId, _: u64) -> Kept<'a, bool> {
        Box::pin(async { Ok(true) })
    }
    fn generation(&self) -> Kept<'_, i64> {
        Box::pin(async { Ok(1) })
    }
}

async fn links() -> (Links, Keyring) {
    let ring = Keyring::open(Arc::new(InMemory), None, WallClock::new(|| 1_000)).await.unwrap();
    let limits = LinkLimits { per_session_max: 2, ttl_max: Duration::from_secs(100) };
    (Links::new(ring.clone(), limits, WallClock::new(|| 1_000)), ring)
}

async fn person(ring: &Keyring, scopes: &[Scope]) -> Caller {
    let (name, tenant) = ("ops".to_owned(), Tenant::new("a"));
    let scopes = scopes.iter().copied().collect();
    let new = NewKey { name, tenant, scopes, terms: KeyTerms::default(), expires_at: None };
    let (info, _) = ring.create(new).await.unwrap();
    ring.caller_of(&info.id).unwrap()
}

fn session() -> SessionId {
    "s_1".parse().unwrap()
}

fn wanted(access: LinkAccess, seconds: u64) -> NewLink {
    NewLink { access, ttl: Duration::from_secs(seconds), name: Some("Ben".to_owned()) }
}

fn make(links: &Links, maker: &Caller, access: LinkAccess) -> Result<(LinkView, Secret), LinkError> {
    links.make(maker, &session(), &Tenant::new("a"), &wanted(access, 10))
}

#[tokio::test(start_paused = true)]
async fn a_link_gives_its_session_and_its_access_until_its_time_is_over() {
    let (links, ring) = links().await;
    let maker = person(&ring, &[Scope::Admin]).await;
    let (view, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    let (guest, _) = links.open(secret.expose()).await.unwrap();
    assert_eq!((guest.only(), guest.may(Scope::View)), (Some(&session()), true));
    for more in [Scope::Control, Scope::Approve, Scope::Agent, Scope::Admin] {
        assert!(!guest.may(more), "an admin's link is no admin's key: {more}");
    }
    assert!(guest.human().is_none() && !Links::may_give(&guest, LinkAccess::View), "it makes no further links");
    assert_eq!(links.over(&view.id).await, Some(LinkState::Expired), "told when it happens");
    let refused = links.open(secret.expose()).await.unwrap_err();
    assert!(matches!(refused, LinkRefusal::Over { worth_telling: true, .. }), "{refused:?}");
}

/// F37: a link ends by whichever clock is first, and a clock set back gives it nothing.
#[tokio::test(start_paused = true)]
async fn a_link_ends_by_the_clock_that_is_first() {
    let wall = Arc::new(std::sync::atomic::AtomicU64::new(7_200_000));
    let clock = {
        let wall = Arc::clone(&wall);
        WallClock::new(move || wall.load(std::sync::atomic::Ordering::SeqCst))
    };
    let ring = Keyring::open(Arc::new(InMemory), None, clock.clone()).await.unwrap();
    let limits = LinkLimits { per_session_max: 2, ttl_max: Duration::from_secs(100) };
    let links = Links::new(ring.clone(), limits, clock);
    let maker = person(&ring, &[Scope::Admin]).await;
    let over = |refused: Result<_, LinkRefusal>| matches!(refused, Err(LinkRefusal::Over { .. }));

    let (_, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    wall.store(3_600_000, std::sync::atomic::Ordering::SeqCst);
    assert!(links.open(secret.expose()).await.is_ok());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(over(links.open(secret.expose()).await.map(drop)), "an hour back, and ten seconds are ten seconds");

    let (_, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    assert!(links.open(secret.expose()).await.is_ok(), "a link made after the clock was set back is good");

    wall.store(7_300_000, std::sync::atomic::Ordering::SeqCst);
    let (_, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    assert!(links.open(secret.expose()).await.is_ok());
    wall.store(7_310_000, std::sync::atomic::Ordering::SeqCst);
    assert!(over(links.open(secret.expose()).await.map(drop)), "the machine slept: its monotonic clock stood still");
}

#[tokio::test]
async fn secrets_that_are_cut_altered_or_made_up_open_nothing() {
    let (links, ring) = links().await;
    let maker = person(&ring, &[Scope::View]).await;
    let (_, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    let text = secret.expose();
    let mut altered = text.to_owned().into_bytes();
    *altered.last_mut().unwrap() ^= 1;
    let altered = String::from_utf8(altered).unwrap();
    let long = format!("{text}{}", "a".repeat(600));
    for wrong in [&text[..text.len() - 1], &altered, &long, "hwlink_", "hwlink__", "hwlink_x_y", ""] {
        assert_eq!(links.open(wrong).await.unwrap_err(), LinkRefusal::Unknown, "{wrong}");
    }
    for _ in 0..30 {
        drop(links.open("hwlink_0_0").await);
    }
    assert!(matches!(links.open("hwlink_0_0").await, Err(LinkRefusal::TooMany { .. })));
    assert!(links.open(text).await.is_ok(), "who holds the right one is not locked out by others");
}

#[tokio::test]
async fn nobody_gives_away_what_they_do_not_have() {
    let (links, ring) = links().await;
    for scopes in [&[Scope::Agent][..], &[Scope::Approve], &[Scope::Control]] {
        let maker = person(&ring, scopes).await;
        assert_eq!(make(&links, &maker, LinkAccess::View).unwrap_err(), LinkError::NotYours);
    }
    let viewer = person(&ring, &[Scope::View]).await;
    assert_eq!(make(&links, &viewer, LinkAccess::Control).unwrap_err(), LinkError::NotYours);
    for seconds in [0, 101] {
        let made = links.make(&viewer, &session(), &Tenant::new("a"), &wanted(LinkAccess::View, seconds));
        assert_eq!(made.unwrap_err(), LinkError::BadTime { seconds_max: 100 });
    }
}

#[tokio::test]
async fn there_are_never_more_than_may_be_and_ended_ones_do_not_pile_up() {
    let (links, ring) = links().await;
    let maker = person(&ring, &[Scope::View]).await;
    let first = make(&links, &maker, LinkAccess::View).unwrap().0;
    make(&links, &maker, LinkAccess::View).unwrap();
    assert_eq!(make(&links, &maker, LinkAccess::View).unwrap_err(), LinkError::Full { count_max: 2 });
    links.revoke(&first.id);
    for _ in 0..50 {
        let (link, _) = make(&links, &maker, LinkAccess::View).unwrap();
        links.revoke(&link.id);
    }
    assert!(links.of(&session()).len() <= 2 * ENDED_TO_GOOD + 2);
    links.forget(&session());
    assert!(links.of(&session()).is_empty());
}

#[tokio::test]
async fn a_link_ends_with_its_session_when_revoked_and_with_its_makers_key() {
    let (links, ring) = links().await;
    let maker = person(&ring, &[Scope::View]).await;
    let (one, _) = make(&links, &maker, LinkAccess::View).unwrap();
    let (other, secret) = make(&links, &maker, LinkAccess::View).unwrap();
    links.revoke(&one.id);
    assert_eq!(links.over(&one.id).await, Some(LinkState::Revoked));
    let (ended, ()) = tokio::join!(links.over(&other.id), async { ring.revoke(maker.key()).await.unwrap() });
    assert_eq!(ended, Some(LinkState::MakerGone));
    assert!(links.open(secret.expose()).await.is_err());
    links.forget(&session());
    assert_eq!(links.over(&other.id).await, None);
}
