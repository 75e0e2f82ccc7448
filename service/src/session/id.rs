//! Fresh ids.

use helmwatch_protocol::SessionId;
use rand::distr::{Alphanumeric, SampleString};

/// Letters and digits of an id: 119 bits, so that knowing some ids says nothing of others.
const RANDOM_CHARS: usize = 20;

/// A session id nobody has had.
pub(super) fn fresh() -> SessionId {
    let random = Alphanumeric.sample_string(&mut rand::rng(), RANDOM_CHARS);
    SessionId::from_random(&random).expect("letters and digits make an id")
}
