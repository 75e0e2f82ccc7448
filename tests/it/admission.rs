//! Who gets in, who waits and what the others are told, while limits move.

use std::collections::HashSet;
use std::sync::Arc;

use helmwatch_tests::service::Service;
use helmwatch_tests::wait::until;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::room::{Hand, Room, SOON};
use crate::viewers::metric;

/// The pool's numbers, for everybody who has a key.
async fn numbers(service: &Service) -> Value {
    let (status, view) = service.api("GET", "/v1/pool", Some(service.admin_key()), None).await.unwrap();
    assert_eq!(status, 200, "{view}");
    view
}

async fn patch(service: &Service, limits: Value) -> Value {
    let (status, view) = service.api("PATCH", "/v1/pool", Some(service.admin_key()), Some(limits)).await.unwrap();
    assert_eq!(status, 200, "{view}");
    view
}

/// Waits until the pool says so.
async fn when(service: &Service, what: &str, says: impl Fn(&Value) -> bool) -> Value {
    let waited = until(what, SOON, async || Some(numbers(service).await).filter(|view| says(view))).await;
    waited.unwrap_or_else(|fault| panic!("{fault}\n{}", service.log()))
}

/// An agent of a tenant of its own.
async fn agent_of(room: &Room, tenant: &str) -> Arc<Hand> {
    let key = room.service.create_key(tenant, &["agent"], Some(tenant)).await.unwrap();
    Arc::new(room.hand(&key).await)
}

fn opens(callers: &mut JoinSet<(String, helmwatch_tests::mcp::ToolAnswer)>, agent: &Arc<Hand>, name: &str) {
    let (agent, name) = (Arc::clone(agent), name.to_owned());
    callers.spawn(async move {
        let answer = agent.call("session_open", json!({ "name": name })).await;
        (name, answer)
    });
}

#[tokio::test]
async fn raising_lets_those_in_who_wait_and_lowering_ends_nothing_and_overshoots_nothing() {
    let room =
        Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 8\nwarm_sessions = 0\n")).await;
    let agent = Arc::new(room.agent().await);
    agent.ok("session_open", json!({ "name": "first" })).await;
    let mut callers = JoinSet::new();
    for name in ["second", "third", "fourth"] {
        opens(&mut callers, &agent, name);
    }
    when(&room.service, "three callers waiting", |view| view["waiting"] == 3).await;
    let view = patch(&room.service, json!({ "max_sessions": 3 })).await;
    assert_eq!((view["in_use"].as_u64(), view["waiting"].as_u64()), (Some(3), Some(1)), "in the answer itself: {view}");
    let mut open = vec!["first".to_owned()];
    for _ in 0..2 {
        let (name, answer) = callers.join_next().await.unwrap().unwrap();
        assert!(!answer.is_error, "{}", answer.text);
        open.push(name);
    }
    // Below what is open: all three live on, and two of them have to end before anybody else comes in.
    patch(&room.service, json!({ "max_sessions": 1 })).await;
    for name in &open {
        let url = room.site.url("/form");
        agent.ok("browser_navigate", json!({ "session": name, "url": url })).await;
    }
    assert_eq!(room.site.count("GET", "/form"), 3, "the site saw all three after the limit was lowered");
    for (name, left) in open.iter().zip([2, 1]) {
        agent.ok("session_close", json!({ "session": name })).await;
        let view = when(&room.service, "the place back", |view| view["in_use"] == left).await;
        assert_eq!(view["waiting"], 1, "the debt is paid first: {view}");
    }
    agent.ok("session_close", json!({ "session": open[2] })).await;
    let (name, answer) = callers.join_next().await.unwrap().unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(numbers(&room.service).await["in_use"], 1);
    agent.ok("session_close", json!({ "session": name })).await;
    room.close().await;
}

