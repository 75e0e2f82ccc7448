//! Identifiers as they appear on the wire: a letter that says what they name, then random text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest identifier accepted from outside, in bytes. Ours are 18 to 28 bytes.
const ID_BYTES_MAX: usize = 64;

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// The letter and underscore every identifier of this kind begins with.
    pub prefix: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not an identifier: it must begin with \"{}\" and hold only letters, digits, '-' and '_'",
            self.prefix
        )
    }
}

impl std::error::Error for IdError {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(String);

        impl $name {
            /// What every identifier of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an identifier from its random part (letters, digits, `-`, `_`).
            ///
            /// # Errors
            /// [`IdError`] when `random` is empty, too long or holds another character.
            pub fn from_random(random: &str) -> Result<Self, IdError> {
                format!("{}{random}", $prefix).parse()
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let tail = text.strip_prefix($prefix).ok_or(IdError { prefix: $prefix })?;
                let plain = tail.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if tail.is_empty() || text.len() > ID_BYTES_MAX || !plain {
                    return Err(IdError { prefix: $prefix });
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// One browser session: one owner, one context, its tabs.
    SessionId, "s_"
}
id! {
    /// One held call, waiting for a person or already decided.
    ApprovalId, "a_"
}
id! {
    /// One grant: what a rule asks about, let through for a while in one session.
    GrantId, "g_"
}
id! {
    /// One link to a session, for somebody without a key.
    LinkId, "l_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!("s_abc".parse::<SessionId>().is_ok());
        assert!("a_abc".parse::<SessionId>().is_err());
        assert!("s_".parse::<SessionId>().is_err());
        assert!("s_a/../b".parse::<SessionId>().is_err());
    }
}
