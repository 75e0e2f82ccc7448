//! The network log, routes, and a network that is gone, as page and site see them.

use helmwatch_protocol::{LiveEvent, MouseButton, MouseKind, ViewerMessage};
use helmwatch_tests::mcp::{Era, McpClient};
use helmwatch_tests::viewer::Viewer;
use serde_json::json;

use crate::room::{Hand, Room, section};

/// A room whose agents may use page scripts that ask the site.
async fn room() -> Room {
    Room::with(|options| options.policy("open")).await
}

async fn listed(agent: &Hand, arguments: serde_json::Value) -> String {
    section(&agent.ok("browser_network_requests", arguments).await.text, "Result")
}

/// An agent of such a room that has the toolset.
async fn router(room: &Room) -> Hand {
    let key = room.service.create_key("router", &["agent"], None).await.unwrap();
    let url = format!("{}?caps=network", room.service.mcp_url());
    Hand { client: McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap() }
}

/// The number of the line with these words.
fn number(list: &str, words: &str) -> u64 {
    let line = list.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words} in\n{list}"));
    line.split('.').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn requests_are_listed_with_what_became_of_them_and_keep_their_numbers() {
    let room = room().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/network")).await;
    let before = listed(&agent, json!({})).await;
    assert_eq!(before, "No requests.\n\nNote: 2 static request(s) not shown, run with \"static\" option to see them.");
    agent.evaluate("() => ask('/api/echo?one')").await;
    agent.evaluate("() => ask('/api/missing')").await;
    agent.evaluate("() => ask('http://127.0.0.1:1/closed')").await;
    agent.evaluate("() => ask('/redirect?to=/api/echo')").await;
    let list = listed(&agent, json!({ "static": true })).await;
    let (site, lines) = (room.site.address(), list.lines().collect::<Vec<_>>());
    assert_eq!(lines[0], format!("1. [GET] http://{site}/network => [200] OK"));
    assert_eq!(lines[1], format!("2. [GET] http://{site}/network.css => [200] OK"));
    assert_eq!(lines[2], format!("3. [GET] http://{site}/api/echo?one => [200] OK"));
    assert_eq!(lines[3], format!("4. [GET] http://{site}/api/missing => [404] Not Found"));
    assert!(lines[4].starts_with("5. [GET] http://127.0.0.1:1/closed => "), "{list}");
    assert_eq!(lines[5], format!("6. [GET] http://{site}/redirect?to=/api/echo => [307] Temporary Redirect"));
    assert_eq!(lines[6], format!("7. [GET] http://{site}/api/echo => [200] OK"));
    let some = listed(&agent, json!({ "filter": "/^[^?]*/API\\/echo$/i" })).await;
    assert!(some.starts_with(&format!("7. [GET] http://{site}/api/echo => [200] OK")), "{some}");
    assert!(!some.contains("missing"), "{some}");
    // Sent somewhere else, the list begins anew.
    agent.goto(&room.site.url("/form")).await;
    assert!(listed(&agent, json!({ "static": true })).await.starts_with("1. [GET]"));
    let said = agent.refused("browser_network_requests", json!({ "filter": "(" })).await;
    assert!(said.contains("the regular expression cannot be used"), "{said}");
    agent.refused("browser_network_requests", json!({ "filter": "((a{1000}){1000}){1000}" })).await;
    let kept = agent.ok("browser_network_requests", json!({ "static": true, "filename": "net.log" })).await;
    let url = section(&kept.text, "Result").rsplit(' ').next().unwrap().to_owned();
    assert!(section(&kept.text, "Result").starts_with("- [Network](net.log) "), "{}", kept.text);
    let (_, _, body) = room.service.fetch(&url, None).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("/form => [200] OK"));
    room.close().await;
}

