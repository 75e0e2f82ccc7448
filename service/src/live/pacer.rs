//! When the next frame goes to one viewer. Pure: told the time, never looks at a clock, never waits.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send the newest frame there is, then say so with [`Pacer::sent`].
    Send,
    /// A newer frame is there, its turn comes at this time (frame cap).
    WaitUntil(Instant),
    /// As many frames are under way as may be; without an acknowledgement by this time the viewer is stalled.
    WaitForAck(Instant),
    /// Nothing new to send. With a time: frames are under way, and without an acknowledgement by then the viewer is stalled.
    Idle(Option<Instant>),
    /// The viewer has made no progress for too long: close it.
    Stalled,
}

/// One frame under way to the viewer.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    sequence: u64,
    sent_at: Instant,
}

/// Paces one viewer: never more than so many frames under way, never faster than the cap, always the newest.
#[derive(Debug)]
pub struct Pacer {
    in_flight_max: usize,
    stall: Duration,
    interval: Duration,
    /// Sent and not acknowledged, oldest first; at most `in_flight_max`.
    under_way: VecDeque<UnderWay>,
    /// Newest frame there is and not sent; older ones are forgotten.
    newest: Option<u64>,
    /// Before this time nothing is sent: the frame cap.
    next_at: Option<Instant>,
    /// When the viewer last showed that it is alive while frames were under way; `None` while none are.
    progress_at: Option<Instant>,
}

impl Pacer {
    /// A pacer for a new viewer. `fps` of `None` is no cap; `fps` and `in_flight_max` of 0 count as 1.
    #[must_use]
    pub fn new(fps: Option<u32>, in_flight_max: u32, stall: Duration) -> Self {
        Self {
            in_flight_max: in_flight_max.max(1) as usize,
            stall,
            interval: interval(fps),
            under_way: VecDeque::new(),
            newest: None,
            next_at: None,
            progress_at: None,
        }
    }

    /// Moves the frame cap; it counts from the next frame on.
    pub fn set_fps(&mut self, fps: Option<u32>) {
        self.interval = interval(fps);
    }

    /// A newer frame is there.
    pub fn offer(&mut self, sequence: u64) {
        self.newest = Some(sequence);
    }

    /// The viewer looks at another page: what was not sent of the old one never will be. Frames under way stay counted.
    pub fn forget_unsent(&mut self) {
        self.newest = None;
    }

    /// What to do at `now`.
    #[must_use]
    pub fn next(&self, now: Instant) -> Step {
        let stalled_at = self.progress_at.map(|since| since + self.stall);
        if stalled_at.is_some_and(|at| now >= at) {
            return Step::Stalled;
        }
        if self.newest.is_none() {
            return Step::Idle(stalled_at);
        }
        if let Some(at) = stalled_at
            && self.under_way.len() >= self.in_flight_max
        {
            return Step::WaitForAck(at);
        }
        match self.next_at {
            Some(at) if now < at => Step::WaitUntil(at),
            _ => Step::Send,
        }
    }

    /// A frame was handed to the socket.
    pub fn sent(&mut self, sequence: u64, now: Instant) {
        if self.newest == Some(sequence) {
            self.newest = None;
        }
        self.under_way.push_back(UnderWay { sequence, sent_at: now });
        self.progress_at.get_or_insert(now);
        // Counted from when it was due, so that a late wake-up does not lower the rate; never a burst to catch up.
        let due = self.next_at.filter(|at| now < *at + self.interval).unwrap_or(now);
        self.next_at = Some(due + self.interval);
    }

    /// The viewer has this frame, and every older one, on the screen. Says how long it was under way; `None` when it was not
    /// (an acknowledgement that comes twice, or of a frame never sent, changes nothing).
    pub fn acknowledged(&mut self, sequence: u64, now: Instant) -> Option<Duration> {
        // The first match, not a comparison: numbers of two pages can be under way at once.
        let at = self.under_way.iter().position(|frame| frame.sequence == sequence)?;
        let frame = self.under_way.drain(..=at).next_back()?;
        self.progress_at = if self.under_way.is_empty() { None } else { Some(now) };
        Some(now.saturating_duration_since(frame.sent_at))
    }

