//! What the tools do to a page, told by the page and the site.

use helmwatch_tests::mcp::{Era, McpClient};
use serde_json::{Value, json};

use crate::room::{Room, section};

#[tokio::test]
async fn a_form_is_filled_by_every_kind_of_field() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let page = agent.goto(&room.site.url("/controls")).await;
    let find = |words: &[&str]| page.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", page.text));
    let fields = json!([
        { "target": find(&["textbox", "Text"]), "name": "Text", "type": "textbox", "value": "one line" },
        { "target": find(&["textbox", "Long"]), "name": "Long", "type": "textbox", "value": "two\nlines" },
        { "target": find(&["checkbox", "Agree"]), "name": "Agree", "type": "checkbox", "value": "true" },
        { "target": find(&["radio", "Large"]), "name": "Large", "type": "radio", "value": "true" },
        { "target": find(&["combobox", "Fruit"]), "name": "Fruit", "type": "combobox", "value": "Plum" },
        { "target": find(&["slider", "Volume"]), "name": "Volume", "type": "slider", "value": "8" },
    ]);
    agent.ok("browser_fill_form", json!({ "fields": fields })).await;
    let read = agent.evaluate("() => { const form = document.forms[0]; return [form.text.value, form.long.value, form.check.checked, form.size.value, form.fruit.value, form.volume.value]; }").await;
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read, json!(["one line", "two\nlines", true, "l", "Plum", "8"]));
    agent.ok("browser_select_option", json!({ "target": find(&["combobox", "Fruit"]), "values": ["Pear"] })).await;
    assert_eq!(agent.evaluate("() => document.forms[0].fruit.value").await, "\"Pear\"");
    room.close().await;
}

#[tokio::test]
async fn keys_and_hovering_reach_the_page_as_a_persons_would() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/controls")).await;
    agent.click(&["textbox", "Keys"]).await;
    agent.ok("browser_press_key", json!({ "key": "ArrowDown" })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('keys').textContent").await, "\"key ArrowDown\"");
    let target = agent.find(&["button", "Hover me"]).await;
    agent.ok("browser_hover", json!({ "target": target })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('out').textContent").await, "\"Hovered\"");
    room.close().await;
}

#[tokio::test]
async fn typing_and_submitting_sends_one_search() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/search")).await;
    let field = agent.find(&["searchbox", "Search words"]).await;
    let answer = agent.ok("browser_type", json!({ "target": field, "text": "brass lamp", "submit": true })).await;
    assert!(answer.text.contains("Results for brass lamp"), "the answer shows where it led: {}", answer.text);
    let searches: Vec<_> = room.site.seen("GET", "/search").into_iter().filter(|seen| !seen.query.is_empty()).collect();
    assert_eq!(searches.len(), 1);
    assert_eq!(searches[0].query, "q=brass+lamp");
    agent.ok("browser_navigate_back", json!({})).await;
    assert_eq!(agent.evaluate("() => location.search").await, "\"\"");
    room.close().await;
}

#[tokio::test]
async fn frames_of_both_kinds_are_in_the_snapshot_and_can_be_pressed() {
    let room = Room::isolated().await;
    let agent = room.agent().await;
    let page = agent.goto(&room.site.url("/frames")).await;
    let buttons: Vec<&str> = page.text.lines().filter(|line| line.contains("Press inside")).collect();
    assert_eq!(buttons.len(), 2, "both frames are stitched in:\n{}", page.text);
    for line in buttons {
        let target = line.split("[ref=").nth(1).unwrap().split(']').next().unwrap();
        assert!(target.starts_with('f'), "a frame's ref: {target}");
        agent.ok("browser_click", json!({ "target": target, "element": "Press inside" })).await;
    }
    for who in ["same", "cross"] {
        let wanted = format!("who={who}");
        let pressed = helmwatch_tests::wait::until(&wanted, crate::room::SOON, async || {
            room.site.seen("GET", "/fetch-target").iter().any(|seen| seen.query == wanted).then_some(())
        });
        pressed.await.unwrap();
    }
    let after = agent.ok("browser_snapshot", json!({})).await;
    assert!(after.text.contains("Pressed in same") && after.text.contains("Pressed in cross"), "{}", after.text);
    room.close().await;
}

