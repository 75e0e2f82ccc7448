//! The built files of the viewer page, embedded in the binary.
//!
//! Answers one question: which bytes stand at this path. It must never read a file while the service runs, know HTTP
//! or decide who may see the page; headers and routes are the business of `http`.

use std::borrow::Cow;
use std::fmt::Write as _;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "dist"]
struct Built;

/// Vite puts what it names by its content here; a file in it never changes under its name.
const NAMED_BY_CONTENT: &str = "assets/";

/// One built file, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Value for `Content-Type`, with the character set where it is text.
    pub mime: String,
    /// The file's content.
    pub bytes: Cow<'static, [u8]>,
    /// Value for `ETag`, quotes included (RFC 9110, section 8.8.3); changes with the content.
    pub etag: String,
    /// True when the name carries a hash of the content: `Cache-Control: public, max-age=31536000, immutable`.
    /// Otherwise it must be asked for again each time: `Cache-Control: no-cache`.
    pub immutable: bool,
}

/// The file at a URL path, as in `/` (which is `index.html`) or `/assets/main-x1.js`. `None` when nothing was built there:
/// the page routes by fragment, so an unknown path is an ordinary 404.
#[must_use]
pub fn file(path: &str) -> Option<File> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = if path.is_empty() { "index.html" } else { path };
    let built = Built::get(path)?;
    let mime = match built.metadata.mimetype() {
        text @ ("text/html" | "text/css" | "text/javascript" | "text/plain") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let mut etag = String::from("\"");
    // Sixteen bytes of SHA-256 tell two builds apart as surely as all of them.
    for byte in &built.metadata.sha256_hash()[..16] {
        write!(etag, "{byte:02x}").expect("a String takes all that is written");
    }
    etag.push('"');
    Some(File { mime, bytes: built.data, etag, immutable: path.starts_with(NAMED_BY_CONTENT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_index_page() {
        let root = file("/").expect("build.rs makes an index page when there is none");
        assert_eq!(Some(&root), file("/index.html").as_ref());
        assert_eq!(root.mime, "text/html; charset=utf-8");
        assert!(!root.immutable, "the index names the current assets: it must be asked for each time");
        assert_eq!(root.etag.len(), 34);
        assert!(String::from_utf8_lossy(&root.bytes).contains("Helmwatch"));
    }

    #[test]
    fn every_embedded_file_is_found_under_its_url() {
        for name in Built::iter() {
            let found = file(&format!("/{name}")).expect("what is embedded is found");
            assert_eq!(found.immutable, name.starts_with("assets/"), "{name}");
        }
    }

    #[test]
    fn what_was_not_built_is_not_there() {
        assert_eq!(file("/../Cargo.toml"), None);
        assert_eq!(file("/src/lib.rs"), None);
        assert_eq!(file("//"), None);
        assert_eq!(file("/v1/sessions"), None);
    }

    #[test]
    fn the_index_page_needs_nothing_a_strict_policy_refuses() {
        let page = file("/").expect("there is always an index page");
        let page = String::from_utf8_lossy(&page.bytes).to_lowercase();
        assert!(!page.contains("<style") && !page.contains(" style="), "inline style");
        assert!(!page.contains("javascript:") && !page.contains(" onload="), "inline script");
        for tag in page.split("<script").skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            assert!(tag.contains("src=\"/") || tag.contains("src=\"./"), "a script that is not a file of ours: {tag}");
        }
    }
}
