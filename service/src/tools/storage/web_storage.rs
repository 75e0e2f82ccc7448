//! `browser_localstorage_*` and `browser_sessionstorage_*`: what the page's origin keeps.

use schemars::JsonSchema;
use serde::Deserialize;

use super::plain;
use crate::policy::Effect;
use crate::session::StorageArea;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, quoted};

/// Items of one list; of more it says how many there are.
const ITEMS_MAX: usize = 1_000;
/// Characters of a value in a list; the whole of it comes with `…_get`.
const CHARS_MAX: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
struct Key {
    key: String,
}

#[derive(Deserialize, JsonSchema)]
struct KeyAndValue {
    key: String,
    value: String,
}

/// What the tools of one area are called.
struct Names {
    list: &'static str,
    get: &'static str,
    set: &'static str,
    delete: &'static str,
    clear: &'static str,
}

const LOCAL: Names = Names {
    list: "browser_localstorage_list",
    get: "browser_localstorage_get",
    set: "browser_localstorage_set",
    delete: "browser_localstorage_delete",
    clear: "browser_localstorage_clear",
};
const SESSION: Names = Names {
    list: "browser_sessionstorage_list",
    get: "browser_sessionstorage_get",
    set: "browser_sessionstorage_set",
    delete: "browser_sessionstorage_delete",
    clear: "browser_sessionstorage_clear",
};

/// The five tools of an area.
pub(super) fn tools(area: StorageArea) -> [Tool; 5] {
    let names = match area {
        StorageArea::Local => LOCAL,
        StorageArea::Session => SESSION,
    };
    [
        list(area, names.list),
        get(area, names.get),
        set(area, names.set),
        delete(area, names.delete),
        clear(area, names.clear),
    ]
}

fn list(area: StorageArea, name: &'static str) -> Tool {
    let word = area.word();
    Tool::of(
        Capability::Storage,
        name,
        "List kept items",
        "What the page's origin keeps; long values are cut.",
        Hints::READ,
        move |_: Nothing| {
            Ok(Prepared::page(Effect::Read, format!("List {word}"), move |turn| async move {
                let kept = turn.page()?.stored(area, ITEMS_MAX, CHARS_MAX).await?;
                let mut lines: Vec<_> =
                    kept.items.iter().map(|item| format!("{}={}", plain(&item.name), plain(&item.value))).collect();
                if kept.total > lines.len() {
                    lines.push(format!("… {} more items. Get one by its key.", kept.total - lines.len()));
                }
                if lines.is_empty() {
                    lines.push(format!("No {word} items found"));
                }
                let code = vec![format!("await page.{word}.items();")];
                Ok(Answer { code, ..Answer::result(lines.join("\n")) })
            }))
        },
    )
}

fn get(area: StorageArea, name: &'static str) -> Tool {
    let word = area.word();
    Tool::of(
        Capability::Storage,
        name,
        "Get a kept item",
        "One item the page's origin keeps.",
        Hints::READ,
        move |a: Key| {
            Ok(Prepared::page(Effect::Read, format!("Look at an item of {word}"), move |turn| async move {
                let result = match turn.page()?.stored_item(area, &a.key).await? {
                    Some(value) => format!("{}={}", plain(&a.key), plain(&value)),
                    None => format!("{word} key '{}' not found", plain(&a.key)),
                };
                let code = vec![format!("await page.{word}.getItem({});", quoted(&a.key))];
                Ok(Answer { code, ..Answer::result(result) })
            }))
        },
    )
}

fn set(area: StorageArea, name: &'static str) -> Tool {
    let word = area.word();
    Tool::of(
        Capability::Storage,
        name,
        "Set a kept item",
        "Keep an item under the page's origin.",
        Hints::ACT,
        move |a: KeyAndValue| {
            let value = a.value.clone();
            let prepared = Prepared::page(Effect::Act, format!("Set an item of {word}"), move |turn| async move {
                turn.page()?.store_item(area, &a.key, &a.value).await?;
                Ok(Answer::code(format!("await page.{word}.setItem({}, {});", quoted(&a.key), quoted(&a.value))))
            });
            Ok(prepared.with(&value))
        },
    )
}

fn delete(area: StorageArea, name: &'static str) -> Tool {
    let word = area.word();
    Tool::of(
        Capability::Storage,
        name,
        "Delete a kept item",
        "Remove one item the page's origin keeps.",
        Hints::ACT,
        move |a: Key| {
            let key = a.key.clone();
            let prepared = Prepared::page(Effect::Act, format!("Delete an item of {word}"), move |turn| async move {
                turn.page()?.unstore_item(area, &a.key).await?;
                Ok(Answer::code(format!("await page.{word}.removeItem({});", quoted(&a.key))))
            });
            Ok(prepared.with(&key))
        },
    )
}

fn clear(area: StorageArea, name: &'static str) -> Tool {
    let word = area.word();
    Tool::of(
        Capability::Storage,
        name,
        "Clear kept items",
        "Remove all items the page's origin keeps.",
        Hints::ACT,
        move |_: Nothing| {
            Ok(Prepared::page(Effect::Act, format!("Clear {word}"), move |turn| async move {
                turn.page()?.clear_stored(area).await?;
                Ok(Answer::code(format!("await page.{word}.clear();")))
            }))
        },
    )
}
