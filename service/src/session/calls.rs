//! The timeline: what the agent did, call by call.

use std::collections::VecDeque;
use std::sync::PoisonError;

use helmwatch_protocol::{CallState, CallView, LiveEvent};
use tokio::time::Instant;

use super::{Session, now_ms};

/// A call on the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallNumber(u32);

pub(super) struct Calls {
    /// Oldest first; at most `kept_max`.
    kept: VecDeque<(CallView, Instant)>,
    kept_max: usize,
    next: u32,
}

impl Calls {
    pub fn new(kept_max: usize) -> Self {
        Self { kept: VecDeque::new(), kept_max: kept_max.max(1), next: 1 }
    }
}

impl Session {
    /// Puts a call on the timeline. `summary` is for people: plain words, secrets masked.
    pub fn call_begun(&self, tool: &str, summary: &str) -> CallNumber {
        self.touch();
        let call = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let number = calls.next;
            calls.next += 1;
            let call = CallView {
                number,
                tool: tool.to_owned(),
                summary: summary.to_owned(),
                state: CallState::Running,
                started_at: now_ms(),
                took_ms: None,
                error: None,
            };
            if calls.kept.len() == calls.kept_max {
                calls.kept.pop_front();
            }
            calls.kept.push_back((call.clone(), Instant::now()));
            call
        };
        let number = CallNumber(call.number);
        self.send(LiveEvent::Call { call });
        number
    }

    /// Says what a call is about, once its target is known.
    pub fn call_named(&self, number: CallNumber, summary: &str) {
        let named = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let found = calls.kept.iter_mut().rev().find(|(call, _)| call.number == number.0);
            found.filter(|(call, _)| call.summary != summary).map(|(call, _)| {
                summary.clone_into(&mut call.summary);
                call.clone()
            })
        };
        if let Some(call) = named {
            self.send(LiveEvent::Call { call });
        }
    }

    /// Moves a call on the timeline, and says what it is about. One that is no longer kept is left alone.
    pub fn call_moved(&self, number: CallNumber, state: CallState, error: Option<&str>) -> Option<String> {
        let moved = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let found = calls.kept.iter_mut().rev().find(|(call, _)| call.number == number.0);
            found.map(|(call, began)| {
                call.state = state;
                call.error = error.map(str::to_owned);
                if !matches!(state, CallState::Running | CallState::Waiting) {
                    call.took_ms = u64::try_from(began.elapsed().as_millis()).ok();
                }
                call.clone()
            })
        };
        let summary = moved.as_ref().map(|call| call.summary.clone());
        if let Some(call) = moved {
            self.send(LiveEvent::Call { call });
        }
        summary
    }

    /// The last calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallView> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.kept.iter().map(|(call, _)| call.clone()).collect()
    }
}
