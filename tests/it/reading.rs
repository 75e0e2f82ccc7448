//! What an agent reads of a page, and what it costs.

use helmwatch_tests::docs::Docs;
use helmwatch_tests::mcp::{Era, McpClient};
use helmwatch_tests::service::{Options, Service};
use serde_json::json;

use crate::room::{Hand, Room, section};

#[tokio::test]
async fn a_click_on_a_long_list_costs_two_in_a_hundred_of_the_page() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/list")).await;
    let whole = agent.ok("browser_snapshot", json!({ "max_tokens": 1_000_000 })).await;
    let target = whole.find_ref(&["button", "Keep 500"]).unwrap();
    let diff = agent.ok("browser_click", json!({ "target": target, "snapshot": "diff" })).await;
    let (all, told) = (section(&whole.text, "Snapshot"), section(&diff.text, "Snapshot"));
    println!(
        "list: {} bytes whole, {} bytes of changes ({:.2} %)",
        all.len(),
        told.len(),
        100.0 * told.len() as f64 / all.len() as f64
    );
    assert!(told.contains("\n+ ") && told.contains("Keep 500") && told.contains("[active]"), "{told}");
    assert!(told.len() * 50 <= all.len(), "{} of {} bytes", told.len(), all.len());
    // The next one is told against this one.
    let same = agent.ok("browser_hover", json!({ "target": target, "snapshot": "diff" })).await;
    assert_eq!(section(&same.text, "Snapshot"), "Nothing has changed since the last snapshot.");
    let elsewhere = agent.ok("browser_navigate", json!({ "url": room.site.url("/form"), "snapshot": "diff" })).await;
    assert!(
        section(&elsewhere.text, "Snapshot").starts_with("```yaml"),
        "another page is shown whole: {}",
        elsewhere.text
    );
    room.close().await;
}

#[tokio::test]
async fn url_and_key_say_how_answers_are_given_and_the_call_says_it_last() {
    let room = Room::open().await;
    let key = room
        .service
        .create_key_with("terse", &["agent"], &["--snapshot", "none", "--max-tokens", "300"])
        .await
        .unwrap();
    let terse = room.hand(&key).await;
    let url = room.site.url("/list");
    let none = terse.ok("browser_navigate", json!({ "url": url })).await;
    assert!(!none.text.contains("### Snapshot"), "the key wants none: {}", none.text);
    let short = terse.ok("browser_snapshot", json!({})).await;
    assert!(short.text.len() <= 1_200, "the key wants at most 300 tokens, not {} bytes", short.text.len());
    let filed = terse.ok("browser_navigate", json!({ "url": url, "snapshot": "file" })).await;
    let line = section(&filed.text, "Snapshot");
    assert!(line.starts_with("- [Snapshot](page-") && line.contains(".yml) http"), "{line}");
    let (status, _, yaml) = room.service.fetch(line.rsplit(' ').next().unwrap(), None).await.unwrap();
    assert!(status == 200 && String::from_utf8(yaml).unwrap().contains("Item 1000"));
    let by_url = format!("{}?snapshot=inline&max_tokens=100000", room.service.mcp_url());
    let long = Hand { client: McpClient::connect(&by_url, Some(&key), Era::Modern).await.unwrap() };
    let whole = long.ok("browser_navigate", json!({ "url": url })).await;
    assert!(whole.text.contains("Item 1000"), "the URL's word is nearer than the key's");
    let bad = format!("{}?snapshot=all", room.service.mcp_url());
    let refused =
        McpClient::connect(&bad, Some(&key), Era::Modern).await.unwrap().call("browser_snapshot", json!({})).await;
    assert!(refused.unwrap_err().to_string().contains("snapshot is one of"));
    room.close().await;
}