/// F36: bounded.
#[tokio::test]
async fn full_is_said_at_once_with_a_time_over_http_and_over_mcp() {
    let room = Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 0\n")).await;
    let agent = room.agent().await;
    agent.ok("session_open", json!({ "name": "only" })).await;
    let told = agent.refused("session_open", json!({ "name": "more" })).await;
    assert!(told.contains("browser sessions are in use"), "{told}");
    let seconds: u64 = told.split("Try again in ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{told}");
    let refused = post_session(&room.service).await;
    assert_eq!(refused.0, 429, "{}", refused.2);
    assert!((1..=60).contains(&refused.1), "Retry-After: {}", refused.1);
    assert_eq!((refused.2["code"].as_str(), refused.2["retryable"].as_bool()), (Some("queue_full"), Some(true)));
    // The refused caller left nothing behind, and who closes a session finds a place.
    assert_eq!(numbers(&room.service).await["in_use"], 1);
    agent.ok("session_close", json!({ "session": "only" })).await;
    agent.ok("session_open", json!({ "name": "again" })).await;
    room.close().await;
}

/// `POST /v1/sessions`: status, `Retry-After` in seconds, body.
async fn post_session(service: &Service) -> (u16, u64, Value) {
    let (status, headers, body) =
        service.post("/v1/sessions", service.admin_key(), "application/json", b"{}".to_vec()).await.unwrap();
    let after = headers.get("retry-after").and_then(|after| after.parse().ok()).unwrap_or_default();
    (status, after, serde_json::from_slice(&body).unwrap())
}

/// F36: who leaves is out of the queue.
#[tokio::test]
async fn those_who_wait_hear_their_place_and_who_hangs_up_is_gone() {
    let room = Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 8\n")).await;
    let agent = Arc::new(room.agent().await);
    agent.ok("session_open", json!({ "name": "first" })).await;
    let mut leaver = JoinSet::new();
    opens(&mut leaver, &agent, "second");
    when(&room.service, "the first waiting", |view| view["waiting"] == 1).await;
    let mut callers = JoinSet::new();
    opens(&mut callers, &agent, "third");
    when(&room.service, "two waiting", |view| view["waiting"] == 2).await;
    // The client hangs up: the connection ends, and with it the wait.
    leaver.shutdown().await;
    when(&room.service, "one waiting", |view| view["waiting"] == 1).await;
    agent.ok("session_close", json!({ "session": "first" })).await;
    let (_, answer) = callers.join_next().await.unwrap().unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    let places: Vec<_> = answer.progress.iter().filter(|line| line.contains("in the queue")).collect();
    assert!(places.first().is_some_and(|line| line.contains("place 2")), "{:?}", answer.progress);
    // Whoever waits looks at their place a few times a second: they may have been served before the next look.
    assert!(places[1..].iter().all(|line| line.contains("place 1")), "{places:?}");
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1, "whoever hung up got no session: {list}");
    room.close().await;
}

