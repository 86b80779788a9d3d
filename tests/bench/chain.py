"""What a document costs the bridge's own process through the whole chain, and whether that grows with their number."""

import asyncio
import statistics
from collections.abc import Awaitable, Iterable
from itertools import islice

from tests.bench.documents import sales
from tests.bench.figure import Baseline, Figure, Reach
from tests.bench.stage import Hired, Stage
from tests.bench.worker import Task

CHUNK = 40
INVOICES = 200
"""of each accounting system, 20 lines each, after a first chunk that is not counted"""
BULK = 100
"""documents a batch at the most, as in host.json"""
SMALL, LARGE = 100, 10_000
PAIRS, EACH = 5, 300
"""how often both are measured in turns, over so many documents: as a second passes, telemetry is sent once or twice"""
NAMES = {"onec": "1C", "sapb1": "SAP Business One"}


async def figures(stage: Stage) -> list[Figure]:
    """Measure the cost of a 20-line invoice, beside a bare POST of its body from the same process."""
    made = []
    for target, name in NAMES.items():
        own = [sale for sale in sales(2 * (INVOICES + CHUNK), 20, "C") if sale.company.target == target]
        ids = await stage.entered(own)
        async with stage.worker() as worker:
            await worker.do(Task(ids[:CHUNK], CHUNK))
            measured = await worker.do(Task(ids[CHUNK:], CHUNK, stage.sink))
        baseline = Baseline("one bare httpx POST of its body", tuple(measured.post_ms))
        title = f"a 20-line invoice through the whole chain in bulk, {name}: CPU"
        made.append(Figure(title, "ms", tuple(measured.cpu_ms), baseline, Reach(5)))
    return made


async def growth(stage: Stage, beside: Awaitable[object] | None = None) -> list[Figure]:
    """Measure one-line invoices of both systems: after a hundred of them, and after ten thousand.

    A process that has carried that many and one that has just started take turns, so that both find the same servers
    and the same machine, whose speed wanders. What goes on ``beside`` ends before they begin. How much CPU the same
    work costs depends on how long a process has slept before it; how many functions are called does not.
    """
    many = await stage.entered(sales(LARGE, 1, "G"))
    at_large, at_small = [], []
    async with stage.worker() as old:
        [young_memory] = (await old.do(Task(many[:SMALL], BULK))).memory_mb
        carried = old.do(Task(many[SMALL:], BULK))
        entered = stage.entered(sales((PAIRS + 1) * (SMALL + 2 * EACH), 1, "P"))
        filled, ids = await asyncio.gather(carried, entered)
        if beside is not None:
            await beside
        more = iter(ids)
        for _ in range(PAIRS):
            async with stage.worker() as young:
                await young.do(Task(list(islice(more, SMALL)), BULK))
                at_small.append(await _cost(young, islice(more, EACH)))
            at_large.append(await _cost(old, islice(more, EACH)))
        work = [await old.do(Task(list(islice(more, EACH)), BULK, counted=True))]
        async with stage.worker() as young:
            await young.do(Task(list(islice(more, SMALL)), BULK))
            work.append(await young.do(Task(list(islice(more, EACH)), BULK, counted=True)))
    many_calls, few_calls = (tuple(each.calls) for each in work)
    return [
        Figure(
            f"work of a document at {LARGE}: function calls",
            "",
            many_calls,
            Baseline(f"at {SMALL}", few_calls),
            Reach(1.1),
        ),
        Figure(
            f"cost of a document at {LARGE}: CPU",
            "ms",
            tuple(at_large),
            Baseline(f"at {SMALL}", tuple(at_small)),
            Reach(1.1),
        ),
        Figure(
            f"peak memory at {LARGE} documents",
            "MB",
            (filled.memory_mb[-1],),
            Baseline(f"at {SMALL}", (young_memory,)),
            Reach(1.2),
        ),
    ]


async def _cost(worker: Hired, invoices: Iterable[str]) -> float:
    return statistics.mean((await worker.do(Task(list(invoices), BULK))).cpu_ms)
