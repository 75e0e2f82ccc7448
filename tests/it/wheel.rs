//! A person takes the wheel, drives, and hands back: what they do reaches the page, what the agent hears of it, and what it never hears.

use helmwatch_protocol::{LiveEvent, MouseButton, MouseKind, Step, TouchKind, TouchPoint, ViewerMessage};
use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::viewer::{Live, Viewer};
use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::keys::only_session;
use crate::room::{Hand, Room, SOON, section};
use crate::story::{keep, sign_in};

/// A short lease, for tests that wait for its end.
const SHORT_LEASE: &str = "[live]\ncontrol_idle_ms_max = 1500\n";
/// Calls are held for a person this long where a test waits for the end of that.
const SHORT_HOLD: &str = "[mcp]\nhold_ms_max = 1500\n";

/// A person with a key of their own on the only session's live socket.
struct Person<'a> {
    room: &'a Room,
    live: Viewer,
    key: String,
    session: String,
}

impl<'a> Person<'a> {
    async fn named(room: &'a Room, name: &str) -> Self {
        let key = room.service.create_key(name, &["view", "control"], None).await.unwrap();
        let session = only_session(room).await;
        let path = format!("/v1/sessions/{session}/live");
        let live = Viewer::connect(&room.service.base(), &path, Some(&key)).await.unwrap();
        Self { room, live, key, session }
    }

    async fn does(&mut self, message: ViewerMessage) {
        self.live.send(&message).await.unwrap();
    }

    async fn hears(&mut self, wanted: impl Fn(&LiveEvent) -> bool) -> LiveEvent {
        let heard = tokio::time::timeout(SOON, self.live.event(wanted)).await;
        let log = || self.room.service.log();
        let heard = heard.unwrap_or_else(|_| panic!("the socket did not tell it\n{}", log()));
        heard.unwrap_or_else(|fault| panic!("{fault}\n{}", log()))
    }