#[tokio::test]
async fn a_request_is_told_with_its_headers_and_bodies_but_not_with_what_identifies_somebody() {
    let room = room().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/network")).await;
    let post = "() => { document.cookie = 'secret=cookie-word'; return ask('/api/echo', { method: 'POST', body: 'a body word', \
         headers: { 'X-Plain': 'plain word', 'Authorization': 'Bearer token-word' } }); }";
    let echoed = agent.evaluate(post).await;
    assert!(echoed.contains("cookie-word") && echoed.contains("token-word"), "the site got both: {echoed}");
    let index = number(&listed(&agent, json!({})).await, "/api/echo");
    let told = section(&agent.ok("browser_network_request", json!({ "index": index })).await.text, "Result");
    assert!(
        told.starts_with(&format!(
            "#{index} [POST] http://{}/api/echo\n\n  General\n    status:    [200] OK\n    duration:  ",
            room.site.address()
        )),
        "{told}"
    );
    for wanted in [
        "    type:      fetch",
        "    mimeType:  application/json",
        "  Request headers",
        "    X-Plain: plain word",
        "    Authorization: Bearer <hidden>",
        "  Response headers",
        "Call browser_network_request with part=\"request-body\" to read the request body.",
        "Call browser_network_request with part=\"response-body\" to read the response body.",
    ] {
        assert!(told.contains(wanted), "{wanted} is missing from\n{told}");
    }
    assert!(!told.contains("token-word") && !told.contains("cookie-word"), "{told}");
    let part = async |part: &str| {
        let answer = agent.ok("browser_network_request", json!({ "index": index, "part": part })).await;
        section(&answer.text, "Result")
    };
    assert_eq!(part("request-body").await, "a body word");
    assert!(part("response-body").await.contains("\"method\":\"POST\""));
    assert!(part("request-headers").await.contains("X-Plain: plain word"));
    assert!(part("response-headers").await.contains("content-type: application/json"));
    let missing = agent.refused("browser_network_request", json!({ "index": 99 })).await;
    assert_eq!(missing, "Error: Request #99 not found.\nUse browser_network_requests to see available indexes.");
    for wrong in [json!({ "index": 0 }), json!({ "index": 1, "part": "all" }), json!({}), json!({ "index": 1.5 })] {
        agent.refused("browser_network_request", wrong).await;
    }
    room.close().await;
}

#[tokio::test]
async fn bodies_fit_the_budget_and_what_is_no_text_is_a_file() {
    let room = room().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/network")).await;
    agent.evaluate("async () => (await ask('/api/bytes?count=100000')).length").await;
    agent.evaluate("async () => (await ask('/api/bytes?count=300&kind=image/png')).length").await;
    let list = listed(&agent, json!({})).await;
    let index = number(&list, "count=100000");
    let answer = agent
        .ok("browser_network_request", json!({ "index": index, "part": "response-body", "max_tokens": 500 }))
        .await;
    assert!(answer.text.len() <= 2100, "{} bytes", answer.text.len());
    assert!(answer.text.contains("more bytes were left out to fit. Give filename"), "{}", answer.text);
    let kept = json!({ "index": index, "part": "response-body", "filename": "big.txt" });
    let kept = section(&agent.ok("browser_network_request", kept).await.text, "Result");
    let (_, _, body) = room.service.fetch(kept.rsplit(' ').next().unwrap(), None).await.unwrap();
    assert_eq!(body.len(), 100_000);
    let binary = json!({ "index": number(&list, "image/png"), "part": "response-body" });
    let binary = section(&agent.ok("browser_network_request", binary).await.text, "Result");
    assert!(binary.starts_with("- [Response body](response-"), "{binary}");
    let (_, headers, body) = room.service.fetch(binary.rsplit(' ').next().unwrap(), None).await.unwrap();
    assert_eq!((headers["content-type"].as_str(), body.len()), ("image/png", 300));
    room.close().await;
}

#[tokio::test]
async fn frames_in_other_processes_and_forms_are_in_the_log() {
    let room = room().await;
    let agent = room.agent().await;
    let page = agent.goto(&room.site.url("/frames")).await;
    let press = page.find_ref(&["button", "Press inside", "[ref=f2"]).unwrap_or_else(|| panic!("{}", page.text));
    agent.ok("browser_click", json!({ "target": press })).await;
    room.site.wait_for("GET", "/fetch-target", crate::room::SOON).await.unwrap();
    let list = listed(&agent, json!({ "static": true })).await;
    let other = room.site.other_address();
    assert!(list.contains(&format!("[GET] http://{other}/inner?who=cross => [200] OK")), "{list}");
    let index = number(&list, &format!("http://{other}/fetch-target?who=cross"));
    let body = agent.ok("browser_network_request", json!({ "index": index, "part": "response-body" })).await;
    assert_eq!(section(&body.text, "Result"), "reached");
    let document = number(&list, &format!("http://{other}/inner?who=cross"));
    let body = agent.ok("browser_network_request", json!({ "index": document, "part": "response-body" })).await;
    assert!(body.text.contains("Inner page"), "{}", body.text);
    agent.goto(&room.site.url("/network")).await;
    agent.evaluate("() => worker('/api/echo?worker')").await;
    let list = listed(&agent, json!({})).await;
    assert_eq!(list.matches("/api/echo?worker").count(), 1, "a worker's request is told, once\n{list}");
    let body = json!({ "index": number(&list, "/api/echo?worker"), "part": "response-body" });
    assert!(agent.ok("browser_network_request", body).await.text.contains("\"method\":\"GET\""));
    agent.click(&["button", "Send the form"]).await;
    let list = listed(&agent, json!({ "static": true })).await;
    let index = number(&list, "[POST]");
    let body = agent.ok("browser_network_request", json!({ "index": index, "part": "request-body" })).await;
    assert_eq!(section(&body.text, "Result"), "word=form+word");
    room.close().await;
}

