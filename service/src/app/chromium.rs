//! From settings to a Chromium that can be started.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::statvfs::statvfs;

use crate::browser::{BrowserError, CastOptions, Door, Executable, LaunchOptions, RunAs, Sandbox, Source};
use crate::config::{self, BrowserConfig, Config, Flavor};

/// Chromium keeps pictures and messages between its processes there; below this it runs out on ordinary pages.
pub(super) const SHM_FREE_BYTES_MIN: u64 = 64 << 20;

/// The options of every Chromium of this service.
///
/// # Errors
/// `Launch`, with what to do: no Chromium, no such user, the service is root and has no other user for it.
pub fn launch_options(config: &Config, door: Arc<Door>) -> Result<LaunchOptions, BrowserError> {
    let browser = &config.browser;
    Ok(LaunchOptions {
        source: match browser.connect.as_str() {
            "" => Source::Start(executable(browser)?),
            url => Source::Elsewhere(url.to_owned()),
        },
        run_as: run_as(browser)?,
        sandbox: match browser.sandbox {
            config::Sandbox::On => Sandbox::On,
            config::Sandbox::Off => Sandbox::Off,
        },
        profiles: profiles(),
        extra_args: browser.args.clone(),
        launch_deadline: Duration::from_millis(browser.launch_deadline_ms),
        command_deadline: Duration::from_millis(browser.command_deadline_ms),
        viewport: (browser.viewport_width, browser.viewport_height),
        pages_max: config.session.tabs_max,
        mask: config.mask,
        cast: CastOptions {
            quality: config.live.quality,
            width_max: config.live.width_max,
            height_max: config.live.height_max,
            fps_max: config.live.fps_max,
        },
        door,
        shm_usable: shm_free().is_some_and(|free| free >= SHM_FREE_BYTES_MIN),
    })
}

/// Profiles are emptied at every start and belong to another user: not in the data folder, which is private to the service.
fn profiles() -> PathBuf {
    std::env::temp_dir().join(format!("helmwatch-{}", nix::unistd::geteuid()))
}

fn executable(browser: &BrowserConfig) -> Result<Executable, BrowserError> {
    let named = Some(browser.executable.as_path()).filter(|path| !path.as_os_str().is_empty());
    if named.is_some() || browser.flavor == Flavor::Auto {
        return Executable::find(named);
    }
    let (folders, hint): (&[&str], _) = match browser.flavor {
        Flavor::HeadlessShell => (
            &["/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium-headless-shell"],
            "install it with: apt-get install chromium-headless-shell (or set browser.flavor to auto)",
        ),
        _ => (
            &["/usr/lib/chromium/chromium", "/opt/google/chrome/chrome", "/usr/bin/chromium"],
            "install it with: apt-get install chromium (or set browser.flavor to auto)",
        ),
    };
    match folders.iter().map(Path::new).find(|path| path.is_file()) {
        Some(path) => Executable::find(Some(path)),
        None => Err(BrowserError::Launch {
            what: "the wanted build of Chromium is not here (browser.flavor)".to_owned(),
            hint: hint.to_owned(),
        }),
    }
}

/// Chromium's sandbox refuses to run as root, rightly: as root, `browser.user` takes its place.
fn run_as(browser: &BrowserConfig) -> Result<Option<RunAs>, BrowserError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let user = match browser.user.parse::<u32>() {
        Ok(uid) => {
            let known = nix::unistd::User::from_uid(uid.into()).ok().flatten();
            RunAs { uid, gid: known.map_or(uid, |user| user.gid.as_raw()) }
        }
        Err(_) => RunAs::named(&browser.user)?,
    };
    if user.uid == 0 {
        return Err(BrowserError::Launch {
            what: "browser.user is root".to_owned(),
            hint: "set browser.user to an unprivileged user, as in nobody".to_owned(),
        });
    }
    Ok(Some(user))
}

/// Free bytes of `/dev/shm`; `None` when there is none.
pub(super) fn shm_free() -> Option<u64> {
    let numbers = statvfs("/dev/shm").ok()?;
    Some(numbers.blocks_available() as u64 * numbers.fragment_size() as u64)
}