    async fn takes_the_wheel(&mut self) {
        self.does(ViewerMessage::TakeControl).await;
        self.hears(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await;
    }

    async fn hands_back(&mut self) {
        self.does(ViewerMessage::HandBack).await;
        self.hears(|event| matches!(event, LiveEvent::Control { controller: None, .. })).await;
    }

    /// A whole click with one of the buttons.
    async fn presses(&mut self, (x, y): (f64, f64), button: MouseButton, clicks: u8) {
        self.does(mouse(MouseKind::Move, (x, y), MouseButton::None, 0)).await;
        for click in 1..=clicks {
            self.does(mouse(MouseKind::Down, (x, y), button, click)).await;
            self.does(mouse(MouseKind::Up, (x, y), button, click)).await;
        }
    }

    /// Clicks into a field of `/wheel` and types, key by key.
    async fn types(&mut self, field: Field, text: &str) {
        self.presses(field.at(), MouseButton::Left, 1).await;
        for key in text.chars() {
            for down in [true, false] {
                let code = if key.is_ascii_digit() { format!("Digit{key}") } else { String::new() };
                self.does(ViewerMessage::Key { down, key: key.to_string(), code, modifiers: 0 }).await;
            }
        }
    }

    /// Everything sent before this has reached the page when it returns.
    async fn is_done(&mut self) {
        self.does(ViewerMessage::Copy { cut: false }).await;
        self.hears(|event| matches!(event, LiveEvent::Copied { .. })).await;
    }
}

fn mouse(kind: MouseKind, (x, y): (f64, f64), button: MouseButton, clicks: u8) -> ViewerMessage {
    ViewerMessage::Mouse { kind, x, y, button, clicks, delta_x: 0.0, delta_y: 0.0, modifiers: 0 }
}

fn touch(kind: TouchKind, at: &[(f64, f64)]) -> ViewerMessage {
    let points = at.iter().zip(0..).map(|(&(x, y), id)| TouchPoint { id, x, y }).collect();
    ViewerMessage::Touch { kind, points, modifiers: 0 }
}

/// The fields of `/wheel`, from the top.
#[derive(Clone, Copy)]
enum Field {
    Name,
    Password,
    Card,
    Code,
    Notes,
}

impl Field {
    fn at(self) -> (f64, f64) {
        (200.0, 22.0 + 40.0 * f64::from(self as u8))
    }
}

const PAD: (f64, f64) = (500.0, 100.0);
const DONE: (f64, f64) = (500.0, 240.0);
const ASK: (f64, f64) = (500.0, 300.0);
const FILES: (f64, f64) = (440.0, 352.0);
const LONG: (f64, f64) = (800.0, 100.0);

async fn open(change: &str) -> (Room, Hand) {
    let room = Room::with(|options| options.policy("open").config(change)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/wheel")).await;
    (room, agent)
}

/// The audit as its export has it.
async fn audit(room: &Room) -> String {
    let output = room.service.command(&["audit", "export"]).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `/wheel` noted.
async fn seen(agent: &Hand) -> Vec<String> {
    serde_json::from_str(&agent.evaluate("() => window.seen").await).unwrap()
}

#[tokio::test]
async fn the_next_answer_after_handing_back_says_what_changed_and_refs_are_good() {
    let (room, agent) = open("").await;
    let button = agent.find(&["button", "Send"]).await;
    let done = agent.find(&["button", "Mark as done"]).await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.types(Field::Name, "Ada").await;
    ada.presses(DONE, MouseButton::Left, 1).await;
    ada.hands_back().await;
    let answer = agent.ok("browser_hover", json!({ "target": button, "element": "Send" })).await;
    let events = section(&answer.text, "Events");
    assert!(events.starts_with("- Ada drove this browser for"), "{}", answer.text);
    assert!(events.contains("+") && events.contains("Done by hand") && events.contains("Mark as open"), "{events}");
    assert!(events.contains("-") && events.contains("Nothing yet"), "what is gone is told too: {events}");
    assert!(!events.contains("Security code"), "what stayed is not: {events}");
    let again = agent.ok("browser_hover", json!({ "target": button, "element": "Send" })).await;
    assert!(!again.text.contains("drove this browser"), "told once: {}", again.text);
    let refused = agent.refused("browser_click", json!({ "target": done, "element": "Mark as done" })).await;
    assert!(refused.contains("snapshot"), "a ref of what was there before is no ref: {refused}");
    room.close().await;
}

#[tokio::test]
async fn a_turn_that_changed_nothing_is_told_and_the_call_that_waited_runs() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    let driving = async {
        // The agent's call is on the timeline: it has come, and waits.
        ada.hears(|event| matches!(event, LiveEvent::Call { call } if call.tool == "browser_evaluate")).await;
        ada.hands_back().await;
    };
    let (answer, ()) = tokio::join!(agent.ok("browser_evaluate", json!({ "function": "() => 6 * 7" })), driving);
    assert_eq!(section(&answer.text, "Result"), "42");
    assert!(answer.text.contains("The page reads as in your last snapshot"), "{}", answer.text);
    room.close().await;
}

#[tokio::test]
async fn a_call_that_waited_is_not_run_on_a_page_that_a_person_changed() {
    let (room, agent) = open("").await;
    let done = agent.find(&["button", "Mark as done"]).await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    let driving = async {
        ada.hears(|event| matches!(event, LiveEvent::Call { call } if call.tool == "browser_click")).await;
        ada.types(Field::Name, "X").await;
        ada.hands_back().await;
    };
    let click = json!({ "target": done, "element": "Mark as done" });
    let (answer, ()) = tokio::join!(agent.call("browser_click", click.clone()), driving);
    assert!(answer.is_error && answer.text.contains("so it was not run"), "{}", answer.text);
    assert!(section(&answer.text, "Events").contains("+"), "{}", answer.text);
    assert_eq!(agent.evaluate("() => document.getElementById('state').textContent").await, "\"Nothing yet\"");
    agent.ok("browser_click", click).await;
    assert_eq!(agent.evaluate("() => document.getElementById('state').textContent").await, "\"Done by hand\"");
    room.close().await;
}

#[tokio::test]
async fn a_call_waits_only_so_long_and_then_says_who_drives() {
    let (room, agent) = open(SHORT_HOLD).await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    for (tool, arguments) in [("browser_snapshot", json!({})), ("browser_press_key", json!({ "key": "a" }))] {
        let refused = agent.refused(tool, arguments).await;
        assert!(refused.contains("Ada is at the helm"), "{refused}");
    }
    ada.hands_back().await;
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

#[tokio::test]
async fn two_people_contend_for_the_wheel_and_only_an_explicit_act_takes_it() {
    let (room, agent) = open("").await;
    let (mut ada, mut bob) = (Person::named(&room, "Ada").await, Person::named(&room, "Bob").await);
    ada.takes_the_wheel().await;
    let told = bob.hears(|event| matches!(event, LiveEvent::Control { .. })).await;
    assert!(
        matches!(told, LiveEvent::Control { controller: Some(ref who), since: Some(_), .. } if who == "Ada"),
        "{told:?}"
    );
    bob.does(ViewerMessage::TakeControl).await;
    let refused = bob.hears(|event| matches!(event, LiveEvent::Refused { .. })).await;
    assert!(matches!(refused, LiveEvent::Refused { ref error, .. } if error == "Ada drives already"), "{refused:?}");
    // Input of one who does not drive is forged.
    bob.presses(DONE, MouseButton::Left, 1).await;
    bob.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error == "you do not drive")).await;
    bob.does(ViewerMessage::TakeOver).await;
    bob.hears(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await;
    ada.hears(
        |event| matches!(event, LiveEvent::Control { controller: Some(who), you_control: false, .. } if who == "Bob"),
    )
    .await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error == "Bob took the wheel from you"))
        .await;
    ada.does(ViewerMessage::HandBack).await;
    ada.presses(DONE, MouseButton::Left, 1).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error == "you do not drive")).await;
    bob.types(Field::Name, "Bob").await;
    bob.hands_back().await;
    let answer = agent.ok("browser_snapshot", json!({})).await;
    assert!(answer.text.contains("Ada and Bob drove") && !answer.text.contains("Done by hand"), "{}", answer.text);
    assert!(answer.text.contains("textbox \"Name\"") && answer.text.contains(": Bob"), "{}", answer.text);
    for said in ["Ada took the wheel", "Bob took the wheel from Ada", "Bob handed back"] {
        let noted = until(said, SOON, async || audit(&room).await.contains(said).then_some(()));
        noted.await.unwrap();
    }
    room.close().await;
}

