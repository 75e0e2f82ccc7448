//! Fields that are more than fields: date pickers, selects that search, an editor, a slider, a spinner.

use serde_json::json;

use super::driver::{Corpus, Hands};

pub(super) const TASKS: usize = 17;

#[tokio::test]
async fn fields_that_are_more_than_fields_are_filled() {
    let mut corpus = Corpus::open("flatpickr, choices.js, tom-select, quill").await;
    corpus.task("flatpickr: choose a day in the calendar and book it", flatpickr_day).await;
    corpus.task("flatpickr: choose a stay over two months", flatpickr_range).await;
    corpus.task("flatpickr: set an hour", flatpickr_hour).await;
    corpus.task("choices.js: choose by typing a part and send", choices_one).await;
    corpus.task("choices.js: choose two tags, take one back", choices_tags).await;
    corpus.task("tom-select: find a person, make a new one, remove the first", tom_select).await;
    corpus.task("quill: write, make a word bold, make a list", quill_bold).await;
    corpus.task("quill: put a link on a word", quill_link).await;
    corpus.close(8).await;
}

#[tokio::test]
async fn the_demo_page_of_jquery_ui_is_used() {
    let mut corpus = Corpus::open("jquery-ui").await;
    corpus.task("accordion: open the third part", ui_accordion).await;
    corpus.task("autocomplete: type, and take what is offered", ui_autocomplete).await;
    corpus.task("datepicker: next month, a day", ui_datepicker).await;
    corpus.task("selectmenu: choose Fast", ui_selectmenu).await;
    corpus.task("spinner: three up, one down", ui_spinner).await;
    corpus.task("slider: ten steps with the keyboard", ui_slider).await;
    corpus.task("tabs: the second by mouse, the third by key", ui_tabs).await;
    corpus.task("dialog: open it, cancel it", ui_dialog).await;
    corpus.task("rental car: a kind, a gear, an insurance", ui_car).await;
    corpus.close(9).await;
}

async fn flatpickr_day(hands: &mut Hands) {
    hands.goto("/pages/flatpickr.html").await;
    hands.click(&["textbox", "Day"]).await;
    hands.fill(&["spinbutton", "Year"], "2027").await;
    hands.check("document.querySelector('.flatpickr-calendar.open .cur-year').value", json!("2027")).await;
    let month = hands.find(&["combobox", "Month"]).await;
    hands.tool("browser_select_option", json!({ "target": month, "values": ["May"] })).await;
    hands.click(&["\"May 17, 2027\""]).await;
    hands.check("day.value", json!("2027-05-17")).await;
    hands.click(&["button", "Book"]).await;
    hands.site_saw("GET /echo/booking?day=2027-05-17&").await;
}

async fn flatpickr_range(hands: &mut Hands) {
    hands.goto("/pages/flatpickr.html").await;
    hands.click(&["textbox", "Stay"]).await;
    hands.click(&["\"March 28, 2026\""]).await;
    hands.click_on(".flatpickr-calendar.open .flatpickr-next-month").await;
    hands.click(&["\"April 3, 2026\""]).await;
    hands.check("stay.value", json!("2026-03-28 to 2026-04-03")).await;
    hands.check("document.querySelector('.flatpickr-calendar.open')", json!(null)).await;
}

async fn flatpickr_hour(hands: &mut Hands) {
    hands.goto("/pages/flatpickr.html").await;
    hands.click(&["textbox", "Meeting"]).await;
    hands.click(&["\"March 9, 2026\""]).await;
    hands.fill(&["spinbutton", "Hour"], "16").await;
    hands.fill(&["spinbutton", "Minute"], "45").await;
    hands.press("Enter").await;
    hands.check("meeting.value", json!("2026-03-09 16:45")).await;
}

async fn choices_one(hands: &mut Hands) {
    hands.goto("/pages/choices.html").await;
    hands.click(&["combobox", "Berlin"]).await;
    hands.type_slowly("input[name=search_terms] >> nth=0", "osl").await;
    hands.check("document.querySelectorAll('.choices:first-of-type .choices__item--choice.is-highlighted').length", json!(1)).await;
    hands.press("Enter").await;
    hands.check("city.value", json!("Oslo")).await;
    hands.click(&["button", "Send"]).await;
    hands.site_saw("GET /echo/choices?city=Oslo").await;
}

async fn choices_tags(hands: &mut Hands) {
    hands.goto("/pages/choices.html").await;
    const CHOSEN: &str = "[...tags.selectedOptions].map(option => option.value)";
    for tag in ["green", "blue"] {
        hands.click_on(".choices[data-type=select-multiple] input[name=search_terms]").await;
        hands.click(&["option", &format!("\"{tag}\"")]).await;
    }
    hands.check(CHOSEN, json!(["green", "blue"])).await;
    hands.press("Escape").await;
    hands.click(&["button", "Remove item", "green"]).await;
    hands.check(CHOSEN, json!(["blue"])).await;
}

async fn tom_select(hands: &mut Hands) {
    hands.goto("/pages/tom-select.html").await;
    const CHOSEN: &str = "[...people.selectedOptions].map(option => option.textContent)";
    hands.type_slowly("#people-ts-control", "hop").await;
    hands.click(&["option", "Grace Hopper"]).await;
    hands.check(CHOSEN, json!(["Grace Hopper"])).await;
    hands.type_slowly("#people-ts-control", "Emmy Noether").await;
    hands.press("Enter").await;
    hands.check(CHOSEN, json!(["Grace Hopper", "Emmy Noether"])).await;
    hands.press("Escape").await;
    hands.click_on(".item:has-text('Grace') .remove").await;
    hands.check(CHOSEN, json!(["Emmy Noether"])).await;
    hands.click(&["button", "Send"]).await;
    hands.site_saw("GET /echo/people?people=Emmy+Noether").await;
}

