//! The rules of the line, simulated: 1,000 seeds in an ordinary run, `HELMWATCH_SEEDS=100000` for as many as one likes.

mod noise;
mod world;

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Entry, Limits, Line};
use world::World;

const SEEDS: u64 = 1_000;
const STEPS: usize = 150;

pub(super) fn limits(sessions: u32, waiting: u32) -> Limits {
    Limits { sessions, waiting, sessions_per_tenant: 0, waiting_per_tenant: 0 }
}

fn waits(line: &mut Line<u32>, tenant: &str, call: u32) -> u64 {
    match line.enter(tenant, call) {
        Entry::Waits { ticket, turned_away: None } => ticket,
        other => panic!("{tenant} {call}: {other:?}"),
    }
}

#[test]
fn whatever_happens_the_rules_hold_after_each_step() {
    let seeds =
        std::env::var("HELMWATCH_SEEDS").map_or(SEEDS, |text| text.parse().expect("HELMWATCH_SEEDS is a number"));
    let mut served = 0;
    for seed in 0..seeds {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::new(seed, &mut random);
        for _ in 0..STEPS {
            world.step(&mut random);
            world.check();
        }
        world.drain();
        served += world.served;
    }
    assert!(served > seeds * 10, "the simulation simulates something: {served} served after a wait");
    println!("{seeds} seeds of {STEPS} steps, {served} callers served after a wait");
}

#[test]
fn the_position_counts_the_turns_of_others() {
    let mut line = Line::new(limits(1, 100));
    assert!(matches!(line.enter("a", 0), Entry::Now));
    let tickets: Vec<_> =
        ["a", "a", "a", "b"].into_iter().map(|tenant| (tenant, waits(&mut line, tenant, 0))).collect();
    let positions: Vec<_> = tickets.iter().map(|(tenant, ticket)| line.position(tenant, *ticket)).collect();
    assert_eq!(positions, [Some(1), Some(3), Some(4), Some(2)]);
}

#[test]
fn a_tenant_at_its_share_waits_while_places_are_free_and_others_pass() {
    let mut line = Line::new(Limits { sessions_per_tenant: 2, ..limits(4, 10) });
    assert!(matches!((line.enter("noisy", 0), line.enter("noisy", 1)), (Entry::Now, Entry::Now)));
    let first = waits(&mut line, "noisy", 2);
    let second = waits(&mut line, "noisy", 3);
    assert!(line.give().is_empty(), "two places are free, and none of them is its");
    assert!(matches!(line.enter("quiet", 4), Entry::Now));
    assert_eq!((line.position("noisy", first), line.position("noisy", second)), (Some(1), Some(2)));
    line.vacate("quiet", Duration::from_secs(1));
    assert!(line.give().is_empty());
    line.vacate("noisy", Duration::from_secs(1));
    assert_eq!(line.give(), [("noisy".into(), 2)]);
    line.set_limits(|limits| limits.sessions_per_tenant = 0);
    assert_eq!(line.give(), [("noisy".into(), 3)], "a share that is raised counts at once");
}

#[test]
fn a_share_of_the_waiting_room_is_all_a_tenant_gets_of_it() {
    let mut line = Line::new(Limits { waiting_per_tenant: 2, ..limits(0, 10) });
    waits(&mut line, "noisy", 0);
    waits(&mut line, "noisy", 1);
    let Entry::Full(full) = line.enter("noisy", 2) else { panic!("it may have two waiting") };
    assert_eq!((full.by_tenant, full.waiting), (true, 2));
    waits(&mut line, "quiet", 3);
}

#[test]
fn one_tenant_cannot_fill_the_room_against_others() {
    let mut line = Line::new(limits(0, 4));
    for call in 0..4 {
        waits(&mut line, "noisy", call);
    }
    assert!(matches!(line.enter("noisy", 4), Entry::Full(full) if !full.by_tenant && full.waiting == 4));
    for (call, out) in [(5, 3), (6, 2)] {
        let Entry::Waits { turned_away: Some((gone, full)), .. } = line.enter("quiet", call) else { panic!("{call}") };
        assert_eq!((gone, full.by_tenant), (out, true), "the newest of the longest queue goes");
    }
    assert!(matches!(line.enter("quiet", 7), Entry::Full(_)), "two of four are its part");
    line.set_limits(|limits| limits.sessions = 3);
    let served: Vec<u32> = line.give().into_iter().map(|(_, call)| call).collect();
    assert_eq!(served, [0, 5, 1], "in turn");
}

#[test]
fn when_to_come_again_follows_the_lives_of_sessions_and_who_is_before() {
    let mut line = Line::new(limits(2, 2));
    let again = |line: &mut Line<u32>, tenant: &str| match line.enter(tenant, 9) {
        Entry::Full(full) => full.retry_after,
        other => panic!("{other:?}"),
    };
    assert!(matches!((line.enter("a", 0), line.enter("a", 1)), (Entry::Now, Entry::Now)));
    line.vacate("a", Duration::from_secs(20));
    assert!(matches!(line.enter("a", 2), Entry::Now));
    waits(&mut line, "a", 3);
    waits(&mut line, "b", 4);
    assert_eq!(again(&mut line, "a"), Duration::from_secs(30), "third in line of two places of 20 s each");
    line.set_limits(|limits| limits.waiting_per_tenant = 1);
    assert_eq!(again(&mut line, "a"), Duration::from_secs(20), "its own second in line");
}
