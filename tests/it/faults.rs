//! Browsers and pages that die, hang or grow (FAULTS F1–F4, F14): who sits in them is told, nobody else notices, and others take their place.

use helmwatch_tests::processes::Process;
use helmwatch_tests::relay::Relay;
use helmwatch_tests::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::room::{Hand, Room, SOON, section};
use crate::viewers::metric;

/// A browser for each session, so that one's fault cannot be another's.
const APART: &str = "[pool]\nisolation = \"session\"\nwarm_sessions = 0\n";
/// One browser for all.
const TOGETHER: &str = "[pool]\nwarm_sessions = 0\n";

/// A call that the site never answers.
const ENDLESS: &str = "() => fetch('/never')";

fn signal(process: Process, signal: Signal) {
    kill(Pid::from_raw(process.pid), signal).unwrap();
}

fn browsers(room: &Room) -> Vec<Process> {
    room.service.children().into_iter().filter(|one| one.is_browser()).collect()
}

fn renderers(room: &Room) -> Vec<Process> {
    room.service.children().into_iter().filter(|one| one.is_renderer()).collect()
}

/// Opens a session on a page, and says which processes of this kind came with it.
async fn open(room: &Room, agent: &Hand, name: &str, kind: fn(&Room) -> Vec<Process>) -> Vec<Process> {
    let before = kind(room);
    agent.ok("session_open", json!({ "name": name })).await;
    on(room, agent, name, "/form").await;
    kind(room).into_iter().filter(|one| !before.contains(one)).collect()
}

async fn on(room: &Room, agent: &Hand, session: &str, path: &str) {
    let url = room.site.url(path);
    agent.ok("browser_navigate", json!({ "session": session, "url": url, "snapshot": "none" })).await;
}

/// The session works: its page says its title.
async fn works(agent: &Hand, session: &str) {
    let title = json!({ "session": session, "function": "() => document.title" });
    assert_eq!(section(&agent.ok("browser_evaluate", title).await.text, "Result"), "\"Form\"", "{session}");
}

async fn deaths(room: &Room, reason: &str) -> u64 {
    metric(room, &format!("helmwatch_browser_deaths_total{{reason=\"{reason}\"}}")).await
}

/// A call of this session that is under way, its end awaited while `fault` happens; what it answered.
async fn in_the_middle(room: &Room, agent: &Hand, session: &str, fault: impl AsyncFnOnce()) -> String {
    let calls = room.site.count("GET", "/never");
    let call = agent.call("browser_evaluate", json!({ "session": session, "function": ENDLESS }));
    let (answer, ()) = tokio::join!(call, async {
        let under_way = until("the call", SOON, async || (room.site.count("GET", "/never") > calls).then_some(()));
        under_way.await.unwrap();
        fault().await;
    });
    assert!(answer.is_error, "{}", answer.text);
    crate::room::two_lines(session, &answer.text)
}

/// F1: told to whoever calls, another takes its place, nobody else notices, and no zombie stays.
#[tokio::test]
async fn a_browser_killed_in_the_middle_of_a_call_fails_that_call_and_is_replaced() {
    let room = Room::with(|options| options.policy("open").config(APART)).await;
    let agent = room.agent().await;
    works_after_open(&room, &agent, &["one", "two"]).await;
    let others = browsers(&room);
    agent.ok("session_close", json!({ "session": "one" })).await;
    let mine = open(&room, &agent, "one", browsers).await;
    let [browser] = mine[..] else { panic!("{mine:?} of {others:?}") };

    let told = in_the_middle(&room, &agent, "one", async || signal(browser, Signal::SIGKILL)).await;
    assert!(told.contains("The browser is gone") && told.contains("session_open"), "{told}");
    works(&agent, "two").await;
    open(&room, &agent, "again", browsers).await;
    works(&agent, "again").await;
    assert_eq!(deaths(&room, "died").await, 1);
    let counted = until("all children counted", SOON, async || (room.service.process().zombies() == 0).then_some(()));
    counted.await.unwrap();
    room.close().await;
}

async fn works_after_open(room: &Room, agent: &Hand, names: &[&str]) {
    for name in names {
        open(room, agent, name, browsers).await;
        works(agent, name).await;
    }
}

/// F1: also what nobody had a session in yet.
#[tokio::test]
async fn what_stood_ready_in_a_dead_browser_is_replaced_at_once() {
    let room = Room::with(|options| options.config("[pool]\nwarm_sessions = 2\n")).await;
    let warm = async |least: u64| {
        let (_, pool) = room.service.api("GET", "/v1/pool", Some(room.service.admin_key()), None).await.ok()?;
        (pool["warm"].as_u64()? >= least && pool["browsers"] == 1).then_some(())
    };
    until("contexts that are ready", SOON, async || warm(2).await).await.unwrap();
    let before = browsers(&room);
    for browser in &before {
        signal(*browser, Signal::SIGKILL);
    }
    let again = until("other contexts that are ready", SOON, async || {
        let new = browsers(&room).into_iter().any(|one| !before.contains(&one));
        if new { warm(2).await } else { None }
    });
    again.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    room.close().await;
}

