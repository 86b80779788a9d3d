"""Timers: what changed in Dataverse, and once a day everything that should be in the books, become references."""

import azure.functions as func

from functions.timers import by_timer
from shared.wiring import process

blueprint = func.Blueprint()


@by_timer(blueprint, "dataverse_sweep", "SWEEP_SCHEDULE")
async def dataverse_sweep() -> None:
    """Read what changed; then measure what waits."""
    try:
        await process.sweep.run()
    finally:
        await process.watch.run()


@by_timer(blueprint, "dataverse_reconcile", "RECONCILE_SCHEDULE")
async def dataverse_reconcile() -> None:
    """Hold every document against the journal."""
    await process.reconciliation.run()
