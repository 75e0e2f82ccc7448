//! Single steps on several pages: how long each side takes for one, and what its reply costs the agent who reads it.
//!
//! Every side runs as it comes; only a snapshot is asked for whole, because ours would be cut to its budget. What the steps did is
//! checked on the page: a benchmark of failures is none.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::deed::{Deed, StepName, place_in};
use super::hand::{Hand, Said};
use super::{SideName, ms};
use crate::docs::Docs;
use crate::site::Site;
use crate::{Fault, Outcome};

/// Bytes of text that count as one token, as nobody's tokenizer is everybody's.
pub const BYTES_PER_TOKEN: usize = 4;

/// An agent thinks between its steps, milliseconds here. Chromium paints 60 times a second, and without a pause each side would be
/// measured at the one phase of that clock at which its step before ended.
const THINKS_MS: Range<u64> = 20..54;

/// Looks at whether the page saw what was done.
const EFFECT_LOOKS: u32 = 50;

/// Kinds of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Form,
    List,
    Grid,
    Docs,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Form => "form",
            Self::List => "1,000-row list",
            Self::Grid => "60-card grid",
            Self::Docs => "5 documentation pages",
        })
    }
}

/// How much.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Sides to leave out.
    pub skip: Vec<SideName>,
    /// Rounds; one more goes before them unmeasured.
    pub rounds: u32,
    /// Clicks, hovers, evaluations and the like of each round on each page.
    pub repeats: u32,
}

/// An element: by words of its line in a snapshot, and for raw CDP by a selector.
struct Place {
    words: &'static [&'static str],
    css: &'static str,
}

/// One page and what is done there.
struct Stop {
    group: Group,
    url: String,
    press: Place,
    field: Option<Place>,
    /// An expression that says true when the clicks had their effect, given how many there were in `{clicks}`; empty where
    /// nothing is clicked.
    effect: &'static str,
}

/// One measured step.
#[derive(Debug, Clone, Copy)]
struct Sample {
    side: SideName,
    step: StepName,
    group: Group,
    ms: f64,
    text_bytes: usize,
}

/// One side's figure of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    pub side: SideName,
    pub median_ms: f64,
    pub p95_ms: f64,
    /// Of the median reply.
    pub text_bytes: usize,
}

/// One step on one kind of page.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub step: StepName,
    pub group: Group,
    pub samples: usize,
    pub sides: Vec<Cell>,
}

/// What a click on the long list costs our agent.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DiffCost {
    pub whole_bytes: usize,
    pub diff_bytes: usize,
    pub diff_ms: f64,
}

/// All of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StepReport {
    pub rows: Vec<Row>,
    /// Side, number of tools, bytes of their list.
    pub tools: Vec<(SideName, usize, usize)>,
    pub diff: Option<DiffCost>,
}

/// Walks all sides over all pages; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or a step of it fails.
pub async fn steps(walk: &Walk, say: impl Fn(&str)) -> Outcome<StepReport> {
    let (site, docs) = (Site::start().await?, Docs::start().await?);
    let stops = stops(&site, &docs);
    let addresses = [site.address(), docs.address()];
    let mut hands = Vec::new();
    for name in SideName::ALL.into_iter().filter(|name| !walk.skip.contains(name)) {
        say(&format!("starting {name}"));
        hands.push(Hand::start(name, &addresses).await?);
    }
    let mut report = StepReport::default();
    for hand in hands.iter().filter(|hand| hand.name() != SideName::Bare) {
        report.tools.extend(hand.tools().await?.map(|(count, bytes)| (hand.name(), count, bytes)));
    }
    let mut samples = Vec::new();
    for round in 0..=walk.rounds {
        say(&format!("steps, round {round} of {}", walk.rounds));
        for hand in &hands {
            for stop in &stops {
                visit(hand, stop, walk.repeats, &mut samples).await?;
            }
        }
        if round == 0 {
            // No side pays for a first time: code loaded, caches filled.
            samples.clear();
        }
    }
    report.rows = rows(&samples);
    for hand in hands {
        if hand.name() == SideName::Helmwatch {
            report.diff = Some(diff_cost(&hand, &site.url("/list"), walk.rounds).await?);
        }
        hand.stop().await?;
    }
    Ok(report)
}

