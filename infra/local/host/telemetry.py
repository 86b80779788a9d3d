"""The host's own telemetry: a request for each invocation, sent as the real host's .NET SDK sends it.

Only where ``APPLICATIONINSIGHTS_CONNECTION_STRING`` is set: one JSON object a line, gzipped, to ``/v2/track``. What is
not taken is lost, as nothing of the app depends on it.
"""

import asyncio
import gzip
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from infra.local.host.tracing import TraceContext

log = logging.getLogger(__name__)

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
PAUSE = 0.2
"""Seconds in which requests gather."""


@dataclass(frozen=True)
class Finished:
    """An invocation that is over."""

    function: str
    invocation_id: str
    trace: TraceContext
    succeeded: bool
    status: str
    """of an HTTP answer; "0" for other triggers, as the real host has it"""
    ended: datetime
    seconds: float


class Telemetry:
    """Requests on their way to Application Insights."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Read the connection string from the app settings; without it nothing is sent."""
        parts = dict(part.partition("=")[::2] for part in settings.get(CONNECTION, "").split(";") if part)
        self._key = parts.get("InstrumentationKey", "")
        self._address = parts.get("IngestionEndpoint", "").rstrip("/") + "/v2/track"
        self._role = settings.get("WEBSITE_SITE_NAME") or "bridge"
        self._client: httpx.AsyncClient | None = None
        self._waiting: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, finished: Finished) -> None:
        """Take an invocation that is over."""
        if not self._key:
            return
        self._waiting.append(self._envelope(finished))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_soon(), name="host telemetry")

    async def close(self) -> None:
        """Send what is left."""
        if self._task is not None:
            await self._task
        await self._send()
        if self._client is not None:
            await self._client.aclose()

    async def _send_soon(self) -> None:
        await asyncio.sleep(PAUSE)
        await self._send()

    async def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        body = gzip.compress("\n".join(map(json.dumps, waiting)).encode())
        headers = {"Content-Type": "application/x-json-stream", "Content-Encoding": "gzip"}
        # One for all: making one reads the certificates of this machine, which takes longer than a document.
        self._client = self._client or httpx.AsyncClient(trust_env=False, timeout=5.0)
        try:
            answer = await self._client.post(self._address, content=body, headers=headers)
        except httpx.HTTPError as error:
            log.debug("Telemetry was not sent: %r", error)
            return
        if answer.status_code != 200:
            log.warning("Application Insights answered %d: %s", answer.status_code, answer.text[:300])

    def _envelope(self, finished: Finished) -> dict[str, Any]:
        span = finished.trace.parent.split("-")
        tags = {
            "ai.operation.id": span[1],
            "ai.operation.name": finished.function,
            "ai.cloud.role": self._role,
            "ai.internal.sdkVersion": "azurefunctions: local",
        }
        if finished.trace.caller:
            tags["ai.operation.parentId"] = finished.trace.caller
        properties = {"Category": "Host.Results", "InvocationId": finished.invocation_id}
        if finished.trace.links:
            links = [link.split("-") for link in finished.trace.links]
            properties["_MS.links"] = json.dumps([{"operation_Id": link[1], "id": link[2]} for link in links])
        return {
            "name": "Microsoft.ApplicationInsights.Request",
            "time": (finished.ended - timedelta(seconds=finished.seconds)).astimezone(UTC).isoformat(),
            "iKey": self._key,
            "tags": tags,
            "data": {
                "baseType": "RequestData",
                "baseData": {
                    "ver": 2,
                    "id": span[2],
                    "name": finished.function,
                    "duration": _duration(finished.seconds),
                    "success": finished.succeeded,
                    "responseCode": finished.status,
                    "properties": properties,
                },
            },
        }


def _duration(seconds: float) -> str:
    """Write a time span as .NET does: ``00:00:01.2500000``."""
    ticks = round(seconds * 10_000_000)
    whole, fraction = divmod(ticks, 10_000_000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{fraction:07}"
