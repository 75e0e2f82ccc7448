//! What a key may do.

use std::fmt;
use std::str::FromStr;

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Call tools, open and close its own sessions.
    Agent,
    /// See the tenant's sessions live.
    View,
    /// Decide approvals.
    Approve,
    /// Take the wheel of a session.
    Control,
    /// All of the above, pool limits, every tenant.
    Admin,
}

impl Scope {
    /// All scopes, in the order they are printed.
    pub const ALL: [Self; 5] = [Self::Agent, Self::View, Self::Approve, Self::Control, Self::Admin];

    /// The word used in files, on the wire and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::View => "view",
            Self::Approve => "approve",
            Self::Control => "control",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Agent => 1,
            Self::View => 2,
            Self::Approve => 4,
            Self::Control => 8,
            Self::Admin => 16,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.word() == word)
            .ok_or_else(|| format!("\"{word}\" is no scope; scopes are agent, view, approve, control, admin"))
    }
}

/// A set of scopes; `admin` includes all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Does the set hold `scope`, by itself or through `admin`?
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// The set with `scope` in it.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// The words of the set, for the wire: with `admin`, all of them.
    #[must_use]
    pub fn words(self) -> Vec<String> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(|scope| scope.word().to_owned()).collect()
    }
}

impl FromStr for Scopes {
    type Err = String;

    /// Reads `view,approve`; at least one.
    fn from_str(words: &str) -> Result<Self, String> {
        let named = words.split(',').map(str::trim).filter(|word| !word.is_empty());
        let scopes: Self = named.map(Scope::from_str).collect::<Result<_, _>>()?;
        if scopes == Self::default() {
            return Err("no scope is named; scopes are agent, view, approve, control, admin".to_owned());
        }
        Ok(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_as_they_were_written() {
        for scope in Scope::ALL {
            let scopes = Scopes::default().with(scope).with(Scope::View);
            assert!(Scope::ALL.into_iter().all(|one| {
                scopes.words().join(",").parse::<Scopes>().is_ok_and(|back| back.has(one) == scopes.has(one))
            }));
        }
        assert!("".parse::<Scopes>().is_err() && "agent,root".parse::<Scopes>().is_err());
    }

    #[test]
    fn admin_includes_all_and_agent_includes_nothing_else() {
        let admin = Scopes::default().with(Scope::Admin);
        assert!(Scope::ALL.into_iter().all(|scope| admin.has(scope)));
        let agent = Scopes::default().with(Scope::Agent);
        assert!(Scope::ALL.into_iter().all(|scope| agent.has(scope) == (scope == Scope::Agent)));
    }
}
