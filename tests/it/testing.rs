//! The toolset `testing`: claims that hold, and claims that do not.

use helmwatch_tests::mcp::{Era, McpClient};
use serde_json::json;

use crate::room::{Hand, Room, section};

#[tokio::test]
async fn claims_are_checked_on_the_page() {
    let room = Room::open().await;
    let key = room.service.create_key("tester", &["agent"], None).await.unwrap();
    let url = format!("{}?caps=testing", room.service.mcp_url());
    let agent = Hand { client: McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap() };
    let page = agent.goto(&room.site.url("/controls")).await;
    let find = |words: &[&str]| page.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", page.text));
    let text = find(&["textbox", "Text"]);
    agent.ok("browser_type", json!({ "target": text, "text": "hello" })).await;
    let value = |kind: &str, target: &str, value: &str| json!({ "type": kind, "element": "a field", "target": target, "value": value });
    let said = agent.ok("browser_verify_value", value("textbox", &text, "hello")).await;
    assert_eq!(section(&said.text, "Result"), "Done");
    assert!(said.text.contains("toHaveValue('hello')"), "{}", said.text);
    let not = agent.refused("browser_verify_value", value("textbox", &text, "bye")).await;
    assert!(not.contains("Expected value \"bye\", but got \"hello\""), "{not}");
    let agree = find(&["checkbox", "Agree"]);
    agent.ok("browser_verify_value", value("checkbox", &agree, "false")).await;
    agent.refused("browser_verify_value", value("checkbox", &agree, "true")).await;
    let named = |role: &str, name: &str| json!({ "role": role, "accessibleName": name });
    agent.ok("browser_verify_element_visible", named("checkbox", "Agree")).await;
    let not = agent.refused("browser_verify_element_visible", named("button", "Fly")).await;
    assert!(not.contains("Element with role \"button\" and accessible name \"Fly\" not found"), "{not}");
    let locator = section(&agent.ok("browser_generate_locator", json!({ "target": agree })).await.text, "Result");
    assert_eq!(locator, "getByRole('checkbox', { name: 'Agree' })");
    agent.goto(&room.site.url("/list")).await;
    agent.ok("browser_verify_text_visible", json!({ "text": "Item 12" })).await;
    let not = agent.refused("browser_verify_text_visible", json!({ "text": "Item 12000" })).await;
    assert!(not.contains("Text not found"), "{not}");
    let list = |items: &[&str]| json!({ "element": "the list", "target": "ul, ol", "items": items });
    let said = agent.ok("browser_verify_list_visible", list(&["Item 999"])).await;
    assert!(
        said.text.contains("toMatchAriaSnapshot") && said.text.contains("- listitem: \"Item 999\""),
        "{}",
        said.text
    );
    let not = agent.refused("browser_verify_list_visible", list(&["Item 999", "Item 9999"])).await;
    assert!(not.contains("Item \"Item 9999\" not found"), "{not}");
    room.close().await;
}
