//! The time, for people and for names. Never for deadlines.

/// Milliseconds since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-25T10-20-30-400Z`: ISO 8601 in UTC, with dashes where a file name takes no colon or dot.
pub(super) fn stamp(ms: u64) -> String {
    crate::telemetry::rfc3339(ms).replace([':', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_a_date() {
        assert_eq!(stamp(0), "1970-01-01T00-00-00-000Z");
        assert_eq!(stamp(951_782_400_000), "2000-02-29T00-00-00-000Z");
        assert_eq!(stamp(1_795_688_430_400), "2026-11-26T10-20-30-400Z");
    }
}
