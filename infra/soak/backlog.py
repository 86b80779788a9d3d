"""A day without webhooks: the sweep alone brings everything into the books, in the memory that the host has anyway."""

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from infra.demo.company import ISSUED_FROM, SampleSale, invoices
from infra.demo.world import World, running
from infra.soak.load import DAYS
from infra.soak.soak import compare, settle, trigger

CHUNK = 250
QUIET = {"SWEEP_SCHEDULE": "0 0 0 1 1 *", "RECONCILE_SCHEDULE": "0 0 0 1 1 *"}
"""Timers fire only when they are told to."""


@dataclass
class Memory:
    """Resident memory of a process, sampled."""

    pid: int
    samples: list[float] = field(default_factory=list)
    """megabytes, one a second"""

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            status = await asyncio.to_thread(Path(f"/proc/{self.pid}/status").read_text)
            self.samples.append(next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line) / 1024)
            await asyncio.sleep(1)

    def thirds(self) -> list[float]:
        """Give the highest of each third of the time: flat memory has three alike."""
        third = max(1, len(self.samples) // 3)
        return [round(max(self.samples[at : at + third]), 1) for at in range(0, third * 3, third) if self.samples[at:]]


async def backlog(folder: Path, count: int) -> int:
    """Issue invoices while every webhook is lost, let the sweep run, and print what it took."""
    async with running(folder, print, QUIET) as world:
        await trigger(world, "dataverse_sweep")
        await world.drained()
        await _dataverse(world, "POST", "faults", {"kind": "drop_before", "match": "DELIVER", "times": 10**9})
        entered = await _enter(world, count)
        print(f"{count} invoices issued, and no webhook came", flush=True)
        await _dataverse(world, "DELETE", "stats")
        memory = Memory(world.stack.servers["host"].process.pid)
        watching = asyncio.ensure_future(memory.watch())
        await asyncio.sleep(2)
        idle, started = memory.samples[-1], time.monotonic()
        await trigger(world, "dataverse_sweep")
        await _progress(world, count)
        await world.drained()
        seconds = time.monotonic() - started
        watching.cancel()
        requests = await _requests(world)
        await settle(world, entered)
        figures = await compare(world, entered, 0)
        print(
            json.dumps(
                {
                    **figures.numbers(),
                    "seconds": round(seconds),
                    "dataverse_requests": requests,
                    "dataverse_requests_a_document": round(requests / count, 3),
                    "host_mb_before": round(idle, 1),
                    "host_mb_highest_by_thirds": memory.thirds(),
                }
            ),
            flush=True,
        )
        for line in [*figures.lost, *figures.doubled, *figures.stale][:20]:
            print(line)
    return 1 if figures.lost or figures.doubled or figures.stale else 0


async def _enter(world: World, count: int) -> list[SampleSale]:
    entered = [
        replace(
            each,
            number=f"{each.company.code}-B{serial:06d}",
            dated=ISSUED_FROM + timedelta(days=serial % DAYS),
            lines=each.lines[:2],
        )
        for serial, each in enumerate(invoices(count + count // 3))
        if not each.discount
    ][:count]
    for start in range(0, count, CHUNK):
        await world.crm.enter(entered[start : start + CHUNK])
        await world.crm.issue(entered[start : start + CHUNK])
    return entered


async def _progress(world: World, count: int) -> None:
    """Wait until the journal has a row for each; ask seldom, because asking costs the local Dataverse time too."""
    while (known := len(await world.crm.journal())) < count:
        print(f"  {known} of {count}", flush=True)
        await asyncio.sleep(10)


async def _requests(world: World) -> int:
    """Give how many requests the bridge sent to Dataverse; operations inside a batch are one request."""
    counted = (await _dataverse(world, "GET", "stats")).json()
    return sum(number for kind, number in counted["requests"]["app"].items() if not kind.endswith("in $batch"))


async def _dataverse(world: World, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    address = f"{world.stack['dataverse']['url']}/_local/{path}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return (await client.request(method, address, json=body)).raise_for_status()
