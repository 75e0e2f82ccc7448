//! Which calls may run, which may not, and which a person must see first.
//!
//! Pure: a [`Policy`] is read from TOML once and [`Policy::decide`] takes the facts of a call and answers. No await, no
//! clock, no I/O. A file that does not parse is an error; it never becomes "no policy".

mod facts;

pub use facts::{CallFacts, Effect, FieldFacts, FieldKind, FormFacts, TargetFacts};
