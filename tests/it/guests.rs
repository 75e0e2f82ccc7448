//! Links and frames as people meet them: the Share dialog, the page a link opens, and the same page inside of another one.

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use serde_json::{Value, json};

use crate::links::{Made, link, shared_room};
use crate::room::{Hand, Room, SOON};
use crate::story::{keep, sign_in};

const DRAWN: &str = "document.querySelector('[data-testid=session-picture]')?.dataset.seq > 0";

/// Where a point of the page (CSS pixels of its 1280 × 720) is on the person's screen.
async fn on_screen(viewer: &Page, point: &[f64]) -> (f64, f64) {
    let place = viewer
        .evaluate(&format!(
            "(() => {{
               const box = document.querySelector('[data-testid=session-picture]').getBoundingClientRect();
               const scale = Math.min(box.width / 1280, box.height / 720);
               const left = box.x + (box.width - 1280 * scale) / 2, top = box.y + (box.height - 720 * scale) / 2;
               return [left + {} * scale, top + {} * scale];
             }})()",
            point[0], point[1]
        ))
        .await
        .unwrap();
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

async fn buy_button(room: &Room, agent: &Hand) -> Vec<f64> {
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop") })).await;
    let middle = "() => { const box = [...document.querySelectorAll('button')].find(one => one.textContent.includes('Buy now'))\
        .getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }";
    serde_json::from_str(&agent.evaluate(middle).await).unwrap()
}

async fn open(chromium: &Chromium, made: &Made) -> Page {
    let page = Page::open(&chromium.connection()).await.unwrap();
    page.goto(&made.url).await.unwrap();
    page
}

