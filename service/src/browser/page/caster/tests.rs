use proptest::prelude::*;

use super::*;

const FULL: Wish = Wish { fps: None, width: 1_920 };
const SMALL: Wish = Wish { fps: Some(2), width: 480 };

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A cast with its clock.
struct Desk {
    caster: Caster,
    now: Instant,
    cast: i64,
    said: Vec<Deed>,
}

impl Desk {
    fn new(wish: Wish) -> Self {
        let now = Instant::now();
        let (caster, first) = Caster::begun(wish, now);
        assert_eq!(first, Deed::Start(wish.width));
        Self { caster, now, cast: 1, said: Vec::new() }
    }

    /// A frame of the cast that runs, this much later, and what is done at once.
    fn frame(&mut self, after: u64, same: bool) -> Verdict {
        self.late(after, self.cast, same)
    }

    fn late(&mut self, after: u64, cast: i64, same: bool) -> Verdict {
        self.now += ms(after);
        let mut deeds = Vec::new();
        let verdict = self.caster.frame(cast, same, self.now, &mut deeds);
        self.caster.tick(self.now, &mut deeds);
        self.note(deeds);
        verdict
    }

    fn wait(&mut self, time: u64) {
        let end = self.now + ms(time);
        loop {
            let at = self.caster.next_at().max(self.now);
            if at > end {
                break;
            }
            self.now = at;
            let mut deeds = Vec::new();
            self.caster.tick(self.now, &mut deeds);
            self.note(deeds);
        }
        self.now = end;
    }

    fn answer(&mut self, count: u64) {
        let mut deeds = Vec::new();
        self.caster.changes(count, self.now, &mut deeds);
        self.note(deeds);
    }

    fn note(&mut self, deeds: Vec<Deed>) {
        for deed in &deeds {
            if matches!(deed, Deed::Start(_) | Deed::Revive(_)) {
                self.cast += 1;
            }
        }
        self.said.extend(deeds);
    }

    fn said(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.said)
    }
}

#[test]
fn who_wants_all_frames_gets_all_and_each_is_acknowledged_at_once() {
    let mut desk = Desk::new(FULL);
    for _ in 0..100 {
        assert_eq!(desk.frame(16, false), Verdict::News);
        assert_eq!(desk.said(), [Deed::Acknowledge(1)]);
    }
    assert_eq!(desk.frame(16, true), Verdict::Nothing, "the same picture again is no news");
    assert_eq!(desk.said(), [Deed::Acknowledge(1)]);
}

#[test]
fn a_thumbnail_s_cast_is_stopped_until_the_next_picture_is_due() {
    let mut desk = Desk::new(SMALL);
    assert_eq!(desk.frame(10, false), Verdict::News);
    assert_eq!(desk.said(), [Deed::Acknowledge(1), Deed::Stop]);
    desk.wait(480);
    assert_eq!(desk.said(), []);
    desk.wait(20);
    assert_eq!(desk.said(), [Deed::Start(480)]);
    assert_eq!(desk.frame(40, false), Verdict::News);
    assert_eq!(desk.said(), [Deed::Acknowledge(2), Deed::Stop]);
    desk.wait(460);
    assert_eq!(desk.said(), [Deed::Start(480)], "a slow start does not lower the rate");
}

#[test]
fn a_page_that_stands_still_is_left_alone_and_its_next_change_comes_at_once() {
    let mut desk = Desk::new(SMALL);
    desk.frame(10, false);
    desk.wait(500);
    desk.said();
    assert_eq!(desk.frame(10, true), Verdict::Nothing);
    assert_eq!(desk.said(), [Deed::Acknowledge(2)]);
    desk.wait(60_000);
    assert!(desk.said().iter().all(|deed| *deed == Deed::CountChanges), "no starts for nothing");
    assert_eq!(desk.frame(0, false), Verdict::News);
    assert_eq!(desk.said(), [Deed::Acknowledge(2), Deed::Stop]);
}

#[test]
fn a_page_that_paints_the_same_over_and_over_is_not_captured_all_the_time() {
    let mut desk = Desk::new(SMALL);
    desk.frame(10, false);
    desk.wait(500);
    desk.frame(10, true);
    desk.said();
    assert_eq!(desk.frame(16, true), Verdict::Nothing);
    assert_eq!(desk.said(), [Deed::Acknowledge(2), Deed::Stop]);
}

/// F19, F45: acknowledged all the same.
#[test]
fn late_frames_of_a_cast_that_ended_are_acknowledged_and_dropped() {
    let mut desk = Desk::new(SMALL);
    desk.frame(10, false);
    desk.said();
    assert_eq!(desk.late(5, 1, false), Verdict::Nothing);
    assert_eq!(desk.said(), [Deed::Acknowledge(1)]);
    desk.wait(500);
    desk.said();
    assert_eq!(desk.late(5, 1, false), Verdict::Nothing, "also when the next cast runs already");
    assert_eq!(desk.frame(5, false), Verdict::News);
}

/// F45: by the number of its cast.
#[test]
fn the_next_audience_takes_no_frame_of_the_last_one_s_cast() {
    let mut desk = Desk::new(FULL);
    desk.frame(10, false);
    let over = desk.caster.last_number();
    let (mut caster, _) = Caster::begun(FULL, desk.now);
    caster.after(over);
    let mut deeds = Vec::new();
    assert_eq!(caster.frame(1, false, desk.now, &mut deeds), Verdict::Nothing);
    assert_eq!(caster.frame(2, false, desk.now, &mut deeds), Verdict::News);
    assert_eq!(deeds, [Deed::Acknowledge(1), Deed::Acknowledge(2)]);
}