#[tokio::test]
async fn a_route_answers_in_the_servers_place_for_pages_frames_workers_and_later_tabs() {
    let room = room().await;
    let agent = router(&room).await;
    agent.goto(&room.site.url("/network")).await;
    let list = async || section(&agent.ok("browser_route_list", json!({})).await.text, "Result");
    assert_eq!(list().await, "No active routes");
    let route = json!({ "pattern": "**/api/*", "status": 418, "body": "{\"made\":\"here\"}", "contentType": "application/json", "headers": ["X-Made: yes"] });
    let added = agent.ok("browser_route", route).await;
    assert_eq!(section(&added.text, "Result"), "Route added for pattern: **/api/*");
    assert!(added.text.contains("await page.context().route('**/api/*', async route => { /* route handler */ });"));
    assert_eq!(
        list().await,
        "1. **/api/* (status=418, body={\"made\":\"here\"}, contentType=application/json, addHeaders={\"X-Made\":\"yes\"})"
    );
    let made = "418 {\\\"made\\\":\\\"here\\\"}";
    assert!(agent.evaluate("() => ask('/api/echo')").await.contains(made));
    let head = "async () => { const a = await fetch('/api/echo'); return [a.headers.get('x-made'), a.headers.get('content-type')].join() }";
    assert_eq!(agent.evaluate(head).await, "\"yes,application/json\"");
    // Another origin, with a preflight: a page may read what is answered in that server's place.
    let cross = format!(
        "() => ask('http://{}/api/echo', {{ method: 'PUT', headers: {{ 'X-Own': '1' }}, body: 'x' }})",
        room.site.other_address()
    );
    assert!(agent.evaluate(&cross).await.contains(made));
    assert_eq!(agent.evaluate("() => worker('/api/echo')").await, "\"{\\\"made\\\":\\\"here\\\"}\"");
    for of_no_tab in ["service", "shared"] {
        let asked = format!("() => {of_no_tab}('/api/echo')");
        assert_eq!(agent.evaluate(&asked).await, "\"{\\\"made\\\":\\\"here\\\"}\"", "{of_no_tab}");
    }
    // A frame of another site, which came later.
    let framed = format!("() => frame('http://{}/api/framed')", room.site.other_address());
    agent.evaluate(&framed).await;
    let seen = agent.ok("browser_snapshot", json!({})).await;
    assert!(seen.text.contains("{\\\"made\\\":\\\"here\\\"}") || seen.text.contains("made"), "{}", seen.text);
    agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/api/tab") })).await;
    assert!(agent.ok("browser_snapshot", json!({})).await.text.contains("here"));
    for path in ["/api/echo", "/api/framed", "/api/tab"] {
        let asked = ["GET", "PUT", "OPTIONS"].map(|method| room.site.count(method, path));
        assert_eq!(asked, [0, 0, 0], "the site never saw {path}");
    }
    // What fits no route goes on.
    assert_eq!(agent.evaluate("() => fetch('/fetch-target').then((a) => a.text())").await, "\"reached\"");
    assert_eq!(
        section(&agent.ok("browser_unroute", json!({ "pattern": "**/none" })).await.text, "Result"),
        "Removed 0 route(s) for pattern: **/none"
    );
    let gone = agent.ok("browser_unroute", json!({ "pattern": "**/api/*" })).await;
    assert_eq!(section(&gone.text, "Result"), "Removed 1 route(s) for pattern: **/api/*");
    assert_eq!(agent.evaluate("() => fetch('/api/echo').then((a) => a.status)").await, "200");
    assert_eq!(room.site.count("GET", "/api/echo"), 1);
    assert_eq!(section(&agent.ok("browser_unroute", json!({})).await.text, "Result"), "Removed all 0 route(s)");
    room.close().await;
}

