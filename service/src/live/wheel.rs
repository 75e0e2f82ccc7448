//! One viewer's hand on the wheel: who may take it, and what of their input reaches the page.

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::MouseKind;
use metrics::counter;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::behind::{Input, ViewerId, Watched};
use super::input_meter::InputMeter;
use super::witness::{Deed, Witness};
use crate::auth::{Caller, Scope};
use crate::config::LiveConfig;
use crate::session::{Controller, Taking};
use crate::telemetry::{Tasks, names};

/// Input messages that may wait for a page that is busy; beyond it moves are dropped and the rest refused.
const INPUTS_WAITING_MAX: usize = 64;
/// Answers of a page that may wait until this viewer is told; beyond it they are only counted.
const ANSWERS_WAITING_MAX: usize = 4;

/// How long before the end of the lease its owner is warned; half of it, when it is short.
const WARNING: Duration = Duration::from_secs(30);

/// How long what was pressed before handing back may still be on its way to a page that is slow to take it.
const LAST_INPUTS_WAIT: Duration = Duration::from_millis(500);

/// What goes to the page, in order.
enum OnItsWay {
    Input(u16, Input),
    /// All before it reached the page.
    Last(oneshot::Sender<()>),
}

/// What was not done: one line what, one line how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub error: String,
    pub hint: &'static str,
}

impl Refused {
    pub fn new(error: impl Into<String>, hint: &'static str) -> Self {
        Self { error: error.into(), hint }
    }
}

/// What the page answered to what this person did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It did not take it: one line.
    NotTaken(String),
    /// What they asked for.
    Copied(String),
}

/// What comes next of a lease that nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lease {
    /// Its owner is to be warned that it ends after this time.
    Warn(Duration),
    /// It is over.
    End,
}

/// Passes one person's input to the page while they drive.
pub(super) struct Wheel {
    session: Arc<dyn Watched>,
    viewer: ViewerId,
    /// May this person drive at all?
    licensed: bool,
    caller: Caller,
    witness: Witness,
    meter: InputMeter,
    idle_max: Duration,
    /// To the task that passes input on; made when it is first needed.
    inputs: Option<mpsc::Sender<OnItsWay>>,
    heard: (mpsc::Sender<Heard>, mpsc::Receiver<Heard>),
    tasks: Tasks,
    /// Last input while driving: a silent driver hands back.
    drove_at: Instant,
    /// Were they told that the lease ends soon?
    warned: bool,
    /// Did this viewer drive when it was last looked at?
    driving: bool,
}

impl Wheel {
    pub fn new(
        session: Arc<dyn Watched>,
        viewer: ViewerId,
        caller: &Caller,
        config: &LiveConfig,
        witness: Witness,
        tasks: Tasks,
        now: Instant,
    ) -> Self {
        Self {
            session,
            viewer,
            licensed: caller.may(Scope::Control),
            caller: caller.clone(),
            witness,
            meter: InputMeter::new(config.inputs_per_second_max, now),
            idle_max: Duration::from_millis(config.control_idle_ms_max),
            inputs: None,
            heard: mpsc::channel(ANSWERS_WAITING_MAX),
            tasks,
            drove_at: now,
            warned: false,
            driving: false,
        }
    }

    /// Does this viewer drive?
    pub fn is_held(&self) -> bool {
        self.session.controller().is_some_and(|who| who.viewer == self.viewer)
    }

    /// When something is to be done about a driver who does nothing; `None` while this viewer does not drive.
    pub fn idle_at(&self) -> Option<Instant> {
        let warning = if self.warned { Duration::ZERO } else { WARNING.min(self.idle_max / 2) };
        self.is_held().then(|| self.drove_at + self.idle_max - warning)
    }

    /// That time has come: what is to be done?
    pub fn idle(&mut self, now: Instant) -> Lease {
        let left = (self.drove_at + self.idle_max).saturating_duration_since(now);
        if self.warned || left.is_zero() {
            return Lease::End;
        }
        self.warned = true;
        Lease::Warn(left)
    }

    /// The lease runs on from now; is that news to somebody who was warned?
    pub fn renew(&mut self, now: Instant) -> bool {
        self.drove_at = now;
        std::mem::take(&mut self.warned)
    }

    /// Who took the wheel from this viewer since this was last asked.
    pub fn lost_to(&mut self) -> Option<String> {
        let held = self.is_held();
        let drove = std::mem::replace(&mut self.driving, held);
        if drove && !held { self.session.controller().map(|who| who.name) } else { None }
    }

    /// What the page answered, as it comes. Can be dropped at any time.
    pub async fn heard(&mut self) -> Option<Heard> {
        self.heard.1.recv().await
    }

