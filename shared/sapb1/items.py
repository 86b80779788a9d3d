"""Items in Business One: bound, found by ItemCode, or created. What can't be invoiced from here is refused first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.accounting import Bindings
from shared.cache import Cache
from shared.documents import Line, Product
from shared.errors import AnswerLost, Refused, Unavailable
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import cards
from shared.sapb1.client import Row, ServiceLayer, one_of
from shared.sapb1.company import FRESH_SECONDS
from shared.sapb1.meaning import SYSTEM, AlreadyThere
from shared.sapb1.partners import ACTIVITY, SEEN_SECONDS, active

ITEMS = "Items"
SELECT = ("ItemCode", "SalesItem", "InventoryItem", "ManageBatchNumbers", "ManageSerialNumbers", *ACTIVITY)
CODES_A_REQUEST = 50
"""How many item codes one address names: 50 of them stay under 8 KB."""


@dataclass(frozen=True)
class Known:
    """An item that may be sold, as it stood within the last quarter of an hour."""

    code: str
    in_stock: bool


def check(row: Mapping[str, Any], line: Line, route: Route, day: date) -> Known:
    """Refuse an item that Business One would not invoice, or not as this route wants it."""
    code = str(row["ItemCode"])
    if not active(row, day):
        raise Refused(refusal("item_frozen", line=line.number, value=code))
    if row["SalesItem"] != "tYES":
        raise Refused(refusal("item_not_for_sale", line=line.number, value=code))
    if "tYES" in {row["ManageBatchNumbers"], row["ManageSerialNumbers"]}:
        raise Refused(refusal("item_tracked", line=line.number, value=code))
    return check_stock(Known(code, row["InventoryItem"] == "tYES"), line, route)


def check_stock(item: Known, line: Line, route: Route) -> Known:
    """Refuse an item in stock on a route that exports only what is not."""
    if item.in_stock and route.sapb1_books.stock == "non_inventory_only":
        raise Refused(refusal("item_in_stock", line=line.number, value=item.code, route=route.name))
    return item


class Items:
    """Finds or creates items, and remembers those that may be sold; a refusal is never remembered."""

    def __init__(self, client: ServiceLayer) -> None:
        """``client`` reads and writes."""
        self._client = client
        self._known: Cache[Known] = Cache(10_000, FRESH_SECONDS)
        self._names: Cache[str] = Cache(10_000, SEEN_SECONDS)

    async def codes(self, lines: Sequence[Line], route: Route, day: date, bindings: Bindings) -> list[str]:
        """Give an ItemCode for each line, and bind the products that were not bound. ``day`` is the document's."""
        wanted = [self._wanted(line, route, bindings) for line in lines]
        rows = await self._read([code for code in dict.fromkeys(wanted) if self._known.get(code) is None])
        found = []
        for line, code in zip(lines, wanted, strict=True):
            known = self._known.get(code)
            if known is not None:
                check_stock(known, line, route)
            elif (row := rows.get(code)) is not None:
                known = check(row, line, route, day)
            else:
                known = await self._new(line, code, route, day, bindings)
            self._known.put(code, known)
            if line.product is not None:
                if bindings.get(line.product) is None:
                    bindings.add(line.product, known.code, known.code)
                await self._follow(line.product, known.code)
            found.append(known.code)
        return found

    async def _follow(self, product: Product, code: str) -> None:
        """Carry another name in the CRM over. No call where nothing is known to have changed."""
        before = self._names.get(str(product.id))
        if before is not None and before != product.name:
            await self._client.update(ITEMS, code, cards.item_names(product))
        self._names.put(str(product.id), product.name)

    def _wanted(self, line: Line, route: Route, bindings: Bindings) -> str:
        if line.product is None:
            if route.sapb1_books.write_in_item is None:
                raise Refused(refusal("write_in_unset", line=line.number, route=route.name))
            return route.sapb1_books.write_in_item
        return bindings.get(line.product) or cards.item_code(line)

    async def _read(self, codes: list[str]) -> dict[str, Row]:
        """Read items by code. Whether upper and lower case differ is the database's matter: it may give the other."""
        rows: list[Row] = []
        for start in range(0, len(codes), CODES_A_REQUEST):
            where = one_of("ItemCode", codes[start : start + CODES_A_REQUEST])
            rows += await self._client.rows(ITEMS, select=SELECT, where=where)
        exact = {str(row["ItemCode"]): row for row in rows}
        loose = {code.casefold(): row for code, row in exact.items()}
        found = {code: exact.get(code) or loose.get(code.casefold()) for code in codes}
        return {code: row for code, row in found.items() if row is not None}

    async def _new(self, line: Line, code: str, route: Route, day: date, bindings: Bindings) -> Known:
        """Create what is not there, unless the settings or a binding say that it must be."""
        if line.product is None:
            raise Refused(refusal("setup_missing", route=route.name, what=f"ItemCode {code}"))
        if bindings.get(line.product) is not None:
            raise Refused(refusal("item_deleted", line=line.number, value=code))
        return await self._create(line, line.product, code, route, day)

    async def _create(self, line: Line, product: Product, code: str, route: Route, day: date) -> Known:
        """Create an item. Its code is unique by itself, so a second creation is refused and leads to the first."""
        body = cards.item(product, code, route.sapb1_books)
        try:
            await self._client.create(ITEMS, body)
        except (AlreadyThere, AnswerLost) as error:
            row = await self._client.get(ITEMS, code, select=SELECT)
            if row is not None:
                return check(row, line, route, day)
            if isinstance(error, AnswerLost):
                raise Unavailable(SYSTEM, f"{error.cause}; the item was not created") from None
            raise
        return Known(code, body["InventoryItem"] == "tYES")
