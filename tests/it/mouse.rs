//! The toolset `vision`, told by the page.

use helmwatch_tests::mcp::{Era, McpClient};
use serde_json::json;

use crate::room::{Hand, Room};

async fn seeing(room: &Room) -> Hand {
    let key = room.service.create_key("seeing", &["agent"], None).await.unwrap();
    let url = format!("{}?caps=vision", room.service.mcp_url());
    Hand { client: McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap() }
}

async fn log(agent: &Hand) -> String {
    agent.evaluate("() => { const log = lines.join(' '); lines.length = 0; return log; }").await
}

#[tokio::test]
async fn the_mouse_moves_presses_and_turns_its_wheel_where_it_is_told() {
    let room = Room::open().await;
    let agent = seeing(&room).await;
    agent.goto(&room.site.url("/mouse")).await;
    let moved = agent.ok("browser_mouse_move_xy", json!({ "x": 10, "y": 110 })).await;
    assert!(moved.text.contains("// Move mouse to (10, 110)\nawait page.mouse.move(10, 110);"), "{}", moved.text);
    let down = agent.ok("browser_mouse_down", json!({})).await;
    assert!(down.text.contains("// Press mouse down\nawait page.mouse.down();"), "{}", down.text);
    agent.ok("browser_mouse_move_xy", json!({ "x": 20.5, "y": 120 })).await;
    let up = agent.ok("browser_mouse_up", json!({})).await;
    assert!(up.text.contains("// Press mouse up\nawait page.mouse.up();"), "{}", up.text);
    let held = "\"move:10,10:0 mousedown:10,10:0 move:21,20:1 mouseup:21,20:0 click:21,20:0\"";
    assert_eq!(log(&agent).await, held);
    let down = agent.ok("browser_mouse_down", json!({ "button": "right" })).await;
    assert!(down.text.contains("await page.mouse.down({\n  button: 'right'\n});"), "{}", down.text);
    agent.ok("browser_mouse_up", json!({ "button": "right" })).await;
    assert_eq!(log(&agent).await, "\"mousedown:21,20:2 contextmenu:21,20:2 mouseup:21,20:2 auxclick:21,20:2\"");
    let arguments = json!({ "x": 30, "y": 130, "clickCount": 2, "delay": 20 });
    let clicked = agent.ok("browser_mouse_click_xy", arguments).await;
    let code = "// Click mouse at coordinates (30, 130)\nawait page.mouse.click(30, 130, {\n  clickCount: 2,\n  delay: 20\n});";
    assert!(clicked.text.contains(code) && clicked.text.contains("### Snapshot"), "{}", clicked.text);
    let press = "mousedown:30,30:0 mouseup:30,30:0 click:30,30:0";
    assert_eq!(log(&agent).await, format!("\"move:30,30:0 {press} {press} dblclick:30,30:0\""));
    agent.ok("browser_mouse_move_xy", json!({ "x": 800, "y": 150 })).await;
    agent.ok("browser_mouse_wheel", json!({ "deltaY": 50 })).await;
    assert_eq!(log(&agent).await, "\"wheel:0,50\"");
    let scrolled = "() => new Promise(done => { const look = () => tall.scrollTop === 50 ? done(50) : requestAnimationFrame(look); look(); })";
    assert_eq!(agent.evaluate(scrolled).await, "50");
    room.close().await;
}

#[tokio::test]
async fn a_drag_by_points_is_a_drag_also_of_the_pages_own_kind() {
    let room = Room::open().await;
    let agent = seeing(&room).await;
    agent.goto(&room.site.url("/drag")).await;
    let log = "() => document.getElementById('log').textContent";
    let arguments = json!({ "startX": 60, "startY": 230, "endX": 380, "endY": 230 });
    let dragged = agent.ok("browser_mouse_drag_xy", arguments).await;
    let code = "// Drag mouse from (60, 230) to (380, 230)\nawait page.mouse.move(60, 230);\nawait page.mouse.down();\n\
                await page.mouse.move(380, 230);\nawait page.mouse.up();";
    assert!(dragged.text.contains(code), "{}", dragged.text);
    assert_eq!(agent.evaluate(log).await, "\"knob:docked\"");
    // And by its parts, in as many calls.
    agent.ok("browser_mouse_move_xy", json!({ "x": 60, "y": 110 })).await;
    agent.ok("browser_mouse_down", json!({})).await;
    for x in [80, 200, 380] {
        agent.ok("browser_mouse_move_xy", json!({ "x": x, "y": 110 })).await;
    }
    agent.ok("browser_mouse_up", json!({})).await;
    let drop = "drop:true:text/plain=the card,application/x-card=42 dragend:move";
    assert_eq!(agent.evaluate(log).await, format!("\"knob:docked dragstart dragenter dragover {drop}\""));
    room.close().await;
}

#[tokio::test]
async fn the_policy_sees_what_is_at_the_point_also_in_a_frame_of_another_process() {
    let room = Room::isolated().await;
    let agent = seeing(&room).await;
    for (path, shift) in [("/mouse", (0, 0)), ("/framed?inner=/mouse", (10, 10))] {
        agent.goto(&room.site.url(path)).await;
        let (x, y) = (540 + shift.0, 120 + shift.1);
        let canvas = json!({ "x": 100 + shift.0, "y": 200 + shift.1 });
        agent.ok("browser_mouse_click_xy", canvas).await;
        for (tool, arguments) in
            [("browser_mouse_click_xy", json!({ "x": x, "y": y })), ("browser_mouse_down", json!({}))]
        {
            agent.ok("browser_mouse_move_xy", json!({ "x": x, "y": y })).await;
            let held = async {
                let card = room.held().await;
                let text = card.to_string();
                assert!(text.contains("Buy now"), "the card names the button: {text}");
                let (status, body) = room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await;
                assert_eq!(status, 200, "{body}");
            };
            let (answer, ()) = tokio::join!(agent.call(tool, arguments), held);
            assert!(answer.is_error && answer.text.contains("denied"), "{tool}: {}", answer.text);
        }
    }
    assert_eq!(room.site.count("GET", "/fetch-target"), 0, "nothing was bought");
    room.close().await;
}

#[tokio::test]
async fn words_inside_of_a_button_are_that_button_to_the_policy() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/mouse")).await;
    agent
        .evaluate("() => { document.getElementById('buy').innerHTML = '<span><b>Buy</b> now</span>'; return 1; }")
        .await;
    let held = async {
        let card = room.held().await;
        let (status, body) = room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await;
        assert_eq!(status, 200, "{body}");
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", json!({ "target": "#buy b" })), held);
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("GET", "/fetch-target"), 0, "nothing was bought");
    room.close().await;
}
