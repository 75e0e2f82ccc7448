use super::*;
use crate::audit::{AuditStore, Kind, Line, Log, LogLimits, Verified, verify};
use crate::auth::NotKeptReason;

fn line(text: &str) -> Line {
    let mut line = Line::new(7, Kind::Call, Tenant::new("t"), "k1", text);
    line.session = Some(SessionId::from_random("1").expect("an id"));
    line.took_ms = Some(3);
    line
}

async fn five_lines(dir: &TempDir) -> Store {
    let store = store(dir).await;
    for text in ["a", "b", "c", "d", "e"] {
        AuditStore::append(&store, vec![line(text)]).await.expect("kept");
    }
    assert_eq!(verify(&store).await, Ok(Verified::Whole { lines: 5 }));
    store
}

/// F38: the first bad row is named.
#[tokio::test]
async fn any_change_to_a_line_is_found_and_named() {
    for change in [
        "at = 8",
        "kind = 'viewer'",
        "tenant = 'T'",
        "actor = 'k2'",
        "session = NULL",
        "session = 's_2'",
        "subject = ''",
        "text = 'C'",
        "text = CAST('c' AS TEXT) || char(0)",
        "outcome = 'failed'",
        "took_ms = NULL",
        "took_ms = 4",
        "hash = zeroblob(32)",
        "seq = 30",
    ] {
        let dir = TempDir::new().expect("a folder");
        let store = five_lines(&dir).await;
        meddle(&store, &format!("UPDATE audit SET {change} WHERE seq = 3")).await;
        let found = verify(&store).await;
        assert!(matches!(found, Ok(Verified::Broken { seq: 3, .. })), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn missing_lines_are_found_in_the_middle_and_at_both_ends() {
    for (change, seq) in [
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 5", 5),
        ("UPDATE audit_head SET seq = 4", 4),
        ("UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit WHERE seq = 3)", 4),
        ("DELETE FROM audit", 1),
    ] {
        let dir = TempDir::new().expect("a folder");
        let store = five_lines(&dir).await;
        meddle(&store, change).await;
        let found = verify(&store).await;
        assert!(matches!(found, Ok(Verified::Broken { seq: at, .. }) if at == seq), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn keys_and_decisions_leave_their_line_in_the_same_transaction() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    running
        .desk
        .decide(&ann, &ticket.id, crate::approval::Answer::Deny, Some("too dear".into()))
        .await
        .expect("decided");
    let lines = store.page(0, 10).await.expect("read");
    let told: Vec<_> =
        lines.iter().map(|line| (line.kind.as_str(), line.outcome.as_str(), line.text.as_str())).collect();
    assert_eq!(told[0].0, "key_made");
    assert_eq!(told[1], ("approval", "pending", "asked by rule \"buying\": Click button \"Buy now\""));
    assert_eq!(told[2], ("approval", "denied", "pending to denied: too dear"));
    assert_eq!(verify(&store).await, Ok(Verified::Whole { lines: 3 }));
}

#[tokio::test]
async fn what_acts_waits_for_its_line_and_what_looks_never_waits() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let limits = LogLimits { queue_lines_max: 4, batch_lines_max: 2, wait_max: Duration::from_millis(200) };
    let log = Log::start(Arc::new(store.clone()), &limits, WallClock::system(), &tasks, stop.clone());
    log.must(line("acts")).await.expect("written");
    assert_eq!(store.page(0, 10).await.expect("read").len(), 1, "on disk when it answers");

    // The disk stands still: someone holds the writer.
    let held = store.writer().await.expect("the writer");
    for _ in 0..20 {
        log.note(line("looks"));
    }
    let refused = log.must(line("must not happen")).await.expect_err("no line, no action");
    assert_eq!(refused.reason, NotKeptReason::Busy);
    assert!(log.dropped() >= 14, "bounded: {}", log.dropped());
    drop(held);
    log.must(line("goes on")).await.expect("written");

    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let lines = store.page(0, 100).await.expect("read");
    assert!(lines.iter().any(|line| line.kind == "gap" && line.text.contains("left out")), "the gap is told");
    assert!(matches!(verify(&store).await, Ok(Verified::Whole { .. })));
    assert!(log.must(line("after the end")).await.is_err());
}

#[tokio::test]
async fn stopping_writes_what_was_given() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let log = Log::start(Arc::new(store.clone()), &LogLimits::default(), WallClock::system(), &tasks, stop.clone());
    for at in 0..1_000 {
        log.note(line(&at.to_string()));
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert_eq!(verify(&store).await, Ok(Verified::Whole { lines: 1_000 }));
}
