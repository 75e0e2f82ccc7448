//! Links to one session: what their holders may do, and when it ends. Over HTTP and WebSocket; as people see it in `guests`.

use helmwatch_protocol::{LiveEvent, MouseButton, MouseKind, ViewerMessage};
use helmwatch_tests::viewer::{Live, Viewer};
use serde_json::{Value, json};

use crate::keys::only_session;
use crate::room::{Hand, Room};

/// A link, as its maker got it.
pub struct Made {
    pub id: String,
    pub url: String,
    pub token: String,
}

/// An agent on the form's page, its session's id, and the key of a person who may share it.
pub async fn shared_room() -> (Room, Hand, String, String) {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let id = only_session(&room).await;
    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    (room, agent, id, ada)
}

pub async fn ask(room: &Room, key: &str, session: &str, body: Value) -> (u16, Value) {
    room.service.api("POST", &format!("/v1/sessions/{session}/links"), Some(key), Some(body)).await.unwrap()
}

pub async fn link(room: &Room, key: &str, session: &str, access: &str, ttl_s: u32) -> Made {
    let (status, made) = ask(room, key, session, json!({ "access": access, "ttl_s": ttl_s, "name": "Ben" })).await;
    assert_eq!(status, 201, "{made}");
    let url = made["url"].as_str().unwrap().to_owned();
    let (address, token) = url.split_once("#link=").unwrap_or_else(|| panic!("the secret stands after #: {url}"));
    assert!(!address.contains("hwlink_"), "{url}");
    Made { id: made["link"]["id"].as_str().unwrap().to_owned(), token: token.to_owned(), url }
}

async fn look(room: &Room, token: &str, session: &str) -> Result<Viewer, String> {
    let path = format!("/v1/sessions/{session}/live");
    Viewer::connect(&room.service.base(), &path, Some(token)).await.map_err(|error| error.to_string())
}

async fn revoke(room: &Room, key: &str, link: &str) -> u16 {
    room.service.api("DELETE", &format!("/v1/links/{link}"), Some(key), None).await.unwrap().0
}

fn press(x: f64, y: f64) -> [ViewerMessage; 2] {
    [MouseKind::Down, MouseKind::Up].map(|kind| ViewerMessage::Mouse {
        kind,
        x,
        y,
        button: MouseButton::Left,
        clicks: 1,
        delta_x: 0.0,
        delta_y: 0.0,
        modifiers: 0,
    })
}

#[tokio::test]
async fn a_read_only_link_shows_one_session_and_presses_nothing() {
    let (room, agent, id, ada) = shared_room().await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop") })).await;
    let made = link(&room, &ada, &id, "view", 600).await;
    let (status, guest) = room.service.api("GET", "/v1/guest", Some(&made.token), None).await.unwrap();
    assert_eq!((status, &guest["session"], &guest["access"]), (200, &json!(id), &json!("view")), "{guest}");
    let mut viewer = look(&room, &made.token, &id).await.unwrap();
    let Some(Live::Event(first)) = viewer.next().await.unwrap() else { panic!("the first message is no event") };
    let LiveEvent::State { session, approvals, .. } = *first else { panic!("{first:?}") };
    assert!(session.url.ends_with("/shop") && session.owner.is_empty() && session.tenant.is_empty(), "{session:?}");
    assert!(approvals.is_empty());
    viewer.frame().await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    let refused = viewer.event(|event| matches!(event, LiveEvent::Refused { .. })).await.unwrap();
    assert!(format!("{refused:?}").contains("control"), "{refused:?}");
    let place: Vec<f64> = serde_json::from_str(&agent.evaluate(BUY).await).unwrap();
    for message in press(place[0], place[1]) {
        viewer.send(&message).await.unwrap();
        viewer.event(|event| matches!(event, LiveEvent::Refused { .. })).await.unwrap();
    }
    assert_eq!(agent.evaluate("() => document.title").await, "\"Shop\"", "the page is where it was");
    assert_eq!(room.site.count("POST", "/buy"), 0, "the site saw nothing");
    room.close().await;
}

const BUY: &str = "() => { const box = [...document.querySelectorAll('button')].find(one => one.textContent.includes('Buy now'))\
    .getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }";