/// F36: fair.
#[tokio::test]
async fn a_noisy_tenant_fills_its_share_and_holds_up_nobody_else() {
    let config = "[pool]\nmax_sessions = 3\nmax_waiting = 6\nmax_sessions_per_tenant = 2\nmax_waiting_per_tenant = 4\n";
    let room = Room::with(|options| options.config(config)).await;
    let (noisy, quiet) = (agent_of(&room, "noisy").await, agent_of(&room, "quiet").await);
    let mut callers = JoinSet::new();
    for number in 0..6 {
        opens(&mut callers, &noisy, &format!("n{number}"));
    }
    when(&room.service, "its share inside and outside", |view| view["in_use"] == 2 && view["waiting"] == 4).await;
    let told = noisy.refused("session_open", json!({ "name": "n6" })).await;
    assert!(told.contains("our tenant has 2 browser sessions open and 4 callers waiting"), "{told}");
    assert!(told.contains("Try again in "), "{told}");
    // A place is free, and it is not theirs: another walks in without a word about waiting.
    let opened = quiet.ok("session_open", json!({ "name": "q0" })).await;
    assert!(opened.progress.iter().all(|line| !line.contains("in the queue")), "{:?}", opened.progress);
    quiet.ok("browser_navigate", json!({ "session": "q0", "url": room.site.url("/form") })).await;
    assert_eq!(room.site.count("GET", "/form"), 1);
    // The noisy tenant's own places go to its own callers, in their order.
    let mut open: HashSet<String> = HashSet::new();
    for _ in 0..2 {
        let (name, answer) = callers.join_next().await.unwrap().unwrap();
        assert!(!answer.is_error, "{}", answer.text);
        open.insert(name);
    }
    let view = patch(&room.service, json!({ "max_sessions_per_tenant": 0, "max_sessions": 7 })).await;
    assert_eq!((view["in_use"].as_u64(), view["waiting"].as_u64()), (Some(7), Some(0)), "{view}");
    while let Some(answered) = callers.join_next().await {
        let (name, answer) = answered.unwrap();
        assert!(!answer.is_error, "{}", answer.text);
        open.insert(name);
    }
    assert_eq!(open.len(), 6, "nobody who waited was lost");
    room.close().await;
}

#[tokio::test]
async fn limits_out_of_their_range_are_refused_and_change_nothing() {
    let config = "[pool]\nceiling = 8\nmax_sessions = 4\nmax_waiting = 9\nwarm_sessions = 0\n";
    let room = Room::with(|options| options.config(config)).await;
    let before = numbers(&room.service).await;
    for body in [
        json!({ "max_sessions_per_tenant": 9 }),
        json!({ "max_waiting_per_tenant": 100_001 }),
        json!({ "max_waiting_per_tenant": 3, "max_sessions": 9 }),
        json!({ "max_sessions_per_tenant": -1 }),
        json!({ "sessions_per_browser_life": 0 }),
        json!({ "adaptive_sessions_min": 0, "adaptive": true }),
        json!({ "adaptive_sessions_min": 9 }),
        json!({ "browser_memory_mib_renew": 63 }),
        json!({ "browser_memory_mib_max": 255 }),
        json!({ "browser_memory_mib_renew": 700, "browser_memory_mib_max": 700, "max_waiting": 3 }),
        // Each by itself would do; with what holds now it does not.
        json!({ "browser_memory_mib_renew": 6_144 }),
        json!({ "browser_memory_mib_max": 3_000 }),
    ] {
        let key = room.service.admin_key();
        let (status, answer) = room.service.api("PATCH", "/v1/pool", Some(key), Some(body.clone())).await.unwrap();
        assert!((400..500).contains(&status), "{body}: {status} {answer}");
    }
    assert_eq!(numbers(&room.service).await, before);
    let agent = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let (status, _) = room.service.api("PATCH", "/v1/pool", Some(&agent), Some(json!({}))).await.unwrap();
    assert_eq!(status, 403, "an agent moves no limits");
    room.close().await;
}

/// Sets the service's limit of open files, as an operator or a container does; `None` lifts it again.
async fn limit_files(service: &Service, soft: u64) {
    let pid = service.process().pid.to_string();
    let limit = format!("--nofile={soft}:");
    let set = tokio::process::Command::new("prlimit").args(["--pid", &pid, &limit]).status().await.unwrap();
    assert!(set.success(), "prlimit (util-linux) is needed for this test");
}

