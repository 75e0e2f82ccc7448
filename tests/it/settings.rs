//! A settings file that is changed while the service runs: the pool's limits move, the rest is named, and a bad one changes nothing.

use std::sync::Arc;

use helmwatch_tests::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::room::{Room, SOON};

const AGAIN: &str = "settings were read again";
const STAYS: &str = "everything stays as it was";

/// Puts another file in its place, as editors do.
fn write(room: &Room, text: &str) {
    let file = room.service.config_file();
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

fn hang_up(room: &Room) {
    kill(Pid::from_raw(room.service.process().pid), Signal::SIGHUP).unwrap();
}

async fn pool(room: &Room) -> Value {
    room.service.api("GET", "/v1/pool", Some(room.service.admin_key()), None).await.unwrap().1
}

/// Waits until the log has a line with both.
async fn logged(room: &Room, what: &str, word: &str) -> String {
    let said =
        until(word, SOON, async || room.service.log_lines_with(what).into_iter().find(|line| line.contains(word)));
    said.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()))
}

#[tokio::test]
async fn a_changed_file_moves_the_limits_and_names_what_needs_a_restart() {
    let config = "[pool]\nmax_sessions = 1\nmax_waiting = 4\nwarm_sessions = 0\n";
    let room = Room::with(|options| options.config(config)).await;
    let agent = Arc::new(room.agent().await);
    agent.ok("session_open", json!({ "name": "first" })).await;
    let mut waiter = JoinSet::new();
    waiter.spawn({
        let agent = Arc::clone(&agent);
        async move { agent.call("session_open", json!({ "name": "second" })).await }
    });
    until("somebody waiting", SOON, async || (pool(&room).await["waiting"] == 1).then_some(())).await.unwrap();
    // Moved by an operator, and not what the file changes below.
    let key = Some(room.service.admin_key());
    room.service.api("PATCH", "/v1/pool", key, Some(json!({ "max_waiting": 7 }))).await.unwrap();

    // Nobody is asked and nothing is signalled: the file alone lets the second in.
    write(&room, &format!("{config}\n[session]\ntabs_max = 3\n").replace("max_sessions = 1", "max_sessions = 2"));
    let answer = waiter.join_next().await.unwrap().unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    let said = logged(&room, AGAIN, "max_sessions 1 -> 2").await;
    assert!(said.contains("session.tabs_max"), "{said}");
    let view = pool(&room).await;
    assert_eq!((view["max_sessions"].as_u64(), view["max_waiting"].as_u64()), (Some(2), Some(7)), "{view}");

    // Told to, it reads at once; a bound of browsers moves as well.
    write(&room, &config.replace("max_sessions = 1", "max_sessions = 2\nbrowser_age_s_max = 77"));
    hang_up(&room);
    let said = logged(&room, AGAIN, "browser_age_s_max 21600 -> 77").await;
    assert!(!said.contains("tabs_max"), "{said}");
    assert_eq!(pool(&room).await["browser_age_s_max"], 77);
    room.close().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_up_changes_nothing_and_says_why() {
    let config = "[pool]\nceiling = 8\nmax_sessions = 4\nwarm_sessions = 0\n";
    let room = Room::with(|options| options.config(config)).await;
    let before = pool(&room).await;
    for (text, word) in [
        ("[pool]\nmax_sessions = \"many\"\n", "whole number"),
        ("[pool]\nmax_sessions = 2\nmax_waitin = 1\n", "unknown key pool.max_waitin"),
        ("[pool\n", "line 1"),
        // The file agrees with itself; the ceiling of the running pool is another one.
        ("[pool]\nceiling = 64\nmax_sessions = 32\nmax_waiting = 1\nwarm_sessions = 0\n", "must be between 0 and 8"),
        ("[pool]\nbrowser_memory_mib_renew = 9000\n", "browser_memory_mib_max"),
    ] {
        write(&room, text);
        hang_up(&room);
        logged(&room, STAYS, word).await;
        assert_eq!(pool(&room).await, before, "{text}");
    }
    std::fs::remove_file(room.service.config_file()).unwrap();
    logged(&room, STAYS, "cannot be read").await;
    // And the next good one is taken up.
    write(&room, &config.replace('4', "5"));
    logged(&room, AGAIN, "max_sessions 4 -> 5").await;
    assert_eq!(pool(&room).await["max_sessions"], 5);
    room.agent().await.goto(&room.site.url("/form")).await;
    room.close().await;
}
