//! People elsewhere are told that something waits: what receivers get, and that none of them can hold anybody up.

use helmwatch_tests::service::{Options, Service};
use serde_json::{Value, json};

use crate::receiver::{Receiver, SECRET};
use crate::room::{Hand, Room, SOON};
use crate::tls::Certificate;

/// Puts the agent's press of the shop's flagged button before a person.
async fn press_buy(room: &Room, agent: &Hand) -> Value {
    agent.goto(&room.site.url("/shop")).await;
    json!({ "target": agent.find(&["button", "Buy now"]).await, "element": "Buy now" })
}

/// The number of a metric's line that has all these words.
async fn number(room: &Room, words: &[&str]) -> f64 {
    let url = format!("{}/metrics", room.service.base());
    let (status, _, body) = room.service.fetch(&url, Some(room.service.admin_key())).await.unwrap();
    assert_eq!(status, 200);
    let text = String::from_utf8(body).unwrap();
    let line = text.lines().find(|line| !line.starts_with('#') && words.iter().all(|word| line.contains(word)));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

async fn until_number(room: &Room, words: &[&str], wanted: impl Fn(f64) -> bool) {
    let what = words.join(" ");
    let looked = helmwatch_tests::wait::until(&what, SOON, async || wanted(number(room, words).await).then_some(()));
    looked.await.unwrap();
}

#[tokio::test]
async fn somebody_elsewhere_hears_that_a_call_waits_and_how_it_ended() {
    let mut receiver = Receiver::start().await;
    let config = receiver.hook("ops", "ok", "");
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    let arguments = press_buy(&room, &agent).await;
    let person = async {
        let told = receiver.event("ok", "approval.waiting").await;
        assert_eq!(told.verified, Some(true), "{}", told.text);
        let data = &told.body["data"];
        let id = data["id"].as_str().unwrap().to_owned();
        assert_eq!(data["link"], json!(format!("{}/#/a/{id}", room.service.base())));
        assert_eq!(
            (&data["state"], &data["tool"], &data["rule"], &data["session"]["name"], &data["session"]["tenant"]),
            (&json!("pending"), &json!("browser_click"), &json!("buying"), &json!("default"), &json!("default")),
        );
        assert!(data["summary"].as_str().unwrap().contains("Buy now"), "{data}");
        assert_eq!(data["page"], json!(room.site.url("/shop")));
        assert!(told.body["timestamp"].as_str().unwrap().ends_with('Z'), "{}", told.text);
        let ada = room.service.create_key("Ada", &["approve"], None).await.unwrap();
        assert_eq!(room.decide(&ada, &id, "approve").await.0, 200);
        let ended = receiver.event("ok", "approval.ended").await;
        let data = &ended.body["data"];
        assert_eq!(
            (&data["id"], &data["state"], &data["decided_by"]),
            (&json!(id), &json!("approved"), &json!("Ada")),
            "{}",
            ended.text
        );
        assert!(ended.verified == Some(true) && ended.id != told.id, "{ended:?}");
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", arguments), person);
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    // That it ran is nobody's to decide, so nobody is told.
    until_number(&room, &["webhooks_total", "webhook=\"ops\"", "outcome=\"sent\""], |sent| sent == 2.0).await;
    room.close().await;
}

#[tokio::test]
async fn somebody_elsewhere_hears_what_an_agent_asks_and_that_the_service_ended_it() {
    let mut receiver = Receiver::start().await;
    let config = format!(
        "{}{}[mcp]\nhold_ms_max = 50\n",
        receiver.hook("slack", "ok", "format = \"slack\"\n").replace(&format!("secret = \"{SECRET}\"\n"), ""),
        receiver.hook("ends", "fail/0", "events = [\"handoff.ended\", \"approval.ended\"]\n"),
    );
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let wanted = "Solve *this* <!here> & `that`\n<https://evil.test|for me>";
    let asked = agent.refused("browser_request_human", json!({ "instructions": wanted })).await;
    let told = receiver.next().await;
    assert_eq!((told.path.as_str(), told.verified), ("/ok", None));
    let id = crate::keys::only_session(&room).await;
    let link = format!("{}/#/s/{id}/asked", room.service.base());
    assert!(asked.contains(&link), "the agent is told the same address: {asked}");
    let text = told.body["text"].as_str().unwrap();
    assert!(text.contains("`Solve *this* &lt;!here&gt; &amp; 'that' &lt;https://evil.test|for me&gt;`"), "{text}");
    assert!(text.contains(&format!("<{link}|")), "{text}");
    assert!(!told.text.contains("<!here>") && !told.text.contains("<https://evil"), "{}", told.text);
    assert!(told.body["blocks"].as_array().unwrap().len() >= 3, "{}", told.text);
    // An operator ends the service; who was asked hears that nobody needs to come.
    room.close().await;
    let ended = receiver.event("fail/0", "handoff.ended").await;
    assert_eq!((&ended.body["data"]["state"], ended.verified), (&json!("session_over"), Some(true)), "{}", ended.text);
    assert_eq!(ended.body["data"]["instructions"], json!("Solve *this* <!here> & `that` <https://evil.test|for me>"));
}

#[tokio::test]
async fn a_message_that_fails_is_sent_again_as_the_same_message_and_not_for_ever() {
    let mut receiver = Receiver::start().await;
    let only = "events = [\"approval.waiting\"]\nattempts_max = 4\n";
    let config = ["fail/2", "fail/9", "drop", "redirect", "refuse"]
        .map(|path| receiver.hook(&path.replace('/', "-"), path, only))
        .concat();
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    let arguments = press_buy(&room, &agent).await;
    let person = async {
        let card = room.held().await;
        for hook in ["fail-9", "drop", "redirect", "refuse"] {
            until_number(&room, &["webhooks_total", hook, "outcome=\"given_up\""], |count| count == 1.0).await;
        }
        until_number(&room, &["webhooks_total", "fail-2", "outcome=\"sent\""], |count| count == 1.0).await;
        room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await
    };
    let (_, denied) = tokio::join!(agent.call("browser_click", arguments), person);
    assert_eq!(denied.0, 200);
    // Each is tried as often as it may be, and an address that says no for good once.
    let mut got = std::collections::BTreeMap::<String, Vec<_>>::new();
    for _ in 0..(3 + 4 + 4 + 1 + 1) {
        let one = receiver.next().await;
        assert_eq!(one.verified, Some(true), "{one:?}");
        got.entry(one.path.clone()).or_default().push(one);
    }
    let counts: Vec<_> = got.iter().map(|(path, all)| (path.as_str(), all.len())).collect();
    assert_eq!(counts, [("/drop", 4), ("/fail/2", 3), ("/fail/9", 4), ("/redirect", 1), ("/refuse", 1)]);
    for all in got.values() {
        assert!(all.iter().all(|one| one.id == all[0].id && one.text == all[0].text), "{all:?}");
    }
    let log = room.service.log();
    assert!(!log.contains("/fail/9") && !log.contains(SECRET), "addresses and secrets stay out of the log: {log}");
    room.close().await;
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_and_what_does_not_fit_is_counted() {
    let mut receiver = Receiver::start().await;
    let config = format!(
        "{}{}[mcp]\nhold_ms_max = 50\n",
        receiver.hook("stuck", "hang", "queue_max = 20\ndeadline_ms = 60000\n"),
        receiver.hook("well", "ok", "events = [\"approval.waiting\", \"approval.ended\"]\n"),
    );
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    // Each question takes the place of the one before: two messages each, far more than are under way, in line and handed over.
    for number in 0..40 {
        agent.refused("browser_request_human", json!({ "instructions": format!("question {number}") })).await;
    }
    until_number(&room, &["webhooks_total", "stuck", "outcome=\"dropped\""], |count| count >= 1.0).await;
    assert_eq!(number(&room, &["webhooks_waiting", "stuck"]).await, 28.0, "eight under way, twenty in line");
    // All of these hang still; the agent's calls, an approval and the other receiver do not.
    let id = crate::keys::only_session(&room).await;
    let done = json!({ "number": 40, "outcome": "done" });
    let path = format!("/v1/sessions/{id}/handoff");
    assert_eq!(room.service.api("POST", &path, Some(room.service.admin_key()), Some(done)).await.unwrap().0, 200);
    let arguments = press_buy(&room, &agent).await;
    assert!(agent.call("browser_click", arguments.clone()).await.is_error, "it is held");
    let told = receiver.event("ok", "approval.waiting").await;
    let card = told.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(room.decide(room.service.admin_key(), &card, "approve").await.0, 200);
    receiver.event("ok", "approval.ended").await;
    agent.ok("browser_click", arguments).await;
    assert_eq!(room.site.count("POST", "/buy"), 1);
    assert_eq!(number(&room, &["webhook_attempts_total", "stuck"]).await, 0.0, "none of them has come to an end");
    room.close().await;
}

#[tokio::test]
async fn a_secret_reaches_no_receiver() {
    let mut receiver = Receiver::start().await;
    let config = receiver.hook("ops", "ok", "") + &receiver.hook("slack", "fail/0", "format = \"slack\"\n");
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&format!("{}?token=of-the-visitor", room.site.url("/login"))).await;
    let field = agent.find(&["textbox", "Password"]).await;
    let person = async {
        let (one, two) = (receiver.next().await, receiver.next().await);
        for told in [one, two] {
            assert!(!told.text.contains("correct horse") && !told.text.contains("of-the-visitor"), "{}", told.text);
            assert!(told.text.contains("Password"), "{}", told.text);
        }
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        room.decide(room.service.admin_key(), &id, "deny").await
    };
    let typing = agent.call("browser_type", json!({ "target": field, "text": "correct horse" }));
    let (answer, _) = tokio::join!(typing, person);
    assert!(answer.is_error, "{}", answer.text);
    room.close().await;
}

/// `helmwatch webhook test` with these settings and environment: whether it is satisfied, and what it says.
async fn tried(config: &str, environment: &[(&str, &str)], name: Option<&str>) -> (bool, String) {
    let folder = tempfile_dir();
    let file = folder.path().join("helmwatch.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = tokio::process::Command::new(helmwatch_tests::service::executable().unwrap());
    helmwatch_tests::service::clean_environment(&mut command);
    command.args(["webhook", "test"]).args(name).arg("--config").arg(&file).envs(environment.iter().copied());
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn tempfile_dir() -> tempfile::TempDir {
    tempfile::TempDir::new().unwrap()
}

#[tokio::test]
async fn an_operator_tries_webhooks_and_hears_what_came_back() {
    let mut receiver = Receiver::start().await;
    let good = receiver.hook("good", "ok", "");
    let (well, said) = tried(&good, &[], None).await;
    assert!(well && said.starts_with("ok    good: taken in "), "{said}");
    let told = receiver.next().await;
    assert_eq!((&told.body["type"], told.verified), (&json!("test"), Some(true)), "{}", told.text);

    let all = good + &receiver.hook("bad", "refuse", "") + &receiver.hook("moved", "redirect", "");
    let (well, said) = tried(&all, &[], None).await;
    assert!(
        !well && said.contains("ok    good") && said.contains("FIX   bad: answered 400: <p>no such channel</p>"),
        "{said}"
    );
    assert!(said.contains("FIX   moved: answered 302") && said.len() < 1_000, "{said}");
    assert!(tried(&all, &[], Some("good")).await.0);
    let (well, said) = tried(&all, &[], Some("other")).await;
    assert!(!well && said.contains("no webhook \"other\""), "{said}");

    // What is wrong is said when the service starts, without the secret.
    let hidden = "[[webhook]]\nname = \"a\"\nurl_env = \"HOOK_URL\"\nsecret_env = \"HOOK_SECRET\"\n";
    let url = receiver.url("ok");
    assert!(tried(hidden, &[("HOOK_URL", &url), ("HOOK_SECRET", SECRET)], None).await.0);
    for (variables, word) in [
        (vec![("HOOK_SECRET", SECRET)], "HOOK_URL is not set"),
        (vec![("HOOK_URL", "ftp://x"), ("HOOK_SECRET", SECRET)], "no http or https address"),
        (vec![("HOOK_URL", url.as_str()), ("HOOK_SECRET", "correct horse")], "whsec_"),
    ] {
        let (well, said) = tried(hidden, &variables, None).await;
        assert!(!well && said.contains(word) && said.trim().lines().count() == 2, "{said}");
        assert!(!said.contains("correct horse"), "{said}");
    }
    let site = helmwatch_tests::site::Site::start().await.unwrap();
    let options = Options::allowing([site.address()]).config("[[webhook]]\nname = \"a\"\nurl = \"http://localhost\"\n");
    let refusal = Service::refuse(&options, SOON).await.unwrap();
    assert!(refusal.text.contains("webhook.secret of \"a\": there is none"), "{}", refusal.text);
}

#[tokio::test]
async fn a_receiver_is_believed_only_with_a_certificate_this_machine_trusts() {
    let certificate = Certificate::new();
    let mut receiver = Receiver::encrypted(certificate.with_key().to_str().unwrap()).await;
    let config = receiver.hook("private", "ok", "");
    let (well, said) = tried(&config, &[], None).await;
    assert!(!well && said.to_lowercase().contains("certificate"), "{said}");
    let (well, said) = tried(&config, &[("SSL_CERT_FILE", certificate.alone().to_str().unwrap())], None).await;
    assert!(well, "{said}");
    assert_eq!(receiver.next().await.verified, Some(true));
}
