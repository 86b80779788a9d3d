"""For the administrator: is the bridge healthy, and if not, why; what was set aside, and how it is sent again."""

import azure.functions as func

from functions.callers import let_in
from shared import jsontext
from shared.errors import Misconfigured, Unavailable
from shared.health import check
from shared.operations import PAGE, PLACES, Resend, place_of
from shared.wiring import process

blueprint = func.Blueprint()


def _answer(content: object, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(jsontext.dumps(content), status_code=status, mimetype="application/json")


@blueprint.function_name("health")
@blueprint.route(route="health", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Say what is wrong, in one sentence each; 200 where nothing is."""
    return await let_in(req, context, _health)


async def _health(_: func.HttpRequest) -> func.HttpResponse:
    problems = await check(process)
    return _answer({"healthy": not problems, "problems": problems}, 503 if problems else 200)


@blueprint.function_name("operations_messages")
@blueprint.route(route="operations/messages", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def operations_messages(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """List poison and dead letters; ``queue``, ``from`` (a sequence number) and ``top`` narrow it down."""
    return await let_in(req, context, _messages)


async def _messages(req: func.HttpRequest) -> func.HttpResponse:
    queue = req.params.get("queue") or None
    place = place_of(queue) if queue else None
    start, top = req.params.get("from", "0"), req.params.get("top", str(PAGE))
    if queue and place is None:
        return _answer({"error": f"queue: must be one of {', '.join(PLACES)}"}, 400)
    if not all(value.isascii() and value.isdecimal() and len(value) < 19 for value in (start, top)):
        return _answer({"error": "from, top: must be whole numbers"}, 400)
    try:
        return _answer(await process.operations.messages(place, int(start), int(top)))
    except (Unavailable, Misconfigured) as error:
        return _answer({"error": str(error)}, 503)


@blueprint.function_name("operations_resend")
@blueprint.route(route="operations/resend", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def operations_resend(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Send one message, or all of a queue, again."""
    return await let_in(req, context, _resend)


async def _resend(req: func.HttpRequest) -> func.HttpResponse:
    try:
        asked = Resend.read(req.get_body())
    except ValueError as error:
        return _answer({"error": str(error)}, 400)
    try:
        done = await process.operations.resend(asked)
    except (Unavailable, Misconfigured) as error:
        return _answer({"error": str(error)}, 503)
    if done is None:
        return _answer({"error": "no such message there"}, 404)
    return _answer({"sent": done.sent, "more": done.more})
