//! `helmwatch audit`: beside a running service or without one.

use std::io::{self, BufWriter, ErrorKind, Write};

use super::cli::AuditCommand;
use crate::audit::{AuditStore, Head, Verified, holds, verify};
use crate::config::Config;
use crate::store::{Purpose, Store};

/// Lines read at a time.
const PAGE_LINES: u32 = 1_000;

/// Runs one command. What it found goes to standard output.
///
/// # Errors
/// Two lines, what and how; also when the chain is broken.
pub async fn run(command: AuditCommand) -> Result<(), String> {
    let (AuditCommand::Verify { settings, .. } | AuditCommand::Export { settings, .. }) = &command;
    let store = open(&settings.load().map_err(|error| error.to_string())?).await?;
    let done = match &command {
        AuditCommand::Verify { expect, .. } => check(&store, expect.as_deref()).await,
        AuditCommand::Export { after, .. } => export(&store, *after).await,
    };
    store.close().await;
    done
}

/// Only what is there: to look for an audit must not make one.
async fn open(config: &Config) -> Result<Store, String> {
    if !config.data_dir.is_dir() {
        return Err(format!(
            "there is no folder {}, so there is no audit\nName the service's data folder with --data-dir.",
            config.data_dir.display()
        ));
    }
    Store::open(&config.data_dir, Purpose::Tool).await.map_err(|error| format!("{error}\n{}", error.hint()))
}

async fn check(store: &Store, expect: Option<&str>) -> Result<(), String> {
    let expected = expect.map(parse_head).transpose()?;
    match verify(store).await.map_err(told)? {
        Verified::Broken { seq, what } => {
            return Err(format!(
                "the audit is broken at line {seq}: it {what}\nWhat comes before that line is as it was written. Compare with a copy or an export."
            ));
        }
        Verified::Whole { lines } => println!("ok: {lines} lines, each as it was written"),
    }
    if let Some(head) = expected
        && !holds(store, head).await.map_err(told)?
    {
        return Err(format!(
            "the audit is whole in itself, but it is not the one whose line {} was kept\nSomebody wrote it anew, or this is another data folder.",
            head.seq
        ));
    }
    let head = store.head().await.map_err(told)?;
    println!("head {}", words(head));
    Ok(())
}

/// Every line after `after` as one JSON object. A reader that has seen enough ends it, and that is no error.
async fn export(store: &Store, after: u64) -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut seen = after;
    loop {
        let page = store.page(seen, PAGE_LINES).await.map_err(told)?;
        let Some(last) = page.last() else { break };
        seen = last.seq;
        let written = page.iter().try_for_each(|entry| writeln!(out, "{}", entry.json()));
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(not_written(&error)),
        }
    }
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(not_written(&error)),
        _ => Ok(()),
    }
}

/// `17:0f3a…`: what `verify` prints and `--expect` takes.
fn words(head: Head) -> String {
    let hash: String = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{hash}", head.seq)
}

fn parse_head(text: &str) -> Result<Head, String> {
    let parsed = || {
        let (seq, hash) = text.split_once(':')?;
        // Before it is cut into bytes: a sign or a wider letter is no digit.
        let digits = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let seq = seq.parse().ok().filter(|_| digits)?;
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hash.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Head { seq, hash: bytes })
    };
    parsed().ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        format!("\"{shown}\" is no head of an audit\nGive --expect what `helmwatch audit verify` printed after the word head.")
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: crate::auth::NotKept) -> String {
    format!(
        "the audit cannot be read: {error}\nIs the disk whole? The service must not be restored from an older copy while this runs."
    )
}

fn not_written(error: &io::Error) -> String {
    format!("the export could not be written: {error}\nIs there room where standard output goes?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_printed() {
        let head = Head { seq: 17, hash: [0xa5; 32] };
        assert_eq!(parse_head(&words(head)), Ok(head));
        let short = words(head)[..20].to_owned();
        for wrong in ["", "17", "17:", &short, &words(head).replace("a5", "+5"), &words(head).replace("a5", "é")] {
            assert!(parse_head(wrong).is_err(), "{wrong}");
        }
    }
}
