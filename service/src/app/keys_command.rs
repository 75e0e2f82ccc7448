//! `helmwatch keys`: beside a running service or without one.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cli::KeysCommand;
use crate::auth::{KeyError, KeyId, KeyInfo, KeyTerms, Keyring, NewKey, Scope, Scopes, Tenant, WallClock};
use crate::config::Config;
use crate::store::{Purpose, Store};
use crate::tools::{Capabilities, SnapshotMode, Wishes};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs one command and prints to standard output.
///
/// # Errors
/// Two lines, what and how.
pub async fn run(command: KeysCommand) -> Result<(), String> {
    match command {
        KeysCommand::Create {
            name,
            scopes,
            tenant,
            expires_days,
            caps,
            snapshot,
            max_tokens,
            may_elicit,
            settings,
        } => {
            let scopes: Scopes = scopes
                .iter()
                .map(|word| word.parse::<Scope>())
                .collect::<Result<_, _>>()
                .map_err(|what| format!("{what}\nGive --scope one of these."))?;
            let terms = KeyTerms { may_elicit, ..terms(caps, snapshot, max_tokens)? };
            let expires_at =
                expires_days.map(|days| now_ms().saturating_add(days.saturating_mul(DAY.as_millis() as u64)));
            let (ring, store) = open(&settings.load().map_err(|error| error.to_string())?).await?;
            let new = NewKey { name, tenant: Tenant::new(&tenant), scopes, terms, expires_at };
            let made = ring.create(new).await.map_err(told);
            store.close().await;
            let (info, secret) = made?;
            // The key alone on standard output, so that a script can take it.
            eprintln!("Made key {} for {}. It is shown this once:", info.id, info.name);
            println!("{}", secret.expose());
        }
        KeysCommand::List { settings } => {
            let (ring, store) = open(&settings.load().map_err(|error| error.to_string())?).await?;
            let keys = ring.list();
            store.close().await;
            if keys.is_empty() {
                eprintln!("There are no keys. Make one: helmwatch keys create --name NAME --scope agent");
            }
            for key in &keys {
                println!("{}", line(key, now_ms()));
            }
        }
        KeysCommand::Revoke { id, settings } => {
            let (ring, store) = open(&settings.load().map_err(|error| error.to_string())?).await?;
            let revoked = ring.revoke(&KeyId::new(&id)).await.map_err(told);
            store.close().await;
            revoked?;
            eprintln!("Revoked {id}. A running service refuses it from now on.");
        }
    }
    Ok(())
}

/// Checks the words of the agents' edge, so that a key never carries one that is none.
fn terms(caps: Option<String>, snapshot: Option<String>, max_tokens: Option<u32>) -> Result<KeyTerms, String> {
    let fix = |what: String, flag: &str| format!("{what}.\nCorrect {flag}.");
    if let Some(caps) = &caps {
        caps.parse::<Capabilities>().map_err(|what| fix(what, "--caps"))?;
    }
    if let Some(snapshot) = &snapshot {
        snapshot.parse::<SnapshotMode>().map_err(|what| fix(what, "--snapshot"))?;
    }
    if let Some(tokens) = max_tokens {
        Wishes::tokens(&tokens.to_string()).map_err(|what| fix(what, "--max-tokens"))?;
    }
    Ok(KeyTerms { caps, snapshot, max_tokens, may_elicit: false })
}

async fn open(config: &Config) -> Result<(Keyring, Store), String> {
    let store =
        Store::open(&config.data_dir, Purpose::Tool).await.map_err(|error| format!("{error}\n{}", error.hint()))?;
    let ring = Keyring::open(Arc::new(store.clone()), None, WallClock::system()).await.map_err(told)?;
    Ok((ring, store))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: KeyError) -> String {
    format!("{error}\n{}", error.hint())
}

/// Tab-separated: id, state, scopes, tenant, name, and what is out of the ordinary.
fn line(key: &KeyInfo, now: u64) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        _ => "good",
    };
    let client = if key.terms.may_elicit { "\tmay elicit" } else { "" };
    format!("{}\t{state}\t{}\t{}\t{}{client}", key.id, key.scopes.words().join(","), key.tenant, key.name)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
