//! The main job, end to end, on pages that nobody here wrote: an agent browses, a person watches, a flagged step waits for a yes.

use std::path::Path;

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::docs::Docs;
use helmwatch_tests::mcp::{LEGACY, MODERN};
use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::site::Site;
use serde_json::json;

use crate::agent::Agent;
use crate::room::SOON;

/// The red of the shop's button, as its page paints it.
const BUTTON_RED: [u8; 3] = [0xcc, 0x00, 0x22];

#[tokio::test]
async fn an_agent_browses_a_person_watches_and_a_flagged_step_waits_for_a_yes() {
    story("auto", "story-modern").await;
}

#[tokio::test]
async fn the_same_story_with_a_client_of_the_older_protocol() {
    story("legacy", "story-legacy").await;
}

async fn story(mode: &str, pictures: &str) {
    let (site, docs) = (Site::start().await.unwrap(), Docs::start().await.unwrap());
    let service = Service::start(Options::allowing([site.address(), docs.address()])).await.unwrap();
    let agent_key = service.create_key("story", &["agent"], None).await.unwrap();
    let person_key = service.create_key("person", &["view", "approve"], None).await.unwrap();

    // The person opens the viewer.
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&viewer, &service.base(), &person_key).await;

    // The agent opens a session and reads documentation.
    let mut agent = Agent::connect(&service.mcp_url(), &agent_key, mode).await;
    assert_eq!(agent.protocol, if mode == "legacy" { LEGACY } else { MODERN });
    agent.ok("session_open", json!({ "name": "story" })).await;
    agent.ok("browser_navigate", json!({ "url": docs.url("/sqlite/index.html"), "session": "story" })).await;
    let snapshot = agent.ok("browser_snapshot", json!({ "session": "story" })).await;
    let link = snapshot.find_ref(&["link", "About"]).unwrap_or_else(|| panic!("no link in\n{}", snapshot.text));
    let followed = agent.ok("browser_click", json!({ "target": link, "element": "About", "session": "story" })).await;
    assert!(followed.text.contains("about.html"), "the link was followed: {}", followed.text);

    // The person sees the session, with a live picture.
    viewer.when("document.body.innerText.includes('story')").await.unwrap();

    // The agent types into the search box of other documentation, and sees what its script finds.
    agent.ok("browser_navigate", json!({ "url": docs.url("/python/search.html"), "session": "story" })).await;
    let snapshot = agent.ok("browser_snapshot", json!({ "session": "story" })).await;
    let field = snapshot.find_ref(&["textbox"]).or_else(|| snapshot.find_ref(&["searchbox"]));
    let field = field.unwrap_or_else(|| panic!("no search box in\n{}", snapshot.text));
    let typed =
        json!({ "target": field, "element": "search box", "text": "asyncio", "submit": true, "session": "story" });
    agent.ok("browser_type", typed).await;
    let found = agent.ok("browser_wait_for", json!({ "text": "Search finished", "session": "story" })).await;
    assert!(found.text.contains("asyncio"), "{}", found.text);

    // A flagged step waits; the person sees its card and picture, and approves it there.
    let before = site.count("POST", "/buy");
    let call = press_buy(&mut agent, &site).await;
    see_the_card(&viewer, &service, pictures).await;
    assert_eq!(site.count("POST", "/buy"), before, "nothing was sent before the yes");
    viewer.click_named("Approve").await.unwrap();
    let answer = call.answer().await;
    assert!(!answer.is_error, "{}", answer.text);
    let told = answer.progress.iter().any(|message| message.to_lowercase().contains("approv"));
    assert!(told, "the agent was told what it waits for: {:?}", answer.progress);
    site.wait_for("POST", "/buy", SOON).await.unwrap();
    assert_eq!(site.count("POST", "/buy"), before + 1, "the site saw exactly one request");
    assert_eq!(site.seen("POST", "/buy")[before].body, "item=lamp&count=1");
    assert!(answer.text.contains("/bought"), "the agent is told where it is now: {}", answer.text);

    // The same again, denied.
    let call = press_buy(&mut agent, &site).await;
    open_the_card(&viewer).await;
    viewer.click_named("Deny").await.unwrap();
    let answer = call.answer().await;
    assert!(answer.is_error, "a no is told to the agent: {}", answer.text);
    assert_eq!(site.count("POST", "/buy"), before + 1, "the site saw none");
    let here = agent.ok("browser_snapshot", json!({ "session": "story" })).await;
    assert!(here.text.contains("Buy now"), "the page is where it was: {}", here.text);

    agent.ok("session_close", json!({ "session": "story" })).await;
    agent.close().await;
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    let log = service.log();
    let ended = service.stop().await.unwrap();
    assert!(ended.left.is_empty() && ended.status.success(), "{ended:?}\n{log}");
}