#[tokio::test]
async fn a_driver_who_does_nothing_is_warned_and_then_the_wheel_goes_back() {
    let (room, agent) = open(SHORT_LEASE).await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.hears(|event| matches!(event, LiveEvent::LeaseEnds { at: Some(_) })).await;
    ada.does(ViewerMessage::KeepControl).await;
    ada.hears(|event| matches!(event, LiveEvent::LeaseEnds { at: None })).await;
    ada.hears(|event| matches!(event, LiveEvent::LeaseEnds { at: Some(_) })).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error.contains("no input for a long time")))
        .await;
    ada.hears(|event| matches!(event, LiveEvent::Control { controller: None, you_control: false, .. })).await;
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

/// F25: at once, where the other side says that it is gone.
#[tokio::test]
async fn who_loses_the_connection_loses_the_wheel() {
    let (room, agent) = open("").await;
    let (mut ada, mut bob) = (Person::named(&room, "Ada").await, Person::named(&room, "Bob").await);
    ada.takes_the_wheel().await;
    bob.hears(|event| matches!(event, LiveEvent::Control { controller: Some(_), .. })).await;
    drop(ada);
    bob.hears(|event| matches!(event, LiveEvent::Control { controller: None, .. })).await;
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

#[tokio::test]
async fn input_sent_with_the_wheel_itself_reaches_the_page() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    // All at once, and before any picture: nothing is waited for.
    ada.does(ViewerMessage::TakeControl).await;
    ada.types(Field::Name, "Ada").await;
    ada.does(ViewerMessage::HandBack).await;
    ada.hears(|event| matches!(event, LiveEvent::Control { controller: None, .. })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('name').value").await, "\"Ada\"");
    room.close().await;
}

