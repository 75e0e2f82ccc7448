//! A rule that asks no more for a while: given by a person with their yes, bounded, seen, taken back; and questions for several people.

use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::room::{Hand, Room, SOON};

const RULES: &str = r#"
default = "allow"
[[rule]]
name = "liking"
then = "ask"
message = "Somebody should see what is liked."
when.name = "=like"
when.activates = true
[[rule]]
name = "buying"
then = "ask"
ask.approvers = 2
ask.by = ["shop-*", "Ann"]
when.name = "buy now"
when.activates = true
"#;

async fn room() -> (Room, Hand, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    std::fs::write(&file, RULES).unwrap();
    let room = Room::with(|options| options.policy(file.to_str().unwrap())).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/shop")).await;
    (room, agent, folder)
}

async fn say(room: &Room, key: &str, id: &str, body: Value) -> (u16, Value) {
    room.service.api("POST", &format!("/v1/approvals/{id}"), Some(key), Some(body)).await.unwrap()
}

async fn grants(room: &Room) -> Vec<Value> {
    let (status, body) = room.service.api("GET", "/v1/grants", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(status, 200, "{body}");
    body["grants"].as_array().unwrap().clone()
}

/// Presses Like, and lets it through for a while; the grant.
async fn granted(room: &Room, agent: &Hand, wish: Value) -> Value {
    let button = agent.find(&["button", "Like"]).await;
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        for wrong in [json!({ "minutes": 0 }), json!({ "minutes": 61 }), json!({ "minutes": 5, "uses": 101 })] {
            let (status, body) =
                say(room, room.service.admin_key(), &id, json!({ "decision": "approve", "grant": wrong })).await;
            assert_eq!((status, body["code"].as_str()), (422, Some("no_grant")), "{body}");
        }
        let (status, card) =
            say(room, room.service.admin_key(), &id, json!({ "decision": "approve", "grant": wish })).await;
        assert_eq!(status, 200, "{card}");
        card
    };
    let (answer, card) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    assert!(!answer.is_error, "{}", answer.text);
    let all = grants(room).await;
    let grant = all.into_iter().find(|grant| grant["id"] == card["grant"]).unwrap_or_else(|| panic!("{card}"));
    assert_eq!((&grant["rule"], &grant["by"], &grant["approval"]), (&json!("liking"), &json!("admin"), &card["id"]));
    grant
}

async fn like(agent: &Hand) {
    let button = agent.find(&["button", "Like"]).await;
    agent.ok("browser_click", json!({ "target": button })).await;
}

/// The same call is asked about: said no to at once.
async fn like_is_asked(room: &Room, agent: &Hand) {
    let button = agent.find(&["button", "Like"]).await;
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        room.decide(room.service.admin_key(), &id, "deny").await.0
    };
    let (answer, status) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    assert!(answer.is_error && status == 200, "{}", answer.text);
}

#[tokio::test]
async fn a_granted_rule_asks_no_more_so_often_and_each_call_is_written_down() {
    let (room, agent, _rules) = room().await;
    let grant = granted(&room, &agent, json!({ "minutes": 10, "uses": 2 })).await;
    let id = grant["id"].as_str().unwrap();
    like(&agent).await;
    assert_eq!(grants(&room).await[0]["uses"], 1);
    like(&agent).await;
    like_is_asked(&room, &agent).await;
    let over = until("the end of the grant", SOON, async || grants(&room).await.is_empty().then_some(()));
    over.await.unwrap();
    let audit = String::from_utf8(room.service.command(&["audit", "export"]).await.unwrap().stdout).unwrap();
    let through: Vec<&str> = audit.lines().filter(|line| line.contains("let_through") && line.contains(id)).collect();
    assert_eq!(through.len(), 2, "{audit}");
    assert!(through[0].contains("Click button") && audit.contains("grant ended: all its calls are used"), "{audit}");
    room.close().await;
}

