"""What a document costs the bridge's own process through the whole chain, and whether that grows with their number."""

import statistics

from tests.bench.documents import sales
from tests.bench.figure import Baseline, Figure, Reach
from tests.bench.stage import Stage
from tests.bench.worker import Task

CHUNK = 40
INVOICES = 200
"""of each accounting system, 20 lines each, after a first chunk that is not counted"""
BULK = 100
"""documents a batch at the most, as in host.json"""
SMALL, LARGE = 100, 10_000
NAMES = {"onec": "1C", "sapb1": "SAP Business One"}


async def figures(stage: Stage) -> list[Figure]:
    """Measure the cost of a 20-line invoice, beside a bare POST of its body from the same process."""
    made = []
    for target, name in NAMES.items():
        own = [sale for sale in sales(2 * (INVOICES + CHUNK), 20, "C") if sale.company.target == target]
        measured = await stage.worker(Task(await stage.entered(own), CHUNK, stage.sink))
        baseline = Baseline("one bare httpx POST of its body", tuple(measured.post_ms))
        title = f"a 20-line invoice through the whole chain in bulk, {name}: CPU"
        made.append(Figure(title, "ms", tuple(measured.cpu_ms), baseline, Reach(5)))
    return made


async def growth(stage: Stage) -> list[Figure]:
    """Measure one-line invoices of both systems by the hundred, up to ten thousand.

    A hundred costs more or less than the next by a third, whatever place it has: both ends are those of the straight
    line through all of them.
    """
    measured = await stage.worker(Task(await stage.entered(sales(LARGE, 1, "G")), BULK))
    slope, at_small = statistics.linear_regression(range(len(measured.cpu_ms)), measured.cpu_ms)
    at_large = at_small + slope * (len(measured.cpu_ms) - 1)
    memory = measured.memory_mb
    return [
        Figure(
            f"cost of a document at {LARGE}: CPU", "ms", (at_large,), Baseline(f"at {SMALL}", (at_small,)), Reach(1.1)
        ),
        Figure(
            f"peak memory at {LARGE} documents", "MB", (memory[-1],), Baseline(f"at {SMALL}", (memory[0],)), Reach(1.2)
        ),
    ]
