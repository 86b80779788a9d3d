"""Kills under load: what is lost, doubled or stale in the end must be nothing."""

import asyncio
import contextlib
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from infra.demo.books import MAIN_DOCUMENT, Entry, doubled
from infra.demo.company import SampleSale
from infra.demo.world import World, running
from infra.local.servicebus.config import DEFAULT_CONFIG
from infra.local.stack import ROOT
from infra.soak.kills import Killer
from infra.soak.load import Load
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State

LOCK = "PT10S"
"""A killed host leaves its messages locked, until this is over."""
PATIENCE = 600.0
"""Seconds for everything to drain in the end."""
QUICK = {
    "RETRY_FIRST_SECONDS": "0.5",
    "RETRY_MAX_SECONDS": "5",
    "SWEEP_SCHEDULE": "*/20 * * * * *",
    "RECONCILE_SCHEDULE": "0 * * * * *",
}
UNSETTLED = (State.RETRYING, State.WAITING)
STATES = {value: state for state, value in STATE_VALUES.items()}


@dataclass(frozen=True)
class Figures:
    """How it ended."""

    documents: int
    kills: int
    lost: list[str]
    doubled: list[str]
    stale: list[str]

    def numbers(self) -> dict[str, int]:
        """Give the figures to publish."""
        return {
            "documents": self.documents,
            "kills": self.kills,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "stale": len(self.stale),
        }


async def soak(folder: Path, minutes: float, seed: int, a_second: float) -> int:
    """Issue and change documents for some minutes while servers are killed; compare when all has drained."""
    choice = random.Random(seed)  # noqa: S311 -- nothing secret
    config = folder / "servicebus.json"
    config.write_text(_short_locks(DEFAULT_CONFIG.read_text()))
    broker = {"config": str(config)}
    async with running(folder, print, QUICK, servers={"servicebus": broker}) as world:
        host = world.stack["host"]
        keys = {"function_key": host["function_key"], "master_key": host["master_key"]}
        settings = {"app": str(ROOT), "settings": str(folder / "local.settings.json"), **keys}
        killer = Killer(world.stack, {"servicebus": broker, "host": settings}, choice)
        load = Load(world.crm, choice, a_second)
        print(f"{minutes:g} minutes of kills, seed {seed}", flush=True)
        issuing = asyncio.ensure_future(load.run())
        try:
            await killer.run(minutes * 60)
        finally:
            issuing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await issuing
        kills = killer.killed.total()
        print(
            f"{kills} kills {dict(killer.killed)}, {len(load.issued)} documents, {load.changes} changes; draining",
            flush=True,
        )
        await settle(world, load.issued)
        figures = await compare(world, load.issued, kills)
        dead = {name: number for name, number in (await queues(world)).items() if "$" in name and number}
        if dead:
            print(f"dead letters: {dead}")
    return report(figures)


def _short_locks(text: str) -> str:
    config = json.loads(text)
    for queue in config["UserConfig"]["Namespaces"][0]["Queues"]:
        queue["Properties"]["LockDuration"] = LOCK
    return json.dumps(config)


async def settle(world: World, issued: list[SampleSale]) -> None:
    """Wait until the queues are empty, two more rounds of the timers have found nothing, and nothing waits."""
    until = time.monotonic() + PATIENCE
    for _ in range(2):
        await asyncio.wait_for(world.drained(), max(1.0, until - time.monotonic()))
        for name in ("dataverse_sweep", "dataverse_reconcile"):
            await trigger(world, name)
        await asyncio.sleep(1)
    await asyncio.wait_for(world.drained(), max(1.0, until - time.monotonic()))
    while time.monotonic() < until:
        journal = await world.crm.journal()
        if all(_state(journal.get(each.id, {})) not in UNSETTLED for each in issued):
            return
        await asyncio.sleep(1)


async def trigger(world: World, name: str) -> None:
    """Let a timer fire now."""
    host = world.stack["host"]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        address = f"{host['url']}/admin/functions/{name}"
        headers = {"x-functions-key": host["master_key"]}
        (await client.post(address, json={"input": ""}, headers=headers)).raise_for_status()


async def queues(world: World) -> dict[str, int]:
    """Count the messages of every queue and of its dead letters."""
    endpoint = world.stack["servicebus"]["connection_string"].split(";")[0].removeprefix("Endpoint=sb://")
    async with httpx.AsyncClient(trust_env=False) as client:
        counts: dict[str, int] = (await client.get(f"http://{endpoint}/_local/queues")).raise_for_status().json()
    return counts


async def compare(world: World, issued: list[SampleSale], kills: int) -> Figures:
    """Hold CRM, journal and books against each other."""
    journal, totals = await world.crm.journal(), await world.crm.totals()
    lost: list[str] = []
    twice: list[str] = []
    stale: list[str] = []
    for target, books in world.books.items():
        entries = await asyncio.to_thread(books.entries)
        twice += doubled(entries)
        own = [each for each in issued if each.company.target == target]
        mains = {
            each.reference: each for each in entries if each.kind in {MAIN_DOCUMENT[target, w] for w in ("2A", "2B")}
        }
        for each in own:
            said = journal.get(each.id, {})
            problem = _problem(said, mains.get(each.number), totals[each.id])
            if problem == "lost":
                lost.append(_told(each, said))
            elif problem:
                stale.append(f"{_told(each, said)} {problem}")
    return Figures(len(issued), kills, lost, twice, stale)


def _state(said: Mapping[str, Any]) -> State | None:
    return STATES.get(said.get("acx_state", -1))


def _told(document: SampleSale, said: Mapping[str, Any]) -> str:
    state = _state(said)
    return f"{document.number}: {state.value if state else 'not in the journal'}. {said.get('acx_message') or ''}"


def _problem(said: Mapping[str, Any], entry: Entry | None, total: str) -> str:
    state = _state(said)
    if state is State.REFUSED and said.get("acx_message"):
        return ""
    if entry is None:
        return "lost"
    if state is not State.POSTED or said.get("acx_number") != entry.number:
        return "the journal does not say so"
    return "" if entry.total == Decimal(total) else f"the CRM says {total}, the books {entry.total}"


def report(figures: Figures) -> int:
    """Print the figures, write them to SOAK_JSON, and give the exit status."""
    for line in (*figures.lost, *figures.doubled, *figures.stale):
        print(line)
    numbers = json.dumps(figures.numbers())
    print(numbers, flush=True)
    if path := os.environ.get("SOAK_JSON"):
        Path(path).write_text(numbers)
    return 1 if figures.lost or figures.doubled or figures.stale else 0
