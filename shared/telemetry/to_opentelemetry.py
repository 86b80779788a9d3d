"""Sending by Azure Monitor's exporters for OpenTelemetry (``TELEMETRY=opentelemetry``).

Their packages come with ``requirements-opentelemetry.txt``. The spans, log records and measures are those of the
OpenCensus way, so that workbook and alerts read the same columns.
"""

import logging
from collections.abc import Sequence
from typing import Any

from azure.core.credentials import TokenCredential
from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import Metric as OtelMetric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.telemetry.items import Dimensions, Event, Item, Kind, Metric, Span
from shared.telemetry.outbox import Fate
from shared.telemetry.roles import INSTANCE, ROLE
from shared.telemetry.trace import Place

KINDS: dict[Kind, SpanKind] = {"call": SpanKind.CLIENT, "sent": SpanKind.PRODUCER, "hop": SpanKind.INTERNAL}
SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
_RESOURCE = Resource({"service.name": ROLE, "service.instance.id": INSTANCE})
_SCOPE = InstrumentationScope("bridge")
# The exporters would log each failure, with what was to be sent; the outbox says once that nothing is taken.
logging.getLogger("azure.monitor.opentelemetry.exporter").setLevel(logging.CRITICAL)


class OpenTelemetrySender:
    """See :class:`shared.telemetry.outbox.Sender`."""

    def __init__(self, connection_string: str, credential: TokenCredential | None = None) -> None:
        """Take a connection string; ValueError where it is none."""
        options: dict[str, Any] = {
            "connection_string": connection_string,
            "credential": credential,
            "disable_offline_storage": True,
            # The outbox tries again by itself.
            "retry_total": 0,
        }
        self._traces = AzureMonitorTraceExporter(**options)
        self._logs = AzureMonitorLogExporter(**options)
        self._metrics = AzureMonitorMetricExporter(**options)

    def send(self, items: Sequence[Item]) -> Fate:
        """Send a batch, in a request for each kind; it is tried again only where none was taken, or it would double."""
        spans = [_span(item) for item in items if isinstance(item, Span)]
        logs = [_log(item) for item in items if isinstance(item, Event)]
        metrics = [_metric(item) for item in items if isinstance(item, Metric)]
        results = [
            self._traces.export(spans) if spans else None,
            self._logs.export(logs) if logs else None,
            self._metrics.export(_metrics_data(metrics)) if metrics else None,
        ]
        taken = any(result.name == "SUCCESS" for result in results if result is not None)
        return Fate.TAKEN if taken else Fate.AGAIN


def _context(place: Place) -> SpanContext:
    return SpanContext(int(place.trace, 16), int(place.span, 16), is_remote=False, trace_flags=TraceFlags(1))


def _span(span: Span) -> ReadableSpan:
    start = int(span.at * 1e9)
    return ReadableSpan(
        name=span.name,
        context=_context(span.place),
        parent=_context(Place(span.place.trace, span.parent)) if span.parent else None,
        kind=KINDS[span.kind],
        resource=_RESOURCE,
        attributes=_attributes(span.dimensions) | _standard(span),
        links=[Link(_context(place)) for place in span.links],
        status=Status(StatusCode.OK if span.success else StatusCode.ERROR),
        start_time=start,
        end_time=start + int(span.seconds * 1e9),
        instrumentation_scope=_SCOPE,
    )


def _standard(span: Span) -> dict[str, Any]:
    """Give the attributes by which the exporter fills type, target and result code."""
    match span.kind:
        case "call":
            status = {"http.response.status_code": int(span.result)} if span.result.isdecimal() else {}
            method, _, operation = span.name.partition(" ")
            # The exporter makes the name of method and address; the address is what remains of it: the operation.
            return {"http.request.method": method, "url.full": operation, "peer.service": span.target, **status}
        case "sent":
            return {"messaging.system": "Azure Service Bus", "messaging.destination": span.target}
        case "hop":
            return {}


def _log(event: Event) -> ReadableLogRecord:
    place = event.place
    record = LogRecord(
        timestamp=int(event.at * 1e9),
        trace_id=int(place.trace, 16) if place else None,
        span_id=int(place.span, 16) if place else None,
        trace_flags=TraceFlags(1),
        severity_number=SEVERITIES.get(event.level, SeverityNumber.INFO),
        body=event.name,
        attributes=_attributes(event.dimensions),
    )
    return ReadableLogRecord(record, resource=_RESOURCE, instrumentation_scope=_SCOPE)


def _metric(metric: Metric) -> OtelMetric:
    at = int(metric.at * 1e9)
    point = HistogramDataPoint(
        attributes=_attributes(metric.dimensions),
        start_time_unix_nano=at,
        time_unix_nano=at,
        count=metric.count,
        sum=metric.total,
        bucket_counts=[metric.count],
        explicit_bounds=[],
        min=metric.least,
        max=metric.most,
    )
    return OtelMetric(metric.name, None, None, Histogram([point], AggregationTemporality.DELTA))


def _metrics_data(metrics: Sequence[OtelMetric]) -> MetricsData:
    return MetricsData([ResourceMetrics(_RESOURCE, [ScopeMetrics(_SCOPE, metrics, "")], "")])


def _attributes(dimensions: Dimensions) -> dict[str, Any]:
    return {name: str(value) for name, value in dimensions.items()}
