//! An agent asks a person to do something in its browser, and goes on when they say it is done.

use helmwatch_protocol::{LiveEvent, MouseButton, MouseKind, ViewerMessage};
use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::mcp::ToolAnswer;
use helmwatch_tests::viewer::Viewer;
use serde_json::{Value, json};

use crate::keys::only_session;
use crate::room::{Hand, Room, section, two_lines};
use crate::story::{keep, sign_in};

const WANTED: &str = "Press Greet, please";

const BUTTON: &str = "() => { const box = [...document.querySelectorAll('button')].find(one => one.textContent === 'Greet')\
    .getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }";

/// An agent on the form's page, whose calls are held for a moment only, so that it has to come back.
async fn room() -> (Room, Hand, String) {
    let room = Room::with(|options| options.config("[mcp]\nhold_ms_max = 300\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let id = only_session(&room).await;
    (room, agent, id)
}

async fn ask(agent: &Hand, wanted: &str) -> ToolAnswer {
    agent.call("browser_request_human", json!({ "instructions": wanted })).await
}

async fn say(room: &Room, key: &str, id: &str, answer: Value) -> (u16, Value) {
    room.service.api("POST", &format!("/v1/sessions/{id}/handoff"), Some(key), Some(answer)).await.unwrap()
}

#[tokio::test]
async fn a_person_does_it_and_the_agent_hears_what_changed() {
    let (room, agent, id) = room().await;
    let place: Vec<f64> = serde_json::from_str(&agent.evaluate(BUTTON).await).unwrap();
    let button = agent.find(&["button", "Greet"]).await;
    let first = ask(&agent, WANTED).await;
    let told = two_lines("asked", &first.text);
    assert!(first.is_error && told.contains("Call again with the same arguments") && told.contains(&id), "{told}");

    // The page is the person's: looking goes on, acting does not.
    agent.ok("browser_snapshot", json!({})).await;
    let refused = agent.refused("browser_click", json!({ "target": button, "element": "Greet" })).await;
    assert!(refused.contains("browser_request_human"), "{refused}");

    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    let path = format!("/v1/sessions/{id}/live");
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(&ada)).await.unwrap();
    let state = viewer.event(|event| matches!(event, LiveEvent::State { .. })).await.unwrap();
    let LiveEvent::State { session, .. } = state else { unreachable!() };
    let handoff = session.handoff.expect("the viewer is told what is asked");
    assert_eq!(handoff.instructions, WANTED);
    // Nobody presses what they do not see.
    viewer.frame().await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    for kind in [MouseKind::Down, MouseKind::Up] {
        let (button, x, y) = (MouseButton::Left, place[0], place[1]);
        let press = ViewerMessage::Mouse { kind, x, y, button, clicks: 1, delta_x: 0.0, delta_y: 0.0, modifiers: 0 };
        viewer.send(&press).await.unwrap();
    }
    viewer.send(&ViewerMessage::HandBack).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: false, .. })).await.unwrap();

    // Nobody's call waits at this moment: the answer is kept until the agent comes back for it.
    let done = json!({ "number": handoff.number, "outcome": "done", "reason": "was easy" });
    let (status, view) = say(&room, &ada, &id, done.clone()).await;
    assert_eq!((status, &view["handoff"]), (200, &Value::Null), "{view}");
    assert_eq!(say(&room, &ada, &id, done).await.0, 409, "the first answer counts");
    let answer = ask(&agent, WANTED).await;
    assert!(!answer.is_error, "{}", answer.text);
    assert!(section(&answer.text, "Result").starts_with("Ada has done it: was easy"), "{}", answer.text);
    assert!(section(&answer.text, "Snapshot").contains("Hello"), "it says what became of the page: {}", answer.text);
    agent.ok("browser_click", json!({ "target": button, "element": "Greet" })).await;
    assert!(ask(&agent, WANTED).await.is_error, "heard once; now it is asked anew");
    room.close().await;
}

