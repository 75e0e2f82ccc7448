//! What stands in fields for secrets is in no picture. Checked by the pixels: two different secrets look exactly alike.

use std::time::Duration;

use helmwatch_tests::viewer::Viewer;
use image::{GenericImageView, RgbImage};
use serde_json::{Value, json};

use crate::keys::only_session;
use crate::room::{Hand, Room};
use crate::story::keep;

const SECRETS: [&str; 12] =
    ["number", "auto", "csc", "prefilled", "insists", "otp", "box", "phrase", "added", "crowded", "deep", "inner"];

/// Where a field is, CSS pixels, a little wider than it is.
const PLACES: &str = "() => { const inner = document.getElementById('frame');
    const shadow = document.getElementById('shadow').shadowRoot;
    const all = [...document.querySelectorAll('[id]'), ...shadow.querySelectorAll('[id]')].filter(one => 'value' in one);
    const places = Object.fromEntries(all.map(one => { const box = one.getBoundingClientRect(); return [one.id, [box.x, box.y, box.width, box.height]]; }));
    const outer = inner.getBoundingClientRect(), field = inner.contentDocument.getElementById('inner').getBoundingClientRect();
    places.inner = [outer.x + inner.clientLeft + field.x, outer.y + inner.clientTop + field.y, field.width, field.height];
    return places; }";

async fn page(room: &Room) -> (Hand, Value) {
    let agent = room.agent().await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/secrets") })).await;
    agent.ok("browser_evaluate", json!({ "function": "() => new Promise(done => { const look = () => document.title.endsWith('all there') ? done() : requestAnimationFrame(look); look(); })" })).await;
    let places = serde_json::from_str(&agent.evaluate(PLACES).await).unwrap();
    (agent, places)
}

/// Writes digits into all fields as the page's own script does.
async fn write(agent: &Hand, digits: &str) {
    let ids: Vec<&str> = SECRETS.into_iter().chain(["plain", "password"]).collect();
    let ids = json!(ids);
    let text = escaped(digits);
    let script = format!(
        "() => {{ const text = '{text}'; for (const id of {ids}) write(id, id === 'box' ? text.slice(0, 1) : text); }}"
    );
    agent.ok("browser_evaluate", json!({ "function": script })).await;
}

/// As a script's text that the rules do not take for a card number: these tests are not about rules.
fn escaped(digits: &str) -> String {
    digits.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// The picture a person who comes now is shown first.
async fn frame(room: &Room, agent: &Hand) -> RgbImage {
    // What was written is drawn first: somebody who comes meanwhile may be shown the picture before.
    agent
        .evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))",
        )
        .await;
    let path = format!("/v1/sessions/{}/live", only_session(room).await);
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(room.service.admin_key())).await.unwrap();
    let (_, jpeg) = viewer.frame().await.unwrap();
    image::load_from_memory(&jpeg).unwrap().to_rgb8()
}

/// Puts a field into a shadow tree of an element that is there, which no observer hears of.
async fn attach(agent: &Hand, id: &str, digits: &str) -> Value {
    let text = escaped(digits);
    let attach = format!(
        "() => {{ const root = document.getElementById('{id}').attachShadow({{ mode: 'open' }});
            root.innerHTML = '<input autocomplete=cc-number style=width:260px;font-size:18px value={text}>';
            const box = root.firstChild.getBoundingClientRect(); return {{ {id}: [box.x, box.y, box.width, box.height] }}; }}"
    );
    serde_json::from_str(&agent.evaluate(&attach).await).unwrap()
}

