//! What is fuzzed: for each place where bytes of others are read, a function that reads them and says what must hold.
//!
//! One list, used twice: the targets of libFuzzer in `tests/fuzz` search by coverage; the test here runs their corpus and a bounded
//! number of changes to it, so that what was found once is tried with every other test.

// Shared with what storms a running service.
#[cfg(test)]
#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;
#[cfg(test)]
mod tests;

/// Reads the bytes, and panics when something does not hold.
pub type Target = fn(&[u8]);

/// Every target with the name of its folder in `tests/fuzz/corpus`.
pub const TARGETS: [(&str, Target); 6] = [
    ("cdp_frames", crate::browser::fuzz_frames),
    ("viewer_message", crate::live::fuzz::message),
    ("tool_arguments", crate::tools::fuzz::arguments),
    ("policy_file", crate::policy::fuzz::file),
    ("policy_pattern", crate::policy::fuzz::pattern),
    ("egress_address", crate::egress::fuzz::address),
];

/// Runs one target by its name.
///
/// # Panics
/// When there is none of that name; when something does not hold.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(one, _)| *one == name).expect("a target of that name");
    target(data);
}
