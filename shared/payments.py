"""Payments: a timer asks accounting what became of exported documents; what changed goes to ``results``.

The journal says which documents: those that stand in accounting, with a checkpoint for each accounting system. One
system that is away does not hold up the other.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from shared.accounting import Exported, Ledger, Standing
from shared.bus import CHANGES, RESULTS, Bus, Envelope
from shared.dataverse import journal, paid
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import text
from shared.dataverse.journal import STATE_VALUES, stamp
from shared.dataverse.sales import BY_NAME, SALES
from shared.documents import SaleTable
from shared.errors import BridgeError
from shared.keys import accounting_key
from shared.messages import Journalled, Result, State
from shared.passes import BUDGET, Page, Passes, Run
from shared.references import own_reference
from shared.results import result_about
from shared.retry import cause_of, reference_envelope, result_envelope
from shared.routes import Target
from shared.settings import Settings
from shared.telemetry import say

PAGE = 500
"""Documents between two checkpoints."""
WATCHED = timedelta(days=60)
"""How long a paid document is still looked at: a payment may be taken back."""
OPEN = (State.EXPORTED, State.POSTED, State.PARTIALLY_PAID, State.DRAFT, State.REFUSED)
"""States of documents that are always looked at, where accounting has them."""
CLOSED = (State.PAID, State.SETTLED)


@dataclass(frozen=True)
class _Known:
    """A journal row of a document that stands in accounting."""

    target: Target
    table: SaleTable
    id: UUID
    record: str
    row: Journalled


class Payments:
    """Reads payments, cancellations and deletions back from accounting."""

    def __init__(  # noqa: PLR0917 -- what a step is wired from, as the sweep, and the accounting systems
        self,
        settings: Settings,
        dataverse: Dataverse,
        bus: Bus,
        ledgers: Mapping[Target, Ledger],
        now: Callable[[], datetime],
        budget: timedelta = BUDGET,
        page: int = PAGE,
    ) -> None:
        """``now`` gives an aware time; ``budget`` is a run's time, ``page`` how many rows it reads at once."""
        self._settings = settings
        self._dataverse = dataverse
        self._bus = bus
        self._ledgers = ledgers
        self._now = now
        self._page_size = page
        self._passes = Passes(dataverse, now, budget)

    async def run(self) -> dict[str, int]:
        """Go on with every accounting system until its documents are read or the time is up; give what was sent."""
        run = await self._passes.begin()
        counts: dict[str, int] = {}
        for target, ledger in self._ledgers.items():
            try:
                counts[target] = await self._target(run, target, ledger)
            except BridgeError as error:
                say(logging.WARNING, "payments wait", {"target": target, "cause": cause_of(error)})
        say(logging.INFO, "payments read", counts)
        return counts

    async def _target(self, run: Run, target: Target, ledger: Ledger) -> int:
        query = {
            "$select": ",".join(journal.COLUMNS),
            "$filter": self._condition(target),
            "$expand": ",".join(f"acx_{table.name}id($select={table.number})" for table in SALES),
        }

        async def ask(link: str) -> Page:
            if link:
                return await self._dataverse.follow(link, tracked=False, page=self._page_size)
            return await self._dataverse.get(journal.SET, query, page=self._page_size)

        async def settle(page: Page, _: str) -> int:
            known = [found for row in page["value"] if (found := self._known(target, row)) is not None]
            return await self._settle(known, ledger, self._now())

        return await run.over(f"payments:{target}", ask, settle)

    def _condition(self, target: Target) -> str:
        since = stamp(self._now() - WATCHED)
        open_ = " or ".join(f"acx_state eq {STATE_VALUES[state]}" for state in OPEN)
        closed = " or ".join(f"acx_state eq {STATE_VALUES[state]}" for state in CLOSED)
        states = f"{open_} or (({closed}) and acx_changedon ge {since})"
        return f"acx_target eq '{target}' and acx_accountingid ne null and ({states})"

    def _known(self, target: Target, row: dict[str, Any]) -> _Known | None:
        """Read a row; None where it is not that of a document, or somebody emptied or broke it."""
        _, table, record = (*text(row, "acx_key").split(":"), "", "")[:3]
        known = journal.read(row)
        if table not in get_args(SaleTable) or not known.accounting_id:
            return None
        try:
            own = UUID(record)
        except ValueError:
            return None
        sales = BY_NAME[table]
        parent = row.get(f"acx_{sales.name}id") or {}
        number = text(parent, sales.number) or known.number or record
        return _Known(target, sales.name, own, number, known)

    async def _settle(self, known: Sequence[_Known], ledger: Ledger, began: datetime) -> int:
        """Ask accounting about a page of documents and send on what is news; give how much was sent."""
        if not known:
            return 0
        standings = await ledger.standings([self._asked(each) for each in known])
        results: list[Envelope] = []
        references: list[Envelope] = []
        for each in known:
            standing = standings.get(each.row.row_id)
            if standing is None:
                continue
            result = self._result(each, standing, began)
            if standing.look_again or paid.is_back(each.row, result, self._settings.language):
                references.append(reference_envelope(result.reference))
            elif paid.merge(each.row, result, self._settings.language).columns:
                results.append(result_envelope(result))
                if paid.frees(each.row, result):
                    references.append(reference_envelope(result.reference))
                say(logging.INFO, "read back", {"target": each.target, each.table: each.id, "state": standing.state})
        await self._bus.send(CHANGES, references)
        await self._bus.send(RESULTS, results)
        return len(results) + len(references)

    def _asked(self, known: _Known) -> Exported:
        organization, row = self._settings.dataverse_organization_id, known.row
        fence = accounting_key(organization, known.target, known.table, known.id, row.generation)
        return Exported(row.row_id, known.table, row.accounting_id, fence, row.state)

    def _result(self, known: _Known, standing: Standing, at: datetime) -> Result:
        """Say what was read, of exactly the document and version that the row names, as of before the reading."""
        row = known.row
        amount = "" if standing.paid is None else format(standing.paid, "f")
        what = f"{row.etag} {standing.state.value} {amount}"
        reference = own_reference(self._settings, known.table, known.id, cause="payments", what=what, now=at)
        return result_about(
            reference,
            row,
            known.target,
            table=known.table,
            id=known.id,
            state=standing.state,
            at=at,
            record=known.record,
            version=row.version,
            hash=row.hash,
            written_hash=row.written_hash,
            attempt=row.attempt,
            number=row.number,
            accounting_id=row.accounting_id,
            reason=standing.reason,
            read_back=True,
            paid=amount,
        )
