//! Edits, several people's yes, and grants, on real files.

use std::sync::atomic::{AtomicU64, Ordering};

use helmwatch_protocol::{ApprovalState, EditView, GrantView, GrantWish};
use serde_json::{Map, Value, json};

use super::*;
use crate::approval::{Answer, DecideError, EditRefused, Edited, Editing, Editor, GrantError, Outcome, Reach};

const LONG: Duration = Duration::from_secs(30);
const WISH: GrantWish = GrantWish { minutes: 10, uses: Some(2) };

/// Takes every change but those that say no.
struct Obliging;

impl Editor for Obliging {
    fn edit(&self, changes: &Map<String, Value>) -> Result<Edited, EditRefused> {
        if changes.contains_key("no") {
            return Err(EditRefused {
                code: "policy_denied",
                what: "It is not allowed.".into(),
                hint: "Leave it.".into(),
            });
        }
        let view = EditView { what: "text is now \"x\"".into(), summary: "Type".into(), fields: Vec::new() };
        Ok(Edited { view, arguments: changes.clone() })
    }
}

fn editable(digest: u8) -> Card {
    Card { editing: Some(Editing(Arc::new(Obliging))), ..card("1", "t", digest) }
}

fn changes(value: &Value) -> Answer {
    Answer::Edit(value.as_object().cloned().expect("an object"))
}

async fn person(store: &Store, name: &str) -> Human {
    let door = authenticator(store).await;
    let new = NewKey {
        name: name.to_owned(),
        tenant: Tenant::new("t"),
        scopes: Scopes::default().with(Scope::Approve),
        terms: KeyTerms::default(),
        expires_at: None,
    };
    let (_, secret) = door.keyring().create(new).await.expect("a key");
    door.by_bearer(secret.expose()).await.expect("a caller").human().expect("a person")
}

/// A grant that a person gave with their yes to a first call.
async fn granted(running: &Running, ann: &Human, digest: u8, wish: GrantWish) -> GrantView {
    let ticket = running.desk.ask(card("1", "t", digest)).await.expect("a ticket");
    let view = running.desk.decide(ann, &ticket.id, Answer::ApproveAndGrant(wish), None).await.expect("decided");
    let grants = running.desk.grants_within(&Reach::All);
    grants.into_iter().find(|grant| Some(&grant.id) == view.grant.as_ref()).expect("it stands")
}

async fn audit_lines(store: &Store) -> Vec<String> {
    let page = crate::audit::AuditStore::page(store, 0, 1_000).await.expect("the audit");
    page.into_iter()
        .map(|entry| format!("{} {} {}", entry.subject.unwrap_or_default(), entry.outcome, entry.text))
        .collect()
}

#[tokio::test]
async fn an_edit_is_on_disk_in_words_and_its_arguments_are_not() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(editable(1)).await.expect("a ticket");
    let refused = running.desk.decide(&ann, &ticket.id, changes(&json!({ "no": 1 })), None).await;
    assert!(matches!(refused, Err(DecideError::Edit(why)) if why.code == "policy_denied"));
    assert!(matches!(running.desk.wait(&ticket.id, Duration::ZERO).await, Outcome::Waiting(_)), "it waits still");
    let secret = json!({ "text": "hunter2-and-more" });
    let view = running.desk.decide(&ann, &ticket.id, changes(&secret), Some("better".into())).await.expect("decided");
    assert_eq!((view.state, view.edit.map(|edit| edit.summary)), (ApprovalState::Edited, Some("Type".into())));
    let Outcome::Approved(permit) = running.desk.wait(&ticket.id, LONG).await else { panic!("let go") };
    assert_eq!(permit.edited.as_ref().expect("changed").arguments["text"], "hunter2-and-more");
    for again in [Answer::Approve, Answer::Deny, changes(&json!({ "text": "y" })), Answer::TakeOver] {
        let late = running.desk.decide(&ann, &ticket.id, again, None).await;
        assert!(matches!(late, Err(DecideError::AlreadyDecided(view)) if view.state == ApprovalState::Edited));
    }
    drop(running.desk.begin(permit).await.expect("begun"));
    let lines = audit_lines(&store).await;
    assert!(lines.iter().any(|line| line.contains("pending to edited: better; text is now \"x\"")), "{lines:#?}");
    store.close().await;
    for entry in std::fs::read_dir(dir.path()).expect("the folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).unwrap_or_default();
        assert!(!bytes.windows(16).any(|part| part == b"hunter2-and-more"), "what was typed is on disk");
    }
}

#[tokio::test]
async fn an_edit_nobody_ran_before_a_restart_runs_never() {
    let dir = TempDir::new().expect("a folder");
    let first = store(&dir).await;
    let ann = human(&first, "t").await;
    let running = Running::start(&first, WallClock::system()).await;
    let ticket = running.desk.ask(editable(1)).await.expect("a ticket");
    running.desk.decide(&ann, &ticket.id, changes(&json!({ "text": "x" })), None).await.expect("decided");
    running.end().await;
    drop(first);
    let second = Store::open(dir.path(), Purpose::Tool).await.expect("a store");
    let running = Running::start(&second, WallClock::system()).await;
    let view = running.desk.get(&Reach::All, &ticket.id).await.expect("read").expect("a view");
    assert_eq!(view.state, ApprovalState::Stale);
    assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Unknown));
}