/// F2: it is asked twice, and then ended with all it started.
#[tokio::test]
async fn a_browser_that_is_stopped_is_found_out_ended_and_replaced() {
    let room = Room::with(|options| options.policy("open").config(APART)).await;
    let agent = room.agent().await;
    let one = open(&room, &agent, "one", browsers).await;
    // The first session got the browser that ran already.
    let browser = *one.first().unwrap_or(&browsers(&room)[0]);
    open(&room, &agent, "two", browsers).await;

    let told = in_the_middle(&room, &agent, "one", async || signal(browser, Signal::SIGSTOP)).await;
    assert!(told.contains("The browser is gone"), "{told}");
    assert!(!browser.alive());
    works(&agent, "two").await;
    open(&room, &agent, "again", browsers).await;
    works(&agent, "again").await;
    assert_eq!((deaths(&room, "hung").await, deaths(&room, "died").await), (1, 0));
    room.close().await;
}

/// F3, F4: the call that waits for it is told by the event.
#[tokio::test]
async fn a_renderer_that_is_killed_in_the_middle_of_a_call_costs_that_tab_alone() {
    let room = Room::with(|options| options.policy("open").config(TOGETHER)).await;
    let agent = room.agent().await;
    open(&room, &agent, "two", renderers).await;
    let mine = open(&room, &agent, "one", renderers).await;
    assert!(!mine.is_empty(), "a session has a process of its own");
    let told = in_the_middle(&room, &agent, "one", async || {
        mine.iter().filter(|one| one.alive()).for_each(|one| signal(*one, Signal::SIGKILL));
    });
    let told = told.await;
    assert!(told.contains("The page crashed"), "{told}");
    works(&agent, "two").await;
    // What the agent is told to do helps.
    on(&room, &agent, "one", "/form").await;
    works(&agent, "one").await;
    agent.ok("session_close", json!({ "session": "one" })).await;
    assert_eq!(deaths(&room, "died").await + deaths(&room, "hung").await, 0);
    room.close().await;
}

/// F3, F4: a renderer that crashes by itself never answers what it was asked; only an event says so.
#[tokio::test]
async fn a_page_that_crashes_by_itself_fails_its_call_and_costs_that_tab_alone() {
    let relay = Relay::start("nothing is lost here").await.unwrap();
    let config = format!("[browser]\nconnect = \"{}\"\n{TOGETHER}", relay.url());
    let room = Room::with(|options| options.policy("open").config(&config)).await;
    let agent = room.agent().await;
    for name in ["one", "two"] {
        agent.ok("session_open", json!({ "name": name })).await;
    }
    on(&room, &agent, "two", "/form").await;
    for (method, params) in [("Page.crash", json!({})), ("Page.navigate", json!({ "url": "chrome://crash" }))] {
        on(&room, &agent, "one", "/form?crashes").await;
        let crash = async || relay.raw("/form?crashes", method, params.clone()).await.unwrap();
        let told = in_the_middle(&room, &agent, "one", crash).await;
        assert!(told.contains("The page crashed"), "{method}: {told}");
        // Later calls do not hang either.
        let again = agent.refused("browser_snapshot", json!({ "session": "one" })).await;
        assert!(again.contains("The page crashed"), "{method}: {again}");
        works(&agent, "two").await;
        on(&room, &agent, "one", "/form").await;
        works(&agent, "one").await;
    }
    agent.ok("session_close", json!({ "session": "one" })).await;
    works(&agent, "two").await;
    room.close().await;
    relay.stop().await.unwrap();
}

/// F3: others of its browser work meanwhile.
#[tokio::test]
async fn a_renderer_that_is_stopped_costs_that_session_alone_and_ends_with_it() {
    let room = Room::with(|options| options.policy("open").config(TOGETHER)).await;
    let agent = room.agent().await;
    open(&room, &agent, "two", renderers).await;
    let mine = open(&room, &agent, "one", renderers).await;
    assert!(!mine.is_empty(), "a session has a process of its own");
    let told = in_the_middle(&room, &agent, "one", async || mine.iter().for_each(|one| signal(*one, Signal::SIGSTOP)));
    let (told, ()) = tokio::join!(told, async {
        works(&agent, "two").await;
    });
    println!("{told}");
    works(&agent, "two").await;
    agent.ok("session_close", json!({ "session": "one" })).await;
    let gone = until("the renderer's end", SOON, async || mine.iter().all(|one| !one.alive()).then_some(()));
    gone.await.unwrap();
    works(&agent, "two").await;
    assert_eq!(deaths(&room, "died").await + deaths(&room, "hung").await, 0);
    room.close().await;
}