/// Keeps the page's picture, dark and light, wide and at 400 px.
async fn keep_all(page: &Page, name: &str) {
    for (width, height) in [(1440, 900), (400, 860)] {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        page.call("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        for scheme in ["light", "dark"] {
            let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            page.call("Emulation.setEmulatedMedia", features).await.unwrap();
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                .await
                .unwrap();
            let overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth").await.unwrap();
            assert!(overflow.as_i64().unwrap() <= 0, "{name} at {width}: {overflow} px too wide");
            keep(&format!("{name}-{width}-{scheme}.png"), &page.picture("png").await.unwrap());
        }
    }
    page.call(
        "Emulation.setDeviceMetricsOverride",
        json!({ "width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": false }),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_person_shares_a_session_and_takes_it_back() {
    let (room, agent, id, ada) = shared_room().await;
    let button = buy_button(&room, &agent).await;
    let chromium = Chromium::launch().await.unwrap();
    let owner = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&owner, &room.service.base(), &ada).await;
    owner.evaluate(&format!("location.hash = '#/s/{id}'")).await.unwrap();
    owner.click_named("Share").await.unwrap();
    owner.when("document.querySelector('[data-testid=share-dialog]')?.open").await.unwrap();
    owner.when("(document.querySelector('[data-testid=share-name]').focus(), true)").await.unwrap();
    owner.insert("Ben").await.unwrap();
    owner.click_named("Make link").await.unwrap();
    let url = owner.when("document.querySelector('[data-testid=share-url]')?.value").await.unwrap();
    keep_all(&owner, "share").await;

    // Somebody without a key opens it in a browser of their own.
    let guest = Page::open(&chromium.connection()).await.unwrap();
    guest.goto(url.as_str().unwrap()).await.unwrap();
    guest.when(DRAWN).await.unwrap();
    let access = "document.querySelector('[data-testid=guest-access]').dataset.access";
    assert_eq!(guest.evaluate(access).await.unwrap(), "view");
    assert_eq!(guest.evaluate("location.hash").await.unwrap(), "#guest", "the secret does not stay in the address");
    let held = guest.evaluate("document.cookie + JSON.stringify(localStorage)").await.unwrap();
    assert_eq!(held, "{}", "nothing that outlives the tab");
    let controls = "document.querySelectorAll('[data-testid=take-control],[data-testid=share],[data-testid=inbox-toggle],a[href]').length";
    assert_eq!(guest.evaluate(controls).await.unwrap(), json!(0), "nothing that leads elsewhere");
    let (x, y) = on_screen(&guest, &button).await;
    guest.click_at(x, y).await.unwrap();
    owner
        .when("document.querySelector('[data-testid=share-link]')?.innerText.includes('1 page looking')")
        .await
        .unwrap();
    keep_all(&guest, "guest-view").await;
    // A reload keeps what the address no longer has.
    guest.call("Page.reload", json!({})).await.unwrap();
    guest.when(&format!("{DRAWN} && location.hash === '#guest'")).await.unwrap();

    owner.click_named("Revoke the link for Ben").await.unwrap();
    guest
        .when("document.querySelector('[data-testid=guest-over]')?.innerText.includes('The link was revoked')")
        .await
        .unwrap();
    keep_all(&guest, "guest-over").await;
    owner.when("document.querySelector('[data-testid=share-link]').dataset.state === 'revoked'").await.unwrap();
    assert_eq!(agent.evaluate("() => document.title").await, "\"Shop\"");
    assert_eq!(room.site.count("POST", "/buy"), 0, "the site saw nothing of the guest's click");
    chromium.close().await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn a_guest_with_control_drives_in_their_browser_until_the_link_ends() {
    let (room, agent, id, ada) = shared_room().await;
    let button = buy_button(&room, &agent).await;
    let chromium = Chromium::launch().await.unwrap();
    let guest = open(&chromium, &link(&room, &ada, &id, "control", 600).await).await;
    guest.when(DRAWN).await.unwrap();
    guest.click_named("Take control").await.unwrap();
    guest.when("document.querySelector('[data-testid=hand-back]') !== null").await.unwrap();
    keep_all(&guest, "guest-control").await;
    let (x, y) = on_screen(&guest, &button).await;
    guest.click_at(x, y).await.unwrap();
    room.site.wait_for("POST", "/buy", SOON).await.unwrap();
    guest.click_named("Hand back").await.unwrap();
    agent.ok("browser_wait_for", json!({ "text": "Thank you" })).await;

    let short = open(&chromium, &link(&room, &ada, &id, "view", 3).await).await;
    short
        .when("document.querySelector('[data-testid=guest-over]')?.innerText.includes('The link has expired')")
        .await
        .unwrap();
    agent.ok("session_close", json!({ "session": "default" })).await;
    guest
        .when("document.querySelector('[data-testid=guest-over]')?.innerText.includes('The session has ended')")
        .await
        .unwrap();
    let made_up = Made {
        id: String::new(),
        url: format!("{}/#link=hwlink_0000000000000000_{}", room.service.base(), "A".repeat(43)),
        token: String::new(),
    };
    let nobody = open(&chromium, &made_up).await;
    nobody
        .when("document.querySelector('[data-testid=guest-over]')?.innerText.includes('opens nothing')")
        .await
        .unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}

/// A room whose sessions the site under its first name may frame, and under its other name may not.
async fn framing_room() -> Room {
    Room::with(|options| {
        let allowed = format!("[share]\nframe_ancestors = [\"http://{}\"]\n", options.egress_allow[0]);
        options.config(&allowed)
    })
    .await
}

/// Opens a page that frames an address; the frame's id and address when it has come.
async fn framed(page: &Page, host: &str, address: &str) -> (String, String) {
    let encoded: String = address.bytes().map(|byte| format!("%{byte:02X}")).collect();
    // Only the fragment may differ from the page before: that alone would load nothing.
    page.goto("about:blank").await.unwrap();
    page.goto(&format!("{host}/embedding#{encoded}")).await.unwrap();
    let tree = page.call("Page.getFrameTree", json!({})).await.unwrap();
    let frame = &tree["frameTree"]["childFrames"][0]["frame"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&frame["id"]), text(&frame["url"]))
}

#[tokio::test]
async fn a_session_stands_in_a_page_of_an_allowed_origin_and_of_no_other() {
    let room = framing_room().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/shop")).await;
    let id = crate::keys::only_session(&room).await;
    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    let (_, made) = crate::links::ask(&room, &ada, &id, json!({ "access": "control", "ttl_s": 600 })).await;
    let address = made["embed_url"].as_str().unwrap_or_else(|| panic!("{made}"));
    let (allowed, foreign) =
        (format!("http://{}", room.site.address()), format!("http://{}", room.site.other_address()));

    let chromium = Chromium::launch().await.unwrap();
    let desk = Page::open(&chromium.connection()).await.unwrap();
    let (frame, url) = framed(&desk, &allowed, address).await;
    assert!(url.starts_with(&format!("{}/embed", room.service.base())), "{url}");
    let world = desk.call("Page.createIsolatedWorld", json!({ "frameId": frame, "worldName": "look" })).await.unwrap();
    let look = |expression: &str| {
        let script = format!(
            "new Promise((done, fail) => {{ const end = performance.now() + 20000; const look = () => {{
               if ({expression}) done(true); else if (performance.now() > end) fail(new Error(document.body.innerText.slice(0, 500)));
               else requestAnimationFrame(look); }}; look(); }})"
        );
        json!({ "expression": script, "contextId": world["executionContextId"], "awaitPromise": true, "returnByValue": true })
    };
    for wanted in [
        DRAWN,
        "document.querySelector('.guest-embedded [data-testid=take-control]') !== null",
        "document.cookie === ''",
    ] {
        let seen = desk.call("Runtime.evaluate", look(wanted)).await.unwrap();
        assert_eq!(seen["result"]["value"], json!(true), "{wanted}: {seen}");
    }
    keep("embedded.png", &desk.picture("png").await.unwrap());

    for (host, address) in [
        (&foreign, address.to_owned()),
        // No page is framed where a login counts, not even by who may frame sessions.
        (&allowed, made["url"].as_str().unwrap().to_owned()),
        (&allowed, format!("{}/", room.service.base())),
    ] {
        let (_, url) = framed(&desk, host, &address).await;
        assert!(url.starts_with("chrome-error:"), "{host} framed {address}: {url}");
    }
    let (_, headers, _) = room.service.fetch("/embed", None).await.unwrap();
    assert!(headers["content-security-policy"].ends_with(&format!("frame-ancestors {allowed}")), "{headers:?}");
    let (_, headers, _) = room.service.fetch("/", None).await.unwrap();
    assert!(headers["content-security-policy"].ends_with("frame-ancestors 'none'"), "{headers:?}");
    assert_eq!(headers["x-frame-options"], "DENY");
    chromium.close().await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn without_a_setting_nothing_is_framed() {
    let (room, _agent, id, ada) = shared_room().await;
    let made = link(&room, &ada, &id, "view", 600).await;
    let (_, headers, _) = room.service.fetch("/embed", None).await.unwrap();
    assert!(
        headers["content-security-policy"].ends_with("frame-ancestors 'none'") && headers["x-frame-options"] == "DENY"
    );
    let chromium = Chromium::launch().await.unwrap();
    let desk = Page::open(&chromium.connection()).await.unwrap();
    let address = made.url.replacen("/#", "/embed#", 1);
    let (_, url) = framed(&desk, &format!("http://{}", room.site.address()), &address).await;
    assert!(url.starts_with("chrome-error:"), "{url}");
    // By itself the address is a page like the link's own, and shows no login.
    desk.goto(&address).await.unwrap();
    desk.when(DRAWN).await.unwrap();
    desk.goto(&format!("{}/embed", room.service.base())).await.unwrap();
    desk.when("document.querySelector('[data-testid=guest-over]')?.innerText.includes('no link')").await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}
