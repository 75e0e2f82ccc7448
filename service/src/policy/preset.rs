//! The rule sets that ship with the program.

use std::fmt;
use std::str::FromStr;

/// A rule set that is compiled in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// Everything runs; for tests and for pages of one's own.
    Open,
    /// Asks before what is hard to take back: buying, deleting, sending, secrets, files.
    #[default]
    Careful,
    /// Asks before everything that is more than looking around one site.
    Strict,
}

impl Preset {
    /// All of them, from the widest to the narrowest.
    pub const ALL: [Self; 3] = [Self::Open, Self::Careful, Self::Strict];

    /// The word in `--policy`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Careful => "careful",
            Self::Strict => "strict",
        }
    }

    /// The rule file itself: a good start for one of one's own.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Open => include_str!("presets/open.toml"),
            Self::Careful => include_str!("presets/careful.toml"),
            Self::Strict => include_str!("presets/strict.toml"),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.word() == word)
            .ok_or_else(|| format!("\"{word}\" is no preset; presets are open, careful, strict"))
    }
}