#[tokio::test]
async fn a_control_link_drives_and_decides_nothing() {
    let (room, agent, id, ada) = shared_room().await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop") })).await;
    let place: Vec<f64> = serde_json::from_str(&agent.evaluate(BUY).await).unwrap();
    let made = link(&room, &ada, &id, "control", 600).await;
    let mut viewer = look(&room, &made.token, &id).await.unwrap();
    viewer.frame().await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    let taken = |event: &LiveEvent| matches!(event, LiveEvent::Control { you_control: true, .. });
    let event = viewer.event(taken).await.unwrap();
    assert!(format!("{event:?}").contains("Ben (link)"), "people are told who drives: {event:?}");
    for message in press(place[0], place[1]) {
        viewer.send(&message).await.unwrap();
    }
    room.site.wait_for("POST", "/buy", crate::room::SOON).await.unwrap();
    viewer.send(&ViewerMessage::HandBack).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: false, .. })).await.unwrap();

    // A call is held: the guest sees that, but neither the card nor a way to decide it.
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop") })).await;
    let button = agent.find(&["button", "Buy now"]).await;
    let call = agent.call("browser_click", json!({ "target": button, "element": "Buy now" }));
    let person = async {
        let held = room.held().await;
        let waits =
            |event: &LiveEvent| matches!(event, LiveEvent::Session { session } if session.approvals_pending == 1);
        let told = viewer.event(|event| waits(event) || matches!(event, LiveEvent::Approval { .. })).await.unwrap();
        assert!(waits(&told), "no card for a guest: {told:?}");
        let approval = held["id"].as_str().unwrap();
        assert_eq!(room.decide(&made.token, approval, "approve").await.0, 403);
        assert_eq!(room.pending().await.len(), 1, "still undecided");
        assert_eq!(room.decide(room.service.admin_key(), approval, "deny").await.0, 200);
    };
    let (answer, ()) = tokio::join!(call, person);
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    room.close().await;
}

#[tokio::test]
async fn a_link_opens_its_session_and_nothing_else() {
    let (room, agent, id, ada) = shared_room().await;
    agent.ok("session_open", json!({ "name": "other" })).await;
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(&ada), None).await.unwrap();
    let sessions = list["sessions"].as_array().unwrap();
    let other = sessions.iter().find(|one| one["name"] == "other").unwrap()["id"].as_str().unwrap().to_owned();
    let made = link(&room, &ada, &id, "control", 600).await;
    let token = Some(made.token.as_str());
    let api = async |method: &str, path: &str| room.service.api(method, path, token, None).await.unwrap();

    let unknown = "s_00000000000000000000";
    let not_there = api("GET", &format!("/v1/sessions/{unknown}")).await;
    assert_eq!(not_there.0, 404);
    assert_eq!(api("GET", &format!("/v1/sessions/{other}")).await, not_there, "another's reads like none");
    assert!(look(&room, &made.token, &other).await.err().unwrap().contains("404"));
    let (status, own) = api("GET", &format!("/v1/sessions/{id}")).await;
    assert_eq!((status, &own["owner"], &own["tenant"]), (200, &json!(""), &json!("")), "{own}");
    for (method, path) in [
        ("GET", "/v1/sessions".to_owned()),
        ("POST", "/v1/sessions".to_owned()),
        ("DELETE", format!("/v1/sessions/{id}")),
        ("GET", format!("/v1/sessions/{id}/links")),
        ("GET", format!("/v1/sessions/{id}/files")),
        ("GET", format!("/v1/sessions/{id}/files/a.png")),
        ("DELETE", format!("/v1/links/{}", made.id)),
        ("GET", "/v1/approvals".to_owned()),
        ("GET", "/v1/pool".to_owned()),
        ("GET", "/v1/login".to_owned()),
        ("GET", "/metrics".to_owned()),
        ("POST", "/mcp".to_owned()),
    ] {
        let (status, answer) = api(method, &path).await;
        assert_eq!((status, &answer["code"]), (403, &json!("link_elsewhere")), "{method} {path}: {answer}");
    }
    assert!(Viewer::connect(&room.service.base(), "/v1/feed", token).await.is_err(), "no feed");
    // In the address it would be logged: it is not taken there.
    let (status, _, _) = room.service.fetch(&format!("/v1/guest?token={}", made.token), None).await.unwrap();
    assert_eq!(status, 400);
    agent.ok("session_close", json!({ "session": "other" })).await;
    room.close().await;
}