/// The agent's own picture.
async fn shot(agent: &Hand) -> RgbImage {
    let answer = agent.ok("browser_take_screenshot", json!({ "type": "png" })).await;
    image::load_from_memory(&answer.images[0].1).unwrap().to_rgb8()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a picture")]
fn cut(picture: &RgbImage, places: &Value, id: &str) -> RgbImage {
    let number = |at: usize| places[id][at].as_f64().unwrap_or_else(|| panic!("no {id} in {places}"));
    let (x, y, width, height) = (number(0) as u32, number(1) as u32, number(2) as u32, number(3) as u32);
    picture.view(x, y, width, height).to_image()
}

/// For how long a page that nobody sees goes on looking through itself, and how often (`page_script/mask.js`).
const ALONE: Duration = Duration::from_millis(10_500);
const LOOK: Duration = Duration::from_millis(250);

const ONE: &str = "4111111111111111";
const OTHER: &str = "5500000000000004";

#[tokio::test]
async fn two_secrets_look_alike_in_every_picture() {
    // Typing into a card's field is held by the default rules, which this is not about.
    let room = Room::with(|options| options.policy("open")).await;
    let (agent, places) = page(&room).await;
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        write(&agent, digits).await;
        pictures.push((frame(&room, &agent).await, shot(&agent).await));
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    pictures[0].1.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    keep("masked.png", bytes.get_ref());
    for id in SECRETS.into_iter().chain(["password"]) {
        let frames = [cut(&pictures[0].0, &places, id), cut(&pictures[1].0, &places, id)];
        assert!(frames[0] == frames[1], "the live picture shows what is in {id}");
        let shots = [cut(&pictures[0].1, &places, id), cut(&pictures[1].1, &places, id)];
        assert!(shots[0] == shots[1], "the screenshot shows what is in {id}");
    }
    assert!(cut(&pictures[0].0, &places, "plain") != cut(&pictures[1].0, &places, "plain"), "other fields are seen");
    // The page is as its author made it, but for the one field whose style sheet insists.
    let touched = "() => [...document.querySelectorAll('input,textarea')].filter(one => one.hasAttribute('style')).map(one => one.id).join()";
    assert_eq!(agent.evaluate(touched).await, "\"insists\"");
    assert_eq!(agent.evaluate("() => document.querySelectorAll('*').length === document.getElementsByTagName('*').length && document.adoptedStyleSheets.length").await, "0");
    // The agent reads and fills the field as before.
    let target = agent.find(&["textbox", "Card number"]).await;
    agent.ok("browser_type", json!({ "target": target, "element": "Card number", "text": "42" })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('number').value").await, "\"42\"");
    room.close().await;
}

/// The empty document of a new tab gets the script that hides secrets only when something is put there.
#[tokio::test]
async fn a_secret_put_on_a_tab_that_was_never_anywhere_is_hidden() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    // Apart, so that no block of the JPEG has something of both.
    let put = "() => { document.body.innerHTML = '<input autocomplete=cc-number value=0><p style=margin:64px><input id=plain value=0>'; }";
    agent.ok("browser_evaluate", json!({ "function": put })).await;
    let places: Value = serde_json::from_str(
        &agent
            .evaluate("() => Object.fromEntries([...document.querySelectorAll('input')].map((one, at) => { const box = one.getBoundingClientRect(); return [at, [box.x, box.y, box.width, box.height]]; }))")
            .await,
    )
    .unwrap();
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        let text = escaped(digits);
        let write = format!("() => {{ for (const one of document.querySelectorAll('input')) one.value = '{text}'; }}");
        agent.ok("browser_evaluate", json!({ "function": write })).await;
        pictures.push(frame(&room, &agent).await);
    }
    assert!(cut(&pictures[0], &places, "0") == cut(&pictures[1], &places, "0"), "the picture shows the card's number");
    assert!(cut(&pictures[0], &places, "1") != cut(&pictures[1], &places, "1"), "other fields are seen");
    room.close().await;
}

/// A shadow tree that is attached to what is there already is no change to any observer.
#[tokio::test]
async fn a_shadow_tree_that_comes_without_a_word_is_covered_in_the_next_picture() {
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        let room = Room::with(|options| options.policy("open")).await;
        let (agent, _) = page(&room).await;
        let places = attach(&agent, "idle", digits).await;
        pictures.push((cut(&shot(&agent).await, &places, "idle"), cut(&frame(&room, &agent).await, &places, "idle")));
        room.close().await;
    }
    assert!(pictures[0].0 == pictures[1].0, "the screenshot shows it");
    assert!(pictures[0].1 == pictures[1].1, "the live picture shows it");
}

