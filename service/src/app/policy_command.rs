//! `helmwatch policy check`, and how the service reads its policy.

use std::path::Path;

use crate::policy::{Policy, Preset};

/// Rules larger than this are no file somebody wrote.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The rule set of a setting: `open`, `careful`, `strict`, or a file.
///
/// # Errors
/// Two lines, what and how. There is no falling back: a policy that cannot be read is no policy.
pub fn load(setting: &str) -> Result<Policy, String> {
    if let Ok(preset) = setting.parse::<Preset>() {
        return Ok(Policy::preset(preset));
    }
    let path = Path::new(setting);
    let how = "Give open, careful, strict, or a TOML file with rules.";
    let size =
        std::fs::metadata(path).map_err(|error| format!("policy {setting} cannot be read: {error}\n{how}"))?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("policy {setting} is larger than {FILE_BYTES_MAX} bytes\n{how}"));
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("policy {setting} cannot be read: {error}\n{how}"))?;
    Policy::parse(&text, setting).map_err(|error| error.to_string())
}

/// Prints the rules of a policy, or what is wrong with it.
///
/// # Errors
/// As [`load`].
pub fn check(setting: &str) -> Result<(), String> {
    let policy = load(setting)?;
    println!("ok: {} ({} rules)", policy.name(), policy.rule_names().count());
    for name in policy.rule_names() {
        println!("  {name}");
    }
    Ok(())
}
