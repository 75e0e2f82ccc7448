//! What a call answers, before it becomes an MCP result.

use bytes::Bytes;

/// One picture in an answer.
#[derive(Debug, Clone)]
pub struct Image {
    /// As in `image/png`.
    pub mime: &'static str,
    pub data: Bytes,
}

/// The whole answer of one call.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Markdown sections in their fixed order, already within the budget.
    pub text: String,
    pub images: Vec<Image>,
    pub is_error: bool,
}
