//! The mouse, as a person's: where it is, what it holds down, and what it drags.
//!
//! Both agents and people at the helm move this one pointer. A drag that a page begins (HTML drag and drop) is kept from the
//! window system, which a browser without a window does not have, and carried on here: `Input.setInterceptDrags`,
//! `Input.dragIntercepted`, `Input.dispatchDragEvent`.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchDragEventReturns, DispatchMouseEventParams, DispatchMouseEventParamsBuilder, DispatchMouseEventType,
    MouseButton, SetInterceptDragsParams,
};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::Serialize;
use serde_json::Value;

use super::Page;
use crate::browser::BrowserError;
use crate::browser::error::impossible;
use crate::browser::lock::lock;

/// What a page may put into one drag, bytes; a drag with more is cancelled.
const DRAG_BYTES_MAX: usize = 8 << 20;

/// A move of a drag. Chromium does not by itself enter a frame of another process that the pointer has come into; where it
/// was before, entering once more is moving on.
const OVER: &str = "dragEnter";

/// How to click.
#[derive(Debug, Clone)]
pub struct ClickOptions {
    pub button: MouseButton,
    /// 1, or 2 for a double click.
    pub count: u32,
    /// CDP's bits: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift.
    pub modifiers: i64,
    /// Between press and release.
    pub hold: Duration,
}

impl Default for ClickOptions {
    fn default() -> Self {
        Self { button: MouseButton::Left, count: 1, modifiers: 0, hold: Duration::ZERO }
    }
}

/// One raw mouse event, as a person at the helm sends it.
#[derive(Debug, Clone)]
pub enum MouseAction {
    Move,
    Down { button: MouseButton, clicks: u32 },
    Up { button: MouseButton, clicks: u32 },
    Wheel { delta_x: f64, delta_y: f64 },
}

/// The pointer of a tab.
#[derive(Debug, Default)]
pub(in crate::browser) struct Pointer {
    /// CSS pixels of the tab's viewport.
    x: f64,
    y: f64,
    /// Buttons held: 1 left, 2 right, 4 middle.
    held: i64,
    /// What is dragged, as Chromium told it: CDP's `DragData`.
    drag: Option<Value>,
    /// Was Chromium told to leave drags to us?
    intercepts: bool,
}

impl Pointer {
    /// A page has begun a drag. Files in it are left out: what a page may read it need not be handed.
    pub fn drag_begun(&mut self, mut data: Value) {
        if let Some(fields) = data.as_object_mut() {
            fields.remove("files");
        }
        self.drag = Some(data);
    }

    /// Its document is gone: nothing of it is dragged.
    pub fn document_gone(&mut self) {
        self.drag = None;
    }
}

/// What comes of letting go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The button is up.
    Up,
    /// What was dragged was dropped.
    Dropped,
}

/// `Input.dispatchDragEvent`; the typed command leaves an empty list of items out, which Chromium refuses.
#[derive(Debug, Serialize)]
pub(super) struct DragEvent<'a> {
    pub r#type: &'static str,
    pub x: f64,
    pub y: f64,
    pub data: &'a Value,
    pub modifiers: i64,
}

impl Method for DragEvent<'_> {
    fn identifier(&self) -> MethodId {
        "Input.dispatchDragEvent".into()
    }
}

impl Command for DragEvent<'_> {
    type Response = DispatchDragEventReturns;
}

impl Page {
    /// Where the pointer is, CSS pixels of the tab's viewport.
    #[must_use]
    pub fn pointer(&self) -> (f64, f64) {
        let state = lock(&self.state);
        (state.pointer.x, state.pointer.y)
    }

