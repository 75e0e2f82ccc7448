//! The network log, routes, and a network that is gone, as page and site see them.

use serde_json::json;

use crate::room::{Hand, Room, section};

/// A room whose agents may use page scripts that ask the site.
async fn room() -> Room {
    Room::with(|options| options.policy("open")).await
}

async fn listed(agent: &Hand, arguments: serde_json::Value) -> String {
    section(&agent.ok("browser_network_requests", arguments).await.text, "Result")
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
    agent.click(&["button", "Send the form"]).await;
    let list = listed(&agent, json!({ "static": true })).await;
    let index = number(&list, "[POST]");
    let body = agent.ok("browser_network_request", json!({ "index": index, "part": "request-body" })).await;
    assert_eq!(section(&body.text, "Result"), "word=form+word");
    room.close().await;
}
