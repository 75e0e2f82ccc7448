//! The service told to end, killed, or short of something (FAULTS F29–F35): it says so, keeps what must be kept, and comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use helmwatch_tests::service::Options;
use helmwatch_tests::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;

use crate::room::{Hand, Room, SOON};

fn signal(room: &Room, signal: Signal) {
    kill(Pid::from_raw(room.service.process().pid), signal).unwrap();
}

/// The service said that it ends.
async fn draining(room: &Room) {
    let unready = until("/readyz to say no", SOON, async || {
        (room.service.api("GET", "/readyz", None, None).await.ok()?.0 == 503).then_some(())
    });
    unready.await.unwrap();
}

/// A call that the page answers when the test says so, and has begun when this returns.
async fn begun(room: &Room, path: &str) {
    room.site.wait_for("GET", path, SOON).await.unwrap();
}

/// F29: 503 with a time to come back, and the running call is answered.
#[tokio::test]
async fn told_to_end_it_takes_nothing_new_and_lets_what_runs_come_to_its_end() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let call = agent.evaluate("() => fetch('/until-told').then(answer => answer.text())");
    let (answer, ()) = tokio::join!(call, async {
        begun(&room, "/until-told").await;
        signal(&room, Signal::SIGTERM);
        draining(&room).await;
        let http = reqwest::Client::new();
        let opening = http.post(format!("{}/v1/sessions", room.service.base())).bearer_auth(room.service.admin_key());
        let refused = opening.json(&json!({})).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 503);
        assert!(refused.headers().contains_key("retry-after"), "{:?}", refused.headers());
        let told = agent.refused("session_open", json!({ "name": "late" })).await;
        assert!(told.contains("shutting down"), "{told}");
        assert_eq!(room.service.api("GET", "/healthz", None, None).await.unwrap().0, 200);
        room.site.tell_the_page();
    });
    assert_eq!(answer, "\"now\"");
    room.close().await;
}

/// F29: the second signal means now.
#[tokio::test]
async fn told_twice_it_ends_at_once() {
    let room = Room::with(|options| options.policy("open").config("[shutdown]\ngrace_ms = 600000\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let call = agent.client.call("browser_evaluate", json!({ "function": "() => fetch('/never')" }));
    let Room { site, service } = room;
    let (_, ended) = tokio::join!(call, async {
        site.wait_for("GET", "/never", SOON).await.unwrap();
        let process = service.process();
        kill(Pid::from_raw(process.pid), Signal::SIGTERM).unwrap();
        let unready = until("/readyz to say no", SOON, async || {
            (service.api("GET", "/readyz", None, None).await.ok()?.0 == 503).then_some(())
        });
        unready.await.unwrap();
        // It waits at most 40 s here, and the grace is ten minutes.
        service.stop().await.unwrap()
    });
    assert!(ended.status.success() && ended.left.is_empty(), "{ended:?}");
}

/// A folder for temporary files that Chromium's own user can pass through.
fn open_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn in_folder(options: Options, folder: &Path) -> Options {
    let mut options = options;
    options.environment.push(("TMPDIR".to_owned(), folder.display().to_string()));
    options
}

/// Folders of browsers and files under a temporary folder.
fn profiles(folder: &Path) -> Vec<PathBuf> {
    let bases = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let inner = bases.flat_map(|base| fs::read_dir(base).unwrap().flatten().map(|entry| entry.path()));
    inner.filter(|path| path.is_dir()).collect()
}

/// F30, F31: by locks, whatever numbers stand in names and files.
#[tokio::test]
async fn what_a_killed_service_left_is_swept_at_the_next_start_and_nothing_of_a_living_one() {
    let folder = open_folder();
    let dead = Room::with(|options| in_folder(options, folder.path())).await;
    dead.agent().await.goto(&dead.site.url("/form")).await;
    let living = Room::with(|options| in_folder(options, folder.path())).await;
    let both = profiles(folder.path());
    // Folders by names and numbers that are in use mean nothing without a lock.
    let base = both[0].parent().unwrap().to_owned();
    let stale = base.join(format!("profile-{}", living.service.process().pid));
    fs::create_dir(&stale).unwrap();
    fs::write(stale.join("SingletonLock"), living.service.process().pid.to_string()).unwrap();
    fs::write(stale.with_extension("lock"), living.service.process().pid.to_string()).unwrap();
    let ended = dead.service.kill().await.unwrap();
    assert!(ended.left.is_empty(), "{:#?}", ended.left);

    let next = Room::with(|options| in_folder(options, folder.path())).await;
    assert!(!stale.exists(), "nobody holds its lock");
    let agent = living.agent().await;
    agent.goto(&living.site.url("/form")).await;
    next.agent().await.goto(&next.site.url("/form")).await;
    next.close().await;
    living.close().await;
    assert_eq!(profiles(folder.path()), Vec::<PathBuf>::new());
}

/// F30: also before it is ready.
#[tokio::test]
async fn killed_at_any_moment_of_its_start_it_leaves_nothing_that_the_next_start_does_not_sweep() {
    let folder = open_folder();
    let data = TempDir::new().unwrap();
    for wait_ms in [0, 20, 60, 120, 200, 300, 450, 700] {
        let mut child = Command::new(helmwatch_tests::service::executable().unwrap())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .env("TMPDIR", folder.path())
            .env("HELMWATCH_ADMIN_KEY", "hw_test_a_key_that_is_long_enough")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // The moment is what is tried, not a wait for anything.
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
        let process = helmwatch_tests::processes::Process::of(child.id().cast_signed()).unwrap();
        let tree = process.tree();
        child.kill().unwrap();
        child.wait().unwrap();
        let gone = until("the last process", SOON, async || tree.iter().all(|one| !one.alive()).then_some(()));
        gone.await.unwrap();
    }
    let room = Room::with(|options| in_folder(options, folder.path())).await;
    room.agent().await.goto(&room.site.url("/form")).await;
    room.close().await;
    assert_eq!(profiles(folder.path()), Vec::<PathBuf>::new());
}

/// A file system of its own, as large as is said; gone when this is dropped.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None` where mounting is not allowed.
    fn new(mib: u32) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let size = format!("size={mib}m,mode=711");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).status().ok()?;
        mounted.success().then_some(Self { folder })
    }

    /// Takes all that is left, to the last byte.
    fn fill(&self) {
        let written = fs::File::create(self.folder.path().join("filler")).and_then(|mut file| {
            use std::io::Write as _;
            loop {
                file.write_all(&[1; 4096])?;
            }
        });
        let full: std::io::Result<()> = written;
        assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        fs::remove_file(self.folder.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a service that failed its test may still hold it.
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        if unmounted.is_err() {
            eprintln!("{} stays mounted", self.folder.path().display());
        }
    }
}

