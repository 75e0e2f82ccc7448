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

/// Who calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallerFacts<'a> {
    /// Whose sessions these are.
    pub tenant: &'a str,
    /// The key's public id.
    pub key: &'a str,
    /// The key's name, for people.
    pub key_name: &'a str,
}

/// How a page sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A form, also one that a script submits: it brings a new document.
    Form,
    /// `fetch` and `XMLHttpRequest`, also from workers.
    Script,
    /// `navigator.sendBeacon` and pings of links.
    Beacon,
}

impl RequestKind {
    /// Each with its word in rule files.
    pub const WORDS: [(&str, Self); 3] = [("form", Self::Form), ("script", Self::Script), ("beacon", Self::Beacon)];
}

/// The methods a rule can name. A page may invent others; they are `OTHER`.
pub(super) const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"];

/// A request that stands at the browser's door, about to leave.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// As the page gave it; letters of either case.
    pub method: &'a str,
    pub kind: RequestKind,
}

/// All a rule can match on.
#[derive(Debug, Clone)]
pub struct CallFacts<'a> {
    pub caller: CallerFacts<'a>,
    /// As in `browser_click`; [`Self::REQUEST_TOOL`] for a request of a page.
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
    /// What a page is about to send, when that is what is judged: `effect` is [`Effect::Send`] then, `to_url` where it goes, the
    /// target's form what it holds, `values` its fields.
    pub request: Option<RequestFacts<'a>>,
}

impl CallFacts<'_> {
    /// What stands for the tool's name where no tool, but a page sends something.
    pub const REQUEST_TOOL: &'static str = "page_request";
}