#[tokio::test]
async fn every_button_the_wheel_and_fingers_reach_the_page() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.presses(PAD, MouseButton::Left, 2).await;
    ada.presses(PAD, MouseButton::Middle, 1).await;
    ada.presses(PAD, MouseButton::Right, 1).await;
    ada.does(ViewerMessage::Mouse {
        kind: MouseKind::Wheel,
        x: PAD.0,
        y: PAD.1,
        button: MouseButton::None,
        clicks: 0,
        delta_x: 0.0,
        delta_y: 40.0,
        modifiers: 0,
    })
    .await;
    ada.does(touch(TouchKind::Start, &[PAD])).await;
    ada.does(touch(TouchKind::End, &[])).await;
    ada.does(touch(TouchKind::Start, &[PAD, (PAD.0 + 50.0, PAD.1)])).await;
    ada.does(touch(TouchKind::Move, &[PAD, (PAD.0 + 80.0, PAD.1)])).await;
    ada.does(touch(TouchKind::End, &[])).await;
    // A finger that moves scrolls what is under it.
    ada.does(touch(TouchKind::Start, &[LONG])).await;
    for step in 1..=8 {
        ada.does(touch(TouchKind::Move, &[(LONG.0, LONG.1 - 10.0 * f64::from(step))])).await;
    }
    ada.does(touch(TouchKind::End, &[])).await;
    ada.hands_back().await;
    let seen = seen(&agent).await;
    for wanted in [
        "click:1",
        "click:2",
        "dblclick",
        "auxclick:1",
        "contextmenu",
        "wheel:1",
        "touchstart:1",
        "touchstart:2",
        "touchmove:2",
        "touchend:0",
    ] {
        assert!(seen.iter().any(|one| one == wanted), "no {wanted} in {seen:?}");
    }
    assert!(seen.iter().filter(|one| *one == "click:1").count() >= 2, "a tap is a click too: {seen:?}");
    assert_eq!(agent.evaluate("() => document.getElementById('long').scrollTop > 20").await, "true");
    room.close().await;
}

#[tokio::test]
async fn an_input_method_composes_a_word_in_the_page() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.presses(Field::Name.at(), MouseButton::Left, 1).await;
    for text in ["に", "にほ", "にほん"] {
        let end = u32::try_from(text.encode_utf16().count()).unwrap();
        ada.does(ViewerMessage::Compose { text: text.to_owned(), start: end, end }).await;
    }
    ada.does(ViewerMessage::Text { text: "日本".to_owned() }).await;
    // One that is given up leaves nothing.
    ada.does(ViewerMessage::Compose { text: "ご".to_owned(), start: 1, end: 1 }).await;
    ada.does(ViewerMessage::Compose { text: String::new(), start: 0, end: 0 }).await;
    ada.hands_back().await;
    assert_eq!(agent.evaluate("() => document.getElementById('name').value").await, "\"日本\"");
    let seen = seen(&agent).await;
    for wanted in ["compositionstart:", "compositionupdate:にほん", "compositionend:日本"] {
        assert!(seen.iter().any(|one| one == wanted), "no {wanted} in {seen:?}");
    }
    room.close().await;
}

#[tokio::test]
async fn shortcuts_work_and_what_is_selected_can_be_copied_and_cut_but_no_secret() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.types(Field::Notes, "one two").await;
    ada.does(ViewerMessage::Key { down: true, key: "a".to_owned(), code: "KeyA".to_owned(), modifiers: 2 }).await;
    ada.does(ViewerMessage::Copy { cut: false }).await;
    let copied = ada.hears(|event| matches!(event, LiveEvent::Copied { .. })).await;
    assert_eq!(copied, LiveEvent::Copied { text: "one two".to_owned() });
    ada.does(ViewerMessage::Copy { cut: true }).await;
    let cut = ada.hears(|event| matches!(event, LiveEvent::Copied { .. })).await;
    assert_eq!(cut, LiveEvent::Copied { text: "one two".to_owned() });
    ada.types(Field::Password, "hunter2!x").await;
    ada.does(ViewerMessage::Key { down: true, key: "a".to_owned(), code: "KeyA".to_owned(), modifiers: 2 }).await;
    ada.does(ViewerMessage::Copy { cut: false }).await;
    let secret = ada.hears(|event| matches!(event, LiveEvent::Copied { .. })).await;
    assert_eq!(secret, LiveEvent::Copied { text: String::new() });
    ada.hands_back().await;
    assert_eq!(agent.evaluate("() => document.getElementById('notes').value").await, "\"\"");
    assert!(seen(&agent).await.contains(&"keydown:Ctrl+a".to_owned()));
    room.close().await;
}

