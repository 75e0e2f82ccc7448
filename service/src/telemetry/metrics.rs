//! The numbers: every name and its help in one place.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{LogWriter, Tasks};

/// Names of all metrics. Histograms are seconds unless their name says otherwise.
pub mod names {
    pub const TASKS_ALIVE: &str = "helmwatch_tasks_alive";
    pub const TASK_PANICS: &str = "helmwatch_task_panics_total";
    pub const LOG_DROPPED: &str = "helmwatch_log_lines_dropped_total";
    pub const TELEMETRY_SENT: &str = "helmwatch_telemetry_sent_total";
    pub const TELEMETRY_DROPPED: &str = "helmwatch_telemetry_dropped_total";

    pub const HTTP_REQUESTS: &str = "helmwatch_http_requests_total";
    pub const HTTP_SECONDS: &str = "helmwatch_http_request_seconds";
    pub const HTTP_CONNECTIONS: &str = "helmwatch_http_connections";
    pub const HTTP_KEYS_REFUSED: &str = "helmwatch_http_keys_refused_total";

    pub const POOL_LIMIT: &str = "helmwatch_pool_sessions_limit";
    pub const POOL_IN_USE: &str = "helmwatch_pool_sessions_in_use";
    pub const POOL_WAITING: &str = "helmwatch_pool_waiting";
    pub const POOL_WARM: &str = "helmwatch_pool_warm";
    pub const POOL_BROWSERS: &str = "helmwatch_pool_browsers";
    pub const POOL_WAIT_SECONDS: &str = "helmwatch_pool_wait_seconds";
    pub const POOL_REFUSED: &str = "helmwatch_pool_refused_total";

    pub const BROWSER_LAUNCHES: &str = "helmwatch_browser_launches_total";
    pub const BROWSER_LAUNCH_SECONDS: &str = "helmwatch_browser_launch_seconds";
    pub const BROWSER_DEATHS: &str = "helmwatch_browser_deaths_total";
    pub const BROWSER_BYTES: &str = "helmwatch_browser_bytes";
    pub const PAGES_ENDED: &str = "helmwatch_pages_ended_total";

    pub const SESSIONS_OPENED: &str = "helmwatch_sessions_opened_total";
    pub const SESSIONS_CLOSED: &str = "helmwatch_sessions_closed_total";
    pub const SESSION_SECONDS: &str = "helmwatch_session_seconds";

    pub const LEAKS_FOUND: &str = "helmwatch_leaks_found_total";

    pub const CALLS: &str = "helmwatch_calls_total";
    pub const CALL_SECONDS: &str = "helmwatch_call_seconds";
    pub const CALL_WAIT_SECONDS: &str = "helmwatch_call_wait_seconds";

    pub const APPROVALS: &str = "helmwatch_approvals_total";
    pub const APPROVALS_PENDING: &str = "helmwatch_approvals_pending";
    pub const APPROVAL_SECONDS: &str = "helmwatch_approval_seconds";

    pub const POLICY_BROKEN: &str = "helmwatch_policy_broken";

    pub const WEBHOOKS: &str = "helmwatch_webhooks_total";
    pub const WEBHOOK_ATTEMPTS: &str = "helmwatch_webhook_attempts_total";
    pub const WEBHOOKS_WAITING: &str = "helmwatch_webhooks_waiting";

    pub const EGRESS_DECISIONS: &str = "helmwatch_egress_decisions_total";
    pub const EGRESS_BYTES: &str = "helmwatch_egress_bytes_total";
    pub const EGRESS_TUNNELS: &str = "helmwatch_egress_tunnels";

