//! Starting Chromium: its flags, its user, its pipes.
//!
//! The flags that keep a page off the inside network stand here together with why. The layers the kernel enforces (a private
//! network namespace, Landlock) belong between the fork and the exec of [`spawn`]; until they are there, the proxy and these flags are what holds.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tokio::process::{Child, Command};

use super::BrowserError;
use super::cdp::PipeTransport;
use super::door::Door;
use super::executable::{Build, Executable};
use super::profile::Profile;
use super::run_as::RunAs;
use crate::config::MaskConfig;

/// What the out-of-memory killer adds to a browser's weight, of 1,000.
const OOM_SCORE: &str = "200";

/// Chromium's own sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    On,
    /// Only by an explicit setting, and logged at every start.
    Off,
}

/// Where a browser comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Started by us, over a pipe.
    Start(Executable),
    /// Running elsewhere: its `ws://…/devtools/browser/…` address. Its flags, its user and its end are somebody else's business.
    Elsewhere(String),
    /// None at all, for tests.
    #[cfg(test)]
    Fake(super::fake::Fakes),
}

/// How the live picture of a tab is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CastOptions {
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Widest picture, device pixels.
    pub width_max: u32,
    /// Highest picture, device pixels.
    pub height_max: u32,
    /// Pictures a second, however many watch.
    pub fps_max: u32,
}

/// All that is needed to start a Chromium.
#[derive(Debug, Clone)]
pub struct LaunchOptions {
    pub source: Source,
    /// `None`: the service's own user (which is then not root).
    pub run_as: Option<RunAs>,
    pub sandbox: Sandbox,
    /// Where profile folders are made.
    pub profiles: PathBuf,
    /// Appended last, so an operator's flag wins.
    pub extra_args: Vec<String>,
    /// From the start of the process to its first answer.
    pub launch_deadline: Duration,
    /// The usual deadline of one CDP command.
    pub command_deadline: Duration,
    /// Viewport of new pages, CSS pixels.
    pub viewport: (u32, u32),
    /// Tabs of one context; popups beyond it are closed before their first request.
    pub pages_max: usize,
    pub cast: CastOptions,
    /// What pages are about to send is looked at here, when it is watched.
    pub door: Arc<Door>,
    /// Fields that no picture shows.
    pub mask: MaskConfig,
    /// Does `/dev/shm` hold enough for Chromium's shared memory?
    pub shm_usable: bool,
}

/// A started Chromium and our ends of its pipes.
pub(super) struct Spawned {
    pub child: Child,
    pub transport: PipeTransport,
    pub profile: Profile,
}

/// Starts Chromium in a process group of its own.
pub(super) fn spawn(executable: &Executable, options: &LaunchOptions) -> Result<Spawned, BrowserError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| BrowserError::Launch {
        what: format!("Chromium could not be started: {what}: {error}"),
        hint: "run `helmwatch doctor` to see what is missing".to_owned(),
    };
    if options.sandbox == Sandbox::On && options.run_as.is_none() && nix::unistd::geteuid().is_root() {
        return Err(BrowserError::Launch {
            what: "Chromium's sandbox does not work for root".to_owned(),
            hint: "set browser.user to an unprivileged user (the default is nobody)".to_owned(),
        });
    }
    let profile = Profile::create(&options.profiles, options.run_as).map_err(|e| failed("its profile folder", &e))?;
    let (for_browser, to_browser) = pipe().map_err(|e| failed("a pipe", &e))?;
    let (from_browser, by_browser) = pipe().map_err(|e| failed("a pipe", &e))?;

    let mut command = std::process::Command::new(&executable.path);
    command
        .args(flags(executable.build, options, profile.path()))
        .env_clear()
        .env("HOME", profile.path())
        .env("TMPDIR", profile.path())
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        // There is no session bus for it to look for.
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .current_dir(profile.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        if let Some(run_as) = options.run_as {
            command.uid(run_as.uid).gid(run_as.gid);
        }
    }
    command
        .fd_mappings(vec![
            FdMapping { parent_fd: for_browser, child_fd: 3 },
            FdMapping { parent_fd: by_browser, child_fd: 4 },
        ])
        .map_err(|e| failed("its pipes", &e))?;
    let mut command = Command::from(command);
    command.kill_on_drop(true);
    let child = command.spawn().map_err(|e| failed(&executable.path.display().to_string(), &e))?;
    // The command holds Chromium's ends of the pipes; with them open here its death would go unseen.
    drop(command);
    if let Some(pid) = child.id() {
        offer_to_oom_killer(pid);
    }
    let transport = PipeTransport::new(to_browser, from_browser).map_err(|e| failed("its pipes", &e))?;
    Ok(Spawned { child, transport, profile })
}

