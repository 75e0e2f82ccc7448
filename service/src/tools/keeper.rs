//! Keeps what a call made, and says where it can be fetched.

use bytes::Bytes;
use futures_util::Stream;

use std::borrow::Cow;

use super::{Artefact, Link, ToolError, clock};
use crate::session::{Session, StoredFile};

/// Kinds of text that do not say so.
const TEXT_KINDS: [&str; 5] = ["json", "yaml", "xml", "javascript", "x-www-form-urlencoded"];

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
        let name = name(wanted, prefix, ending);
        let file = self.session.files().put(&name, mime, self.covered(mime, data)).await?;
        Ok(self.artefact(title, &file))
    }

    /// Text without what people typed into secret fields; a picture shows them as dots anyway.
    fn covered(&self, mime: &str, data: Bytes) -> Bytes {
        let is_text = mime.starts_with("text/") || TEXT_KINDS.iter().any(|kind| mime.contains(kind));
        let Some(text) = std::str::from_utf8(&data).ok().filter(|_| is_text) else { return data };
        match self.session.covered(text) {
            Cow::Borrowed(_) => data,
            Cow::Owned(covered) => covered.into(),
        }
    }

    /// As [`Self::keep`], for what comes in pieces.
    ///
    /// # Errors
    /// When the session's files are full, or a piece does not come; nothing is kept then.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        title: &str,
        wanted: Option<&str>,
        (prefix, ending): (&str, &str),
        mime: &str,
        pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Artefact, ToolError> {
        let file = self.session.files().receive(&name(wanted, prefix, ending), mime, pieces).await?;
        Ok(self.artefact(title, &file))
    }

    /// What a session that has ended leaves behind: the video nobody stopped.
    pub fn left(&self) -> Vec<Artefact> {
        self.session.left_video().map(|video| self.artefact("Video", &video.file)).into_iter().collect()
    }

    /// A file of the session, as an answer gives it.
    pub fn artefact(&self, title: &str, file: &StoredFile) -> Artefact {
        let url = format!("{}{}", self.public_url, self.session.files().link(file));
        let link = Link { name: file.name.clone(), mime: file.mime.clone(), bytes: file.bytes, url };
        Artefact { title: title.to_owned(), link }
    }
}

/// The name that is wanted, or one that says what it is and when it was made.
fn name(wanted: Option<&str>, prefix: &str, ending: &str) -> String {
    wanted.map_or_else(|| format!("{prefix}-{}.{ending}", clock::stamp(clock::now_ms())), str::to_owned)
}
