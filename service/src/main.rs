//! `helmwatch`: see [`helmwatch::app`].

use std::process::ExitCode;

fn main() -> ExitCode {
    helmwatch::app::run()
}