    /// Moves to a point (CSS pixels of the tab's viewport) and clicks there.
    ///
    /// # Errors
    /// `DialogOpen` when the click opened one: the click happened then.
    pub async fn click_at(&self, x: f64, y: f64, options: &ClickOptions) -> Result<(), BrowserError> {
        self.pointer_at(x, y);
        let moved = mouse(DispatchMouseEventType::MouseMoved, x, y, options.modifiers).build().map_err(impossible)?;
        let held = button_bit(&options.button);
        let event = |kind, click, held| {
            let event = mouse(kind, x, y, options.modifiers).button(options.button.clone());
            event.click_count(click).buttons(held).build().map_err(impossible)
        };
        if options.hold.is_zero() {
            let mut events = vec![moved];
            for click in 1..=options.count {
                events.push(event(DispatchMouseEventType::MousePressed, click, held)?);
                events.push(event(DispatchMouseEventType::MouseReleased, click, 0)?);
            }
            // All leave together and arrive in order: nothing can come between press and release, also when the caller leaves
            // here, and the frame the page waits for is waited for once.
            let events = events.into_iter().map(|event| self.session.execute(event));
            return self.heard(futures_util::future::try_join_all(events)).await.map(drop);
        }
        self.heard(self.session.execute(moved)).await?;
        for click in 1..=options.count {
            self.heard(self.session.execute(event(DispatchMouseEventType::MousePressed, click, held)?)).await?;
            // How long a person's finger stays down: what the call asks for is the clock itself.
            tokio::time::sleep(options.hold).await;
            self.heard(self.session.execute(event(DispatchMouseEventType::MouseReleased, click, 0)?)).await?;
        }
        Ok(())
    }

    /// Moves the pointer, with whatever it holds or drags.
    ///
    /// # Errors
    /// As the connection.
    pub async fn move_to(&self, x: f64, y: f64) -> Result<(), BrowserError> {
        self.move_with(x, y, 0).await
    }

    /// One raw mouse event.
    ///
    /// # Errors
    /// As the connection.
    pub async fn mouse(&self, action: &MouseAction, x: f64, y: f64, modifiers: i64) -> Result<(), BrowserError> {
        match action {
            MouseAction::Move => self.move_with(x, y, modifiers).await,
            MouseAction::Down { button, clicks } => self.press_button(button, *clicks, (x, y), modifiers).await,
            MouseAction::Up { button, clicks } => {
                self.release_button(button, *clicks, (x, y), modifiers).await.map(drop)
            }
            MouseAction::Wheel { delta_x, delta_y } => {
                let wheel = mouse(DispatchMouseEventType::MouseWheel, x, y, modifiers);
                let wheel = wheel.delta_x(*delta_x).delta_y(*delta_y).build().map_err(impossible)?;
                self.pointer_at(x, y);
                self.heard(self.session.execute(wheel)).await.map(drop)
            }
        }
    }

    async fn move_with(&self, x: f64, y: f64, modifiers: i64) -> Result<(), BrowserError> {
        let (held, dragged) = {
            let mut state = lock(&self.state);
            (state.pointer.x, state.pointer.y) = (x, y);
            (state.pointer.held, state.pointer.drag.clone())
        };
        if let Some(data) = dragged {
            return self.drag_event(OVER, (x, y), &data, modifiers).await;
        }
        let moved = mouse(DispatchMouseEventType::MouseMoved, x, y, modifiers).button(held_button(held)).buttons(held);
        self.heard(self.session.execute(moved.build().map_err(impossible)?)).await?;
        // Chromium tells of a drag before it answers for the move that began it.
        let begun = lock(&self.state).pointer.drag.clone();
        match begun {
            Some(data) if data.to_string().len() > DRAG_BYTES_MAX => {
                lock(&self.state).pointer.drag = None;
                self.drag_event("dragCancel", (x, y), &nothing(), modifiers).await
            }
            Some(data) => self.drag_event(OVER, (x, y), &data, modifiers).await,
            None => Ok(()),
        }
    }

    /// Presses a button and holds it.
    ///
    /// # Errors
    /// `DialogOpen` when that opened one; as the connection.
    pub async fn press_button(
        &self,
        button: &MouseButton,
        clicks: u32,
        (x, y): (f64, f64),
        modifiers: i64,
    ) -> Result<(), BrowserError> {
        if !std::mem::replace(&mut lock(&self.state).pointer.intercepts, true) {
            self.session.execute(SetInterceptDragsParams::new(true)).await?;
        }
        let held = {
            let mut state = lock(&self.state);
            (state.pointer.x, state.pointer.y) = (x, y);
            state.pointer.held |= button_bit(button);
            state.pointer.held
        };
        let pressed = mouse(DispatchMouseEventType::MousePressed, x, y, modifiers).button(button.clone());
        let pressed = pressed.buttons(held).click_count(clicks).build().map_err(impossible)?;
        self.heard(self.session.execute(pressed)).await.map(drop)
    }

