"""How fast the whole stack is: documents a second in bulk, and from webhook to posted at a steady rate."""

import asyncio
import statistics
import time

from tests.bench.documents import CUSTOMERS, sales
from tests.bench.figure import Figure, Reach
from tests.bench.host_log import HostLog
from tests.bench.measuring import cpu_of
from tests.bench.stage import Stage

ROUNDS, BULK = 3, 600
RATE, STEADY = 5.0, 120
"""documents a second, and how many of them"""


async def figures(stage: Stage) -> list[Figure]:
    """Let the host export all customers once, then measure."""
    warm = sales(2 * CUSTOMERS, 3, "W")
    log = HostLog(stage.world.stack.servers["host"].log)
    await stage.entered(warm)
    await log.until_journalled(len(warm))
    await stage.world.drained()
    bulk, host_cpu = await _bulk(stage)
    return [
        Figure(
            "documents a second through the chain, whole stack on this machine",
            "/s",
            bulk,
            reach=Reach(100, "value", "at least"),
        ),
        Figure("the same, with local host, receivers and telemetry: CPU of the host's process", "ms", host_cpu),
        *await _steady(stage),
    ]


async def _bulk(stage: Stage) -> tuple[tuple[float, ...], tuple[float, ...]]:
    server = stage.world.stack.servers["host"]
    rates, cpu = [], []
    for number in range(ROUNDS):
        round_ = sales(BULK, 5, f"R{number}")
        await stage.world.crm.enter(round_)
        await stage.world.drained()
        log, started, before = HostLog(server.log), time.monotonic(), cpu_of(server.process.pid)
        await stage.world.crm.issue(round_)
        await log.until_journalled(BULK)
        rates.append(BULK / (time.monotonic() - started))
        cpu.append((cpu_of(server.process.pid) - before) * 1e3 / BULK)
    return tuple(rates), tuple(cpu)


async def _steady(stage: Stage) -> list[Figure]:
    documents = sales(STEADY, 5, "L")
    await stage.world.crm.enter(documents)
    await stage.world.drained()
    log = HostLog(stage.world.stack.servers["host"].log)
    started = time.monotonic()
    for number, document in enumerate(documents):
        await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
        await stage.world.crm.issue([document])
    await log.until_journalled(STEADY)
    ms = [each * 1e3 for each in log.seconds]
    name = f"webhook to posted, the targets' milliseconds included, at {RATE:g} a second"
    p99 = statistics.quantiles(ms, n=100, method="inclusive")[98]
    return [
        Figure(f"{name}: p50", "ms", tuple(ms), reach=Reach(150, "value")),
        Figure(f"{name}: p99", "ms", (p99,), reach=Reach(1000, "value")),
    ]
