//! Claims about looks at the store that many callers share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;
use crate::auth::NotKeptReason;

const ADMIN: &str = "hw_test_an_admin_key_for_these_tests";
/// How long a look takes.
const LOOK: Duration = Duration::from_millis(50);

/// A store that is slow to answer and can be out of order.
#[derive(Default)]
struct Slow {
    looks: AtomicUsize,
    broken: AtomicBool,
}

impl KeyStore for Slow {
    fn all(&self) -> Kept<'_, Vec<KeyRecord>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn insert<'a>(&'a self, _: &'a [KeyRecord]) -> Kept<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn revoke<'a>(&'a self, _: &'a KeyId, _: u64) -> Kept<'a, bool> {
        async { Ok(false) }.boxed()
    }

    fn generation(&self) -> Kept<'_, i64> {
        async {
            self.looks.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(LOOK).await;
            match self.broken.load(Ordering::SeqCst) {
                true => Err(NotKept { reason: NotKeptReason::Failed, what: "no disk".to_owned() }),
                false => Ok(1),
            }
        }
        .boxed()
    }
}

async fn ring() -> (Arc<Slow>, Keyring) {
    let store = Arc::new(Slow::default());
    let ring = Keyring::open(store.clone(), Some(ADMIN), WallClock::system()).await.unwrap();
    tokio::time::advance(FRESH_FOR).await;
    store.looks.store(0, Ordering::SeqCst);
    (store, ring)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_share_one_look() {
    let (store, ring) = ring().await;
    let began = Instant::now();
    let let_in = join_all((0..1_000).map(|_| ring.check(ADMIN))).await;
    assert!(let_in.iter().all(Result::is_ok));
    assert_eq!(store.looks.load(Ordering::SeqCst), 1);
    assert_eq!(began.elapsed(), LOOK);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_failed_lets_nobody_in_who_came_before_it_and_is_tried_again_for_who_comes_after() {
    let (store, ring) = ring().await;
    store.broken.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let let_in = join_all((0..1_000).map(|_| ring.check(ADMIN))).await;
    assert!(let_in.iter().all(|found| matches!(found, Err(AuthError::Unavailable(_)))));
    // The first's own, and one that began when all the others had come.
    assert!(store.looks.load(Ordering::SeqCst) <= 2, "{} looks", store.looks.load(Ordering::SeqCst));
    assert!(began.elapsed() <= LOOK * 2);
    store.broken.store(false, Ordering::SeqCst);
    assert!(ring.check(ADMIN).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_midway_leaves_the_look_to_the_next() {
    let (store, ring) = ring().await;
    assert!(tokio::time::timeout(LOOK / 2, ring.check(ADMIN)).await.is_err());
    assert!(ring.check(ADMIN).await.is_ok());
    assert_eq!(store.looks.load(Ordering::SeqCst), 2);
}
