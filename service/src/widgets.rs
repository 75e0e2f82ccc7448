//! Things that move, fold and cover: sortable tables and lists, dialogs, menus, web components, an API's own console.

use serde_json::json;

use super::driver::{Corpus, Hands};

pub(super) const TASKS: usize = 17;

#[tokio::test]
async fn tables_are_searched_and_sorted_and_lists_reordered() {
    let mut corpus = Corpus::open("datatables, tablesort, sortablejs").await;
    corpus.task("datatables: search, and read who is left", table_search).await;
    corpus.task("datatables: sort by age, oldest first", table_sort).await;
    corpus.task("datatables: fifty rows a page, the last page", table_pages).await;
    corpus.task("tablesort's demo: by name, and the other way", tablesort).await;
    corpus.task("sortablejs: an item to another list", sortable_across).await;
    corpus.task("sortablejs: the last to the top", sortable_within).await;
    corpus.close(6).await;
}

#[tokio::test]
async fn dialogs_menus_and_components_are_used() {
    let mut corpus = Corpus::open("a11y-dialog, bootstrap, shoelace, swagger-ui").await;
    corpus.task("a11y-dialog: subscribe in it", dialog_subscribe).await;
    corpus.task("a11y-dialog: leave it with Escape", dialog_escape).await;
    corpus.task("bootstrap: write in a modal and save", bootstrap_modal).await;
    corpus.task("bootstrap: a tab, then a part of the accordion", bootstrap_tabs).await;
    corpus.task("bootstrap: an entry of a menu", bootstrap_menu).await;
    corpus.task("bootstrap: a setting in the side menu", bootstrap_side).await;
    corpus.task("shoelace: order with fields in shadow trees", shoelace_order).await;
    corpus.task("shoelace: confirm in a dialog", shoelace_dialog).await;
    corpus.task("shoelace: a tab and a fold", shoelace_tabs).await;
    corpus.task("swagger-ui: ask for a pet", swagger_get).await;
    corpus.task("swagger-ui: authorize, then send a new pet", swagger_post).await;
    corpus.close(11).await;
}

async fn table_search(hands: &mut Hands) {
    hands.goto("/pages/datatables.html").await;
    let field = hands.find(&["searchbox"]).await;
    hands.type_slowly(&field, "Oslo").await;
    hands.check("document.querySelector('.dt-info').textContent.includes('of 14 entries')", json!(true)).await;
    let snapshot = hands.look().await;
    assert!(!snapshot.text.contains("Lisbon"), "{}", snapshot.text);
}

async fn table_sort(hands: &mut Hands) {
    hands.goto("/pages/datatables.html").await;
    for _ in 0..2 {
        hands.click(&["columnheader", "Age"]).await;
    }
    hands.check("document.querySelector('th[aria-sort=descending]').innerText.trim()", json!("Age")).await;
    hands.check("document.querySelector('tbody tr').cells[2].textContent", json!("64")).await;
}

async fn table_pages(hands: &mut Hands) {
    hands.goto("/pages/datatables.html").await;
    let length = hands.find(&["combobox", "entries per page"]).await;
    hands.tool("browser_select_option", json!({ "target": length, "values": ["50"] })).await;
    hands.check("document.querySelectorAll('tbody tr').length", json!(50)).await;
    hands.click_on(".dt-paging [data-dt-idx=last]").await;
    hands.check("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)[6]", json!("Person 57")).await;
}

async fn tablesort(hands: &mut Hands) {
    hands.goto("/pages/node_modules/tablesort/_site/demo/index.html").await;
    const FIRST: &str = "document.querySelector('#sort tbody tr').cells[1].innerText";
    let names = "[...document.querySelectorAll('#sort tbody tr')].map(row => row.cells[1].innerText).sort()";
    let (first, last) = {
        let names = hands.state(names).await;
        let names = names.as_array().unwrap().clone();
        (names[0].clone(), names[names.len() - 1].clone())
    };
    hands.click(&["columnheader", "Name"]).await;
    let one = hands.state(FIRST).await;
    hands.click(&["columnheader", "Name"]).await;
    let other = hands.state(FIRST).await;
    assert!([(&first, &last), (&last, &first)].contains(&(&one, &other)), "{one} {other}, not {first} {last}");
}

const LISTS: &str = "[...document.querySelectorAll('ul')].map(ul => [...ul.children].map(li => li.textContent).join(' '))";

async fn sortable_across(hands: &mut Hands) {
    hands.goto("/pages/sortable.html").await;
    let (bread, eggs) = (hands.find(&["Bread"]).await, hands.find(&["Eggs"]).await);
    hands.tool("browser_drag", json!({ "startTarget": bread, "endTarget": eggs })).await;
    hands.check("[...document.querySelectorAll('ul')].map(ul => [...ul.children].map(li => li.textContent).sort().join(' '))", json!(["Apples Cheese Dates", "Bread Eggs"])).await;
}

async fn sortable_within(hands: &mut Hands) {
    hands.goto("/pages/sortable.html").await;
    let (dates, apples) = (hands.find(&["Dates"]).await, hands.find(&["Apples"]).await);
    hands.tool("browser_drag", json!({ "startTarget": dates, "endTarget": apples })).await;
    hands.check(LISTS, json!(["Dates Apples Bread Cheese", "Eggs"])).await;
}

