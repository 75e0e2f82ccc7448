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
use crate::session::Controller;
use crate::telemetry::{Tasks, names};

/// Input messages that may wait for a page that is busy; beyond it moves are dropped and the rest refused.
const INPUTS_WAITING_MAX: usize = 64;
/// Errors of a page that may wait until this viewer is told; beyond it they are only counted.
const REFUSALS_WAITING_MAX: usize = 4;

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
    refusals: (mpsc::Sender<String>, mpsc::Receiver<String>),
    tasks: Tasks,
    /// Last input while driving: a silent driver hands back.
    drove_at: Instant,
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
            refusals: mpsc::channel(REFUSALS_WAITING_MAX),
            tasks,
            drove_at: now,
        }
    }

    /// Does this viewer drive?
    pub fn is_held(&self) -> bool {
        self.session.controller().is_some_and(|who| who.viewer == self.viewer)
    }

    /// When a driver who does nothing hands back; `None` while this viewer does not drive.
    pub fn idle_at(&self) -> Option<Instant> {
        self.is_held().then(|| self.drove_at + self.idle_max)
    }

    /// What the page did not take, as it comes. Can be dropped at any time.
    pub async fn refused(&mut self) -> Option<String> {
        self.refusals.1.recv().await
    }

    /// Takes the wheel.
    pub fn take(&mut self, now: Instant) -> Result<(), Refused> {
        if !self.licensed {
            return Err(Refused::new(
                "this key may not drive: it needs the scope control",
                "Log in with a key that has control.",
            ));
        }
        let asked = Controller { viewer: self.viewer, name: self.caller.name().to_owned() };
        let held = self.is_held();
        self.session
            .take_control(asked)
            .map_err(|by| Refused::new(format!("{by} drives already"), "Wait until it is handed back."))?;
        self.drove_at = now;
        if !held {
            self.witness.saw(&*self.session, &self.caller, Deed::TookTheWheel);
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
        let page = page.ok_or_else(|| Refused::new("there is no tab to drive", "Choose a tab."))?;
        self.drove_at = now;
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
            let (session, refused, viewer) = (Arc::clone(&self.session), self.refusals.0.clone(), self.viewer);
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
                    if drives && let Err(why) = session.input(page, input).await {
                        // A person who does not read what went wrong misses some of it.
                        drop(refused.try_send(why));
                    }
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
