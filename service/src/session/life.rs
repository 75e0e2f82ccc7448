//! A session's one task: its jobs, its clock, its end.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use helmwatch_protocol::{ConsoleLine, LiveEvent};
use metrics::histogram;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::job::Job;
use super::{Session, now_ms};
use crate::browser::{ConsoleLevel, Dialog, Page};
use crate::telemetry::names;

/// Why a session ends that lost its browser.
pub(super) const BROWSER_DIED: &str = "its browser died";

/// Why sessions end that are not ended by somebody who says why.
pub(super) const SHUTTING_DOWN: &str = "the service is shutting down";
const UNUSED: &str = "it was not used for too long";
const TOO_OLD: &str = "it reached its longest life";

/// The word for why a session ended, for the metrics: texts of callers are no label.
pub(super) fn reason_word(reason: Option<&str>) -> &'static str {
    match reason {
        Some(BROWSER_DIED) => "browser_died",
        Some(SHUTTING_DOWN) => "shutdown",
        Some(UNUSED) => "unused",
        Some(TOO_OLD) => "too_old",
        Some(_) => "closed",
        None => "failed",
    }
}

/// How long a session may be unused, and how long it may live at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub idle: Duration,
    pub life: Duration,
}

impl Span {
    /// When it expires, and the words for why. Pure: told the times.
    fn end(self, opened: Instant, used: Instant) -> (Instant, &'static str) {
        let (idle, life) = (used + self.idle, opened + self.life);
        if idle < life { (idle, UNUSED) } else { (life, TOO_OLD) }
    }
}

/// Returns at that time; never when there is none.
async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

