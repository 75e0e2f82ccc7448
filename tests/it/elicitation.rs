//! The agent's own client asks its user about a held call: only where the key was made for it, beside everybody else, and never more than once
//! for one answer.

use helmwatch_tests::mcp::{Era, McpClient, Refused, ToolAnswer};
use helmwatch_tests::service::Service;
use serde_json::{Value, json};

use crate::agent::{Agent, Call};
use crate::room::{Room, SOON, section};

const ERAS: [&str; 2] = ["auto", "legacy"];

/// A key whose client may be asked.
async fn key(service: &Service, name: &str) -> String {
    service.create_key_with(name, &["agent"], &["--may-elicit"]).await.unwrap()
}

/// Presses the shop's flagged button.
async fn press_buy(agent: &mut Agent, room: &Room) -> Call {
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop") })).await;
    let snapshot = agent.ok("browser_snapshot", json!({})).await;
    let button = snapshot.find_ref(&["button", "Buy now"]).unwrap_or_else(|| panic!("{}", snapshot.text));
    agent.begin("browser_click", json!({ "target": button, "element": "Buy now" })).await
}

/// The newest card, however it stands.
async fn card(room: &Room) -> Value {
    let key = room.service.admin_key();
    let (_, list) = room.service.api("GET", "/v1/approvals", Some(key), None).await.unwrap();
    let cards = list["approvals"].as_array().unwrap();
    cards.first().unwrap_or_else(|| panic!("{list}")).clone()
}

