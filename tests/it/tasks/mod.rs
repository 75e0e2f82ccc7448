//! Tasks of several steps on pages that others wrote, each judged by the page's own state.
//!
//! One module a corpus. The agent is Python's `mcp` client; the pages are Debian's documentation and what npm packages ship.

mod documentation;
mod driver;
mod fields;
mod todomvc;
mod widgets;

/// Tasks there are to be at least.
const LEAST: usize = 60;

#[test]
fn there_are_as_many_tasks_as_are_wanted() {
    let tasks = documentation::TASKS + fields::TASKS + todomvc::TASKS + widgets::TASKS;
    println!("{tasks} tasks on pages that others wrote");
    assert!(tasks >= LEAST, "{tasks} tasks are fewer than {LEAST}");
}