    /// Lets a button go; what was dragged is dropped.
    ///
    /// # Errors
    /// `DialogOpen` when that opened one; as the connection.
    pub async fn release_button(
        &self,
        button: &MouseButton,
        clicks: u32,
        (x, y): (f64, f64),
        modifiers: i64,
    ) -> Result<Released, BrowserError> {
        let (held, dragged) = {
            let mut state = lock(&self.state);
            (state.pointer.x, state.pointer.y) = (x, y);
            state.pointer.held &= !button_bit(button);
            let dragged = if *button == MouseButton::Left { state.pointer.drag.take() } else { None };
            (state.pointer.held, dragged)
        };
        if let Some(data) = dragged {
            // A drop counts where the last "over" was.
            self.drag_event(OVER, (x, y), &data, modifiers).await?;
            self.drag_event("drop", (x, y), &data, modifiers).await?;
            return Ok(Released::Dropped);
        }
        let released = mouse(DispatchMouseEventType::MouseReleased, x, y, modifiers).button(button.clone());
        let released = released.buttons(held).click_count(clicks).build().map_err(impossible)?;
        self.heard(self.session.execute(released)).await?;
        Ok(Released::Up)
    }

    /// Lets everything go without waiting, as after a press that came to nothing: a page must not be left with a button down.
    pub fn let_go(&self) {
        let (held, dragged, at) = {
            let mut state = lock(&self.state);
            let held = std::mem::take(&mut state.pointer.held);
            (held, state.pointer.drag.take(), (state.pointer.x, state.pointer.y))
        };
        if dragged.is_some() {
            self.session.post(&DragEvent { r#type: "dragCancel", x: at.0, y: at.1, data: &nothing(), modifiers: 0 });
        } else if held != 0
            && let Ok(up) =
                mouse(DispatchMouseEventType::MouseReleased, at.0, at.1, 0).button(held_button(held)).build()
        {
            self.session.post(&up);
        }
    }

    /// Is a button down, or something dragged?
    pub(super) fn holds_button(&self) -> bool {
        let state = lock(&self.state);
        state.pointer.held != 0 || state.pointer.drag.is_some()
    }

    /// Is something dragged?
    #[must_use]
    pub fn drags(&self) -> bool {
        lock(&self.state).pointer.drag.is_some()
    }

    pub(super) async fn drag_event(
        &self,
        kind: &'static str,
        (x, y): (f64, f64),
        data: &Value,
        modifiers: i64,
    ) -> Result<(), BrowserError> {
        self.heard(self.session.execute(DragEvent { r#type: kind, x, y, data, modifiers })).await.map(drop)
    }

    fn pointer_at(&self, x: f64, y: f64) {
        let mut state = lock(&self.state);
        (state.pointer.x, state.pointer.y) = (x, y);
    }
}

/// A drag of nothing: to cancel takes some data.
pub(super) fn nothing() -> Value {
    serde_json::json!({ "items": [], "dragOperationsMask": 0 })
}

fn mouse(kind: DispatchMouseEventType, x: f64, y: f64, modifiers: i64) -> DispatchMouseEventParamsBuilder {
    DispatchMouseEventParams::builder().r#type(kind).x(x).y(y).modifiers(modifiers)
}

fn button_bit(button: &MouseButton) -> i64 {
    match button {
        MouseButton::Left => 1,
        MouseButton::Right => 2,
        MouseButton::Middle => 4,
        _ => 0,
    }
}

/// The one of the held buttons that moves things.
fn held_button(held: i64) -> MouseButton {
    match held {
        held if held & 1 != 0 => MouseButton::Left,
        held if held & 2 != 0 => MouseButton::Right,
        held if held & 4 != 0 => MouseButton::Middle,
        _ => MouseButton::None,
    }
}
