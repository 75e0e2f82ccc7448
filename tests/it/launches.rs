//! A Chromium that cannot be started, in every way it fails (FAULTS F32): told in two lines, tried again less and less often, ready again
//! by itself, and nothing left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;

use crate::room::{Room, SOON};

/// What it does in place of starting.
const FAILURES: [(&str, &str); 5] = [
    ("ends at once and says all is well", "exit 0"),
    ("ends at once", "echo 'error while loading shared libraries: libnss3.so' >&2; exit 127"),
    ("hangs", "sleep 1000"),
    ("writes what is no protocol", "printf 'garbage\\0[1,2]\\0\\377\\376\\0{}\\0' >&4; sleep 1000"),
    ("answers what nobody can read", "printf '{\"id\":1,\"result\":{}}\\0{\"id\":1,\"result\":7}\\0' >&4; sleep 1000"),
];

/// The real one, which the script becomes when it is to work.
const REAL: &str = "/usr/lib/chromium/chromium-headless-shell";

/// A script in Chromium's place that fails while there is a file `broken`, with what that file says.
struct Fake {
    folder: TempDir,
}

impl Fake {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // Chromium's own user must get at it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let script = folder.path().join("chromium-headless-shell");
        let broken = folder.path().join("broken");
        let broken = broken.display();
        fs::write(&script, format!("#!/bin/sh\nif [ -e {broken} ]; then . {broken}; fi\nexec {REAL} \"$@\"\n"))
            .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        fs::set_permissions(folder.path().join("tmp"), fs::Permissions::from_mode(0o711)).unwrap();
        Self { folder }
    }

    fn breaks(&self, how: &str) {
        fs::write(self.folder.path().join("new"), format!("{how}\n")).unwrap();
        fs::rename(self.folder.path().join("new"), self.folder.path().join("broken")).unwrap();
    }

    fn works(&self) {
        fs::remove_file(self.folder.path().join("broken")).unwrap();
    }

    fn options(&self, options: Options) -> Options {
        let script = self.folder.path().join("chromium-headless-shell");
        let config = format!("[browser]\nexecutable = \"{}\"\nlaunch_deadline_ms = 3000\n", script.display());
        let mut options = options.config(&config);
        options.environment.push(("TMPDIR".to_owned(), self.folder.path().join("tmp").display().to_string()));
        options
    }

    /// Folders of browsers and files there are now.
    fn folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.folder.path().join("tmp"), &mut found);
        found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("profile-")));
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("profile-")) {
            walk(&path, found);
        }
        found.push(path);
    }
}

/// F32: at the first start.
#[tokio::test]
async fn a_service_whose_chromium_does_not_start_says_so_and_leaves_nothing() {
    for (what, how) in FAILURES {
        let fake = Fake::new();
        fake.breaks(how);
        let refused = Service::refuse(&fake.options(Options::default()), Duration::from_secs(30)).await.unwrap();
        assert!(!refused.status.success(), "{what}: {}", refused.text);
        assert!(refused.text.contains("Chromium did not start"), "{what}: {}", refused.text);
        assert!(!refused.text.contains("panicked"), "{what}: {}", refused.text);
        assert_eq!(fake.folders(), Vec::<PathBuf>::new(), "{what}");
    }
}

/// F32: while it runs.
#[tokio::test]
async fn while_chromium_does_not_start_the_service_lives_is_not_ready_and_comes_back_by_itself() {
    for (what, how) in FAILURES {
        let fake = Fake::new();
        let room = Room::with(|options| fake.options(options)).await;
        let agent = room.agent().await;
        agent.goto(&room.site.url("/form")).await;
        fake.breaks(how);
        for browser in room.service.children().into_iter().filter(|one| one.is_browser()) {
            kill(Pid::from_raw(browser.pid), Signal::SIGKILL).unwrap();
        }
        let status = async |path: &str| room.service.api("GET", path, None, None).await.unwrap();
        let unready = until("/readyz to say no", SOON, async || (status("/readyz").await.0 == 503).then_some(()));
        unready.await.unwrap_or_else(|fault| panic!("{what}: {fault}\n{}", room.service.log()));
        assert_eq!(status("/healthz").await.0, 200, "{what}");
        let (_, ready) = status("/readyz").await;
        assert!(ready["missing"][0].as_str().is_some_and(|line| line.contains("Chromium")), "{what}: {ready}");
        let told = agent.refused("session_open", json!({ "name": "none" })).await;
        assert!(told.contains("Chromium"), "{what}: {told}");

        // Nobody is sent to a service that is not ready: it finds out by itself.
        fake.works();
        let again = until("/readyz to say yes", 4 * SOON, async || (status("/readyz").await.0 == 200).then_some(()));
        again.await.unwrap_or_else(|fault| panic!("{what}: {fault}\n{}", room.service.log()));
        agent.ok("session_open", json!({ "name": "some" })).await;
        agent.ok("browser_navigate", json!({ "session": "some", "url": room.site.url("/form") })).await;
        // One folder for each browser that runs, and one for files: none of those that failed.
        let running = room.service.children().into_iter().filter(|one| one.is_browser()).count();
        let folders = fake.folders().into_iter().filter(|path| path.is_dir()).count();
        assert_eq!(folders, running + 1, "{what}: {:?}", fake.folders());
        let log = room.service.log_lines_with("panicked");
        assert!(log.is_empty(), "{what}: {log:?}");
        room.close().await;
        assert_eq!(fake.folders(), Vec::<PathBuf>::new(), "{what}");
    }
}
