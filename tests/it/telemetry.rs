//! What a collector hears: the path of one call as one tree under the client's own trace, log lines that belong to it, and nothing of
//! what the call was about. One that is not there changes nothing.

use std::collections::{HashMap, HashSet};

use helmwatch_tests::wait::until;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use tokio::net::TcpListener;

use crate::collector::{Collector, Kept, hex, text, texts};
use crate::room::{Hand, Room, SOON};
use crate::tls::Certificate;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";
const OTHER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn parent(trace: &str) -> String {
    format!("00-{trace}-{CLIENT}-01")
}

/// An agent whose requests name a trace.
async fn traced(room: &Room, header: Option<&str>, meta: Option<&str>) -> Hand {
    let Hand { client } = room.agent().await;
    Hand { client: client.traced(header, meta) }
}

/// The spans of a trace by their names; of several with one name the first.
fn by_name<'a>(kept: &'a Kept, trace: &str) -> HashMap<&'a str, &'a Span> {
    let spans = kept.spans.iter().filter(|span| hex(&span.trace_id) == trace);
    spans.rev().map(|span| (span.name.as_str(), span)).collect()
}

#[tokio::test]
async fn a_call_is_one_tree_under_the_clients_trace_and_nothing_of_what_it_was_about_is_in_it() {
    let collector = Collector::start().await;
    let section = collector.section(
        "detail = \"commands\"\nservice_name = \"helm\"\nheaders = \"x-tenant=7,authorization=Bearer sesame\"",
    );
    let filter = "[log]\nfilter = \"info,helmwatch::http=debug,helmwatch::browser::cdp=trace,rmcp=off\"\n";
    let room = Room::with(|options| options.config(&format!("{section}{filter}[pool]\nwarm_sessions = 0\n"))).await;
    let agent = traced(&room, Some(&parent(TRACE)), None).await;
    let typed = "Correct-Horse-7";
    agent.goto(&room.site.url("/form")).await;
    let field = agent.find(&["textbox", "Name"]).await;
    agent.ok("browser_type", json!({ "target": field, "text": typed })).await;
    agent.refused("browser_click", json!({ "target": "e99999", "element": typed })).await;
    agent.goto(&room.site.url("/shop")).await;
    let button = agent.find(&["button", "Buy now"]).await;
    let click = agent.ok("browser_click", json!({ "target": button, "element": "Buy now" }));
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        assert_eq!(room.decide(room.service.admin_key(), &id, "approve").await.0, 200);
        id
    };
    let (_, approval) = tokio::join!(click, deciding);
    let (admin, site) = (room.service.admin_key().to_owned(), room.site.address());
    // The end sends what still waits.
    room.close().await;

    let kept = collector.kept();
    let ours: Vec<&Span> = kept.spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let known: HashSet<String> = ours.iter().map(|span| hex(&span.span_id)).collect();
    for span in &ours {
        let above = hex(&span.parent_span_id);
        let top = span.name == "POST /mcp";
        assert_eq!(above == CLIENT, top, "{} stands under {above}", span.name);
        assert!(top || known.contains(&above), "{} stands under nobody", span.name);
    }
    let named = by_name(&kept, TRACE);
    let above = |name: &str| {
        let span = named.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", named.keys()));
        let above = ours.iter().find(|other| other.span_id == span.parent_span_id);
        above.unwrap_or_else(|| panic!("{name} has nobody above")).name.clone()
    };
    assert_eq!(above("tools/call browser_navigate"), "POST /mcp");
    assert_eq!(above("session open"), "tools/call browser_navigate");
    assert_eq!(above("pool wait"), "session open");
    assert_eq!(above("session turn"), "tools/call browser_navigate");
    assert_eq!(above("Page.navigate"), "session turn");
    assert_eq!(above("approval wait"), "tools/call browser_click");

    let request = named["POST /mcp"];
    assert_eq!(request.kind, SpanKind::Server as i32);
    let told = texts(&request.attributes);
    assert_eq!(told["http.request.method"], "POST");
    assert_eq!(told["http.route"], "/mcp");
    assert_eq!(told["http.response.status_code"], "200");
    let calls: Vec<_> = ours.iter().filter(|span| span.name == "tools/call browser_click").collect();
    let outcomes: Vec<_> = calls.iter().map(|span| texts(&span.attributes)["helmwatch.call.outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "ok"]);
    assert_eq!(texts(&calls[0].attributes)["error.type"], "tool_error");
    let told = texts(&calls[1].attributes);
    assert_eq!(told["mcp.method.name"], "tools/call");
    assert_eq!(told["gen_ai.tool.name"], "browser_click");
    assert!(told["helmwatch.session.id"].starts_with("s_"), "{told:?}");
    assert!(!told.contains_key("error.type"), "{told:?}");
    let told = texts(&named["approval wait"].attributes);
    assert_eq!((&told["helmwatch.approval.id"], told["helmwatch.approval.outcome"].as_str()), (&approval, "approved"));
    let launch = kept.spans.iter().find(|span| span.name == "browser launch").expect("a browser was started");
    assert!(texts(&launch.attributes)["helmwatch.browser.version"].contains("Chrome"), "{launch:?}");

    // Lines said within a call belong to its trace, at the level of the log's filter.
    let of_trace = |message: &str| {
        let mut lines = kept.logs.iter().filter(|line| text(line.body.as_ref()) == message);
        lines.any(|line| hex(&line.trace_id) == TRACE && known.contains(&hex(&line.span_id)))
    };
    assert!(of_trace("request") && of_trace("cdp command"), "{:?}", kept.logs);
    assert!(kept.logs.iter().any(|line| text(line.body.as_ref()) == "draining"), "lines outside of calls go too");

    let all = format!("{:?}{:?}", kept.spans, kept.logs);
    for word in [typed, "Buy now", "Greet", site.as_str(), admin.as_str(), "sesame", "e99999"] {
        assert!(!all.contains(word), "{word} went out");
    }
    assert!(!all.contains("hyper"), "what sends is not told of itself");
    assert!(
        kept.headers.iter().all(|headers| headers["x-tenant"] == "7" && headers["authorization"] == "Bearer sesame")
    );
    assert!(kept.resources.iter().all(|one| texts(&one.attributes)["service.name"] == "helm"), "{:?}", kept.resources);
}

#[tokio::test]
async fn what_the_message_names_counts_before_what_brought_it_and_a_sampled_trace_is_kept_whatever_the_share() {
    let collector = Collector::start().await;
    // What platforms put into every environment is nobody's wish here.
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-from=environment"),
        ("OTEL_SERVICE_NAME", "environment"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];
    let room = Room::with(|mut options| {
        let variables = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        options.environment.extend(variables);
        options.config(&collector.section("sample_percent = 0\nlogs = false"))
    })
    .await;
    room.agent_named("untraced").await.goto(&room.site.url("/form")).await;
    let agent = traced(&room, Some(&parent(TRACE)), Some(&parent(OTHER_TRACE))).await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/form") })).await;
    let broken = traced(&room, Some("00-no-trace-01"), Some("nor this")).await;
    broken.ok("browser_snapshot", json!({})).await;
    room.close().await;

    let kept = collector.kept();
    let traces: HashSet<String> = kept.spans.iter().map(|span| hex(&span.trace_id)).collect();
    assert_eq!(traces, HashSet::from([TRACE.to_owned(), OTHER_TRACE.to_owned()]));
    let call = by_name(&kept, OTHER_TRACE)["tools/call browser_navigate"];
    assert_eq!(hex(&call.parent_span_id), CLIENT);
    let request = by_name(&kept, TRACE)["POST /mcp"];
    assert_eq!(call.links.iter().map(|link| &link.span_id).collect::<Vec<_>>(), [&request.span_id]);
    assert!(!by_name(&kept, OTHER_TRACE).contains_key("Page.navigate"), "commands only where they are asked for");
    assert!(kept.logs.is_empty());
    assert!(kept.headers.iter().all(|headers| !headers.contains_key("x-from")));
    assert!(kept.resources.iter().all(|one| texts(&one.attributes)["service.name"] == "helmwatch"));
}

#[tokio::test]
async fn a_collector_that_is_not_there_or_says_nothing_costs_counts_and_a_line() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [deaf_at, closed_at] = [&deaf, &closed].map(|one| one.local_addr().unwrap());
    drop(closed);
    for (what, address, is_told) in [("not there", closed_at, true), ("says nothing", deaf_at, false)] {
        let section = format!("[telemetry]\nendpoint = \"http://{address}\"\nqueue_max = 4\n");
        let room = Room::with(|options| options.config(&section)).await;
        let agent = room.agent().await;
        for _ in 0..5 {
            agent.goto(&room.site.url("/form")).await;
        }
        let key = room.service.admin_key();
        // What was recorded at first waits in a message; what comes while that is tried again fills the queue.
        let counted = until("dropped spans to be counted", SOON, async || {
            assert_eq!(room.service.api("GET", "/v1/pool", Some(key), None).await.unwrap().0, 200);
            let numbers = room.service.bytes("/metrics", Some(key)).await.unwrap();
            let numbers = String::from_utf8(numbers).unwrap();
            let full = "helmwatch_telemetry_dropped_total{signal=\"spans\",reason=\"full\"} ";
            numbers.lines().find_map(|line| line.strip_prefix(full)).map(str::to_owned)
        });
        let counted = counted.await.unwrap_or_else(|fault| panic!("{what}: {fault}\n{}", room.service.log()));
        assert!(counted.parse::<u64>().unwrap() > 0, "{what}: {counted}");
        if is_told {
            let told = until("a line in the log", SOON, async || {
                let lines = room.service.log_lines_with("the telemetry collector takes nothing");
                lines.iter().any(|line| line.contains("spans")).then_some(lines)
            });
            let told = told.await.unwrap_or_else(|fault| panic!("{what}: {fault}\n{}", room.service.log()));
            assert!(told.len() <= 2, "one a signal: {told:#?}");
        }
        room.close().await;
    }
}

/// A collector elsewhere is believed by its certificate, and one that is not hears nothing.
#[tokio::test]
async fn a_collector_is_told_over_tls_only_with_a_certificate_this_machine_trusts() {
    let certificate = Certificate::new();
    for trusted in [false, true] {
        let collector = Collector::encrypted(&certificate).await;
        let room = Room::with(|mut options| {
            if trusted {
                let file = certificate.alone().to_str().unwrap().to_owned();
                options.environment.push(("SSL_CERT_FILE".to_owned(), file));
            }
            options.config(&collector.section(""))
        })
        .await;
        traced(&room, Some(&parent(TRACE)), None).await.goto(&room.site.url("/form")).await;
        if !trusted {
            let told = until("a line in the log", SOON, async || {
                let lines = room.service.log_lines_with("the telemetry collector takes nothing");
                lines.into_iter().find(|line| line.to_lowercase().contains("certificate"))
            });
            told.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
        }
        room.close().await;
        let kept = collector.kept();
        assert_eq!(by_name(&kept, TRACE).contains_key("tools/call browser_navigate"), trusted, "{trusted}");
    }
}