/// F14: by the service's own bound, before the kernel has to.
#[tokio::test]
async fn a_page_that_takes_all_memory_is_ended_and_the_others_of_its_browser_go_on() {
    let config = "[pool]\nwarm_sessions = 0\nbrowser_memory_mib_renew = 0\nbrowser_memory_mib_max = 700\n";
    let room = Room::with(|options| options.policy("open").config(config)).await;
    let agent = room.agent().await;
    open(&room, &agent, "two", renderers).await;
    open(&room, &agent, "one", renderers).await;
    on(&room, &agent, "one", "/hostile/memory").await;
    let ended = until("the page's end", SOON, async || {
        let ended = metric(&room, "helmwatch_pages_ended_total{reason=\"memory\"}").await;
        (ended > 0).then_some(())
    });
    ended.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let told = agent.refused("browser_evaluate", json!({ "session": "one", "function": "() => 1" })).await;
    assert!(told.contains("The page crashed"), "{told}");
    works(&agent, "two").await;
    let sessions = [json!({ "session": "one" }), json!({ "session": "two" })];
    // Such a browser takes nobody any more, and ends with its last session.
    open(&room, &agent, "three", renderers).await;
    assert_eq!(browsers(&room).len(), 2);
    for session in sessions {
        agent.ok("session_close", session).await;
    }
    let gone = until("the browser's end", SOON, async || (deaths(&room, "memory").await == 1).then_some(()));
    gone.await.unwrap();
    works(&agent, "three").await;
    room.close().await;
}

#[tokio::test]
async fn a_browser_that_grew_old_or_large_drains_first() {
    for (setting, bound, reason) in [("browser_memory_mib_renew", 64, "memory"), ("browser_age_s_max", 1, "age")] {
        let config = format!("[pool]\nwarm_sessions = 0\n{setting} = 0\n");
        let room = Room::with(|options| options.policy("open").config(&config)).await;
        let agent = room.agent().await;
        open(&room, &agent, "one", browsers).await;
        let first = browsers(&room);
        // Moved while it runs; what is written in the settings is the same bound.
        let bounds = json!({ setting: bound });
        let key = Some(room.service.admin_key());
        let (status, view) = room.service.api("PATCH", "/v1/pool", key, Some(bounds)).await.unwrap();
        assert_eq!((status, view[setting].as_u64()), (200, Some(bound)), "{view}");
        let drains = until("its draining", SOON, async || {
            let lines = room.service.log_lines_with("takes no more sessions");
            first.iter().any(|one| lines.iter().any(|line| line.contains(&one.pid.to_string()))).then_some(())
        });
        drains.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
        let another = open(&room, &agent, "two", browsers).await;
        assert_eq!(another.len(), 1, "another browser for another session");
        works(&agent, "one").await;
        let before = deaths(&room, reason).await;
        agent.ok("session_close", json!({ "session": "one" })).await;
        let gone = until("its end", SOON, async || {
            let gone = first.iter().all(|one| !one.alive() || another.contains(one));
            (gone && deaths(&room, reason).await > before).then_some(())
        });
        gone.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
        works(&agent, "two").await;
        room.close().await;
    }
}

/// F14: the order in which the kernel would take them.
#[tokio::test]
async fn when_memory_runs_out_pages_go_before_browsers_and_browsers_before_the_service() {
    let room = Room::with(|options| options.config(TOGETHER)).await;
    let agent = room.agent().await;
    let pages = open(&room, &agent, "one", renderers).await;
    let service = room.service.process().oom_score_adj().unwrap();
    let browser = browsers(&room)[0].oom_score_adj().unwrap();
    let page = pages.iter().filter_map(|one| one.oom_score_adj()).max().unwrap();
    assert!(service < browser && browser < page, "{service} {browser} {page}");
    room.close().await;
}

/// The list of sessions does not name one that lost its browser.
#[tokio::test]
async fn a_session_whose_browser_hangs_is_closed_with_it() {
    let room = Room::with(|options| options.policy("open").config(TOGETHER)).await;
    let agent = room.agent().await;
    open(&room, &agent, "one", browsers).await;
    browsers(&room).into_iter().for_each(|one| signal(one, Signal::SIGSTOP));
    let gone = until("the session's end", SOON, async || {
        let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.ok()?;
        list["sessions"].as_array().is_some_and(Vec::is_empty).then_some(Value::Null)
    });
    gone.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    open(&room, &agent, "two", browsers).await;
    works(&agent, "two").await;
    room.close().await;
}

