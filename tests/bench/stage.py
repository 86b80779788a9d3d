"""The running stack for measurements: the demo's, with timers that stay quiet; its host can be taken off."""

import asyncio
import json
import os
import sys
import tempfile
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from infra.demo.company import SampleSale
from infra.demo.world import World, local_settings, running
from infra.local.stack import Stack
from infra.soak.backlog import QUIET
from tests.bench.documents import customers
from tests.bench.measuring import ROOT
from tests.bench.worker import Measured, Task

Stream = TypeVar("Stream", StreamReader, StreamWriter)


@dataclass(frozen=True)
class Hired:
    """A worker at work in a process of its own."""

    process: Process
    said: IO[bytes]

    async def do(self, task: Task) -> Measured:
        """Let it do a task. RuntimeError with what it said where it fails."""
        tasks = _stream(self.process.stdin)
        tasks.write(json.dumps(asdict(task)).encode() + b"\n")
        await tasks.drain()
        line = await _stream(self.process.stdout).readline()
        if not line:
            await self.process.wait()
            self.said.seek(0)
            raise RuntimeError(f"the worker failed: {self.said.read().decode()[-2000:]}")
        return Measured(**json.loads(line))


@dataclass(frozen=True)
class Stage:
    """The world, and a broker that no host listens to."""

    world: World
    own: Stack
    sink: str

    async def deaf(self) -> None:
        """Stop the host, and lose every webhook from now on."""
        await self.world.stack.stop("host")
        fault = {"kind": "drop_before", "match": "DELIVER", "times": 10**9}
        await self.door("dataverse", "POST", "faults", fault)

    async def entered(self, sales: Sequence[SampleSale]) -> list[str]:
        """Enter and issue invoices; give their ids."""
        await self.world.crm.enter(sales)
        await self.world.crm.issue(sales)
        return [str(sale.id) for sale in sales]

    @asynccontextmanager
    async def worker(self) -> AsyncIterator["Hired"]:
        """Start a worker, which stays until it is no longer needed."""
        lines = {**self.world.stack.first_lines(), **self.own.first_lines()}
        environment = {**os.environ, **local_settings(lines, QUIET)["Values"]}
        with tempfile.TemporaryFile() as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.bench.worker"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=said,
                cwd=ROOT,
                env=environment,
            )
            try:
                yield Hired(process, said)
            finally:
                _stream(process.stdin).close()
                await process.wait()

    async def door(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """Use a local server's back door; give what it answers."""
        scheme, _, host, *_ = self.world.stack[name]["url"].split("/")
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.request(method, f"{scheme}//{host}/_local/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Start everything; the customers that are measured with are in the CRM."""
    async with running(folder / "world", lambda _: None, QUIET) as world, Stack(folder / "own") as own:
        await own.start("servicebus")
        await world.crm.add_customers(customers())
        sink = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.sink"), stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        try:
            yield Stage(world, own, (await _stream(sink.stdout).readline()).decode().strip())
        finally:
            _stream(sink.stdin).close()
            await sink.wait()


def _stream(stream: Stream | None) -> Stream:
    """Give the stream of a process that was started with pipes."""
    if stream is None:
        raise RuntimeError("the process has no standard streams")
    return stream
