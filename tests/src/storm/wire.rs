//! A browser that says, besides what it has to say, what no browser says (FAULTS F21): a relay in Chromium's place, between the service
//! and a real Chromium, over the very pipes.
//!
//! What is added is malformed, not a lie: no frame of it says of a tab what is not so. Everything that is said is therefore to be
//! answered as ever, while garbage flows between its frames.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::fault;
use super::mutator::Mutator;
use crate::service::Options;
use crate::{Fault, Outcome, cdp};

/// The subcommand of `helmwatch-storm` that is the relay.
pub const RELAY: &str = "relay";

/// Frames added after each one of Chromium's.
const BURST: u64 = 4;
/// Longest frame that is looked at; those of pictures are only passed on.
const LOOKED_AT_BYTES_MAX: usize = 64 << 10;
/// Beyond the service's limit for a frame (64 MiB).
const HUGE_BYTES: usize = 65 << 20;
/// One frame in so many is a large one.
const LARGE_EVERY: u64 = 500;
const LARGE_BYTES: usize = 1 << 20;

/// The relay's files: a program in Chromium's place, how many frames it is to add, how many it has.
pub struct Wire {
    folder: TempDir,
    program: PathBuf,
}

impl Wire {
    /// Puts them in place. Chromium's own user must get at them, so the program is a copy.
    pub fn new(seed: u64) -> Outcome<Self> {
        let folder = TempDir::new().map_err(|error| fault("no temporary folder", error))?;
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
        let storm = folder.path().join("helmwatch-storm");
        let program = folder.path().join("chromium-headless-shell");
        let real = cdp::executable();
        let lay = || -> io::Result<()> {
            open(folder.path(), 0o777)?;
            fs::copy(own_program().map_err(io::Error::other)?, &storm)?;
            open(&storm, 0o755)?;
            let (storm, at) = (storm.display(), folder.path().display());
            // Its two pipes become standard input and output, which a program may read without being told their numbers.
            let text = format!(
                "#!/bin/sh\nexec {storm} {RELAY} {at} {seed} {real} \"$@\" <&3 >&4 3<&- 4>&-\n",
                real = real.display()
            );
            fs::write(&program, text)?;
            open(&program, 0o755)
        };
        lay().map_err(|error| fault("the relay's files", error))?;
        let wire = Self { folder, program };
        wire.say(0);
        Ok(wire)
    }

    /// The settings of a service whose browsers are the relay's.
    pub fn options(&self, options: Options) -> Options {
        options.config(&format!("[browser]\nexecutable = \"{}\"\n", self.program.display()))
    }

    /// Lets it add so many frames from now on.
    pub fn say(&self, frames: u64) {
        let all = if frames == 0 { 0 } else { self.sent() + frames };
        // Read by a process that may look at any moment: written beside it, and put in its place whole.
        let (new, file) = (self.folder.path().join("new"), wanted(self.folder.path()));
        if let Err(error) = fs::write(&new, all.to_string()).and_then(|()| fs::rename(&new, &file)) {
            eprintln!("the relay was not told: {error}");
        }
    }

    /// Frames added so far, by all relays.
    pub fn sent(&self) -> u64 {
        sent(self.folder.path())
    }
}

fn wanted(folder: &Path) -> PathBuf {
    folder.join("wanted")
}

fn number(file: &Path) -> u64 {
    fs::read_to_string(file).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn sent(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("sent-"))
        .map(|entry| number(&entry.path()))
        .sum()
}

/// `helmwatch-storm`: this very program, or the one beside a test.
fn own_program() -> Outcome<PathBuf> {
    let me = std::env::current_exe().map_err(|error| fault("own path", error))?;
    let beside = me.ancestors().skip(1).take(2).map(|folder| folder.join("helmwatch-storm"));
    let found = beside.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        Fault::new("helmwatch-storm is not beside this program", "build it (cargo build -p helmwatch-tests)")
    })
}

/// What the wrapper runs: the folder, the seed, Chromium and its arguments. Returns when either side is gone.
///
/// # Errors
/// When Chromium cannot be started.
pub fn relay(arguments: &[String]) -> Outcome<()> {
    let [folder, seed, real, rest @ ..] = arguments else {
        return Err(Fault::new(
            "the relay takes a folder, a seed and a program",
            "it is run by helmwatch-storm itself",
        ));
    };
    let mut chromium = Command::new("/bin/sh")
        .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2", real])
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| fault("Chromium behind the relay", error))?;
    let (Some(mut to_chromium), Some(from_chromium)) = (chromium.stdin.take(), chromium.stdout.take()) else {
        return Err(Fault::new("Chromium has no pipes", "this cannot be"));
    };
    // Commands are passed on as they are. When the service closes its pipe, Chromium's closes with this thread.
    std::thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut to_chromium));
    let mut voice = Voice {
        folder: PathBuf::from(folder),
        mutator: Mutator::new(seed.parse().unwrap_or(0) ^ u64::from(std::process::id())),
        added: 0,
    };
    // The end of either side shows as a broken pipe, and is the end of this one.
    drop(voice.carry(from_chromium));
    drop(chromium.kill());
    drop(chromium.wait());
    Ok(())
}

struct Voice {
    folder: PathBuf,
    mutator: Mutator,
    added: u64,
}

