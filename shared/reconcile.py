"""The reconciliation, once a day: documents that should be in the books, or may be there, against the journal.

Missing (no row), stale (the document is newer than what the row says), waiting for too long, Retry pressed, or in both
accounting systems: each becomes a reference. So does a row that hangs under no document any more: change tracking tells
of no deletion that came before a pass which had to start over.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shared.bus import CHANGES, Bus
from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key, local_date, number, text, version
from shared.dataverse.reading import journal_row
from shared.dataverse.sales import INVOICED, SALES, SalesTable
from shared.dataverse.searching import document_of
from shared.messages import Journalled, Reference, State
from shared.one_sale import is_in_both
from shared.passes import BUDGET, Page, Passes, Run
from shared.references import own_reference
from shared.retry import reference_envelope
from shared.routes import Route, route_for
from shared.settings import Settings
from shared.telemetry import say

TOO_LONG = timedelta(hours=1)
"""A row that says Waiting, Retrying, Paused or Before start for longer is looked at again."""
UNSETTLED = frozenset({State.WAITING, State.RETRYING, State.PAUSED, State.BEFORE_START})


def due_statuses(settings: Settings, table: SalesTable) -> frozenset[int]:
    """Give the statuscodes in which a document may be due; an invoiced order counts where it was fulfilled before."""
    if table.way == "2B":
        return frozenset(settings.invoice_issued_statuses)
    return frozenset((*settings.order_fulfilled_statuses, INVOICED))


def may_matter(settings: Settings, table: SalesTable, row: dict[str, Any]) -> bool:
    """Say whether a document may have to be exported, or cancelled, by what it says itself."""
    return _route(settings, table, row) is not None and _is_due_or_cancelled(settings, table, row)


def _route(settings: Settings, table: SalesTable, row: dict[str, Any]) -> Route | None:
    """Give the automatic route of a document that is dated since its start; None where there is none."""
    route = route_for(settings.routes, table.way, guid(row, "_owningbusinessunit_value"))
    if route is None or route.by_hand:
        return None
    dated = local_date(row, route.dates.document, route.zone)
    return route if dated is None or dated >= route.start_date else None


def _is_due_or_cancelled(settings: Settings, table: SalesTable, row: dict[str, Any]) -> bool:
    return number(row, "statuscode") in due_statuses(settings, table) or number(row, "statecode") == table.cancelled


def needs_a_look(row_version: int, cancelled: bool, known: Journalled | None, paused: bool, now: datetime) -> str:
    """Say why a document's reference is needed; empty where the journal is right."""
    if known is None:
        return "" if cancelled else "missing"
    if known.retry:
        return "retry"
    if row_version > known.version:
        return "stale"
    waits = known.state in UNSETTLED and not (known.state is State.PAUSED and paused)
    if waits and (known.changed_at is None or now - known.changed_at > TOO_LONG):
        return "waiting"
    return ""


def columns_of(settings: Settings, table: SalesTable) -> list[str]:
    """Give the columns by which documents are judged here."""
    dates = {route.dates.document for route in settings.routes if route.automatic_way == table.way}
    standard = [table.key, "statecode", "statuscode", "_owningbusinessunit_value", "versionnumber"]
    return [*standard, *sorted(dates - set(standard))]


class Reconciliation:
    """Holds the documents of Dataverse against its journal."""

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
        """Go through every table of documents in use until its end or the time is up; give the references by table."""
        run = await self._passes.begin()
        ways = {route.way for route in self._settings.routes}
        counts: dict[str, int] = {table.name: await self._table(run, table) for table in SALES if table.way in ways}
        counts[journal.TABLE] = await self._orphans(run)
        say(logging.INFO, "reconciled", counts)
        return counts

    async def _table(self, run: Run, table: SalesTable) -> int:
        query = {
            "$select": ",".join(columns_of(self._settings, table)),
            "$expand": f"{table.journal}($select={','.join(journal.COLUMNS)})",
        }

        async def ask(link: str) -> Page:
            if link:
                return await self._dataverse.follow(link, tracked=False)
            return await self._dataverse.get(table.set_name, query)

        async def settle(page: Page, pass_name: str) -> int:
            found = (self._reference(table, row, pass_name) for row in page["value"])
            references = [reference for reference in found if reference is not None]
            await self._bus.send(CHANGES, [reference_envelope(reference) for reference in references])
            return len(references)

        return await run.over(f"reconcile:{table.name}", ask, settle)

    async def _orphans(self, run: Run) -> int:
        """Refer to the documents of rows that hang under nothing; whether one is still there is looked at then."""
        nothing = " and ".join(f"_acx_{table}id_value eq null" for table in journal.PARENTS)
        query = {
            "$select": "acx_accountingexportid,acx_key",
            "$filter": f"acx_state ne {journal.STATE_VALUES[State.CANCELLED]} and {nothing}",
        }

        async def ask(link: str) -> Page:
            if link:
                return await self._dataverse.follow(link, tracked=False)
            return await self._dataverse.get(journal.SET, query)

        async def settle(page: Page, pass_name: str) -> int:
            documents = [found for row in page["value"] if (found := document_of(text(row, "acx_key")))]
            references = [
                own_reference(self._settings, table.name, id_, cause="deleted", what=pass_name, now=self._now())
                for table, id_ in documents
            ]
            await self._bus.send(CHANGES, [reference_envelope(reference) for reference in references])
            return len(references)

        return await run.over(f"reconcile:{journal.TABLE}", ask, settle)

    def _reference(self, table: SalesTable, row: dict[str, Any], pass_name: str) -> Reference | None:
        route = _route(self._settings, table, row)
        if route is None:
            return None
        known = journal_row(table, row, route.target)
        held = known is not None and known.may_be_held and known.state is not State.CANCELLED
        # One that was taken back while its first message waited in a lane is in the books, and nobody was told.
        if not held and not _is_due_or_cancelled(self._settings, table, row):
            return None
        cancelled = number(row, "statecode") == table.cancelled
        row_version = self._settings.epoch + version(row)
        paused = route.paused or self._settings.restored_unseen
        why = needs_a_look(row_version, cancelled, known, paused, self._now())
        if not why and known is not None and known.passes_for_written and is_in_both(row, table, route):
            why = "in both books"
        if not why:
            return None
        return own_reference(
            self._settings, table.name, key(row, table.key), cause=why, what=pass_name, now=self._now()
        )
