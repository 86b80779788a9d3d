"""How many requests a document takes: exact numbers, those that tests/integration/round_trips asserts."""

from shared.routes import Target
from tests.bench.figure import Baseline, Figure, Reach
from tests.faults.systems import systems
from tests.integration.round_trips.counting import BULK, SYSTEM, counts

FLOOR: dict[Target, int] = {"onec": 2, "sapb1": 1}
"""1C: write and post; SAP Business One: the changeset"""
NAIVE = 2
"""Dataverse calls a document: one read, one write"""


async def figures() -> list[Figure]:
    """Count."""
    made = []
    async with systems() as running:
        for target, floor in FLOOR.items():
            found = await counts(running, target)
            limits = {
                "first of its customer": None,
                "warm": floor,
                "update": floor + 1,
                "nothing to do, the journal knows": 0,
                "nothing to do, the journal does not know": 1,
            }
            for case, limit in limits.items():
                name = f"accounting calls of a document, {case}, {SYSTEM[target]}"
                reach = None if limit is None else Reach(limit, "value")
                made.append(Figure(name, "", (found[case].accounting,), Baseline("floor", (floor,)), reach))
            each = found["in bulk"].dataverse / BULK
            name = f"Dataverse calls a document in bulk, {SYSTEM[target]}"
            made.append(Figure(name, "", (each,), Baseline("naive", (NAIVE,)), Reach(0.1, "value")))
    return made