#[tokio::test]
async fn forged_cut_and_foreign_links_open_nothing() {
    let (room, _agent, id, ada) = shared_room().await;
    let made = link(&room, &ada, &id, "view", 600).await;
    let token = &made.token;
    let forged = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { 'B' } else { 'A' });
    let (head, _) = token.rsplit_once('_').unwrap();
    let other_secret = format!("{head}_{}", "A".repeat(43));
    for wrong in [&token[..token.len() - 1], &forged, &other_secret, "hwlink_", "hwlink_l_x"] {
        let (status, answer) = room.service.api("GET", "/v1/guest", Some(wrong), None).await.unwrap();
        assert_eq!((status, &answer["code"]), (401, &json!("unknown_link")), "{wrong}: {answer}");
        assert!(look(&room, wrong, &id).await.is_err(), "{wrong}");
    }
    // From a page of another origin, as a browser would send it, it opens nothing either.
    let (base, path) = (room.service.base(), format!("/v1/sessions/{id}/live"));
    let offered = format!("helmwatch.link, helmwatch.link.{token}");
    let from = async |origin: &str| {
        let headers = [("origin", origin), ("sec-websocket-protocol", offered.as_str())];
        Viewer::connect_with(&base, &path, headers).await
    };
    assert!(from("https://evil.example").await.err().unwrap().to_string().contains("403"));
    from(&base).await.unwrap().frame().await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn who_looks_through_a_revoked_link_is_put_out_at_once() {
    let (room, _agent, id, ada) = shared_room().await;
    let made = link(&room, &ada, &id, "control", 600).await;
    let mut viewer = look(&room, &made.token, &id).await.unwrap();
    viewer.frame().await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    let path = format!("/v1/sessions/{id}/links");
    let (_, list) = room.service.api("GET", &path, Some(&ada), None).await.unwrap();
    let listed = &list["links"][0];
    assert_eq!((&listed["viewers"], &listed["state"], &listed["made_by"]), (&json!(1), &json!("good"), &json!("Ada")));
    assert!(!list.to_string().contains(&made.token), "the secret is told once");
    assert_eq!(revoke(&room, &ada, &made.id).await, 204);
    let (code, reason) = viewer.ended().await.unwrap();
    assert_eq!((code, reason.as_str()), (1008, "the link was revoked"));
    let (_, session) = room.service.api("GET", &format!("/v1/sessions/{id}"), Some(&ada), None).await.unwrap();
    assert_eq!(session["state"], "idle", "the wheel went back with them: {session}");
    let (status, answer) = room.service.api("GET", "/v1/guest", Some(&made.token), None).await.unwrap();
    assert_eq!((status, &answer["code"]), (401, &json!("link_revoked")), "{answer}");
    assert!(look(&room, &made.token, &id).await.is_err());
    room.close().await;
}

#[tokio::test]
async fn a_link_ends_by_itself_with_its_makers_key_and_with_its_session() {
    let (room, agent, id, ada) = shared_room().await;
    let short = link(&room, &ada, &id, "view", 2).await;
    let mut viewer = look(&room, &short.token, &id).await.unwrap();
    assert_eq!(viewer.ended().await.unwrap(), (1008, "the link has expired".to_owned()));
    let (status, answer) = room.service.api("GET", "/v1/guest", Some(&short.token), None).await.unwrap();
    assert_eq!((status, &answer["code"]), (401, &json!("link_expired")), "{answer}");

    let hers = link(&room, &ada, &id, "view", 600).await;
    let mut viewer = look(&room, &hers.token, &id).await.unwrap();
    room.service.revoke_key(ada.split('_').nth(1).unwrap()).await.unwrap();
    assert_eq!(viewer.ended().await.unwrap(), (1008, "the key that made the link is no longer good".to_owned()));

    let admin = room.service.admin_key().to_owned();
    let last = link(&room, &admin, &id, "view", 600).await;
    let mut viewer = look(&room, &last.token, &id).await.unwrap();
    agent.ok("session_close", json!({ "session": "default" })).await;
    let (code, _) = viewer.ended().await.unwrap();
    assert_eq!(code, 1000, "the session is over: no fault of the link");
    let gone = helmwatch_tests::wait::until("the link's end", crate::room::SOON, async || {
        let (status, answer) = room.service.api("GET", "/v1/guest", Some(&last.token), None).await.ok()?;
        (status == 401 && answer["code"] == "unknown_link").then_some(())
    });
    gone.await.unwrap();
    assert_eq!(revoke(&room, &admin, &last.id).await, 404);
    room.close().await;
}

