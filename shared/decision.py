"""What is to be done with one sales document: nothing, a word in the journal, or a document for an accounting system.

Pure: the row, its journal row and the settings go in, a decision comes out.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from shared.dataverse import transform
from shared.dataverse.reading import journal_row
from shared.dataverse.sales import INVOICE, SalesTable
from shared.documents import Customer, Product, Sale
from shared.errors import Parked, Refused
from shared.keys import lane
from shared.messages import Base, Document, Issued, Journalled, Reference, Result, State
from shared.one_sale import base_of, check_elsewhere, elsewhere, invoices_of, is_due, is_in_both
from shared.refusals import Refusal, refusal
from shared.results import result_about
from shared.routes import NAMES, Route, Target, route_for
from shared.settings import Settings


@dataclass(frozen=True)
class Nothing:
    """Nothing to do, and why (for the log)."""

    why: str


@dataclass(frozen=True)
class Tell:
    """A word for the journal."""

    result: Result


@dataclass(frozen=True)
class Send:
    """A document for a target; ``session`` is the customer's lane."""

    document: Document
    session: str

    @property
    def bound_records(self) -> tuple[Customer | Product, ...]:
        """The records whose accounting ids the connector would like to know."""
        sale = self.document.sale
        products = {line.product.id: line.product for line in sale.lines if line.product}
        return (sale.customer, *products.values())

    @property
    def customer_names(self) -> tuple[str, ...]:
        """The customer and the records that were merged into it, as ``table:id``: one record in accounting."""
        customer = self.document.sale.customer
        return tuple(f"{customer.table}:{each}" for each in (customer.id, *customer.merged))


Decision = Nothing | Tell | Send


def decide(table: SalesTable, row: dict[str, Any], reference: Reference, settings: Settings, now: datetime) -> Decision:
    """Decide about a document's row as it is now. Parked: nothing may be said or done yet, it is tried again."""
    decision = _decided(table, row, reference, settings, now)
    if isinstance(decision, Nothing):
        return _acknowledged(table, row, reference, now) or decision
    return decision


def _decided(
    table: SalesTable, row: dict[str, Any], reference: Reference, settings: Settings, now: datetime
) -> Decision:
    head = transform.header(table, row)
    route = route_for(settings.routes, table.way, head.business_unit)
    if route is None:
        return Nothing("no route leads from its business unit")
    case = Case(row, head, route, journal_row(table, row, route.target), settings, reference, now)
    try:
        by_hand = case.by_hand() if route.by_hand else None
        return by_hand or case.left_alone() or case.withdrawn() or case.held_back() or case.sent()
    except Parked:
        raise
    except Refused as error:
        return case.told(State.REFUSED, error.refusal)


def _acknowledged(table: SalesTable, row: dict[str, Any], reference: Reference, now: datetime) -> Tell | None:
    """Say that a Retry was looked at, and that there was nothing to do; be it where no route leads to any more."""
    head = transform.header(table, row)
    for target in NAMES:
        known = journal_row(table, row, target)
        if known is not None and known.retry:
            about: dict[str, Any] = {"table": table.name, "id": head.id, "state": known.state, "at": now}
            about |= {"record": head.record, "version": known.version, "acknowledges": True}
            return Tell(result_about(reference, known, target, **about))
    return None


def wait(
    table: SalesTable,
    row: dict[str, Any],
    reference: Reference,
    settings: Settings,
    now: datetime,
    *,
    at: datetime,
    reason: Refusal,
) -> Decision:
    """Say of a document that could not be handled that it is tried again at ``at``, and the reason it was not now.

    The row may hold no more than :meth:`shared.dataverse.reading.Reader.heads` gives. Nothing is said of a document
    that is no concern of the journal's.
    """
    head = transform.header(table, row)
    route = route_for(settings.routes, table.way, head.business_unit)
    if route is None or route.by_hand:
        return Nothing("no automatic route leads from its business unit")
    case = Case(row, head, route, journal_row(table, row, route.target), settings, reference, now)
    try:
        matters = case.known is not None or (not head.cancelled and is_due(table, row, head.status, settings))
    except Refused:
        matters = False
    if not matters:
        return Nothing("not known to the journal, and not due")
    result = case.told(State.RETRYING, reason).result
    version = max(result.version, case.known.version if case.known else 0)
    return Tell(result.model_copy(update={"version": version, "next_attempt_at": at}))