#[tokio::test]
async fn a_person_answers_a_dialog_they_opened_and_walks_through_the_tab() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    ada.presses(ASK, MouseButton::Left, 1).await;
    let asked = ada.hears(|event| matches!(event, LiveEvent::Dialog { kind: Some(_), .. })).await;
    let LiveEvent::Dialog { page, message, .. } = asked else { panic!("{asked:?}") };
    assert_eq!(message, "Really?");
    ada.does(ViewerMessage::Text { text: "x".to_owned() }).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error.contains("answer it first"))).await;
    ada.does(ViewerMessage::AnswerDialog { page, accept: true, text: None }).await;
    ada.hears(|event| matches!(event, LiveEvent::Dialog { kind: None, .. })).await;
    ada.does(ViewerMessage::Go { url: "file:///etc/passwd".to_owned() }).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error.contains("only web pages"))).await;
    let shows = |path: &'static str| move |event: &LiveEvent| matches!(event, LiveEvent::Session { session } if session.url.ends_with(path));
    ada.does(ViewerMessage::Go { url: room.site.url("/form") }).await;
    ada.hears(shows("/form")).await;
    ada.does(ViewerMessage::Walk { step: Step::Back }).await;
    ada.hears(shows("/wheel")).await;
    ada.does(ViewerMessage::Walk { step: Step::Forward }).await;
    ada.hears(shows("/form")).await;
    ada.hands_back().await;
    let answer = agent.ok("browser_evaluate", json!({ "function": "() => location.pathname" })).await;
    assert_eq!(section(&answer.text, "Result"), "\"/form\"");
    let events = section(&answer.text, "Events");
    assert!(events.contains("/wheel is now ") && events.contains("The page is another one"), "{events}");
    room.close().await;
}

#[tokio::test]
async fn a_file_from_a_person_s_machine_reaches_the_site_and_nobody_else() {
    let (room, agent) = open("").await;
    let mut ada = Person::named(&room, "Ada").await;
    let bob = Person::named(&room, "Bob").await;
    let given = format!("/v1/sessions/{}/given?name=passport.txt", ada.session);
    let (status, body) = room.service.upload(&given, &ada.key, "text/plain", "number 7".into()).await.unwrap();
    assert_eq!((status, &body["code"]), (409, &json!("not_driving")), "{body}");
    ada.takes_the_wheel().await;
    ada.presses(FILES, MouseButton::Left, 1).await;
    let asked = ada.hears(|event| matches!(event, LiveEvent::Chooser { number: Some(_), .. })).await;
    let LiveEvent::Chooser { page, number: Some(number), several: true } = asked else { panic!("{asked:?}") };
    for (key, wanted) in
        [(&bob.key, 409), (&room.service.create_key("x", &["agent", "view"], None).await.unwrap(), 403)]
    {
        let (status, body) = room.service.upload(&given, key, "text/plain", "no".into()).await.unwrap();
        assert_eq!(status, wanted, "{body}");
    }
    let (status, file) = room.service.upload(&given, &ada.key, "text/plain", "number 7".into()).await.unwrap();
    assert_eq!(status, 201, "{file}");
    let file = file["file"].as_str().unwrap().to_owned();
    ada.does(ViewerMessage::Choose { page, number, files: vec!["../../etc/passwd".to_owned()] }).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { .. })).await;
    ada.does(ViewerMessage::Choose { page, number: number + 7, files: vec![file.clone()] }).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error.contains("no longer asks"))).await;
    ada.does(ViewerMessage::Choose { page, number, files: vec![file.clone()] }).await;
    ada.hears(|event| matches!(event, LiveEvent::Chooser { number: None, .. })).await;
    let arrived = room.site.wait_for("POST", "/received", SOON).await.unwrap();
    assert_eq!(arrived.body, "passport.txt=number 7");
    ada.hands_back().await;
    let (_, list) =
        room.service.api("GET", &format!("/v1/sessions/{}/files", ada.session), Some(&ada.key), None).await.unwrap();
    assert_eq!(list["files"], json!([]), "the agent is told of no file");
    agent.refused("browser_file_upload", json!({ "paths": [file] })).await;
    room.close().await;
}

const PASSWORD: &str = "hunter2&more";
const CARD: &str = "4111 1111 1111 1111";
/// Letters, so that no port, time or hash has it by chance.
const CODE: &str = "QZXJ";

/// The audit's lines without the chain's hashes, which have four digits in a row by chance.
fn without_hashes(lines: &str) -> String {
    let parts = lines.split('"');
    parts
        .filter(|part| part.len() != 64 || !part.bytes().all(|one| one.is_ascii_hexdigit()))
        .collect::<Vec<_>>()
        .join("\"")
}

