"""The local Application Insights, in this process, and telemetry that is sent to it."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infra.local.faults import FAULTS_PATH
from infra.local.insights.server import create
from infra.local.serving import ServeOptions, listen
from shared.telemetry import recorder
from shared.telemetry.allowed import scrub
from shared.telemetry.invocations import sender
from shared.telemetry.outbox import Outbox

WAIT = 30.0
"""Seconds that a test waits at most for the outbox's thread."""


@dataclass(frozen=True)
class Insights:
    """The running server."""

    url: str
    connection_string: str
    client: httpx.AsyncClient

    @property
    def key(self) -> str:
        """Give the instrumentation key."""
        return dict(part.split("=", 1) for part in self.connection_string.split(";"))["InstrumentationKey"]

    async def rows(self, **narrowed: str) -> list[dict[str, Any]]:
        """Give what was taken."""
        answer = await self.client.get("/_local/rows", params=narrowed)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    async def fails(self, **fault: Any) -> None:
        """Tell it to fail."""
        (await self.client.post(FAULTS_PATH, json={"match": "/track", **fault})).raise_for_status()


@pytest.fixture
async def insights() -> AsyncIterator[Insights]:
    """A server that has taken nothing yet."""
    service = create(ServeOptions())
    runner, url = await listen(service)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield Insights(url, str(service.announce(url)["connection_string"]), client)
    await runner.cleanup()


@pytest.fixture(params=["opencensus", "opentelemetry"])
def way(request: pytest.FixtureRequest) -> str:
    """Each way that telemetry can leave."""
    chosen: str = request.param
    if chosen == "opentelemetry" and importlib.util.find_spec("azure.monitor") is None:
        pytest.skip("requirements-opentelemetry.txt is not installed")
    return chosen


Open = Callable[[str], Outbox]


@pytest.fixture
async def open_box(way: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Switch telemetry on, by each way, to a connection string; without pauses between attempts."""
    boxes: list[Outbox] = []

    def opened(connection: str) -> Outbox:
        boxes.append(Outbox(lambda: sender(way, connection), scrub, first_pause=0.0))
        monkeypatch.setattr(recorder.out, "box", boxes[-1])
        return boxes[-1]

    yield opened
    for box in boxes:
        # Not on this loop: the server that it sends to runs here.
        await asyncio.to_thread(box.close, WAIT)


@pytest.fixture
def box(insights: Insights, open_box: Open) -> Outbox:
    """Telemetry that goes to the local Application Insights."""
    return open_box(insights.connection_string)
