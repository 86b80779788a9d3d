"""The sweep: change tracking over every table that matters, so that no document depends on a webhook.

Each page becomes references on ``changes`` before its link is saved (see :mod:`shared.passes`). A first pass, or one
after the token expired, refers only to what may be exported since the start date; after that every change counts.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.bus import CHANGES, Bus
from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import key
from shared.dataverse.sales import SALES, SalesTable
from shared.errors import Misconfigured
from shared.messages import Reference, Table
from shared.passes import BUDGET, Page, Passes, Run
from shared.reconcile import columns_of, may_matter
from shared.references import own_reference
from shared.retry import reference_envelope
from shared.settings import Settings
from shared.telemetry import say


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
        self._passes = Passes(dataverse, now, budget)

    async def run(self) -> dict[str, int]:
        """Go on with every table until its changes are read or the time is up; give the references by table."""
        run = await self._passes.begin()
        counts: dict[str, int] = {}
        for table in tracked_tables(self._settings):
            counts[table.name] = await self._table(run, table)
        counts[journal.TABLE] = await self._retries()
        say(logging.INFO, "swept", counts)
        return counts

    async def _retries(self) -> int:
        """Refer to every journal row on which somebody pressed Retry; its event may have been lost.

        On the row of a customer or a product it asks for nothing, and nobody would ever take the mark away.
        """
        documents = " and ".join(f"_acx_{table.name}id_value eq null" for table in CARDS)
        query = {"$select": "acx_accountingexportid", "$filter": f"acx_retry eq true and {documents}"}
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

    async def _table(self, run: Run, table: Tracked) -> int:
        async def ask(link: str) -> Page:
            if link:
                return await self._dataverse.follow(link, tracked=True)
            columns = [table.key] if table.sales is None else columns_of(self._settings, table.sales)
            return await self._dataverse.tracked(table.set_name, columns)

        async def settle(page: Page, pass_name: str) -> int:
            references = self._references(table, page["value"], pass_name)
            await self._bus.send(CHANGES, [reference_envelope(reference) for reference in references])
            if not page.keys() & {"@odata.nextLink", "@odata.deltaLink"}:
                raise Misconfigured(f"change tracking is off for the table {table.name}: switch it on")
            return len(references)

        return await run.over(f"changes:{table.name}", ask, settle)

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
