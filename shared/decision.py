"""What is to be done with one invoice row: nothing, a word in the journal, or a document for an accounting system.

Pure: the row, its journal row and the settings go in, a decision comes out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.dataverse import transform
from shared.dataverse.reading import journal_row
from shared.documents import Customer, Product
from shared.errors import Refused
from shared.keys import lane
from shared.messages import Document, Journalled, Reference, Result, State
from shared.refusals import Refusal, refusal
from shared.routes import Route, route_for
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
        invoice = self.document.invoice
        products = {line.product.id: line.product for line in invoice.lines if line.product}
        return (invoice.customer, *products.values())


Decision = Nothing | Tell | Send


def decide(row: dict[str, Any], reference: Reference, settings: Settings, now: datetime) -> Decision:
    """Decide about an invoice row as it is now."""
    head = transform.header(row)
    route = route_for(settings.routes, head.business_unit)
    if route is None:
        return Nothing("no route leads from its business unit")
    case = _Case(row, head, route, journal_row(row, route.target), settings, reference, now)
    if head.cancelled:
        return case.withdrawn("cancelled", State.CANCELLED)
    if head.status not in settings.invoice_issued_statuses:
        return case.withdrawn("not_issued", State.WAITING)
    try:
        return case.held_back() or case.sent()
    except Refused as error:
        return case.told(State.REFUSED, error.refusal)


@dataclass(frozen=True)
class _Case:
    """One invoice row with everything that is known of it."""

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

    def withdrawn(self, how: str, state: State) -> Decision:
        """An invoice that is cancelled, or not issued, matters where accounting or the journal has it."""
        if self.known is None:
            return Nothing(how.replace("_", " "))
        if self.known.accounting_id:
            return self.told(State.REFUSED, refusal(f"{how}_after_export"))
        return self._told_once(state, refusal(f"{how}_before_export"))

    def held_back(self) -> Decision | None:
        """Say what the company wants to wait, or never to be written."""
        dated = transform.document_date(self.row, self.route)
        if dated < self.route.start_date:
            reason = refusal("before_start", date=dated, start_date=self.route.start_date)
            return self._told_once(State.BEFORE_START, reason)
        if self.route.paused:
            return self._told_once(State.PAUSED, refusal("paused", route=self.route.name))
        return None

    def sent(self) -> Decision:
        """Make the document, unless accounting has it already."""
        invoice = transform.to_invoice(self.row, self.route, self.settings)
        digest = invoice.content_hash()
        # A draft is looked at again: it may have been approved, and only then it has a number.
        settled = self.known is not None and self.known.state.in_accounting and self.known.state is not State.DRAFT
        if self.known and settled and self.known.written_hash == digest:
            return Nothing("already in accounting with this content")
        document = Document(
            organization_id=self.reference.organization_id,
            correlation_id=self.reference.correlation_id,
            traceparent=self.reference.traceparent,
            target=self.route.target,
            route=self.route.name,
            invoice=invoice,
            version=self.version,
            hash=digest,
            journal=self.known,
            reference=self.reference,
        )
        return Send(document, lane(invoice.customer.tax_number, invoice.customer.id, self.settings.lanes))

    def told(self, state: State, reason: Refusal) -> Tell:
        """Make a word for the journal."""
        result = Result(
            organization_id=self.reference.organization_id,
            correlation_id=self.reference.correlation_id,
            traceparent=self.reference.traceparent,
            target=self.route.target,
            table="invoice",
            id=self.head.id,
            record=self.head.record,
            state=state,
            version=self.version,
            generation=self.known.generation if self.known else 0,
            attempt=self.reference.attempt,
            at=self.now,
            reason=reason,
            hangs_on=transform.hangs_on(self.row),
            journal=self.known,
            reference=self.reference,
        )
        return Tell(result)

    def _told_once(self, state: State, reason: Refusal) -> Decision:
        if self.known and self.known.state is state:
            return Nothing(f"known to be {state.value}")
        return self.told(state, reason)


def result_of(document: Document, state: State, now: datetime, **more: Any) -> Result:
    """Give a result about a document that reached a connector."""
    invoice = document.invoice
    products: set[UUID] = {line.product.id for line in invoice.lines if line.product}
    return Result(
        organization_id=document.organization_id,
        correlation_id=document.correlation_id,
        traceparent=document.traceparent,
        target=document.target,
        table="invoice",
        id=invoice.id,
        record=invoice.number,
        state=state,
        version=document.version,
        hash=document.hash,
        generation=document.journal.generation if document.journal else 0,
        attempt=document.reference.attempt,
        at=now,
        hangs_on=(
            f"{invoice.customer.table}:{invoice.customer.id}",
            *(f"product:{product}" for product in sorted(products)),
        ),
        lines=tuple(sorted(line.id for line in invoice.lines)),
        journal=document.journal,
        reference=document.reference,
        **more,
    )
