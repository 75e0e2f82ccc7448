//! `helmwatch-storm`: malformed messages wherever the service reads what others write.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use helmwatch_tests::Outcome;
use helmwatch_tests::storm::{self, Plan, wire};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often a line says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// Sends malformed messages over MCP, HTTP, WebSocket and CDP to a service of its own, in equal parts.
///
/// Ends with an error when the service ended, hung, blamed itself, left a good call unanswered, or kept anything.
#[derive(Parser)]
#[command(name = "helmwatch-storm", version)]
struct Arguments {
    /// Messages in all
    #[arg(long, short = 'n', default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(4..=10_000_000))]
    messages: u64,
    /// Messages a second, at most
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// The same changes again
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let ended = if words.next().as_deref() == Some(wire::RELAY) {
        wire::relay(&words.collect::<Vec<_>>()).map(|()| true)
    } else {
        run(&Arguments::parse())
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("helmwatch-storm: {fault}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Outcome<bool> {
    let Arguments { messages, rate, seed } = *arguments;
    let plan = Plan { messages: messages.div_ceil(4), rate, seed: seed.unwrap_or_else(storm::seed) };
    println!("seed {}", plan.seed);
    let (progress, count) = watch::channel(0);
    let mut sayer = JoinSet::new();
    sayer.spawn(async move {
        loop {
            tokio::time::sleep(SAID_EVERY).await;
            eprintln!("{} of {messages}", *count.borrow());
        }
    });
    let tally = storm::run(&plan, progress).await?;
    sayer.abort_all();
    for what in tally.told.iter().chain(&tally.left) {
        println!("  {what}");
    }
    for ((front, answer), count) in &tally.answers {
        println!("  {front:?} {answer}: {count}");
    }
    println!("{tally}");
    Ok(tally.is_clean())
}
