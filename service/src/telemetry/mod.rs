//! Logs, traces, numbers and tasks: what every room needs to be watched and to be ended.
//!
//! Logging never blocks the runtime: lines go through a bounded channel to one thread, what does not fit is dropped and counted.
//! Rooms make spans with `tracing`; where these go is known here alone. Never here: page text, arguments of calls, secrets, cookies.

mod date;
mod log_writer;
mod logs;
mod metrics;
mod otlp;
mod tasks;
mod trace;
mod wall_clock;

pub use self::date::rfc3339;
pub use self::log_writer::LogWriter;
pub use self::logs::{LogGuard, init_logs};
pub use self::metrics::{Metrics, names};
pub use self::tasks::Tasks;
pub use self::trace::{TRACEPARENT, TraceParent};
pub use self::wall_clock::WallClock;
