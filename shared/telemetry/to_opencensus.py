"""Sending by opencensus-ext-azure: its transport and its envelopes, without its threads, its files and its statistics.

OpenCensus is retired; ``TELEMETRY=opentelemetry`` is the way on (:mod:`shared.telemetry.to_opentelemetry`).
"""

import json
import logging
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from azure.core.credentials import TokenCredential
from opencensus.common.version import __version__ as sdk_version
from opencensus.ext.azure.common import Options, utils
from opencensus.ext.azure.common.protocol import (
    Data,
    DataPoint,
    Envelope,
    Message,
    MetricData,
    RemoteDependency,
)
from opencensus.ext.azure.common.transport import TransportMixin, TransportStatusCode

from shared.telemetry.items import Event, Item, Metric, Span
from shared.telemetry.outbox import Fate
from shared.telemetry.roles import INSTANCE, ROLE, TYPES
from shared.telemetry.trace import Place

NETWORK_SECONDS = 10.0
FATES = {TransportStatusCode.SUCCESS: Fate.TAKEN, TransportStatusCode.RETRY: Fate.AGAIN}
# The transport would log each failure, with the whole envelope; the outbox says once that nothing is taken.
logging.getLogger("opencensus.ext.azure").setLevel(logging.CRITICAL)


class OpenCensusSender(TransportMixin):  # type: ignore[misc]  # the package has no types
    """See :class:`shared.telemetry.outbox.Sender`."""

    def __init__(self, connection_string: str, credential: TokenCredential | None = None) -> None:
        """Take a connection string; ValueError where it is none."""
        options = Options(connection_string=connection_string, credential=credential, timeout=NETWORK_SECONDS)
        utils.validate_instrumentation_key(options.instrumentation_key)
        options.endpoint = options.endpoint.rstrip("/")
        self.options = options
        self.storage = None
        self._consecutive_redirects = 0

    def _check_stats_collection(self) -> bool:
        """Count in the process: only then the transport tells an outage from a refusal. No count is sent."""
        return True

    def send(self, items: Sequence[Item]) -> Fate:
        """Send a batch in one request."""
        return FATES.get(self._transmit([self._envelope(item) for item in items]), Fate.LOST)

    def _envelope(self, item: Item) -> Envelope:
        made = Envelope(iKey=self.options.instrumentation_key, time=_time(item.at), tags=dict(_TAGS))
        match item:
            case Span():
                made.name = "Microsoft.ApplicationInsights.RemoteDependency"
                made.data = Data(baseType="RemoteDependencyData", baseData=_dependency(item))
                _correlate(made, item.place.trace, item.parent)
            case Event():
                made.name = "Microsoft.ApplicationInsights.Message"
                made.data = Data(baseType="MessageData", baseData=_message(item))
                if item.place is not None:
                    _correlate(made, item.place.trace, item.place.span)
            case Metric():
                made.name = "Microsoft.ApplicationInsights.Metric"
                made.data = Data(baseType="MetricData", baseData=_metric(item))
        return made


_TAGS = {
    "ai.cloud.role": ROLE,
    "ai.cloud.roleInstance": INSTANCE,
    "ai.internal.sdkVersion": f"py{platform.python_version()}:oc{sdk_version}",
}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _correlate(envelope: Envelope, trace: str, parent: str) -> None:
    envelope.tags["ai.operation.id"] = trace
    if parent:
        envelope.tags["ai.operation.parentId"] = parent


def _properties(dimensions: Any) -> dict[str, str]:
    return {name: str(value) for name, value in dimensions.items()}


def _dependency(span: Span) -> RemoteDependency:
    properties = _properties(span.dimensions)
    if span.links:
        properties["_MS.links"] = json.dumps([_link(place) for place in span.links])
    return RemoteDependency(
        id=span.place.span,
        name=span.name,
        type=TYPES[span.kind],
        target=span.target,
        resultCode=span.result,
        duration=utils.microseconds_to_duration(round(span.seconds * 1_000_000)),
        success=span.success,
        properties=properties,
    )


def _link(place: Place) -> dict[str, str]:
    return {"operation_Id": place.trace, "id": place.span}


def _message(event: Event) -> Message:
    return Message(
        message=event.name, severityLevel=max(0, event.level - 1) // 10, properties=_properties(event.dimensions)
    )


def _metric(metric: Metric) -> MetricData:
    point = DataPoint(
        name=metric.name, kind=1, value=metric.total, count=metric.count, min=metric.least, max=metric.most
    )
    return MetricData(metrics=[point], properties=_properties(metric.dimensions))
