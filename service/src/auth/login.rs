//! One-time codes and cookies of people who look. In memory: after a restart everybody logs in again.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::key::{SECRET_BYTES_MAX, SecretHash};
use super::{KeyId, Secret};

/// Passes of one kind: a secret, kept as its hash, that stands for a key until its time is over.
#[derive(Debug)]
pub(super) struct Passes {
    passes: HashMap<[u8; 32], Pass>,
    /// When one more comes, the one that ends first goes.
    count_max: usize,
    good_for: Duration,
}

#[derive(Debug)]
struct Pass {
    key: KeyId,
    ends_at: Instant,
}

impl Passes {
    pub(super) fn new(count_max: usize, good_for: Duration) -> Self {
        Self { passes: HashMap::new(), count_max, good_for }
    }

    pub(super) fn issue(&mut self, key: KeyId, now: Instant) -> Secret {
        self.passes.retain(|_, pass| pass.ends_at > now);
        if self.passes.len() >= self.count_max {
            let first = self.passes.iter().min_by_key(|(_, pass)| pass.ends_at).map(|(hash, _)| *hash);
            first.and_then(|hash| self.passes.remove(&hash));
        }
        let secret = Secret::random();
        self.passes.insert(SecretHash::of(secret.expose()).0, Pass { key, ends_at: now + self.good_for });
        secret
    }

    /// Whose it is. Looked up by its hash, so the time it takes says nothing about the secret.
    pub(super) fn look_up(&self, text: &str, now: Instant) -> Option<&KeyId> {
        let pass = self.passes.get(&hash(text)?)?;
        (pass.ends_at > now).then_some(&pass.key)
    }

    /// Whose it is, for the first and last time.
    pub(super) fn take(&mut self, text: &str, now: Instant) -> Option<KeyId> {
        let pass = self.passes.remove(&hash(text)?)?;
        (pass.ends_at > now).then_some(pass.key)
    }

    pub(super) const fn good_for(&self) -> Duration {
        self.good_for
    }
}

fn hash(text: &str) -> Option<[u8; 32]> {
    (text.len() <= SECRET_BYTES_MAX).then(|| SecretHash::of(text).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_end_are_taken_once_and_are_bounded() {
        let now = Instant::now();
        let mut passes = Passes::new(3, Duration::from_secs(10));
        let first = passes.issue(KeyId::new("a"), now);
        let others: Vec<Secret> = (1..4).map(|s| passes.issue(KeyId::new("b"), now + Duration::from_secs(s))).collect();
        assert_eq!(passes.look_up(first.expose(), now), None, "the oldest made room");
        assert_eq!(passes.take(others[0].expose(), now), Some(KeyId::new("b")));
        assert_eq!(passes.take(others[0].expose(), now), None);
        assert!(passes.look_up(others[2].expose(), now + Duration::from_secs(12)).is_some());
        assert!(passes.look_up(others[2].expose(), now + Duration::from_secs(13)).is_none());
        assert_eq!(passes.take("", now), None);
    }
}
