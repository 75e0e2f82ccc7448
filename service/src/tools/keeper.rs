//! Keeps what a call made, and says where it can be fetched.

use bytes::Bytes;

use super::{Artefact, Link, ToolError, clock};
use crate::session::{Session, StoredFile};

/// A session's files, and the address they are fetched from.
pub(super) struct Keeper<'a> {
    pub session: &'a Session,
    /// Without a slash at its end.
    pub public_url: &'a str,
}

impl Keeper<'_> {
    /// Keeps a file under `wanted`, or else a name of its own: `page-2026-11-25T10-20-30-400Z.pdf` for `page` and `pdf`.
    ///
    /// # Errors
    /// When the session's files are full.
    pub async fn keep(
        &self,
        title: &str,
        wanted: Option<&str>,
        (prefix, ending): (&str, &str),
        mime: &str,
        data: Bytes,
    ) -> Result<Artefact, ToolError> {
        let own = || format!("{prefix}-{}.{ending}", clock::stamp(clock::now_ms()));
        let name = wanted.map_or_else(own, str::to_owned);
        let file = self.session.files().put(&name, mime, data).await?;
        Ok(self.artefact(title, &file))
    }

    /// A file of the session, as an answer gives it.
    pub fn artefact(&self, title: &str, file: &StoredFile) -> Artefact {
        let url = format!("{}{}", self.public_url, self.session.files().link(file));
        let link = Link { name: file.name.clone(), mime: file.mime.clone(), bytes: file.bytes, url };
        Artefact { title: title.to_owned(), link }
    }
}
