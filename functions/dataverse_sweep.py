"""Timers: what changed in Dataverse, and once a day everything that should be in the books, become references."""

import azure.functions as func

from shared.settings import schedule
from shared.telemetry import invocation
from shared.wiring import process

blueprint = func.Blueprint()


@blueprint.function_name("dataverse_sweep")
@blueprint.timer_trigger(arg_name="timer", schedule=schedule("SWEEP_SCHEDULE"))
async def dataverse_sweep(
    timer: func.TimerRequest,  # noqa: ARG001 -- the host passes it by this name
    context: func.Context,
) -> None:
    """Read what changed; then measure what waits."""
    with invocation(context):
        try:
            await process.sweep.run()
        finally:
            await process.watch.run()


@blueprint.function_name("dataverse_reconcile")
@blueprint.timer_trigger(arg_name="timer", schedule=schedule("RECONCILE_SCHEDULE"))
async def dataverse_reconcile(
    timer: func.TimerRequest,  # noqa: ARG001 -- the host passes it by this name
    context: func.Context,
) -> None:
    """Hold every document against the journal."""
    with invocation(context):
        await process.reconciliation.run()