#[tokio::test]
async fn a_route_sends_requests_on_with_other_headers_and_the_newest_counts() {
    let room = room().await;
    let agent = router(&room).await;
    agent.goto(&room.site.url("/network")).await;
    agent.evaluate("() => { document.cookie = 'kept=cookie-word' }").await;
    agent.ok("browser_route", json!({ "pattern": "**/api/**", "headers": ["X-Added: added word", "accept: text/x-mine"], "removeHeaders": "x-taken, dnt" })).await;
    let asked = "() => ask('/api/echo', { method: 'POST', body: 'kept body', headers: { 'X-Taken': 'taken word', 'X-Kept': 'kept word' } })";
    let echoed = agent.evaluate(asked).await;
    for wanted in ["200", "added word", "text/x-mine", "kept word", "kept body", "cookie-word"] {
        assert!(echoed.contains(wanted), "{wanted} is missing from {echoed}");
    }
    assert!(!echoed.contains("taken word"), "{echoed}");
    agent.ok("browser_route", json!({ "pattern": "**/{echo,else}", "body": "newest" })).await;
    assert_eq!(agent.evaluate("() => ask('/api/echo')").await, "\"200 newest\"");
    // Two hundred at once, each with its answer.
    let many = "async () => (await Promise.all(Array.from({ length: 200 }, (_, n) => ask('/api/bytes?count=' + n)))).filter((a) => a.startsWith('200 ')).length";
    assert_eq!(agent.evaluate(many).await, "200");
    let list = section(&agent.ok("browser_route_list", json!({})).await.text, "Result");
    assert!(list.contains("1. **/api/** (addHeaders={\"X-Added\":\"added word\",\"accept\":\"text/x-mine\"}, removeHeaders=x-taken,dnt)"), "{list}");
    assert!(list.contains("2. **/{echo,else} (status=200, body=newest)"), "{list}");
    // Of another session nothing is routed.
    agent.ok("session_open", json!({ "name": "side" })).await;
    let url = room.site.url("/api/echo");
    let side = agent.ok("browser_navigate", json!({ "url": url, "session": "side" })).await;
    assert!(!side.text.contains("newest"), "{}", side.text);
    room.close().await;
}

#[tokio::test]
async fn routes_that_would_lead_elsewhere_or_never_end_are_refused() {
    let room = room().await;
    let agent = router(&room).await;
    agent.goto(&room.site.url("/network")).await;
    for wrong in [
        json!({}),
        json!({ "pattern": "" }),
        json!({ "pattern": "{a" }),
        json!({ "pattern": "**", "status": 1000 }),
        json!({ "pattern": "**", "status": 200.5 }),
        json!({ "pattern": "**", "headers": ["no colon"] }),
        json!({ "pattern": "**", "headers": ["Host: elsewhere.example"] }),
        json!({ "pattern": "**", "headers": ["X-A: b\r\nHost: c"] }),
        json!({ "pattern": "**", "headers": ["Proxy-Authorization: x"] }),
        json!({ "pattern": "**", "removeHeaders": "Host" }),
        json!({ "pattern": "**", "contentType": "text/html" }),
        json!({ "pattern": "**", "body": "x".repeat((1 << 20) + 1) }),
        json!({ "pattern": "x".repeat(3000), "body": "x" }),
    ] {
        agent.refused("browser_route", wrong).await;
    }
    for _ in 0..64 {
        agent.ok("browser_route", json!({ "pattern": "**/none", "status": 404 })).await;
    }
    let full = agent.refused("browser_route", json!({ "pattern": "**/none", "status": 404 })).await;
    assert!(full.contains("64 routes"), "{full}");
    room.close().await;
}

#[tokio::test]
async fn a_route_leads_past_neither_the_proxy_nor_the_rules() {
    let room = Room::open().await;
    let agent = router(&room).await;
    agent.goto(&room.site.url("/network")).await;
    agent.ok("browser_route", json!({ "pattern": "**", "headers": ["X-Sent: on"] })).await;
    let refused = agent.refused("browser_navigate", json!({ "url": "http://169.254.169.254/latest" })).await;
    assert!(refused.contains("egress") || refused.contains("not allowed") || refused.contains("refused"), "{refused}");
    // A body with a script that sends is asked about, as the script itself would be.
    let body = json!({ "pattern": "**", "body": "<script>fetch('/buy', { method: 'POST' })</script>" });
    let held = async { agent.call("browser_route", body).await };
    let decided = async {
        let card = room.held().await;
        let key = room.service.admin_key().to_owned();
        room.decide(&key, card["id"].as_str().unwrap(), "deny").await;
        card
    };
    let (answer, card) = tokio::join!(held, decided);
    assert!(answer.is_error && card["rule"] == "acting-by-script", "{} {card}", answer.text);
    room.close().await;
}

