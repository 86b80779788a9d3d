"""What a file of 100,000 documents takes, beside one of 1,000: peak memory, each in a process of its own."""

import asyncio

from tests.bench.figure import Baseline, Figure, Reach
from tests.bench.files import measure

SMALL, LARGE = 1_000, 100_000
NAMES = {"onec": "1C", "sapb1": "SAP Business One"}


async def figures() -> list[Figure]:
    """Make all four files at once: memory does not mind."""
    jobs = [(target, count) for target in NAMES for count in (SMALL, LARGE)]
    done = await asyncio.gather(*(asyncio.to_thread(measure, target, count) for target, count in jobs))
    memory = {job: figure["memory_mb"] for job, figure in zip(jobs, done, strict=True)}
    return [
        Figure(
            f"{LARGE} documents into a file, {name}: memory",
            "MB",
            (memory[target, LARGE],),
            Baseline(f"{SMALL} documents", (memory[target, SMALL],)),
            Reach(1.2),
        )
        for target, name in NAMES.items()
    ]
