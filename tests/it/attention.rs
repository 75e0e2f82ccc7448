//! The viewer calls for a person who looks elsewhere, and links from elsewhere open straight on what waits.

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use serde_json::{Value, json};

use crate::room::{Hand, Room};
use crate::story::{keep, sign_in};

/// Counts what the page makes of the browser's own: notifications, and tones that are really played.
const WATCH: &str = "
    window.made = []; window.asked = 0; window.tones = 0;
    const Real = window.Notification;
    window.Notification = class extends Real {
      constructor(title, options) { super(title, options); window.made.push(this); this.taken = false; }
      close() { this.taken = true; super.close(); }
      static requestPermission() { window.asked += 1; return Real.requestPermission(); }
    };
    const start = AudioScheduledSourceNode.prototype.start;
    AudioScheduledSourceNode.prototype.start = function (...at) {
      if (this.context.state === 'running') window.tones += 1;
      return start.apply(this, at);
    };";

const MARK: &str = "document.querySelector('link[rel=icon]').getAttribute('href')";

async fn press_buy(room: &Room, agent: &Hand) -> Value {
    agent.goto(&room.site.url("/shop")).await;
    json!({ "target": agent.find(&["button", "Buy now"]).await, "element": "Buy now" })
}

#[tokio::test]
async fn whoever_wants_it_is_called_by_sound_and_notification_once_for_each_call() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let arguments = press_buy(&room, &agent).await;
    let ada = room.service.create_key("Ada", &["view", "approve", "control"], None).await.unwrap();
    let chromium = Chromium::launch_whole().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    viewer.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await.unwrap();
    let base = room.service.base();
    viewer.grant(&base, &["notifications"]).await.unwrap();
    sign_in(&viewer, &base, &ada).await;
    viewer.click_named("Inbox").await.unwrap();
    let pressed = |id: &str| format!("document.querySelector('[data-testid={id}]').getAttribute('aria-pressed')");
    for id in ["sound", "notices"] {
        assert_eq!(viewer.evaluate(&pressed(id)).await.unwrap(), json!("false"), "{id} is off until it is wanted");
    }
    assert_eq!(viewer.evaluate("window.asked").await.unwrap(), json!(0), "no page asks by itself");
    viewer.click_named("Notifications").await.unwrap();
    viewer.when(&format!("{} === 'true'", pressed("notices"))).await.unwrap();
    assert_eq!(viewer.evaluate("window.asked").await.unwrap(), json!(0), "what is granted is not asked for again");
    viewer.click_named("Sound").await.unwrap();
    viewer.when("window.tones === 2").await.unwrap();
    assert_eq!(viewer.evaluate(MARK).await.unwrap(), json!("/mark.svg"));

    let person = async {
        viewer.when("window.made.length === 1 && window.tones === 4").await.unwrap();
        viewer.when(&format!("{MARK} === '/mark-waiting.svg' && document.title === '(1) Helmwatch'")).await.unwrap();
        let said = viewer.evaluate("window.made[0].title + ' / ' + window.made[0].body").await.unwrap();
        let said = said.as_str().unwrap();
        assert!(said.starts_with("default: a step waits for a decision / ") && said.contains("Buy now"), "{said}");
        for (width, scheme) in [(1440, "light"), (1440, "dark"), (400, "light"), (400, "dark")] {
            viewer.looks(width, scheme).await.unwrap();
            keep(&format!("attention-{width}-{scheme}.png"), &viewer.picture("png").await.unwrap());
        }
        viewer.looks(1440, "light").await.unwrap();
        // A click on it opens the card itself.
        viewer.evaluate("window.made[0].dispatchEvent(new Event('click')), null").await.unwrap();
        viewer.when("window.made[0].taken && location.hash.startsWith('#/a/a_')").await.unwrap();
        viewer.click_named("Close the inbox").await.unwrap();
        viewer
            .when("document.querySelector('[data-testid=card-page] [data-testid=deny]:not([disabled])') !== null")
            .await
            .unwrap();
        for (width, scheme) in [(1440, "light"), (1440, "dark"), (400, "light"), (400, "dark")] {
            viewer.looks(width, scheme).await.unwrap();
            keep(&format!("card-page-{width}-{scheme}.png"), &viewer.picture("png").await.unwrap());
        }
        viewer.looks(1440, "light").await.unwrap();
        viewer.click_named("Deny").await.unwrap();
        viewer.when("document.querySelector('[data-testid=card-page] [data-testid=decided-row][data-state=denied]') !== null").await.unwrap();
        viewer.when(&format!("{MARK} === '/mark.svg'")).await.unwrap();
        keep("card-page-decided.png", &viewer.picture("png").await.unwrap());
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", arguments), person);
    assert!(answer.is_error, "{}", answer.text);

    // A question to a person, answered elsewhere: its notification goes by itself.
    let person = async {
        viewer.when("window.made.length === 2").await.unwrap();
        assert_eq!(viewer.evaluate("window.made[1].title").await.unwrap(), json!("default asks for a person"));
        assert_eq!(viewer.evaluate("window.made[1].taken").await.unwrap(), json!(false));
        let id = crate::keys::only_session(&room).await;
        let done = json!({ "number": 1, "outcome": "done" });
        let path = format!("/v1/sessions/{id}/handoff");
        assert_eq!(room.service.api("POST", &path, Some(room.service.admin_key()), Some(done)).await.unwrap().0, 200);
        viewer.when("window.made[1].taken").await.unwrap();
    };
    tokio::join!(agent.call("browser_request_human", json!({ "instructions": "Press Greet" })), person);

    // What somebody wants is remembered, and nothing that waited before is called out again.
    viewer.call("Page.reload", json!({})).await.unwrap();
    viewer
        .when("document.querySelector('[data-testid=link-state]')?.dataset.link === 'open' && window.made.length === 0")
        .await
        .unwrap();
    viewer.click_named("Inbox").await.unwrap();
    for id in ["sound", "notices"] {
        viewer.when(&format!("{} === 'true'", pressed(id))).await.unwrap();
    }
    viewer.click_named("Notifications").await.unwrap();
    viewer.when(&format!("{} === 'false'", pressed("notices"))).await.unwrap();
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn a_link_opens_on_its_card_or_question_also_for_one_who_must_sign_in_first() {
    let room = Room::with(|options| options.config("[mcp]\nhold_ms_max = 50\n")).await;
    let agent = room.agent().await;
    let arguments = press_buy(&room, &agent).await;
    let held = agent.refused("browser_click", arguments).await;
    let link = |text: &str| text.split_whitespace().find(|word| word.contains("/#/")).unwrap().to_owned();
    let card = link(&held);
    let ada = room.service.create_key("Ada", &["view", "approve", "control"], None).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&viewer, &card, &ada).await;
    viewer
        .when("document.querySelector('[data-testid=card-page] [data-testid=approve]:not([disabled])') !== null")
        .await
        .unwrap();
    assert_eq!(viewer.evaluate("location.href").await.unwrap(), json!(card));
    viewer.click_named("Approve").await.unwrap();
    viewer.when("document.querySelector('[data-testid=card-page] [data-testid=decided-row]') !== null").await.unwrap();

    let asked = agent.refused("browser_request_human", json!({ "instructions": "Press Greet" })).await;
    let question = link(&asked);
    assert!(question.ends_with("/asked"), "{question}");
    viewer.looks(400, "light").await.unwrap();
    viewer.evaluate(&format!("location.href = {}, null", json!(question))).await.unwrap();
    // Below the picture on a narrow window, and yet it is what is seen first.
    let seen = "(() => { const title = document.querySelector('.side [data-testid=handoff-instructions]'); if (!title) return false;
        const box = title.getBoundingClientRect(); return document.activeElement === title && box.top >= 0 && box.bottom <= innerHeight; })()";
    viewer.when(seen).await.unwrap();
    keep("handoff-link-400.png", &viewer.picture("png").await.unwrap());
    viewer.evaluate("location.hash = '#/a/a_nobody_knows_this_one_x', null").await.unwrap();
    viewer.when("document.querySelector('[data-testid=card-missing]') !== null").await.unwrap();
    keep("card-missing-400.png", &viewer.picture("png").await.unwrap());
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}
