//! The machine's clock is set while the service runs (FAULTS F37): what was to end ends no later, and nobody who works is disturbed.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use helmwatch_tests::service::Options;
use helmwatch_tests::wait::until;
use serde_json::json;
use tempfile::TempDir;

use crate::keys::only_session;
use crate::room::{Hand, Room, SOON, section, two_lines};

const HOUR_S: i64 = 3_600;

/// A wall clock that can be set, for one service alone.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/native/wall_clock.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("wall_clock.so"))
            .arg(source)
            .status();
        assert!(built.expect("a C compiler, which the build needs too").success());
        fs::write(folder.path().join("shift"), 0_i64.to_ne_bytes()).unwrap();
        Self { folder }
    }

    fn options(&self, mut options: Options) -> Options {
        for (name, file) in [("LD_PRELOAD", "wall_clock.so"), ("WALL_CLOCK_SHIFT", "shift")] {
            options.environment.push((name.to_owned(), self.folder.path().join(file).display().to_string()));
        }
        options
    }

    /// Sets it so many seconds before or behind the machine's.
    fn set(&self, seconds: i64) {
        // In place: the file is mapped.
        let mut file = fs::OpenOptions::new().write(true).open(self.folder.path().join("shift")).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    }
}

/// Presses the flagged button, does `meanwhile` once it is held, and returns what the agent is told and the number of the card.
async fn held(room: &Room, agent: &Hand, meanwhile: impl FnOnce()) -> (String, String) {
    agent.goto(&room.site.url("/shop")).await;
    let press = agent.call("browser_click", json!({ "target": agent.find(&["button", "Buy now"]).await }));
    let (answer, id) = tokio::join!(press, async {
        let card = room.held().await;
        meanwhile();
        card["id"].as_str().unwrap().to_owned()
    });
    assert!(answer.is_error, "{}", answer.text);
    (two_lines("the press", &answer.text), id)
}

/// F37: a question has no more time on a clock that is set back, and none left on one that is set past its end.
#[tokio::test]
async fn a_question_ends_no_later_whatever_the_clock_does() {
    for (ttl_ms, shift) in [(3_000, -HOUR_S), (600_000, HOUR_S)] {
        let clock = Clock::new();
        let config = format!("[approval]\nttl_ms = {ttl_ms}\n");
        let room = Room::with(|options| clock.options(options.config(&config))).await;
        let agent = room.agent().await;
        let (told, id) = held(&room, &agent, || clock.set(shift)).await;
        let (status, body) = room.decide(room.service.admin_key(), &id, "approve").await;
        assert_eq!((status, body["state"].as_str()), (409, Some("expired")), "{shift}: {told} {body}");
        assert_eq!(room.site.count("POST", "/buy"), 0, "{shift}");
        room.close().await;
    }
}

/// F37: likewise a link to a file; and sessions, whose times are nobody's wall clock, go on.
#[tokio::test]
async fn a_link_ends_no_later_and_sessions_go_on() {
    let clock = Clock::new();
    let room = Room::with(|options| clock.options(options.policy("open").config("[files]\nlink_ms = 10000\n"))).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let session = only_session(&room).await;
    let good = async |link: &str| room.service.fetch(link, None).await.unwrap().0 == 200;
    for shift in [-HOUR_S, HOUR_S] {
        let kept = agent.ok("browser_take_screenshot", json!({ "filename": "picture.png" })).await;
        let result = section(&kept.text, "Result");
        let link = result.split_whitespace().rfind(|word| word.starts_with("http")).unwrap().to_owned();
        assert!(good(&link).await, "{result}");
        // A call that is under way takes no notice.
        let asked = room.site.count("GET", "/until-told");
        let call = agent.evaluate("() => fetch('/until-told').then(answer => answer.text())");
        let (answer, ()) = tokio::join!(call, async {
            let under_way =
                until("the call", SOON, async || (room.site.count("GET", "/until-told") > asked).then_some(()));
            under_way.await.unwrap();
            clock.set(shift);
            room.site.tell_the_page();
        });
        assert_eq!(answer, "\"now\"");
        let over = until("the link's end", 2 * SOON, async || (!good(&link).await).then_some(()));
        over.await.unwrap_or_else(|fault| panic!("{shift}: {fault}"));
        assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    }
    assert_eq!(only_session(&room).await, session);
    room.close().await;
}