/// F34: some are kept for those who are in.
#[tokio::test]
async fn with_few_files_left_to_open_new_sessions_are_refused_and_open_ones_go_on() {
    let room = Room::open().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", room.service.process().pid)).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(numbers[0], numbers[1], "the soft limit was raised to the hard one at start: {line}");
    let plenty: u64 = numbers[0].parse().unwrap();
    let agent = room.agent().await;
    agent.ok("session_open", json!({ "name": "first" })).await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", room.service.process().pid)).unwrap().count() as u64;
    // Enough for the connections of this test and its pages, too few for a session.
    limit_files(&room.service, open + 60).await;
    let told = agent.refused("session_open", json!({ "name": "second" })).await;
    assert!(told.contains("more files may be opened") && told.contains("Try again in 5 s"), "{told}");
    let (status, after, body) = post_session(&room.service).await;
    assert_eq!((status, after, body["code"].as_str()), (503, 5, Some("low_fds")), "{body}");
    agent.ok("browser_navigate", json!({ "session": "first", "url": room.site.url("/form") })).await;
    assert_eq!(room.site.count("GET", "/form"), 1, "who is in stays in");
    // None at all: a connection waits in the kernel's queue until one closes, and is answered then.
    limit_files(&room.service, 3).await;
    let (said, ()) = tokio::join!(room.service.api("GET", "/healthz", None, None), async {
        let said = until("the service's word for it", SOON, async || {
            (!room.service.log_lines_with("cannot take connections").is_empty()).then_some(())
        });
        said.await.unwrap();
        limit_files(&room.service, plenty).await;
    });
    assert_eq!(said.unwrap().0, 200);
    assert_eq!(room.service.log_lines_with("cannot take connections").len(), 1, "said once");
    agent.ok("session_open", json!({ "name": "third" })).await;
    room.close().await;
}

#[tokio::test]
async fn a_limit_that_finds_itself_grows_for_those_who_wait_and_never_above_the_operators() {
    let config = "[pool]\nmax_sessions = 6\nwarm_sessions = 0\nadaptive = true\nadaptive_sessions_min = 2\n";
    let room = Room::with(|options| options.config(config)).await;
    let view = numbers(&room.service).await;
    assert_eq!((view["adaptive"].as_bool(), view["sessions_limit"].as_u64()), (Some(true), Some(2)), "{view}");
    let agent = Arc::new(room.agent().await);
    let mut callers = JoinSet::new();
    let names: Vec<String> = (0..9).map(|number| format!("s{number}")).collect();
    for name in &names {
        opens(&mut callers, &agent, name);
    }
    // Open pages that rest cost the machine nothing: one after the other gets in, up to the operator's limit.
    let mut open = Vec::new();
    for _ in 0..6 {
        let (name, answer) = callers.join_next().await.unwrap().unwrap();
        assert!(!answer.is_error, "{}", answer.text);
        open.push(name);
        let view = numbers(&room.service).await;
        let (limit, in_use) = (view["sessions_limit"].as_u64().unwrap(), view["in_use"].as_u64().unwrap());
        assert!((2..=6).contains(&limit) && in_use <= limit, "{view}");
    }
    assert_eq!(metric(&room, "helmwatch_pool_sessions_limit").await, 6);
    // The operator's limit goes before what was found, and ends nobody.
    let view = patch(&room.service, json!({ "max_sessions": 3 })).await;
    assert_eq!((view["sessions_limit"].as_u64(), view["in_use"].as_u64()), (Some(3), Some(6)), "{view}");
    for name in &open {
        agent.ok("browser_navigate", json!({ "session": name, "url": room.site.url("/form") })).await;
    }
    assert_eq!(room.site.count("GET", "/form"), 6);
    // Switched off, the operator's is the limit; switched on again, it begins with what is open.
    let view = patch(&room.service, json!({ "adaptive": false, "max_sessions": 9 })).await;
    assert_eq!((view["adaptive"].as_bool(), view["sessions_limit"].as_u64()), (Some(false), Some(9)), "{view}");
    while let Some(answered) = callers.join_next().await {
        let (_, answer) = answered.unwrap();
        assert!(!answer.is_error, "{}", answer.text);
    }
    let view = patch(&room.service, json!({ "adaptive": true, "max_sessions": 32 })).await;
    assert_eq!(view["sessions_limit"], 9, "{view}");
    room.close().await;
}