#[tokio::test]
async fn an_open_shadow_root_is_no_wall() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/shadow")).await;
    agent.click(&["button", "In the shadow"]).await;
    let after = agent.ok("browser_snapshot", json!({})).await;
    assert!(after.text.contains("Pressed in the shadow"), "{}", after.text);
    room.close().await;
}

#[tokio::test]
async fn a_moving_button_is_pressed_when_it_stands_still_and_a_covered_one_is_not() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/moving")).await;
    agent.click(&["button", "Catch me"]).await;
    assert_eq!(agent.evaluate("() => document.getElementById('out').textContent").await, "\"Caught it at 500\"");
    agent.goto(&room.site.url("/covered")).await;
    let target = agent.find(&["button", "Under the cover"]).await;
    agent.refused("browser_click", json!({ "target": target })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('out').textContent").await, "\"\"");
    agent.goto(&room.site.url("/controls")).await;
    agent.refused("browser_click", json!({ "target": "#off" })).await;
    room.close().await;
}

/// Presses the button of `/inner` in a frame of another site; answers once the site has heard of it.
async fn press_inside(room: &Room, agent: &crate::room::Hand, who: &str) {
    agent.click(&["button", "Press inside"]).await;
    let wanted = format!("who={who}");
    let pressed = helmwatch_tests::wait::until(&wanted, crate::room::SOON, async || {
        room.site.seen("GET", "/fetch-target").iter().any(|seen| seen.query == wanted).then_some(())
    });
    pressed.await.unwrap();
}

#[tokio::test]
async fn an_element_in_a_frame_of_another_process_is_scrolled_to_and_hit_wherever_the_frame_is() {
    let room = Room::isolated().await;
    let agent = room.agent().await;
    for how in ["plain", "below", "scaled", "moving"] {
        for deep in [0, 2] {
            let who = format!("{how}{deep}");
            agent.goto(&room.site.url(&format!("/framed?how={how}&deep={deep}&inner=/inner%3Fwho={who}"))).await;
            press_inside(&room, &agent, &who).await;
        }
    }
    room.close().await;
}

#[tokio::test]
async fn what_lies_over_a_frame_covers_what_is_in_it_and_is_named() {
    let room = Room::isolated().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/framed?how=covered&inner=/inner%3Fwho=covered")).await;
    let target = agent.find(&["button", "Press inside"]).await;
    let refused = agent.refused("browser_click", json!({ "target": target })).await;
    let phrase = "<button id=press> \"Press inside\" is covered by <div id=cover role=dialog> \"Cookies\"";
    assert!(refused.contains(phrase), "{refused}");
    assert_eq!(room.site.count("GET", "/fetch-target"), 0);
    agent.click(&["button", "Accept"]).await;
    press_inside(&room, &agent, "covered").await;
    room.close().await;
}

