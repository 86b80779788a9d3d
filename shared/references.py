"""References: those that the bridge makes by itself (the sweep, the reconciliation), and those of an event."""

from datetime import datetime
from uuid import UUID, uuid4

from shared.dataverse.events import Event
from shared.keys import message_id
from shared.messages import Reference, Table
from shared.settings import Settings
from shared.telemetry import traceparent


def own_reference(settings: Settings, table: Table, record: UUID, *, cause: str, what: str, now: datetime) -> Reference:
    """Make a reference; the same cause about the same state of a record gives the same message id again."""
    return Reference(
        organization_id=settings.dataverse_organization_id,
        correlation_id=str(uuid4()),
        traceparent=traceparent(),
        table=table,
        id=record,
        cause=cause,
        occurred_at=now,
        message_id=message_id(cause, table, record, what),
    )


def event_reference(event: Event, table: Table, *, trace: str, now: datetime) -> Reference:
    """Make the reference of an event, however it came; Dataverse's retry of one delivery gives the same one again.

    ``table`` is the event's, known to be one that can cause an export.
    """
    return Reference(
        organization_id=event.organization_id,
        correlation_id=event.correlation_id,
        traceparent=trace,
        table=table,
        id=event.id,
        cause=f"event:{event.message}"[:100],
        occurred_at=now,
        message_id=event.event_id,
    )
