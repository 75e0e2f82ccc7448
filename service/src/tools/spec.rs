//! What a client is told of a tool.

use std::str::FromStr;

use serde_json::{Map, Value};

/// A toolset, chosen by the key or the URL (`/mcp?caps=vision,storage`), never by a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    Core,
    Vision,
    Pdf,
    Network,
    Storage,
    Testing,
    Devtools,
    Config,
}

impl Capability {
    /// Every toolset, in the order of the tool reference.
    pub const ALL: [Self; 8] = [
        Self::Core,
        Self::Vision,
        Self::Pdf,
        Self::Network,
        Self::Storage,
        Self::Testing,
        Self::Devtools,
        Self::Config,
    ];

    /// The word in `caps=`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Vision => "vision",
            Self::Pdf => "pdf",
            Self::Network => "network",
            Self::Storage => "storage",
            Self::Testing => "testing",
            Self::Devtools => "devtools",
            Self::Config => "config",
        }
    }
}

/// A set of toolsets; `core` is always in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities(Vec<Capability>);

impl Capabilities {
    /// Is the toolset chosen?
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        capability == Capability::Core || self.0.contains(&capability)
    }
}

impl FromStr for Capabilities {
    type Err = String;

    /// Reads `vision,storage`.
    fn from_str(words: &str) -> Result<Self, String> {
        let mut chosen = Vec::new();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let capability = Capability::ALL.into_iter().find(|one| one.word() == word).ok_or_else(|| {
                let known = Capability::ALL.map(Capability::word).join(", ");
                format!("\"{word}\" is no toolset; toolsets are {known}")
            })?;
            chosen.push(capability);
        }
        Ok(Self(chosen))
    }
}

/// The four annotations of MCP, set honestly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the four annotations of the MCP specification are four booleans")]
pub struct Hints {
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    pub open_world: bool,
}

impl Hints {
    /// Looks at the page, changes nothing.
    pub const READ: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: true };
    /// Changes the page or the site.
    pub const ACT: Self = Self { read_only: false, destructive: true, idempotent: false, open_world: true };
}

/// One tool, as `tools/list` shows it. Built once at start.
#[derive(Debug, Clone)]
pub struct ToolSpec {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub capability: Capability,
    pub hints: Hints,
    /// JSON schema of the arguments: an object schema.
    pub schema: Map<String, Value>,
}