async fn audit(room: &Room) -> String {
    let output = room.service.command(&["audit", "export"]).await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

async fn until_asked(agent: &Agent, wanted: impl Fn(&[Option<String>]) -> bool) {
    let looked =
        helmwatch_tests::wait::until("the question", SOON, async || wanted(&agent.asked()).then_some(())).await;
    looked.unwrap_or_else(|fault| panic!("{fault}: {:?}", agent.asked()));
}

#[tokio::test]
async fn a_client_whose_key_allows_it_asks_its_user_and_the_record_says_so() {
    let room = Room::open().await;
    let key = key(&room.service, "desk").await;
    for mode in ERAS {
        for (answers, state, sent) in [("approve", "executed", 1), ("deny", "denied", 0)] {
            let before = room.site.count("POST", "/buy");
            let mut agent = Agent::with_user(&room.service.mcp_url(), &key, mode, answers).await;
            let answer = press_buy(&mut agent, &room).await.answer().await;
            assert_eq!(answer.is_error, sent == 0, "{mode}: {}", answer.text);
            assert_eq!(room.site.count("POST", "/buy") - before, sent, "{mode}: {}", answer.text);
            let asked = agent.asked();
            let question = asked[0].as_ref().unwrap();
            assert_eq!(asked.len(), 1, "{asked:?}");
            let card = card(&room).await;
            let link = format!("{}/#/a/{}", room.service.base(), card["id"].as_str().unwrap());
            for word in ["Buy now", "buying", &link] {
                assert!(question.contains(word), "{mode}: {word} in {question}");
            }
            let by = "someone, through the client of key desk";
            assert_eq!((&card["state"], &card["decided_by"]), (&json!(state), &json!(by)));
            if answers == "deny" {
                assert!(answer.text.contains("not today"), "{}", answer.text);
            }
            agent.close().await;
        }
    }
    let audit = audit(&room).await;
    let decisions: Vec<&str> = audit.lines().filter(|line| line.contains("pending to ")).collect();
    assert_eq!(decisions.len(), 4, "{decisions:#?}");
    for line in decisions {
        assert!(line.contains("someone, through the client of key desk"), "{line}");
    }
    assert!(audit.contains("its client may answer for its calls"), "that the key may is on record too");
    room.close().await;
}

#[tokio::test]
async fn a_client_that_does_not_answer_leaves_it_to_people() {
    let room = Room::open().await;
    let key = key(&room.service, "desk").await;
    // An error of the newer era ends in the client itself: it never calls again.
    for (mode, answers) in
        [("auto", "decline"), ("auto", "garbage"), ("legacy", "cancel"), ("legacy", "garbage"), ("legacy", "error")]
    {
        let before = room.site.count("POST", "/buy");
        let mut agent = Agent::with_user(&room.service.mcp_url(), &key, mode, answers).await;
        let call = press_buy(&mut agent, &room).await;
        let person = async {
            let held = room.held().await;
            until_asked(&agent, |asked| asked.len() == 1).await;
            assert_eq!(room.site.count("POST", "/buy"), before);
            room.decide(room.service.admin_key(), held["id"].as_str().unwrap(), "approve").await
        };
        let (answer, decided) = tokio::join!(call.answer(), person);
        assert_eq!(decided.0, 200, "{decided:?}");
        assert!(!answer.is_error, "{mode} {answers}: {}", answer.text);
        assert_eq!(room.site.count("POST", "/buy"), before + 1, "{mode} {answers}");
        assert_eq!(agent.asked().len(), 1, "it was not asked again: {:?}", agent.asked());
        assert_eq!(card(&room).await["decided_by"], "admin");
        agent.close().await;
    }
    room.close().await;
}

#[tokio::test]
async fn a_question_nobody_answers_is_taken_back_when_it_is_decided_elsewhere() {
    let room = Room::open().await;
    let key = key(&room.service, "desk").await;
    let mut agent = Agent::with_user(&room.service.mcp_url(), &key, "legacy", "silent").await;
    let call = press_buy(&mut agent, &room).await;
    let person = async {
        let held = room.held().await;
        until_asked(&agent, |asked| asked.len() == 1).await;
        room.decide(room.service.admin_key(), held["id"].as_str().unwrap(), "approve").await
    };
    let (answer, decided) = tokio::join!(call.answer(), person);
    assert!(decided.0 == 200 && !answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    until_asked(&agent, |asked| asked.last() == Some(&None)).await;
    agent.close().await;
    room.close().await;
}

#[tokio::test]
async fn a_key_that_was_not_made_for_it_asks_no_client() {
    let room = Room::with(|options| options.config("[mcp]\nhold_ms_max = 300\n")).await;
    let key = room.service.create_key("plain", &["agent"], None).await.unwrap();
    for mode in ERAS {
        let mut agent = Agent::with_user(&room.service.mcp_url(), &key, mode, "approve").await;
        let answer = press_buy(&mut agent, &room).await.answer().await;
        assert!(answer.is_error && answer.text.contains("Waiting for approval"), "{}", answer.text);
        assert_eq!((agent.asked().len(), room.site.count("POST", "/buy")), (0, 0));
        assert_eq!(card(&room).await["state"], "pending");
        agent.close().await;
    }
    room.close().await;
}

/// A client of the newer era that can ask its user, as far as it says.
async fn able(room: &Room, key: &str) -> McpClient {
    let can = json!({ "elicitation": { "form": {} } });
    McpClient::connect_able(&room.service.mcp_url(), Some(key), Era::Modern, can).await.unwrap()
}

async fn call(client: &McpClient, arguments: &Value, more: Value) -> Result<Value, Refused> {
    let mut params = json!({ "name": "browser_click", "arguments": arguments });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.request("tools/call", params).await
}

fn with_answer(state: &Value, decision: &str) -> Value {
    let answer = json!({ "action": "accept", "content": { "decision": decision } });
    json!({ "requestState": state, "inputResponses": { "decision": answer } })
}

async fn at_the_button(client: &McpClient, room: &Room) -> Value {
    client.call("browser_navigate", json!({ "url": room.site.url("/shop") })).await.unwrap();
    let snapshot = client.call("browser_snapshot", json!({})).await.unwrap();
    json!({ "target": snapshot.find_ref(&["button", "Buy now"]).unwrap(), "element": "Buy now" })
}

#[tokio::test]
async fn an_answer_is_good_for_its_own_call_its_own_key_and_once() {
    let room = Room::with(|options| options.config("[mcp]\nhold_ms_max = 300\n")).await;
    let (one, other) = (key(&room.service, "one").await, key(&room.service, "other").await);
    let plain = room.service.create_key("plain", &["agent"], None).await.unwrap();
    let client = able(&room, &one).await;
    let arguments = at_the_button(&client, &room).await;
    let asked = call(&client, &arguments, json!({})).await.unwrap();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    assert_eq!(asked["inputRequests"]["decision"]["method"], "elicitation/create", "{asked}");
    let state = &asked["requestState"];
    let text = state.as_str().unwrap();
    let tampered = json!(format!("{}x", &text[..text.len() - 1]));
    let mut others = arguments.clone();
    others["element"] = json!("Another");
    let (stranger, without) = (able(&room, &other).await, able(&room, &plain).await);
    at_the_button(&stranger, &room).await;
    at_the_button(&without, &room).await;
    let yes = |state: &Value| with_answer(state, "approve");
    for (client, arguments, more) in [
        (&client, &arguments, yes(&tampered)),
        (&client, &arguments, yes(&json!("rs1.x.y"))),
        (&client, &arguments, yes(&json!("x".repeat(100_000)))),
        (&client, &arguments, json!({ "inputResponses": yes(state)["inputResponses"] })),
        (&client, &others, yes(state)),
        (&stranger, &arguments, yes(state)),
        (&without, &arguments, yes(state)),
    ] {
        match call(client, arguments, more.clone()).await {
            Err(Refused::Rpc(-32602, said)) => assert_eq!(said.lines().count(), 2, "{said}"),
            taken => panic!("{more} was taken: {taken:?}"),
        }
    }
    assert_eq!((card(&room).await["state"].clone(), room.site.count("POST", "/buy")), (json!("pending"), 0));

    // Declined first: the same state cannot say yes later, and the question is not put again.
    let declined = json!({ "requestState": state, "inputResponses": { "decision": { "action": "decline" } } });
    for more in [declined, yes(state), json!({})] {
        let answer = ToolAnswer::of(&call(&client, &arguments, more.clone()).await.unwrap()).unwrap();
        assert!(
            answer.is_error && section(&answer.text, "Error").contains("Waiting for approval"),
            "{more}: {}",
            answer.text
        );
    }
    let card_id = card(&room).await["id"].as_str().unwrap().to_owned();
    assert_eq!(room.decide(room.service.admin_key(), &card_id, "approve").await.0, 200);
    let answer = ToolAnswer::of(&call(&client, &arguments, json!({})).await.unwrap()).unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    room.close().await;
}

#[tokio::test]
async fn a_client_that_loses_the_question_is_asked_a_few_times_and_a_person_is_faster() {
    let room = Room::with(|options| options.config("[mcp]\nhold_ms_max = 300\n")).await;
    let key = key(&room.service, "desk").await;
    let client = able(&room, &key).await;
    let arguments = at_the_button(&client, &room).await;
    let mut states = Vec::new();
    for _ in 0..3 {
        let asked = call(&client, &arguments, json!({})).await.unwrap();
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        states.push(asked["requestState"].clone());
    }
    let held = ToolAnswer::of(&call(&client, &arguments, json!({})).await.unwrap()).unwrap();
    assert!(held.text.contains("Waiting for approval"), "the fourth is held: {}", held.text);
    // A no that comes before the client's yes is a no.
    let id = card(&room).await["id"].as_str().unwrap().to_owned();
    assert_eq!(room.decide(room.service.admin_key(), &id, "deny").await.0, 200);
    let late = with_answer(&states[2], "approve");
    let answer = ToolAnswer::of(&call(&client, &arguments, late).await.unwrap()).unwrap();
    assert!(answer.is_error && answer.text.contains("denied"), "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 0);
    // Who may not ask its user is not asked: the same key by a client that cannot.
    let unable = room.hand(&key).await;
    let held = unable.call("browser_click", arguments).await;
    assert!(held.is_error && held.text.contains("Waiting for approval"), "{}", held.text);
    let output = room.service.command(&["keys", "list"]).await.unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.lines().any(|line| line.contains("\tdesk\tmay elicit")), "{listed}");
    room.close().await;
}

#[tokio::test]
async fn a_rule_that_asks_certain_people_or_several_asks_no_client() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("rules.toml");
    for ask in ["ask.approvers = 2", "ask.by = \"boss*\""] {
        let rules = format!("[[rule]]\nname = \"two\"\nthen = \"ask\"\n{ask}\nwhen.tool = \"browser_click\"\n");
        std::fs::write(&file, format!("default = \"allow\"\n{rules}")).unwrap();
        let room =
            Room::with(|options| options.policy(file.to_str().unwrap()).config("[mcp]\nhold_ms_max = 300\n")).await;
        let key = key(&room.service, "desk").await;
        let client = able(&room, &key).await;
        let arguments = at_the_button(&client, &room).await;
        let held = ToolAnswer::of(&call(&client, &arguments, json!({})).await.unwrap()).unwrap();
        assert!(held.is_error && held.text.contains("Waiting for approval"), "{ask}: {}", held.text);
        assert_eq!(card(&room).await["state"], "pending");
        room.close().await;
    }
}
