//! Waits until an element can be acted on as a person would, and says where to press.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Page;
use super::element::millis;
use super::place::Place;
use super::target::Target;
use super::through::Through;
use crate::browser::BrowserError;

/// How long an element may take to become fit for an action.
const READY_WAIT: Duration = Duration::from_secs(5);
/// Longest one call of the script may take: a little more than it may wait itself.
const DEADLINE: Duration = Duration::from_secs(8);
/// Frames through which a point around a frame must stay where it is once something was scrolled or moves: the page around is
/// scrolled by another process, and the browser finds the frame at its new place only when that is drawn.
const STEADY_LOOKS: u32 = 2;
/// How often the pointer is sent to a point in a frame until the frame sees it come. A page that keeps moves of the pointer from
/// us is pressed all the same.
const ARRIVALS_MAX: u32 = 20;
/// Looks between two ways of scrolling an element into view: a page around a frame is scrolled by another process.
const LOOKS_A_WAY: u32 = 4;

/// What an element must be before something is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Drawn, with a size.
    Visible,
    /// In the same place for two frames.
    Stable,
    Enabled,
    /// Takes text.
    Editable,
    /// On top at the point that would be pressed.
    Hit,
}

impl Check {
    /// What a person sees before clicking.
    pub const CLICK: [Self; 4] = [Self::Visible, Self::Stable, Self::Enabled, Self::Hit];
    /// What a person sees before typing.
    pub const TYPE: [Self; 3] = [Self::Visible, Self::Enabled, Self::Editable];
}

/// A point, CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Answer of `ready`: a point of the element in its own frame.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Ready {
    x: f64,
    y: f64,
    /// Was the frame scrolled or anything in it moved a moment ago, also by an earlier call?
    stirred: bool,
}

/// Arguments of `ready`.
#[derive(Debug, Clone, Copy, Serialize)]
struct ReadyQuery<'a> {
    target: &'a str,
    checks: &'a [Check],
    timeout_ms: u64,
}

/// Arguments of `arrived`.
#[derive(Serialize)]
struct Spot {
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
struct Arrived {
    came: bool,
}

#[derive(Serialize)]
struct RevealQuery<'a> {
    target: &'a str,
    round: u32,
}

#[derive(Serialize)]
struct On<'a> {
    target: &'a str,
}

#[derive(Deserialize)]
struct Done {}

#[derive(Deserialize)]
struct Described {
    text: String,
}

/// What a frame around an element has against pressing there.
enum Against {
    OutOfView,
    Cover(String),
}

impl Page {
    /// Waits, up to five seconds, until an element passes the checks, in its own frame and in all frames around it; answers the
    /// point to press, CSS pixels of the tab's viewport. Scrolls it into view.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` with the check that it never passed (`not_visible`, `covered`, …).
    pub async fn aim(&self, target: &Target, checks: &[Check]) -> Result<Point, BrowserError> {
        let place = self.place(target).await?;
        let until = Instant::now() + READY_WAIT;
        let mut before = None;
        let (mut round, mut steady, mut stirred, mut sent) = (0, 0, false, 0);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let query = ReadyQuery { target: &place.name, checks, timeout_ms: millis(left) };
            let inner: Ready = self.call(&place.frame, "ready", &query, DEADLINE).await?;
            let around = self.through(&place.frame, inner.x, inner.y).await?;
            let Some(outermost) = around.last() else { return Ok(Point { x: inner.x, y: inner.y }) };
            let at = Point { x: outermost.x, y: outermost.y };
            let against = against(&around, checks);
            stirred |= inner.stirred || (checks.contains(&Check::Stable) && around.iter().any(|one| one.moving));
            steady = if before == Some(at) { steady + 1 } else { 0 };
            if against.is_none() && (!stirred || steady >= STEADY_LOOKS) {
                if sent >= ARRIVALS_MAX || !checks.contains(&Check::Hit) || self.arrives(&place, &inner, at).await? {
                    return Ok(at);
                }
                sent += 1;
            }
            if left.is_zero() {
                return Err(self.never(&place, against).await);
            }
            if against.is_some() && round % LOOKS_A_WAY == 0 {
                let reveal = RevealQuery { target: &place.name, round: round / LOOKS_A_WAY };
                self.call::<_, Done>(&place.frame, "reveal", &reveal, DEADLINE).await?;
                stirred = true;
            }
            self.next_frame().await?;
            before = Some(at);
            round += 1;
        }
    }

    /// Does the pointer come into the frame where it is sent? The browser decides by what was last drawn of each process, which
    /// may be a picture of some frames ago, and no script can ask it for that.
    async fn arrives(&self, place: &Place, inner: &Ready, at: Point) -> Result<bool, BrowserError> {
        if self.holds_button() {
            return Ok(true);
        }
        self.move_to(at.x, at.y).await?;
        let spot = Spot { x: inner.x, y: inner.y };
        Ok(self.call::<_, Arrived>(&place.frame, "arrived", &spot, DEADLINE).await?.came)
    }

    /// Why an element in a frame never became fit for an action.
    async fn never(&self, place: &Place, against: Option<Against>) -> BrowserError {
        let described: Result<Described, _> =
            self.call(&place.frame, "describe", &On { target: &place.name }, DEADLINE).await;
        let element = match described {
            Ok(described) => described.text,
            Err(error) => return error,
        };
        let (code, message) = match against {
            Some(Against::Cover(cover)) => {
                ("covered", format!("{element} is covered by {cover}; close or move that first"))
            }
            Some(Against::OutOfView) => (
                "not_visible",
                format!(
                    "{element} is in a frame that cannot be scrolled into view; take a new snapshot, or open what hides it first"
                ),
            ),
            None => ("timeout", format!("{element} kept moving; wait for the animation to end and try again")),
        };
        BrowserError::Page { code: code.to_owned(), message }
    }
}

/// The outermost hindrance: what is out of the window there is not looked at further in.
fn against(around: &[Through], checks: &[Check]) -> Option<Against> {
    let hit = checks.contains(&Check::Hit);
    if !hit && !checks.contains(&Check::Visible) {
        return None;
    }
    around.iter().rev().find_map(|one| match &one.cover {
        _ if !one.in_view => Some(Against::OutOfView),
        Some(cover) if hit => Some(Against::Cover(cover.clone())),
        _ => None,
    })
}
