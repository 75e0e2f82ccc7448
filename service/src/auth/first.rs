//! The first start: an admin key and an agent key, so that two commands are enough to begin.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::key::new_key_text;
use super::{Caller, KeyError, KeyTerms, Keyring, NewKey, Scope, Scopes, Secret, Tenant};

const ADMIN_FILE: &str = "admin.key";
const AGENT_FILE: &str = "agent.key";

/// The keys in the data directory's files, so far as they are good.
#[derive(Debug)]
pub struct FirstKeys {
    pub admin: Option<(Secret, Caller)>,
    pub agent: Option<(Secret, Caller)>,
    /// Made just now.
    pub made: bool,
}

/// The keys of the first start, made when there are none at all, and read from their files (`admin.key`, `agent.key`, mode 0600)
/// at later starts, so that the same client configuration can be printed again. For a service that listens on loopback only.
///
/// # Errors
/// [`KeyError`]: a file cannot be written, or the keys not stored.
pub async fn first_keys(ring: &Keyring, data_dir: &Path) -> Result<FirstKeys, KeyError> {
    let made = !ring.has_keys();
    if made {
        let mut records = Vec::new();
        for (file, name, scope) in [(ADMIN_FILE, "admin", Scope::Admin), (AGENT_FILE, "agent", Scope::Agent)] {
            let (id, secret) = new_key_text();
            // The files first: a key nobody has the text of would lock everybody out; a file without its key is written anew.
            write_private(&data_dir.join(file), secret.expose())?;
            let new = NewKey {
                name: name.to_owned(),
                tenant: Tenant::new(Tenant::DEFAULT),
                scopes: Scopes::default().with(scope),
                terms: KeyTerms::default(),
                expires_at: None,
            };
            records.push(ring.record(new, id, &secret)?);
        }
        ring.add(records).await?;
    }
    let admin = read(ring, &data_dir.join(ADMIN_FILE)).await;
    let agent = read(ring, &data_dir.join(AGENT_FILE)).await;
    Ok(FirstKeys { admin, agent, made })
}

async fn read(ring: &Keyring, path: &Path) -> Option<(Secret, Caller)> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    let caller = ring.check(text).await.ok()?;
    Some((Secret::new(text.to_owned()), caller))
}

/// Whole or not at all, and never readable for others, not even for a moment.
fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    let write = || -> std::io::Result<()> {
        let draft = path.with_extension("key.new");
        match fs::remove_file(&draft) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|why| KeyError::File { path: path.display().to_string(), what: why.to_string() })
}
