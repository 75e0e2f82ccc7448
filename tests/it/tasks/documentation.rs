//! Debian's documentation: searching it, following it, reading its tables.

use serde_json::json;

use super::driver::{Corpus, Hands};

pub(super) const TASKS: usize = 14;

const PLACE: &str = "location.pathname + location.hash";

#[tokio::test]
async fn pythons_documentation_is_searched_and_followed() {
    let mut corpus = Corpus::open("python3-doc").await;
    corpus.task("search for a module by the search box and open it", search_by_box).await;
    corpus.task("search again from the results page", search_again).await;
    corpus.task("hide the marks of a search with a key", hide_marks).await;
    corpus.task("find a function by the index of its letter", by_index).await;
    corpus.task("from the list of modules to a class of one", by_module).await;
    corpus.task("read a value from a table after following the contents", table_of_levels).await;
    corpus.task("through a chapter page by page, and back", page_by_page).await;
    corpus.task("fold an example's prompts away", fold_prompts).await;
    corpus.close(8).await;
}

#[tokio::test]
async fn sqlites_documentation_and_a_handbook_are_followed() {
    let mut corpus = Corpus::open("sqlite3-doc, debian-handbook").await;
    corpus.task("open the search menu and send a search to the site", sqlite_search).await;
    corpus.task("hide a syntax diagram and show it again", sqlite_diagram).await;
    corpus.task("from the home page to the default page size", sqlite_pragma).await;
    corpus.task("find the limit of attached databases by reading", sqlite_limit).await;
    corpus.task("from the handbook's contents to a section, next and up", handbook_next).await;
    corpus.task("the handbook in another language", handbook_language).await;
    corpus.close(6).await;
}

async fn search_by_box(hands: &mut Hands) {
    hands.goto("/python/library/json.html").await;
    let field = hands.find(&["textbox", "Quick search"]).await;
    hands.tool("browser_type", json!({ "target": field, "text": "zoneinfo", "submit": true })).await;
    hands.wait_for("Search finished").await;
    hands.click(&["link", "zoneinfo — IANA"]).await;
    hands.check("location.pathname", json!("/python/library/zoneinfo.html")).await;
    hands.check("document.querySelector('h1').textContent.includes('IANA time zone support')", json!(true)).await;
    hands.site_saw("GET /python/search.html?q=zoneinfo").await;
}

async fn search_again(hands: &mut Hands) {
    hands.goto("/python/search.html?q=nothing-of-the-kind-is-here").await;
    hands.wait_for("Search Results").await;
    let field = hands.find(&["textbox"]).await;
    hands.tool("browser_type", json!({ "target": field, "text": "fractions", "submit": true })).await;
    hands.wait_for("Search finished").await;
    hands.check("new URLSearchParams(location.search).get('q')", json!("fractions")).await;
    hands.check("document.querySelectorAll('#search-results li').length > 0", json!(true)).await;
}

async fn hide_marks(hands: &mut Hands) {
    hands.goto("/python/library/fractions.html").await;
    hands.goto("/python/library/fractions.html?highlight=numerator").await;
    hands.check("document.querySelectorAll('.highlighted').length > 0", json!(true)).await;
    hands.press("Escape").await;
    hands.check("document.querySelectorAll('.highlighted').length", json!(0)).await;
}

async fn by_index(hands: &mut Hands) {
    hands.goto("/python/index.html").await;
    hands.click(&["link", "index"]).await;
    hands.click(&["strong", ": Q"]).await;
    hands.check("location.pathname", json!("/python/genindex-Q.html")).await;
    hands.click(&["link", "quantiles() (in module statistics)"]).await;
    hands.check(PLACE, json!("/python/library/statistics.html#statistics.quantiles")).await;
    hands.check("scrollY > 0", json!(true)).await;
}

async fn by_module(hands: &mut Hands) {
    hands.goto("/python/index.html").await;
    hands.click(&["link", "modules"]).await;
    hands.click_on("role=link[name=\"graphlib\"]").await;
    hands.check(PLACE, json!("/python/library/graphlib.html#module-graphlib")).await;
    hands.click(&["TopologicalSorter.static_order()"]).await;
    hands.check(PLACE, json!("/python/library/graphlib.html#graphlib.TopologicalSorter.static_order")).await;
}

async fn table_of_levels(hands: &mut Hands) {
    hands.goto("/python/library/logging.html").await;
    hands.click(&["link", "Logging Levels"]).await;
    hands.check("location.hash", json!("#levels")).await;
    let value = hands.find(&["\"30\""]).await;
    // The ref names the very cell of the page.
    let mark = "value => { value.closest('tr').dataset.seen = 'yes'; }";
    hands.tool("browser_evaluate", json!({ "target": value, "function": mark })).await;
    let seen = "[...document.querySelector('[data-seen]').cells].map(cell => cell.innerText.trim()).slice(0, 2)";
    let cells = hands.state(seen).await;
    assert!(cells[0].as_str().is_some_and(|name| name.ends_with("WARNING")) && cells[1] == "30", "{cells}");
}

