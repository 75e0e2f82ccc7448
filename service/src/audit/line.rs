//! One line.

use helmwatch_protocol::SessionId;

use crate::auth::Tenant;

/// Longest text of a line, in characters; what is longer is cut and ends in `…`.
const TEXT_CHARS_MAX: usize = 1_000;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A tool call and how it ended.
    Call,
    /// A card was asked, decided, or went another step.
    Approval,
    /// A person began or stopped looking at a session.
    Viewer,
    /// Who drives changed.
    Control,
    SessionOpened,
    SessionClosed,
    KeyMade,
    KeyRevoked,
    Login,
    /// A link to a session was made, used, refused or revoked.
    Link,
    /// The service started or stopped, or its limits were moved.
    Service,
    /// Lines are missing here; the text says how many.
    Gap,
}

impl Kind {
    /// The word it is stored by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Approval => "approval",
            Self::Viewer => "viewer",
            Self::Control => "control",
            Self::SessionOpened => "session_opened",
            Self::SessionClosed => "session_closed",
            Self::KeyMade => "key_made",
            Self::KeyRevoked => "key_revoked",
            Self::Login => "login",
            Self::Link => "link",
            Self::Service => "service",
            Self::Gap => "gap",
        }
    }
}

/// One line, before it is written. Secrets must be masked already.
#[derive(Debug, Clone)]
pub struct Line {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    pub kind: Kind,
    pub tenant: Tenant,
    /// Who did it: a key's id, or `service`.
    pub actor: String,
    pub session: Option<SessionId>,
    /// What it is about: an approval's or key's id, a tool's name.
    pub subject: Option<String>,
    /// One line in plain words.
    pub text: String,
    /// As in `ok`, `failed`, `refused`, `approved`.
    pub outcome: String,
    pub took_ms: Option<u64>,
}

impl Line {
    /// A line with only what every line has.
    #[must_use]
    pub fn new(at: u64, kind: Kind, tenant: Tenant, actor: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            tenant,
            actor: actor.into(),
            session: None,
            subject: None,
            text: text.into(),
            outcome: "ok".to_owned(),
            took_ms: None,
        }
    }

    pub(super) fn cut(&mut self) {
        let texts = [Some(&mut self.actor), self.subject.as_mut(), Some(&mut self.text), Some(&mut self.outcome)];
        for text in texts.into_iter().flatten() {
            if let Some((at, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
                text.truncate(at);
                text.push('…');
            }
        }
    }
}
