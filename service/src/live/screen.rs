//! The real session, desk and registry, as this room asks for them.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use helmwatch_protocol::{ApprovalView, CallView, FeedEvent, LiveEvent, MouseKind, SessionId, SessionView};
use tokio::sync::broadcast;

use super::behind::{Approvals, Casting, Input, Sessions, Share, ViewerId, Watched};
use crate::approval::{Desk, Notice, Reach};
use crate::auth::Caller;
use crate::browser::{KeyInput, MouseAction, MouseButton, Screencast};
use crate::session::{Controller, Registry, Session, SessionError};

/// A session that was found for the one who looks.
pub struct SessionScreen(pub Arc<Session>);

impl Watched for SessionScreen {
    fn id(&self) -> SessionId {
        self.0.id().clone()
    }

    fn view(&self) -> SessionView {
        self.0.view()
    }

    fn calls(&self) -> Vec<CallView> {
        self.0.calls()
    }

    fn dialogs(&self) -> Vec<LiveEvent> {
        self.0.dialogs()
    }

    fn events(&self) -> broadcast::Receiver<LiveEvent> {
        self.0.events()
    }

    fn seen(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.0.watched())
    }

    fn current_page(&self) -> Option<u16> {
        self.0.current_tab().map(|page| page.number())
    }

    fn watch(&self, page: u16, fps: u32, width: Option<u32>) -> Option<Casting> {
        let page = self.0.tab(page)?;
        match page.watch(fps, width) {
            Ok(cast) => Some(Casting { frames: cast.frames(), share: Box::new(cast) }),
            Err(error) => {
                tracing::debug!(session = %self.0.id(), page = page.number(), %error, "a tab cannot be watched now");
                None
            }
        }
    }

    fn input(&self, page: u16, input: Input) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let page = self.0.tab(page).ok_or_else(|| "the tab is gone".to_owned())?;
            self.0.touch();
            let done = match input {
                Input::Mouse { kind, x, y, button, clicks, delta_x, delta_y, modifiers } => {
                    let (button, clicks) = (mouse_button(button), u32::from(clicks));
                    let action = match kind {
                        MouseKind::Move => MouseAction::Move,
                        MouseKind::Down => MouseAction::Down { button, clicks },
                        MouseKind::Up => MouseAction::Up { button, clicks },
                        MouseKind::Wheel => MouseAction::Wheel { delta_x, delta_y },
                    };
                    page.mouse(&action, x, y, i64::from(modifiers)).await
                }
                Input::Key { down, key, code, modifiers } => {
                    page.key(&KeyInput { down, key, code, modifiers: i64::from(modifiers) }).await
                }
                Input::Text(text) => page.insert_text(&text).await,
            };
            done.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn controller(&self) -> Option<Controller> {
        self.0.controller()
    }

    fn take_control(&self, controller: Controller) -> Result<(), String> {
        self.0.take_control(controller).map_err(|error| match error {
            SessionError::Held(name) => name,
            other => other.to_string(),
        })
    }

    fn hand_back(&self, viewer: ViewerId) -> bool {
        self.0.hand_back(viewer)
    }
}

impl Share for Screencast {
    fn want(&self, fps: u32, width: Option<u32>) {
        Self::want(self, fps, width);
    }
}

fn mouse_button(button: helmwatch_protocol::MouseButton) -> MouseButton {
    use helmwatch_protocol::MouseButton as Wire;
    match button {
        Wire::None => MouseButton::None,
        Wire::Left => MouseButton::Left,
        Wire::Middle => MouseButton::Middle,
        Wire::Right => MouseButton::Right,
    }
}

impl Approvals for Desk {
    fn pending(&self, caller: &Caller) -> Vec<ApprovalView> {
        self.pending_within(&Reach::of(caller))
    }

    fn news(&self, caller: &Caller) -> BoxStream<'static, Notice> {
        stream::unfold(self.subscribe(Reach::of(caller)), |mut feed| async {
            let notice = feed.next().await?;
            Some((notice, feed))
        })
        .boxed()
    }
}

impl Sessions for Registry {
    fn list(&self, caller: &Caller) -> Vec<SessionView> {
        Self::list(self, caller)
    }

    fn feed(&self) -> broadcast::Receiver<FeedEvent> {
        Self::feed(self)
    }

    fn shows(&self, caller: &Caller, id: &SessionId) -> bool {
        Self::shows(self, caller, id)
    }
}
