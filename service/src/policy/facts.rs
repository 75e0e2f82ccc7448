//! What is known of a call before it runs.

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes the page or goes somewhere.
    Act,
    /// Hands something to a site: submits, uploads, pays.
    Send,
}

impl Effect {
    /// Each with its word in rule files.
    pub const WORDS: [(&str, Self); 3] = [("read", Self::Read), ("act", Self::Act), ("send", Self::Send)];
}

/// What a field is for, as far as the page tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    Text,
    Password,
    /// Card number or security code, by `autocomplete`, name or label.
    Card,
    /// One-time code.
    OneTimeCode,
    Email,
    File,
    Search,
    Other,
}

impl FieldKind {
    /// Each with its word in rule files.
    pub const WORDS: [(&str, Self); 8] = [
        ("text", Self::Text),
        ("password", Self::Password),
        ("card", Self::Card),
        ("one_time_code", Self::OneTimeCode),
        ("email", Self::Email),
        ("file", Self::File),
        ("search", Self::Search),
        ("other", Self::Other),
    ];
}

/// One field of a form. Values never leave the page; only whether there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFacts {
    pub name: String,
    pub kind: FieldKind,
    pub filled: bool,
}

/// The form a target belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFacts {
    /// Upper case, as in `POST`.
    pub method: String,
    /// Absolute URL it submits to.
    pub action: String,
    pub fields: Vec<FieldFacts>,
}

/// The element a call acts on. All of it is page text: data, never instruction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetFacts {
    /// ARIA role.
    pub role: String,
    /// Accessible name.
    pub name: String,
    /// Lower case, as in `button`.
    pub tag: String,
    /// What it is for, when it is a field.
    pub field: Option<FieldKind>,
    /// Where it leads, when it is a link (absolute URL).
    pub href: Option<String>,
    /// Does a click (or Enter) on it submit its form?
    pub submits: bool,
    /// Does a click on it start a download (`a[download]`)?
    pub downloads: bool,
    pub form: Option<FormFacts>,
}

/// All a rule can match on.
#[derive(Debug, Clone)]
pub struct CallFacts<'a> {
    /// As in `browser_click`.
    pub tool: &'a str,
    pub effect: Effect,
    /// Address of the page the call acts on.
    pub page_url: Option<&'a str>,
    /// Where the call goes, when it names a URL itself (`browser_navigate`).
    pub to_url: Option<&'a str>,
    /// The elements it acts on; more than one for `browser_fill_form` and drags.
    pub targets: &'a [TargetFacts],
    /// Texts the call would type or choose, in order; matched by class, never logged.
    pub values: &'a [String],
    /// Does the call itself hand over files?
    pub uploads: bool,
}
