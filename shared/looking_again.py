"""A document is looked at again because somebody asks for it: its reference goes to ``changes``, as an event's does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.bus import CHANGES, Bus
from shared.dataverse.sales import SalesTable, document_named
from shared.references import own_reference
from shared.retry import reference_envelope
from shared.settings import Settings


@dataclass(frozen=True)
class LookAgain:
    """The document that is asked for."""

    table: SalesTable
    id: UUID

    @classmethod
    def read(cls, table: str, identity: str) -> Self:
        """Read what a form or a path says. ValueError with one sentence that quotes nothing."""
        return cls(*document_named(table, identity))

    async def send(self, bus: Bus, settings: Settings, now: datetime) -> None:
        """Send the reference; each press is a new one, so no duplicate detection swallows it. Raises Unavailable."""
        reference = own_reference(settings, self.table.name, self.id, cause="resend", what=now.isoformat(), now=now)
        await bus.send(CHANGES, [reference_envelope(reference)])
