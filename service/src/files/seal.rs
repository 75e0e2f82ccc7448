//! Links that say what they open and until when, and cannot be altered. Pure, told the time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::FileError;

/// What is sealed comes from us alone; another use of the key would get another word.
const PURPOSE: &[u8] = b"file-link-1";

/// A key that lives as long as the process: links do not outlive a restart, and neither do the files.
pub struct Seal {
    key: [u8; 32],
}

impl Seal {
    /// With a new random key.
    pub(super) fn random() -> Self {
        Self { key: rand::random() }
    }

    /// The query of a link: `until=MS&seal=…`. `until` is milliseconds since the Unix epoch.
    pub(super) fn query(&self, session: &str, name: &str, until: u64) -> String {
        let code = self.mac(session, name, until).finalize().into_bytes();
        format!("until={until}&seal={}", URL_SAFE_NO_PAD.encode(code))
    }

    /// Does `seal` open this file at the time `now`?
    ///
    /// # Errors
    /// `BadSeal` when it was made for anything else or by anybody else; `Expired` when its time is over.
    pub(super) fn check(&self, session: &str, name: &str, until: u64, seal: &str, now: u64) -> Result<(), FileError> {
        let code = URL_SAFE_NO_PAD.decode(seal).map_err(|_| FileError::BadSeal)?;
        // Compared in constant time.
        self.mac(session, name, until).verify_slice(&code).map_err(|_| FileError::BadSeal)?;
        if now >= until { Err(FileError::Expired) } else { Ok(()) }
    }

    fn mac(&self, session: &str, name: &str, until: u64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [PURPOSE, session.as_bytes(), name.as_bytes(), &until.to_le_bytes()] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_file_until_its_time_is_over() {
        let seal = Seal::random();
        let query = seal.query("s_1", "a.pdf", 1_000);
        let code = query.split_once("seal=").expect("sealed").1;
        assert_eq!(seal.check("s_1", "a.pdf", 1_000, code, 999), Ok(()));
        assert_eq!(seal.check("s_1", "a.pdf", 1_000, code, 1_000), Err(FileError::Expired));
        for (session, name, until) in [("s_2", "a.pdf", 1_000), ("s_1", "b.pdf", 1_000), ("s_1", "a.pdf", 9_000)] {
            assert_eq!(seal.check(session, name, until, code, 1), Err(FileError::BadSeal));
        }
        assert_eq!(seal.check("s_1", "a.pdf", 1_000, "not base64!", 1), Err(FileError::BadSeal));
        assert_eq!(Seal::random().check("s_1", "a.pdf", 1_000, code, 1), Err(FileError::BadSeal), "another process");
    }
}
