"""A timer: payments, cancellations and deletions in accounting become words for the journal."""

import azure.functions as func

from functions.timers import by_timer
from shared.wiring import process

blueprint = func.Blueprint()


@by_timer(blueprint, "payments", "PAYMENTS_SCHEDULE")
async def payments() -> None:
    """Ask accounting what became of what was exported."""
    await process.payments.run()