def decide_gone(
    table: SalesTable, record: UUID, target: Target, known: Journalled, *, reference: Reference, now: datetime
) -> Decision:
    """Decide about a document that is no more in the CRM, but in the journal: seen, never silently deleted."""
    state, more = State.CANCELLED, dict[str, Any]()
    if known.state is State.CANCELLED and known.retry:
        more = {"acknowledges": True}
    elif known.state is State.CANCELLED or (known.state is State.REFUSED and not known.may_be_held and not known.retry):
        return Nothing("the document is no more")
    elif known.may_be_held:
        state, more = State.REFUSED, {"reason": refusal("deleted_after_export")}
    else:
        more = {"reason": refusal("deleted_before_export")}
    told = {"record": known.number or str(record), "version": known.version, **more}
    return Tell(result_about(reference, known, target, table=table.name, id=record, state=state, at=now, **told))


def pause_of(route: Route, settings: Settings) -> Refusal | None:
    """Say why nothing may be written on a route now; None where it may."""
    if settings.restored_unseen:
        return refusal("restored")
    return refusal("paused", route=route.name) if route.paused else None


def held_back_by(route: Route, dated: date, settings: Settings) -> tuple[State, Refusal] | None:
    """Say why a document of this date is not written now, or never; None where it may be."""
    if dated < route.start_date:
        return State.BEFORE_START, refusal("before_start", date=dated, start_date=route.start_date)
    reason = pause_of(route, settings)
    return (State.PAUSED, reason) if reason else None


