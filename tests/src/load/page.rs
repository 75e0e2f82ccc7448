//! The report a person reads: one HTML file that needs nothing else, light and dark, wide and narrow.
//!
//! It is made from what `--json` writes, so that a run of last week can be shown as well as this one. All text in it is escaped: failures
//! quote pages.

use serde_json::Value;

use super::compare::Comparison;
use super::plot::{Band, Line, Range, Shape, Span, escape, lines, ranges, short};
use crate::steps::STEPS;

/// Failures shown in full; the rest is in the JSON.
const FAILURES_SHOWN_MAX: usize = 20;

/// Seconds over which sessions are counted for the throughput plot, at least; more in long runs.
const THROUGHPUT_OVER_S: f64 = 5.0;
/// Parts a long run is cut into for it.
const THROUGHPUT_PARTS: f64 = 100.0;

/// The page of a report (`new`), beside an older one when there is one.
#[must_use]
pub fn page(new: &Value, old: Option<&Value>) -> String {
    let title = title(new);
    let mut body = format!("<h1>{}</h1>", escape(&title));
    body += &verdict(new);
    body += &asked(new);
    body += &tiles(new);
    body += "<h2>Over time</h2><div class='plots'>";
    body += &over_time(new, old);
    body += "</div><h2>Latency by tool</h2><div class='plots'>";
    body += &by_tool(new);
    body += "</div>";
    body += &latencies(new);
    body += &kinds(new);
    body += &list("Above the baseline", new["leftovers"].as_array().into_iter().flatten().map(leftover));
    body += &failures(new);
    if let Some(old) = old {
        body += &comparison(&Comparison::of(old, new));
    }
    body += &place(new, old);
    body += "<p class='note'>In a scenario sessions come on a schedule whatever the service does (open loop), and all waits count from the \
             moment a session was meant to come: waits nobody was there for are not left out. Percentiles are those of an HDR histogram with three digits.</p>";
    let style = include_str!("page.css");
    format!(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>\
         <title>{}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n",
        escape(&title)
    )
}

fn title(report: &Value) -> String {
    match report["scenario"]["name"].as_str() {
        Some(name) => {
            let rate = short(number(&report["scenario"]["rate"]));
            format!("Load test: {name}, {rate} {} a second", if rate == "1" { "session" } else { "sessions" })
        }
        None => format!("Load test: {} agents", report["agents"]),
    }
}

fn verdict(report: &Value) -> String {
    let failed = report["failed"].as_u64().unwrap_or(0);
    let left = report["leftovers"].as_array().map(Vec::len);
    let processes = report["processes_left"].as_array().map_or(0, Vec::len);
    let mut words = vec![match failed {
        0 => "every session went as planned".to_owned(),
        count => format!("{count} sessions failed"),
    }];
    words.push(match left {
        Some(0) => "nothing was left behind".to_owned(),
        Some(count) => format!("{count} things are above the baseline"),
        None => "what was left behind is not known (--pid)".to_owned(),
    });
    if processes > 0 {
        words.push(format!("{processes} processes outlived the service"));
    }
    let good = failed == 0 && left == Some(0) && processes == 0;
    let class = if good { "good" } else { "bad" };
    let mut text = words.join(", ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!(
        "<p><span class='verdict {class}'>{text}.</span> <span class='dim'>{} s, {} viewers, MCP {}.</span></p>",
        short(number(&report["elapsed_s"])),
        report["viewers"],
        escape(report["protocol"].as_str().unwrap_or_default())
    )
}