/// Presses a button that is held, denies it if it is held, and says whether it was.
async fn pressed(room: &Room, agent: &Hand) -> (bool, String) {
    let press = agent.client.call("browser_click", json!({ "target": "#buy" }));
    let mut press = std::pin::pin!(press);
    let mut held = false;
    let answer = until("the call's end", SOON * 3, async || {
        tokio::select! {
            answer = &mut press => Some(answer.unwrap()),
            () = tokio::task::yield_now() => {
                if let Some(card) = room.pending().await.first() {
                    held = true;
                    room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await;
                }
                None
            }
        }
    });
    let answer = answer.await.unwrap();
    (held, answer.text)
}

/// F33: the database's disk.
#[tokio::test]
async fn with_the_disk_full_nothing_that_needs_a_person_runs_and_with_room_again_all_goes_on() {
    let Some(disk) = Disk::new(6) else {
        println!("not run: no file system may be mounted here");
        return;
    };
    let data = std::sync::Arc::new(TempDir::new_in(disk.folder.path()).unwrap());
    let room = Room::with(|mut options| {
        options.data = Some(std::sync::Arc::clone(&data));
        options
    })
    .await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/once/full")).await;
    disk.fill();
    // What the database has set aside may hold a few more.
    let mut refused = None;
    for _ in 0..200 {
        let (held, answer) = pressed(&room, &agent).await;
        if !held {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap_or_else(|| panic!("two hundred cards on a full disk\n{}", room.service.log()));
    println!("{refused}");
    crate::room::two_lines("a press with the disk full", &refused);
    assert_eq!(room.site.count("POST", "/buy"), 0, "nothing runs without a record");
    // Looking needs no disk.
    assert_eq!(agent.evaluate("() => document.title").await, "\"Once\"");
    disk.free();
    let press = agent.client.call("browser_click", json!({ "target": "#buy" }));
    let (answer, ()) = tokio::join!(press, async {
        let card = room.held().await;
        let (status, body) = room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "approve").await;
        assert_eq!(status, 200, "{body}");
    });
    let answer = answer.unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    room.close().await;
}

/// F33: the disk of browsers.
#[tokio::test]
async fn with_the_browsers_disk_full_the_service_lives_and_comes_back() {
    let Some(disk) = Disk::new(40) else {
        println!("not run: no file system may be mounted here");
        return;
    };
    let room = Room::with(|options| in_folder(options, disk.folder.path())).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    disk.fill();
    for browser in room.service.children().into_iter().filter(|one| one.is_browser()) {
        kill(Pid::from_raw(browser.pid), Signal::SIGKILL).unwrap();
    }
    // A browser may start all the same, or not: nobody waits for ever, and nobody falls.
    let answer = agent.call("session_open", json!({ "name": "full" })).await;
    println!("{}", answer.text);
    assert_eq!(room.service.api("GET", "/healthz", None, None).await.unwrap().0, 200);
    disk.free();
    let again = until("/readyz to say yes", 4 * SOON, async || {
        (room.service.api("GET", "/readyz", None, None).await.ok()?.0 == 200).then_some(())
    });
    again.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    agent.ok("session_open", json!({ "name": "some" })).await;
    agent.ok("browser_navigate", json!({ "session": "some", "url": room.site.url("/form") })).await;
    room.close().await;
}

/// Sets a limit of a running process, as `prlimit` does.
fn limit(room: &Room, what: &str) {
    let set = Command::new("prlimit").args(["--pid", &room.service.process().pid.to_string(), what]).status().unwrap();
    assert!(set.success(), "{what}");
}

/// F34. That it asks again only now and then meanwhile is shown beside the code, under a clock that can be moved.
#[tokio::test]
async fn without_descriptors_it_waits_for_some_and_goes_on() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let folder = format!("/proc/{}/fd", room.service.process().pid);
    let open = || fs::read_dir(&folder).unwrap().count();
    let held = open();
    limit(&room, &format!("--nofile={}:", held + 8));
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(tokio::net::TcpStream::connect(("127.0.0.1", room.service.port())).await.unwrap());
    }
    let said = until("its words", SOON, async || {
        (!room.service.log_lines_with("raise the limit of open files").is_empty()).then_some(())
    });
    said.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    drop(idle);
    let answered = until("an answer", SOON, async || {
        (room.service.api("GET", "/healthz", None, None).await.ok()?.0 == 200).then_some(())
    });
    answered.await.unwrap();
    limit(&room, "--nofile=4096:");
    agent.goto(&room.site.url("/form")).await;
    agent.ok("session_open", json!({ "name": "more" })).await;
    room.close().await;
}

