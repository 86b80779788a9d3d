"""A timer: payments, cancellations and deletions in accounting become words for the journal."""

import azure.functions as func

from shared.settings import schedule
from shared.telemetry import invocation
from shared.wiring import process

blueprint = func.Blueprint()


@blueprint.function_name("payments")
@blueprint.timer_trigger(arg_name="timer", schedule=schedule("PAYMENTS_SCHEDULE"))
async def payments(
    timer: func.TimerRequest,  # noqa: ARG001 -- the host passes it by this name
    context: func.Context,
) -> None:
    """Ask accounting what became of what was exported."""
    with invocation(context):
        await process.payments.run()