fn tiles(report: &Value) -> String {
    let queue = &report["queue"];
    let mut tiles = vec![
        (report["sessions"].to_string(), "sessions as planned".to_owned()),
        (format!("{:.2}/s", number(&report["sessions_per_s"])), "throughput".to_owned()),
        (report["failed"].to_string(), "failed".to_owned()),
        (report["refused"].to_string(), "times told to come back".to_owned()),
        (
            format!("{} ms", short(number(&queue["p50_ms"]))),
            format!("wait for a place, median (95 %: {} ms)", short(number(&queue["p95_ms"]))),
        ),
    ];
    // What a thousand callers weigh that wait is no growth by sessions.
    let slope = report["growth"]["kib_per_session"].as_f64();
    if let Some(slope) = slope.filter(|_| !report["scenario"]["noise"].is_object()) {
        let (from, to) = (&report["growth"]["from_session"], &report["growth"]["to_session"]);
        tiles.push((format!("{slope:+.2} KiB"), format!("the service's growth a session (session {from} to {to})")));
    }
    if let Some(memory) = report["memory"].as_object() {
        let each = number(&memory["tree_per_session_mib"]);
        tiles.push((format!("{each:.1} MiB"), "whole tree, per open session".to_owned()));
    }
    let tiles: String = tiles
        .iter()
        .map(|(figure, what)| format!("<div class='tile'><b>{figure}</b><span>{what}</span></div>"))
        .collect();
    format!("<div class='tiles'>{tiles}</div>")
}

/// A value of the timeline over its seconds.
fn over(report: &Value, key: &str) -> Vec<(f64, f64)> {
    let samples = report["timeline"].as_array().into_iter().flatten();
    samples.filter_map(|sample| Some((sample["at_s"].as_f64()?, sample[key].as_f64()?))).collect()
}

/// Sessions that ended a second, each part of the run by itself.
fn throughput(report: &Value) -> Vec<(f64, f64)> {
    let ended = over(report, "ended");
    let part = (ended.last().map_or(0.0, |last| last.0) / THROUGHPUT_PARTS).max(THROUGHPUT_OVER_S);
    let mut before = (0.0, 0.0);
    let mut points = Vec::new();
    for (at, count) in ended {
        if at - before.0 >= part {
            points.push((at, (count - before.1) / (at - before.0)));
            before = (at, count);
        }
    }
    points
}

fn over_time(new: &Value, old: Option<&Value>) -> String {
    let line = |name, class, points, shape| Line { name, class, points, shape };
    let noise = &new["scenario"]["noise"];
    let noisy = noise.is_object();
    let band =
        noisy.then(|| Band { name: "noisy tenant", from: number(&noise["from_s"]), until: number(&noise["until_s"]) });
    let end = over(new, "in_use").last().map_or(0.0, |last| last.0);
    let span = Span { end, band };
    let plot = |title: &str, unit: &str, of: &dyn Fn(&Value) -> Vec<(f64, f64)>, what: &'static str| {
        let mut both = Vec::new();
        if let Some(old) = old {
            both.push(line("old run", "old", of(old), Shape::Straight));
        }
        both.push(line(what, "a", of(new), Shape::Straight));
        lines(title, unit, &both, span)
    };
    let mut plots = String::new();
    let mut waits = vec![
        line("median", "a", over(new, "queue_p50_ms"), Shape::Straight),
        line("95 %", "b", over(new, "queue_p95_ms"), Shape::Straight),
    ];
    if let Some(old) = old {
        waits.insert(0, line("old 95 %", "old", over(old, "queue_p95_ms"), Shape::Straight));
    }
    let whose = if noisy { "Wait for a place: the quiet tenant" } else { "Wait for a place" };
    plots += &lines(whose, "ms", &waits, span);
    if noisy {
        let crowd = [
            line("median", "a", over(new, "crowd_queue_p50_ms"), Shape::Straight),
            line("95 %", "b", over(new, "crowd_queue_p95_ms"), Shape::Straight),
        ];
        plots += &lines("Wait for a place: the noisy tenant", "ms", &crowd, span);
        let places = [
            line("limit", "c", over(new, "max_sessions"), Shape::Steps),
            line("noisy tenant", "b", over(new, "crowd_open"), Shape::Steps),
            line("quiet tenant", "a", over(new, "own_open"), Shape::Steps),
        ];
        plots += &lines("Places in use, by tenant", "sessions", &places, span);
        let waiting = [line("waiting", "b", over(new, "waiting"), Shape::Steps)];
        plots += &lines("Callers waiting", "callers", &waiting, span);
    } else {
        plots += &lines(
            "Sessions open, waiting, and the limit",
            "sessions",
            &[
                line("limit", "c", over(new, "max_sessions"), Shape::Steps),
                line("waiting", "b", over(new, "waiting"), Shape::Steps),
                line("open", "a", over(new, "in_use"), Shape::Steps),
            ],
            span,
        );
    }
    plots += &plot("Throughput", "sessions / s", &throughput, "ended");
    let mut own = vec![
        line("anonymous", "b", over(new, "service_anon_mib"), Shape::Straight),
        line("PSS", "a", over(new, "service_mib"), Shape::Straight),
    ];
    if let Some(old) = old {
        own.insert(0, line("old PSS", "old", over(old, "service_mib"), Shape::Straight));
    }
    plots += &lines("Memory of the service's own process", "MiB", &own, span);
    plots += &plot("Memory of the whole tree", "MiB", &|run| over(run, "tree_mib"), "service and Chromium");
    let cores = [
        line("Chromium", "b", over(new, "browsers_cores"), Shape::Straight),
        line("service", "a", over(new, "service_cores"), Shape::Straight),
    ];
    plots += &lines("Processors", "cores", &cores, span);
    plots += &lines(
        "Threads and open files of the service",
        "count",
        &[
            line("open files", "a", over(new, "service_fds"), Shape::Steps),
            line("threads", "b", over(new, "service_threads"), Shape::Steps),
        ],
        span,
    );
    plots
}

