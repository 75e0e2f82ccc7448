//! What the page says of the element a call would act on.

use helmwatch_protocol::Rect;

use crate::browser::{BrowserError, Page, PageFieldKind, SentField, Target};
use crate::policy::{FieldFacts, FieldKind, FormFacts, TargetFacts};

/// One look at an element.
#[derive(Debug, Clone)]
pub struct TargetReading {
    /// For the policy.
    pub facts: TargetFacts,
    /// Where it is, CSS pixels of the tab's viewport.
    pub rect: Rect,
    /// Changes when the page, its address, the element or its form's values change.
    pub fingerprint: String,
    /// The element as a Playwright locator, as in `getByRole('button', { name: 'Save' })`.
    pub code: String,
    /// What was looked at.
    pub target: Target,
    /// As a person sees it, once [`TargetReading::as_seen`] has looked: changes when it moves or something lies over it.
    pub place: Option<String>,
    /// What its form would send, known then too; secrets without their values.
    pub sends: Vec<SentField>,
}

impl TargetReading {
    /// Looks at an element of a page.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn read(page: &Page, target: &Target) -> Result<Self, BrowserError> {
        let seen = page.facts(target).await?;
        let form = seen.form.map(|form| FormFacts {
            method: form.method,
            action: form.action,
            fields: form
                .fields
                .into_iter()
                .map(|field| FieldFacts { name: field.name, kind: kind(field.kind), filled: field.filled })
                .collect(),
        });
        Ok(Self {
            facts: TargetFacts {
                role: seen.role,
                name: seen.name,
                tag: seen.tag,
                field: seen.field.map(kind),
                href: seen.href,
                submits: seen.submits,
                downloads: seen.downloads,
                form,
            },
            rect: seen.rect,
            fingerprint: seen.fingerprint,
            code: seen.code,
            target: target.clone(),
            place: None,
            sends: Vec::new(),
        })
    }

    /// Looks at it as a person would, scrolled into view: for a call that a person is to see, and again before it runs.
    ///
    /// # Errors
    /// As [`Page::shown`].
    pub async fn as_seen(&mut self, page: &Page) -> Result<(), BrowserError> {
        let shown = page.shown(&self.target).await?;
        self.rect = shown.rect;
        self.place = Some(shown.place);
        self.sends = shown.sends;
        Ok(())
    }
}

/// The page's word, as the policy's: rules are pure and know no page.
pub(super) fn kind(kind: PageFieldKind) -> FieldKind {
    match kind {
        PageFieldKind::Text => FieldKind::Text,
        PageFieldKind::Password => FieldKind::Password,
        PageFieldKind::Card => FieldKind::Card,
        PageFieldKind::OneTimeCode => FieldKind::OneTimeCode,
        PageFieldKind::Email => FieldKind::Email,
        PageFieldKind::File => FieldKind::File,
        PageFieldKind::Search => FieldKind::Search,
        PageFieldKind::Other => FieldKind::Other,
    }
}
