"""Items in Business One: bound, found by ItemCode, or created. What can't be invoiced from here is refused first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.accounting import Bindings, CarriedCards
from shared.cache import Cache
from shared.documents import Line, Product
from shared.errors import AnswerLost, Refused
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import cards
from shared.sapb1.claims import Claims
from shared.sapb1.client import Row, ServiceLayer, one_of
from shared.sapb1.company import FRESH_SECONDS
from shared.sapb1.meaning import AlreadyThere
from shared.sapb1.partners import ACTIVITY, active

ITEMS = "Items"
SELECT = (
    *("ItemCode", "SalesItem", "InventoryItem", "ManageBatchNumbers", "ManageSerialNumbers"),
    *("SalesUnit", "SalesItemsPerUnit", *ACTIVITY),
)
CARD = (*(field.to for field in cards.ITEM), "User_Text")
"""What is read besides, of items whose product changed in the CRM: by it, and by a company's own fields."""
CODES_A_REQUEST = 50
"""How many item codes one address names: 50 of them stay under 8 KB."""


@dataclass(frozen=True)
class Known:
    """An item that may be sold, as it stood within the last quarter of an hour."""

    code: str
    in_stock: bool
    pack: str = ""
    """its sales unit, where that is several of what stock counts; a line's quantity counts sales units"""
    pieces: Decimal = Decimal(1)


def check(row: Mapping[str, Any], line: Line, route: Route, day: date) -> Known:
    """Refuse an item that Business One would not invoice, or not as this route wants it."""
    code = str(row["ItemCode"])
    if not active(row, day):
        raise Refused(refusal("item_frozen", line=line.number, value=code))
    if row["SalesItem"] != "tYES":
        raise Refused(refusal("item_not_for_sale", line=line.number, value=code))
    if "tYES" in {row["ManageBatchNumbers"], row["ManageSerialNumbers"]}:
        raise Refused(refusal("item_tracked", line=line.number, value=code))
    pieces, unit = row.get("SalesItemsPerUnit") or 1, str(row.get("SalesUnit") or "").strip()
    return check_stock(Known(code, row["InventoryItem"] == "tYES", unit, Decimal(pieces)), line, route)


def check_stock(item: Known, line: Line, route: Route) -> Known:
    """Refuse an item in stock on a route that exports only what is not, or one sold in packs that the CRM lacks."""
    if item.in_stock and route.sapb1_books.stock == "non_inventory_only":
        raise Refused(refusal("item_in_stock", line=line.number, value=item.code, route=route.name))
    unit = line.unit.name.strip() if line.unit else ""
    if item.in_stock and item.pieces != 1 and unit.casefold() != item.pack.casefold():
        shown = {"unit": unit or "–", "pack": item.pack or "–", "pieces": f"{item.pieces.normalize():f}"}
        raise Refused(refusal("unit_differs", line=line.number, value=item.code, **shown))
    return item


