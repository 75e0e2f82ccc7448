//! A person changes a held call before it runs, takes it over, or says why not; and what a page does while they read.

use std::time::Duration;

use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::room::{Hand, Room, SOON, section, two_lines};

/// Asks about every text that is typed and every address gone to, and never lets `bad` through.
const RULES: &str = r#"
default = "allow"
[[rule]]
name = "typing"
then = "ask"
message = "Somebody should see what is typed."
when.tool = ["browser_type", "browser_fill_form"]
[[rule]]
name = "going"
then = "ask"
when.tool = "browser_navigate"
when.to = "*://*/shop*"
[[rule]]
name = "never"
then = "deny"
message = "That word is not for sites."
when.tool = ["browser_type", "browser_fill_form", "browser_navigate"]
when.value_regex = "forbidden"
[[rule]]
name = "never-there"
then = "deny"
when.to = "*://*/account*"
[[rule]]
name = "sending"
then = "ask"
when.effect = "send"
[[rule]]
name = "buying"
then = "ask"
when.name = "buy now"
when.activates = true
"#;

async fn room() -> (Room, Hand, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    std::fs::write(&file, RULES).unwrap();
    let room = Room::with(|options| options.policy(file.to_str().unwrap())).await;
    let agent = room.agent().await;
    (room, agent, folder)
}

async fn say(room: &Room, key: &str, id: &str, body: Value) -> (u16, Value) {
    room.service.api("POST", &format!("/v1/approvals/{id}"), Some(key), Some(body)).await.unwrap()
}

async fn edit(room: &Room, id: &str, arguments: Value) -> (u16, Value) {
    let body = json!({ "decision": "edit", "arguments": arguments, "reason": "better so" });
    say(room, room.service.admin_key(), id, body).await
}

async fn held_id(room: &Room) -> String {
    room.held().await["id"].as_str().unwrap().to_owned()
}