async fn page_by_page(hands: &mut Hands) {
    hands.goto("/python/tutorial/appetite.html").await;
    for chapter in ["interpreter", "introduction", "controlflow"] {
        hands.click(&["link", "next"]).await;
        hands.check("location.pathname", json!(format!("/python/tutorial/{chapter}.html"))).await;
    }
    hands.click(&["link", "previous"]).await;
    hands.check("location.pathname", json!("/python/tutorial/introduction.html")).await;
    hands.tool("browser_navigate_back", json!({})).await;
    hands.check("location.pathname", json!("/python/tutorial/controlflow.html")).await;
}

async fn fold_prompts(hands: &mut Hands) {
    hands.goto("/python/tutorial/introduction.html").await;
    hands.check("document.querySelector('.highlight .gp').checkVisibility()", json!(true)).await;
    hands.click_on(".copybutton >> nth=0").await;
    hands.check("document.querySelector('.highlight .gp').checkVisibility()", json!(false)).await;
    hands.check("document.querySelector('.copybutton').title", json!("Show the prompts and output")).await;
}

async fn sqlite_search(hands: &mut Hands) {
    hands.goto("/sqlite/lang_select.html").await;
    hands.click(&["link", "\"Search\""]).await;
    hands.check("document.activeElement.id", json!("searchbox")).await;
    let kind = hands.find(&["combobox"]).await;
    hands.tool("browser_select_option", json!({ "target": kind, "values": ["Search Changelog"] })).await;
    hands.tool("browser_type", json!({ "target": "#searchbox", "text": "window functions" })).await;
    hands.click(&["button", "Go"]).await;
    hands.site_saw("GET /sqlite/search?s=c&q=window+functions").await;
}

async fn sqlite_diagram(hands: &mut Hands) {
    hands.goto("/sqlite/lang_select.html").await;
    hands.click(&["button", "hide"]).await;
    hands.check("document.querySelector('button[id]').textContent", json!("show")).await;
    hands.check("[...document.querySelectorAll('svg, .imgcontainer')][0].checkVisibility()", json!(false)).await;
    hands.click(&["button", "show"]).await;
    hands.check("[...document.querySelectorAll('svg, .imgcontainer')][0].checkVisibility()", json!(true)).await;
}

async fn sqlite_pragma(hands: &mut Hands) {
    hands.goto("/sqlite/index.html").await;
    hands.click(&["link", "\"Documentation\""]).await;
    hands.click(&["link", "\"Pragmas\""]).await;
    hands.check("location.pathname", json!("/sqlite/pragma.html")).await;
    hands.click(&["link", "\"page_size\""]).await;
    hands.check("location.hash", json!("#pragma_page_size")).await;
    hands.check("document.body.innerText.includes('the default page size increased to 4096')", json!(true)).await;
}

async fn sqlite_limit(hands: &mut Hands) {
    hands.goto("/sqlite/limits.html").await;
    let found = hands.tool("browser_find", json!({ "text": "cannot be increased above 125" })).await;
    let target = found.find_ref(&["paragraph"]).unwrap_or_else(|| panic!("{}", found.text));
    hands
        .tool("browser_evaluate", json!({ "target": target, "function": "words => { words.dataset.seen = 'yes'; }" }))
        .await;
    hands
        .check(
            "document.querySelector('[data-seen]').innerText.includes('simultaneously attached databases is limited')",
            json!(true),
        )
        .await;
    hands.click(&["link", "\"ATTACH\""]).await;
    hands.check("location.pathname", json!("/sqlite/lang_attach.html")).await;
}

async fn handbook_next(hands: &mut Hands) {
    hands.goto("/handbook/en-US/index.html").await;
    hands.click(&["link", "What Is Debian?"]).await;
    let place = hands.state("location.pathname").await;
    assert!(place.as_str().unwrap().starts_with("/handbook/en-US/"), "{place}");
    let next = hands.state("document.querySelector('.docnav .next a').getAttribute('href')").await;
    hands.click(&["strong", ": Next"]).await;
    hands.check("location.pathname", json!(format!("/handbook/en-US/{}", next.as_str().unwrap()))).await;
    hands.click(&["strong", ": Prev"]).await;
    hands.check("location.pathname", place).await;
}

async fn handbook_language(hands: &mut Hands) {
    hands.goto("/handbook/de-DE/index.html").await;
    hands.check("document.documentElement.lang || document.querySelector('[lang]').lang", json!("de-DE")).await;
    hands.click(&["strong", ": Weiter"]).await;
    hands.check("location.pathname", json!("/handbook/de-DE/preface.html")).await;
    hands.check("document.title.length > 0", json!(true)).await;
}
