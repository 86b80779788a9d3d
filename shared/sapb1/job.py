"""One sale on its way into Business One: find what stands there, write what is missing, replace what changed.

Every step can be the last before a crash. What the next attempt finds tells it where to go on: the document under its
key, the A/R invoice under the key derived from it, and the row that says that the bridge itself took a document back.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from shared.accounting import Bindings, Outcome
from shared.documents import Sale
from shared.errors import Refused, Unavailable
from shared.messages import Document, State
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import cancelling, fence, kinds
from shared.sapb1.basing import HEADER, title
from shared.sapb1.client import Row
from shared.sapb1.desk import Desk, Ready, journal_knows, journalled
from shared.sapb1.held import Found, Place
from shared.sapb1.kinds import DELIVERY, INVOICE, Kind
from shared.sapb1.mapping import PreparedDocument
from shared.sapb1.meaning import SYSTEM
from shared.sapb1.outcomes import drafted, posted, stays
from shared.sapb1.posting import SaleTaken


class Job:
    """One document message."""

    def __init__(self, desk: Desk, document: Document, route: Route, bindings: Bindings) -> None:
        """The route leads to SAP Business One."""
        self._desk = desk
        self._document = document
        self._route = route
        self._books = route.sapb1_books
        self._bindings = bindings
        self._kind = kinds.main_kind(document.sale, self._books)

    @property
    def _sale(self) -> Sale:
        return self._document.sale

    async def export(self, key: UUID) -> Outcome:
        """Make Business One hold the sale, exactly once."""
        place = Place(self._document.generation, key)
        maybe = journal_knows(self._document) or self._document.reference.attempt > 0
        # where there are approval procedures drafts stay when the claim is rolled back
        if maybe or (await self._desk.facts.company()).approvals:
            place = await self._desk.holdings.current(self._kind, self._document, key, thorough=maybe)
            if place.found is None and place.key == key and journal_knows(self._document):
                return await self._linked()
        if place.found is None:
            if (await self._desk.facts.company()).approvals:
                await self._desk.same_sale.check(self._kind, self._document)
            place = await self._write(place, await self._ready())
        return await self._settled(place)

    async def cancel(self, key: UUID) -> Outcome:
        """Take back what stands under the key, the A/R invoice before what it was copied from."""
        document, holdings = self._document, self._desk.holdings
        place = await holdings.current(self._kind, document, key)
        standing = await self._standing(place)
        if not standing:
            if place.found is None and journal_knows(document) and await holdings.typed_by_hand(self._kind, document):
                raise Refused(refusal("cancelled_after_export"), *journalled(document))
            if self._books.cancel and place.found is None:
                await self._desk.poster.release(self._kind, place.key)
            await self._desk.same_sale.release(self._kind, document)
            return self._cancelled(place)
        self._not_older(place)
        if not self._books.cancel:
            raise stays(standing[-1], refusal("cancelled_after_export"))
        cancelling.check(standing[0])
        await self._take_back(place)
        if place.found is not None and place.found.is_draft:
            await self._desk.poster.release(self._kind, place.key)
        await self._desk.same_sale.release(self._kind, document)
        return self._cancelled(place)

    def _cancelled(self, place: Place) -> Outcome:
        # with its id, so that the journal knows that a later export needs a generation of its own
        known = journalled(self._document) if journal_knows(self._document) else ("", "")
        number, accounting_id = place.found.identity if place.found is not None else known
        currency = self._sale.currency.code
        return self._told(place, Outcome(State.CANCELLED, number, accounting_id, None, currency, ""))

    # --- writing

    async def _ready(self, *, reopened: bool = False) -> Ready:
        """Settle everything, the cheapest refusals first."""
        sale, desk = self._sale, self._desk
        prepared = await self._prepared()
        base = await self._base()
        code = await desk.partners.code(sale.customer, self._books, sale.document_date, self._bindings)
        items: list[str] = []
        if not prepared.is_service:
            items = await desk.items.codes(prepared.lines, self._route, sale.document_date, self._bindings)
        return Ready(prepared, code, tuple(items), base, reopened)

    async def _prepared(self) -> PreparedDocument:
        """Settle the amounts. Before they are refused, the company's settings are read afresh: they may be mended."""
        facts, currency = self._desk.facts, self._sale.currency.code
        await facts.check(self._sale, self._route)
        company = await facts.company_for(currency)
        try:
            return PreparedDocument(self._document, self._route, company)
        except Refused:
            fresh = await facts.company_for(currency, afresh=True)
            if fresh == company:
                raise
            return PreparedDocument(self._document, self._route, fresh)

    async def _base(self) -> tuple[Kind, Row] | None:
        """Find what an invoice has to be copied from: its order's document, where that is in the books."""
        base = self._document.base
        only_delivery = self._books.stock == "from_delivery"
        if self._kind is not INVOICE or base is None:
            if self._kind is INVOICE and only_delivery:
                raise Refused(refusal("delivery_missing", route=self._route.name))
            return None
        named = kinds.base_of(base.accounting_id)
        if only_delivery and named is not None and named[0] is not DELIVERY:
            raise Refused(refusal("delivery_missing", route=self._route.name))
        row = await self._desk.client.get(named[0].set, named[1], select=HEADER) if named else None
        if named is None or row is None:
            raise Refused(refusal("base_unusable", base=base.number or base.accounting_id))
        return named[0], row

    async def _write(self, place: Place, ready: Ready) -> Place:
        """Write the document; give it, or what somebody else made of it meanwhile, wherever that stands by now."""
        sale = self._desk.same_sale.claim(self._kind, self._document)
        while True:
            body = ready.body(place.key, self._kind)
            if ready.prepared.computed_otherwise and not ready.tried:
                await self._try(place, body)
            try:
                found, fresh = await self._desk.poster.write(self._kind, self._document, place.key, body, sale)
            except SaleTaken as taken:
                sale = sale and await self._desk.same_sale.settle(self._kind, self._document, sale, taken.held)
                continue
            if fresh:
                return replace(place, found=found, fresh=True)
            place = await self._desk.holdings.follow(self._sale, self._kind, replace(place, found=found))
            if place.found is not None:
                return place
            sale = self._desk.same_sale.claim(self._kind, self._document)

    async def _try(self, place: Place, body: dict[str, Any]) -> None:
        await self._desk.trial.check(self._kind, self._document, place.key, body, self._books.tolerance)

    # --- what stands there

    async def _settled(self, place: Place) -> Outcome:
        """Say what accounting holds, after replacing it where it changed and the route wants that."""
        found = place.found
        if found is None:
            raise ValueError("nothing was found, and nothing written")
        if found.is_cancelled:
            raise stays(found, refusal("cancelled_in_accounting", number=found.row["DocNum"]))
        if found.is_draft:
            # Business One keeps the draft of a changeset that it rolled back: the claim is put in its place.
            await self._desk.poster.claim(fence.document_claim(self._kind, place.key))
            if (sale := self._desk.same_sale.claim(self._kind, self._document)) is not None:
                await self._desk.poster.claim(sale)
        if not place.fresh and not found.holds(self._document):
            return await self._settled(await self._recreated(place))
        await self._kept(place, found)
        if found.is_draft:
            return self._told(place, drafted(found, self._document))
        outcome = _warned(posted(found, self._document, self._books.tolerance), found)
        if self._kind is not INVOICE and self._route.create_invoice:
            outcome = await self._with_invoice(place, found, outcome)
        return self._told(place, outcome)

    def _told(self, place: Place, outcome: Outcome) -> Outcome:
        moved = place.generation != self._document.generation
        return replace(outcome, generation=place.generation) if moved else outcome

    async def _linked(self) -> Outcome:
        """What was typed by hand and linked in the journal is shown, and never rewritten."""
        found = await self._desk.holdings.typed_by_hand(self._kind, self._document)
        if found is None:
            raise Refused(refusal("deleted_in_accounting"))
        if found.is_cancelled:
            raise stays(found, refusal("cancelled_in_accounting", number=found.row["DocNum"]))
        return posted(found, self._document, self._books.tolerance)

    # --- the A/R invoice on top of a delivery or order

    async def _with_invoice(self, place: Place, found: Found, outcome: Outcome) -> Outcome:
        try:
            invoice = await self._invoice(place, found)
            if invoice.is_draft:
                remark = refusal("draft_waits", draft=invoice.row["DocEntry"])
                return replace(outcome, state=State.DRAFT, remark=remark)
            posted(invoice, self._document, self._books.tolerance)
        except Refused as error:
            # whatever is wrong with the invoice, the journal knows what the books hold
            held = stays(found, error.refusal)
            error.number, error.accounting_id, error.dated, error.total = (
                held.number,
                held.accounting_id,
                held.dated,
                held.total,
            )
            raise
        written = refusal("also_written", documents=f"{found.title}, {invoice.title}")
        return _warned(replace(outcome, state=State.POSTED, remark=written), found, invoice)

    async def _invoice(self, place: Place, found: Found) -> Found:
        desk, key = self._desk, fence.invoice_key(place.key)
        held = None if place.fresh else await desk.holdings.find(INVOICE, key)
        if held is not None and held.is_cancelled:
            raise Refused(refusal("cancelled_in_accounting", number=held.row["DocNum"]))
        if held is not None:
            return held
        row = found.row
        if any(name not in row for name in HEADER):
            row = await desk.client.get(self._kind.set, int(row["DocEntry"]), select=HEADER) or row
        ready = replace(await self._ready(), base=(self._kind, row))
        if any(name not in row for name in HEADER):
            raise Refused(refusal("base_unusable", base=title(self._kind, row)))
        body = ready.body(key, INVOICE, on_top=True)
        if ready.prepared.computed_otherwise:
            await desk.trial.check(INVOICE, self._document, key, body, self._books.tolerance)
        written, _ = await desk.poster.write(INVOICE, self._document, key, body)
        if written is None:
            raise Unavailable(SYSTEM, "the document was taken back while its invoice was written", answered=True)
        return written

    # --- replacing and taking back

    async def _recreated(self, place: Place) -> Place:
        """Cancel what changed in the CRM and create it anew, as the next generation.

        Whatever can refuse it does so first; a draft shows that Business One would take it. Then the row that says who
        cancels, the cancellation, and the new document: each is found by whoever goes on after a crash.

        The few fields that SAP lets change in a posted document (NumAtCard, Comments, DocDueDate) get no way of their
        own: the key, the version and the hash would have to move with them, and a number or a due date changes rarely.
        """
        self._not_older(place)
        standing = await self._standing(place)
        # the number of the CRM is used up by the document that was cancelled
        if not self._books.recreate or self._route.crm_number:
            raise stays(standing[-1], refusal("changed_after_export"))
        cancelling.check(standing[0])
        ready = await self._ready(reopened=True)
        ready.body(place.key, self._kind)
        try:
            await self._try(place, replace(ready, base=None).body(place.key, self._kind))
        except Refused as error:
            raise cancelling.not_replaced(standing[-1], error) from None
        await self._desk.poster.claim(fence.recreation(place.key))
        try:
            await self._take_back(place)
        except Refused:
            now = replace(place, found=await self._desk.holdings.find(self._kind, place.key))
            if len(await self._standing(now)) == len(standing):
                # nothing was taken back: whoever cancels it later is not the bridge
                await self._desk.client.delete(fence.CLAIMS, fence.recreation_key(place.key))
            raise
        return await self._write(self._desk.holdings.next(self._sale, place), replace(ready, tried=True))

    async def _kept(self, place: Place, found: Found) -> None:
        """Forget that it was about to be replaced, where the change was undone before the bridge came to cancel it.

        Whoever cancels it later is not the bridge. An attempt of the same version knows nothing of a change since.
        """
        undone = self._books.recreate and not place.fresh and found.version < self._document.version
        if undone and await self._desk.holdings.has_claim(fence.recreation_key(place.key)):
            await self._desk.client.delete(fence.CLAIMS, fence.recreation_key(place.key))

    async def _standing(self, place: Place) -> list[Found]:
        """Give what is not cancelled, in the order in which it has to be taken back."""
        invoice = None
        if self._kind is not INVOICE:
            invoice = await self._desk.holdings.find(INVOICE, fence.invoice_key(place.key))
        return [found for found in (invoice, place.found) if found is not None and not found.is_cancelled]

    async def _take_back(self, place: Place) -> None:
        """Cancel all of it. A draft that was approved at that moment is a document now, and is cancelled as well."""
        while True:
            standing = await self._standing(place)
            for found in standing:
                day = cancelling.cancellation_day(found, self._books.cancellation_date, self._desk.today(self._route))
                await self._desk.canceller.cancel(found, day)
            if not any(found.is_draft for found in standing):
                return
            place = replace(place, found=await self._desk.holdings.find(self._kind, place.key))

    def _not_older(self, place: Place) -> None:
        if place.found is not None and place.found.version > self._document.version:
            raise Unavailable(SYSTEM, "a newer version of the document is there already", answered=True)


def _warned(outcome: Outcome, *documents: Found) -> Outcome:
    """Point out drafts that somebody could still make second documents of; whatever else is said matters less."""
    drafts = [draft for found in documents for draft in found.other_drafts]
    return replace(outcome, remark=refusal("second_draft", drafts=", ".join(drafts))) if drafts else outcome
