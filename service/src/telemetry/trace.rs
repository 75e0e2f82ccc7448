//! Where a span stands in a trace that began somewhere else.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The name of the header and of the field in `_meta` (MCP's SEP-414) that says it.
pub const TRACEPARENT: &str = "traceparent";

/// A span that others may stand under, as W3C's Trace Context names it. What came from elsewhere is believed: it can only make
/// spans be found under another trace, and be recorded or not.
#[derive(Debug, Clone)]
pub struct TraceParent(SpanContext);

impl TraceParent {
    /// Reads the value of a `traceparent`. `None` when it is none; the trace begins here then, as the specification has it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // The SDK's own reader takes ids that are too short.
        let hex = |part: &str, digits: usize| {
            part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        // Later versions may say more behind these.
        let whole = match version {
            "00" => parts.next().is_none(),
            other => other != "ff",
        };
        if !(whole && hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2)) {
            return None;
        }
        let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        // Without `tracestate`, which is other vendors' business and as long as its sender likes.
        let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
        context.is_valid().then_some(Self(context))
    }

    /// This span's own. `None` when it is not recorded anywhere.
    #[must_use]
    pub fn of(span: &Span) -> Option<Self> {
        if span.is_disabled() {
            return None;
        }
        let context = span.context().span().span_context().clone();
        context.is_valid().then_some(Self(context))
    }

    /// Puts a span that was just made, and not yet entered, under this one.
    pub fn adopt(&self, span: &Span) {
        let parent = Context::new().with_remote_span_context(self.0.clone());
        if span.set_parent(parent).is_err() {
            tracing::debug!("a span began before its parent was known");
        }
    }

    /// Says that a span has to do with this one without standing under it.
    pub fn link(&self, span: &Span) {
        span.add_link(self.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_specification_allows_is_a_parent() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = TraceParent::read(good).unwrap();
        assert_eq!(parent.0.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.0.span_id().to_string(), "00f067aa0ba902b7");
        assert!(parent.0.is_remote() && parent.0.is_sampled());
        assert!(!TraceParent::read(&good.replace("-01", "-02")).unwrap().0.is_sampled());
        assert!(TraceParent::read(&good.replace("00-4", "42-4").replace("-01", "-01-more")).is_some());
        for bad in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-zbf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-ébf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert!(TraceParent::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_span_nobody_records_has_no_place() {
        assert!(TraceParent::of(&Span::none()).is_none());
    }
}
