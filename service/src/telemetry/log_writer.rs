//! A writer that never makes its caller wait.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long the service's end waits for the last lines to be written: so many looks, so far apart.
const LAST_LOOKS: u32 = 200;
const LAST_LOOK_EVERY: Duration = Duration::from_millis(10);

enum Message {
    Line(Vec<u8>),
    End,
}

/// Hands lines to one thread that writes them. A full channel drops the line and counts it: the log may have holes, the service
/// never waits for whoever reads it.
#[derive(Clone)]
pub struct LogWriter {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

/// Ends the thread, after the lines already handed over are written, when dropped.
pub(super) struct WriterThread {
    lines: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
    /// Its sender goes when the thread ends.
    ended: Receiver<()>,
}

impl LogWriter {
    /// A writer to `output` with room for `lines_waiting_max` lines.
    pub(super) fn start(
        lines_waiting_max: usize,
        output: impl Write + Send + 'static,
    ) -> io::Result<(Self, WriterThread)> {
        let (lines, waiting) = sync_channel(lines_waiting_max);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        // A thread and not a task: standard error may block for as long as its reader likes.
        let (alive, ended) = sync_channel(0);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            let _alive: SyncSender<()> = alive;
            write_all(&waiting, &counted, output);
        })?;
        let writer = Self { lines: lines.clone(), dropped };
        Ok((writer, WriterThread { lines, thread: Some(thread), ended }))
    }

    /// Lines dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn write_all(waiting: &Receiver<Message>, dropped: &AtomicU64, mut output: impl Write) {
    let mut told = 0;
    while let Ok(Message::Line(line)) = waiting.recv() {
        // Nobody is left to tell when standard error itself is gone.
        let _gone = output.write_all(&line);
        let lost = dropped.load(Ordering::Relaxed);
        if lost > told {
            let _gone = writeln!(
                output,
                "helmwatch: {} log lines were dropped: standard error is read too slowly",
                lost - told
            );
            told = lost;
        }
    }
    let _gone = output.flush();
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        // Whoever reads nothing must not hold up the end either.
        let mut looks = LAST_LOOKS;
        while let Err(TrySendError::Full(_)) = self.lines.try_send(Message::End) {
            looks -= 1;
            // Waits; a thread that has ended already needs no word.
            if looks == 0 || self.ended.recv_timeout(LAST_LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
        let written = matches!(self.ended.recv_timeout(LAST_LOOK_EVERY * looks), Err(RecvTimeoutError::Disconnected));
        if written && let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { writer: self, bytes: Vec::with_capacity(160) }
    }
}

/// One line while it is being put together; handed over when dropped.
pub struct Line<'a> {
    writer: &'a LogWriter,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() && self.writer.lines.try_send(Message::Line(std::mem::take(&mut self.bytes))).is_err()
        {
            self.writer.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;

    #[derive(Default)]
    struct Gate {
        open: bool,
        reached: bool,
        written: Vec<u8>,
    }

    /// An output that is stuck until it is let go.
    #[derive(Clone, Default)]
    struct Stuck(Arc<(Mutex<Gate>, Condvar)>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (gate, changed) = &*self.0;
            let mut held = gate.lock().unwrap();
            held.reached = true;
            changed.notify_all();
            let mut held = changed.wait_while(held, |gate| !gate.open).unwrap();
            held.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_reader_costs_lines_and_no_time() {
        let output = Stuck::default();
        let (writer, thread) = LogWriter::start(2, output.clone()).unwrap();
        let say = |text: &str| writer.make_writer().write_all(text.as_bytes()).unwrap();
        say("1\n");
        let (gate, changed) = &*output.0;
        drop(changed.wait_while(gate.lock().unwrap(), |gate| !gate.reached).unwrap());
        for text in ["2\n", "3\n", "4\n", "5\n"] {
            say(text);
        }
        assert_eq!(writer.dropped(), 2);
        gate.lock().unwrap().open = true;
        changed.notify_all();
        drop(thread);
        let written = String::from_utf8(gate.lock().unwrap().written.clone()).unwrap();
        assert!(
            written.starts_with("1\n") && written.contains("2 log lines were dropped") && written.ends_with("3\n"),
            "{written}"
        );
    }
}