async fn quill_bold(hands: &mut Hands) {
    hands.goto("/pages/quill.html").await;
    hands.click_on(".ql-editor").await;
    hands.type_slowly(".ql-editor", "Plain and strong").await;
    hands.check("quill.getText()", json!("Plain and strong\n")).await;
    for _ in 0.."strong".len() {
        hands.press("Shift+ArrowLeft").await;
    }
    hands.click(&["button", "bold"]).await;
    hands.check("quill.root.querySelector('strong').textContent", json!("strong")).await;
    hands.press("End").await;
    hands.press("Enter").await;
    hands.click(&["button", "list: bullet"]).await;
    hands.type_slowly(".ql-editor", "one").await;
    hands.check("[...quill.root.querySelectorAll('li')].map(li => li.innerText.trim())", json!(["one"])).await;
}

async fn quill_link(hands: &mut Hands) {
    hands.goto("/pages/quill.html").await;
    hands.tool("browser_type", json!({ "target": ".ql-editor", "text": "Read this" })).await;
    hands.check("quill.getText()", json!("Read this\n")).await;
    hands.double_click(".ql-editor p").await;
    hands.click(&["button", "\"link\""]).await;
    let field = hands.find(&["textbox", "https://quilljs.com"]).await;
    hands.tool("browser_type", json!({ "target": field, "text": "https://example.org/", "submit": true })).await;
    hands.check("quill.root.querySelector('a')?.getAttribute('href') ?? ''", json!("https://example.org/")).await;
}

async fn ui(hands: &mut Hands) {
    hands.goto("/pages/node_modules/jquery-ui-dist/index.html").await;
}

async fn ui_accordion(hands: &mut Hands) {
    ui(hands).await;
    hands.click(&["tab", "\"Third\""]).await;
    hands.check("document.querySelector('#accordion [aria-selected=true]').textContent.trim()", json!("Third")).await;
    hands.check("[...document.querySelectorAll('#accordion > div')].map(part => part.checkVisibility())", json!([false, false, true])).await;
}

async fn ui_autocomplete(hands: &mut Hands) {
    ui(hands).await;
    hands.type_slowly("#autocomplete", "jav").await;
    hands.wait_for("JavaScript").await;
    hands.click(&["\"JavaScript\""]).await;
    hands.check("autocomplete.value", json!("JavaScript")).await;
}

async fn ui_datepicker(hands: &mut Hands) {
    ui(hands).await;
    let before = hands.state("$('#datepicker').datepicker('getDate') === null ? '' : $('#datepicker').datepicker('getDate').toDateString()").await;
    hands.click_on("#datepicker .ui-datepicker-next").await;
    hands.click_on("#datepicker td:not(.ui-datepicker-other-month) a >> text=/^15$/").await;
    hands.check("$('#datepicker').datepicker('getDate').getDate()", json!(15)).await;
    let after = hands.state("$('#datepicker').datepicker('getDate').toDateString()").await;
    assert_ne!(before, after);
}

async fn ui_selectmenu(hands: &mut Hands) {
    ui(hands).await;
    hands.click_on("#selectmenu-button").await;
    hands.click(&["option", "\"Fast\""]).await;
    hands.check("selectmenu.value", json!("Fast")).await;
}

async fn ui_spinner(hands: &mut Hands) {
    ui(hands).await;
    hands.fill(&["spinbutton"], "5").await;
    hands.click_on("#spinner").await;
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"] {
        hands.press(key).await;
    }
    let spun = hands.state("spinner.value").await;
    hands.click_on(".ui-spinner:has(#spinner) .ui-spinner-up").await;
    let more = hands.state("spinner.value").await;
    let number = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    assert_eq!((number(&spun), number(&more)), (2, 3), "{spun} {more}");
}

async fn ui_slider(hands: &mut Hands) {
    ui(hands).await;
    hands.click_on("#slider .ui-slider-handle >> nth=0").await;
    let before = hands.state("$('#slider').slider('values')").await;
    for _ in 0..10 {
        hands.press("ArrowRight").await;
    }
    let after = hands.state("$('#slider').slider('values')").await;
    assert_eq!(after[0].as_i64().unwrap() - before[0].as_i64().unwrap(), 10, "{before} {after}");
}

async fn ui_tabs(hands: &mut Hands) {
    ui(hands).await;
    hands.click_on("#tabs a[href='#tabs-2']").await;
    hands.check("$('#tabs').tabs('option', 'active')", json!(1)).await;
    hands.press("ArrowRight").await;
    hands.check("$('#tabs').tabs('option', 'active')", json!(2)).await;
    hands.check("document.querySelector('#tabs-3').checkVisibility()", json!(true)).await;
}

async fn ui_dialog(hands: &mut Hands) {
    ui(hands).await;
    hands.click(&["button", "Open Dialog"]).await;
    hands.check("$('#dialog').dialog('isOpen')", json!(true)).await;
    hands.click(&["button", "\"Cancel\""]).await;
    hands.check("$('#dialog').dialog('isOpen')", json!(false)).await;
}

async fn ui_car(hands: &mut Hands) {
    ui(hands).await;
    hands.click_on("#car-type-button").await;
    hands.click(&["option", "\"SUV\""]).await;
    hands.click(&["Automatic"]).await;
    hands.click(&["Insurance"]).await;
    hands.check("[document.querySelector('#car-type').value, document.querySelector('#transmission-automatic').checked, insurance.checked]", json!(["SUV", true, true])).await;
}
