//! TodoMVC as six frameworks build it: the same tasks on six engines of rendering and events.

use serde_json::json;

use super::driver::{Corpus, Hands};

/// The framework's folder in the package, and the key of its list in `localStorage` (for the one that makes a key an item,
/// what its keys begin with).
const FRAMEWORKS: [(&str, &str); 6] = [
    ("react", "react-todos"),
    ("vue", "todos-vuejs"),
    ("angularjs", "todos-angularjs"),
    ("backbone", "todos-backbone"),
    ("knockoutjs", "todos-knockoutjs"),
    ("emberjs", "todos-emberjs"),
];

pub(super) const TASKS: usize = FRAMEWORKS.len() * 3;

const TITLES: &str = "[...document.querySelectorAll('#todo-list > li')].filter(li => li.checkVisibility()).map(li => li.querySelector('label').textContent.trim())";
const DONE: &str = "[...document.querySelectorAll('#todo-list > li.completed')].map(li => li.querySelector('label').textContent.trim())";
const LEFT: &str = "parseInt(document.querySelector('#todo-count').textContent)";

#[tokio::test]
async fn to_do_lists_of_six_frameworks_are_kept() {
    let mut corpus = Corpus::open("todomvc").await;
    for (framework, stored) in FRAMEWORKS {
        corpus
            .task(format!("{framework}: add three, finish one, clear it"), async |hands| clear(hands, framework).await)
            .await;
        corpus
            .task(format!("{framework}: rename one by double click, and it is kept"), async |hands| {
                rename(hands, framework, stored).await;
            })
            .await;
        corpus
            .task(format!("{framework}: finish all, reopen one, look at what is left"), async |hands| {
                filter(hands, framework).await;
            })
            .await;
    }
    corpus.close(TASKS).await;
}

async fn begin(hands: &mut Hands, framework: &str, titles: &[&str]) {
    hands.goto(&format!("/pages/node_modules/todomvc/examples/{framework}/index.html")).await;
    for title in titles {
        let field = hands.find(&["textbox", "What needs to be done?"]).await;
        hands.tool("browser_type", json!({ "target": field, "text": title, "submit": true })).await;
    }
    hands.check(TITLES, json!(titles)).await;
}

async fn clear(hands: &mut Hands, framework: &str) {
    begin(hands, framework, &["Buy milk", "Write a letter", "Sleep"]).await;
    let snapshot = hands.look().await;
    // The box stands right above the words it belongs to.
    let words = snapshot.text.lines().position(|line| line.contains("Write a letter")).expect("the second is shown");
    let above: Vec<&str> = snapshot.text.lines().take(words + 1).collect();
    let line = above.iter().rev().find(|line| line.contains("checkbox")).expect("it has a box");
    let target = line.split("[ref=").nth(1).and_then(|rest| rest.split(']').next()).expect("with a ref");
    hands.click_on(target).await;
    hands.check(DONE, json!(["Write a letter"])).await;
    hands.check(LEFT, json!(2)).await;
    hands.click(&["button", "Clear completed"]).await;
    hands.check(TITLES, json!(["Buy milk", "Sleep"])).await;
}

async fn rename(hands: &mut Hands, framework: &str, stored: &str) {
    begin(hands, framework, &["Buy milk", "Sleep"]).await;
    let words = hands.find(&["Sleep"]).await;
    hands.double_click(&words).await;
    hands.check("document.activeElement.id !== 'new-todo'", json!(true)).await;
    hands.check("document.activeElement.value", json!("Sleep")).await;
    hands.press("Control+a").await;
    hands.tool("browser_press_key", json!({ "key": "Backspace" })).await;
    for key in ["R", "e", "s", "t"] {
        hands.press(key).await;
    }
    hands.press("Enter").await;
    hands.check(TITLES, json!(["Buy milk", "Rest"])).await;
    hands.check(&format!("Object.keys(localStorage).filter(key => key.startsWith('{stored}')).map(key => localStorage[key]).join().includes('Rest')"), json!(true)).await;
    let url = hands.state("location.href").await;
    hands.tool("browser_navigate", json!({ "url": "about:blank" })).await;
    hands.tool("browser_navigate", json!({ "url": url })).await;
    hands.check(TITLES, json!(["Buy milk", "Rest"])).await;
}

async fn filter(hands: &mut Hands, framework: &str) {
    begin(hands, framework, &["One", "Two", "Three"]).await;
    hands.click_on("#toggle-all").await;
    hands.check(DONE, json!(["One", "Two", "Three"])).await;
    hands.click_on("#todo-list > li:nth-of-type(2) .toggle").await;
    hands.check(LEFT, json!(1)).await;
    hands.click(&["link", "Active"]).await;
    hands.check(TITLES, json!(["Two"])).await;
    hands.click(&["link", "Completed"]).await;
    hands.check(TITLES, json!(["One", "Three"])).await;
}
