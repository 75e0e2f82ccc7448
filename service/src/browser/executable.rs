//! Which Chromium to start.

use std::path::{Path, PathBuf};

use super::BrowserError;

/// Debian's real binaries. The scripts in `/usr/bin` keep a shell between us and Chromium, so they are not started.
const HEADLESS_SHELL: &[&str] = &["/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium/headless_shell"];
const FULL: &[&str] = &["/usr/lib/chromium/chromium", "/opt/google/chrome/chrome"];

/// The kind of build: the shell starts and opens pages several times faster, the full browser has a few features more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    HeadlessShell,
    Full,
}

/// A Chromium to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    pub path: PathBuf,
    pub build: Build,
}

impl Executable {
    /// The one named, or else the first found: headless shell before full Chromium.
    ///
    /// # Errors
    /// `Launch`, with what to install, when there is none.
    pub fn find(named: Option<&Path>) -> Result<Self, BrowserError> {
        if let Some(path) = named {
            if !path.is_file() {
                return Err(BrowserError::Launch {
                    what: format!("no Chromium at {}", path.display()),
                    hint: "set browser.executable to an existing Chromium, or remove the setting to have one found"
                        .to_owned(),
                });
            }
            return Ok(Self { path: path.to_owned(), build: build_of(path) });
        }
        let known = HEADLESS_SHELL.iter().chain(FULL).map(PathBuf::from).find(|path| path.is_file());
        let found = known.or_else(|| {
            chromiumoxide::detection::default_executable(chromiumoxide::detection::DetectionOptions::default()).ok()
        });
        found.map(|path| Self { build: build_of(&path), path }).ok_or_else(|| BrowserError::Launch {
            what: "no Chromium found".to_owned(),
            hint: "install it with: apt-get install chromium-headless-shell (or set browser.executable)".to_owned(),
        })
    }
}

fn build_of(path: &Path) -> Build {
    let name = path.file_name().map(|name| name.to_string_lossy().replace('_', "-")).unwrap_or_default();
    if name.contains("headless-shell") { Build::HeadlessShell } else { Build::Full }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_executable_says_what_to_do() {
        let error = Executable::find(Some(Path::new("/nowhere/chromium"))).expect_err("there is none");
        assert!(matches!(error, BrowserError::Launch { hint, .. } if hint.contains("browser.executable")));
    }

    #[test]
    fn the_build_is_read_off_the_name() {
        assert_eq!(build_of(Path::new("/usr/lib/chromium/chromium-headless-shell")), Build::HeadlessShell);
        assert_eq!(build_of(Path::new("/x/headless_shell")), Build::HeadlessShell);
        assert_eq!(build_of(Path::new("/usr/lib/chromium/chromium")), Build::Full);
    }
}