#[tokio::test]
async fn every_kind_of_input_takes_what_fits_and_says_what_would() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let page = agent.goto(&room.site.url("/inputs")).await;
    let find = |words: &[&str]| page.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", page.text));
    for (target, text, id) in [
        (find(&["slider", "Volume"]), "8", "volume"),
        (find(&["Day"]), "2026-02-03", "day"),
        (find(&["Hour"]), "13:30", "hour"),
        (find(&["Colour"]), "#FF8800", "colour"),
        (find(&["spinbutton", "Count"]), "12", "count"),
        // A label stands for its field.
        ("#nick-label".to_owned(), "Ada", "nick"),
    ] {
        agent.ok("browser_type", json!({ "target": target, "text": text })).await;
        let read = agent.evaluate(&format!("() => document.getElementById('{id}').value")).await;
        assert_eq!(read, format!("\"{}\"", text.to_lowercase().replace("ada", "Ada")), "{id}");
    }
    let note = find(&["textbox", "Note"]);
    agent.ok("browser_type", json!({ "target": note, "text": "two\nlines" })).await;
    assert_eq!(agent.evaluate("() => note.innerText.trim()").await, "\"two\\nlines\"");
    agent.ok("browser_type", json!({ "target": note, "text": "!", "slowly": true })).await;
    assert!(agent.evaluate("() => note.innerText.includes('!')").await.contains("true"));
    let toppings = find(&["listbox", "Toppings"]);
    agent.ok("browser_select_option", json!({ "target": toppings, "values": ["Basil", "d"] })).await;
    assert_eq!(agent.evaluate("() => [...toppings.selectedOptions].map(o => o.value).join()").await, "\"a,d\"");
    agent.ok("browser_select_option", json!({ "target": toppings, "values": [] })).await;
    assert_eq!(agent.evaluate("() => toppings.selectedOptions.length").await, "0");
    let fields = json!([{ "target": find(&["slider", "Volume"]), "name": "Volume", "type": "slider", "value": "2" }]);
    agent.ok("browser_fill_form", json!({ "fields": fields })).await;
    assert_eq!(agent.evaluate("() => volume.value").await, "\"2\"");
    for (target, text, said) in [
        (find(&["slider", "Volume"]), "3", "0 to 10"),
        (find(&["slider", "Volume"]), "12", "0 to 10"),
        (find(&["Day"]), "tomorrow", "2026-01-31"),
        (find(&["Colour"]), "orange", "#ff8800"),
        (find(&["spinbutton", "Count"]), "many", "no number"),
    ] {
        let refused = agent.refused("browser_type", json!({ "target": target, "text": text })).await;
        assert!(refused.contains(said), "{text}: {refused}");
    }
    let refused = agent.refused("browser_select_option", json!({ "target": toppings, "values": ["Dill"] })).await;
    assert!(refused.contains("\"Dill\"") && refused.contains("is disabled"), "{refused}");
    let refused = agent.refused("browser_select_option", json!({ "target": toppings, "values": ["Figs"] })).await;
    assert!(refused.contains("no option \"Figs\"") && refused.contains("\"Basil\""), "{refused}");
    assert_eq!(
        agent.evaluate("() => [volume.value, day.value, colour.value].join()").await,
        "\"2,2026-02-03,#ff8800\""
    );
    room.close().await;
}

#[tokio::test]
async fn a_click_has_the_button_the_count_and_the_keys_it_is_given() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/inputs")).await;
    let pad = agent.find(&["button", "Pad"]).await;
    let log = "() => { const log = lines.join(' '); lines.length = 0; return log; }";
    for (arguments, heard) in [
        (json!({ "target": pad, "doubleClick": true }), "click:0::true click:0::true dblclick:0::true"),
        (json!({ "target": pad, "button": "right" }), "contextmenu:2::true auxclick:2::true"),
        (json!({ "target": pad, "button": "middle" }), "auxclick:1::true"),
        (json!({ "target": pad, "modifiers": ["ControlOrMeta", "Shift"] }), "click:0:ctrl+shift:true"),
        (json!({ "target": pad, "modifiers": ["Alt", "Meta"] }), "click:0:alt+meta:true"),
        // The name clients of older versions use.
        (json!({ "ref": pad }), "click:0::true"),
    ] {
        agent.ok("browser_click", arguments.clone()).await;
        assert_eq!(agent.evaluate(log).await, format!("\"{heard}\""), "{arguments}");
    }
    // What has to be scrolled to, in the page and in a part of it, and what is two shadow trees down.
    for words in [&["button", "Far down"], &["button", "Deep"]] {
        agent.click(words).await;
    }
    let name = agent.find(&["textbox", "Hidden name"]).await;
    agent.ok("browser_type", json!({ "target": name, "text": "Ada" })).await;
    agent.click(&["button", "Twice inside"]).await;
    assert_eq!(agent.evaluate(log).await, "\"far deep shadow:Ada\"");
    for (target, said) in [("#fixed", "is read-only"), ("#agree", "an input of type checkbox")] {
        let refused = agent.refused("browser_type", json!({ "target": target, "text": "x" })).await;
        assert!(refused.contains(said), "{refused}");
    }
    let refused = agent.refused("browser_click", json!({ "target": "#shut" })).await;
    assert!(refused.contains("<button id=shut> \"Shut\" is disabled"), "{refused}");
    room.close().await;
}