    /// Frames sent and not acknowledged.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }
}

fn interval(fps: Option<u32>) -> Duration {
    fps.map_or(Duration::ZERO, |fps| Duration::from_secs(1) / fps.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STALL: Duration = Duration::from_secs(10);

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_newest_goes_and_what_it_replaced_never_does() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Some(10), 2, STALL);
        assert_eq!(pacer.next(start), Step::Idle(None));
        pacer.offer(1);
        pacer.offer(2);
        assert_eq!(pacer.next(start), Step::Send);
        pacer.sent(2, start);
        assert_eq!(pacer.next(start), Step::Idle(Some(start + STALL)));
        pacer.offer(3);
        assert_eq!(pacer.next(start + ms(20)), Step::WaitUntil(start + ms(100)));
        assert_eq!(pacer.next(start + ms(100)), Step::Send);
    }

    #[test]
    fn a_viewer_that_does_not_acknowledge_gets_no_more_and_is_closed() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Some(1_000), 2, STALL);
        for sequence in [1, 2] {
            pacer.offer(sequence);
            pacer.sent(sequence, start + ms(sequence));
        }
        pacer.offer(3);
        assert_eq!(pacer.next(start + ms(50)), Step::WaitForAck(start + ms(1) + STALL));
        assert_eq!(pacer.acknowledged(1, start + ms(60)), Some(ms(59)));
        assert_eq!(pacer.next(start + ms(60)), Step::Send);
        pacer.sent(3, start + ms(60));
        assert_eq!(pacer.next(start + ms(60) + STALL), Step::Stalled);
    }

    #[test]
    fn one_who_has_seen_everything_is_not_stalled_by_a_quiet_page() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Some(30), 2, STALL);
        pacer.offer(1);
        pacer.sent(1, start);
        pacer.acknowledged(1, start + ms(5));
        assert_eq!(pacer.next(start + STALL * 100), Step::Idle(None));
    }

    #[test]
    fn an_acknowledgement_of_nothing_changes_nothing() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Some(30), 1, STALL);
        pacer.offer(5);
        pacer.sent(5, start);
        assert_eq!(pacer.acknowledged(99, start), None);
        assert_eq!(pacer.acknowledged(4, start), None);
        assert_eq!(pacer.under_way(), 1);
        assert!(pacer.acknowledged(5, start).is_some());
        assert_eq!(pacer.acknowledged(5, start), None);
    }

    proptest! {
        /// Whatever frames and acknowledgements come, in whatever order: never more under way than agreed, never above the cap,
        /// and numbers of one page only go up.
        #[test]
        fn the_limits_hold(steps in prop::collection::vec((0u8..3, 0u64..40), 1..400), fps in 1u32..60, in_flight in 1u32..4) {
            let start = Instant::now();
            let mut now = start;
            let mut pacer = Pacer::new(Some(fps), in_flight, STALL);
            let (mut made, mut sent) = (0, Vec::<(u64, Instant)>::new());
            for (what, amount) in steps {
                now += ms(amount);
                match what {
                    0 => { made += 1; pacer.offer(made); }
                    1 => { if let Some((sequence, _)) = sent.last() { pacer.acknowledged(*sequence, now); } }
                    _ => { pacer.acknowledged(amount, now); }
                }
                if pacer.next(now) == Step::Send {
                    pacer.sent(made, now);
                    sent.push((made, now));
                }
                prop_assert!(pacer.under_way() <= in_flight as usize);
            }
            prop_assert!(sent.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let allowed = (now - start).as_secs_f64() * f64::from(fps) + 1.0;
            prop_assert!(sent.len() as f64 <= allowed + 1e-6, "{} sent, {allowed} allowed", sent.len());
        }
    }
}