    /// Takes the wheel.
    pub fn take(&mut self, taking: Taking, now: Instant) -> Result<(), Refused> {
        if !self.licensed {
            return Err(Refused::new(
                "this key may not drive: it needs the scope control",
                "Log in with a key that has control.",
            ));
        }
        let held = self.is_held();
        let asked = Controller::now(self.viewer, self.caller.name());
        let from = self.session.take_control(asked, taking).map_err(|by| {
            Refused::new(format!("{by} drives already"), "Wait until it is handed back, or take it over from them.")
        })?;
        self.renew(now);
        self.driving = true;
        if !held {
            self.witness.saw(&*self.session, &self.caller, Deed::TookTheWheel { from });
        }
        Ok(())
    }

    /// Gives the wheel back to the agent, if this viewer has it: after what they pressed last has reached the page, so that a click
    /// just before it counts and no button stays down.
    pub fn hand_back(&self) {
        let (last, reached) = oneshot::channel();
        match &self.inputs {
            Some(inputs) if self.is_held() && inputs.try_send(OnItsWay::Last(last)).is_ok() => {
                let (giving, viewer) = (self.giving(), self.viewer);
                self.tasks.spawn("hand back", async move {
                    if tokio::time::timeout(LAST_INPUTS_WAIT, reached).await.is_err() {
                        tracing::debug!("handed back while the page did not take input");
                    }
                    giving.back(viewer);
                });
            }
            _ => self.giving().back(self.viewer),
        }
    }

    fn giving(&self) -> Giving {
        Giving { session: Arc::clone(&self.session), caller: self.caller.clone(), witness: self.witness.clone() }
    }

    /// Passes input on to the tab that is looked at. Never waits.
    pub fn turn(&mut self, page: Option<u16>, input: Input, now: Instant) -> Result<(), Refused> {
        let a_move = matches!(input, Input::Mouse { kind: MouseKind::Move, .. });
        if !self.is_held() {
            count("not_in_control");
            // One who lost the wheel mid-way still sends moves; saying so for each would be noise.
            return if a_move { Ok(()) } else { Err(Refused::new("you do not drive", "Take control first.")) };
        }
        if self.meter.take(now).is_err() {
            count("too_fast");
            return if a_move { Ok(()) } else { Err(Refused::new("too much input at once", "Slow down a little.")) };
        }
        let page = page.ok_or_else(|| Refused::new("there is no tab to drive", "The agent has to open one."))?;
        match self.inputs().try_send(OnItsWay::Input(page, input)) {
            Ok(()) => count("sent"),
            Err(TrySendError::Full(_)) if a_move => count("dropped"),
            Err(_) => {
                count("page_busy");
                return Err(Refused::new("the page does not take input now", "Wait a moment; a dialog may be open."));
            }
        }
        Ok(())
    }

    /// The way to the page: one task, so that input keeps its order and a page that does not answer holds up no frame.
    fn inputs(&mut self) -> &mpsc::Sender<OnItsWay> {
        self.inputs.get_or_insert_with(|| {
            let (inputs, mut waiting) = mpsc::channel(INPUTS_WAITING_MAX);
            let (session, heard, viewer) = (Arc::clone(&self.session), self.heard.0.clone(), self.viewer);
            self.tasks.spawn("viewer input", async move {
                while let Some(next) = waiting.recv().await {
                    let (page, input) = match next {
                        OnItsWay::Input(page, input) => (page, input),
                        OnItsWay::Last(reached) => {
                            // Nobody waits any more when it took too long.
                            reached.send(()).ok();
                            continue;
                        }
                    };
                    // Asked again here: what waited is not sent after the wheel was handed back.
                    let drives = session.controller().is_some_and(|who| who.viewer == viewer);
                    if !drives {
                        continue;
                    }
                    let answer = match session.input(page, input).await {
                        Ok(None) => continue,
                        Ok(Some(text)) => Heard::Copied(text),
                        Err(why) => Heard::NotTaken(why),
                    };
                    // A person who does not read what went wrong misses some of it.
                    drop(heard.try_send(answer));
                }
            });
            inputs
        })
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        self.giving().back(self.viewer);
    }
}

/// All that is needed to give the wheel back, also after its viewer is gone.
struct Giving {
    session: Arc<dyn Watched>,
    caller: Caller,
    witness: Witness,
}

impl Giving {
    fn back(&self, viewer: ViewerId) {
        if self.session.hand_back(viewer) {
            self.witness.saw(&*self.session, &self.caller, Deed::HandedBack);
        }
    }
}

fn count(result: &'static str) {
    counter!(names::LIVE_INPUTS, "result" => result).increment(1);
}