#[tokio::test]
async fn an_agent_cannot_let_itself_in_and_nobody_gives_more_than_they_have() {
    let (room, _agent, id, ada) = shared_room().await;
    let agents = room.service.create_key("agent2", &["agent"], None).await.unwrap();
    let own = room.hand(&agents).await;
    own.goto(&room.site.url("/form")).await;
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(&agents), None).await.unwrap();
    let mine = list["sessions"][0]["id"].as_str().unwrap().to_owned();
    let view = json!({ "access": "view", "ttl_s": 60 });
    let control = json!({ "access": "control", "ttl_s": 60 });
    for session in [&mine, &id] {
        assert_eq!(ask(&room, &agents, session, view.clone()).await.0, 403, "an agent's key, its own session or not");
    }
    let address = own.ok("browser_live_view", json!({})).await.text;
    assert!(!address.contains("link="), "the tool gives an address, not a way in: {address}");
    let viewers = room.service.create_key("viewer", &["view", "approve"], None).await.unwrap();
    assert_eq!(ask(&room, &viewers, &id, control.clone()).await.0, 403);
    let theirs = link(&room, &ada, &id, "control", 60).await;
    assert_eq!(revoke(&room, &viewers, &theirs.id).await, 403);
    assert_eq!(revoke(&room, &agents, &theirs.id).await, 403);
    let strangers = room.service.create_key("stranger", &["view", "control"], Some("elsewhere")).await.unwrap();
    assert_eq!(ask(&room, &strangers, &id, view.clone()).await.0, 404);
    assert_eq!(revoke(&room, &strangers, &theirs.id).await, 404);
    for wrong in [
        json!({}),
        json!({ "access": "approve", "ttl_s": 60 }),
        json!({ "access": "view" }),
        json!({ "access": "view", "ttl_s": 0 }),
        json!({ "access": "view", "ttl_s": 4_000_000 }),
        json!({ "access": "view", "ttl_s": -1 }),
        json!({ "access": "view", "ttl_s": 60, "name": "" }),
        json!({ "access": "view", "ttl_s": 60, "name": "a\nb" }),
        json!({ "access": "view", "ttl_s": 60, "name": "x".repeat(61) }),
        json!({ "access": "view", "ttl_s": 60, "session": "s_1" }),
    ] {
        let (status, answer) = ask(&room, &ada, &id, wrong.clone()).await;
        assert_eq!(status, 422, "{wrong}: {answer}");
    }
    room.close().await;
}

#[tokio::test]
async fn there_are_only_so_many_and_the_audit_has_what_became_of_each() {
    let room = Room::with(|options| options.config("[share]\nlinks_per_session_max = 2\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let id = only_session(&room).await;
    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    let first = link(&room, &ada, &id, "view", 600).await;
    link(&room, &ada, &id, "control", 600).await;
    let (status, answer) = ask(&room, &ada, &id, json!({ "access": "view", "ttl_s": 60 })).await;
    assert_eq!((status, &answer["code"]), (409, &json!("too_many_links")), "{answer}");
    assert_eq!(room.service.api("GET", "/v1/guest", Some(&first.token), None).await.unwrap().0, 200);
    let mut viewer = look(&room, &first.token, &id).await.unwrap();
    viewer.frame().await.unwrap();
    assert_eq!(revoke(&room, &ada, &first.id).await, 204);
    viewer.ended().await.unwrap();
    assert_eq!(room.service.api("GET", "/v1/guest", Some(&first.token), None).await.unwrap().0, 401);
    link(&room, &ada, &id, "view", 600).await;
    let wanted = [
        "Ada made a read-only link \"Ben\" for 600 s",
        "the read-only link \"Ben\" was opened",
        "Ben (link) began to look",
        "Ada revoked the read-only link \"Ben\"",
        "Ben (link) stopped looking",
        "the read-only link \"Ben\" was tried after its end",
    ];
    let written = helmwatch_tests::wait::until("the lines", crate::room::SOON, async || {
        let output = room.service.command(&["audit", "export"]).await.ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        wanted.iter().all(|line| text.contains(&line.replace('"', "\\\""))).then_some(text)
    });
    let text = written.await.unwrap();
    assert!(!text.contains("hwlink_"), "no secret in the audit");
    assert!(room.service.log_lines_with("hwlink_").is_empty(), "nor in the log");
    room.close().await;
}
