use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::poll;
use helmwatch_protocol::{ApprovalState, Rect};
use tokio::sync::Barrier;

use super::*;
use crate::approval::{
    Answer, AskError, BeginError, DecideError, Filter, Finish, Ledger, Notice, Outcome, Reach, State,
};
use crate::auth::NotKeptReason;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_card_is_kept_as_it_was_asked() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let running = Running::start(&store, WallClock::system()).await;
    let mut asked = card("1", "t", 1);
    asked.outline = Some(Rect { x: 1.5, y: 2.0, width: 30.25, height: 4.0 });
    asked.fields[0].value = "x".repeat(5_000);
    let ticket = running.desk.ask(asked).await.expect("a ticket");
    let all = running.desk.list(&Reach::All, None).await.expect("a list");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].id, ticket.id);
    assert_eq!(all[0].outline.map(|rect| rect.width), Some(30.25));
    assert_eq!(all[0].picture_size, Some([1280, 720]));
    assert_eq!(all[0].fields[0].value.chars().count(), 2_001, "page text is cut");
    assert_eq!(running.desk.pending_within(&Reach::All), all, "memory shows what the ledger keeps");
    let picture = running.desk.picture(&Reach::All, &ticket.id).await.expect("read").expect("a picture");
    assert_eq!(picture.as_ref(), b"\xff\xd8\xff");
    assert_eq!(running.desk.pending_count(&all[0].session), 1);
}

#[tokio::test]
async fn a_decision_is_on_disk_before_the_call_wakes_and_the_call_runs_once() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    let (desk, id, other) = (running.desk.clone(), ticket.id.clone(), Store::open(dir.path(), Purpose::Tool).await);
    let other = other.expect("a second look at the same file");
    let call = running.tasks.spawn(async move {
        let outcome = desk.wait(&id, LONG).await;
        let seen = other.get(&id).await.expect("read").expect("a record").state;
        (outcome, seen)
    });
    let view = running.desk.decide(&ann, &ticket.id, Answer::Approve, Some("fine".into())).await.expect("decided");
    assert_eq!((view.state, view.decision_reason.as_deref()), (ApprovalState::Approved, Some("fine")));
    let (outcome, seen) = call.await.expect("the call");
    assert_eq!(seen, State::Approved, "another connection sees it by the time the call wakes");
    let Outcome::Approved(first) = outcome else { panic!("{outcome:?}") };
    assert_eq!((first.fingerprint.as_str(), first.by.as_str()), ("f1", "approve of t"));
    let Outcome::Approved(second) = running.desk.wait(&ticket.id, LONG).await else { panic!("still approved") };
    let run = running.desk.begin(first).await.expect("begun");
    assert_eq!(store.get(&ticket.id).await.expect("read").expect("a record").state, State::Running);
    assert!(
        matches!(running.desk.begin(second).await, Err(BeginError::NotApproved(view)) if view.state == ApprovalState::Approved)
    );
    run.finish(Finish::Executed).await.expect("finished");
    let view = running.desk.get(&Reach::All, &ticket.id).await.expect("read").expect("a view");
    assert_eq!(view.state, ApprovalState::Executed);
}

/// F26: in the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_decisions_one_wins_and_all_see_it() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    for round in 0..3 {
        let ticket = running.desk.ask(card("1", "t", round)).await.expect("a ticket");
        let barrier = Arc::new(Barrier::new(100));
        let deciders: Vec<_> = (0..100)
            .map(|at| {
                let (desk, ann, id, barrier) =
                    (running.desk.clone(), ann.clone(), ticket.id.clone(), Arc::clone(&barrier));
                running.tasks.spawn(async move {
                    barrier.wait().await;
                    let decision = if at % 2 == 0 { Answer::Approve } else { Answer::Deny };
                    match desk.decide(&ann, &id, decision, Some(at.to_string())).await {
                        Ok(view) => (true, view),
                        Err(DecideError::AlreadyDecided(view)) => (false, *view),
                        Err(other) => panic!("{other}"),
                    }
                })
            })
            .collect();
        let mut winners = 0;
        let mut seen = Vec::new();
        for decider in deciders {
            let (won, view) = decider.await.expect("a decider");
            winners += u32::from(won);
            seen.push((view.state, view.decision_reason));
        }
        assert_eq!(winners, 1);
        seen.dedup();
        assert_eq!(seen.len(), 1, "all see the same end");
        let outcome = running.desk.wait(&ticket.id, LONG).await;
        let approved = matches!(outcome, Outcome::Approved(_));
        assert_eq!(approved, seen[0].0 == ApprovalState::Approved);
    }
}

