//! What containers are like (FAULTS F14, F35, F42, F44): little memory, few processes, next to no shared memory, and nobody above who
//! reaps. Each is made here by the kernel's own means; where this machine does not allow it, the test says so.

use helmwatch_tests::cgroup::Cgroup;
use helmwatch_tests::processes::Process;
use helmwatch_tests::service::executable;
use helmwatch_tests::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::room::{Hand, Room, SOON};

/// In a process namespace of its own, as its first process: what a container's main program is.
const FIRST: [&str; 5] = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
/// With a shared memory that holds a megabyte.
const TINY: &str = "mount -t tmpfs -o size=1m tmpfs /dev/shm && exec \"$0\" \"$@\"";

fn allowed(words: &[&str]) -> bool {
    let tried = std::process::Command::new(words[0]).args(&words[1..]).arg("true").status();
    let allowed = tried.is_ok_and(|status| status.success());
    if !allowed {
        println!("not run: {words:?} is not allowed here");
    }
    allowed
}

fn browsers(room: &Room) -> Vec<Process> {
    room.service.children().into_iter().filter(|one| one.is_browser()).collect()
}

async fn open(room: &Room, agent: &Hand, name: &str) {
    agent.ok("session_open", json!({ "name": name })).await;
    let url = room.site.url("/form");
    agent.ok("browser_navigate", json!({ "session": name, "url": url, "snapshot": "none" })).await;
}

