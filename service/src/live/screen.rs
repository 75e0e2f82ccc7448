//! The real session, desk and registry, as this room asks for them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use helmwatch_protocol::{ApprovalView, CallView, FeedEvent, GrantView, LiveEvent, MouseKind, SessionId, SessionView};
use tokio::sync::broadcast;
use tokio::time::timeout;
use url::Url;

use super::behind::{Approvals, Casting, Input, Sessions, Share, ViewerId, Watched};
use crate::approval::{Desk, Notice, Reach};
use crate::auth::Caller;
use crate::browser::{BrowserError, Finger, KeyInput, MouseAction, MouseButton, Page, Screencast};
use crate::session::{Controller, Registry, Session, SessionError, Taking, Told};

/// How long a person's next input waits for a page they went to.
const GO_WAIT: Duration = Duration::from_secs(2);
/// How long a server may take to bring such a page.
const GO_DEADLINE: Duration = Duration::from_secs(30);
/// Longest address taken.
const URL_BYTES_MAX: usize = 4 << 10;

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

    fn events(&self) -> broadcast::Receiver<Arc<Told>> {
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

    fn choosers(&self) -> Vec<LiveEvent> {
        self.0.choosers()
    }

    fn input(&self, page: u16, input: Input) -> BoxFuture<'_, Result<Option<String>, String>> {
        async move {
            let page = self.0.tab(page).ok_or_else(|| "the tab is gone".to_owned())?;
            self.0.touch();
            drive(&self.0, &page, input).await
        }
        .boxed()
    }

    fn controller(&self) -> Option<Controller> {
        self.0.controller()
    }

    fn take_control(&self, controller: Controller, taking: Taking) -> Result<Option<String>, String> {
        self.0.take_control(controller, taking).map_err(|error| match error {
            SessionError::Held(name) => name,
            other => other.to_string(),
        })
    }

    fn hand_back(&self, viewer: ViewerId) -> bool {
        self.0.hand_back(viewer)
    }
}

/// One thing a person does to a tab, and what they get for it.
async fn drive(session: &Session, page: &Page, input: Input) -> Result<Option<String>, String> {
    if let Input::AnswerDialog { accept, text } = input {
        return page.answer_dialog(accept, text).await.map(|()| None).map_err(|error| error.to_string());
    }
    if page.dialog().is_some() {
        return Err("a dialog is open on the page: answer it first".to_owned());
    }
    // Before the first key: what is typed into secret fields from here on is kept from the agent.
    page.guard().await.map_err(|error| error.to_string())?;
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
        Input::Compose { text, start, end } => page.compose(&text, start, end).await,
        Input::Touch { kind, points, modifiers } => {
            let fingers: Vec<_> = points.iter().map(|point| Finger { id: point.id, x: point.x, y: point.y }).collect();
            page.touch_screen(kind, &fingers, i64::from(modifiers)).await
        }
        Input::Choose { number, files } => return choose(session, page, number, &files).await.map(|()| None),
        Input::Copy { cut } => {
            let text = page.selected().await.map_err(|error| error.to_string())?;
            if cut && !text.is_empty() {
                for down in [true, false] {
                    let key = KeyInput { down, key: "Delete".to_owned(), code: "Delete".to_owned(), modifiers: 0 };
                    page.key(&key).await.map_err(|error| error.to_string())?;
                }
            }
            return Ok(Some(text));
        }
        Input::Go(url) => {
            let url = address(&url)?;
            // What takes longer goes on loading; the next thing a person does is not held up by it.
            match timeout(GO_WAIT, page.navigate(&url, GO_DEADLINE)).await {
                Ok(Err(BrowserError::DialogOpen)) | Err(_) => Ok(()),
                Ok(gone) => gone,
            }
        }
        Input::Walk(step) => page.walk(step).await,
        Input::AnswerDialog { .. } => Ok(()),
    };
    match done {
        // It was opened by what the person did: that happened, and the dialog is told by itself.
        Ok(()) | Err(BrowserError::DialogOpen) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

async fn choose(session: &Session, page: &Page, number: u64, files: &[String]) -> Result<(), String> {
    if page.chooser().is_none_or(|(open, _)| open != number) {
        return Err("the page no longer asks for files".to_owned());
    }
    if files.is_empty() {
        return page.cancel_chooser().await.map_err(|error| error.to_string());
    }
    let paths: Result<Vec<_>, _> = files.iter().map(|file| session.files().given(file)).collect();
    let paths = paths.map_err(|error| error.to_string())?;
    match page.choose_files(&paths).await {
        Ok(()) | Err(BrowserError::DialogOpen) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a person typed as an address; only web pages may be opened.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > URL_BYTES_MAX {
        return Err("the address is too long".to_owned());
    }
    let whole =
        if text.contains("://") || text.starts_with("about:") { text.to_owned() } else { format!("https://{text}") };
    match Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") || url.as_str() == "about:blank" => Ok(url.into()),
        Ok(url) => Err(format!("only web pages can be opened, not \"{}:\"", url.scheme())),
        Err(_) => Err("that is no address".to_owned()),
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

    fn grants(&self, caller: &Caller) -> Vec<GrantView> {
        self.grants_within(&Reach::of(caller))
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