#[tokio::test]
async fn a_secret_typed_by_a_person_never_reaches_agent_log_audit_or_recording() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent_with("agent", "devtools,network,testing,storage").await;
    agent.goto(&room.site.url("/wheel")).await;
    agent.ok("browser_start_recording", json!({})).await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    for (field, text) in [(Field::Password, PASSWORD), (Field::Card, CARD), (Field::Code, CODE), (Field::Name, "Ada")] {
        ada.types(field, text).await;
        ada.is_done().await;
    }
    ada.hands_back().await;
    let mut told = String::new();
    let mut call = async |tool: &str, arguments: Value| {
        let answer = agent.call(tool, arguments).await;
        told.push_str(&format!("\n=== {tool}\n{}", answer.text));
        answer
    };
    let snapshot = call("browser_snapshot", json!({})).await;
    assert!(snapshot.text.contains(": Ada") && snapshot.text.contains("••••"), "{}", snapshot.text);
    call(
        "browser_evaluate",
        json!({ "function": "() => [...document.querySelectorAll('input')].map(one => one.value)" }),
    )
    .await;
    call(
        "browser_evaluate",
        json!({ "function": "() => encodeURIComponent(document.getElementById('password').value)" }),
    )
    .await;
    call(
        "browser_evaluate",
        json!({ "function": "() => { throw new Error(document.getElementById('password').value) }" }),
    )
    .await;
    call("browser_console_messages", json!({ "level": "debug" })).await;
    call("browser_read", json!({})).await;
    call("browser_find", json!({ "text": "hunter" })).await;
    let recorded = call("browser_stop_recording", json!({})).await;
    assert!(recorded.text.contains("process.env['SECRET']"), "{}", recorded.text);
    // The page sends it when the agent presses: the log of its requests is the agent's to read.
    let send = snapshot.find_ref(&["button", "Send"]).unwrap();
    call("browser_click", json!({ "target": send, "element": "Send" })).await;
    let sent = room.site.wait_for("POST", "/received", SOON).await.unwrap();
    assert!(sent.body.contains("password=hunter2%26more&card=4111+1111+1111+1111&cvc=QZXJ"), "{}", sent.body);
    let list = call("browser_network_requests", json!({ "static": true })).await;
    let index = list.text.lines().find_map(|line| {
        let line = line.trim();
        line.contains("/received").then(|| line.split(['.', ':', ' ']).find_map(|word| word.parse::<u64>().ok()))?
    });
    for part in ["request-body", "request-headers"] {
        call("browser_network_request", json!({ "index": index.unwrap_or(1), "part": part })).await;
    }
    let picture = agent.ok("browser_take_screenshot", json!({})).await;
    assert!(!picture.images.is_empty());
    crate::story::keep("wheel-secrets-agent.png", &picture.images[0].1);
    let (audit, log) = (without_hashes(&audit(&room).await), room.service.log());
    for secret in ["hunter2", "4111", CODE] {
        assert!(!told.contains(secret), "{secret} reached the agent:\n{told}");
        assert!(!audit.contains(secret), "{secret} is in the audit");
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    room.close().await;
}

/// F23: input beyond what a person can do.
#[tokio::test]
async fn a_viewer_that_floods_or_lies_is_refused_and_drives_on() {
    let (room, agent) = open("[live]\ninputs_per_second_max = 50\n").await;
    let mut ada = Person::named(&room, "Ada").await;
    ada.takes_the_wheel().await;
    for _ in 0..200 {
        ada.does(ViewerMessage::Text { text: "x".to_owned() }).await;
    }
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error == "too much input at once")).await;
    let too_many = (0..11).map(|id| TouchPoint { id, x: 1.0, y: 1.0 }).collect();
    ada.does(ViewerMessage::Touch { kind: TouchKind::Start, points: too_many, modifiers: 0 }).await;
    ada.does(ViewerMessage::Compose { text: "x".repeat(20_000), start: 0, end: 0 }).await;
    ada.hears(|event| matches!(event, LiveEvent::Refused { error, .. } if error == "the text is too long")).await;
    ada.does(ViewerMessage::HandBack).await;
    loop {
        match ada.live.next().await.unwrap() {
            Some(Live::Event(event)) if matches!(*event, LiveEvent::Control { controller: None, .. }) => break,
            Some(_) => {}
            None => panic!("the socket was closed"),
        }
    }
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