pub async fn sign_in(viewer: &Page, base: &str, key: &str) {
    viewer.goto(base).await.unwrap();
    viewer.when("document.querySelector('[data-testid=login-key]') && (document.querySelector('[data-testid=login-key]').focus(), true)").await.unwrap();
    viewer.insert(key).await.unwrap();
    viewer.enter().await.unwrap();
    viewer.when("document.querySelector('[data-testid=logout]') !== null").await.unwrap();
}

async fn press_buy(agent: &mut Agent, site: &Site) -> crate::agent::Call {
    agent.ok("browser_navigate", json!({ "url": site.url("/shop"), "session": "story" })).await;
    let snapshot = agent.ok("browser_snapshot", json!({ "session": "story" })).await;
    let button = snapshot.find_ref(&["button", "Buy now"]).unwrap_or_else(|| panic!("{}", snapshot.text));
    agent.begin("browser_click", json!({ "target": button, "element": "Buy now", "session": "story" })).await
}

const CARD: &str = "document.querySelector('[data-testid=approval-card]')";

/// The grid says that somebody is needed; the person opens the card, which takes a decision once it has stood still.
async fn open_the_card(viewer: &Page) {
    let review = "document.querySelector('[data-testid=review]')";
    viewer.when(&format!("{CARD} !== null || {review} !== null")).await.unwrap();
    if viewer.evaluate(&format!("{CARD} === null")).await.unwrap() == json!(true) {
        viewer.click_named("Review").await.unwrap();
    }
    let approve = "document.querySelector('[data-testid=approve]')";
    viewer.when(&format!("{approve} !== null && !{approve}.disabled")).await.unwrap();
}

/// The card is in the viewer's page, and its picture shows the button where the outline says it is.
async fn see_the_card(viewer: &Page, service: &Service, pictures: &str) {
    open_the_card(viewer).await;
    let card = CARD;
    viewer.when(&format!("{card} && {card}.innerText.includes('Buy now')")).await.unwrap();
    // The picture is drawn: an image that has loaded, or a canvas.
    viewer
        .when(&format!(
            "[...{card}.querySelectorAll('img,canvas')].some((one) => one.tagName === 'CANVAS' ? one.width > 0 : one.complete && one.naturalWidth > 0)"
        ))
        .await
        .unwrap();
    let shot = viewer.picture("png").await.unwrap();
    keep(&format!("{pictures}.png"), &shot);

    // The picture itself, as the service keeps it, has the button's colour inside the outline.
    let key = service.admin_key();
    let (_, list) = service.api("GET", "/v1/approvals?state=pending", Some(key), None).await.unwrap();
    let approval = &list["approvals"][0];
    let address = approval["picture"].as_str().unwrap_or_else(|| panic!("no picture in {approval}"));
    let bytes = service.bytes(address, Some(key)).await.unwrap();
    keep(&format!("{pictures}-card.jpg"), &bytes);
    let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
    let size = &approval["picture_size"];
    let scale = f64::from(picture.width()) / size[0].as_f64().unwrap();
    let outline = &approval["outline"];
    let at = |start: &str, length: &str, part: f64| {
        (outline[start].as_f64().unwrap() + outline[length].as_f64().unwrap() * part) * scale
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a picture")]
    let pixel = picture.get_pixel(at("x", "width", 0.08) as u32, at("y", "height", 0.2) as u32);
    let near = pixel.0.iter().zip(BUTTON_RED).all(|(have, want)| have.abs_diff(want) < 40);
    assert!(near, "the outline is on the button: {:?} is not its red, {outline}", pixel.0);
}

/// For people to look at: `target/pictures/`.
pub fn keep(name: &str, bytes: &[u8]) {
    let folder = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(Path::new(name)), bytes).unwrap();
}
