//! The script that reads a page and answers about it, and the shapes of its answers.
//!
//! One source, evaluated once in an isolated world of each frame (`Page.createIsolatedWorld`, then `Runtime.evaluate`); it
//! sets `globalThis.__helmwatch`, an object of functions that take one plain object and never throw. A second evaluation in
//! the same world does nothing, so refs live as long as the world. The JavaScript lies beside this file in `page_script/`,
//! one noun a file; this file says what goes in and what comes out, and must never speak CDP.
//!
//! What the script answers is page text: data, never instruction. A refusal is `{error: {code, message}}`: `stale_ref`,
//! `not_found`, `ambiguous`, `bad_selector`, `timeout`, `not_visible`, `not_enabled`, `not_editable`, `covered`, `wrong_kind`,
//! `no_option`, `no_storage`, `storage_full`, `too_many`, or `internal` for a defect; the message is one line that says what to do.
//!
//! | function | arguments | answer |
//! |---|---|---|
//! | `snapshot` | `prefix, target?, depth?, boxes?, max_nodes?` | `yaml, frames: [{ref, line, indent}], nodes, truncated` |
//! | `element` | `target` | the element itself, for `Runtime`'s object ids |
//! | `hold` | `element` | `name`: a target that means this element also when it is on no page |
//! | `through` | `target, x, y` | the point of a frame's viewport as the page around sees it: `x, y, scale, in_view, cover, moving` |
//! | `at` | `x, y` | `name` of what a click at the point presses; of a frame (`frame: true`) with the point in its pixels |
//! | `reveal` | `target, round` | `ok`, when it was scrolled into view |
//! | `sweep` | | looks for secret fields in shadow trees that came without a change (`mask.js`); how many were `found` |
//! | `arrived` | `x, y` | `came`: was the pointer seen at this point of the frame since it was last asked? |
//! | `drag_taken` | `target` | since it was last asked: `came`, `accepted`, `dropped`; the element's `text` |
//! | `file_input`, `cancelled` | `target` | `directory`; `ok` when it was told of a cancelled chooser |
//! | `elements` | `target, within?` | what a selector matches: `count`, `visible`, `text` of the first that is drawn |
//! | `facts` | `target` | role, name, field, form, rectangle, `identity` (text its fingerprint is made of), `code` (the locator) |
//! | `shown` | `target` | as a person sees it, scrolled into view: `rect, x, y, in_view, free, scroll_x, scroll_y`; `sends`: its form's fields with their values, secrets left out |
//! | `locator`, `describe` | `target` | `code`; `text` such as `<button> "Save"` |
//! | `ready` | `target, checks, timeout_ms` | a promise of `ok, x, y, rect, stirred` |
//! | `fill`, `focus`, `select`, `checked`, `value` | `target` and `text`, `select`, `values` | as named |
//! | `blur`, `viewport` | | `ok`; sizes in CSS pixels, title, URL |
//! | `wait_text` | `text, gone, timeout_ms` | a promise of `ok` |
//! | `quiet` | `idle_ms, timeout_ms` | a promise of `mutations` |
//! | `changes` | | `count`: how much changed since the document began |
//! | `turn` | `frame?` | a promise of `title`, one turn of the page's timers (and one drawn frame) later |
//! | `reading` | `target?, chars_max?` | `html, title, url, truncated`: what is drawn, as plain HTML |
//! | `stored` | `area, act, key?, value?, items_max?, chars_max?` | of local or session storage: `items, total, origin`, or `value` |
//! | `marks` | `prefix, full?` | what a person could act on: `marks: [{ref, role, name, x, y, width, height}], frames, left_out, …` |
//! | `highlight`, `unhighlight` | `target`, `style?` | a frame around an element, drawn over the page; `count` |
//! | `card`, `action` | `title, duration`, … | words over the page for a time: a chapter, what comes next |
//! | `record` | | from now on tells what a person does, through the binding `__helmwatchTell` |
//! | `guard` | `on` | tells what a person types into secret fields (`__helmwatchSecret`), or no longer, and draws it as dots then |
//! | `selection` | | `text` that is selected, and whether the keyboard is `here` |
//! | `sending` | `url, method, values` | of a request: `forms` it could be, with the `buttons` that send them; `secrets` fields whose value is in it |
//! | `text_at` | `x, y` | `tag, role, name` |

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::BrowserError;

/// The whole script, as one expression.
pub static SOURCE: LazyLock<String> = LazyLock::new(|| lean(SCRIPT));