/// A page looks through itself for as long as somebody may see it. One that was alone so long that it no longer does looks before it
/// shows anything, and goes on for as long as somebody stays.
#[tokio::test]
async fn a_page_that_was_left_alone_looks_again_when_somebody_watches() {
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        let room = Room::with(|options| options.policy("open")).await;
        let (agent, _) = page(&room).await;
        tokio::time::sleep(ALONE).await;
        let idle = attach(&agent, "idle", digits).await;
        let path = format!("/v1/sessions/{}/live", only_session(&room).await);
        let mut viewer = Viewer::connect(&room.service.base(), &path, Some(room.service.admin_key())).await.unwrap();
        let (_, first) = viewer.frame().await.unwrap();
        let first = image::load_from_memory(&first).unwrap().to_rgb8();
        let later = attach(&agent, "later", digits).await;
        tokio::time::sleep(LOOK * 4).await;
        pictures.push((cut(&first, &idle, "idle"), cut(&frame(&room, &agent).await, &later, "later")));
        room.close().await;
    }
    assert!(pictures[0].0 == pictures[1].0, "the first live picture shows it");
    assert!(pictures[0].1 == pictures[1].1, "a later live picture shows it");
}

#[tokio::test]
async fn without_the_setting_the_same_fields_are_seen() {
    let room =
        Room::with(|options| options.config("[mask]\npassword = false\ncard = false\none_time_code = false\n")).await;
    let (agent, places) = page(&room).await;
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        write(&agent, digits).await;
        pictures.push(frame(&room, &agent).await);
    }
    for id in SECRETS {
        assert!(cut(&pictures[0], &places, id) != cut(&pictures[1], &places, id), "{id} is a field one can read");
    }
    room.close().await;
}

#[tokio::test]
async fn a_password_shown_as_text_stays_hidden_and_a_typed_card_number_is_found() {
    let room = Room::with(|options| options.policy("open")).await;
    let (agent, places) = page(&room).await;
    let mut pictures = Vec::new();
    for digits in [ONE, OTHER] {
        write(&agent, "").await;
        // "Show password", and back.
        let shown = format!(
            "() => {{ const field = document.getElementById('password'); field.type = 'text'; field.value = '{digits}'; }}"
        );
        agent.ok("browser_evaluate", json!({ "function": shown })).await;
        // Into a field that says nothing of cards, key by key.
        let target = agent.find(&["textbox", "Plain"]).await;
        let typed = json!({ "target": target, "element": "Plain", "text": digits, "slowly": true });
        agent.ok("browser_type", typed).await;
        agent.ok("browser_evaluate", json!({ "function": "() => document.activeElement.blur()" })).await;
        pictures.push(frame(&room, &agent).await);
    }
    for id in ["password", "plain"] {
        assert!(cut(&pictures[0], &places, id) == cut(&pictures[1], &places, id), "{id} is seen");
    }
    room.close().await;
}

/// The picture of a card that waits for a person.
#[tokio::test]
async fn the_picture_of_an_approval_shows_no_card_number() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/card")).await;
    let mut pictures = Vec::new();
    let place = "() => { const box = document.querySelector('[name=number]').getBoundingClientRect(); return { number: [box.x, box.y, box.width, box.height] }; }";
    let places: Value = serde_json::from_str(&agent.evaluate(place).await).unwrap();
    for digits in [ONE, OTHER] {
        let set = format!("() => {{ document.querySelector('[name=number]').value = '{}'; }}", escaped(digits));
        agent.ok("browser_evaluate", json!({ "function": set })).await;
        let button = agent.find(&["button", "Pay 40 euros"]).await;
        let call = agent.call("browser_click", json!({ "target": button, "element": "Pay" }));
        let person = async {
            let held = room.held().await;
            let picture = held["picture"].as_str().unwrap_or_else(|| panic!("no picture in {held}"));
            pictures.push(room.service.bytes(picture, Some(room.service.admin_key())).await.unwrap());
            room.decide(room.service.admin_key(), held["id"].as_str().unwrap(), "deny").await;
        };
        tokio::join!(call, person);
    }
    let pictures: Vec<RgbImage> =
        pictures.iter().map(|bytes| image::load_from_memory(bytes).unwrap().to_rgb8()).collect();
    assert!(cut(&pictures[0], &places, "number") == cut(&pictures[1], &places, "number"));
    assert_eq!(room.site.count("POST", "/pay"), 0);
    room.close().await;
}