/// The viewer's own page, as a person uses it.
struct Seat {
    chromium: Chromium,
    page: Page,
}

impl Seat {
    async fn at(room: &Room, name: &str) -> Self {
        let key = room.service.create_key(name, &["view", "control"], None).await.unwrap();
        let chromium = Chromium::launch().await.unwrap();
        let page = Page::open(&chromium.connection()).await.unwrap();
        let seat = Self { chromium, page };
        seat.size(1440, 900, 1).await;
        sign_in(&seat.page, &room.service.base(), &key).await;
        let session = only_session(room).await;
        seat.page.evaluate(&format!("location.hash = '#/s/{session}'")).await.unwrap();
        seat.when("document.querySelector('[data-testid=session-picture].drawn') !== null").await;
        seat
    }

    async fn size(&self, width: u32, height: u32, scale: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.page.call("Emulation.setDeviceMetricsOverride", size).await.unwrap();
    }

    async fn when(&self, expression: &str) {
        self.page.when(expression).await.unwrap();
    }

    async fn keep(&self, name: &str) {
        keep(name, &self.page.picture("png").await.unwrap());
    }

    /// Where a point of the session's page is on the viewer's screen.
    async fn on_screen(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let place = self
            .page
            .evaluate(&format!(
                "(() => {{
                   const box = document.querySelector('[data-testid=control-input]').getBoundingClientRect();
                   const scale = Math.min(box.width / 1280, box.height / 720);
                   return {{ x: box.x + (box.width - 1280 * scale) / 2 + {x} * scale, y: box.y + (box.height - 720 * scale) / 2 + {y} * scale }};
                 }})()"
            ))
            .await
            .unwrap();
        (place["x"].as_f64().unwrap(), place["y"].as_f64().unwrap())
    }

    async fn clicks(&self, at: (f64, f64)) {
        let (x, y) = self.on_screen(at).await;
        self.page.click_at(x, y).await.unwrap();
    }

    async fn leaves(self) {
        self.page.close().await.unwrap();
        self.chromium.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_person_drives_in_the_viewer_with_input_method_paste_fingers_and_a_file() {
    let (room, agent) = open("").await;
    let seat = Seat::at(&room, "Ada").await;
    seat.page.click_named("Take control").await.unwrap();
    seat.when("document.activeElement?.dataset.testid === 'control-input'").await;
    // An input method, in the viewer as in any page.
    seat.clicks(Field::Name.at()).await;
    for text in ["に", "にほん"] {
        let end = text.encode_utf16().count();
        let composing = json!({ "text": text, "selectionStart": end, "selectionEnd": end });
        seat.page.call("Input.imeSetComposition", composing).await.unwrap();
    }
    seat.page.insert("日本").await.unwrap();
    // What they copied elsewhere.
    seat.clicks(Field::Notes.at()).await;
    seat.page
        .evaluate(
            "(() => {
               const data = new DataTransfer();
               data.setData('text/plain', 'from elsewhere');
               document.querySelector('[data-testid=control-input]').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true }));
             })()",
        )
        .await
        .unwrap();
    // A finger.
    let (x, y) = seat.on_screen(PAD).await;
    for (kind, points) in [("touchStart", json!([{ "x": x, "y": y }])), ("touchEnd", json!([]))] {
        seat.page.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await.unwrap();
    }
    // A file from their disk.
    seat.clicks(FILES).await;
    seat.when("document.querySelector('[data-testid=chooser-input]') !== null").await;
    seat.keep("wheel-chooser.png").await;
    let file = room.service.data().path().join("letter.txt");
    std::fs::write(&file, "dear site").unwrap();
    let input = json!({ "expression": "document.querySelector('[data-testid=chooser-input]')" });
    let input = seat.page.call("Runtime.evaluate", input).await.unwrap();
    let files = json!({ "files": [file], "objectId": input["result"]["objectId"] });
    seat.page.call("DOM.setFileInputFiles", files).await.unwrap();
    let arrived = room.site.wait_for("POST", "/received", SOON).await.unwrap();
    assert_eq!(arrived.body, "letter.txt=dear site");
    seat.when("document.querySelector('[data-testid=chooser]') === null").await;
    // A dialog they opened is theirs to answer.
    seat.clicks(ASK).await;
    seat.when("document.querySelector('[data-testid=dialog-accept]') !== null").await;
    seat.keep("wheel-dialog.png").await;
    seat.page.click_named("OK").await.unwrap();
    seat.when("document.querySelector('[data-testid=dialog]') === null").await;
    seat.page.click_named("Hand back").await.unwrap();
    seat.when("document.querySelector('[data-testid=take-control]') !== null").await;

    let said = agent.evaluate("() => [...document.querySelectorAll('#name,#notes,#state')].map(one => one.value ?? one.textContent).join('|')").await;
    assert_eq!(said, "\"日本|from elsewhere|Said yes\"");
    let seen = seen(&agent).await;
    for wanted in ["compositionupdate:にほん", "compositionend:日本", "touchstart:1", "touchend:0", "click:1"] {
        assert!(seen.iter().any(|one| one == wanted), "no {wanted} in {seen:?}");
    }
    seat.leaves().await;
    room.close().await;
}