impl Session {
    /// Runs until the session ends, then gives back all it had.
    pub(super) async fn live(self: Arc<Self>, mut jobs: mpsc::Receiver<Job>, span: Span) {
        // Cancelled also when this panics: who waits for the end is not left waiting.
        let _ended = self.ended.clone().drop_guard();
        let opened = Instant::now();
        let mut changes = self.context.changes();
        loop {
            let (end, why) = span.end(opened, self.last_used());
            let handoff_end = self.lock().handoff.as_ref().map(super::Handoff::until);
            tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = self.context.gone() => {
                    self.close(BROWSER_DIED);
                    break;
                }
                // Before jobs and changes: neither a queue that is never empty nor a page that never rests puts the end off.
                () = tokio::time::sleep_until(end) => {
                    // It may have been used while this slept.
                    if span.end(opened, self.last_used()).0 <= Instant::now() {
                        self.close(why);
                        break;
                    }
                }
                () = until(handoff_end) => self.expire_handoff(),
                job = jobs.recv() => match job {
                    Some(job) => self.work(job).await,
                    None => break,
                },
                // A question was asked or answered: its time is looked at anew.
                () = self.handoffs.notified() => {}
                changed = changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.tell_changes();
                    self.collect_downloads().await;
                }
            }
        }
        self.close("it ended");
        jobs.close();
        // What still waited is dropped, and each of its callers hears that the session is closed.
        while let Ok(job) = jobs.try_recv() {
            drop(job);
        }
        self.forget_handoff();
        self.end_video().await;
        let reason = self.lock().reason.clone().unwrap_or_default();
        histogram!(names::SESSION_SECONDS).record(opened.elapsed().as_secs_f64());
        self.send(LiveEvent::Closed { reason });
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lease) = lease {
            lease.close().await;
        }
    }

    /// When it was used last. What a person was asked to do counts as use until their time is over, driving as long as they do.
    fn last_used(&self) -> Instant {
        let state = self.lock();
        if state.controller.is_some() {
            return Instant::now();
        }
        state.handoff.as_ref().map_or(state.used, |open| state.used.max(open.until()))
    }

    async fn work(&self, job: Job) {
        histogram!(names::CALL_WAIT_SECONDS).record(job.handed_in.elapsed().as_secs_f64());
        self.lock().busy = true;
        self.tell();
        let mut changes = self.context.changes();
        changes.mark_unchanged();
        let mut work = job.work;
        loop {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = &mut work => break,
                changed = changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.tell_changes();
                    self.collect_downloads().await;
                }
            }
        }
        drop(work);
        self.touch();
        self.lock().busy = false;
        self.tell();
    }

    /// Tells viewers what changed on the tabs: titles, addresses, dialogs, console.
    fn tell_changes(&self) {
        for page in self.context.pages() {
            let number = page.number();
            let told = self.lock().console_told.get(&number).copied().unwrap_or(0);
            for entry in page.console_since(told) {
                self.lock().console_told.insert(number, entry.number);
                let level = match entry.level {
                    ConsoleLevel::Error => "error",
                    ConsoleLevel::Warning => "warning",
                    ConsoleLevel::Info => "info",
                    ConsoleLevel::Debug => "debug",
                };
                let line = ConsoleLine { page: number, level: level.to_owned(), text: entry.text, at: now_ms() };
                self.send(LiveEvent::Console { line });
            }
            self.tell_chooser(&page);
            let dialog = page.dialog();
            let news = match &dialog {
                Some(_) => self.lock().dialogs_told.insert(number),
                None => self.lock().dialogs_told.remove(&number),
            };
            if news {
                self.send(dialog_event(number, dialog));
            }
        }
        for gone in self.forget_closed_tabs() {
            self.send(dialog_event(gone, None));
        }
        self.tell();
    }

    /// Drops what was kept of tabs that are gone; answers those that went with a dialog open.
    fn forget_closed_tabs(&self) -> Vec<u16> {
        let open: HashSet<u16> = self.context.pages().iter().map(|page| page.number()).collect();
        let mut state = self.lock();
        state.console_told.retain(|number, _| open.contains(number));
        state.console_agent.retain(|number, _| open.contains(number));
        state.choosers_told.retain(|number, _| open.contains(number));
        state.dialogs_told.extract_if(|number| !open.contains(number)).collect()
    }

    /// Tells who drives that a page asks for files, or no longer does.
    fn tell_chooser(&self, page: &Page) {
        let (number, chooser) = (page.number(), page.chooser());
        let told = {
            let mut state = self.lock();
            match chooser {
                Some((open, _)) => state.choosers_told.insert(number, open),
                None => state.choosers_told.remove(&number),
            }
        };
        if told != chooser.map(|(open, _)| open) {
            self.send(chooser_event(number, chooser));
        }
    }

    /// The tabs that ask for files, each as the event that told of it: for who takes the wheel later.
    #[must_use]
    pub fn choosers(&self) -> Vec<LiveEvent> {
        let open = self.context.pages();
        open.iter().filter_map(|page| Some(chooser_event(page.number(), Some(page.chooser()?)))).collect()
    }

    /// The dialogs that are open, each as the event that told of it: for viewers who come later.
    #[must_use]
    pub fn dialogs(&self) -> Vec<LiveEvent> {
        let open = self.context.pages();
        open.iter().filter_map(|page| Some(dialog_event(page.number(), Some(page.dialog()?)))).collect()
    }
}

fn chooser_event(page: u16, chooser: Option<(u64, bool)>) -> LiveEvent {
    let (number, several) = chooser.unzip();
    LiveEvent::Chooser { page, number, several: several.unwrap_or(false) }
}

fn dialog_event(page: u16, dialog: Option<Dialog>) -> LiveEvent {
    let (kind, message) = dialog.map(|dialog| (dialog.kind.to_owned(), dialog.message)).unzip();
    LiveEvent::Dialog { page, kind, message: message.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whichever_comes_first_ends_it() {
        let now = Instant::now();
        let minute = Duration::from_secs(60);
        let span = Span { idle: minute, life: 10 * minute };
        assert_eq!(span.end(now, now).0, now + minute);
        assert_eq!(span.end(now, now + 9 * minute).0, now + 10 * minute);
        let (end, why) = span.end(now, now + 9 * minute + minute / 2);
        assert_eq!((end, why), (now + 10 * minute, "it reached its longest life"));
    }
}
