//! What people do on a card, in a real browser: change the call, say no and why, let a rule through and take it back, take over.

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::mcp::ToolAnswer;
use serde_json::json;

use crate::room::{Hand, Room, SOON, two_lines};
use crate::story::{keep, sign_in};

const RULES: &str = r#"
default = "allow"
[[rule]]
name = "typing"
then = "ask"
message = "Somebody should see what is typed."
when.tool = "browser_type"
[[rule]]
name = "liking"
then = "ask"
message = "Somebody should see what is liked."
when.name = "=like"
when.activates = true
[[rule]]
name = "buying"
then = "ask"
message = "Two people look at what is bought."
ask.approvers = 2
ask.by = ["Ada", "shop-*"]
when.name = "buy now"
when.activates = true
"#;

/// The card takes a decision once it has stood still.
async fn card(viewer: &Page) {
    let (shown, review) =
        ("document.querySelector('[data-testid=approval-card]')", "document.querySelector('[data-testid=review]')");
    viewer.when(&format!("{shown} !== null || {review} !== null")).await.unwrap();
    if viewer.evaluate(&format!("{shown} === null")).await.unwrap() == json!(true) {
        viewer.click_named("Review").await.unwrap();
    }
    let deny = "document.querySelector('[data-testid=deny]')";
    viewer.when(&format!("{deny} !== null && !{deny}.disabled")).await.unwrap();
}

/// Waits until an element of this test id is there, and gives it the keyboard.
async fn focus(viewer: &Page, element: &str) {
    viewer
        .when(&format!("{element} !== null && ({element}.focus(), document.activeElement === {element})"))
        .await
        .unwrap();
}

async fn key(viewer: &Page, name: &str, code: u32) {
    for kind in ["rawKeyDown", "keyUp"] {
        let params = json!({ "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code });
        viewer.call("Input.dispatchKeyEvent", params).await.unwrap();
    }
}

/// The window as it is, and on a phone in the dark.
async fn pictures(viewer: &Page, name: &str) {
    let size = async |width: u32, height: u32| {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        viewer.call("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
        viewer
            .when("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
            .await
            .unwrap();
    };
    for (theme, width, height) in [("light", 1440, 1100), ("dark", 400, 1400)] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        viewer.call("Emulation.setEmulatedMedia", features).await.unwrap();
        size(width, height).await;
        let wide = viewer.evaluate("document.documentElement.scrollWidth - window.innerWidth").await.unwrap();
        assert!(wide.as_i64().unwrap() <= 0, "{name} is wider than {width} px by {wide}");
        keep(&format!("{name}-{theme}-{width}.png"), &viewer.picture("png").await.unwrap());
    }
    size(1440, 1100).await;
}

async fn type_name(agent: &Hand, text: &str) -> ToolAnswer {
    let field = agent.find(&["textbox", "Name"]).await;
    agent.call("browser_type", json!({ "target": field, "text": text })).await
}

async fn like(agent: &Hand) -> ToolAnswer {
    let button = agent.find(&["button", "Like"]).await;
    agent.call("browser_click", json!({ "target": button })).await
}

#[tokio::test]
async fn a_person_changes_denies_grants_revokes_and_takes_over_in_the_viewer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    std::fs::write(&file, RULES).unwrap();
    let room = Room::with(|options| options.policy(file.to_str().unwrap())).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let ada = room.service.create_key("Ada", &["view", "approve", "control"], None).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&viewer, &room.service.base(), &ada).await;

    // Changed by the keyboard: the field has the focus, Tab leads on.
    let person = async {
        card(&viewer).await;
        pictures(&viewer, "card").await;
        viewer.click_named("Change it").await.unwrap();
        let field = "document.querySelector('[data-testid=edit-fields] input')";
        viewer.when(&format!("document.activeElement === {field} && {field}.value === 'Ada'")).await.unwrap();
        viewer.evaluate(&format!("{field}.select()")).await.unwrap();
        viewer.insert("Grace").await.unwrap();
        let approve = "document.querySelector('[data-testid=edit-approve]')";
        viewer.when(&format!("!{approve}.disabled")).await.unwrap();
        pictures(&viewer, "card-edit").await;
        focus(&viewer, approve).await;
        viewer.enter().await.unwrap();
        viewer.when("document.querySelector('[data-testid=decided-row]')?.innerText.includes('text is now \"Grace\" (was \"Ada\")')").await.unwrap();
    };
    let (answer, ()) = tokio::join!(type_name(&agent, "Ada"), person);
    assert!(!answer.is_error && answer.text.contains("Ada changed this call before it ran"), "{}", answer.text);
    assert_eq!(agent.evaluate("() => document.querySelector('[name=name]').value").await, "\"Grace\"");

    // No, and why.
    let person = async {
        card(&viewer).await;
        focus(&viewer, "document.querySelector('[data-testid=deny-reason]')").await;
        viewer.insert("not that name").await.unwrap();
        viewer.click_named("Deny").await.unwrap();
    };
    let (answer, ()) = tokio::join!(type_name(&agent, "Eve"), person);
    assert!(
        two_lines("denied", &answer.text).contains("Ada denied this call") && answer.text.contains("not that name")
    );

    // Let through for ten minutes, seen, and taken back.
    agent.goto(&room.site.url("/shop")).await;
    let person = async {
        card(&viewer).await;
        focus(&viewer, "document.querySelector('[data-testid=grant-minutes]')").await;
        for _ in 0..2 {
            key(&viewer, "ArrowDown", 40).await;
        }
        viewer.click_named("Approve, and for 10 min").await.unwrap();
        viewer
            .when("document.querySelector('#inbox [data-testid=grant]')?.innerText.includes('0 of 20 used')")
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(like(&agent), person);
    assert!(!answer.is_error, "{}", answer.text);
    let answer = like(&agent).await;
    assert!(!answer.is_error, "it asks no more: {}", answer.text);
    viewer
        .when("document.querySelector('#inbox [data-testid=grant]')?.innerText.includes('1 of 20 used')")
        .await
        .unwrap();
    pictures(&viewer, "grants").await;
    viewer.click_named("Revoke").await.unwrap();
    viewer.when("document.querySelector('[data-testid=grant]') === null").await.unwrap();

    // Asked again; this time the person does it themselves.
    let person = async {
        card(&viewer).await;
        viewer.click_named("Take over instead").await.unwrap();
        viewer.when("document.querySelector('[data-testid=hand-back]') !== null").await.unwrap();
        viewer.when("document.querySelector('[data-testid=approval-card]') === null").await.unwrap();
        pictures(&viewer, "taken-over").await;
        viewer.click_named("Hand back").await.unwrap();
        viewer.when("document.querySelector('[data-testid=hand-back]') === null").await.unwrap();
    };
    let (answer, ()) = tokio::join!(like(&agent), person);
    assert!(two_lines("taken over", &answer.text).contains("Ada took over the browser"), "{}", answer.text);

    // Two must say yes; the card says who has.
    let button = agent.find(&["button", "Buy now"]).await;
    let person = async {
        card(&viewer).await;
        viewer.click_named("Approve").await.unwrap();
        viewer
            .when("document.querySelector('[data-testid=people]')?.innerText.includes('1 of 2 said yes')")
            .await
            .unwrap();
        pictures(&viewer, "card-people").await;
        let ben = room.service.create_key("shop-ben", &["approve"], None).await.unwrap();
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        assert_eq!(room.decide(&ben, &id, "approve").await.0, 200);
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", json!({ "target": button })), person);
    assert!(!answer.is_error, "{}", answer.text);
    room.site.wait_for("POST", "/buy", SOON).await.unwrap();
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}