/// What was to be reached, beside what was.
fn asked(report: &Value) -> String {
    let row = |target: &Value| {
        let word = |key: &str| escape(&target[key].as_str().unwrap_or_default().replace("<=", "≤").replace(">=", "≥"));
        let (class, said) = if target["reached"] == true { ("good", "reached") } else { ("bad", "missed") };
        format!(
            "<tr><td class='words'>{}</td><td>{}</td><td>{}</td><td class='{class}'>{said}</td></tr>",
            word("what"),
            word("bound"),
            word("value")
        )
    };
    let rows: String = report["targets"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<div class='table asked'><table><tr><th class='words'>to reach</th><th>asked</th><th>measured</th><th></th></tr>{rows}</table></div>"
    )
}

/// Where and when it was measured.
fn place(new: &Value, old: Option<&Value>) -> String {
    let facts = |report: &Value| -> Vec<(&str, String)> {
        let machine = &report["machine"];
        let word = |key: &str| machine[key].as_str().unwrap_or_default().to_owned();
        vec![
            ("Date", format!("{} UTC", word("date"))),
            ("Program", format!("{}, {} build", word("program"), word("build"))),
            ("Browser", word("chromium")),
            ("Machine", format!("{} cores of {}, {} GiB", machine["cores"], word("processor"), machine["memory_gib"])),
            ("System", word("system")),
            ("Load before", format!("{:.1}", number(&machine["load"]))),
        ]
    };
    if !new["machine"].is_object() {
        return String::new();
    }
    let before = old.filter(|old| old["machine"].is_object()).map(facts).unwrap_or_default();
    let row = |(at, (name, said)): (usize, (&str, String))| {
        let was = before.get(at).filter(|(_, was)| *was != said);
        let was =
            was.map(|(_, was)| format!(" <span class='dim'>(old run: {})</span>", escape(was))).unwrap_or_default();
        format!("<dt>{name}</dt><dd>{}{was}</dd>", escape(&said))
    };
    let rows: String = facts(new).into_iter().enumerate().map(row).collect();
    format!("<h2>Where and when</h2><dl>{rows}</dl>")
}

/// Names of what was called: the steps of the small session in their order, then the rest.
fn tools(report: &Value) -> Vec<(&str, &Value)> {
    let all = report["tools"].as_object();
    let steps = STEPS.into_iter().filter_map(|step| Some((step, all?.get(step)?)));
    let rest = all.into_iter().flatten().filter(|(name, _)| !STEPS.contains(&name.as_str()));
    steps.chain(rest.map(|(name, spread)| (name.as_str(), spread))).collect()
}