#[tokio::test]
async fn fields_two_frames_and_two_processes_down_are_typed_into_and_scrolled_to() {
    let room = Room::isolated().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/framed?how=below&deep=1&inner=/inputs")).await;
    let snapshot = agent.ok("browser_snapshot", json!({ "max_tokens": 20_000 })).await;
    let find =
        |words: &[&str]| snapshot.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", snapshot.text));
    agent.ok("browser_type", json!({ "target": find(&["textbox", "Hidden name"]), "text": "Eve" })).await;
    agent.ok("browser_click", json!({ "target": find(&["button", "Twice inside"]) })).await;
    agent.ok("browser_type", json!({ "target": find(&["slider", "Volume"]), "text": "6" })).await;
    agent.ok("browser_click", json!({ "target": find(&["button", "Far down"]) })).await;
    agent.ok("browser_click", json!({ "target": find(&["checkbox", "I agree"]) })).await;
    let words = json!({ "target": find(&["checkbox", "I agree"]), "function": "(box) => [box.checked, lines.join(' ')].join(' ')" });
    let read = section(&agent.ok("browser_evaluate", words).await.text, "Result");
    assert_eq!(read, "\"true shadow:Eve change:volume:6 far\"");
    room.close().await;
}

/// F6: whoever calls meanwhile is told of it at once.
#[tokio::test]
async fn a_dialog_stops_the_page_until_it_is_answered() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/dialogs")).await;
    for (button, arguments, expected) in [
        ("Alert", json!({ "accept": true }), "alert closed"),
        ("Confirm", json!({ "accept": true }), "confirm true"),
        ("Confirm", json!({ "accept": false }), "confirm false"),
        ("Prompt", json!({ "accept": true, "promptText": "Ada" }), "prompt Ada"),
    ] {
        let opened = agent.click(&["button", button]).await;
        assert!(
            opened.text.contains("browser_handle_dialog"),
            "{button}: the answer says how to go on: {}",
            opened.text
        );
        let blocked = agent.refused("browser_evaluate", json!({ "function": "() => 1" })).await;
        assert!(blocked.contains("dialog"), "{blocked}");
        agent.ok("browser_handle_dialog", arguments).await;
        assert_eq!(agent.evaluate("() => document.getElementById('out').textContent").await, format!("\"{expected}\""));
    }
    room.close().await;
}

#[tokio::test]
async fn a_popup_becomes_a_tab_and_tabs_come_and_go() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/popup")).await;
    let pressed = agent.click(&["button", "Open a window"]).await;
    let tabs = helmwatch_tests::wait::until("the popup's tab", crate::room::SOON, async || {
        let tabs = section(&agent.ok("browser_tabs", json!({ "action": "list" })).await.text, "Result");
        (tabs.lines().count() == 2).then_some(tabs)
    });
    let tabs = match tabs.await {
        Ok(tabs) => tabs,
        Err(fault) => {
            panic!("{fault}\n{}\n{}", pressed.text, agent.ok("browser_tabs", json!({ "action": "list" })).await.text)
        }
    };
    assert!(tabs.contains("- 0:") && tabs.contains("- 1:") && tabs.contains("who=popup"), "{tabs}");
    agent.ok("browser_tabs", json!({ "action": "select", "index": 1 })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Inner popup\"");
    agent.ok("browser_tabs", json!({ "action": "close", "index": 1 })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Popup\"");
    agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/form") })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    room.close().await;
}

#[tokio::test]
async fn waiting_is_for_text_that_comes() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/late")).await;
    agent.click(&["button", "Start"]).await;
    agent.ok("browser_wait_for", json!({ "text": "Here at last" })).await;
    assert_eq!(agent.evaluate("() => document.getElementById('out').textContent").await, "\"Here at last\"");
    room.close().await;
}

