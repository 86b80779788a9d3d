"""What the documents of a sale refer to in the base, found or created: customer, contract, items, currency."""

from datetime import date
from uuid import UUID

from shared.accounting import Bindings
from shared.errors import Refused
from shared.messages import Document
from shared.onec import names, odata
from shared.onec.bodies import Parts, ships_goods
from shared.onec.classifiers import Classifiers
from shared.onec.client import OnecClient
from shared.onec.counterparties import Counterparties
from shared.onec.items import Items, wanted
from shared.onec.kinds import REALIZATSIYA, SCHET, Step
from shared.onec.odata import Row
from shared.refusals import refusal
from shared.routes import Route


class Resolver:
    """Gives the Parts of a sale. Raises Refused where the base lacks something, and what the client raises."""

    def __init__(self, client: OnecClient, organization_id: UUID) -> None:
        self._client = client
        self._classifiers = Classifiers(client)
        self._counterparties = Counterparties(client, self._classifiers, organization_id)
        self._items = Items(client, self._classifiers, organization_id)

    async def parts(self, document: Document, route: Route, steps: tuple[Step, ...], bindings: Bindings) -> Parts:
        """Find or create what the documents need; nothing of it is a document yet."""
        sale, books = document.sale, route.onec_books
        kinds = {step.kind.entity for step in steps}
        ships = REALIZATSIYA.entity in kinds
        days = {sale.shipment_date} if ships else set()
        days |= {sale.document_date} if SCHET.entity in kinds else set()
        if ships and sale.shipment_date < route.start_date:
            # Whoever sends documents checks their own date; a реализация is dated by the shipment.
            raise Refused(refusal("before_start", date=sale.shipment_date, start_date=route.start_date))
        products = wanted(sale, bindings)
        await self._classifiers.require(route.name, _named(document, route, kinds))
        settlements = {day: await self._classifiers.settlement(sale.currency, day) for day in sorted(days)}
        currency = settlements[min(days)].currency
        counterparty = await self._counterparties.counterparty(sale.customer, route, bindings)
        contract = await self._counterparties.contract(
            counterparty, currency, sale.currency.code, days, books, taxed=any(line.tax for line in sale.lines)
        )
        return Parts(
            counterparty=counterparty,
            contract=contract,
            items=await self._items.resolve(products, route, bindings, ships=ships),
            settlements=settlements,
            base=await self._base(document),
        )

    async def known(self, document: Document, day: date, row: Row, bindings: Bindings) -> Parts | None:
        """Give what a document that stands refers to, under its own contract; None where a part is not bound yet.

        Nothing is made, or carried over into a card.
        """
        sale = document.sale
        counterparty, contract = odata.key(bindings.get(sale.customer)), odata.key(str(row["ДоговорКонтрагента_Key"]))
        products = [line.product for line in sale.lines if line.product]
        items = {each.id: key for each in products if (key := odata.key(bindings.get(each))) is not None}
        if counterparty is None or contract is None or any(each.id not in items for each in products):
            return None
        settlement = await self._classifiers.settlement(sale.currency, day)
        return Parts(counterparty, contract, items, {day: settlement}, await self._base(document))

    async def _base(self, document: Document) -> UUID | None:
        """Find the реализация of the order that an invoice was made from. Without it the invoice is not linked."""
        key = odata.key(document.base.accounting_id) if document.base else None
        if key is None:
            return None
        row = await self._client.find(names.SALES, key, select=("Ref_Key", "DeletionMark"))
        return key if row is not None and row.get("DeletionMark") is False else None


def _named(document: Document, route: Route, kinds: set[str]) -> dict[str, tuple[str, UUID]]:
    """List what the settings name and this sale uses."""
    books, lines = route.onec_books, document.sale.lines
    needed = {"organization": (names.ORGANIZATIONS, books.organization)}
    if SCHET.entity in kinds:
        needed["bank_account"] = (names.BANK_ACCOUNTS, books.bank_account)
    if any(line.kind == "write_in" for line in lines):
        needed["write_in_item"] = (names.ITEMS, books.write_in_item)
    if books.freight_item is not None and any(line.kind == "freight" for line in lines):
        needed["freight_item"] = (names.ITEMS, books.freight_item)
    if books.warehouse is not None and (SCHET.entity in kinds or ships_goods(document.sale)):
        needed["warehouse"] = (names.WAREHOUSES, books.warehouse)
    return needed
