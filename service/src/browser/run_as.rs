//! Who Chromium runs as when the service is root.

use super::BrowserError;

/// The user and group Chromium runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunAs {
    pub uid: u32,
    pub gid: u32,
}

impl RunAs {
    /// Looks a user up by name.
    ///
    /// # Errors
    /// `Launch` when there is no such user.
    pub fn named(name: &str) -> Result<Self, BrowserError> {
        match nix::unistd::User::from_name(name) {
            Ok(Some(user)) => Ok(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }),
            _ => Err(BrowserError::Launch {
                what: format!("there is no user \"{name}\" to run Chromium as"),
                hint: "create it, or set browser.user to an existing unprivileged user".to_owned(),
            }),
        }
    }
}
