"""``changes`` → the current rows → documents on ``onec`` and ``sapb1``, words for the journal on ``results``."""

import azure.functions as func

from functions.queue_messages import Batch, incoming
from shared.bus import CHANGES
from shared.settings import SERVICE_BUS_CONNECTION
from shared.telemetry import invocation
from shared.wiring import process, settle

blueprint = func.Blueprint()


@blueprint.function_name("export")
@blueprint.service_bus_queue_trigger(
    arg_name="messages",
    queue_name=CHANGES,
    connection=SERVICE_BUS_CONNECTION,
    cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY,
)
async def export(messages: Batch, context: func.Context) -> None:
    """Export a batch of references."""
    with invocation(context):
        await settle(process, lambda wiring: wiring.export, [incoming(CHANGES, message) for message in messages])
