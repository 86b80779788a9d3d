"""The bridge's own process, measured: its real steps over real connections, telemetry and the broker included.

``python -m tests.bench.worker``, with the app settings in its environment, takes a :class:`Task` from each line of
standard input and prints a :class:`Measured` for it, both as JSON, until standard input ends.
"""

import asyncio
import json
import os
import sys
import time
from cProfile import Profile
from dataclasses import asdict, dataclass, field
from uuid import UUID

import httpx

from shared import jsontext
from shared.messages import Document
from shared.settings import Settings
from shared.wiring import Wiring
from tests.bench.measuring import peak_mb
from tests.bodies import onec_bodies, sapb1_bodies
from tests.one_process import OneProcess

POSTS = 100


@dataclass(frozen=True)
class Task:
    """Which invoices to export, how many at a time, and what to do besides."""

    invoices: list[str]
    chunk: int
    sink: str = ""
    """where bare requests go; empty: none are sent"""
    counted: bool = False
    """whether function calls are counted, which takes longer"""


@dataclass
class Measured:
    """By chunk. The first of a process opens connections and learns what is kept: a task of its own."""

    cpu_ms: list[float] = field(default_factory=list)
    """of one document through the whole chain"""
    post_ms: list[float] = field(default_factory=list)
    """CPU of one bare httpx POST of such a document's body"""
    memory_mb: list[float] = field(default_factory=list)
    """peak so far"""
    calls: list[float] = field(default_factory=list)
    """of functions, Python's and C's, for one document, in the thread that does the work"""


class Worker:
    """Its connections and caches go on from task to task."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient) -> None:
        """Take the app, and a client for bare requests."""
        self._settings = wiring.settings
        self._bridge = OneProcess(wiring, wiring.bus)
        self._client = client

    async def do(self, task: Task) -> Measured:
        """Carry all, chunk by chunk. AssertionError where a document did not come through."""
        measured = Measured()
        for start in range(0, len(task.invoices), task.chunk):
            chunk = [UUID(each) for each in task.invoices[start : start + task.chunk]]
            profile = Profile()
            before = time.process_time()
            if task.counted:
                profile.enable()
            carried = await self._bridge.carry(chunk)
            profile.disable()
            measured.cpu_ms.append((time.process_time() - before) * 1e3 / len(chunk))
            measured.calls.append(sum(each.callcount for each in profile.getstats()) / len(chunk))
            if len(carried.documents) != len(chunk) or not all(each.state.in_accounting for each in carried.results):
                raise AssertionError(f"{len(carried.documents)} of {len(chunk)} documents were sent")
            if task.sink:
                measured.post_ms.append(await self._bare(task.sink, _body(carried.documents[0], self._settings)))
            measured.memory_mb.append(peak_mb())
        return measured

    async def close(self) -> None:
        """Close the connections."""
        await self._bridge.close()

    async def _bare(self, sink: str, body: bytes) -> float:
        headers = {"Content-Type": "application/json"}
        before = time.process_time()
        for _ in range(POSTS):
            (await self._client.post(sink, content=body, headers=headers)).raise_for_status()
        return (time.process_time() - before) * 1e3 / POSTS


def _body(document: Document, settings: Settings) -> bytes:
    """Give a body of the same size as the connector sends."""
    route = settings.route(document.route)
    if route is None:
        raise AssertionError(f"no route {document.route}")
    [(_, body), *_] = (onec_bodies if document.target == "onec" else sapb1_bodies)(document.sale, route)
    return jsontext.dumps(body).encode()


async def main() -> None:
    """Do the tasks on standard input."""
    wiring = Wiring(os.environ)
    bus = wiring.bus
    async with httpx.AsyncClient(trust_env=False) as client:
        worker = Worker(wiring, client)
        while line := await asyncio.to_thread(sys.stdin.readline):
            measured = await worker.do(Task(**json.loads(line)))
            sys.stdout.write(json.dumps(asdict(measured)) + "\n")
            sys.stdout.flush()
        await worker.close()
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main())
