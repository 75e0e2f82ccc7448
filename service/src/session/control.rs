//! Who is at the helm: the agent, or one person.

use helmwatch_protocol::LiveEvent;

use super::{Session, SessionError};

/// The person who drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The viewer's number within the session: two windows of one person are two viewers.
    pub viewer: u64,
    /// For people.
    pub name: String,
}

impl Session {
    /// Gives the helm to a person. Agent calls that act are refused until it is handed back.
    ///
    /// # Errors
    /// `Held` when another has it.
    pub fn take_control(&self, controller: Controller) -> Result<(), SessionError> {
        {
            let mut state = self.lock();
            match &state.controller {
                Some(other) if other.viewer != controller.viewer => return Err(SessionError::Held(other.name.clone())),
                _ => state.controller = Some(controller),
            }
            // Under the same lock as the helm itself, so that the two never differ.
            self.context.set_private(true);
        }
        self.tell_control();
        Ok(())
    }

    /// Takes the helm back from a viewer; nothing happens, and the answer is no, when that viewer does not have it.
    pub fn hand_back(&self, viewer: u64) -> bool {
        {
            let mut state = self.lock();
            if state.controller.as_ref().is_none_or(|controller| controller.viewer != viewer) {
                return false;
            }
            state.controller = None;
            self.context.set_private(false);
        }
        self.tell_control();
        true
    }

    /// The person who drives, if one does.
    #[must_use]
    pub fn controller(&self) -> Option<Controller> {
        self.lock().controller.clone()
    }

    fn tell_control(&self) {
        let controller = self.controller().map(|controller| controller.name);
        self.send(LiveEvent::Control { controller, you_control: false });
        self.tell();
    }
}