#[tokio::test]
async fn the_session_page_in_both_themes_on_large_small_and_sharp_screens() {
    let (room, agent) = open("").await;
    agent.evaluate("() => { console.error('broken'); console.log('fine'); fetch('/status/500'); return 1 }").await;
    agent.evaluate("() => { window.open('/form'); return 1 }").await;
    let seat = Seat::at(&room, "Ada").await;
    agent.ok("browser_tabs", json!({ "action": "select", "index": 0 })).await;
    agent.click(&["button", "Mark as done"]).await;
    seat.when("document.querySelector('[data-testid=call-picture]') !== null").await;
    assert_eq!(seat.page.evaluate("document.querySelectorAll('.tab-opener').length").await.unwrap(), json!(1));
    for theme in ["dark", "light"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        seat.page.call("Emulation.setEmulatedMedia", media).await.unwrap();
        for (width, height) in [(1440, 900), (400, 860)] {
            seat.size(width, height, 1).await;
            seat.when(&format!("innerWidth === {width} && document.documentElement.scrollWidth <= {width}")).await;
            seat.keep(&format!("wheel-session-{theme}-{width}.png")).await;
        }
    }
    // As many pixels as the screen has, not as many as its CSS says.
    seat.size(1440, 900, 2).await;
    seat.when("document.querySelector('[data-testid=session-picture]').width > 1000").await;
    seat.keep("wheel-session-sharp.png").await;
    seat.size(1440, 900, 1).await;
    seat.page.click_named("Network").await.unwrap();
    seat.when("document.querySelector('[data-testid=network-row]') !== null").await;
    seat.page.click_named("Failed").await.unwrap();
    seat.when(
        "[...document.querySelectorAll('[data-testid=network-row]')].map((one) => one.dataset.status).join() === '500'",
    )
    .await;
    seat.keep("wheel-network.png").await;
    // One to one: a pixel of the page is one of the screen, and the rest is scrolled to.
    seat.page.evaluate("document.querySelector('[data-testid=zoom-full]').click()").await.unwrap();
    seat.when("document.querySelector('[data-testid=session-picture]').getBoundingClientRect().width === 1280").await;
    seat.page.click_named("Take control").await.unwrap();
    seat.when("document.querySelector('[data-testid=control-input]') !== null").await;
    seat.clicks(ASK).await;
    seat.when("document.querySelector('[data-testid=dialog]') !== null").await;
    seat.keep("wheel-zoomed.png").await;
    seat.page.click_named("Cancel").await.unwrap();
    seat.page.evaluate("document.querySelector('[data-testid=zoom-fit]').click()").await.unwrap();
    seat.when("document.querySelector('.stage-zoomed') === null").await;
    seat.keep("wheel-driving.png").await;
    // Another person takes it on purpose, and the first is told.
    let mut bob = Person::named(&room, "Bob").await;
    bob.does(ViewerMessage::TakeOver).await;
    seat.when("document.querySelector('[data-testid=refusal]')?.textContent.includes('Bob took the wheel from you')")
        .await;
    seat.page.click_named("Take over").await.unwrap();
    seat.when("document.querySelector('[data-testid=take-over-sure]') !== null").await;
    seat.keep("wheel-take-over.png").await;
    seat.page.click_named("Take it from Bob").await.unwrap();
    bob.hears(|event| matches!(event, LiveEvent::Control { controller: Some(who), .. } if who == "Ada")).await;
    seat.leaves().await;
    room.close().await;
}