/// F42, F1: as the first process of a container it is the parent of whatever its browsers leave behind, and reaps it; and the runtime still
/// hears of the ends it waits for.
#[tokio::test]
async fn as_the_first_process_it_reaps_what_browsers_leave_and_ends_when_told() {
    if !allowed(&FIRST) {
        return;
    }
    let room = Room::with(|options| options.policy("open").under(&FIRST)).await;
    let numbers = std::fs::read_to_string(format!("/proc/{}/status", room.service.process().pid)).unwrap();
    assert!(numbers.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1")), "{numbers}");
    let agent = room.agent().await;
    for name in ["one", "two", "three"] {
        open(&room, &agent, name).await;
        let before = browsers(&room);
        assert!(!before.is_empty());
        for browser in &before {
            kill(Pid::from_raw(browser.pid), Signal::SIGKILL).unwrap();
        }
        let replaced = until("its end and its session's", SOON, async || {
            let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.ok()?;
            (before.iter().all(|one| !one.alive()) && list["sessions"].as_array()?.is_empty()).then_some(())
        });
        replaced.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    }
    let reaped = until("all that ended to be reaped", SOON, async || {
        let dead = room.service.process().tree().into_iter().filter(|one| one.role() == "zombie").count();
        (dead == 0).then_some(())
    });
    reaped.await.unwrap_or_else(|fault| panic!("{fault}: {} zombies", room.service.process().zombies()));
    open(&room, &agent, "after").await;
    // With exit status 0, and nothing left: `close` looks.
    room.close().await;
}

/// F44: found at the start, and worked around; the doctor says what to do.
#[tokio::test]
async fn with_next_to_no_shared_memory_pages_are_shown_all_the_same() {
    let under = ["unshare", "--mount", "sh", "-c", TINY];
    if !allowed(&under) {
        return;
    }
    let flag = |room: &Room| {
        let lines = browsers(room).into_iter().map(|one| std::fs::read(format!("/proc/{}/cmdline", one.pid)).unwrap());
        lines.map(|line| String::from_utf8_lossy(&line).contains("--disable-dev-shm-usage")).collect::<Vec<_>>()
    };
    let room = Room::with(|options| options.policy("open").under(&under)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    assert_eq!(flag(&room), [true]);
    // Pictures of some megabytes, more than there is, which pass between its processes by shared memory.
    let large = "async () => { const canvas = Object.assign(document.createElement('canvas'), { width: 1500, height: 1500 }); const pen = canvas.getContext('2d'); pen.fillStyle = 'green'; pen.fillRect(0, 0, 1500, 1500); document.body.prepend(canvas); const blob = await new Promise(done => canvas.toBlob(done)); return (await createImageBitmap(blob)).width }";
    assert_eq!(agent.evaluate(large).await, "1500");
    let picture = agent.ok("browser_take_screenshot", json!({ "fullPage": true, "type": "jpeg" })).await;
    assert!(image::load_from_memory(&picture.images[0].1).unwrap().height() > 1_000);
    room.close().await;

    let program = executable().unwrap().display().to_string();
    let doctor = |under: &[&str]| {
        let words: Vec<&str> = under.iter().copied().chain([program.as_str(), "doctor"]).collect();
        let said = std::process::Command::new(words[0]).args(&words[1..]).output().unwrap();
        (said.status.success(), String::from_utf8_lossy(&said.stdout).into_owned())
    };
    let (well, said) = doctor(&under);
    assert!(
        !well && said.contains("FIX   /dev/shm: only 0 MiB are free")
            || said.contains("FIX   /dev/shm: only 1 MiB are free"),
        "{said}"
    );
    assert!(said.contains("--shm-size"), "{said}");
    // Where there is enough of it, it is used.
    if doctor(&[]).1.contains("ok    /dev/shm") {
        let room = Room::with(|options| options.policy("open")).await;
        room.agent().await.goto(&room.site.url("/form")).await;
        assert!(flag(&room).iter().all(|disabled| !disabled));
        room.close().await;
    }
}

/// F14: the kernel takes the page that is too large, and nothing else.
#[tokio::test]
async fn when_the_containers_memory_is_used_up_the_page_goes_that_used_it() {
    let Some(group) = Cgroup::new("memory") else {
        println!("not run: no control group of memory can be made here");
        return;
    };
    group.limit(("memory.limit_in_bytes", "memory.max"), 1 << 30).unwrap();
    // The service's own bound is off: this is about what the kernel does.
    let config = "[pool]\nwarm_sessions = 0\nbrowser_memory_mib_renew = 0\nbrowser_memory_mib_max = 0\nmemory_free_mib_min = 0\n";
    let room = Room::with(|mut options| {
        options.under = group.starter();
        options.policy("open").config(config)
    })
    .await;
    let agent = room.agent().await;
    open(&room, &agent, "two").await;
    open(&room, &agent, "one").await;
    let service = room.service.process();
    let url = room.site.url("/hostile/memory");
    agent.ok("browser_navigate", json!({ "session": "one", "url": url, "snapshot": "none" })).await;
    let told = until("the page's end", 4 * SOON, async || {
        let answer = agent.call("browser_evaluate", json!({ "session": "one", "function": "() => 1" })).await;
        answer.is_error.then_some(answer.text).filter(|text| text.contains("The page crashed"))
    });
    told.await.unwrap_or_else(|fault| panic!("{fault}\n{}\n{}", group.read("memory.oom_control"), room.service.log()));
    let title = json!({ "session": "two", "function": "() => document.title" });
    assert!(agent.ok("browser_evaluate", title).await.text.contains("\"Form\""));
    assert!(service.alive() && room.service.process() == service);
    let killed = format!("{}{}", group.read("memory.oom_control"), group.read("memory.events"));
    assert!(killed.lines().any(|line| line.starts_with("oom_kill ") && line != "oom_kill 0"), "{killed}");
    open(&room, &agent, "three").await;
    room.close().await;
}

/// F35: where no process may be started any more, no browser starts; and it does again by itself.
#[tokio::test]
async fn in_a_container_without_room_for_a_process_no_browser_starts_until_there_is() {
    let Some(group) = Cgroup::new("pids") else {
        println!("not run: no control group of processes can be made here");
        return;
    };
    let room = Room::with(|mut options| {
        options.under = group.starter();
        options.policy("open")
    })
    .await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    for browser in browsers(&room) {
        group.limit(("pids.max", "pids.max"), 1).unwrap();
        kill(Pid::from_raw(browser.pid), Signal::SIGKILL).unwrap();
    }
    let ready = async || room.service.api("GET", "/readyz", None, None).await.map_or(0, |(status, _)| status);
    let unready = until("/readyz to say no", SOON, async || (ready().await == 503).then_some(()));
    unready.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let told = agent.refused("session_open", json!({ "name": "none" })).await;
    assert!(told.contains("Chromium"), "{told}");
    assert_eq!(room.service.api("GET", "/healthz", None, None).await.unwrap().0, 200);
    group.limit(("pids.max", "pids.max"), 4_096).unwrap();
    let again = until("/readyz to say yes", 4 * SOON, async || (ready().await == 200).then_some(()));
    again.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    open(&room, &agent, "some").await;
    room.close().await;
}
