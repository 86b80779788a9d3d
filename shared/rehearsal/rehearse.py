"""What an export would do with a document of the CRM, without doing it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared import jsontext
from shared.accounting import AccountingSystem, Bindings, Outcome
from shared.binding import JournalBindings, bind
from shared.breaker import Breaker
from shared.dataverse import journal, transform
from shared.dataverse.columns import Row, key
from shared.dataverse.reading import Reader, journal_row
from shared.dataverse.sales import SalesTable
from shared.decision import Decision, Nothing, Send, Tell, decide, wait
from shared.documents import Sale
from shared.errors import BridgeError, Parked, Refused, Unavailable
from shared.files.choosing import Choice, File
from shared.keys import accounting_key
from shared.messages import Document, Reference, Result, State
from shared.rehearsal.calls import Call
from shared.rehearsal.files import Part, parts_of
from shared.rehearsal.transport import Rehearsal
from shared.results import result_of
from shared.retry import waiting_for
from shared.routes import Route, Target, route_for
from shared.settings import Settings

Verdict = Literal["nothing", "created", "changed", "same", "cancelled", "by_file", "waits", "refused", "unknown"]
"""Nothing to do; what would become of the document, ``by_file`` where its accountant imports by hand; waits or is
refused, with a sentence; a system can't be asked."""


class Rehearsed(BaseModel):
    """What an export would do now."""

    model_config = ConfigDict(frozen=True)

    table: str
    id: UUID
    record: str
    """the CRM's number"""
    row: dict[str, Any]
    """as it was read from Dataverse, with lines, products, customer and journal"""
    route: str | None
    target: Target | None
    state: State | None = None
    """what the journal says of it"""
    verdict: Verdict
    why: str = ""
    """a sentence, in the language of the settings"""
    code: str = ""
    """the sentence's name in the catalogue, where it is one"""
    sale: Sale | None = None
    """lines, tax and totals as the bridge understands them"""
    outcome: Outcome | None = None
    """what accounting would hold, with the number that it has already, if any"""
    calls: tuple[Call, ...] = ()
    parts: tuple[Part, ...] = ()
    """what a file to import would hold of it, where its route hands out files"""

    def json_text(self) -> str:
        """Write it as JSON; amounts stay as exact as they were read."""
        return jsontext.dumps({name: _jsonable(getattr(self, name)) for name in type(self).model_fields})


