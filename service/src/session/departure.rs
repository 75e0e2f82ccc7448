//! What is known of a request that stands at the door: for the policy and for the card.

use super::facts::kind;
use super::sending::Acting;
use crate::browser::{PageSending, Sending, SendingKind};
use crate::policy::{FieldFacts, FieldKind, FormFacts, RequestKind, SentField, TargetFacts, sent_fields};

/// One look at a request, and at the page it is of.
#[derive(Debug, Clone)]
pub struct Departure {
    /// The button that sends it or would send it: of several one each, and of none an element without a name.
    pub targets: Vec<TargetFacts>,
    /// What it carries. Values are for rules, and masked for cards.
    pub fields: Vec<SentField>,
    pub kind: RequestKind,
    /// Does it carry a file, or what cannot be read and may be one?
    pub uploads: bool,
}

impl Departure {
    /// Looks at a request and asks its page what its forms say of it.
    pub async fn read(sending: &Sending, cause: Option<&Acting>) -> Self {
        let fields = sent_fields(&sending.url, &sending.content_type, &sending.body);
        let values: Vec<String> = fields.iter().map(|field| field.value.clone()).collect();
        let seen = match &sending.page {
            Some(page) => page.sending(sending, &values).await,
            None => PageSending::default(),
        };
        Self::of(sending, fields, &seen, cause)
    }

    fn of(sending: &Sending, mut fields: Vec<SentField>, seen: &PageSending, cause: Option<&Acting>) -> Self {
        // The page knows its fields better than their names in a body do.
        for of_page in seen.forms.iter().flat_map(|sent| &sent.form.fields) {
            for field in fields.iter_mut().filter(|field| field.name == of_page.name && field.kind == FieldKind::Text) {
                field.kind = kind(of_page.kind);
            }
        }
        for secret in &seen.secrets {
            if let Some(field) = fields.get_mut(secret.at) {
                field.kind = kind(secret.kind);
            }
        }
        let form = FormFacts {
            method: sending.method.to_ascii_uppercase(),
            action: sending.url.clone(),
            fields: fields
                .iter()
                .map(|field| FieldFacts { name: field.name.clone(), kind: field.kind, filled: !field.value.is_empty() })
                .collect(),
        };
        let target = |role: &str, name: &str| TargetFacts {
            role: role.to_owned(),
            name: name.to_owned(),
            tag: "form".to_owned(),
            submits: true,
            form: Some(form.clone()),
            ..TargetFacts::default()
        };
        // The very button that was pressed, where one was; else all that the form has.
        let pressed = cause.into_iter().flat_map(|acting| &acting.targets).find(|target| {
            let same = |own: &FormFacts| {
                own.method.eq_ignore_ascii_case(&form.method) && same_place(&own.action, &form.action)
            };
            target.submits && target.form.as_ref().is_some_and(same)
        });
        let mut targets: Vec<TargetFacts> = match pressed {
            Some(pressed) => vec![target(&pressed.role, &pressed.name)],
            None => {
                let buttons = seen.forms.iter().flat_map(|sent| &sent.buttons);
                buttons.map(|button| target(&button.role, &button.name)).collect()
            }
        };
        if targets.is_empty() {
            targets.push(target("", ""));
        }
        let files = fields.iter().any(|field| field.kind == FieldKind::File && !field.value.is_empty());
        let kind = match sending.kind {
            SendingKind::Document => RequestKind::Form,
            SendingKind::Script => RequestKind::Script,
            SendingKind::Beacon => RequestKind::Beacon,
        };
        Self { targets, fields, kind, uploads: files || sending.opaque }
    }
}

/// The same address but for what stays in the browser.
fn same_place(one: &str, other: &str) -> bool {
    let bare = |address: &str| address.split('#').next().unwrap_or_default().to_owned();
    bare(one) == bare(other)
}
