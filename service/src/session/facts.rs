//! What the page says of the element a call would act on.

use std::time::Duration;

use helmwatch_protocol::Rect;
use serde::{Deserialize, Serialize};

use crate::browser::{BrowserError, Page, Target};
use crate::policy::{FieldFacts, FieldKind, FormFacts, TargetFacts};

/// Reading facts runs one script once.
const DEADLINE: Duration = Duration::from_secs(5);

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
}

#[derive(Serialize)]
struct Ask<'a> {
    target: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    role: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    tag: String,
    field: Option<String>,
    href: Option<String>,
    #[serde(default)]
    submits: bool,
    #[serde(default)]
    downloads: bool,
    form: Option<Form>,
    rect: Rect,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    method: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    filled: bool,
}

impl TargetReading {
    /// Looks at an element of a page.
    ///
    /// # Errors
    /// `Page` when the target is none; as the connection.
    pub async fn read(page: &Page, target: &Target) -> Result<Self, BrowserError> {
        let frame = page.frame_of(target)?;
        let answer: Answer = page.call(&frame, "facts", &Ask { target: target.as_str() }, DEADLINE).await?;
        let (left, top) = page.frame_offset(&frame).await?;
        let rect = Rect { x: answer.rect.x + left, y: answer.rect.y + top, ..answer.rect };
        let form = answer.form.map(|form| FormFacts {
            method: form.method.to_uppercase(),
            action: form.action,
            fields: form
                .fields
                .into_iter()
                .map(|field| FieldFacts { name: field.name, kind: kind(&field.kind), filled: field.filled })
                .collect(),
        });
        Ok(Self {
            facts: TargetFacts {
                role: answer.role,
                name: answer.name,
                tag: answer.tag,
                field: answer.field.as_deref().map(kind),
                href: answer.href,
                submits: answer.submits,
                downloads: answer.downloads,
                form,
            },
            rect,
            fingerprint: answer.fingerprint,
            code: answer.code,
        })
    }
}

fn kind(word: &str) -> FieldKind {
    match word {
        "text" => FieldKind::Text,
        "password" => FieldKind::Password,
        "card" => FieldKind::Card,
        "one_time_code" => FieldKind::OneTimeCode,
        "email" => FieldKind::Email,
        "file" => FieldKind::File,
        "search" => FieldKind::Search,
        _ => FieldKind::Other,
    }
}