fn stops(site: &Site, docs: &Docs) -> Vec<Stop> {
    const MANUALS: Place =
        Place { words: &["link", "“Manual Pages”"], css: "a[href='solving-problems.html#sect.manual-pages']" };
    const MODULES: Place = Place { words: &["link", "\"modules\""], css: "a[href$='py-modindex.html']" };
    const ABOUT: Place = Place { words: &["link", "\"About\""], css: "a[href='about.html']" };
    const LEFT: &str = "!location.pathname.endsWith('{page}')";
    let document = |path: &str, press: Place, effect: &'static str| Stop {
        group: Group::Docs,
        url: docs.url(path),
        press,
        field: None,
        effect,
    };
    vec![
        Stop {
            group: Group::Form,
            url: site.url("/form"),
            press: Place { words: &["button", "\"Greet\""], css: "#greet" },
            field: Some(Place { words: &["textbox", "\"Name\""], css: "[name=name]" }),
            effect: "document.getElementById('answer').textContent === 'Hello, Ada {clicks}'",
        },
        Stop {
            group: Group::List,
            url: site.url("/list"),
            press: Place { words: &["button", "\"Keep 500\""], css: "li:nth-child(500) button" },
            field: None,
            effect: "document.activeElement.textContent === 'Keep 500'",
        },
        Stop {
            group: Group::Grid,
            url: site.url("/grid"),
            press: Place { words: &["button", "\"Save 30\""], css: "article:nth-child(30) button" },
            field: None,
            effect: "document.getElementById('saved').textContent === '{clicks} saved'",
        },
        document("/python/library/json.html", MODULES, LEFT),
        document("/python/library/asyncio-task.html", MODULES, LEFT),
        document("/sqlite/lang_createtable.html", ABOUT, LEFT),
        document("/sqlite/fileformat2.html", ABOUT, LEFT),
        // Its links are broken over lines, and not every side hits such a one: it is not pressed.
        document("/handbook/en-US/sect.apt-get.html", MANUALS, ""),
    ]
}

async fn visit(hand: &Hand, stop: &Stop, repeats: u32, samples: &mut Vec<Sample>) -> Outcome<()> {
    let side = hand.name();
    let mut keep = |deed: &Deed<'_>, said: &Said| {
        // Without a snapshot only what would have had one is different.
        let same = matches!(deed, Deed::Snapshot | Deed::Type(..) | Deed::Evaluate(_) | Deed::Screenshot);
        if side == SideName::Bare && same {
            return;
        }
        samples.push(Sample {
            side,
            step: deed.name(),
            group: stop.group,
            ms: ms(said.took),
            text_bytes: said.text.len(),
        });
    };
    let go = Deed::Navigate(&stop.url);
    keep(&go, &thought(hand, &go).await?);
    let look = Deed::Snapshot;
    let seen = thought(hand, &look).await?;
    keep(&look, &seen);
    let find = |place: &Place| match side {
        SideName::Raw => Ok(place.css.to_owned()),
        _ => place_in(side, &seen.text, place.words).ok_or_else(|| {
            Fault::new(format!("{side}: no {:?} on {}", place.words, stop.url), "has the page changed?")
        }),
    };
    let press = find(&stop.press)?;
    let field = stop.field.as_ref().map(find).transpose()?;
    // A link leads away: it is pressed last, and once.
    let clicks = if stop.group == Group::Docs { 0 } else { repeats };
    for number in 1..=repeats {
        if let Some(field) = &field {
            let text = format!("Ada {number}");
            let deed = Deed::Type(field, &text);
            keep(&deed, &thought(hand, &deed).await?);
        }
        let click = Deed::Click(&press);
        if clicks > 0 {
            keep(&click, &thought(hand, &click).await?);
        }
        for deed in [Deed::Hover(&press), Deed::Evaluate("document.title"), Deed::Screenshot] {
            let said = thought(hand, &deed).await?;
            if matches!(deed, Deed::Screenshot) && said.picture_bytes == 0 {
                return Err(Fault::new(format!("{side}: no picture: {}", said.text), "look at the steps before"));
            }
            keep(&deed, &said);
        }
    }
    if stop.effect.is_empty() {
        return Ok(());
    }
    let mut led = None;
    if stop.group == Group::Docs {
        let click = Deed::Click(&press);
        let said = thought(hand, &click).await?;
        // By raw CDP a click ends before the page it leads to has come: nothing to compare.
        if side != SideName::Raw {
            keep(&click, &said);
        }
        led = Some(said);
    }
    let page = stop.url.rsplit('/').next().unwrap_or_default();
    let effect = stop.effect.replace("{clicks}", &clicks.to_string()).replace("{page}", page);
    let question = format!("String({effect})");
    let mut answer = String::new();
    let looking = Instant::now();
    for _ in 0..EFFECT_LOOKS {
        // Not every side waits for what a click began. A page that is just leaving answers nobody.
        answer = hand.step(&Deed::Evaluate(&question)).await.map_or_else(|fault| fault.what, |said| said.text);
        if answer.contains("true") {
            if let Some(said) = led {
                samples.push(Sample {
                    side,
                    step: StepName::Follow,
                    group: stop.group,
                    ms: ms(said.took + looking.elapsed()),
                    text_bytes: said.text.len(),
                });
            }
            return Ok(());
        }
    }
    Err(Fault::new(format!("{side}: the page did not see it: {effect}: {answer}"), "look at the steps before"))
}

