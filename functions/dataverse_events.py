"""Dataverse webhooks: the reference goes to ``changes``, the answer is 202 at once."""

import azure.functions as func

from shared.telemetry import invocation
from shared.webhook import receive
from shared.wiring import process

blueprint = func.Blueprint()


@blueprint.function_name("dataverse_events")
@blueprint.route(route="dataverse/events", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def dataverse_events(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Take one event."""
    with invocation(context):
        headers = {name.lower(): value for name, value in req.headers.items()}
        reply = await receive(process, req.get_body(), headers)
        return func.HttpResponse(reply.text, status_code=reply.status.value, mimetype="text/plain")
