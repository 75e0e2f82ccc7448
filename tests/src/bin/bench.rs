//! `helmwatch-bench`: the table of figures, side by side in one run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use helmwatch_tests::bench::{self, LivePlan, Plan, SideName, Walk};
use helmwatch_tests::{Fault, Outcome};
use serde_json::json;

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
    /// Whole small sessions in each
    #[arg(long, default_value_t = 40)]
    sessions: u32,
    /// Whole small sessions at a time
    #[arg(long, default_value_t = 8)]
    parallel: u32,
    /// Starts of the service
    #[arg(long, default_value_t = 5)]
    starts: u32,
    /// Rounds of the live picture
    #[arg(long, default_value_t = 3)]
    looks: u32,
    /// Seconds that a picture is looked at in a round
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    look_seconds: u32,
    /// Leave a side out; may be repeated
    #[arg(long, value_enum)]
    skip: Vec<SideName>,
    /// Write the figures as JSON there; - is standard output, which then holds nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Whole sessions, one at a time and beside one another, and memory
    Sessions,
    /// Single steps on several pages, and what their replies cost
    Steps,
    /// How a snapshot's time grows with its page
    Growth,
    /// The live picture: rate, freshness and cost beside raw CDP and agent-browser's stream
    Live,
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
    let plan = Plan {
        skip: arguments.skip.clone(),
        rounds: arguments.rounds,
        clicks: arguments.clicks,
        rushes: arguments.rushes,
        sessions: arguments.sessions,
        parallel: arguments.parallel,
        starts: arguments.starts,
    };
    let wanted = |part| arguments.part.is_empty() || arguments.part.contains(&part);
    let say = |what: &str| eprintln!("{what}");
    let mut document = json!({});
    let mut parts = Vec::new();
    if wanted(Part::Steps) {
        let walk = Walk { skip: arguments.skip.clone(), rounds: arguments.walks, repeats: arguments.repeats };
        let report = bench::steps(&walk, say).await?;
        document["steps"] = json!({ "figures": report, "targets": report.targets() });
        parts.push(report.to_string());
    }
    if wanted(Part::Growth) {
        let all = bench::growth(&arguments.skip, say).await?;
        document["growth"] = json!(all);
        parts.push(bench::growth_table(&all));
    }
    if wanted(Part::Live) {
        let alone = arguments.skip.contains(&SideName::AgentBrowser);
        let look = LivePlan { rounds: arguments.looks, seconds: arguments.look_seconds, alone };
        let report = bench::live(look, say).await?;
        document["live"] = json!({ "figures": report, "targets": report.targets() });
        parts.push(report.to_string());
    }
    if wanted(Part::Sessions) {
        let report = bench::run(&plan, say).await?;
        document["figures"] = json!(report);
        document["goals"] = json!(report.goals());
        parts.push(report.to_string());
    }
    let report = parts.join("\n");
    let text = serde_json::to_string_pretty(&document).map_err(|error| Fault::of("the report", error))?;
    match &arguments.json {
        Some(file) if file.as_os_str() == "-" => println!("{text}"),
        Some(file) => {
            std::fs::write(file, text).map_err(|error| {
                Fault::new(format!("{}: {error}", file.display()), "name a file that can be written, or -")
            })?;
            print!("{report}");
        }
        None => print!("{report}"),
    }
    Ok(())
}