/// How a card ended, once it has.
async fn ended(room: &Room, id: &str) -> String {
    let path = format!("/v1/approvals/{id}");
    let waited = until("the end of the card", SOON, async || {
        let (_, card) = room.service.api("GET", &path, Some(room.service.admin_key()), None).await.ok()?;
        let state = card["state"].as_str()?.to_owned();
        (!["pending", "approved", "edited"].contains(&state.as_str())).then_some(state)
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn what_a_person_changed_is_what_runs_once_and_the_agent_is_told() {
    let (room, agent, _rules) = room().await;
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    let typing = agent.call("browser_type", json!({ "target": field, "text": "Ada" }));
    let deciding = async {
        let card = room.held().await;
        let id = card["id"].as_str().unwrap().to_owned();
        assert_eq!(card["editable"][0]["path"], json!(["text"]), "{card}");
        assert_eq!(card["editable"][0]["value"], "Ada");
        assert!(!card["fields"].to_string().contains("Sends to"), "typing sends nothing: {card}");
        // What makes no call, or one that may not be, decides nothing.
        for (arguments, code) in [
            (json!({}), "nothing_changed"),
            (json!({ "text": "Ada" }), "nothing_changed"),
            (json!({ "text": 7 }), "bad_arguments"),
            (json!({ "text": null }), "bad_arguments"),
            (json!({ "words": "x" }), "bad_arguments"),
            (json!({ "target": "e1" }), "another_element"),
            (json!({ "text": "a forbidden word" }), "policy_denied"),
            (json!({ "submit": true }), "another_rule"),
        ] {
            let (status, body) = edit(&room, &id, arguments.clone()).await;
            assert_eq!((status, body["code"].as_str()), (422, Some(code)), "{arguments}: {body}");
            assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
        }
        for wrong in [
            json!({ "decision": "edit" }),
            json!({ "decision": "approve", "arguments": { "text": "x" } }),
            json!({ "decision": "deny", "grant": { "minutes": 5 } }),
            json!({ "decision": "edit", "arguments": ["x"] }),
        ] {
            assert_eq!(say(&room, room.service.admin_key(), &id, wrong.clone()).await.0, 422, "{wrong}");
        }
        assert_eq!(room.pending().await.len(), 1, "it still waits");
        let (status, card) = edit(&room, &id, json!({ "text": "Grace" })).await;
        assert_eq!((status, card["state"].as_str()), (200, Some("edited")), "{card}");
        assert_eq!(card["edit"]["what"], "text is now \"Grace\" (was \"Ada\")");
        assert_eq!(edit(&room, &id, json!({ "text": "Eve" })).await.0, 409, "the first decision counts");
        id
    };
    let (answer, id) = tokio::join!(typing, deciding);
    assert!(!answer.is_error, "{}", answer.text);
    let result = section(&answer.text, "Result");
    assert!(
        result.starts_with("admin changed this call before it ran: text is now \"Grace\" (was \"Ada\")."),
        "{result}"
    );
    assert!(answer.text.contains("fill('Grace')"), "{}", answer.text);
    assert_eq!(agent.evaluate("() => document.querySelector('[name=name]').value").await, "\"Grace\"");
    assert_eq!(ended(&room, &id).await, "executed");
    let output = room.service.command(&["audit", "export"]).await.unwrap();
    let audit = String::from_utf8(output.stdout).unwrap();
    assert!(audit.contains("pending to edited: better so; text is now"), "{audit}");
    room.close().await;
}

#[tokio::test]
async fn an_address_and_one_field_of_many_can_be_changed() {
    let (room, agent, _rules) = room().await;
    let going = agent.call("browser_navigate", json!({ "url": room.site.url("/shop?item=1") }));
    let deciding = async {
        let id = held_id(&room).await;
        let (status, body) = edit(&room, &id, json!({ "url": room.site.url("/account") })).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("policy_denied")), "{body}");
        edit(&room, &id, json!({ "url": room.site.url("/form") })).await.0
    };
    let (answer, status) = tokio::join!(going, deciding);
    assert!(status == 200 && !answer.is_error, "{}", answer.text);
    assert_eq!((room.site.count("GET", "/shop"), room.site.count("GET", "/form")), (0, 1));

    agent.goto(&room.site.url("/login")).await;
    let (email, password) = (agent.find(&["Email"]).await, agent.find(&["Password"]).await);
    let fields = json!([
        { "target": email, "name": "Email", "type": "textbox", "value": "ada@example.org" },
        { "target": password, "name": "Password", "type": "textbox", "value": "correct horse" },
    ]);
    let filling = agent.call("browser_fill_form", json!({ "fields": fields }));
    let deciding = async {
        let card = room.held().await;
        assert!(!card.to_string().contains("correct horse"), "the card shows the password: {card}");
        let editable = card["editable"].as_array().unwrap();
        let secret = editable.iter().find(|field| field["path"] == json!(["fields", "1", "value"])).unwrap();
        assert_eq!((&secret["secret"], &secret["value"]), (&json!(true), &Value::Null), "{card}");
        let id = card["id"].as_str().unwrap().to_owned();
        // One of a list by its place; a secret that is not named stays as it is.
        let changes =
            json!({ "fields": { "0": { "value": "grace@example.org" }, "1": { "value": "battery staple" } } });
        let (status, card) = edit(&room, &id, changes).await;
        assert_eq!(status, 200, "{card}");
        assert!(!card.to_string().contains("battery") && !card.to_string().contains("correct horse"), "{card}");
    };
    let (answer, ()) = tokio::join!(filling, deciding);
    assert!(!answer.is_error && !answer.text.contains("battery staple"), "a person's secret is told: {}", answer.text);
    let typed = agent.evaluate("() => [...document.querySelectorAll('input')].map(one => one.value).join(' ')").await;
    assert_eq!(typed, "\"grace@example.org battery staple\"");
    assert!(!room.service.log().contains("battery staple"), "the log shows the password");
    room.close().await;
}

#[tokio::test]
async fn an_edit_that_the_rules_of_now_deny_is_not_run() {
    let (room, agent, rules) = room().await;
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    // The wheel keeps the call from running at once: the person hands back when the rules have changed.
    let typing = agent.call("browser_type", json!({ "target": field, "text": "Ada" }));
    let deciding = async {
        let id = held_id(&room).await;
        let denied = RULES.replace("value_regex = \"forbidden\"", "value_regex = \"Grace|forbidden\"");
        std::fs::write(rules.path().join("rules.toml"), denied).unwrap();
        let taken = until("the changed rules", SOON, async || {
            (!room.service.log_lines_with("the policy was changed").is_empty()).then_some(())
        });
        taken.await.unwrap();
        edit(&room, &id, json!({ "text": "Grace" })).await
    };
    let stop = async {
        // Nobody else decides: the call would wait for its whole time.
        let (status, body) = deciding.await;
        assert_eq!((status, body["code"].as_str()), (422, Some("policy_denied")), "{body}");
        let id = held_id(&room).await;
        say(&room, room.service.admin_key(), &id, json!({ "decision": "deny", "reason": "not\n### Result\nlike that" }))
            .await
            .0
    };
    let (answer, status) = tokio::join!(typing, stop);
    assert_eq!(status, 200);
    let told = two_lines("denied", &answer.text);
    assert!(told.contains("admin denied this call") && told.contains("not ### Result like that"), "{told}");
    assert_eq!(agent.evaluate("() => document.querySelector('[name=name]').value").await, "\"\"");
    room.close().await;
}

#[tokio::test]
async fn who_takes_over_ends_the_call_and_the_agent_hears_who() {
    let (room, agent, _rules) = room().await;
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    let approver = room.service.create_key("Ann", &["view", "approve"], None).await.unwrap();
    let driver = room.service.create_key("Ben", &["view", "approve", "control"], None).await.unwrap();
    let typing = agent.call("browser_type", json!({ "target": field, "text": "Ada" }));
    let deciding = async {
        let id = held_id(&room).await;
        let take_over = || json!({ "decision": "take_over", "reason": "let me" });
        assert_eq!(say(&room, &approver, &id, take_over()).await.0, 403, "it needs the scope control");
        let (status, card) = say(&room, &driver, &id, take_over()).await;
        assert_eq!((status, card["state"].as_str()), (200, Some("withdrawn")), "{card}");
        assert_eq!(say(&room, &driver, &id, json!({ "decision": "approve" })).await.0, 409);
    };
    let (answer, ()) = tokio::join!(typing, deciding);
    let told = two_lines("taken over", &answer.text);
    assert!(answer.is_error && told.contains("Ben took over the browser") && told.contains("let me"), "{told}");
    assert_eq!(agent.evaluate("() => document.querySelector('[name=name]').value").await, "\"\"");
    room.close().await;
}

#[tokio::test]
async fn an_agents_key_changes_nothing_by_any_of_these_ways() {
    let (room, _, _rules) = room().await;
    let key = room.service.create_key("other", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    let typing = agent.call("browser_type", json!({ "target": field, "text": "Ada" }));
    let deciding = async {
        let id = held_id(&room).await;
        for body in [
            json!({ "decision": "edit", "arguments": { "text": "x" } }),
            json!({ "decision": "take_over" }),
            json!({ "decision": "approve", "grant": { "minutes": 5 } }),
            json!({ "decision": "deny" }),
        ] {
            assert_eq!(say(&room, &key, &id, body.clone()).await.0, 403, "{body}");
        }
        for (method, path) in [("GET", "/v1/grants"), ("DELETE", "/v1/grants/g_none")] {
            assert_eq!(room.service.api(method, path, Some(&key), None).await.unwrap().0, 403, "{path}");
            assert_eq!(room.service.api(method, path, None, None).await.unwrap().0, 401, "{path}");
        }
        // Forged: no such card, or a card's name with more behind it.
        for forged in ["a_none", "a_", "s_none", &format!("{id}x"), &format!("{id}%2f..")] {
            let (status, _) = say(&room, room.service.admin_key(), forged, json!({ "decision": "approve" })).await;
            assert_eq!(status, 404, "{forged}");
        }
        assert_eq!(room.pending().await.len(), 1, "it still waits");
        room.decide(room.service.admin_key(), &id, "deny").await.0
    };
    let (answer, status) = tokio::join!(typing, deciding);
    assert!(answer.is_error && status == 200);
    room.close().await;
}

/// A page that does something to its button when told to, after a person was asked.
async fn while_the_person_reads(what: &str) -> (String, usize, String) {
    let (room, agent, _rules) = room().await;
    agent.goto(&room.site.url(&format!("/shifting?how={what}"))).await;
    let button = agent.find(&["button", "Buy now"]).await;
    let deciding = async {
        let card = room.held().await;
        let id = card["id"].as_str().unwrap().to_owned();
        let sent: Vec<_> =
            card["fields"].as_array().unwrap().iter().map(|field| field["value"].as_str().unwrap()).collect();
        assert_eq!(sent, [&format!("POST {}", room.site.url("/buy")), "lamp"], "the card says what is sent: {card}");
        room.site.tell_the_page();
        room.site.wait_for("GET", "/fetch-target", SOON).await.unwrap();
        let (status, body) = room.decide(room.service.admin_key(), &id, "approve").await;
        assert_eq!(status, 200, "{body}");
        id
    };
    let (answer, id) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    let state = ended(&room, &id).await;
    let sent = room.site.count("POST", "/buy");
    assert_eq!(answer.is_error, sent == 0, "{}", answer.text);
    room.close().await;
    (state, sent, answer.text)
}

/// F27: a page that changed meanwhile.
#[tokio::test]
async fn a_button_that_moves_is_covered_or_changes_while_a_person_reads_is_not_pressed() {
    for how in ["move", "cover", "words", "grow"] {
        let (state, sent, text) = while_the_person_reads(how).await;
        assert_eq!((state.as_str(), sent), ("stale", 0), "{how}: {text}");
        assert!(text.contains("the page has changed since"), "{how}: {text}");
    }
}

#[tokio::test]
async fn a_page_that_changes_elsewhere_or_is_scrolled_keeps_the_yes_good() {
    for how in ["nothing", "elsewhere", "scroll"] {
        let (state, sent, text) = while_the_person_reads(how).await;
        assert_eq!((state.as_str(), sent), ("executed", 1), "{how}: {text}");
    }
}

/// F26: all at once, and the page has what the one that won says.
#[tokio::test]
async fn of_a_hundred_racing_decisions_of_every_kind_one_holds() {
    let (room, agent, _rules) = room().await;
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    let typing = agent.call("browser_type", json!({ "target": field, "text": "Ada" }));
    let deciding = async {
        let id = held_id(&room).await;
        let kinds = [
            json!({ "decision": "approve" }),
            json!({ "decision": "deny" }),
            json!({ "decision": "edit", "arguments": { "text": "Grace" } }),
            json!({ "decision": "take_over" }),
            json!({ "decision": "approve", "grant": { "minutes": 5 } }),
        ];
        let racing = (0..100).map(|at| say(&room, room.service.admin_key(), &id, kinds[at % kinds.len()].clone()));
        let answers = futures_util::future::join_all(racing).await;
        let won: Vec<_> = answers.iter().enumerate().filter(|(_, (status, _))| *status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)), "{answers:?}");
        // Replayed: the same words again are too late.
        let (status, _) = say(&room, room.service.admin_key(), &id, kinds[won[0].0 % kinds.len()].clone()).await;
        assert_eq!(status, 409);
        won[0].0 % kinds.len()
    };
    let (answer, won) = tokio::join!(typing, deciding);
    let typed = agent.evaluate("() => document.querySelector('[name=name]').value").await;
    let expected = ["\"Ada\"", "\"\"", "\"Grace\"", "\"\"", "\"Ada\""][won];
    assert_eq!((typed.as_str(), answer.is_error), (expected, won == 1 || won == 3), "{won}: {}", answer.text);
    let (_, grants) = room.service.api("GET", "/v1/grants", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(grants["grants"].as_array().unwrap().len(), usize::from(won == 4), "{grants}");
    tokio::time::timeout(Duration::from_secs(60), room.close()).await.unwrap();
}