fn by_tool(report: &Value) -> String {
    let range = |name: &str, spread: &Value| Range {
        name: name.to_owned(),
        p50: number(&spread["p50_ms"]),
        p95: number(&spread["p95_ms"]),
        p99: number(&spread["p99_ms"]),
        max: number(&spread["max_ms"]),
    };
    let (steps, faults): (Vec<_>, Vec<_>) = tools(report).into_iter().partition(|(name, _)| STEPS.contains(name));
    let all =
        |rows: Vec<(&str, &Value)>| rows.into_iter().map(|(name, spread)| range(name, spread)).collect::<Vec<_>>();
    let mut whole = vec![range("wait for a place", &report["queue"]), range("open to closed", &report["run"])];
    if let Some(scenario) = report["scenario"].as_object() {
        whole.push(range("arrival to end", &scenario["total"]));
        for (who, waits) in scenario["tenants"].as_object().into_iter().flatten().filter(|(who, _)| *who != "all") {
            whole.push(range(&format!("wait: {who}"), waits));
        }
    }
    ranges("The steps of a session", &all(steps))
        + &ranges("Whole sessions", &whole)
        + &ranges("What went wrong on purpose", &all(faults))
}

fn latencies(report: &Value) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, spread: &Value| {
        let cells: String = ["p50_ms", "p95_ms", "p99_ms", "max_ms"]
            .iter()
            .map(|key| format!("<td>{:.1}</td>", number(&spread[*key])))
            .collect();
        rows += &format!("<tr><td>{}</td><td>{}</td>{cells}</tr>", escape(name), spread["count"]);
    };
    row("wait for a place", &report["queue"]);
    row("open to closed", &report["run"]);
    if let Some(scenario) = report["scenario"].as_object() {
        row("arrival to end", &scenario["total"]);
        for (who, waits) in scenario["tenants"].as_object().into_iter().flatten().filter(|(who, _)| *who != "all") {
            row(&format!("wait: {who}"), waits);
        }
        row("late start of the test itself", &scenario["late_start"]);
    }
    for (name, spread) in tools(report) {
        row(name, spread);
    }
    format!(
        "<h2>The same in numbers, milliseconds</h2><div class='table'><table><tr><th></th><th>count</th><th>median</th><th>95 %</th><th>99 %</th>\
         <th>longest</th></tr>{rows}</table></div>"
    )
}

fn kinds(report: &Value) -> String {
    let Some(kinds) = report["scenario"]["kinds"].as_object() else { return String::new() };
    let row = |(kind, counts): (&String, &Value)| {
        let ends = counts["ended"].as_object().into_iter().flatten();
        let ends: Vec<_> = ends.map(|(how, count)| format!("{count} {}", escape(how))).collect();
        format!(
            "<tr><td>{}</td><td>{}</td><td class='words'>{}</td></tr>",
            escape(kind),
            counts["arrived"],
            ends.join(", ")
        )
    };
    let rows: String = kinds.iter().map(row).collect();
    let killed = report["scenario"]["browsers_killed"].as_u64().unwrap_or(0);
    let killed = if killed > 0 { format!("<p>{killed} browsers were killed on purpose.</p>") } else { String::new() };
    format!(
        "<h2>What sessions were to do</h2>{killed}<div class='table'><table><tr><th>session</th><th>came</th><th class='words'>ended</th></tr>{rows}</table></div>"
    )
}

fn leftover(one: &Value) -> (String, String) {
    let what = one["what"].as_str().unwrap_or_default().to_owned();
    (what, format!("{} before, {} after", one["before"], one["after"]))
}

fn failures(report: &Value) -> String {
    let rows = |counts: &Value| -> Vec<(String, String)> {
        let counts = counts.as_object().into_iter().flatten().take(FAILURES_SHOWN_MAX);
        counts.map(|(what, count)| (what.clone(), count.to_string())).collect()
    };
    list("Failures", rows(&report["failures"]).into_iter())
        + &list("What sessions of a killed browser were told", rows(&report["scenario"]["hurt"]).into_iter())
}

/// A table of two columns; nothing when it would be empty.
fn list(title: &str, rows: impl Iterator<Item = (String, String)>) -> String {
    let row = |(what, count): (String, String)| {
        format!("<tr><td class='words'>{}</td><td>{}</td></tr>", escape(&what), escape(&count))
    };
    let rows: String = rows.map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("<h2>{title}</h2><div class='table'><table>{rows}</table></div>")
}

