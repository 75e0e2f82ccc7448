//! What is known of an element before anything is done to it, as the page script tells it.

use std::borrow::Cow;
use std::time::Duration;

use helmwatch_protocol::Rect;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::Page;
use super::frames::FrameRef;
use crate::browser::door::Sending;
use crate::browser::page_script;

/// How long a page may take to say which form it sends; one whose script waits for the answer does not say it at all.
const SENDING_WAIT_MAX: Duration = Duration::from_millis(500);

/// What a field is for, by type, `autocomplete`, then name and label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFieldKind {
    Text,
    Password,
    Card,
    OneTimeCode,
    Email,
    File,
    Search,
    #[serde(other)]
    Other,
}

/// A field of the element's form. Its value stays in the page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageField {
    pub name: String,
    pub kind: PageFieldKind,
    pub filled: bool,
}

/// The form the element belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageForm {
    /// `GET`, `POST` or `DIALOG`, with the submitter's `formmethod` counted in.
    pub method: String,
    /// Absolute URL, with the submitter's `formaction` counted in.
    pub action: String,
    pub fields: Vec<PageField>,
}

/// Answer of `facts`: the element before anything is done to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PageFacts {
    pub role: String,
    pub name: String,
    pub tag: String,
    pub field: Option<PageFieldKind>,
    pub href: Option<String>,
    /// A click on a submit button, or Enter in a field, submits the form.
    pub submits: bool,
    pub downloads: bool,
    pub form: Option<PageForm>,
    /// CSS pixels; the script says where in the frame's viewport, `Page::facts` where in the tab's.
    pub rect: Rect,
    /// SHA-256 in hex over page, element and the form's values; equal only while all of it is.
    #[serde(rename = "identity", deserialize_with = "hashed")]
    pub fingerprint: String,
    /// The locator Playwright would print, unique on the page: `getByRole('button', { name: 'Save' })`.
    pub code: String,
}

/// The script tells all that makes an element what it is; what is kept of it is a hash.
fn hashed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let identity = Cow::<str>::deserialize(deserializer)?;
    Ok(Sha256::digest(identity.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// One field of a form and what it would send.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SentField {
    pub label: String,
    /// Not shown on the page.
    pub hidden: bool,
    /// Absent where it is a secret, which never leaves the page.
    pub value: Option<String>,
}

/// Answer of `shown`: as a person sees the element.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ShownInFrame {
    pub rect: Rect,
    /// The point that would be pressed.
    pub x: f64,
    pub y: f64,
    pub in_view: bool,
    /// Nothing lies over it.
    pub free: bool,
    pub scroll_x: f64,
    pub scroll_y: f64,
    pub sends: Vec<SentField>,
}

/// An element as a person sees it, scrolled into view.
#[derive(Debug, Clone, PartialEq)]
pub struct PageShown {
    /// CSS pixels of the tab's viewport.
    pub rect: Rect,
    /// Changes when it moves on its page, changes its size, or something lies over it that did not; not when the page is scrolled.
    pub place: String,
    pub sends: Vec<SentField>,
}

/// A form that would send what is being sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageSentForm {
    #[serde(flatten)]
    pub form: PageForm,
    /// Its submit buttons that would.
    pub buttons: Vec<PageButton>,
}

/// A submit button.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageButton {
    pub role: String,
    pub name: String,
}

/// A field of the page whose value is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct PageSecret {
    pub kind: PageFieldKind,
    /// Which of the values it is in.
    pub at: usize,
}

/// Answer of `sending`: what the forms of a frame say of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PageSending {
    pub forms: Vec<PageSentForm>,
    pub secrets: Vec<PageSecret>,
}

#[derive(Serialize)]
struct Query<'a> {
    url: &'a str,
    method: &'a str,
    values: &'a [String],
}

impl Page {
    /// What the forms of the page say of something that stands at the door: of the frame that sends it, and of the main frame, whose
    /// form may fill that one. A page that answers too late says nothing; it is not interrupted.
    pub async fn sending(&self, sending: &Sending, values: &[String]) -> PageSending {
        let method = sending.method.to_ascii_uppercase();
        let argument = serde_json::json!(Query { url: &sending.url, method: &method, values });
        let main = self.main_frame();
        let own = FrameRef { id: sending.frame().to_owned() };
        let mut known = PageSending::default();
        for frame in [Some(&own).filter(|_| own != main && self.has_frame(&own.id)), Some(&main)].into_iter().flatten()
        {
            let asked = self.unless_dialog(self.call_once(frame, "sending", &argument, SENDING_WAIT_MAX));
            let answered = match tokio::time::timeout(SENDING_WAIT_MAX, asked).await {
                Ok(answered) => answered.and_then(|value| page_script::answered::<PageSending>(value, "sending")),
                Err(_) => continue,
            };
            match answered {
                Ok(seen) => {
                    known.forms.extend(seen.forms);
                    known.secrets.extend(seen.secrets);
                }
                Err(error) => tracing::debug!(%error, "a page did not say which form it sends"),
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_field_nobody_knows_is_some_other_kind() {
        let kind = |word: &str| serde_json::from_str::<PageFieldKind>(&format!("\"{word}\"")).unwrap();
        assert_eq!((kind("one_time_code"), kind("other")), (PageFieldKind::OneTimeCode, PageFieldKind::Other));
        assert_eq!(kind("telepathy"), PageFieldKind::Other);
    }
}
