"""The door of the administrator's functions: the host has checked the function key, the role is checked here."""

import os
from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.callers import refusal
from shared.telemetry import invocation

Work = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


async def let_in(req: func.HttpRequest, context: func.Context, work: Work) -> func.HttpResponse:
    """Let a function answer in its host's trace; a caller without the role that is asked for is turned away."""
    with invocation(context):
        reason = _refused(req)
        return await work(req) if reason is None else func.HttpResponse(reason, status_code=403, mimetype="text/plain")


def _refused(req: func.HttpRequest) -> str | None:
    """Say why a caller may not go on.

    The setting is read by itself: no other one that is wrong may open the door.
    """
    headers = {name.lower(): value for name, value in req.headers.items()}
    return refusal(os.environ.get("OPERATIONS_ROLE", ""), os.environ, headers)