#[test]
fn one_who_wants_it_large_and_fast_gets_it_at_once_although_another_has_a_thumbnail() {
    let mut desk = Desk::new(SMALL);
    desk.frame(10, false);
    desk.said();
    desk.wait(100);
    desk.caster.wants(FULL);
    desk.wait(0);
    assert_eq!(desk.said(), [Deed::Start(1_920)]);
    desk.frame(10, false);
    desk.said();
    desk.caster.wants(SMALL);
    desk.frame(16, false);
    assert_eq!(desk.said(), [Deed::Acknowledge(2), Deed::Stop]);
}

#[test]
fn a_size_that_changes_is_taken_up_and_one_that_flutters_is_not_followed_at_every_turn() {
    let mut desk = Desk::new(Wish { fps: None, width: 960 });
    desk.frame(10, false);
    desk.said();
    for _ in 0..50 {
        desk.caster.wants(FULL);
        desk.wait(10);
        desk.caster.wants(Wish { fps: None, width: 960 });
        desk.wait(10);
    }
    let starts = desk.said().iter().filter(|deed| matches!(deed, Deed::Start(_))).count();
    assert!((1..=8).contains(&starts), "{starts} starts in a second");
}

/// F19: after five seconds.
#[test]
fn a_cast_that_fell_silent_while_the_page_changed_is_started_anew() {
    let mut desk = Desk::new(FULL);
    desk.frame(10, false);
    desk.said();
    desk.wait(1_000);
    assert_eq!(desk.said(), [Deed::CountChanges]);
    desk.answer(40);
    desk.wait(4_000);
    assert_eq!(desk.said(), [Deed::CountChanges]);
    desk.answer(41);
    assert_eq!(desk.said(), [Deed::Stop, Deed::Revive(1_920)]);
    assert_eq!(desk.frame(10, false), Verdict::News);
}

#[test]
fn a_cast_is_silent_on_a_page_that_does_not_change_and_that_is_right() {
    let mut desk = Desk::new(FULL);
    desk.frame(10, false);
    for _ in 0..20 {
        desk.wait(5_000);
        desk.answer(40);
    }
    assert!(desk.said().iter().all(|deed| !matches!(deed, Deed::Stop | Deed::Start(_) | Deed::Revive(_))));
}

#[test]
fn a_page_too_busy_to_answer_is_asked_again_and_nothing_is_started_for_it() {
    let mut desk = Desk::new(FULL);
    desk.frame(10, false);
    desk.said();
    desk.wait(30_000);
    let said = desk.said();
    assert!((5..=8).contains(&said.len()) && said.iter().all(|deed| *deed == Deed::CountChanges), "{said:?}");
}

#[test]
fn a_page_that_answers_late_is_asked_again_soon() {
    let mut desk = Desk::new(FULL);
    desk.frame(10, false);
    desk.wait(1_000);
    desk.wait(2_000);
    desk.said();
    desk.caster.unanswered(desk.now);
    desk.wait(1_000);
    assert_eq!(desk.said(), [Deed::CountChanges]);
}

#[test]
fn a_cast_that_never_began_is_started_again_whatever_its_number() {
    let mut desk = Desk::new(FULL);
    desk.caster.after(7);
    desk.wait(5_000);
    assert_eq!(desk.said(), [Deed::CountChanges, Deed::Stop, Deed::Revive(1_920)]);
    assert_eq!(desk.late(10, 1, false), Verdict::News, "a Chromium that counts anew is believed then");
}

#[test]
fn held_frames_are_acknowledged_at_the_wanted_rate_and_the_one_dropped_meanwhile_is_made_good() {
    let mut desk = Desk::new(Wish { fps: Some(20), width: 1_920 });
    for _ in 0..4 {
        assert_eq!(desk.frame(1, false), Verdict::News);
    }
    assert_eq!(desk.said(), [Deed::Acknowledge(1)]);
    desk.wait(120);
    assert_eq!(desk.said(), [Deed::Acknowledge(1); 2]);
    desk.wait(400);
    let said = desk.said();
    assert_eq!(said, [Deed::Acknowledge(1), Deed::Stop, Deed::Start(1_920)], "a burst's last picture");
}

proptest! {
    /// Whatever comes in whatever order: each frame is acknowledged exactly once, sooner or later, and before its cast is stopped;
    /// a cast is never started twice or stopped twice in a row; thumbnails never come faster than asked, but for a start's own
    /// picture.
    #[test]
    fn every_frame_is_acknowledged_once(steps in prop::collection::vec((0u8..6, 0u64..300), 1..300)) {
        let mut desk = Desk::new(SMALL);
        let mut frames = 0;
        for (what, time) in steps {
            match what {
                0 | 1 => { desk.frame(time, what == 1); frames += 1; }
                2 => desk.wait(time * 20),
                3 => desk.caster.wants(FULL),
                4 => desk.caster.wants(SMALL),
                _ => desk.caster.wants(Wish { fps: Some(30), width: 960 }),
            }
            desk.wait(0);
        }
        desk.caster.wants(FULL);
        desk.wait(2_000);
        let said = desk.said();
        let acknowledged = said.iter().filter(|deed| matches!(deed, Deed::Acknowledge(_))).count();
        prop_assert_eq!(acknowledged, frames);
        let mut runs = true;
        for deed in said {
            match deed {
                Deed::Start(_) | Deed::Revive(_) => { prop_assert!(!runs); runs = true; }
                Deed::Stop => { prop_assert!(runs); runs = false; }
                Deed::Acknowledge(_) | Deed::CountChanges => {}
            }
        }
        prop_assert!(runs, "somebody watches");
    }
}
