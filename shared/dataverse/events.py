"""What Dataverse says when something happened: the RemoteExecutionContext of a webhook or of its Service Bus endpoint.

It is a hint. Only who, what and which are read from it; the row itself is read afresh. Shapes and traps: several
writers of JSON in one product (WCF wraps typed values as ``{"__type", "__value"}``), ParentContext and InputParameters
missing from large ones, so the ids that always remain (PrimaryEntityName, PrimaryEntityId) are enough.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import jsontext
from shared.errors import Unreadable
from shared.keys import message_id

MAX_BODY = 256 * 1024
"""Bytes. Dataverse itself sends no more without saying so in a header."""

_MARK = b'"PrimaryEntityId"'

SIZE_HEADER = "x-ms-dynamics-msg-size-exceeded"


@dataclass(frozen=True)
class Event:
    """One thing that happened to one row."""

    table: str
    id: UUID
    message: str
    """Create, Update, Delete, SetState …"""
    organization_id: UUID
    initiating_user_id: UUID | None
    correlation_id: str
    event_id: str
    """the same for Dataverse's own retry of one delivery, different for everything else"""


def parse(body: bytes) -> Event:
    """Read an event. Raises Unreadable with one sentence that quotes nothing of the body."""
    try:
        context = jsontext.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(context, dict):
        raise Unreadable("The body is not a JSON object.")
    table = _text(context, "PrimaryEntityName")
    record = _guid(context, "PrimaryEntityId")
    message = _text(context, "MessageName")
    organization = _guid(context, "OrganizationId")
    correlation = _guid(context, "CorrelationId")
    operation = _guid(context, "OperationId") if _value(context.get("OperationId")) is not None else correlation
    user = _guid(context, "InitiatingUserId") if _value(context.get("InitiatingUserId")) is not None else None
    created = _text(context, "OperationCreatedOn") if _value(context.get("OperationCreatedOn")) is not None else None
    return Event(
        table=table,
        id=record,
        message=message,
        organization_id=organization,
        initiating_user_id=user,
        correlation_id=str(correlation),
        event_id=message_id(organization, table, record, message, operation, correlation, created),
    )


def from_queue(body: bytes) -> Event | None:
    """Read what Dataverse's own Service Bus endpoint wrote; None where the body is something else (our own message).

    It drops the big parts beyond 192 KB; the ids that are read here remain. Raises Unreadable as :func:`parse`.
    """
    if len(body) > MAX_BODY or _MARK not in body:
        return None
    return parse(body)


def _value(wrapped: Any) -> Any:
    """Unwrap ``{"__type": …, "__value": …}``."""
    if isinstance(wrapped, dict) and "__value" in wrapped:
        return wrapped["__value"]
    return wrapped


def _text(context: dict[str, Any], name: str) -> str:
    value = _value(context.get(name))
    # JSON can spell half a surrogate pair, which no text can hold and no queue can carry.
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or any("\ud800" <= each <= "\udfff" for each in value):
        raise Unreadable(f"{name} is not a text of 1 to 128 characters.")
    return value


def _guid(context: dict[str, Any], name: str) -> UUID:
    value = _value(context.get(name))
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a GUID.")
    try:
        parsed = UUID(value)
    except ValueError:
        raise Unreadable(f"{name} is not a GUID.") from None
    return parsed
