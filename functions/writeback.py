"""``results`` → the journal in Dataverse."""

import azure.functions as func

from functions.queue_messages import Batch, incoming
from shared.bus import RESULTS
from shared.settings import SERVICE_BUS_CONNECTION
from shared.telemetry import invocation
from shared.wiring import process, settle

blueprint = func.Blueprint()


@blueprint.function_name("writeback")
@blueprint.service_bus_queue_trigger(
    arg_name="messages",
    queue_name=RESULTS,
    connection=SERVICE_BUS_CONNECTION,
    cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY,
)
async def writeback(messages: Batch, context: func.Context) -> None:
    """Write a batch of results."""
    with invocation(context):
        await settle(process, lambda wiring: wiring.writeback, [incoming(RESULTS, message) for message in messages])