    pub const LIVE_VIEWERS: &str = "helmwatch_live_viewers";
    pub const LIVE_FRAMES_SENT: &str = "helmwatch_live_frames_sent_total";
    pub const LIVE_FRAME_BYTES_SENT: &str = "helmwatch_live_frame_bytes_sent_total";
    pub const LIVE_FRAME_AGE_SECONDS: &str = "helmwatch_live_frame_age_seconds";
    pub const LIVE_VIEWERS_CLOSED: &str = "helmwatch_live_viewers_closed_total";
    pub const LIVE_PICTURES_SCALED: &str = "helmwatch_live_pictures_scaled_total";
    pub const LIVE_CASTS_REVIVED: &str = "helmwatch_live_casts_revived_total";
    pub const LIVE_INPUTS: &str = "helmwatch_live_inputs_total";
}

/// Upper bounds of the buckets of every histogram, seconds.
const BUCKETS: [f64; 16] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The same for what lives or waits as long as people do: seconds to a day.
const LONG_BUCKETS: [f64; 14] =
    [0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0];

/// How often what histograms gathered is folded up; between two of these their memory grows with each value recorded.
const UPKEEP: Duration = Duration::from_secs(5);

/// The numbers of this process, as `/metrics` prints them.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Sets the process's recorder up at the first call; later calls give the same one.
    ///
    /// # Errors
    /// Two lines, what and how, when something else is the process's recorder already.
    pub fn install() -> Result<Self, String> {
        static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
                .and_then(|builder| {
                    let long = |name: &str| Matcher::Full(name.to_owned());
                    builder
                        .set_buckets_for_metric(long(names::SESSION_SECONDS), &LONG_BUCKETS)?
                        .set_buckets_for_metric(long(names::APPROVAL_SECONDS), &LONG_BUCKETS)
                })
                .map_err(|error| format!("metrics: {error}\nThe buckets must not be empty."))?
                .build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder)
                .map_err(|error| format!("metrics: {error}\nOnly one recorder can be set up in a process."))?;
            describe();
            Ok(handle)
        });
        Ok(Self { handle: handle.clone()? })
    }

    /// Keeps the histograms small and copies the count of dropped log lines, until `tasks` ends.
    pub fn maintain(&self, tasks: &Tasks, log: Option<LogWriter>) {
        let handle = self.handle.clone();
        tasks.spawn("metrics upkeep", async move {
            let mut tick = tokio::time::interval(UPKEEP);
            loop {
                tick.tick().await;
                handle.run_upkeep();
                if let Some(log) = &log {
                    counter!(names::LOG_DROPPED).absolute(log.dropped());
                }
            }
        });
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

fn describe() {
    use names::*;
    describe_gauge!(TASKS_ALIVE, "Tasks alive, by name");
    describe_counter!(TASK_PANICS, "Tasks that panicked, by name");
    describe_counter!(LOG_DROPPED, "Log lines dropped because standard error was read too slowly");
    describe_counter!(TELEMETRY_SENT, "Spans and log lines the collector took, by signal");
    describe_counter!(TELEMETRY_DROPPED, "Spans and log lines that no collector got, by signal and reason");
    describe_counter!(HTTP_REQUESTS, "Requests answered, by method, route and status");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "From request head to response head, by route");
    describe_gauge!(HTTP_CONNECTIONS, "Connections open");
    describe_counter!(HTTP_KEYS_REFUSED, "Requests with an unknown key or login code");
    describe_gauge!(POOL_LIMIT, "Sessions there may be at once now");
    describe_gauge!(POOL_IN_USE, "Sessions open");
    describe_gauge!(POOL_WAITING, "Callers waiting for a place");
    describe_gauge!(POOL_WARM, "Contexts kept ready");
    describe_gauge!(POOL_BROWSERS, "Browser processes alive");
    describe_histogram!(POOL_WAIT_SECONDS, Unit::Seconds, "Wait for a place");
    describe_counter!(POOL_REFUSED, "Callers refused, by reason");
    describe_counter!(BROWSER_LAUNCHES, "Browser processes started, by result");
    describe_histogram!(BROWSER_LAUNCH_SECONDS, Unit::Seconds, "From start to first answer of a browser process");
    describe_counter!(BROWSER_DEATHS, "Browser processes that ended, by reason");
    describe_gauge!(BROWSER_BYTES, Unit::Bytes, "Memory of all browsers with their pages");
    describe_counter!(PAGES_ENDED, "Pages the service ended, by reason");
    describe_counter!(SESSIONS_OPENED, "Sessions opened");
    describe_counter!(SESSIONS_CLOSED, "Sessions closed, by reason");
    describe_histogram!(SESSION_SECONDS, Unit::Seconds, "Life of sessions, from open to closed");
    describe_counter!(LEAKS_FOUND, "What was found left behind and taken away, by kind (profile, context)");
    describe_counter!(CALLS, "Tool calls, by tool and result");
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "Run time of tool calls, waiting excluded, by tool");
    describe_histogram!(CALL_WAIT_SECONDS, Unit::Seconds, "Wait of tool calls behind others of their session");
    describe_counter!(APPROVALS, "Changes of held calls, by the state they came to");
    describe_gauge!(POLICY_BROKEN, "1 while the policy file is broken or gone and the rules of before hold");
    describe_gauge!(APPROVALS_PENDING, "Held calls waiting for a person");
    describe_histogram!(APPROVAL_SECONDS, Unit::Seconds, "From question to decision");
    describe_counter!(WEBHOOKS, "Messages to webhooks, by webhook and outcome (sent, given_up, dropped)");
    describe_counter!(WEBHOOK_ATTEMPTS, "Attempts to send to webhooks, by webhook and outcome");
    describe_gauge!(WEBHOOKS_WAITING, "Messages that wait or are under way, by webhook");
    describe_counter!(EGRESS_DECISIONS, "Connections pages asked for, by decision and rule");
    describe_counter!(EGRESS_BYTES, Unit::Bytes, "Bytes between pages and sites, by direction");
    describe_gauge!(EGRESS_TUNNELS, "Tunnels open");
    describe_gauge!(LIVE_VIEWERS, "Sockets of viewers open, by kind");
    describe_counter!(LIVE_FRAMES_SENT, "Frames sent to viewers");
    describe_counter!(LIVE_FRAME_BYTES_SENT, Unit::Bytes, "Bytes of frames sent to viewers");
    describe_histogram!(LIVE_FRAME_AGE_SECONDS, Unit::Seconds, "Age of a frame when its viewer has it on the screen");
    describe_counter!(LIVE_VIEWERS_CLOSED, "Sockets of viewers closed by the service, by reason");
    describe_counter!(LIVE_PICTURES_SCALED, "Live pictures made smaller: once for all viewers of a size");
    describe_counter!(LIVE_CASTS_REVIVED, "Live pictures started anew because they fell silent while the page changed");
    describe_counter!(LIVE_INPUTS, "Input messages of people, by result");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_appears_with_its_help() {
        let metrics = Metrics::install().unwrap();
        counter!(names::LIVE_FRAMES_SENT).increment(2);
        metrics::histogram!(names::HTTP_SECONDS, "route" => "/x").record(0.003);
        let text = metrics.render();
        assert!(text.contains("# HELP helmwatch_live_frames_sent_total Frames sent to viewers"), "{text}");
        assert!(text.contains("helmwatch_http_request_seconds_bucket{route=\"/x\",le=\"0.005\"} 1"), "{text}");
    }

    /// Grafana's dashboard shows every number there is, and none that is not.
    #[test]
    fn the_dashboard_shows_every_number() {
        let names: BTreeSet<&str> =
            words(include_str!("metrics.rs").split("pub mod names").nth(1).unwrap().split_once("\n}").unwrap().0);
        let dashboard: serde_json::Value =
            serde_json::from_str(include_str!("../../../docker/grafana/helmwatch.json")).unwrap();
        let text = dashboard.to_string();
        let shown: BTreeSet<&str> = words(&text).into_iter().map(|word| word.trim_end_matches("_bucket")).collect();
        assert_eq!(shown, names);
    }

    fn words(text: &str) -> BTreeSet<&str> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.starts_with("helmwatch_"))
            .collect()
    }
}
