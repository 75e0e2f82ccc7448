//! The chain: each line's hash covers the line and the hash before it.
//!
//! Found by it: a line that was changed, removed, inserted or moved, and lines cut off at the end (the head says how many there
//! must be). Not found: somebody who can write the database and computes the whole chain anew. Keep a copy of the
//! head elsewhere against that.

use sha2::{Digest, Sha256};

use super::Line;
use crate::auth::{Kept, NotKept, NotKeptReason};

/// What the first hash is computed over, so that chains of another format are never taken for ours.
const BEGINNING: &[u8] = b"helmwatch audit 1";
/// Lines read at a time.
const PAGE_LINES: u32 = 1_000;

/// One line, as it is stored. The words are those that were found, whether they make sense or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts from 1, without gaps.
    pub seq: u64,
    pub at: u64,
    pub kind: String,
    pub tenant: String,
    pub actor: String,
    pub session: Option<String>,
    pub subject: Option<String>,
    pub text: String,
    pub outcome: String,
    pub took_ms: Option<u64>,
    pub hash: [u8; 32],
}

impl Entry {
    /// The line as JSON, for export: one object, no line break in it.
    #[must_use]
    pub fn json(&self) -> String {
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        serde_json::json!({
            "seq": self.seq, "at": self.at, "kind": self.kind, "tenant": self.tenant, "actor": self.actor,
            "session": self.session, "subject": self.subject, "text": self.text, "outcome": self.outcome,
            "took_ms": self.took_ms, "hash": hash,
        })
        .to_string()
    }

    /// The hash this entry must have after the given one. Every field goes in with its length, so that no two different lines give the
    /// same bytes.
    fn hash_after(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(before);
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(&self.seq.to_le_bytes());
        part(&self.at.to_le_bytes());
        for text in [&self.kind, &self.tenant, &self.actor, &self.text, &self.outcome] {
            part(text.as_bytes());
        }
        for text in [&self.session, &self.subject] {
            part(&[u8::from(text.is_some())]);
            part(text.as_deref().unwrap_or_default().as_bytes());
        }
        part(&[u8::from(self.took_ms.is_some())]);
        part(&self.took_ms.unwrap_or_default().to_le_bytes());
        hasher.finalize().into()
    }
}

/// The end of the chain so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Lines in it.
    pub seq: u64,
    pub hash: [u8; 32],
}

impl Head {
    /// Of a chain without lines.
    #[must_use]
    pub fn beginning() -> Self {
        Self { seq: 0, hash: Sha256::digest(BEGINNING).into() }
    }
}

/// Adds lines to a chain: the entries to be stored, and the new head. To be called by the store inside its transaction.
#[must_use]
pub fn chain(mut head: Head, lines: Vec<Line>) -> (Vec<Entry>, Head) {
    let mut entries = Vec::with_capacity(lines.len());
    for mut line in lines {
        line.cut();
        let mut entry = Entry {
            seq: head.seq + 1,
            at: line.at,
            kind: line.kind.word().to_owned(),
            tenant: line.tenant.as_str().to_owned(),
            actor: line.actor,
            session: line.session.map(String::from),
            subject: line.subject,
            text: line.text,
            outcome: line.outcome,
            took_ms: line.took_ms,
            hash: [0; 32],
        };
        entry.hash = entry.hash_after(&head.hash);
        head = Head { seq: entry.seq, hash: entry.hash };
        entries.push(entry);
    }
    (entries, head)
}

/// Keeps lines. What it answers `Ok` to is on disk.
pub trait AuditStore: Send + Sync + 'static {
    /// All of them or none, in this order.
    fn append(&self, lines: Vec<Line>) -> Kept<'_, ()>;
    /// Lines after `seq`, in order, at most `count`.
    fn page(&self, after_seq: u64, count: u32) -> Kept<'_, Vec<Entry>>;
    /// The end, as it was stored with the last line.
    fn head(&self) -> Kept<'_, Head>;
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every line is as it was written.
    Whole { lines: u64 },
    /// The first line that is not.
    Broken { seq: u64, what: String },
}

/// Reads the whole chain and checks every line.
///
/// # Errors
/// [`NotKept`] when it cannot be read at all, for another reason than damage.
pub async fn verify(store: &dyn AuditStore) -> Result<Verified, NotKept> {
    let broken = |seq: u64, what: &str| Ok(Verified::Broken { seq, what: what.to_owned() });
    // The head first: lines written meanwhile lie behind it.
    let end = match store.head().await {
        Ok(head) => head,
        Err(why) if why.reason == NotKeptReason::Damaged => return broken(0, "the head cannot be read"),
        Err(why) => return Err(why),
    };
    let mut head = Head::beginning();
    while head.seq < end.seq {
        let page = match store.page(head.seq, PAGE_LINES).await {
            Ok(page) => page,
            Err(why) if why.reason == NotKeptReason::Damaged => return broken(head.seq + 1, "cannot be read"),
            Err(why) => return Err(why),
        };
        if page.is_empty() {
            return broken(head.seq + 1, "is missing");
        }
        for entry in page {
            if entry.seq != head.seq + 1 {
                return broken(head.seq + 1, "is missing");
            }
            if entry.hash != entry.hash_after(&head.hash) {
                return broken(entry.seq, "is not as it was written, or the line before it is gone");
            }
            head = Head { seq: entry.seq, hash: entry.hash };
            if head.seq == end.seq {
                break;
            }
        }
    }
    if head != end {
        return broken(head.seq, "does not lead to the stored head");
    }
    // The head was set back to hide lines, or lines were put after it.
    match store.page(end.seq, 1).await?.first() {
        Some(next) if next.hash_after(&end.hash) != next.hash => broken(next.seq, "does not follow the stored head"),
        _ => Ok(Verified::Whole { lines: end.seq }),
    }
}

/// Is this end, kept elsewhere, one the chain once had? Somebody who computed the whole chain anew cannot make it so.
///
/// # Errors
/// [`NotKept`] when it cannot be read.
pub async fn holds(store: &dyn AuditStore, head: Head) -> Result<bool, NotKept> {
    let Some(before) = head.seq.checked_sub(1) else { return Ok(head == Head::beginning()) };
    let page = store.page(before, 1).await?;
    Ok(page.first().is_some_and(|entry| entry.seq == head.seq && entry.hash == head.hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Kind;
    use crate::auth::Tenant;

    #[test]
    fn a_byte_moved_between_fields_changes_the_hash() {
        let line = |actor: &str, text: &str| Line::new(1, Kind::Call, Tenant::new("t"), actor, text);
        let (a, _) = chain(Head::beginning(), vec![line("ab", "c")]);
        let (b, _) = chain(Head::beginning(), vec![line("a", "bc")]);
        assert_ne!(a[0].hash, b[0].hash);
        let (again, head) = chain(Head::beginning(), vec![line("ab", "c")]);
        assert_eq!((a[0].hash, head.seq), (again[0].hash, 1));
    }

    #[test]
    fn export_is_one_line_whatever_the_text() {
        let (entries, _) =
            chain(Head::beginning(), vec![Line::new(1, Kind::Call, Tenant::new("t"), "k", "a\nb\u{2028}\"<script>")]);
        let json = entries[0].json();
        assert_eq!(json.lines().count(), 1);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("json")["text"], "a\nb\u{2028}\"<script>");
    }
}
