//! Tables of a run into a text that people write: each part's between its two markers, everything else as it is.
//!
//! `<!-- bench:steps -->` begins the place of the part `steps`, `<!-- /bench:steps -->` ends it. Pure: text and figures in, text out.

use serde_json::Value;

use crate::machine::Machine;
use crate::{Fault, Outcome};

/// The text with the tables of a run (as `--json` writes it) in their places; parts that were not run keep theirs.
///
/// # Errors
/// When a part has no place, a place has no end, or the figures are not those of a run. Nothing is half written then.
pub fn write(text: &str, run: &Value) -> Outcome<String> {
    let parts = run.as_object().filter(|parts| !parts.is_empty());
    let parts =
        parts.ok_or_else(|| Fault::new("no part was measured", "give what helmwatch-bench --json FILE wrote"))?;
    let mut text = text.to_owned();
    for (name, part) in parts {
        let table = part["table"].as_str().ok_or_else(|| {
            Fault::new(format!("{name} has no table"), "give what helmwatch-bench --json FILE of this version wrote")
        })?;
        let (from, until) = place(&text, name)?;
        text.replace_range(from..until, &format!("\n{}\n\n{}\n", table.trim(), signature(part)));
    }
    Ok(text)
}

/// Has each of these parts its place? Asked before a long run, not after it.
///
/// # Errors
/// The first that has none.
pub fn has_places<'a>(text: &str, parts: impl IntoIterator<Item = &'a str>) -> Outcome<()> {
    parts.into_iter().try_for_each(|name| place(text, name).map(drop))
}

/// From behind the marker that begins a place to the one that ends it.
fn place(text: &str, name: &str) -> Outcome<(usize, usize)> {
    let (begins, ends) = (format!("<!-- bench:{name} -->"), format!("<!-- /bench:{name} -->"));
    let missing = |what: &str| {
        Fault::new(
            format!("there is no {what} in the text"),
            format!("put {begins} and {ends} where the tables of {name} are to stand"),
        )
    };
    let from = text.find(&begins).ok_or_else(|| missing(&begins))? + begins.len();
    let rest = &text[from..];
    let until = from + rest.find(&ends).ok_or_else(|| missing(&ends))?;
    // An end that is another place's would swallow what stands between.
    if text[from..until].contains("<!-- bench:") {
        return Err(missing(&format!("{ends} before the next place")));
    }
    Ok((from, until))
}

/// Who measured what with what, and when.
fn signature(part: &Value) -> String {
    let machine: Machine = serde_json::from_value(part["machine"].clone()).unwrap_or_default();
    let peers = part["peers"].as_array().into_iter().flatten();
    let peers: Vec<&str> = peers.filter_map(Value::as_str).collect();
    let beside = if peers.is_empty() { String::new() } else { format!(" Beside {}.", peers.join(", ")) };
    format!("`{}`: {machine}.{beside}", part["command"].as_str().unwrap_or("helmwatch-bench"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# Benchmarks\n\nBy hand.\n\n<!-- bench:steps -->\nold steps\n<!-- /bench:steps -->\n\nMore by hand.\n\n\
                        <!-- bench:live -->\nold live\n<!-- /bench:live -->\n\nThe end.\n";

    fn run() -> Value {
        json!({ "steps": {
            "command": "helmwatch-bench --part steps",
            "peers": ["@playwright/mcp 0.0.83", "agent-browser 0.41.2"],
            "machine": { "date": "2026-11-26 14:05", "program": "helmwatch 0.1.0", "build": "release", "chromium": "Chromium 156",
                         "cores": 2, "processor": "AMD EPYC", "memory_gib": 23, "system": "Debian 12, Linux 6.1", "load": 0.25 },
            "table": "| a | b |\n|---|---|\n| 1 | 2 |\n",
            "figures": {},
        }})
    }

    #[test]
    fn a_part_gets_its_tables_and_everything_else_stays() {
        let new = write(TEXT, &run()).expect("it has a place");
        let expected = TEXT.replace(
            "old steps\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n`helmwatch-bench --part steps`: 2026-11-26 14:05 UTC, helmwatch 0.1.0 (release build), Chromium 156, \
             2 cores of AMD EPYC, 23 GiB, Debian 12, Linux 6.1, load 0.2 before. Beside @playwright/mcp 0.0.83, agent-browser 0.41.2.\n",
        );
        assert_eq!(new, expected);
        assert_eq!(write(&new, &run()).expect("again"), new, "the same run writes the same text");
    }

    #[test]
    fn what_has_no_place_or_no_end_is_refused_and_named() {
        let hint = |text: &str, run: &Value| write(text, run).expect_err("no place").to_string();
        assert!(hint("nothing here", &run()).contains("<!-- bench:steps -->"));
        let open = TEXT.replace("<!-- /bench:steps -->", "");
        assert!(hint(&open, &run()).contains("<!-- /bench:steps -->"));
        // Its end stands behind another place: what is between is not its.
        let late = format!("{open}<!-- /bench:steps -->");
        assert!(hint(&late, &run()).contains("before the next place"));
        assert!(hint(TEXT, &json!({})).contains("--json"));
        assert!(hint(TEXT, &json!({ "steps": {} })).contains("no table"));
        assert!(has_places(TEXT, ["steps", "live"]).is_ok() && has_places(TEXT, ["steps", "curve"]).is_err());
    }

    #[test]
    fn the_text_that_is_kept_has_a_place_for_every_part() {
        let text = include_str!("../../../BENCHMARKS.md");
        let all = ["sessions", "opening", "curve", "steps", "growth", "live"];
        has_places(text, all).unwrap_or_else(|fault| panic!("{fault}"));
    }
}
