//! What a call answers, before it becomes an MCP result.

use bytes::Bytes;

use super::own_client::Question;

/// One picture in an answer.
#[derive(Debug, Clone)]
pub struct Image {
    /// As in `image/png`.
    pub mime: &'static str,
    pub data: Bytes,
}

/// One file an answer gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Plain, unique in its session.
    pub name: String,
    /// As in `application/pdf`.
    pub mime: String,
    pub bytes: u64,
    /// Absolute, sealed, good for a while.
    pub url: String,
}

/// The whole answer of one call.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Markdown sections in their fixed order, already within the budget.
    pub text: String,
    pub images: Vec<Image>,
    pub links: Vec<Link>,
    pub is_error: bool,
    /// The call waits for an answer of its client's user, who is asked by this; the rest says so in words.
    pub question: Option<Question>,
}
