//! The two kinds of what is sent, and how they get into their queues.

use std::time::Duration;

use bytes::Bytes;
use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogProcessor, SdkLogRecord};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message;

use super::pipe::Inlet;

/// One kind of what is sent.
pub(super) trait Signal: Send + Sized + 'static {
    /// In metrics and in the log.
    const NAME: &'static str;
    /// Where collectors take it, below their base address.
    const PATH: &'static str;

    /// The body of one message.
    fn encode(batch: Vec<Self>, resource: &ResourceAttributesWithSchema) -> Bytes;

    /// How many of a batch the collector says it did not keep, though it took the message.
    fn rejected(answer: &[u8]) -> u64;
}

impl Signal for SpanData {
    const NAME: &'static str = "spans";
    const PATH: &'static str = "/v1/traces";

    fn encode(batch: Vec<Self>, resource: &ResourceAttributesWithSchema) -> Bytes {
        let resource_spans = group_spans_by_resource_and_scope(batch, resource);
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    }

    fn rejected(answer: &[u8]) -> u64 {
        let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
        partial.and_then(|partial| u64::try_from(partial.rejected_spans).ok()).unwrap_or(0)
    }
}

/// A log line with its scope. Boxed: the queue holds thousands.
#[derive(Debug)]
pub(super) struct LogLine(Box<(SdkLogRecord, InstrumentationScope)>);

impl Signal for LogLine {
    const NAME: &'static str = "logs";
    const PATH: &'static str = "/v1/logs";

    fn encode(batch: Vec<Self>, resource: &ResourceAttributesWithSchema) -> Bytes {
        let lines: Vec<_> = batch.iter().map(|line| (&line.0.0, &line.0.1)).collect();
        let resource_logs = group_logs_by_resource_and_scope(&LogBatch::new(&lines), resource);
        ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
    }

    fn rejected(answer: &[u8]) -> u64 {
        let partial = ExportLogsServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
        partial.and_then(|partial| u64::try_from(partial.rejected_log_records).ok()).unwrap_or(0)
    }
}

/// Takes spans that ended.
#[derive(Debug)]
pub(super) struct Spans(pub(super) Inlet<SpanData>);

impl SpanProcessor for Spans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.0.put(span);
        }
    }

    /// Nothing waits here; [`super::Otlp::close`] sees to what waits in the queue.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Takes log lines.
#[derive(Debug)]
pub(super) struct Logs(pub(super) Inlet<LogLine>);

impl LogProcessor for Logs {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.0.put(LogLine(Box::new((record.clone(), scope.clone()))));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
}