#[tokio::test]
async fn offline_holds_for_pages_frames_workers_sockets_and_later_tabs() {
    let room = room().await;
    let agent = router(&room).await;
    agent.goto(&room.site.url("/network")).await;
    let framed = format!("() => frame('http://{}/inner?who=cross')", room.site.other_address());
    agent.evaluate(&framed).await;
    // They are there already: their scripts cannot be had without a network.
    for of_no_tab in ["service", "shared"] {
        assert!(agent.evaluate(&format!("() => {of_no_tab}('/fetch-target?first')")).await.contains("reached"));
    }
    let before = room.site.count("GET", "/fetch-target");
    let set = agent.ok("browser_network_state_set", json!({ "state": "offline" })).await;
    assert_eq!(section(&set.text, "Result"), "Network is now offline");
    assert!(set.text.contains("await page.context().setOffline(true);"), "{}", set.text);
    assert_eq!(agent.evaluate("() => navigator.onLine").await, "false");
    assert!(agent.evaluate("() => ask('/api/echo')").await.contains("failed"));
    assert!(agent.evaluate("() => worker('/api/echo')").await.contains("failed"));
    for of_no_tab in ["service", "shared"] {
        let asked = agent.evaluate(&format!("() => {of_no_tab}('/api/echo')")).await;
        assert!(asked.contains("failed"), "{of_no_tab}: {asked}");
    }
    let socket = "() => new Promise((done) => { const s = new WebSocket('ws://' + location.host + '/api/socket'); s.onopen = () => done('open'); s.onerror = () => done('failed') })";
    assert_eq!(agent.evaluate(socket).await, "\"failed\"");
    agent.click(&["button", "Press inside"]).await;
    let gone = agent.refused("browser_navigate", json!({ "url": room.site.url("/form") })).await;
    assert!(gone.contains("ERR_INTERNET_DISCONNECTED"), "{gone}");
    let later = agent.call("browser_tabs", json!({ "action": "new", "url": room.site.url("/form") })).await;
    assert!(later.is_error && later.text.contains("ERR_INTERNET_DISCONNECTED"), "{}", later.text);
    assert_eq!(room.site.count("GET", "/fetch-target"), before);
    for path in ["/api/echo", "/api/socket", "/form"] {
        assert_eq!(room.site.count("GET", path), 0, "{path}");
    }
    let set = agent.ok("browser_network_state_set", json!({ "state": "online" })).await;
    assert_eq!(section(&set.text, "Result"), "Network is now online");
    agent.goto(&room.site.url("/network")).await;
    assert_eq!(agent.evaluate("() => navigator.onLine").await, "true");
    assert!(agent.evaluate("() => ask('/api/echo')").await.contains("200 "));
    assert!(agent.evaluate("() => worker('/api/echo')").await.contains("GET"));
    agent.refused("browser_network_state_set", json!({ "state": "slow" })).await;
    room.close().await;
}

#[tokio::test]
async fn of_what_people_send_nothing_but_its_line_is_told() {
    let room = room().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/network")).await;
    let middle = "() => { const b = document.querySelector('button').getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }";
    let place: [f64; 2] = serde_json::from_str(&agent.evaluate(middle).await).unwrap();
    let key = room.service.create_key("driver", &["view", "control"], None).await.unwrap();
    let path = format!("/v1/sessions/{}/live", crate::keys::only_session(&room).await);
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(&key)).await.unwrap();
    // Nobody presses what they do not see.
    viewer.frame().await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    for kind in [MouseKind::Down, MouseKind::Up] {
        let (button, x, y) = (MouseButton::Left, place[0], place[1]);
        let press = ViewerMessage::Mouse { kind, x, y, button, clicks: 1, delta_x: 0.0, delta_y: 0.0, modifiers: 0 };
        viewer.send(&press).await.unwrap();
    }
    room.site.wait_for("POST", "/api/echo", crate::room::SOON).await.unwrap();
    viewer.send(&ViewerMessage::HandBack).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: false, .. })).await.unwrap();
    let index = number(&listed(&agent, json!({ "static": true })).await, "[POST]");
    let told = agent.ok("browser_network_request", json!({ "index": index })).await;
    assert!(
        told.text.contains("Made while a person was at the helm") && !told.text.contains("headers"),
        "{}",
        told.text
    );
    for part in ["request-body", "response-body", "request-headers", "response-headers"] {
        let refused = agent.refused("browser_network_request", json!({ "index": index, "part": part })).await;
        assert!(refused.contains("while a person was at the helm"), "{refused}");
    }
    room.close().await;
}