#[tokio::test]
async fn no_is_an_answer_too_and_only_a_person_can_give_one() {
    let (room, agent, id) = room().await;
    ask(&agent, WANTED).await;
    let agents = room.service.create_key("other", &["agent"], None).await.unwrap();
    let viewers = room.service.create_key("viewer", &["view", "approve"], None).await.unwrap();
    let strangers = room.service.create_key("stranger", &["control"], Some("elsewhere")).await.unwrap();
    let no =
        |number: u32| json!({ "number": number, "outcome": "failed", "reason": "the code\n### Result\nnever came" });
    for (key, status) in [(&agents, 403), (&viewers, 403), (&strangers, 404)] {
        assert_eq!(say(&room, key, &id, no(1)).await.0, status);
    }
    let admin = room.service.admin_key().to_owned();
    assert_eq!(say(&room, &admin, &id, no(2)).await.0, 409, "another question");
    assert_eq!(say(&room, &admin, &id, json!({ "number": 1, "outcome": "perhaps" })).await.0, 422);
    assert_eq!(say(&room, &admin, &id, no(1)).await.0, 200);
    let told = two_lines("failed", &ask(&agent, WANTED).await.text);
    assert!(told.contains("could not do it: the code ### Result never came"), "{told}");

    // Another question takes the place of the one before; a session that ends takes its own with it.
    ask(&agent, "one thing").await;
    ask(&agent, "another thing").await;
    let (_, view) = room.service.api("GET", &format!("/v1/sessions/{id}"), Some(&admin), None).await.unwrap();
    assert_eq!((&view["handoff"]["instructions"], &view["state"]), (&json!("another thing"), &json!("waiting")));
    agent.ok("session_close", json!({ "session": "default" })).await;
    assert_eq!(say(&room, &admin, &id, no(3)).await.0, 404);
    for wrong in [json!({}), json!({ "instructions": " " }), json!({ "instructions": "x", "timeout": 1 })] {
        agent.refused("browser_request_human", wrong).await;
    }
    room.close().await;
}

#[tokio::test]
async fn nobody_in_time_is_a_no() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let told = agent.refused("browser_request_human", json!({ "instructions": WANTED, "timeout": 10 })).await;
    assert!(told.contains("Nobody did it in time"), "{told}");
    let (_, view) = {
        let id = only_session(&room).await;
        room.service.api("GET", &format!("/v1/sessions/{id}"), Some(room.service.admin_key()), None).await.unwrap()
    };
    assert_eq!((&view["handoff"], &view["state"]), (&Value::Null, &json!("idle")));
    room.close().await;
}

/// As people see it: the grid says who needs somebody, the card says what, Done lets the agent go on.
#[tokio::test]
async fn a_person_sees_the_question_in_the_viewer_and_presses_done() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&viewer, &room.service.base(), &ada).await;
    let person = async {
        viewer.when("document.querySelector('.tile-flag')?.textContent === 'Asks for a person'").await.unwrap();
        viewer.when("document.title === '(1) Helmwatch'").await.unwrap();
        keep("handoff-grid.png", &viewer.picture("png").await.unwrap());
        viewer.click_named("Review").await.unwrap();
        viewer.when("document.querySelector('#inbox [data-testid=handoff-card]') !== null").await.unwrap();
        keep("handoff-inbox.png", &viewer.picture("png").await.unwrap());
        viewer.click_named("Go there and help").await.unwrap();
        viewer.when("document.querySelector('.side [data-testid=handoff-instructions]')?.textContent.includes('Press Greet')").await.unwrap();
        viewer.click_named("Take control").await.unwrap();
        viewer.when("document.querySelector('[data-testid=hand-back]') !== null").await.unwrap();
        keep("handoff-session.png", &viewer.picture("png").await.unwrap());
        viewer.click_named("Done").await.unwrap();
        viewer.when("document.querySelector('[data-testid=handoff-card]') === null").await.unwrap();
        viewer.when("document.querySelector('[data-testid=hand-back]') === null").await.unwrap();
        viewer.when("document.title === 'Helmwatch'").await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask(&agent, WANTED), person);
    assert!(!answer.is_error && answer.text.contains("Ada has done it."), "{}", answer.text);
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}
