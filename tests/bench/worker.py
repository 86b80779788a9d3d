"""The bridge's own process, measured: its real steps over real connections, telemetry and the broker included.

``python -m tests.bench.worker``, with the app settings in its environment, takes a :class:`Task` on standard input and
prints a :class:`Measured`, both as JSON.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from uuid import UUID

import httpx

from shared import jsontext
from shared.messages import Document
from shared.wiring import Wiring
from tests.bench.measuring import peak_mb
from tests.bodies import onec_bodies, sapb1_bodies
from tests.one_process import OneProcess

POSTS = 100


@dataclass(frozen=True)
class Task:
    """Which invoices to export, how many at a time, and where a bare request goes (empty: none is sent)."""

    invoices: list[str]
    chunk: int
    sink: str = ""


@dataclass
class Measured:
    """By chunk, the first left out, which opens connections and learns what is kept."""

    cpu_ms: list[float] = field(default_factory=list)
    """of one document through the whole chain"""
    post_ms: list[float] = field(default_factory=list)
    """CPU of one bare httpx POST of such a document's body"""
    memory_mb: list[float] = field(default_factory=list)
    """peak so far"""


async def run(task: Task) -> Measured:
    """Carry all, chunk by chunk. AssertionError where a document did not come through."""
    wiring, measured = Wiring(os.environ), Measured()
    bus = wiring.bus
    bridge = OneProcess(wiring, bus)
    async with httpx.AsyncClient(trust_env=False) as client:
        for start in range(0, len(task.invoices), task.chunk):
            chunk = [UUID(each) for each in task.invoices[start : start + task.chunk]]
            before = time.process_time()
            carried = await bridge.carry(chunk)
            cpu = time.process_time() - before
            if len(carried.documents) != len(chunk) or not all(each.state.in_accounting for each in carried.results):
                raise AssertionError(f"{len(carried.documents)} of {len(chunk)} documents were sent")
            bare = await _bare(client, task.sink, _body(carried.documents[0], wiring)) if task.sink else 0.0
            if start:
                measured.cpu_ms.append(cpu * 1e3 / len(chunk))
                measured.post_ms.append(bare)
                measured.memory_mb.append(peak_mb())
    await bridge.close()
    await bus.close()
    return measured


def _body(document: Document, wiring: Wiring) -> bytes:
    """Give a body of the same size as the connector sends."""
    route = wiring.settings.route(document.route)
    if route is None:
        raise AssertionError(f"no route {document.route}")
    [(_, body), *_] = (onec_bodies if document.target == "onec" else sapb1_bodies)(document.sale, route)
    return jsontext.dumps(body).encode()


async def _bare(client: httpx.AsyncClient, sink: str, body: bytes) -> float:
    before = time.process_time()
    for _ in range(POSTS):
        (await client.post(sink, content=body, headers={"Content-Type": "application/json"})).raise_for_status()
    return (time.process_time() - before) * 1e3 / POSTS


def main() -> None:
    """Do the task on standard input."""
    measured = asyncio.run(run(Task(**json.load(sys.stdin))))
    sys.stdout.write(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