fn comparison(comparison: &Comparison) -> String {
    let row = |row: &super::compare::Row| {
        let ratio = row.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let class = match row.word() {
            "better" => "good",
            "worse" => "bad",
            _ => "",
        };
        format!(
            "<tr><td>{}</td><td>{:.1}</td><td>{:.1}</td><td>{ratio}</td><td class='{class}'>{}</td></tr>",
            escape(&row.name),
            row.old,
            row.new,
            row.word()
        )
    };
    let rows: String = comparison.rows.iter().map(row).collect();
    let doubts: String = comparison
        .doubts
        .iter()
        .map(|doubt| format!("<p class='bad'>Not the same conditions: {}.</p>", escape(doubt)))
        .collect();
    format!(
        "<h2>Beside the old run</h2>{doubts}<p class='note'>One run each: repeat both, in turns, before you believe a difference. \
         A change of up to 5 % is called neither better nor worse.</p><div class='table'><table><tr><th></th><th>old</th><th>new</th>\
         <th>new / old</th><th></th></tr>{rows}</table></div>"
    )
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        let spread = json!({ "count": 4, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0, "max_ms": 4.0 });
        let sample = |at: u32| json!({ "at_s": at, "ended": at * 2, "in_use": 1, "waiting": 0, "max_sessions": 4, "queue_p50_ms": 2.0, "queue_p95_ms": null });
        json!({
            "agents": 8, "viewers": 0, "protocol": "2026-07-28", "elapsed_s": 20.0, "sessions": 40, "sessions_per_s": 2.0,
            "queue": spread, "run": spread, "tools": { "browser_click": spread }, "refused": 0, "failed": 1,
            "failures": { "<img src=x onerror=alert(1)>": 1 }, "timeline": (1..=20).map(sample).collect::<Vec<_>>(),
            "leftovers": [{ "what": "process: zombie", "before": 0, "after": 3 }],
            "scenario": null, "growth": null, "memory": null,
        })
    }

    #[test]
    fn it_needs_nothing_from_elsewhere_and_runs_nothing() {
        let page = page(&report(), Some(&report()));
        for word in ["http:", "https:", "src=", "href=", "<script", "@import", "url(", "<img"] {
            assert!(!page.contains(word) || word == "src=" && !page.contains("<img"), "{word}");
        }
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"), "what a page said is text");
    }

    #[test]
    fn it_says_where_it_ran_what_was_asked_and_whose_waits_are_whose() {
        let mut noisy = report();
        noisy["machine"] =
            json!({ "date": "2026-11-26 14:05", "program": "helmwatch 0.1.0", "build": "release", "cores": 2 });
        noisy["targets"] = json!([{ "what": "p95 <x>", "bound": "<= 1.10 x", "value": "1.31 x", "reached": false }]);
        noisy["scenario"] = json!({
            "name": "noisy-tenant", "rate": 1.0, "total": noisy["run"], "late_start": noisy["run"], "tenants": {},
            "noise": { "from_s": 5.0, "until_s": 12.0 },
        });
        let mut old = noisy.clone();
        old["machine"]["build"] = json!("debug");
        let page = page(&noisy, Some(&old));
        for words in [
            "2026-11-26 14:05 UTC",
            "helmwatch 0.1.0, release build",
            "old run: helmwatch 0.1.0, debug build",
            "p95 &lt;x&gt;",
            "≤ 1.10 x",
            "missed",
            "Wait for a place: the quiet tenant",
            "class='band'",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn it_says_what_was_left_and_what_failed() {
        let page = page(&report(), None);
        for words in [
            "1 sessions failed",
            "1 things are above the baseline",
            "process: zombie",
            "0 before, 3 after",
            "Throughput",
        ] {
            assert!(page.contains(words), "{words}");
        }
        assert!(!page.contains("Beside the old run"));
    }

    #[test]
    fn throughput_is_counted_over_some_seconds() {
        let points = throughput(&report());
        assert_eq!(points.len(), 4);
        assert!(points.iter().all(|(_, rate)| (rate - 2.0).abs() < 1e-9), "{points:?}");
    }
}