/// F35: by the limit of a user.
#[tokio::test]
async fn without_processes_no_browser_starts_and_with_some_again_it_does() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    // Of the user Chromium runs as: the service's own is not held by it.
    let pid = room.service.process().pid.to_string();
    let asked = Command::new("prlimit").args(["--pid", &pid, "--nproc", "--output=SOFT", "--noheadings"]).output();
    let before = String::from_utf8(asked.unwrap().stdout).unwrap().trim().to_owned();
    limit(&room, "--nproc=1:");
    for browser in room.service.children().into_iter().filter(|one| one.is_browser()) {
        kill(Pid::from_raw(browser.pid), Signal::SIGKILL).unwrap();
    }
    let ready = async || room.service.api("GET", "/readyz", None, None).await.map_or(0, |(status, _)| status);
    let unready = until("/readyz to say no", SOON, async || (ready().await == 503).then_some(()));
    unready.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let told = agent.refused("session_open", json!({ "name": "none" })).await;
    assert!(told.contains("Chromium"), "{told}");
    limit(&room, &format!("--nproc={before}:"));
    let again = until("/readyz to say yes", 4 * SOON, async || (ready().await == 200).then_some(()));
    again.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    agent.ok("session_open", json!({ "name": "some" })).await;
    room.close().await;
}

/// F46: the pipe is full, lines are dropped and counted.
#[tokio::test]
async fn a_log_that_nobody_reads_costs_lines_and_no_calls() {
    let data = TempDir::new().unwrap();
    let config = data.path().join("test.toml");
    fs::write(&config, "[log]\nfilter = \"debug\"\nlines_waiting_max = 64\n").unwrap();
    let key = "hw_test_a_key_that_is_long_enough";
    let mut child = tokio::process::Command::new(helmwatch_tests::service::executable().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .arg("--data-dir")
        .arg(data.path())
        .env("HELMWATCH_ADMIN_KEY", key)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // Standard error is a pipe that is never read: 64 KiB, and it is full.
    let _never_read = child.stderr.take().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
    let base = loop {
        let line = lines.next_line().await.unwrap().expect("it names its address");
        if let Some(at) = line.find("http://127.0.0.1:") {
            let port: String = line[at + 17..].chars().take_while(char::is_ascii_digit).collect();
            break format!("http://127.0.0.1:{port}");
        }
    };
    let http = reqwest::Client::new();
    let dropped = until("lines that are dropped and counted", 2 * SOON, async || {
        for _ in 0..200 {
            assert!(http.get(format!("{base}/healthz")).send().await.unwrap().status().is_success());
        }
        let numbers = http.get(format!("{base}/metrics")).bearer_auth(key).send().await.unwrap().text().await.unwrap();
        let line = numbers.lines().find_map(|line| line.strip_prefix("helmwatch_log_lines_dropped_total "))?;
        line.parse::<u64>().ok().filter(|dropped| *dropped > 0)
    });
    dropped.await.unwrap();
    // Nor does it wait for its reader at its end.
    kill(Pid::from_raw(child.id().unwrap().cast_signed()), Signal::SIGTERM).unwrap();
    let ended = tokio::time::timeout(2 * SOON, child.wait()).await.expect("it ends although nobody reads").unwrap();
    assert!(ended.success(), "{ended}");
}
