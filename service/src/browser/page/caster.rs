//! How the screencast of one tab is run. Pure: told what came and the time, it says what to send to Chromium.
//!
//! Three paces, by what the one who wants most wants:
//! - **as they come**: every frame is acknowledged at once, and Chromium makes as many as it can;
//! - **braked**: acknowledgements are held back to the wanted rate;
//! - **sparing**, for thumbnails: the cast is stopped after each picture and started again for the next one. A cast that only
//!   waits for acknowledgements costs Chromium nearly as much as a full one, because it captures every painted frame and drops
//!   it; a stopped one costs nothing. A cast that starts sends the page as it is, so the last picture of a burst is never missed,
//!   and a start on a page that stands still brings the same bytes again: then it is left running until something changes.
//!
//! A cast may stop sending without a word (a lost acknowledgement, a renderer that was swapped): when no frame came for
//! [`SILENT_MAX`] although the page changed, it is started anew.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::brake::Brake;

/// Up to this many frames a second the cast is run sparingly. Above it the starts would cost more than they save (measured: 10 a
/// second come as asked, at 20 a second a start is not done before the next one is due).
const SPARING_FPS_MAX: u32 = 10;
/// Frames that may wait for their acknowledgement. Chromium leaves about four open; one more than this is acknowledged at once.
const FRAMES_HELD_MAX: usize = 16;
/// After frames were held back and none came for this long, the page stands still: its last picture may be one that Chromium dropped.
const QUIET: Duration = Duration::from_millis(250);
/// No frame for this long: how much the page has changed until now is noted.
const SILENT: Duration = Duration::from_secs(1);
/// No frame for this long although the page changed: the cast is started anew. A cast that never brought a first frame is, too.
const SILENT_MAX: Duration = Duration::from_secs(5);
/// A larger picture is asked for this long after the last start at the earliest.
const GROW_AFTER: Duration = Duration::from_millis(150);
/// A smaller picture, likewise: whoever reloads the page wants the large one again at once.
const SHRINK_AFTER: Duration = Duration::from_secs(1);

/// What watchers want of a picture; of several watchers, the most of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// Frames a second; `None`: as many as Chromium makes.
    pub fps: Option<u32>,
    /// Width, device pixels.
    pub width: u32,
}

/// What to do now, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// `Page.screencastFrameAck`.
    Acknowledge(i64),
    /// `Page.startScreencast`, at most this wide.
    Start(u32),
    /// The same, because it fell silent.
    Revive(u32),
    /// `Page.stopScreencast`.
    Stop,
    /// Ask the page how much it has changed, for [`Caster::changes`].
    CountChanges,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Show it.
    News,
    /// Acknowledged and dropped: the same picture again, or one of a cast that ended.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AsTheyCome,
    Braked(Duration),
    Sparing(Duration),
}

/// The state of one tab's cast, from its first watcher to its last.
#[derive(Debug)]
pub(super) struct Caster {
    wish: Wish,
    /// The width it runs with; `None` while it is stopped.
    running: Option<u32>,
    started_at: Instant,
    /// Sparing: when the next picture is due.
    due: Instant,
    /// Frames of this cast and of older ones are late. Chromium numbers its casts, not its frames.
    over: i64,
    /// The number of the cast that runs, once a frame told it.
    number: Option<i64>,
    /// Frames since the start.
    came: u32,
    came_at: Instant,
    /// Frames not acknowledged, as they came; at most [`FRAMES_HELD_MAX`].
    held: VecDeque<(i64, Instant)>,
    brake: Brake,
    /// What the page said when it was silent for [`SILENT`].
    changes: Option<u64>,
    /// When the page is asked next.
    ask_at: Instant,
}

impl Caster {
    /// A cast that was just started for its first watcher.
    pub fn begun(wish: Wish, now: Instant) -> (Self, Deed) {
        let caster = Self {
            wish,
            running: Some(wish.width),
            started_at: now,
            due: now,
            over: i64::MIN,
            number: None,
            came: 0,
            came_at: now,
            held: VecDeque::new(),
            brake: Brake::default(),
            changes: None,
            ask_at: now + SILENT,
        };
        (caster, Deed::Start(wish.width))
    }

    /// Casts up to this number, of an earlier audience, are over.
    pub fn after(&mut self, over: i64) {
        self.over = over;
    }

    /// The newest cast there was, for the next audience.
    pub fn last_number(&self) -> i64 {
        self.number.unwrap_or(self.over)
    }

    /// What the watchers want now.
    pub fn wants(&mut self, wish: Wish) {
        self.wish = wish;
    }

    /// A frame of the cast `number` came; `same`: it shows what the last one showed, byte for byte.
    pub fn frame(&mut self, number: i64, same: bool, now: Instant, deeds: &mut Vec<Deed>) -> Verdict {
        if number <= self.over {
            deeds.push(Deed::Acknowledge(number));
            return Verdict::Nothing;
        }
        self.number = Some(number);
        self.came += 1;
        self.came_at = now;
        self.ask_at = now + SILENT;
        self.changes = None;
        match self.pace() {
            Pace::AsTheyCome => deeds.push(Deed::Acknowledge(number)),
            Pace::Braked(_) if self.held.len() < FRAMES_HELD_MAX => self.held.push_back((number, now)),
            Pace::Braked(_) => deeds.push(Deed::Acknowledge(number)),
            Pace::Sparing(interval) => {
                deeds.push(Deed::Acknowledge(number));
                // The first after a start shows the page as it is. When that is nothing new, the page stands still.
                if !same || self.came > 1 {
                    self.stop(deeds);
                    // Counted from when it was due, so that a slow start does not lower the rate; never a burst to catch up.
                    let from = if now < self.due + interval { self.due } else { now };
                    self.due = from + interval;
                }
            }
        }
        if same { Verdict::Nothing } else { Verdict::News }
    }

