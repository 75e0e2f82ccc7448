//! `helmwatch-kills`: SIGKILL at random points around approvals, and how long a yes takes to be felt.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use helmwatch_tests::kills::{self, Plan};
use helmwatch_tests::{Fault, Outcome};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often a line says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Services around approvals
    Approvals,
    /// Browsers below a call that runs
    Browser,
    /// Services with browsers at work
    Service,
    /// Services that are told to end (SIGTERM), while they start or work
    Told,
}

/// Kills services of its own at random points around approvals, and checks after each restart what the store and a site say.
///
/// Ends with an error when anything was lost, run twice, wrong, or left running.
#[derive(Parser)]
#[command(name = "helmwatch-kills", version)]
struct Arguments {
    /// What is killed
    #[arg(long, value_enum, default_value_t = What::Approvals)]
    what: What,
    /// Kills in all
    #[arg(long, short = 'n', default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    kills: u32,
    /// Held calls a kill
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    cards: u32,
    /// Services at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    workers: u32,
    /// The same choices again (the moments are the machine's)
    #[arg(long)]
    seed: Option<u64>,
    /// Approvals to time; 0 leaves it out
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    figure: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("helmwatch-kills: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Outcome<bool> {
    if arguments.what != What::Approvals {
        return at_work(&arguments).await;
    }
    if arguments.figure > 0 {
        println!("{}", kills::resumed(arguments.figure).await?.lines());
    }
    let Arguments { kills, cards, workers, seed, .. } = arguments;
    let plan = Plan { kills, cards, workers, seed: seed.unwrap_or_else(kills::seed) };
    println!("seed {}", plan.seed);
    let (progress, count) = watch::channel(0);
    let mut sayer = JoinSet::new();
    sayer.spawn(say(count, kills));
    let tally = kills::run(&plan, progress).await?;
    sayer.abort_all();
    for what in &tally.told {
        println!("  {what}");
    }
    println!("{}", tally.line());
    if tally.kills < kills {
        return Err(Fault::new("fewer kills than asked for", "look at the lines above"));
    }
    Ok(tally.is_clean())
}

/// Browsers or services that are killed, or told to end, while they work.
async fn at_work(arguments: &Arguments) -> Outcome<bool> {
    let (progress, count) = watch::channel(0);
    let mut sayer = JoinSet::new();
    sayer.spawn(say(count, arguments.kills));
    let seed = arguments.seed.unwrap_or_else(kills::seed);
    println!("seed {seed}");
    let (told, line, clean) = match arguments.what {
        What::Browser => {
            let deaths = kills::browsers(arguments.kills, progress).await?;
            (deaths.told.clone(), deaths.line(), deaths.is_clean())
        }
        What::Told => {
            let stops = kills::stops(arguments.kills, seed, progress).await?;
            (stops.told.clone(), stops.line(), stops.is_clean())
        }
        What::Service | What::Approvals => {
            let ends = kills::services(arguments.kills, seed, progress).await?;
            (ends.told.clone(), ends.line(), ends.is_clean())
        }
    };
    for what in told {
        println!("  {what}");
    }
    println!("{line}");
    Ok(clean)
}

async fn say(count: watch::Receiver<u32>, kills: u32) {
    loop {
        tokio::time::sleep(SAID_EVERY).await;
        eprintln!("{} of {kills}", *count.borrow());
    }
}