class Items:
    """Finds or creates items, and remembers those that may be sold; a refusal is never remembered."""

    def __init__(self, client: ServiceLayer, organization_id: UUID) -> None:
        """``client`` reads and writes; ``organization_id`` is the CRM's: the keys of what we create derive from it."""
        self._client = client
        self._claims = Claims(client, organization_id, "item")
        self._known: Cache[Known] = Cache(10_000, FRESH_SECONDS)
        self._carried = CarriedCards()

    async def codes(self, lines: Sequence[Line], route: Route, day: date, bindings: Bindings) -> list[str]:
        """Give an ItemCode for each line, bind the products, and carry over what changed in the CRM.

        ``day`` is the document's.
        """
        wanted = [self._wanted(line, route, bindings) for line in lines]
        # Asked once: what is forgotten while the others are read was not read with them, and is not gone for that.
        seen = {code: item for code in wanted if (item := self._known.get(code)) is not None}
        asked = {
            code: line
            for line, code in zip(lines, wanted, strict=True)
            if code not in seen or not self._is_carried(line.product, bindings)
        }
        looked_at = frozenset(asked)
        rows = await self._read(list(asked), lines)
        found = []
        for line, code in zip(lines, wanted, strict=True):
            row = rows.get(code)
            if row is not None:
                known = check(row, line, route, day)
            elif code in asked:
                known, row = await self._new(line, code, route, day, bindings)
                del asked[code]
            else:
                known = check_stock(seen[code], line, route)
            if code in looked_at:
                # Only what was read or made now: what is remembered must not stay so for as long as it is sold.
                seen[code] = known
                self._known.put(code, known)
                if line.product is not None and not self._is_carried(line.product, bindings):
                    await self._carry(line.product, known.code, row, bindings)
            found.append(known.code)
        return found

    def _is_carried(self, product: Product | None, bindings: Bindings) -> bool:
        return product is None or (bindings.get(product) is not None and self._carried.holds(product, bindings))

    async def _carry(self, product: Product, code: str, row: Row | None, bindings: Bindings) -> None:
        """Carry over what changed in the CRM; without a row the item is new. Nothing to change: no write."""
        changes = cards.item_changes(row, product, own=True) if row is not None else {}
        if row is not None and changes and not await self._claims.made(product, code):
            changes = cards.item_changes(row, product, own=False)
        if changes:
            await self._client.update(ITEMS, code, changes)
        bindings.add(product, code, code)
        self._carried.note(product, bindings)

    def _wanted(self, line: Line, route: Route, bindings: Bindings) -> str:
        if line.product is None:
            if route.sapb1_books.write_in_item is None:
                raise Refused(refusal("write_in_unset", line=line.number, route=route.name))
            return route.sapb1_books.write_in_item
        return bindings.get(line.product) or cards.item_code(line)

    async def _read(self, codes: list[str], lines: Sequence[Line]) -> dict[str, Row]:
        """Read items by code. Whether upper and lower case differ is the database's matter: it may give the other."""
        own_fields = {extra.to for line in lines if line.product for extra in line.product.extras}
        select = tuple(dict.fromkeys((*SELECT, *CARD, *sorted(own_fields))))
        rows: list[Row] = []
        for start in range(0, len(codes), CODES_A_REQUEST):
            where = one_of("ItemCode", codes[start : start + CODES_A_REQUEST])
            rows += await self._client.rows(ITEMS, select=select, where=where)
        exact = {str(row["ItemCode"]): row for row in rows}
        loose = {code.casefold(): row for code, row in exact.items()}
        found = {code: exact.get(code) or loose.get(code.casefold()) for code in codes}
        return {code: row for code, row in found.items() if row is not None}

    async def _new(
        self, line: Line, code: str, route: Route, day: date, bindings: Bindings
    ) -> tuple[Known, Row | None]:
        """Create what is not there, unless the settings or a binding say that it must be.

        With the row where it was there after all.
        """
        if line.product is None:
            raise Refused(refusal("setup_missing", route=route.name, what=f"ItemCode {code}"))
        if bindings.get(line.product) is not None:
            raise Refused(refusal("item_deleted", line=line.number, value=code))
        body = cards.item(line.product, code, route.sapb1_books)
        try:
            await self._claims.create(line.product, code, ITEMS, body)
        except (AlreadyThere, AnswerLost) as error:
            row = await self._look_up(line, line.product, code, error)
            return check(row, line, route, day), row
        return Known(code, body["InventoryItem"] == "tYES"), None

    async def _look_up(self, line: Line, product: Product, code: str, error: AlreadyThere | AnswerLost) -> Row:
        """Find out what became of a creation: ours by its claim, or somebody else's item of that code."""
        claimed = await self._claims.code(product)
        if claimed is None and isinstance(error, AnswerLost):
            raise error.looked_up("; the item was not created") from None
        rows = await self._read([claimed or code], [line])
        if not rows:
            if claimed is None:
                raise error
            raise Refused(refusal("item_deleted", line=line.number, value=claimed or code)) from None
        return next(iter(rows.values()))