#[tokio::test]
async fn who_takes_over_is_told_to_the_call() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    let view = running.desk.decide(&ann, &ticket.id, Answer::TakeOver, Some("let me".into())).await.expect("decided");
    assert_eq!(view.state, ApprovalState::Withdrawn);
    let outcome = running.desk.wait(&ticket.id, LONG).await;
    assert!(
        matches!(&outcome, Outcome::TakenOver { by, reason: Some(why) } if by == "approve of t" && why == "let me"),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_clicks_of_two_people_two_count() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let people = [person(&store, "ann").await, person(&store, "ben").await];
    let running = Running::start(&store, WallClock::system()).await;
    let asked = Card { asking: Asking { approvers: 2, ..asking("buying") }, ..card("1", "t", 1) };
    let ticket = running.desk.ask(asked).await.expect("a ticket");
    let clicks: Vec<_> = (0..20)
        .map(|at| {
            let (desk, who, id) = (running.desk.clone(), people[0].clone(), ticket.id.clone());
            running
                .tasks
                .spawn(async move { desk.decide(&who, &id, Answer::Approve, Some(at.to_string())).await.is_ok() })
        })
        .collect();
    let mut counted = 0;
    for click in clicks {
        counted += u32::from(click.await.expect("a click"));
    }
    assert_eq!(counted, 1, "one person is one yes");
    let view = running.desk.get(&Reach::All, &ticket.id).await.expect("read").expect("a view");
    assert_eq!((view.state, view.yes.len(), view.approvers), (ApprovalState::Pending, 1, 2));
    assert!(matches!(running.desk.wait(&ticket.id, Duration::ZERO).await, Outcome::Waiting(_)));
    let edit = running.desk.decide(&people[1], &ticket.id, changes(&json!({ "text": "x" })), None).await;
    assert!(matches!(edit, Err(DecideError::Edit(why)) if why.code == "not_editable"));
    let grant = running.desk.decide(&people[1], &ticket.id, Answer::ApproveAndGrant(WISH), None).await;
    assert!(matches!(grant, Err(DecideError::Grant(GrantError::SeveralPeople))));
    let view = running.desk.decide(&people[1], &ticket.id, Answer::Approve, None).await.expect("the second");
    assert_eq!((view.state, view.decided_by.as_deref()), (ApprovalState::Approved, Some("ann, ben")));
    assert!(matches!(running.desk.wait(&ticket.id, LONG).await, Outcome::Approved(_)));
    let lines = audit_lines(&store).await;
    assert!(lines.iter().any(|line| line.contains("ann said yes, 1 of 2")), "{lines:#?}");

    let asked = Card { asking: Asking { approvers: 2, ..asking("buying") }, ..card("1", "t", 2) };
    let ticket = running.desk.ask(asked).await.expect("a ticket");
    running.desk.decide(&people[0], &ticket.id, Answer::Approve, None).await.expect("one");
    let view = running.desk.decide(&people[1], &ticket.id, Answer::Deny, None).await.expect("a no");
    assert_eq!(view.state, ApprovalState::Denied);
}

#[tokio::test]
async fn only_those_the_rule_names_say_yes_and_anybody_says_no() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let (ann, ben) = (person(&store, "finance-ann").await, person(&store, "ben").await);
    let running = Running::start(&store, WallClock::system()).await;
    let asked = |digest| {
        let by = vec![vec!["finance-*".to_owned()]];
        Card { asking: Asking { by, ..asking("buying") }, ..card("1", "t", digest) }
    };
    let ticket = running.desk.ask(asked(1)).await.expect("a ticket");
    for yes in [Answer::Approve, Answer::ApproveAndGrant(WISH), changes(&json!({ "text": "x" }))] {
        let refused = running.desk.decide(&ben, &ticket.id, yes, None).await;
        assert!(matches!(refused, Err(DecideError::NotAsked { deciders }) if deciders.contains("finance-*")));
    }
    running.desk.decide(&ann, &ticket.id, Answer::Approve, None).await.expect("hers to say");
    let ticket = running.desk.ask(asked(2)).await.expect("a ticket");
    running.desk.decide(&ben, &ticket.id, Answer::Deny, None).await.expect("a no is anybody's");
}

