"""Products in 1C: the items of one document, found or created.

Found by the binding that the journal knows; else by Артикул, never an empty one, a folder or an item marked for
deletion; else created under a key of its own. One reading serves all products of a document. What changes in the card
that stands says ``card_changes``.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shared.accounting import Bindings, CarriedCards
from shared.cache import Cache
from shared.documents import Product, Sale, Unit
from shared.errors import Refused
from shared.keys import accounting_key
from shared.onec import card_changes, cards, names, odata
from shared.onec.classifiers import REMEMBER_SECONDS, Classifiers
from shared.onec.client import OnecClient
from shared.onec.kinds import TARGET
from shared.onec.odata import Row
from shared.refusals import refusal
from shared.routes import Route

_CARD = (
    *("Ref_Key", "DataVersion", "Code", "Description", "НаименованиеПолное", "Комментарий", "DeletionMark", "IsFolder"),
    *("Артикул", "Услуга"),
)
_SHOWN = 5


@dataclass(frozen=True)
class Wanted:
    """A product of a document, as its first line has it."""

    product: Product
    line: int
    unit: Unit | None
    rate: Decimal | None
    bound: UUID | None
    number: str
    """Артикул; empty where the product is bound"""


def wanted(sale: Sale, bindings: Bindings) -> list[Wanted]:
    """List the products of a document, each once. Refused: product_number_missing, too_long, value_missing."""
    found: dict[UUID, Wanted] = {}
    for line in sale.lines:
        if line.product is None or line.product.id in found:
            continue
        bound = odata.key(bindings.get(line.product))
        number = "" if bound else cards.item_number(line.product, line.number)
        found[line.product.id] = Wanted(line.product, line.number, line.unit, line.rate, bound, number)
    return list(found.values())


class Items:
    """Finds or creates items."""

    def __init__(self, client: OnecClient, classifiers: Classifiers, organization_id: UUID) -> None:
        self._client, self._classifiers = client, classifiers
        self._organization_id = organization_id
        self._services: Cache[bool] = Cache(16384, REMEMBER_SECONDS)
        """Ref_Key of an item that stands in the base → whether it is a service"""
        self._carried = CarriedCards()

    async def resolve(
        self, products: list[Wanted], route: Route, bindings: Bindings, *, ships: bool = False
    ) -> dict[UUID, UUID]:
        """Give the Ref_Key of every product, by its id in the CRM, bind it, and carry over what changed in the CRM.

        ``ships``: they stand in a реализация, which keeps goods and services apart.

        Refused: item_kind_differs, item_deleted, several_items, unit_unknown, value_missing, setup_missing.
        """
        # Asked once: what is forgotten while the others are read was not read with them, and is not gone for that.
        seen = {each.product.id: service for each in products if (service := self._seen(each, bindings)) is not None}
        by_key, by_number = await self._read([each for each in products if each.product.id not in seen])
        result: dict[UUID, UUID] = {}
        for each in products:
            if each.bound is None:
                result[each.product.id] = await self._found(each, by_number, route, bindings, ships=ships)
                continue
            if each.product.id in seen:
                self._check_kind(each, each.bound, service=seen[each.product.id], ships=ships)
            else:
                await self._look_at(each, by_key.get(each.bound), bindings, ships=ships)
            result[each.product.id] = each.bound
        return result

    async def _look_at(self, each: Wanted, row: Row | None, bindings: Bindings, *, ships: bool) -> None:
        """See that a bound item still stands, is of its kind, and follows the CRM."""
        if row is None or row.get("DeletionMark") is not False:
            raise Refused(refusal("item_deleted", line=each.line, value=each.product.number))
        self._check_row(each, row, ships=ships)
        if not self._carried.holds(each.product, bindings):
            await self._carry(each.product, row, bindings)

    async def _found(
        self, each: Wanted, by_number: defaultdict[str, list[Row]], route: Route, bindings: Bindings, *, ships: bool
    ) -> UUID:
        """Find an item by its number, or create it."""
        found = by_number[each.number.casefold()]
        if len(found) > 1:
            matches = "; ".join(f"{str(row['Code']).strip()} {row['Description']}" for row in found[:_SHOWN])
            raise Refused(refusal("several_items", line=each.line, value=each.number, matches=matches))
        made = False
        if not found:
            row, made = await self._create(each, route)
            found.append(row)
        [row] = found
        key = odata.reference(row)
        self._check_row(each, row, ships=ships)
        if made:
            self._bound(each.product, row, bindings)
        else:
            await self._carry(each.product, row, bindings)
        return key

    async def _carry(self, product: Product, row: Row, bindings: Bindings) -> None:
        """Carry over what changed in the CRM. Nothing new: no write."""
        key = odata.reference(row)
        own = key == accounting_key(self._organization_id, TARGET, product.table, product.id)
        changes = card_changes.of_item(product, row, own=own)
        if changes:
            await self._client.change(names.ITEMS, key, changes, str(row["DataVersion"]))
        self._bound(product, row, bindings)

    def _bound(self, product: Product, row: Row, bindings: Bindings) -> None:
        bindings.add(product, str(odata.reference(row)), str(row.get("Code", "")).strip())
        self._carried.note(product, bindings)

    def _seen(self, each: Wanted, bindings: Bindings) -> bool | None:
        """Say of a bound item that was seen lately whether it is a service; None: it has to be looked at."""
        if each.bound is None or not self._carried.holds(each.product, bindings):
            return None
        return self._services.get(str(each.bound))

    def _check_row(self, each: Wanted, row: Row, *, ships: bool) -> None:
        key, service = odata.reference(row), row.get("Услуга") is True
        self._check_kind(each, key, service=service, ships=ships)
        # Only what was read now: what is remembered must not stay so for as long as it is sold.
        self._services.put(str(key), service)

    def _check_kind(self, each: Wanted, key: UUID, *, service: bool, ships: bool) -> None:
        if ships and service != each.product.is_service:
            # Not remembered: once somebody corrects the card, the next attempt is to see it.
            self._services.drop(str(key))
            value = each.product.number or each.product.name
            raise Refused(refusal("item_kind_differs", line=each.line, value=value))

    async def _read(self, products: list[Wanted]) -> tuple[dict[UUID, Row], defaultdict[str, list[Row]]]:
        """Read the items that bindings name, and those with the numbers of the others."""
        keys = {each.bound for each in products if each.bound}
        numbers = {each.number for each in products if each.number}
        conditions = [f"Ref_Key eq {odata.guid(key)}" for key in sorted(keys)]
        conditions += [f"Артикул eq {odata.text(number)}" for number in sorted(numbers)]
        own = {extra.to for each in products for extra in each.product.extras}
        by_key: dict[UUID, Row] = {}
        for where in odata.chunks(conditions, "IsFolder eq false"):
            for row in await self._client.rows(names.ITEMS, select=(*_CARD, *sorted(own - {*_CARD})), where=where):
                by_key[odata.reference(row)] = row
        by_number: defaultdict[str, list[Row]] = defaultdict(list)
        for row in by_key.values():
            # 1C compares texts without regard to case and trailing spaces.
            number = str(row.get("Артикул", "")).strip().casefold()
            if number and row.get("DeletionMark") is False and row.get("IsFolder") is not True:
                by_number[number].append(row)
        return by_key, by_number

    async def _create(self, each: Wanted, route: Route) -> tuple[Row, bool]:
        books, product = route.onec_books, each.product
        unit = await self._classifiers.unit(each.unit, each.line)
        setting = "services_kind" if product.is_service else "goods_kind"
        kind = books.services_kind if product.is_service else books.goods_kind
        needed = {setting: (names.ITEM_KINDS, kind), "item_group": (names.ITEM_GROUPS, books.item_group)}
        await self._classifiers.require(route.name, needed)
        key = accounting_key(self._organization_id, TARGET, "product", product.id)
        body = cards.item(product, each.number, unit, each.rate, books)
        row, made = await self._client.create(names.ITEMS, key, body)
        if row.get("DeletionMark") is True:
            raise Refused(refusal("item_deleted", line=each.line, value=each.number))
        return row, made