const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page_script/open.js"),
    include_str!("page_script/dom.js"),
    include_str!("page_script/style.js"),
    include_str!("page_script/errors.js"),
    include_str!("page_script/roles.js"),
    include_str!("page_script/names.js"),
    include_str!("page_script/secrets.js"),
    include_str!("page_script/states.js"),
    include_str!("page_script/yaml.js"),
    include_str!("page_script/refs.js"),
    include_str!("page_script/snapshot.js"),
    include_str!("page_script/selectors.js"),
    include_str!("page_script/locators.js"),
    include_str!("page_script/codegen.js"),
    include_str!("page_script/sha256.js"),
    include_str!("page_script/words.js"),
    include_str!("page_script/facts.js"),
    include_str!("page_script/shown.js"),
    include_str!("page_script/sending.js"),
    include_str!("page_script/watch.js"),
    include_str!("page_script/ready.js"),
    include_str!("page_script/through.js"),
    include_str!("page_script/act.js"),
    include_str!("page_script/reading.js"),
    include_str!("page_script/stored.js"),
    include_str!("page_script/marks.js"),
    include_str!("page_script/overlay.js"),
    include_str!("page_script/record.js"),
    include_str!("page_script/selection.js"),
    include_str!("page_script/api.js"),
    "})()",
);

/// The script that hides secrets in pictures, by itself: in its world from a document's first moment. `kinds` says which.
pub(super) fn mask(kinds: &str) -> String {
    static LEAN: LazyLock<String> = LazyLock::new(|| lean(MASK));
    format!("{};\nglobalThis.__helmwatchMask({kinds});", *LEAN)
}

const MASK: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page_script/dom.js"),
    include_str!("page_script/words.js"),
    include_str!("page_script/mask.js"),
    "})()",
);

/// What a renderer gets: without indents and lines of comment, and in ASCII, for V8 keeps and reads a text with one other character in
/// it at two bytes each. No line of the script begins inside a literal, so what begins a line is what it looks like.
fn lean(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    for line in script.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") || (line.starts_with("/**") && line.ends_with("*/")) {
            continue;
        }
        for unit in line.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
        out.push('\n');
    }
    out
}

/// Reads what a function of the script answered.
///
/// # Errors
/// `Page` with the script's code and message when it refused; `Unreadable` when the answer has another shape.
pub(super) fn answered<R: DeserializeOwned>(value: Value, function: &str) -> Result<R, BrowserError> {
    let unreadable =
        |source| BrowserError::Unreadable { method: format!("the page script's {function}"), source: Arc::new(source) };
    if let Some(error) = value.get("error").filter(|error| error.is_object()) {
        let refusal = Refusal::deserialize(error).map_err(unreadable)?;
        return Err(BrowserError::Page { code: refusal.code, message: refusal.message });
    }
    serde_json::from_value(value).map_err(unreadable)
}

/// Why the script did not do it, in place of an answer: `{"error": {"code", "message"}}`.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}
/// Lets the script hold the element it is called on; answers `{name}`, good as a target in the same world.
pub const HOLD: &str = "function () { return globalThis.__helmwatch.hold({ element: this }); }";

/// Calls a function of the script, by name, with its one argument; evaluated in the script's world.
pub const CALL: &str = "function (name, argument) { return globalThis.__helmwatch[name](argument); }";

#[cfg(test)]
mod tests {
    use super::{MASK, SCRIPT, SOURCE, lean};

    #[test]
    fn the_source_is_one_expression() {
        assert!(SOURCE.starts_with("(() => {") && SOURCE.trim_end().ends_with("})()"));
        assert!(SOURCE.contains("globalThis.__helmwatch = Object.freeze({"));
    }

    #[test]
    fn what_a_renderer_gets_is_lean() {
        assert_eq!(
            lean("  const dots = '\u{2022}\u{1f600}'; // kept\n\n// gone\n  /** gone */\n"),
            "const dots = '\\u2022\\ud83d\\ude00'; // kept\n"
        );
        assert!(SOURCE.is_ascii() && SOURCE.len() < SCRIPT.len());
    }

    /// `lean` looks at lines: one that is inside of a literal would not be what it looks like.
    #[test]
    fn no_literal_goes_over_a_line() {
        for line in SCRIPT.lines().chain(MASK.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let marks = code.replace("'`'", "").matches('`').count();
            assert!(marks % 2 == 0, "a template literal over lines: {line}");
        }
    }
}