/// All browsers, at once; some do run.
fn kill_browsers(room: &Room) -> Vec<Process> {
    let browsers = browsers(room);
    assert!(!browsers.is_empty());
    browsers.iter().for_each(|one| signal(*one, Signal::SIGKILL));
    browsers
}

/// The service has not heard yet that the browser is gone it would hand over, or make a context in: nothing has run, so another is taken.
#[tokio::test]
async fn whoever_opens_a_session_right_after_a_kill_gets_another_browser() {
    for (warm, isolation) in [(2, "tenant"), (0, "tenant"), (2, "session")] {
        let config = format!("[pool]\nwarm_sessions = {warm}\nisolation = \"{isolation}\"\n");
        let room = Room::with(|options| options.policy("open").config(&config)).await;
        let agent = room.agent().await;
        // None that was killed, and none that is just starting: to kill that one is another story, which ends with an error.
        let calm = async |killed: &[Process]| {
            let calm = until("contexts that are ready", SOON, async || {
                let (_, pool) = room.service.api("GET", "/v1/pool", Some(room.service.admin_key()), None).await.ok()?;
                let running = browsers(&room);
                let known = !running.is_empty() && pool["browsers"].as_u64()? == running.len() as u64;
                let living = known && running.iter().all(|one| !killed.contains(one));
                (pool["warm"].as_u64()? >= warm && living).then_some(())
            });
            calm.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
        };
        let mut killed = Vec::new();
        for round in 0..2 {
            calm(&killed).await;
            killed = kill_browsers(&room);
            let name = format!("s{round}");
            agent.ok("session_open", json!({ "name": name })).await;
            on(&room, &agent, &name, "/form").await;
            works(&agent, &name).await;
            // The same where a session is opened by somebody's first call.
            let newcomer = room.agent_named(&format!("n{round}")).await;
            calm(&killed).await;
            killed.extend(kill_browsers(&room));
            let came = newcomer.call("browser_navigate", json!({ "url": room.site.url("/form") })).await;
            assert!(!came.is_error, "{}\n{}", came.text, room.service.log());
            assert_eq!(newcomer.evaluate("() => document.title").await, "\"Form\"");
        }
        assert!(deaths(&room, "died").await >= 4);
        room.close().await;
    }
}

#[tokio::test]
async fn a_session_that_went_with_its_browser_is_not_said_never_to_have_been() {
    let room = Room::with(|options| options.policy("open").config(APART)).await;
    let agent = room.agent().await;
    open(&room, &agent, "one", browsers).await;
    let list = async || room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap().1;
    let id = list().await["sessions"][0]["id"].as_str().unwrap().to_owned();
    let lost = async |session: &str| {
        let call = json!({ "session": session, "function": "() => 1" });
        let told = agent.refused("browser_evaluate", call).await;
        assert!(told.contains("The browser is gone") && told.contains("session_open"), "{session}: {told}");
    };
    kill_browsers(&room);
    // From the first moment on, through all of its end, and after it.
    until("the session's end", SOON, async || {
        lost("one").await;
        list().await["sessions"].as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await
    .unwrap();
    lost("one").await;
    lost(&id).await;
    // To others it reads like one that never was.
    let other = room.agent_named("other").await;
    for session in ["one", &id] {
        let told = other.refused("browser_snapshot", json!({ "session": session })).await;
        assert!(told.contains("No session"), "{told}");
    }
    // Another takes its name; the lost one is told apart by its id.
    open(&room, &agent, "one", browsers).await;
    works(&agent, "one").await;
    lost(&id).await;
    agent.ok("session_close", json!({ "session": "one" })).await;
    let told = agent.refused("browser_snapshot", json!({ "session": "one" })).await;
    assert!(told.contains("No session \"one\""), "{told}");
    room.close().await;
}

#[tokio::test]
async fn the_sessions_in_a_browsers_life_are_moved_while_it_runs() {
    let room = Room::with(|options| options.policy("open").config(TOGETHER)).await;
    let agent = room.agent().await;
    open(&room, &agent, "one", browsers).await;
    let first = browsers(&room);
    let key = Some(room.service.admin_key());
    let life = Some(json!({ "sessions_per_browser_life": 1 }));
    let (status, view) = room.service.api("PATCH", "/v1/pool", key, life).await.unwrap();
    assert_eq!((status, view["sessions_per_browser_life"].as_u64()), (200, Some(1)), "{view}");
    // It has served one already: the next session is another browser's, and the first goes on in its own.
    assert_eq!(open(&room, &agent, "two", browsers).await.len(), 1);
    works(&agent, "one").await;
    agent.ok("session_close", json!({ "session": "one" })).await;
    let gone = until("its end", SOON, async || first.iter().all(|one| !one.alive()).then_some(()));
    gone.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    works(&agent, "two").await;
    room.close().await;
}