#[tokio::test]
async fn a_grant_lets_its_rule_through_so_often_and_each_time_it_is_written_down() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let ann = human(&store, "t").await;
    let running = Running::start(&store, WallClock::system()).await;
    let (here, there) = (card("1", "t", 1).session, card("2", "t", 1).session);
    let buying = asking("buying");
    let through = async |session: &SessionId, asking: &Asking| {
        running.desk.let_through(session, asking, "Click button \"Buy now\"").await.expect("kept")
    };
    assert_eq!(through(&here, &buying).await, None, "nobody gave one");
    let grant = granted(&running, &ann, 1, WISH).await;
    assert_eq!(through(&there, &buying).await, None, "another session");
    assert_eq!(through(&here, &asking("deleting")).await, None, "another rule");
    let mut both = asking("buying");
    both.rules.extend(asking("deleting").rules);
    assert_eq!(through(&here, &both).await, None, "another rule asks as well");
    let mut rewritten = asking("buying");
    rewritten.rules[0].mark = asking("deleting").rules[0].mark;
    assert_eq!(through(&here, &rewritten).await, None, "the rule is written otherwise now");
    for uses in 1..=2 {
        assert_eq!(through(&here, &buying).await, Some(vec![grant.id.clone()]));
        let lines = audit_lines(&store).await;
        let said = lines.iter().filter(|line| line.contains(&format!("{} let_through", grant.id))).count();
        assert_eq!(said, uses, "{lines:#?}");
    }
    assert_eq!(through(&here, &buying).await, None, "its number is over");
}

#[tokio::test]
async fn a_grant_is_bounded_and_of_its_own_tenant() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let (ann, bob) = (human(&store, "t").await, human(&store, "other").await);
    let running = Running::start(&store, WallClock::system()).await;
    let ticket = running.desk.ask(card("1", "t", 1)).await.expect("a ticket");
    for (minutes, uses) in [(0, None), (61, None), (5, Some(0)), (5, Some(101))] {
        let wish = GrantWish { minutes, uses };
        let refused = running.desk.decide(&ann, &ticket.id, Answer::ApproveAndGrant(wish), None).await;
        assert!(matches!(refused, Err(DecideError::Grant(GrantError::OutOfBounds))), "{wish:?}");
    }
    for digest in 2..18 {
        granted(&running, &ann, digest, WISH).await;
    }
    let full = running.desk.decide(&ann, &ticket.id, Answer::ApproveAndGrant(WISH), None).await;
    assert!(matches!(full, Err(DecideError::Grant(GrantError::Full { whose: "session", count_max: 16 }))), "{full:?}");
    let grant = running.desk.grants_within(&Reach::All).remove(0);
    assert!(running.desk.grants_within(&Reach::of(bob.caller())).is_empty());
    assert!(matches!(running.desk.revoke(&bob, &grant.id).await, Err(GrantError::NotFound)));
    let ended = running.desk.revoke(&ann, &grant.id).await.expect("revoked");
    assert_eq!(ended.end_reason.as_deref(), Some("revoked by approve of t"));
    assert!(matches!(running.desk.revoke(&ann, &grant.id).await, Err(GrantError::NotFound)), "once");
}

#[tokio::test]
async fn a_grant_ends_with_its_time_its_session_its_rule_and_a_restart() {
    let dir = TempDir::new().expect("a folder");
    let first = store(&dir).await;
    let ann = human(&first, "t").await;
    let wall = Arc::new(AtomicU64::new(1_000_000));
    let seen = Arc::clone(&wall);
    let running = Running::start(&first, WallClock::new(move || seen.load(Ordering::SeqCst))).await;
    let session = card("1", "t", 1).session;
    let through =
        async || running.desk.let_through(&session, &asking("buying"), "Click").await.expect("kept").is_some();
    let stand = || running.desk.grants_within(&Reach::All).len();

    granted(&running, &ann, 1, WISH).await;
    wall.fetch_add(10 * 60_000, Ordering::SeqCst);
    assert!(!through().await, "its time is over");

    granted(&running, &ann, 2, WISH).await;
    running.desk.withdraw(&session, "the session ended").await.expect("withdrawn");
    assert!(!through().await && stand() == 0, "its session is over");

    granted(&running, &ann, 3, WISH).await;
    running.desk.rules_changed(&Policy::preset(Preset::Careful)).await.expect("kept");
    assert_eq!(stand(), 1, "the rule is as it was");
    running.desk.rules_changed(&Policy::preset(Preset::Open)).await.expect("kept");
    assert!(!through().await && stand() == 0, "there is no such rule any more");

    granted(&running, &ann, 4, WISH).await;
    running.end().await;
    drop(first);
    let second = Store::open(dir.path(), Purpose::Tool).await.expect("a store");
    let running = Running::start(&second, WallClock::system()).await;
    assert!(running.desk.grants_within(&Reach::All).is_empty());
    assert_eq!(running.desk.let_through(&session, &asking("buying"), "Click").await.expect("kept"), None);
    let lines = audit_lines(&second).await;
    for reason in ["the session ended", "its rule was changed", "the service was restarted"] {
        assert!(lines.iter().any(|line| line.contains(&format!("grant ended: {reason}"))), "{reason}: {lines:#?}");
    }
}
