//! `helmwatch-compare`: our snapshots beside Playwright's own, over pages nobody here wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use helmwatch_tests::compare::{self, CorpusName, Plan};
use helmwatch_tests::{Fault, Outcome};

/// Our snapshots beside Playwright's own: the share that is identical, and where the others first differ
#[derive(Parser)]
#[command(name = "helmwatch-compare", version)]
struct Arguments {
    /// Pages of each corpus, evenly spread over it; 0 is all of them
    #[arg(long, default_value_t = 200)]
    pages: usize,
    /// Only this corpus; may be repeated
    #[arg(long, value_enum)]
    only: Vec<CorpusName>,
    /// Only pages whose address holds this
    #[arg(long, value_name = "WORD")]
    matching: Option<String>,
    /// Write both texts of each page that differs into this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Write the report as JSON there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("helmwatch-compare: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Outcome<()> {
    let plan = Plan {
        pages: Some(arguments.pages).filter(|pages| *pages > 0),
        only: arguments.only,
        matching: arguments.matching,
        keep: arguments.keep,
    };
    let report = compare::run(&plan, |what| eprintln!("{what}")).await?;
    print!("{report}");
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Fault::of("the report", error))?;
        std::fs::write(&file, text)
            .map_err(|error| Fault::new(format!("{}: {error}", file.display()), "name a file that can be written"))?;
    }
    Ok(())
}
