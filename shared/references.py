"""References that the bridge makes by itself, without an event: by the sweep and the reconciliation."""

from datetime import datetime
from uuid import UUID, uuid4

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