#[tokio::test]
async fn another_tenant_s_card_reads_like_none() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let (bob, admin) = (human(&store, "other").await, caller(&store, "any", Scope::Admin).await);
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    let mut foreign = running.desk.subscribe(Reach::of(bob.caller()));
    let refused = running.desk.decide(&bob, &ticket.id, Answer::Approve, None).await;
    assert!(matches!(refused, Err(DecideError::NotFound)));
    let reach = Reach::of(bob.caller());
    assert_eq!(running.desk.get(&reach, &ticket.id).await.expect("read"), None);
    assert_eq!(running.desk.picture(&reach, &ticket.id).await.expect("read"), None);
    assert!(running.desk.list(&reach, None).await.expect("read").is_empty());
    assert!(running.desk.pending_within(&reach).is_empty());
    let admin = admin.human().expect("admin includes approve");
    running.desk.decide(&admin, &ticket.id, Answer::Deny, None).await.expect("admin reaches every tenant");
    let news = foreign.next();
    tokio::pin!(news);
    assert!(poll!(news.as_mut()).is_pending(), "no news of it either");
}

#[tokio::test]
async fn an_agent_s_key_makes_no_person() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    for scope in [Scope::Agent, Scope::View, Scope::Control] {
        assert!(caller(&store, "t", scope).await.human().is_none(), "{scope}");
    }
}

/// F27, F37: on the wall and by the monotonic clock.
#[tokio::test]
async fn a_late_yes_is_not_a_yes_by_either_clock() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let wall = Arc::new(AtomicU64::new(1_000_000));
    let seen = Arc::clone(&wall);
    let running = Running::start(&store, WallClock::new(move || seen.load(Ordering::SeqCst))).await;

    // The wall clock jumps ahead.
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    wall.fetch_add(300_000, Ordering::SeqCst);
    let late = running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await;
    assert!(matches!(late, Err(DecideError::AlreadyDecided(view)) if view.state == ApprovalState::Expired));
    assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Expired));

    // The wall clock stands still, or is set back: the other one goes on.
    let ticket =
        running.desk.ask(Card { ttl: Duration::from_millis(40), ..card("2", "t", 2) }).await.expect("a ticket");
    wall.store(5, Ordering::SeqCst);
    assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Expired));
    let late = running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await;
    assert!(matches!(late, Err(DecideError::AlreadyDecided(view)) if view.state == ApprovalState::Expired));
}

#[tokio::test]
async fn the_clock_task_ends_what_nobody_waits_for() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let running = Running::start(&store, WallClock::system()).await;
    let mut news = running.desk.subscribe(Reach::All);
    running.desk.ask(Card { ttl: Duration::from_millis(40), ..card("1", "t", 1) }).await.expect("a ticket");
    for expected in [ApprovalState::Pending, ApprovalState::Expired] {
        let Some(Notice::Changed(view)) = news.next().await else { panic!("news") };
        assert_eq!(view.state, expected);
    }
}

/// F28: in every state it can be left in.
#[tokio::test]
async fn a_restart_is_no_and_runs_nothing_again() {
    let dir = TempDir::new().expect("a folder");
    let first = store(&dir).await;
    let ann = human(&first, "t").await;
    let running = Running::start(&first, WallClock::system()).await;
    let mut tickets = Vec::new();
    for digest in 0..3 {
        tickets.push(running.desk.ask(card("1", "t", digest)).await.expect("a ticket"));
    }
    for ticket in &tickets[1..] {
        running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await.expect("decided");
    }
    let Outcome::Approved(grant) = running.desk.wait(&tickets[2].id, LONG).await else { panic!("approved") };
    let run = running.desk.begin(grant).await.expect("begun");
    // As a kill: nothing of this process says goodbye.
    std::mem::forget(run);
    running.end().await;
    drop(first);

    let second =
        Store::open(dir.path(), Purpose::Tool).await.expect("the lock went with the service, or this is a tool");
    let running = Running::start(&second, WallClock::system()).await;
    let expected = [ApprovalState::Withdrawn, ApprovalState::Stale, ApprovalState::OutcomeUnknown];
    for (ticket, state) in tickets.iter().zip(expected) {
        let view = running.desk.get(&Reach::All, &ticket.id).await.expect("read").expect("a view");
        assert_eq!(view.state, state);
        assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Unknown));
        let late = running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await;
        assert!(matches!(late, Err(DecideError::AlreadyDecided(view)) if view.state == state));
    }
    assert!(
        running
            .desk
            .find_continuation(&card("1", "t", 1).session, &KeyId::new("agent"), "browser_click", &[1; 32])
            .is_none()
    );
}

