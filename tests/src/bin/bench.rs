//! `helmwatch-bench`: the table of figures, side by side in one run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum as _};
use helmwatch_tests::bench::{self, CurvePlan, LivePlan, OpeningPlan, Plan, SideName, Target, Walk};
use helmwatch_tests::machine::Machine;
use helmwatch_tests::{Fault, Outcome, node};
use serde_json::{Value, json};

/// Sessions at once of the curve, and when it is one part among all.
const CURVE: [u32; 6] = [1, 10, 50, 100, 200, 300];
const CURVE_SHORT: [u32; 3] = [1, 10, 50];

/// How long the sessions of the curve are left alone, to see what that costs.
const REST: Duration = Duration::from_secs(5);

/// Raw CDP, Helmwatch and its peers doing the same steps in turns; medians and ratios.
#[derive(Parser)]
#[command(name = "helmwatch-bench", version)]
struct Arguments {
    /// Only this part; may be repeated
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Rounds of steps
    #[arg(long, default_value_t = 8)]
    walks: u32,
    /// Clicks, hovers and the like of each step on each page of a round
    #[arg(long, default_value_t = 3)]
    repeats: u32,
    /// Rounds of opening, clicks and snapshots
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// Clicks in each round
    #[arg(long, default_value_t = 5)]
    clicks: u32,
    /// Rounds of throughput
    #[arg(long, default_value_t = 3)]
    rushes: u32,
    /// Whole small sessions in each, or three times as many as at a time
    #[arg(long, default_value_t = 40)]
    sessions: u32,
    /// Whole small sessions at a time, one number after another
    #[arg(long, value_delimiter = ',', default_values_t = [8, 32], value_parser = clap::value_parser!(u32).range(1..=200))]
    parallel: Vec<u32>,
    /// Openings of each kind
    #[arg(long, default_value_t = 48)]
    openings: u32,
    /// Starts of the service
    #[arg(long, default_value_t = 5)]
    starts: u32,
    /// Rounds of the live picture
    #[arg(long, default_value_t = 3)]
    looks: u32,
    /// Seconds that a picture is looked at in a round
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    look_seconds: u32,
    /// Sessions open at once, one number after another [default: 1,10,50,100,200,300, and 1,10,50 when --part does not ask for it]
    #[arg(long, value_delimiter = ',', hide_default_value = true)]
    curve: Vec<u32>,
    /// Refusals of a full pool over each way
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    refusals: u32,
    /// Leave a side out; may be repeated
    #[arg(long, value_enum)]
    skip: Vec<SideName>,
    /// Write the figures as JSON there; - is standard output, which then holds nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Put the tables into this text, each between the markers of its part, as in BENCHMARKS.md
    #[arg(long, value_name = "FILE.md")]
    write: Option<PathBuf>,
    /// Measure nothing: take the figures that --json wrote before
    #[arg(long, value_name = "FILE.json", requires = "write", conflicts_with_all = ["part", "json"])]
    from: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Whole sessions, one at a time and beside one another, and memory
    Sessions,
    /// Opening a session before its first navigation
    Opening,
    /// What more sessions open at once cost, beside Chromium alone
    Curve,
    /// Single steps on several pages, and what their replies cost
    Steps,
    /// How a snapshot's time grows with its page
    Growth,
    /// The live picture: rate, freshness and cost beside raw CDP and agent-browser's stream
    Live,
    /// How fast a full pool refuses; only when it is asked for
    Admission,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("helmwatch-bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Outcome<()> {
    if let (Some(from), Some(file)) = (&arguments.from, &arguments.write) {
        let run = read(from)?;
        let run = serde_json::from_str(&run).map_err(|error| Fault::of(&from.display().to_string(), error))?;
        return save(file, &bench::write(&read(file)?, &run)?);
    }
    if let Some(file) = &arguments.write {
        // A text without places is told now, not after half an hour.
        let parts = Part::value_variants().iter().filter(|part| arguments.wants(**part));
        bench::has_places(&read(file)?, parts.map(|part| part.name()))?;
    }
    let mut told = Told::new();
    for part in Part::value_variants().iter().copied().filter(|part| arguments.wants(*part)) {
        measure(arguments, part, &mut told).await?;
        // What was measured is kept when a later part fails.
        if let Some(file) = arguments.json.as_ref().filter(|file| file.as_os_str() != "-") {
            save(file, &told.json()?)?;
        }
    }
    if let Some(file) = &arguments.write {
        save(file, &bench::write(&read(file)?, &told.document)?)?;
    }
    if arguments.json.as_ref().is_some_and(|file| file.as_os_str() == "-") {
        println!("{}", told.json()?);
    } else {
        print!("{}", told.text);
    }
    Ok(())
}

async fn measure(arguments: &Arguments, part: Part, told: &mut Told) -> Outcome<()> {
    let say = |what: &str| eprintln!("{what}");
    let skip = &arguments.skip;
    let without_raw = skip.contains(&SideName::Raw);
    let machine = Machine::look().await;
    match part {
        Part::Sessions => {
            let plan = Plan {
                skip: skip.clone(),
                rounds: arguments.rounds,
                clicks: arguments.clicks,
                rushes: arguments.rushes,
                sessions: arguments.sessions,
                parallel: arguments.parallel.clone(),
                starts: arguments.starts,
            };
            let report = bench::run(&plan, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
        Part::Opening => {
            let report = bench::opening(OpeningPlan { times: arguments.openings, without_raw }, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
        Part::Curve => {
            let report = bench::curve(&CurvePlan { steps: arguments.curve(), rest: REST, without_raw }, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
        Part::Steps => {
            let walk = Walk { skip: skip.clone(), rounds: arguments.walks, repeats: arguments.repeats };
            let report = bench::steps(&walk, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
        Part::Growth => {
            let all = bench::growth(skip, say).await?;
            told.add(part, &machine, &json!(all), &bench::growth_table(&all), &[]);
        }
        Part::Live => {
            let alone = skip.contains(&SideName::AgentBrowser);
            let look = LivePlan { rounds: arguments.looks, seconds: arguments.look_seconds, alone };
            let report = bench::live(look, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
        Part::Admission => {
            let report = bench::admission(arguments.refusals, say).await?;
            told.add(part, &machine, &json!(report), &report.to_string(), &report.targets());
        }
    }
    Ok(())
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file)
        .map_err(|error| Fault::new(format!("{}: {error}", file.display()), "name a file that can be read"))
}

fn save(file: &Path, text: &str) -> Outcome<()> {
    std::fs::write(file, text)
        .map_err(|error| Fault::new(format!("{}: {error}", file.display()), "name a file that can be written, or -"))
}

/// What is told of the parts that were measured.
struct Told {
    /// By part: the machine, the figures, what was to be reached, and both as tables in Markdown.
    document: Value,
    /// For a terminal.
    text: String,
}

impl Told {
    fn new() -> Self {
        Self { document: json!({}), text: String::new() }
    }

    fn add(&mut self, part: Part, machine: &Machine, figures: &Value, tables: &str, targets: &[Target]) {
        let table = format!("{tables}\n{}", bench::verdict_table(targets));
        self.document[part.name()] = json!({
            "machine": machine,
            "command": command(),
            "peers": part.peers(),
            "figures": figures,
            "targets": targets,
            "table": table.trim_end(),
        });
        self.text += &format!("{}: {machine}\n\n{tables}\n{}\n", part.name(), bench::verdicts(targets));
    }

    fn json(&self) -> Outcome<String> {
        serde_json::to_string_pretty(&self.document).map_err(|error| Fault::of("the report", error))
    }
}

/// How this was asked for, without the files it writes.
fn command() -> String {
    let mut words = vec!["helmwatch-bench".to_owned()];
    let mut rest = std::env::args().skip(1);
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--json" | "--write" => drop(rest.next()),
            one if one.starts_with("--json=") || one.starts_with("--write=") => {}
            _ => words.push(word),
        }
    }
    words.join(" ")
}

impl Part {
    /// As on the command line, and in the markers of a text.
    fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Opening => "opening",
            Self::Curve => "curve",
            Self::Steps => "steps",
            Self::Growth => "growth",
            Self::Live => "live",
            Self::Admission => "admission",
        }
    }

    /// Peers that take part, with their versions.
    fn peers(self) -> Vec<String> {
        let packages: &[&str] = match self {
            Self::Sessions => &["@playwright/mcp"],
            Self::Steps | Self::Growth => &["@playwright/mcp", "agent-browser", "chrome-devtools-mcp"],
            Self::Live => &["agent-browser"],
            Self::Opening | Self::Curve | Self::Admission => &[],
        };
        packages.iter().filter_map(|package| Some(format!("{package} {}", node::version(package)?))).collect()
    }
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        // The last has no place among the tables.
        (self.part.is_empty() && part != Part::Admission) || self.part.contains(&part)
    }

    /// Sessions at once of the curve: all the way up when it is asked for by name, and not so far among the other parts.
    fn curve(&self) -> Vec<u32> {
        let usual = if self.part.contains(&Part::Curve) { CURVE.as_slice() } else { CURVE_SHORT.as_slice() };
        if self.curve.is_empty() { usual.to_vec() } else { self.curve.clone() }
    }
}