#[tokio::test]
async fn a_documentation_page_is_read_as_markdown_page_by_page() {
    let docs = Docs::start().await.unwrap();
    let service = Service::start(Options::allowing([docs.address()])).await.unwrap();
    let key = service.create_key("reader", &["agent"], None).await.unwrap();
    let agent = Hand { client: McpClient::connect(&service.mcp_url(), Some(&key), Era::Modern).await.unwrap() };
    agent.ok("browser_navigate", json!({ "url": docs.url("/python/library/json.html"), "snapshot": "none" })).await;
    let mut text = String::new();
    let mut page = 1;
    loop {
        let read = agent.ok("browser_read", json!({ "page": page, "max_tokens": 2_000 })).await;
        assert!(read.text.len() <= 8_000, "{} bytes are more than was asked for", read.text.len());
        let part = section(&read.text, "Result");
        text.push_str(&part);
        if !part.ends_with(&format!("the next one: page {})", page + 1)) {
            break;
        }
        page += 1;
    }
    assert!(page > 1, "it is longer than a page");
    // Headings, code, links in full, tables; and none of what stands around the article.
    for wanted in ["JSON encoder and decoder", "import json", "](http://", "| Python", "json.dumps"] {
        assert!(text.contains(wanted), "{wanted} is missing from\n{text}");
    }
    assert!(!text.contains("Previous topic") && !text.contains('¶'), "{text}");
    let heading = agent.ok("browser_read", json!({ "target": "h1" })).await;
    assert!(section(&heading.text, "Result").starts_with("# "), "{}", heading.text);
    agent.refused("browser_read", json!({ "page": 99 })).await;
    agent.refused("browser_read", json!({ "target": "#nothing" })).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_hidden_is_not_read_and_shadow_trees_are() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let build = "() => { document.body.innerHTML = '<nav>Menu</nav><h2>News</h2><p hidden>secret</p><p style=\"visibility:hidden\">ghost</p><x-card></x-card><p>End &lt;b&gt; [x](javascript:1)</p><a href=\"javascript:alert(1)\">go</a>';\
         const root = document.querySelector('x-card').attachShadow({ mode: 'open' }); root.innerHTML = '<p>In <b>shadow</b> <slot></slot></p>'; document.querySelector('x-card').append('slotted'); }";
    agent.evaluate(build).await;
    let read = section(&agent.ok("browser_read", json!({})).await.text, "Result");
    assert!(read.contains("## News") && read.contains("In **shadow** slotted") && read.contains("End"), "{read}");
    for absent in ["secret", "ghost", "Menu", "(javascript:alert"] {
        assert!(!read.contains(absent), "{absent} in\n{read}");
    }
    // As deep as the parser itself goes.
    let deep = "() => { let top = document.createElement('p'); top.textContent = 'bottom'; for (let n = 0; n < 600; n++) { const outer = document.createElement('div'); outer.append(top); top = outer; } document.body.replaceChildren(top); }";
    agent.evaluate(deep).await;
    let read = section(&agent.ok("browser_read", json!({})).await.text, "Result");
    assert!(read.ends_with("bottom"), "{read}");
    room.close().await;
}

#[tokio::test]
async fn what_is_looked_for_is_found_with_its_ref() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/list")).await;
    let found = agent.ok("browser_find", json!({ "text": "keep 777" })).await;
    assert!(section(&found.text, "Result").starts_with("Found 1 match for \"keep 777\":"), "{}", found.text);
    let target = found.find_ref(&["button", "Keep 777"]).unwrap();
    agent.ok("browser_click", json!({ "target": target, "snapshot": "none" })).await;
    assert_eq!(agent.evaluate("() => document.activeElement.textContent").await, "\"Keep 777\"");
    let found = agent.ok("browser_find", json!({ "regex": "/item 9\\d\\d\\b/i" })).await;
    assert!(
        found.text.contains("Found 200 matches for /item 9\\d\\d\\b/i:") || found.text.contains("Found 100 matches"),
        "{}",
        found.text
    );
    let none = agent.ok("browser_find", json!({ "text": "no such thing" })).await;
    assert_eq!(section(&none.text, "Result"), "No matches found for \"no such thing\".");
    for bad in [json!({}), json!({ "text": "a", "regex": "b" }), json!({ "regex": "(" }), json!({ "regex": "(?<=x)y" })]
    {
        agent.refused("browser_find", bad).await;
    }
    room.close().await;
}