#[tokio::test]
async fn a_call_that_comes_back_finds_its_card_and_hears_the_end_once() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let asked = card("1", "t", 1);
    let find = |key: &str, tool: &str, digest: u8| {
        running.desk.find_continuation(&asked.session, &KeyId::new(key), tool, &[digest; 32]).map(|ticket| ticket.id)
    };
    let ticket = running.desk.ask(asked.clone()).await.expect("a ticket");
    assert_eq!(running.desk.ask(asked.clone()).await.expect("the same"), ticket, "one call, one card");
    assert!(matches!(running.desk.wait(&ticket.id, Duration::ZERO).await, Outcome::Waiting(again) if again == ticket));
    assert_eq!(find("agent", "browser_click", 1), Some(ticket.id.clone()));
    assert_eq!(find("another", "browser_click", 1), None);
    assert_eq!(find("agent", "browser_type", 1), None);
    assert_eq!(find("agent", "browser_click", 2), None);

    running.desk.decide(&ann, &ticket.id, Answer::Deny, Some("not this one".into())).await.expect("decided");
    assert_eq!(find("agent", "browser_click", 1), Some(ticket.id.clone()), "the answer waits for it");
    let outcome = running.desk.wait(&ticket.id, LONG).await;
    assert!(matches!(outcome, Outcome::Denied { reason: Some(why), .. } if why == "not this one"));
    assert_eq!(find("agent", "browser_click", 1), None, "told once; the next call is asked anew");
    assert_ne!(running.desk.ask(asked.clone()).await.expect("a new one").id, ticket.id);
}

#[tokio::test]
async fn a_decision_goes_through_though_the_browser_tab_is_closed() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    {
        let decision = running.desk.decide(&ann, &ticket.id, Answer::Approve, None);
        tokio::pin!(decision);
        assert!(poll!(decision.as_mut()).is_pending());
    }
    assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Approved(_)));
}

/// F28: it may have run.
#[tokio::test]
async fn a_run_that_is_cut_off_counts_as_unknown() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let mut news = running.desk.subscribe(Reach::All);
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await.expect("decided");
    let Outcome::Approved(grant) = running.desk.wait(&ticket.id, LONG).await else { panic!("approved") };
    drop(running.desk.begin(grant).await.expect("begun"));
    loop {
        let Some(Notice::Changed(view)) = news.next().await else { panic!("news") };
        if view.state == ApprovalState::OutcomeUnknown {
            break;
        }
    }
}

#[tokio::test]
async fn a_page_that_changed_makes_the_yes_stale() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await.expect("decided");
    let Outcome::Approved(grant) = running.desk.wait(&ticket.id, LONG).await else { panic!("approved") };
    let Outcome::Approved(other) = running.desk.wait(&ticket.id, LONG).await else { panic!("approved") };
    running.desk.abandon(grant, "the page changed").await.expect("stored");
    assert!(
        matches!(running.desk.begin(other).await, Err(BeginError::NotApproved(view)) if view.state == ApprovalState::Stale)
    );
}

#[tokio::test]
async fn what_a_gone_session_left_open_is_withdrawn() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let open = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    let approved = running.desk.ask(card("1", "t", 2)).await.expect("a ticket");
    let other = running.desk.ask(card("2", "t", 1)).await.expect("a ticket");
    running.desk.decide(&ann, &approved.id, Answer::Approve, None).await.expect("decided");
    let (desk, id) = (running.desk.clone(), open.id.clone());
    let call = running.tasks.spawn(async move { desk.wait(&id, LONG).await });
    running.desk.withdraw(&card("1", "t", 1).session, "the session was closed").await.expect("withdrawn");
    let outcome = call.await.expect("the call");
    assert!(
        matches!(&outcome, Outcome::Over { state: ApprovalState::Withdrawn, reason: Some(why) } if why == "the session was closed")
    );
    let outcome = running.desk.wait(&approved.id, LONG).await;
    assert!(matches!(outcome, Outcome::Over { state: ApprovalState::Stale, .. }));
    assert!(matches!(running.desk.wait(&other.id, Duration::ZERO).await, Outcome::Waiting(_)));
}

