//! Whatever an agent gives as arguments is understood, or refused in two lines; nothing else comes of it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::terms::Terms;
use super::tool::Tool;
use super::{Wishes, catalog};
use crate::policy::Effect;

static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(catalog::tools);

/// Tokens of an answer, where the call says nothing.
const TOKENS: usize = 10_000;

/// The first line names a tool, or any tool by what it hashes to; the rest is its arguments.
pub fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, rest) = text.split_once('\n').unwrap_or(("", text));
    let named = TOOLS.iter().find(|tool| tool.spec.name == name);
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let tool = named.unwrap_or_else(|| &TOOLS[sum % TOOLS.len()]);
    let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(rest) else { return };

    let understood = understand(tool, arguments.clone());
    assert_eq!(understood, understand(tool, arguments), "{name}: the same arguments are understood the same way");
    let refused = match understood {
        Ok(effect) => {
            let reads_only = tool.spec.hints.read_only;
            assert!(effect == Effect::Read || !reads_only, "{} acts, and says that it only reads", tool.spec.name);
            return;
        }
        Err(refused) => refused,
    };
    assert!((1..=2).contains(&refused.lines().count()), "not two lines: {refused}");
    assert!(refused.chars().count() < 3_000, "{} characters", refused.chars().count());
}

fn understand(tool: &Tool, mut arguments: Map<String, Value>) -> Result<Effect, String> {
    let terms = Terms::of(tool.spec.name, &mut arguments, Wishes::default(), TOKENS);
    terms.map_err(|error| error.text())?;
    tool.prepare(arguments).map(|prepared| prepared.effect).map_err(|error| error.text())
}