#[tokio::test]
async fn a_picture_is_of_the_kind_and_size_asked_for() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/list")).await;
    agent.ok("browser_resize", json!({ "width": 800, "height": 600 })).await;
    for (kind, mime, begins) in
        [("png", "image/png", &b"\x89PNG"[..]), ("jpeg", "image/jpeg", b"\xff\xd8"), ("webp", "image/webp", b"RIFF")]
    {
        let answer = agent.ok("browser_take_screenshot", json!({ "type": kind })).await;
        let (have, bytes) = answer.images.first().unwrap_or_else(|| panic!("{kind}: no picture: {}", answer.text));
        assert_eq!(have, mime);
        assert!(bytes.starts_with(begins), "{kind}");
        let picture = image::load_from_memory(bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (800, 600), "{kind}");
    }
    room.close().await;
}

#[tokio::test]
async fn console_messages_are_told_by_level() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/console")).await;
    let errors = section(&agent.ok("browser_console_messages", json!({ "level": "error" })).await.text, "Result");
    assert!(errors.contains("an error line") && !errors.contains("a plain line"), "{errors}");
    let all = section(&agent.ok("browser_console_messages", json!({ "level": "info" })).await.text, "Result");
    assert!(all.contains("Errors: 1, Warnings: 1") && all.contains("a plain line"), "{all}");
    room.close().await;
}

#[tokio::test]
async fn a_ref_stays_with_its_element_while_role_and_name_stay() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let before = agent.find(&["button", "Greet"]).await;
    agent
        .ok(
            "browser_evaluate",
            json!({ "function": "() => { document.body.prepend(document.createElement('hr')); return 1; }" }),
        )
        .await;
    assert_eq!(agent.find(&["button", "Greet"]).await, before);
    agent
        .ok(
            "browser_evaluate",
            json!({ "function": "() => { document.getElementById('greet').textContent = 'Welcome'; return 1; }" }),
        )
        .await;
    assert_ne!(agent.find(&["button", "Welcome"]).await, before);
    room.close().await;
}

#[tokio::test]
async fn a_session_is_chosen_by_argument_by_url_or_by_key() {
    let room = Room::open().await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    agent.goto(&room.site.url("/form")).await;
    agent.ok("session_open", json!({ "name": "side" })).await;
    agent.ok("browser_navigate", json!({ "session": "side", "url": room.site.url("/shop") })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"", "the key's default session");
    let url = format!("{}?session=side", room.service.mcp_url());
    let by_url = McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap();
    let title = by_url.call("browser_evaluate", json!({ "function": "() => document.title" })).await.unwrap();
    assert_eq!(section(&title.text, "Result"), "\"Shop\"");
    room.close().await;
}

#[tokio::test]
async fn a_picture_of_lines_and_a_formula_are_pressed_like_anything_else() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/controls")).await;
    let draw = "() => { document.body.insertAdjacentHTML('afterbegin', '<svg role=img aria-label=\"Chart\" width=80 height=40><rect width=80 height=40 /></svg><math aria-label=\"Sum\"><mi>x</mi></math>');
        globalThis.seen = []; for (const one of document.querySelectorAll('svg, math')) one.addEventListener('click', () => seen.push(one.localName)); return 1; }";
    agent.evaluate(draw).await;
    let page = agent.ok("browser_snapshot", json!({})).await;
    for words in [["img", "Chart"], ["math", "Sum"]] {
        let target = page.find_ref(&words).unwrap_or_else(|| panic!("no {words:?} in\n{}", page.text));
        agent.ok("browser_hover", json!({ "target": target })).await;
        agent.ok("browser_click", json!({ "target": target })).await;
    }
    assert_eq!(agent.evaluate("() => seen.join()").await, "\"svg,math\"");
    let field = agent.refused("browser_type", json!({ "target": "svg", "text": "x" })).await;
    assert!(!field.contains("Illegal"), "{field}");
    room.close().await;
}
