"""The two sides of a sale, its order and its invoices: one of them stands in the books, never both (rule 4).

A row of the claim table says which. It is written in the changeset of whatever comes first, so two that are written at
the same moment can't both be. An invoice that is copied from its order's document is that side itself, and needs none.
"""

from dataclasses import replace
from uuid import UUID

from shared.errors import Refused, Unavailable
from shared.keys import accounting_key
from shared.messages import Document, Issued
from shared.refusals import refusal
from shared.sapb1 import fence
from shared.sapb1.batch import Create
from shared.sapb1.client import Row, ServiceLayer
from shared.sapb1.held import Found, Holdings, Place
from shared.sapb1.kinds import INVOICE, Kind
from shared.sapb1.meaning import SYSTEM, AlreadyThere

_UNKNOWN = "?"


class SameSale:
    """Keeps one side of a sale out of the books while the other is in them."""

    def __init__(self, client: ServiceLayer, holdings: Holdings, organization_id: UUID) -> None:
        """``holdings`` looks up by the same client; ``organization_id`` is the CRM's, keys derive from it."""
        self._client = client
        self._holdings = holdings
        self._organization_id = organization_id

    def claim(self, kind: Kind, document: Document) -> Row | None:
        """Give the row for a document's changeset; None for an invoice without an order, or copied from it."""
        sale = document.sale
        order = sale.order_id if kind is INVOICE else sale.id
        if order is None or document.base is not None:
            return None
        return fence.sale_claim(kind, self._key("salesorder", order, 0))

    async def check(self, kind: Kind, document: Document) -> None:
        """Look for the other side beforehand, where a changeset does not keep it out: it leaves its draft behind."""
        claim = self.claim(kind, document)
        if claim is not None and (held := await self._client.get(fence.CLAIMS, claim["Code"])) is not None:
            await self.settle(kind, document, claim, held)

    async def settle(self, kind: Kind, document: Document, claim: Row, held: Row) -> Row | None:
        """Say with which row to write again after it was found taken by ``held``; None where it is our side's own.

        Raises Unavailable where the order was written at that moment: its invoice is then copied from it. Raises
        Refused (``invoiced_before``) where an invoice stands; the row of invoices that were all taken back is freed.
        """
        if held.get("Name") == claim["Name"]:
            return None
        if kind is INVOICE:
            raise Unavailable(SYSTEM, "the order of the invoice was written at this moment", answered=True)
        if not document.invoices:
            raise Refused(refusal("invoiced_before", invoice=_UNKNOWN, number=_UNKNOWN))
        for issued in document.invoices:
            if (found := await self._standing(document, issued)) is not None:
                raise Refused(refusal("invoiced_before", invoice=issued.number, number=found.title))
        await self._client.delete(fence.CLAIMS, claim["Code"])
        return claim

    async def release(self, kind: Kind, document: Document) -> None:
        """Let the invoices of an order that was taken back stand for the sale. Nothing where they do already."""
        claim = self.claim(kind, document)
        if claim is None or kind is INVOICE:
            return
        held = await self._client.get(fence.CLAIMS, claim["Code"])
        if held is not None and held.get("Name") == claim["Name"]:
            await self._client.delete(fence.CLAIMS, claim["Code"])

    async def _standing(self, document: Document, issued: Issued) -> Found | None:
        """Find an invoice in the generation that the journal knew of it, or in a later one: its row may lag behind.

        Where none stands, none can be written under these keys any more. Whoever is about to write one, or to replace
        one that was cancelled, knows the row for ours; the next key makes him ask again.
        """
        sale = document.sale.model_copy(update={"table": "invoice", "id": issued.id})
        place = Place(issued.generation, self._key("invoice", issued.id, issued.generation))
        while True:
            place = replace(place, found=await self._holdings.find(INVOICE, place.key))
            place = await self._holdings.follow(sale, INVOICE, place)
            if place.found is not None and not place.found.is_cancelled:
                return place.found
            if place.found is None and await self._used_up(place.key):
                return None
            if place.found is not None:
                place = self._holdings.next(sale, place)

    async def _used_up(self, key: UUID) -> bool:
        """Use up the key of an invoice that is not there, as if it had been taken back; False where it is by now."""
        rows = fence.document_claim(INVOICE, key), fence.recreation(key)
        try:
            await self._client.changeset([Create(fence.CLAIMS, row) for row in rows])
        except AlreadyThere:
            if await self._holdings.find(INVOICE, key) is None:
                cause = "an invoice of the order was written or taken back at this moment"
                raise Unavailable(SYSTEM, cause, answered=True) from None
            return False
        return True

    def _key(self, table: str, record: UUID, generation: int) -> UUID:
        return accounting_key(self._organization_id, "sapb1", table, record, generation)