impl Voice {
    fn carry(&mut self, mut from: impl Read) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let (mut part, mut frame) = (vec![0; 64 << 10], Vec::new());
        loop {
            let count = from.read(&mut part)?;
            if count == 0 {
                return Ok(());
            }
            let mut rest = &part[..count];
            while let Some(end) = rest.iter().position(|byte| *byte == 0) {
                frame.extend_from_slice(&rest[..=end]);
                out.write_all(&frame)?;
                self.add(&frame[..frame.len() - 1], &mut out)?;
                frame.clear();
                rest = &rest[end + 1..];
            }
            frame.extend_from_slice(rest);
            out.flush()?;
        }
    }

    /// Adds frames behind one of Chromium's, as far as it may.
    fn add(&mut self, after: &[u8], out: &mut impl Write) -> io::Result<()> {
        let may = number(&wanted(&self.folder)).saturating_sub(sent(&self.folder)).min(BURST);
        for _ in 0..may {
            let frame = self.malformed(after);
            out.write_all(&frame)?;
            out.write_all(b"\0")?;
            self.added += 1;
        }
        if may > 0 {
            fs::write(self.folder.join(format!("sent-{}", std::process::id())), self.added.to_string())?;
        }
        Ok(())
    }

    fn malformed(&mut self, after: &[u8]) -> Vec<u8> {
        if self.added == 1 {
            return vec![b'x'; HUGE_BYTES];
        }
        if self.added % LARGE_EVERY == LARGE_EVERY - 1 {
            return [b"{\"x\":\"", &*vec![b'x'; LARGE_BYTES], b"\"}"].concat();
        }
        let looked_at = after.len() <= LOOKED_AT_BYTES_MAX;
        match self.mutator.below(8) {
            // Chromium's own answers to malformed commands, and kin.
            0 => br#"{"error":{"code":-32700,"message":"JSON: unable to parse string"}}"#.to_vec(),
            1 => ODD[self.mutator.below(ODD.len())].to_vec(),
            // An answer a second time, and a third: whose it was, has it already.
            2 if looked_at && is_answer(after) => after.to_vec(),
            // Events pages follow, with parameters that are none.
            3 => {
                let method = METHODS[self.mutator.below(METHODS.len())];
                let params = [json!(7), json!([]), json!("x"), json!({ "frame": 7 }), Value::Null];
                let params = &params[self.mutator.below(params.len())];
                let session = session_of(after).filter(|_| looked_at);
                json!({ "method": method, "params": params, "sessionId": session }).to_string().into_bytes()
            }
            4 => json!({ "id": u64::MAX - self.added, "result": {} }).to_string().into_bytes(),
            _ => {
                let source = if looked_at { after.to_vec() } else { ODD[0].to_vec() };
                let mut changed = self.mutator.next(&[source]);
                changed.retain(|byte| *byte != 0);
                // One that still says something might say what is not so.
                if says_something(&changed) { changed.iter().rev().copied().collect() } else { changed }
            }
        }
    }
}

/// Events whose parameters say what they are about: without them they say nothing.
const METHODS: [&str; 7] = [
    "Page.frameNavigated",
    "Network.requestWillBeSent",
    "Target.attachedToTarget",
    "Target.targetInfoChanged",
    "Runtime.consoleAPICalled",
    "Fetch.requestPaused",
    "Browser.downloadWillBegin",
];

const ODD: [&[u8]; 18] = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"7",
    b"\"text\"",
    b"{\"id\":-1,\"result\":{}}",
    b"{\"id\":1.5,\"result\":{}}",
    b"{\"id\":\"1\",\"result\":{}}",
    b"{\"id\":null,\"method\":null}",
    b"{\"method\":7}",
    b"{\"method\":\"No.such\",\"params\":{\"a\":1e400}}",
    b"{\"method\":\"No.such\",\"sessionId\":\"nobody\",\"params\":[[[[[[[[[[",
    b"{\"sessionId\":[]}",
    b"\xff\xfe\xfd",
    b"\xef\xbb\xbf{\"id\":1}",
    b"{\"result\":\"\\ud800\"}",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
];

fn is_answer(frame: &[u8]) -> bool {
    serde_json::from_slice::<Value>(frame).is_ok_and(|frame| frame["id"].is_u64())
}

fn session_of(frame: &[u8]) -> Option<String> {
    let frame: Value = serde_json::from_slice(frame).ok()?;
    frame["sessionId"].as_str().map(str::to_owned)
}

fn says_something(frame: &[u8]) -> bool {
    serde_json::from_slice::<Value>(frame).is_ok_and(|frame| frame["id"].is_u64() || frame["method"].is_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_malformed_and_no_lie() {
        let folder = TempDir::new().expect("a folder");
        let mut voice = Voice { folder: folder.path().to_owned(), mutator: Mutator::new(1), added: 2 };
        let event = br#"{"method":"Target.detachedFromTarget","params":{"sessionId":"A"},"sessionId":"B"}"#;
        for added in 2..2_000 {
            voice.added = added;
            let frame = voice.malformed(event);
            assert!(!frame.contains(&0));
            let Ok(read) = serde_json::from_slice::<Value>(&frame) else { continue };
            let method = read["method"].as_str().unwrap_or_default();
            assert!(method != "Target.detachedFromTarget", "{read}");
            assert!(read["id"].as_u64().is_none_or(|id| id > 1 << 60), "{read}");
        }
    }

    #[test]
    fn it_adds_as_many_as_it_may_and_says_how_many() {
        let folder = TempDir::new().expect("a folder");
        fs::write(wanted(folder.path()), "6").expect("written");
        let mut voice = Voice { folder: folder.path().to_owned(), mutator: Mutator::new(1), added: 0 };
        let mut out = Vec::new();
        for _ in 0..3 {
            voice.add(b"{}", &mut out).expect("added");
        }
        assert_eq!((sent(folder.path()), out.iter().filter(|byte| **byte == 0).count()), (6, 6));
    }
}