async fn dialog_subscribe(hands: &mut Hands) {
    hands.goto("/pages/dialogs.html").await;
    hands.click(&["button", "Sign up"]).await;
    hands.check("account.hasAttribute('aria-hidden')", json!(false)).await;
    hands.fill(&["textbox", "Address"], "ada@example.org").await;
    hands.click(&["button", "Subscribe"]).await;
    hands.check("said.textContent", json!("Subscribed ada@example.org")).await;
    hands.check("account.getAttribute('aria-hidden')", json!("true")).await;
}

async fn dialog_escape(hands: &mut Hands) {
    hands.goto("/pages/dialogs.html").await;
    hands.click(&["button", "Sign up"]).await;
    hands.check("account.contains(document.activeElement)", json!(true)).await;
    hands.press("Escape").await;
    hands.check("account.getAttribute('aria-hidden')", json!("true")).await;
    hands.check("document.activeElement.textContent", json!("Sign up")).await;
}

async fn bootstrap_modal(hands: &mut Hands) {
    hands.goto("/pages/bootstrap.html").await;
    hands.click(&["button", "Launch demo modal"]).await;
    hands.fill(&["textbox", "Message"], "Hello").await;
    hands.click(&["button", "Save changes"]).await;
    hands.check("document.title", json!("Saved: Hello")).await;
    hands.check("document.querySelector('.modal-backdrop')", json!(null)).await;
    hands.click(&["tab", "Profile"]).await;
    hands.check("document.querySelector('#profile').checkVisibility()", json!(true)).await;
}

async fn bootstrap_tabs(hands: &mut Hands) {
    hands.goto("/pages/bootstrap.html").await;
    hands.click(&["tab", "Profile"]).await;
    hands.check("document.querySelector('#profile').checkVisibility()", json!(true)).await;
    hands.click(&["button", "Second question"]).await;
    hands.check("[one.classList.contains('show'), two.classList.contains('show')]", json!([false, true])).await;
}

async fn bootstrap_menu(hands: &mut Hands) {
    hands.goto("/pages/bootstrap.html").await;
    hands.click(&["button", "More"]).await;
    hands.click(&["link", "Share"]).await;
    hands.check("location.hash", json!("#share")).await;
    hands.check("document.querySelector('.dropdown-menu.show')", json!(null)).await;
}

async fn bootstrap_side(hands: &mut Hands) {
    hands.goto("/pages/bootstrap.html").await;
    hands.click(&["button", "Open menu"]).await;
    hands.click(&["checkbox", "Dark colours"]).await;
    hands.check("dark.checked", json!(true)).await;
    hands.click(&["button", "Close menu"]).await;
    hands.check("side.classList.contains('show')", json!(false)).await;
}

async fn shoelace_order(hands: &mut Hands) {
    hands.goto("/pages/shoelace.html").await;
    hands.fill(&["textbox", "Name"], "Ada").await;
    hands.click(&["combobox", "Animal"]).await;
    hands.click(&["option", "Cat"]).await;
    hands.check("form.querySelector('sl-select').value", json!("cat")).await;
    hands.click(&["checkbox", "I agree to the terms"]).await;
    hands.click(&["switch", "News by mail"]).await;
    hands.click(&["radio", "Large"]).await;
    hands.click(&["button", "Order"]).await;
    hands.site_saw("GET /echo/shoelace?name=Ada&animal=cat&terms=yes&mail=on&size=l").await;
}

async fn shoelace_dialog(hands: &mut Hands) {
    hands.goto("/pages/shoelace.html").await;
    hands.click(&["button", "Open dialog"]).await;
    hands.check("dialog.open", json!(true)).await;
    hands.click(&["button", "Delete"]).await;
    hands.check("[document.title, dialog.open]", json!(["Deleted", false])).await;
}

async fn shoelace_tabs(hands: &mut Hands) {
    hands.goto("/pages/shoelace.html").await;
    hands.click(&["tab", "Custom"]).await;
    hands.check("document.querySelector('sl-tab-panel[name=custom]').active", json!(true)).await;
    hands.click(&["button", "Read more"]).await;
    hands.check("document.querySelector('sl-details').open", json!(true)).await;
    hands.wait_for("Hidden words").await;
}

async fn swagger_get(hands: &mut Hands) {
    hands.goto("/pages/swagger.html").await;
    hands.click(&["button", "One pet"]).await;
    hands.click(&["button", "Try it out"]).await;
    hands.fill(&["textbox", "id"], "42").await;
    let details = hands.find(&["combobox", "details"]).await;
    hands.tool("browser_select_option", json!({ "target": details, "values": ["true"] })).await;
    hands.click(&["button", "Execute"]).await;
    hands.site_saw("GET /echo/pets/42?details=true").await;
    hands.check("document.querySelector('.live-responses-table .response-col_status').innerText.trim().startsWith('200')", json!(true)).await;
}

async fn swagger_post(hands: &mut Hands) {
    hands.goto("/pages/swagger.html").await;
    hands.click(&["button", "\"Authorize\""]).await;
    hands.fill(&["textbox", "auth-api-key"], "k-123").await;
    hands.click(&["button", "Apply credentials"]).await;
    hands.click(&["button", "\"Close\""]).await;
    hands.click(&["button", "A new pet"]).await;
    hands.click(&["button", "Try it out"]).await;
    hands.tool("browser_type", json!({ "target": ".body-param__text", "text": "{\"name\": \"Mia\"}" })).await;
    hands.click(&["button", "Execute"]).await;
    let saw = hands.site_saw("POST /echo/pets?key=k-123").await;
    assert!(saw.contains("Mia") && !saw.contains("Rex"), "{saw}");
}