#[tokio::test]
async fn too_many_open_questions_are_refused() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let mut last = None;
    for digest in 0..8 {
        last = Some(running.desk.ask(card("1", "t", digest)).await.expect("room"));
    }
    let full = running.desk.ask(card("1", "t", 8)).await;
    assert!(matches!(full, Err(AskError::Full { whose: "session", count_max: 8 })), "{full:?}");
    running.desk.ask(card("2", "t", 8)).await.expect("another session has room");
    let last = last.expect("the eighth");
    running.desk.decide(&ann, &last.id, Answer::Deny, None).await.expect("decided");
    running.desk.ask(card("1", "t", 8)).await.expect("room again");
}

/// F33: no decision without a record.
#[tokio::test]
async fn a_full_disk_decides_nothing_and_the_service_lives() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    // The real limit of SQLite: no page more than there are.
    meddle(&store, "PRAGMA max_page_count = 1").await;
    let mut large = card("1", "t", 2);
    large.picture = Some(Picture { jpeg: vec![7; 900_000].into(), width: 1, height: 1 });
    let refused = running.desk.ask(large.clone()).await;
    assert!(matches!(&refused, Err(AskError::NotKept(why)) if why.reason == NotKeptReason::DiskFull), "{refused:?}");
    // Fill what is left of the last page.
    let filler = || crate::audit::Line::new(1, crate::audit::Kind::Call, Tenant::new("t"), "k", "x".repeat(300));
    while crate::audit::AuditStore::append(&store, vec![filler()]).await.is_ok() {}
    let mut decided = running.desk.decide(&ann, &ticket.id, Answer::Approve, Some("x".repeat(1_000))).await;
    for _ in 0..3 {
        let Err(DecideError::NotKept(why)) = decided else { panic!("no room, no decision: {decided:?}") };
        assert_eq!(why.reason, NotKeptReason::DiskFull, "also at the next try: {why}");
        decided = running.desk.decide(&ann, &ticket.id, Answer::Approve, Some("x".repeat(1_000))).await;
    }
    assert!(matches!(running.desk.wait(&ticket.id, Duration::ZERO).await, Outcome::Waiting(_)), "nobody woke");
    let filter = Filter { states: vec![State::Pending], count_max: 10, ..Filter::default() };
    assert_eq!(store.list(&filter).await.expect("reading goes on").len(), 1);

    meddle(&store, "PRAGMA max_page_count = 1000000").await;
    running.desk.ask(large).await.expect("there is room again");
    running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await.expect("decided");
}

#[tokio::test]
async fn a_reader_that_is_behind_is_told_to_list_again() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let running = Running::start(&store, WallClock::system()).await;
    let mut news = running.desk.subscribe(Reach::All);
    let session = card("1", "t", 0).session;
    for round in 0..33 {
        for digest in 0..8 {
            running.desk.ask(Card { picture: None, ..card("1", "t", digest) }).await.expect("a ticket");
        }
        running.desk.withdraw(&session, &round.to_string()).await.expect("withdrawn");
    }
    assert!(matches!(news.next().await, Some(Notice::Missed)));
    assert!(matches!(news.next().await, Some(Notice::Changed(_))), "and then it goes on");
}

#[tokio::test]
async fn old_cards_and_pictures_are_forgotten_and_open_ones_stay() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let running = Running::start(&store, WallClock::system()).await;
    let over = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    running.desk.withdraw(&card("1", "t", 1).session, "gone").await.expect("withdrawn");
    let open = running.desk.ask(card("2", "t", 1)).await.expect("a ticket");
    store.prune(u64::MAX, 0).await.expect("pruned");
    let view = running.desk.get(&Reach::All, &over.id).await.expect("read").expect("a view");
    assert_eq!((store.picture(&over.id).await.expect("read"), view.state), (None, ApprovalState::Withdrawn));
    assert!(store.get(&over.id).await.expect("read").is_some_and(|record| record.picture_size.is_none()));
    store.prune(u64::MAX, u64::MAX).await.expect("pruned");
    assert!(store.get(&over.id).await.expect("read").is_none());
    assert!(store.picture(&open.id).await.expect("read").is_some());
}
