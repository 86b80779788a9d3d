"""What a Dataverse webhook is answered: 202 once its reference is on ``changes``, one clear sentence otherwise.

Dataverse repeats a delivery once, and only on 502, 503 and 504: so whatever is not the sender's fault is a 503.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import get_args

from shared.bus import CHANGES
from shared.dataverse.events import MAX_BODY, SIZE_HEADER, Event, parse
from shared.errors import Misconfigured, Unreadable
from shared.messages import Table
from shared.references import event_reference
from shared.retry import cause_of, reference_envelope
from shared.telemetry import here, say, traceparent
from shared.wiring import Wiring, now

TABLES: frozenset[str] = frozenset(get_args(Table))
MAX_BODY_WITH_HEADER = 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer: a status and one sentence."""

    status: HTTPStatus
    text: str


async def receive(wiring: Wiring, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Take one webhook. ``headers`` by lower-case name."""
    limit = MAX_BODY_WITH_HEADER if SIZE_HEADER in headers else MAX_BODY
    if len(body) > limit:
        return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {limit // 1024} KB.")
    try:
        event = parse(body)
    except Unreadable as error:
        return Reply(HTTPStatus.BAD_REQUEST, str(error))
    if event.table not in TABLES:
        return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, "Events of this table are not exported: remove its step.")
    try:
        return await _take(wiring, event, headers)
    except Misconfigured as error:
        say(logging.ERROR, "misconfigured", {"problems": str(error)})
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE, f"A setting is wrong: {error}.")
    except Exception as error:  # noqa: BLE001 -- a 500 would never be repeated, and the event lost
        say(logging.ERROR, "webhook not taken", {"table": event.table, "id": event.id, "cause": cause_of(error)})
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE, "The queue does not take messages now.")


async def _take(wiring: Wiring, event: Event, headers: Mapping[str, str]) -> Reply:
    settings = wiring.settings
    if event.organization_id != settings.dataverse_organization_id:
        say(logging.ERROR, "another organization", {"organization": event.organization_id, "id": event.id})
        return Reply(HTTPStatus.FORBIDDEN, "The event belongs to another organization than this bridge serves.")
    if settings.dataverse_user_id is not None and event.initiating_user_id == settings.dataverse_user_id:
        return Reply(HTTPStatus.ACCEPTED, "Our own change: nothing to do.")
    table: Table = event.table  # type: ignore[assignment]  # receive() looked whether it is one
    trace = here() or traceparent(headers.get("traceparent", ""))
    reference = event_reference(event, table, trace=trace, now=now())
    await wiring.bus.send(CHANGES, [reference_envelope(reference)])
    say(logging.INFO, "event", {"table": event.table, "id": event.id, "cause": reference.cause})
    return Reply(HTTPStatus.ACCEPTED, "Taken.")
