//! `helmwatch-bench`: the table of figures, side by side in one run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use helmwatch_tests::bench::{self, Plan, SideName};
use helmwatch_tests::{Fault, Outcome};
use serde_json::json;

/// Raw CDP, Helmwatch and Playwright MCP doing the same steps in turns; medians and ratios.
#[derive(Parser)]
#[command(name = "helmwatch-bench", version)]
struct Arguments {
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
    /// Leave a side out; may be repeated
    #[arg(long, value_enum)]
    skip: Vec<SideName>,
    /// Write the figures as JSON there; - is standard output, which then holds nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
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
    let report = bench::run(&plan, |what| eprintln!("{what}")).await?;
    let document = json!({ "figures": report, "goals": report.goals() });
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