#[tokio::test]
async fn a_grant_is_taken_back_by_a_person_and_is_for_one_session_and_one_rule() {
    let (room, agent, _rules) = room().await;
    let grant = granted(&room, &agent, json!({ "minutes": 10 })).await;
    assert_eq!(grant["uses_max"], 20);
    // Another session of another key is asked.
    let other = room.agent_named("other").await;
    other.goto(&room.site.url("/shop")).await;
    like_is_asked(&room, &other).await;
    // Not for people of another tenant, not for agents, not for those who only look.
    let stranger = room.service.create_key("stranger", &["approve", "view"], Some("elsewhere")).await.unwrap();
    let viewer = room.service.create_key("viewer", &["view"], None).await.unwrap();
    let path = format!("/v1/grants/{}", grant["id"].as_str().unwrap());
    assert_eq!(room.service.api("DELETE", &path, Some(&stranger), None).await.unwrap().0, 404);
    assert_eq!(room.service.api("DELETE", &path, Some(&viewer), None).await.unwrap().0, 403);
    let (_, seen) = room.service.api("GET", "/v1/grants", Some(&stranger), None).await.unwrap();
    assert_eq!(seen["grants"], json!([]));
    like(&agent).await;
    let (status, ended) = room.service.api("DELETE", &path, Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!((status, &ended["end_reason"]), (200, &json!("revoked by admin")), "{ended}");
    assert_eq!(room.service.api("DELETE", &path, Some(room.service.admin_key()), None).await.unwrap().0, 404);
    like_is_asked(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn a_grant_ends_when_its_rule_is_written_otherwise_and_never_beats_a_deny() {
    let (room, agent, rules) = room().await;
    granted(&room, &agent, json!({ "minutes": 10 })).await;
    let write = async |text: String, times: usize| {
        std::fs::write(rules.path().join("rules.toml"), text).unwrap();
        let taken = until("the changed rules", SOON, async || {
            (room.service.log_lines_with("the policy was changed").len() >= times).then_some(())
        });
        taken.await.unwrap();
    };
    // A word elsewhere in the file is no other rule; a rule that denies wins.
    let denying = format!("{RULES}\n[[rule]]\nname = \"never\"\nthen = \"deny\"\nwhen.name = \"=like\"\n");
    write(denying, 1).await;
    assert_eq!(grants(&room).await.len(), 1);
    let button = agent.find(&["button", "Like"]).await;
    let told = agent.refused("browser_click", json!({ "target": button })).await;
    assert!(told.contains("The rule \"never\" does not allow this"), "{told}");
    write(RULES.to_owned(), 2).await;
    like(&agent).await;
    write(RULES.replace("=like", "^like"), 3).await;
    let over = until("the end of the grant", SOON, async || grants(&room).await.is_empty().then_some(()));
    over.await.unwrap();
    like_is_asked(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn a_grant_ends_with_its_session() {
    let (room, agent, _rules) = room().await;
    granted(&room, &agent, json!({ "minutes": 10 })).await;
    agent.ok("session_close", json!({ "session": "default" })).await;
    let over = until("the end of the grant", SOON, async || grants(&room).await.is_empty().then_some(()));
    over.await.unwrap();
    agent.goto(&room.site.url("/shop")).await;
    like_is_asked(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn two_people_whom_the_rule_names_must_say_yes_and_one_no_is_a_no() {
    let (room, agent, _rules) = room().await;
    let key = async |name: &str| room.service.create_key(name, &["view", "approve"], None).await.unwrap();
    let (ann, ben, cem) = (key("Ann").await, key("shop-ben").await, key("cem").await);
    let button = agent.find(&["button", "Buy now"]).await;
    let yes = || json!({ "decision": "approve" });
    let deciding = async {
        let card = room.held().await;
        let id = card["id"].as_str().unwrap().to_owned();
        assert_eq!((&card["approvers"], &card["deciders"]), (&json!(2), &json!([["shop-*", "Ann"]])), "{card}");
        let (status, body) = say(&room, &cem, &id, yes()).await;
        assert_eq!((status, body["code"].as_str()), (403, Some("not_asked")), "{body}");
        let (status, card) = say(&room, &ann, &id, json!({ "decision": "approve", "reason": "fine" })).await;
        assert_eq!((status, &card["state"], &card["yes"][0]["by"]), (200, &json!("pending"), &json!("Ann")), "{card}");
        assert_eq!(say(&room, &ann, &id, yes()).await.0, 409, "one person is one yes");
        assert_eq!(room.site.count("POST", "/buy"), 0, "one of two is not enough");
        let (status, body) = say(&room, &ben, &id, json!({ "decision": "approve", "grant": { "minutes": 5 } })).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("no_grant")), "{body}");
        let (status, body) =
            say(&room, &ben, &id, json!({ "decision": "edit", "arguments": { "target": "e1" } })).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("not_editable")), "{body}");
        let (status, card) = say(&room, &ben, &id, yes()).await;
        assert_eq!((status, &card["decided_by"]), (200, &json!("Ann, shop-ben")), "{card}");
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    assert!(!answer.is_error, "{}", answer.text);
    room.site.wait_for("POST", "/buy", SOON).await.unwrap();

    agent.goto(&room.site.url("/shop")).await;
    let button = agent.find(&["button", "Buy now"]).await;
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        assert_eq!(say(&room, &ann, &id, yes()).await.0, 200);
        // Whom the rule does not name says no all the same.
        assert_eq!(say(&room, &cem, &id, json!({ "decision": "deny", "reason": "too dear" })).await.0, 200);
        assert_eq!(say(&room, &ben, &id, yes()).await.0, 409);
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    assert!(
        answer.is_error && answer.text.contains("cem denied this call") && answer.text.contains("too dear"),
        "{}",
        answer.text
    );
    assert_eq!(room.site.count("POST", "/buy"), 1);
    room.close().await;
}

#[tokio::test]
async fn the_command_line_says_who_decides() {
    let (room, _, rules) = room().await;
    let file = rules.path().join("rules.toml");
    let file = file.to_str().unwrap();
    let said = async |arguments: &[&str]| {
        let output = room.service.command(arguments).await.unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (ok, text) = said(&["policy", "check", file]).await;
    let who = "2 people whose name or id fits \"shop-*\" or \"Ann\"";
    assert!(ok && text.contains(&format!("  buying: decided by {who}")) && text.contains("  liking\n"), "{text}");
    let (ok, text) = said(&["policy", "explain", file, "browser_click", "--role", "button", "--name", "Buy now"]).await;
    assert!(ok && text.contains(&format!("decided by: {who}")), "{text}");
    std::fs::write(rules.path().join("rules.toml"), RULES.replace("approvers = 2", "approvers = 12")).unwrap();
    let (ok, text) = said(&["policy", "check", file]).await;
    assert!(!ok && text.contains("line 12") && text.contains("ask.approvers") && text.contains("1 to 10"), "{text}");
    room.close().await;
}
