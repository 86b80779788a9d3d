"""The running stack for measurements: the demo's, with timers that stay quiet; its host can be taken off."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.demo.company import SampleSale
from infra.demo.world import World, local_settings, running
from infra.local.stack import Stack
from infra.soak.backlog import QUIET
from tests.bench.documents import customers
from tests.bench.measuring import ROOT
from tests.bench.worker import Measured, Task


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

    async def worker(self, task: Task) -> Measured:
        """Let a worker do a task. RuntimeError with what it said where it fails."""
        lines = {**self.world.stack.first_lines(), **self.own.first_lines()}
        environment = {**os.environ, **local_settings(lines, QUIET)["Values"]}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.worker"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=ROOT,
            env=environment,
        )
        out, said = await process.communicate(json.dumps(asdict(task)).encode())
        if process.returncode:
            raise RuntimeError(f"the worker failed: {said.decode()[-2000:]}")
        return Measured(**json.loads(out))

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
        if sink.stdin is None or sink.stdout is None:
            raise RuntimeError("the sink has no standard streams")
        try:
            yield Stage(world, own, (await sink.stdout.readline()).decode().strip())
        finally:
            sink.stdin.close()
            await sink.wait()
