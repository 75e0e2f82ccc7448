//! When Chromium's live frames may be acknowledged. Pure: told the time.
//!
//! Chromium draws on while a few frames are unacknowledged, then drops what it draws, the last picture of a burst too. So
//! whoever holds frames back must know when something may have been missed.

use std::time::Duration;

use tokio::time::Instant;

/// Spaces acknowledgements.
#[derive(Debug, Default)]
pub(super) struct Brake {
    /// When the last acknowledgement was due.
    last: Option<Instant>,
    behind: bool,
}

impl Brake {
    /// When the frame whose turn it is may be acknowledged, at this time between two.
    pub fn release_at(&self, now: Instant, interval: Duration) -> Instant {
        self.last.map_or(now, |last| (last + interval).max(now))
    }

    /// A frame was acknowledged: was it held back, and do more wait?
    pub fn released(&mut self, now: Instant, interval: Duration, held_back: bool, more_wait: bool) {
        // Counted from when it was due, so that a late wake-up does not lower the rate; never a burst to catch up.
        let due = self.last.map(|last| last + interval).filter(|due| now < *due + interval);
        self.last = Some(due.unwrap_or(now));
        match (held_back, more_wait) {
            (true, true) => self.behind = true,
            // It came when there was room: it shows whatever was dropped before it, or later.
            (false, _) => self.behind = false,
            (true, false) => {}
        }
    }

    /// May Chromium have dropped a frame later than the last one that came?
    pub fn is_behind(&self) -> bool {
        self.behind
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EACH: Duration = Duration::from_millis(100);

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_frame_after_a_quiet_time_goes_at_once() {
        let start = Instant::now();
        let mut brake = Brake::default();
        assert_eq!(brake.release_at(start, EACH), start);
        brake.released(start, EACH, false, false);
        assert_eq!(brake.release_at(start + ms(30), EACH), start + EACH);
        assert_eq!(brake.release_at(start + ms(300), EACH), start + ms(300));
    }

    #[test]
    fn whoever_wants_more_frames_does_not_wait_for_the_old_rate() {
        let start = Instant::now();
        let mut brake = Brake::default();
        brake.released(start, EACH, false, false);
        assert_eq!(brake.release_at(start + ms(10), ms(16)), start + ms(16));
    }

    #[test]
    fn a_queue_that_formed_may_have_cost_a_frame_and_one_that_came_freely_makes_it_good() {
        let start = Instant::now();
        let mut brake = Brake::default();
        brake.released(start, EACH, false, true);
        assert!(!brake.is_behind());
        brake.released(start + EACH, EACH, true, true);
        brake.released(start + EACH * 2, EACH, true, false);
        assert!(brake.is_behind(), "the last of a queue may be older than what was dropped");
        brake.released(start + EACH * 9, EACH, false, false);
        assert!(!brake.is_behind());
        brake.released(start + EACH * 10, EACH, true, false);
        assert!(!brake.is_behind(), "one alone leaves room for the next");
    }

    proptest! {
        /// However frames come and however late the wake-ups are: never more than the rate, and no burst later.
        #[test]
        fn never_faster_than_wanted(gaps in prop::collection::vec((0u64..300, 0u64..30), 1..200)) {
            let start = Instant::now();
            let mut brake = Brake::default();
            let (mut now, mut released) = (start, 0u32);
            for (gap, late) in gaps {
                now += ms(gap);
                let at = brake.release_at(now, EACH);
                let held_back = at > now;
                now = at + ms(late);
                brake.released(now, EACH, held_back, false);
                released += 1;
                prop_assert!(now - start + EACH >= EACH * (released - 1), "{released} after {:?}", now - start);
            }
        }
    }
}