/// When memory runs out, a browser goes before the service does; its renderers, for which Chromium says 300 itself, before it. What it
/// starts from now on inherits the number.
fn offer_to_oom_killer(pid: u32) {
    if let Err(error) = std::fs::write(format!("/proc/{pid}/oom_score_adj"), OOM_SCORE) {
        tracing::debug!(%error, "a browser is not marked for the out-of-memory killer");
    }
}

fn pipe() -> nix::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    Ok((read, write))
}

/// The command line. Order matters only for the operator's own flags, which come last.
fn flags(build: Build, options: &LaunchOptions, profile: &Path) -> Vec<String> {
    let (width, height) = options.viewport;
    let mut flags: Vec<String> = [
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--hide-scrollbars",
        "--mute-audio",
        "--disable-gpu",
        "--force-color-profile=srgb",
        "--password-store=basic",
        // Pages keep running and painting although nobody sees a window.
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--disable-ipc-flooding-protection",
        // The browser's own traffic.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-domain-reliability",
        "--disable-client-side-phishing-detection",
        "--no-pings",
        // Egress: the default context leads nowhere, each of ours names its own proxy. Without the bypass rule loopback would skip every proxy.
        "--proxy-server=http://127.0.0.1:9",
        "--proxy-bypass-list=<-loopback>",
        // Names are resolved by the proxy alone.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--dns-over-https-mode=off",
        // What does not go through an HTTP proxy must not go at all.
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--disable-quic",
        // Pages may offer tools to agents (WebMCP); a Chromium that does not know the word ignores it.
        "--enable-blink-features=WebMCP",
    ]
    .map(str::to_owned)
    .to_vec();
    flags.push(match build {
        Build::HeadlessShell => "--headless".to_owned(),
        Build::Full => "--headless=new".to_owned(),
    });
    flags.push(format!("--window-size={width},{height}"));
    flags.push(format!("--user-data-dir={}", profile.display()));
    if !options.shm_usable {
        flags.push("--disable-dev-shm-usage".to_owned());
    }
    if options.sandbox == Sandbox::Off {
        tracing::warn!("Chromium runs WITHOUT its sandbox: a page that breaks out owns this user");
        flags.push("--no-sandbox".to_owned());
    }
    flags.extend(options.extra_args.iter().cloned());
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> LaunchOptions {
        LaunchOptions {
            door: Door::new(|_, _| false),
            source: Source::Elsewhere(String::new()),
            run_as: None,
            sandbox: Sandbox::On,
            profiles: "/x".into(),
            extra_args: vec!["--lang=de".into()],
            launch_deadline: Duration::from_secs(10),
            command_deadline: Duration::from_secs(10),
            viewport: (1280, 720),
            pages_max: 16,
            mask: MaskConfig::default(),
            cast: CastOptions { quality: 70, width_max: 1_920, height_max: 1_200, fps_max: 60 },
            shm_usable: true,
        }
    }

    #[test]
    fn the_sandbox_stays_on_and_no_port_is_opened() {
        let flags = flags(Build::HeadlessShell, &options(), Path::new("/x/p"));
        assert!(flags.iter().all(|flag| !flag.contains("no-sandbox") && !flag.contains("remote-debugging-port")));
        assert_eq!(flags.last().map(String::as_str), Some("--lang=de"));
    }

    #[test]
    fn every_flag_that_keeps_pages_inside_is_there() {
        let flags = flags(Build::HeadlessShell, &options(), Path::new("/x/p"));
        for needed in [
            "--proxy-server=http://127.0.0.1:9",
            "--proxy-bypass-list=<-loopback>",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--disable-quic",
            "--dns-over-https-mode=off",
            "--no-pings",
        ] {
            assert!(flags.iter().any(|flag| flag == needed), "{needed} is missing");
        }
    }
}