    /// The page draws nothing: a cast that starts makes it.
    pub fn kick(&mut self, now: Instant, deeds: &mut Vec<Deed>) {
        if self.running.is_some() {
            self.stop(deeds);
        }
        self.start(now, deeds);
    }

    /// What is due at `now`.
    pub fn tick(&mut self, now: Instant, deeds: &mut Vec<Deed>) {
        self.release(now, deeds);
        let Some(width) = self.running else {
            if self.next_start() <= now {
                self.start(now, deeds);
            }
            return;
        };
        let resized = width != self.wish.width && self.resize_at() <= now;
        let dropped_one = self.brake.is_behind() && self.held.is_empty() && self.came_at + QUIET <= now;
        if self.came == 0 && self.started_at + SILENT_MAX <= now {
            self.revive(now, deeds);
            // Should Chromium ever count its casts anew, all of them would look late.
            self.over = i64::MIN;
        } else if resized || dropped_one {
            self.stop(deeds);
            self.start(now, deeds);
        } else if self.ask_at <= now {
            // Once early, for a number to compare with; then as often as the cast may be silent.
            let compare_at = self.quiet_since() + SILENT_MAX;
            self.ask_at = if now < compare_at { compare_at } else { now + SILENT_MAX };
            deeds.push(Deed::CountChanges);
        }
    }

    /// The page's answer to [`Deed::CountChanges`].
    pub fn changes(&mut self, count: u64, now: Instant, deeds: &mut Vec<Deed>) {
        if self.running.is_none() || now < self.quiet_since() + SILENT {
            return;
        }
        match self.changes {
            None => self.changes = Some(count),
            Some(before) if before != count && self.quiet_since() + SILENT_MAX <= now => self.revive(now, deeds),
            Some(_) => {}
        }
    }

    /// The page did not answer [`Deed::CountChanges`]: it is asked again soon.
    pub fn unanswered(&mut self, now: Instant) {
        self.ask_at = self.ask_at.min(now + SILENT);
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_at(&self) -> Instant {
        let Some(width) = self.running else { return self.next_start() };
        let mut at = self.ask_at;
        if self.came == 0 {
            at = at.min(self.started_at + SILENT_MAX);
        }
        if width != self.wish.width {
            at = at.min(self.resize_at());
        }
        if let (Some((_, came)), Some(interval)) = (self.held.front(), self.interval()) {
            at = at.min(self.brake.release_at(*came, interval));
        } else if self.brake.is_behind() {
            at = at.min(self.came_at + QUIET);
        }
        at
    }

    fn pace(&self) -> Pace {
        match self.wish.fps {
            None => Pace::AsTheyCome,
            Some(fps) if fps <= SPARING_FPS_MAX => Pace::Sparing(each(fps)),
            Some(fps) => Pace::Braked(each(fps)),
        }
    }

    /// The time between two acknowledgements of what is held.
    fn interval(&self) -> Option<Duration> {
        match self.pace() {
            Pace::Braked(interval) => Some(interval),
            // Nothing is held back any more.
            Pace::AsTheyCome | Pace::Sparing(_) => (!self.held.is_empty()).then_some(Duration::ZERO),
        }
    }

    fn next_start(&self) -> Instant {
        match self.pace() {
            Pace::Sparing(_) => self.due,
            // Somebody wants more than thumbnails now.
            Pace::AsTheyCome | Pace::Braked(_) => self.started_at,
        }
    }

    fn resize_at(&self) -> Instant {
        let grows = self.running.is_some_and(|width| width < self.wish.width);
        self.started_at + if grows { GROW_AFTER } else { SHRINK_AFTER }
    }

    fn quiet_since(&self) -> Instant {
        self.came_at.max(self.started_at)
    }

    fn release(&mut self, now: Instant, deeds: &mut Vec<Deed>) {
        while let (Some((number, came)), Some(interval)) = (self.held.front().copied(), self.interval()) {
            if self.brake.release_at(came, interval) > now {
                return;
            }
            self.held.pop_front();
            let held_back = now > came;
            self.brake.released(now, interval, held_back, !self.held.is_empty());
            deeds.push(Deed::Acknowledge(number));
        }
    }

    fn revive(&mut self, now: Instant, deeds: &mut Vec<Deed>) {
        self.stop(deeds);
        self.run(now);
        deeds.push(Deed::Revive(self.wish.width));
    }

    fn start(&mut self, now: Instant, deeds: &mut Vec<Deed>) {
        self.run(now);
        deeds.push(Deed::Start(self.wish.width));
    }

    fn run(&mut self, now: Instant) {
        self.running = Some(self.wish.width);
        self.started_at = now;
        self.came = 0;
        self.ask_at = now + SILENT;
        self.changes = None;
    }

    fn stop(&mut self, deeds: &mut Vec<Deed>) {
        // Acknowledged first, always; a new cast counts anew.
        deeds.extend(self.held.drain(..).map(|(number, _)| Deed::Acknowledge(number)));
        self.brake = Brake::default();
        self.over = self.last_number();
        self.number = None;
        self.running = None;
        deeds.push(Deed::Stop);
    }
}

fn each(fps: u32) -> Duration {
    Duration::from_secs(1) / fps.max(1)
}

#[cfg(test)]
mod tests;
