"""``sapb1`` → SAP Business One, one customer's documents one after the other (sessions)."""

import azure.functions as func

from functions.queue_messages import incoming
from shared.bus import TARGET_QUEUES
from shared.settings import SERVICE_BUS_CONNECTION
from shared.telemetry import invocation
from shared.wiring import process, settle

blueprint = func.Blueprint()
QUEUE = TARGET_QUEUES["sapb1"]


@blueprint.function_name("sapb1_connector")
@blueprint.service_bus_queue_trigger(
    arg_name="message",
    queue_name=QUEUE,
    connection=SERVICE_BUS_CONNECTION,
    is_sessions_enabled=True,
    data_type=func.DataType.BINARY,
)
async def sapb1_connector(message: func.ServiceBusMessage, context: func.Context) -> None:
    """Carry one document."""
    with invocation(context):
        await settle(process, lambda wiring: wiring.sapb1, [incoming(QUEUE, message)])