def _jsonable(value: object) -> object:
    if isinstance(value, BaseModel):
        return _jsonable(dict(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _jsonable(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _jsonable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    return value if isinstance(value, int | float | Decimal | None) else str(value)


Rows = Sequence[dict[str, Any]]

Stage = tuple[AccountingSystem, Rehearsal]
"""An accounting system, and the connection by which it is reached."""


class Rehearser:
    """Runs the export's own steps over connections that write nothing."""

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        systems: Mapping[Target, Callable[[], Stage]],
        breakers: Mapping[Target, Breaker],
        now: Callable[[], datetime],
    ) -> None:
        """``systems`` connects anew each time; ``breakers`` are those of the process; ``now`` gives an aware time."""
        self._settings = settings
        self._reader = reader
        self._bindings = JournalBindings(reader)
        self._systems = systems
        self._breakers = breakers
        self._now = now

    async def document(self, table: SalesTable, record: UUID) -> Rehearsed | None:
        """Rehearse one document; None where Dataverse has none. Raises Unavailable or Misconfigured for Dataverse."""

        async def page() -> AsyncIterator[Rows]:
            yield await self._reader.sales(table, [record])

        async for seen in self.documents(table, page()):
            return seen
        return None

    async def documents(self, table: SalesTable, pages: AsyncIterator[Rows]) -> AsyncIterator[Rehearsed]:
        """Rehearse documents one after the other: a customer that the first would create is there for the second.

        ``pages``: rows as :meth:`shared.dataverse.reading.Reader.sales` gives them.
        """
        stages: dict[Target, Stage] = {}
        try:
            async for page in pages:
                for row in page:
                    yield await self._row(table, row, stages)
        finally:
            for system, _ in stages.values():
                await system.close()

    async def _row(self, table: SalesTable, row: dict[str, Any], stages: dict[Target, Stage]) -> Rehearsed:
        head = transform.header(table, row)
        route = route_for(self._settings.routes, table.way, head.business_unit)
        known = journal_row(table, row, route.target) if route else None
        seen = Rehearsed(
            table=table.name,
            id=key(row, table.key),
            record=head.record,
            row=row,
            route=route.name if route else None,
            target=route.target if route else None,
            state=known.state if known else None,
            verdict="nothing",
        )
        reference = self._reference(table, seen.id)
        if route is not None and route.by_hand:
            decision = self._chosen(table, row, route, reference)
        else:
            decision = self._decided(table, row, reference)
        match decision:
            case Nothing(why=why):
                return seen.model_copy(update={"why": why, "sale": self._sale(table, row, route)})
            case Tell(result=result):
                verdict: Verdict = "refused" if result.state is State.REFUSED else "waits"
                return seen.model_copy(update=self._said(result, verdict) | {"sale": self._sale(table, row, route)})
            case Send(document=document):
                return seen.model_copy(update={"sale": document.sale} | await self._sent(decision, route, stages))

    def _chosen(self, table: SalesTable, row: dict[str, Any], route: Route, reference: Reference) -> Decision:
        """Decide about a document whose accountant imports files, whatever period is asked for."""
        choice = Choice(table, row, route, (date.min, date.max), reference, File("", self._now()))
        return choice.made(self._settings) or Nothing("not due, or in accounting as it is")

    def _decided(self, table: SalesTable, row: dict[str, Any], reference: Reference) -> Decision:
        now = self._now()
        try:
            return decide(table, row, reference, self._settings, now)
        except (Parked, Unavailable) as error:
            return wait(table, row, reference, self._settings, now, at=now, reason=waiting_for(error))

    async def _sent(self, send: Send, route: Route | None, stages: dict[Target, Stage]) -> dict[str, Any]:
        target = send.document.target
        try:
            document = bind(send, await self._bindings.of([send]))
        except Refused as error:
            return self._refused(send.document, error)
        if route is None:
            raise ValueError("a document was sent along no route")
        if route.by_hand:
            return self._handed_out(document, route)
        if target not in stages:
            stages[target] = self._systems[target]()
        return await self._carried(document, route, *stages[target])

    def _handed_out(self, document: Document, route: Route) -> dict[str, Any]:
        try:
            return {"verdict": "by_file", "parts": parts_of(document, route, self._settings, self._now())}
        except Refused as error:
            return self._refused(document, error)

    async def _carried(
        self, document: Document, route: Route, system: AccountingSystem, connection: Rehearsal
    ) -> dict[str, Any]:
        sale = document.sale
        fence = accounting_key(document.organization_id, document.target, sale.table, sale.id, document.generation)
        connection.begin(sale)
        try:
            # A period has many documents: a log-in that is refused must not be tried for each of them.
            with self._breakers[document.target].call():
                if document.action == "cancel":
                    outcome = await system.cancel(document, route, fence)
                else:
                    outcome = await system.export(document, route, fence, Bindings(document.bindings, document.cards))
        except Refused as error:
            verdict: Verdict = "waits" if isinstance(error, Parked) else "refused"
            return self._refused(document, error) | {"verdict": verdict, "calls": tuple(connection.calls)}
        except BridgeError as error:
            result = result_of(document, State.RETRYING, self._now(), reason=waiting_for(error))
            return self._said(result, "unknown") | {"calls": tuple(connection.calls)}
        result = result_of(document, outcome.state, self._now(), reason=outcome.remark)
        said = self._said(result, verdict_of(document, connection.calls))
        return said | {"outcome": outcome, "calls": tuple(connection.calls)}

    def _refused(self, document: Document, error: Refused) -> dict[str, Any]:
        result = result_of(
            document,
            State.REFUSED,
            self._now(),
            reason=error.refusal,
            number=error.number,
            accounting_id=error.accounting_id,
        )
        return self._said(result, "refused")

    def _said(self, result: Result, verdict: Verdict) -> dict[str, Any]:
        why = journal.message(result, result.journal, self._settings.language)
        return {"verdict": verdict, "why": why, "code": result.reason.code if result.reason else ""}

    def _sale(self, table: SalesTable, row: Row, route: Route | None) -> Sale | None:
        """Give the amounts of a document that would not be sent, as far as it can be read."""
        if route is None:
            return None
        try:
            return transform.to_sale(table, row, route, self._settings)
        except Refused:
            return None

    def _reference(self, table: SalesTable, record: UUID) -> Reference:
        return Reference(
            organization_id=self._settings.dataverse_organization_id,
            table=table.name,
            id=record,
            cause="rehearsal",
            correlation_id="rehearsal",
            occurred_at=self._now(),
            message_id="rehearsal",
        )


def verdict_of(document: Document, calls: Sequence[Call]) -> Verdict:
    """Say what calls would make of a document."""
    if document.action == "cancel":
        return "cancelled" if calls else "same"
    known = document.journal is not None and bool(document.journal.accounting_id)
    if not calls:
        return "same"
    return "changed" if known else "created"
