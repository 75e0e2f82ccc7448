//! Builds everything and runs it. Named by `main` only; knows every room, decides nothing.

mod audit_command;
mod bell;
mod chromium;
pub mod cli;
mod doctor;
#[cfg(test)]
mod edge_tests;
mod file_watch;
mod greeting;
mod house;
mod keys_command;
mod lanes;
mod policy_command;
mod policy_watch;
mod record;
mod serve;
mod settings_watch;
mod visit;
mod webhook_command;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::cli::{Cli, Command, PolicyCommand, WebhookCommand};
use self::settings_watch::SettingsWatch;

/// How long a thread for blocking work waits for more. With tokio's own ten seconds a file read every few seconds keeps all alive that a
/// rush has started, for they take turns.
const BLOCKING_THREAD_IDLE: Duration = Duration::from_secs(1);

/// Runs what the command line says. Errors go to standard error: one line what, one line how.
#[must_use]
pub fn run() -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().thread_keep_alive(BLOCKING_THREAD_IDLE).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!(
                "helmwatch: the runtime cannot be started: {error}\nRaise the limits of threads and descriptors (ulimit -u, -n)."
            );
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command(Cli::parse().command)) {
        Ok(code) => code,
        Err(text) => {
            eprintln!("helmwatch: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(settings) => {
            let settings = SettingsWatch::load(settings).map_err(|error| error.to_string())?;
            serve::serve(settings).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Mcp(settings) => {
            let listen_given = settings.listen.is_some();
            let settings = SettingsWatch::load(settings).map_err(|error| error.to_string())?;
            Box::pin(serve::stdio(settings, listen_given)).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Doctor(settings) => {
            let config = settings.load().map_err(|error| error.to_string())?;
            Ok(if doctor::run(&config).await { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Webhook { command: WebhookCommand::Test { name, settings } } => {
            let config = settings.load().map_err(|error| error.to_string())?;
            let good = webhook_command::test(&config, name.as_deref()).await?;
            Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Audit { command } => audit_command::run(command).await.map(|()| ExitCode::SUCCESS),
        Command::Keys { command } => keys_command::run(command).await.map(|()| ExitCode::SUCCESS),
        Command::Policy { command } => match command {
            PolicyCommand::Check { file } => policy_command::check(&file),
            PolicyCommand::Explain(call) => policy_command::explain(&call),
        }
        .map(|()| ExitCode::SUCCESS),
    }
}
