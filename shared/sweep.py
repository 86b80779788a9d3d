"""The sweep: change tracking over every table that matters, so that no document depends on a webhook.

Each page becomes references on ``changes`` before its link is saved: a run that is stopped anywhere is resumed by the
next one, and at worst refers to a page twice. A first pass, or one after the token expired, refers only to what may be
exported since the start date; after that every change counts.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.bus import CHANGES, Bus
from shared.dataverse import journal
from shared.dataverse.checkpoints import Checkpoint, Checkpoints
from shared.dataverse.client import Dataverse, StartOver
from shared.dataverse.columns import key
from shared.dataverse.sales import SALES, SalesTable
from shared.errors import Misconfigured
from shared.messages import Reference, Table
from shared.reconcile import columns_of, may_matter
from shared.references import own_reference
from shared.retry import reference_envelope
from shared.settings import Settings
from shared.telemetry import say

BUDGET = timedelta(minutes=4)
"""A run stops well inside functionTimeout and goes on where it was."""


@dataclass(frozen=True)
class Tracked:
    """A table under change tracking."""

    name: Table
    set_name: str
    key: str
    sales: SalesTable | None = None
    """set for a table of documents; their first pass is filtered, that of the others refers to nothing"""


CARDS = (
    Tracked("account", "accounts", "accountid"),
    Tracked("contact", "contacts", "contactid"),
    Tracked("product", "products", "productid"),
)


def tracked_tables(settings: Settings) -> list[Tracked]:
    """Give the tables that the routes need: documents and lines of each way in use, and the cards."""
    tables: list[Tracked] = []
    ways = {route.way for route in settings.routes}
    for sales in SALES:
        if sales.way in ways:
            tables.append(Tracked(sales.name, sales.set_name, sales.key, sales))
            tables.append(Tracked(sales.line_name, sales.line_set, sales.line_key))
    return [*tables, *CARDS]


class Sweep:
    """Turns what changed in Dataverse into references."""

    def __init__(
        self,
        settings: Settings,
        dataverse: Dataverse,
        bus: Bus,
        now: Callable[[], datetime],
        budget: timedelta = BUDGET,
    ) -> None:
        """``now`` gives an aware time; ``budget`` is how long a run may take."""
        self._settings = settings
        self._dataverse = dataverse
        self._bus = bus
        self._now = now
        self._budget = budget
        self._checkpoints = Checkpoints(dataverse, now)

    async def run(self) -> dict[str, int]:
        """Go on with every table until its changes are read or the time is up; give the references by table."""
        await self._dataverse.check_organization()
        until = self._now() + self._budget
        counts: dict[str, int] = {}
        for table in tracked_tables(self._settings):
            counts[table.name] = await self._table(table, until)
        counts[journal.TABLE] = await self._retries()
        say(logging.INFO, "swept", counts)
        return counts

    async def _retries(self) -> int:
        """Refer to every journal row on which somebody pressed Retry; its event may have been lost."""
        query = {"$select": "acx_accountingexportid", "$filter": "acx_retry eq true"}
        rows = await self._dataverse.rows(journal.SET, query)
        references = [
            own_reference(
                self._settings,
                journal.TABLE,
                key(row, "acx_accountingexportid"),
                cause="retry pressed",
                what=row["@odata.etag"],
                now=self._now(),
            )
            for row in rows
        ]
        await self._bus.send(CHANGES, [reference_envelope(reference) for reference in references])
        return len(references)

    async def _table(self, table: Tracked, until: datetime) -> int:
        checkpoint = await self._checkpoints.read(f"changes:{table.name}")
        try:
            return await self._pages(table, checkpoint, until)
        except StartOver as error:
            say(logging.WARNING, "change tracking starts over", {"table": table.name, "code": str(error)})
            fresh = await self._checkpoints.save(checkpoint, "", "")
            return await self._pages(table, fresh, until)

    async def _pages(self, table: Tracked, checkpoint: Checkpoint, until: datetime) -> int:
        count = 0
        while self._now() < until:
            full = not checkpoint.link or bool(checkpoint.pass_name)
            pass_name = (checkpoint.pass_name or str(uuid4())) if full else ""
            page = await self._page(table, checkpoint)
            references = self._references(table, page["value"], pass_name)
            await self._bus.send(CHANGES, [reference_envelope(reference) for reference in references])
            count += len(references)
            next_link, delta_link = page.get("@odata.nextLink"), page.get("@odata.deltaLink")
            if not next_link and not delta_link:
                raise Misconfigured(f"change tracking is off for the table {table.name}: switch it on")
            # A pass is over with its delta link; its name tells the next run that it still goes on.
            checkpoint = await self._checkpoints.save(
                checkpoint, next_link or delta_link, pass_name if next_link else ""
            )
            if not next_link:
                break
        return count

    async def _page(self, table: Tracked, checkpoint: Checkpoint) -> Any:
        if checkpoint.link:
            return await self._dataverse.follow(checkpoint.link, tracked=True)
        return await self._dataverse.tracked(
            table.set_name, [table.key] if table.sales is None else columns_of(self._settings, table.sales)
        )

    def _references(self, table: Tracked, rows: Sequence[dict[str, Any]], pass_name: str) -> list[Reference]:
        found = []
        for row in rows:
            if "$deletedEntity" in row.get("@odata.context", ""):
                found.append(self._reference(table, UUID(row["id"]), "deleted", ""))
            elif not pass_name:
                found.append(self._reference(table, key(row, table.key), "sweep", row["@odata.etag"]))
            elif table.sales is not None and may_matter(self._settings, table.sales, row):
                found.append(self._reference(table, key(row, table.key), "full pass", pass_name))
        return found

    def _reference(self, table: Tracked, record: UUID, cause: str, what: str) -> Reference:
        return own_reference(self._settings, table.name, record, cause=cause, what=what, now=self._now())