/// A step after a pause.
async fn thought(hand: &Hand, deed: &Deed<'_>) -> Outcome<Said> {
    tokio::time::sleep(Duration::from_millis(rand::random_range(THINKS_MS))).await;
    hand.step(deed).await
}

async fn diff_cost(hand: &Hand, url: &str, rounds: u32) -> Outcome<DiffCost> {
    hand.step(&Deed::Navigate(url)).await?;
    let whole = hand.step(&Deed::Snapshot).await?.text;
    let mut took = Vec::new();
    let mut longest = 0;
    for number in 1..=rounds.max(1) {
        let words = format!("\"Keep {}\"", 100 * (number % 9 + 1));
        let place = place_in(hand.name(), &whole, &["button", &words]);
        let place = place.ok_or_else(|| Fault::of("the list", "no such button"))?;
        let began = Instant::now();
        let answer = hand.call("browser_click", json!({ "target": place, "snapshot": "diff" })).await;
        took.push(ms(began.elapsed()));
        let answer = answer.map_err(|refused| Fault::of("browser_click", refused))?;
        longest = longest.max(snapshot_of(&answer.text).len());
    }
    Ok(DiffCost { whole_bytes: snapshot_of(&whole).len(), diff_bytes: longest, diff_ms: quantile(&mut took, 0.5) })
}

/// The Snapshot section of an answer.
fn snapshot_of(text: &str) -> &str {
    text.split_once("### Snapshot\n").map_or("", |(_, rest)| rest)
}

fn rows(samples: &[Sample]) -> Vec<Row> {
    let mut kinds: Vec<(StepName, Group)> = samples.iter().map(|one| (one.step, one.group)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
        .into_iter()
        .map(|(step, group)| {
            let of = |side| samples.iter().filter(move |one| (one.side, one.step, one.group) == (side, step, group));
            let cell = |side| {
                let mut took: Vec<f64> = of(side).map(|one| one.ms).collect();
                let mut bytes: Vec<usize> = of(side).map(|one| one.text_bytes).collect();
                bytes.sort_unstable();
                Some(Cell {
                    side,
                    text_bytes: *bytes.get(bytes.len() / 2)?,
                    median_ms: quantile(&mut took, 0.5),
                    p95_ms: quantile(&mut took, 0.95),
                })
            };
            let sides: Vec<Cell> = SideName::ALL.into_iter().filter_map(cell).collect();
            let samples = sides.first().map_or(0, |first| of(first.side).count());
            Row { step, group, samples, sides }
        })
        .collect()
}

/// The nearest sample at this share of them; 0 when there is none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index of a short list"
)]
pub(super) fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let at = (samples.len() as f64 * share).ceil() as usize;
    samples.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_median_and_the_95th_of_a_hundred() {
        let sample = |n: u32| Sample {
            side: SideName::Raw,
            step: StepName::Click,
            group: Group::Form,
            ms: f64::from(n),
            text_bytes: 8,
        };
        let rows = rows(&(1..=100).rev().map(sample).collect::<Vec<_>>());
        assert_eq!(rows.len(), 1);
        let cell = &rows[0].sides[0];
        assert!((cell.median_ms - 50.0).abs() < 1e-9 && (cell.p95_ms - 95.0).abs() < 1e-9, "{cell:?}");
    }
}
