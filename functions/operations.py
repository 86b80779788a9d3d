"""For the administrator: is the bridge healthy, and if not, why."""

import azure.functions as func

from shared import jsontext
from shared.health import check
from shared.wiring import process

blueprint = func.Blueprint()


@blueprint.function_name("health")
@blueprint.route(route="health", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 -- the host passes it by this name
    """Say what is wrong, in one sentence each; 200 where nothing is."""
    problems = await check(process)
    body = jsontext.dumps({"healthy": not problems, "problems": problems})
    return func.HttpResponse(body, status_code=503 if problems else 200, mimetype="application/json")
