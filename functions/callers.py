"""The door of the administrator's functions: the host has checked the function key, the role is checked here."""

import os

import azure.functions as func

from shared.callers import refusal


def turned_away(req: func.HttpRequest) -> func.HttpResponse | None:
    """Give the answer to a caller without the role that is asked for; None where it may go on.

    The setting is read by itself: no other one that is wrong may open the door.
    """
    headers = {name.lower(): value for name, value in req.headers.items()}
    reason = refusal(os.environ.get("OPERATIONS_ROLE", ""), os.environ, headers)
    return None if reason is None else func.HttpResponse(reason, status_code=403, mimetype="text/plain")