@dataclass(frozen=True)
class Case:
    """One document's row with everything that is known of it."""

    row: dict[str, Any]
    head: transform.Header
    route: Route
    known: Journalled | None
    settings: Settings
    reference: Reference
    now: datetime

    @property
    def version(self) -> int:
        return self.settings.epoch + self.head.version

    def by_hand(self) -> Decision:
        """Leave it to the files; but what was tried before the route was changed is tried by nobody any more."""
        if self.known is not None and self.known.state is State.RETRYING:
            return self.told(State.REFUSED, refusal("perhaps_held"))
        return Nothing("its route hands out files")

    def left_alone(self) -> Nothing | None:
        """Leave alone what accounting holds, or may hold, while nobody has looked at the books after a restore.

        What the journal says of it stays; a change or a cancellation goes through afterwards, because raising the
        epoch made every version newer. While an answer may be lost the row must go on saying so.
        """
        if not self.settings.restored_unseen or self.known is None:
            return None
        if self.known.may_be_held:
            return Nothing("the CRM was restored, and nothing is written until somebody has looked")
        return None

    def withdrawn(self) -> Decision | None:
        """A document that is cancelled, or not due, matters where accounting or the journal has it."""
        if self.head.cancelled:
            how, state = "cancelled", State.CANCELLED
        elif not is_due(self.head.table, self.row, self.head.status, self.settings):
            how, state = "not_issued", State.WAITING
        else:
            return None
        standing = self.known is not None and self.known.state is not State.CANCELLED
        if self.known is not None and standing and self.known.may_be_held:
            return self._taken_back(how)
        if held := elsewhere(self.row, self.head.table, self.route):
            # No route leads there any more that could take it back.
            return self._told_of(*held, State.REFUSED, refusal(f"{how}_after_export"))
        if not standing:
            return Nothing(how.replace("_", " "))
        return self._told_once(state, refusal(f"{how}_before_export"))

    def _taken_back(self, how: str) -> Decision:
        try:
            sale = transform.to_sale(self.head.table, self.row, self.route, self.settings)
        except Refused:
            return self.told(State.REFUSED, refusal(f"{how}_after_export"))
        if sale.document_date < self.route.start_date:
            # It was typed by hand and linked, or the start was moved: taking it back would be writing it.
            return self.told(State.REFUSED, refusal(f"{how}_after_export"))
        return self.document(sale, "cancel")

    def held_back(self) -> Decision | None:
        """Say what the company wants to wait, or never to be written."""
        dated = transform.document_date(self.row, self.route)
        in_books = self.known is not None and self.known.in_books
        held_back = held_back_by(self.route, dated, self.settings)
        if held_back is None:
            return None
        state, reason = held_back
        if in_books and not (self.known and self.known.awaits_a_look and state is State.PAUSED):
            # What the journal says of it stays true; a change waits for the end of the pause.
            return Nothing("in accounting already, and not to be written now")
        if self.reference.attempt > 0 or (self.known is not None and self.known.may_be_held):
            # An answer may be lost. A row that says Paused is not in the books; this one must go on being looked for.
            raise Parked(reason)
        return self._told_once(state, reason)

    def sent(self) -> Decision:
        """Make the document, unless accounting has it already."""
        sale = transform.to_sale(self.head.table, self.row, self.route, self.settings)
        known = self.known if self.known and self.known.state is not State.CANCELLED else None
        unchanged = known is not None and known.written_hash in sale.content_hashes()
        if known and unchanged and known.passes_for_written:
            return self._in_both_books(known) or Nothing("already in accounting with this content")
        if not unchanged:
            # What stands in the books stays there, whatever became of the customer: only a refusal has to go.
            transform.check_cards(self.head.table, self.row, self.settings)
        return self.document(sale, "write")

    def _in_both_books(self, known: Journalled) -> Tell | None:
        """Tell the books that no route leads to any more of a document that was on its way there when it moved."""
        held = elsewhere(self.row, self.head.table, self.route)
        if held is None or not is_in_both(self.row, self.head.table, self.route):
            return None
        named = known.number or known.accounting_id
        reason = refusal("in_both_books", system=NAMES[self.route.target], number=named)
        return self._told_of(*held, State.REFUSED, reason)

    def document(self, sale: Sale, action: Literal["write", "cancel"]) -> Send:
        """Make the message that carries it. Refused, Parked: what was made of the same sale stands against it."""
        base, issued = self._of_the_same_sale(action)
        document = Document(
            organization_id=self.reference.organization_id,
            correlation_id=self.reference.correlation_id,
            traceparent=self.reference.traceparent,
            target=self.route.target,
            route=self.route.name,
            action=action,
            sale=sale,
            base=base,
            invoices=issued,
            generation=self.known.generation_to_write if self.known else 0,
            version=self.version,
            hash=sale.content_hash(),
            journal=self.known,
            reference=self.reference,
        )
        return Send(document, lane(sale.customer.tax_number, sale.customer.id, self.settings.lanes))

    def _of_the_same_sale(self, action: Literal["write", "cancel"]) -> tuple[Base | None, tuple[Issued, ...]]:
        if action == "cancel":
            return None, ()
        entered = self.known is not None and self.known.in_books
        if not entered:
            check_elsewhere(self.row, self.head.table, self.route)
        if self.head.table is INVOICE:
            return base_of(self.row, self.route, self.settings, entered=entered), ()
        return None, invoices_of(self.row, self.route, entered=entered)

    def told(self, state: State, reason: Refusal | None) -> Tell:
        """Make a word for the journal."""
        return self._told_of(self.route.target, self.known, state, reason)

    def _told_of(self, target: Target, known: Journalled | None, state: State, reason: Refusal | None) -> Tell:
        result = result_about(
            self.reference,
            known,
            target,
            table=self.head.table.name,
            id=self.head.id,
            state=state,
            at=self.now,
            record=self.head.record,
            version=self.version,
            reason=reason,
            hangs_on=transform.hangs_on(self.head.table, self.row),
        )
        return Tell(result)

    def _told_once(self, state: State, reason: Refusal) -> Decision:
        if self.known and self.known.state is state:
            return Nothing(f"known to be {state.value}")
        return self.told(state, reason)
