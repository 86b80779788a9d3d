"""A golden case as a table: a document of the CRM, and how the documents of both accounting systems read."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shared.dataverse import transform
from shared.dataverse.amounts import DISCOUNT_METHOD
from shared.dataverse.sales import INVOICE, ORDER
from shared.documents import Sale
from shared.errors import Refused
from shared.routes import Route
from tests.bodies import Named, item_key, onec_bodies, sapb1_bodies
from tests.builders import onec_route, record_id, sapb1_route, settings
from tests.unit.dataverse.tables import cells, crm, crm_order

SETTINGS = settings()
WAREHOUSE, FREIGHT = record_id(8, 0x6A), record_id(9, 0x6A)
ONEC = onec_route()["onec"] | {"warehouse": str(WAREHOUSE), "freight_item": str(FREIGHT), "schet_faktura": "create"}
SAPB1 = sapb1_route()["sapb1"] | {"freight_expense": 1, "services_document": "delivery"}
SAPB1["vat_groups"] = {"22": "S22", "10": "S10", "0": "S0", "none": "SEX"}
NAMES = {
    **{str(item_key(f"P{place}")): f"P{place}" for place in range(1, 10)},
    str(ONEC["write_in_item"]): "write-in",
    str(FREIGHT): "freight",
    "S1000": "write-in",
}
DATES = {"document": "acx_documentdate", "shipment": "datedelivered", "due": "duedate"}
DATES_OF_ORDER = {"document": "acx_documentdate", "shipment": "datefulfilled", "due": "requestdeliveryby"}
READ = "document section item quantity price sum vat tax"
"""1C: the columns of a row, in the order in which the tables below have them"""
COMPUTED = "document item quantity price net group tax"
"""SAP: the same; net and tax are what Business One computes from the rest"""
CURRENCIES = {"onec": "RUB", "sapb1": "EUR"}
"""of the books: a case is in the own currency of each company"""
GROUPS = {"S22": 22, "S10": 10, "S0": 0, "SEX": 0}


@dataclass(frozen=True)
class Golden:
    """A document of the CRM (``lines``, ``header``; an order where ``order``), the routes' decisions, and the books.

    ``onec`` and ``sapb1`` are tables, or the code of the refusal.
    """

    lines: str
    onec: str
    sapb1: str
    header: dict[str, str] = field(default_factory=dict)
    order: bool = False
    per_unit: bool = False
    number: str = ""
    """of the document in the CRM, where a case is about it"""
    currency: str = ""
    """where it is not that of the books"""
    fields: tuple[dict[str, Any], ...] = ()
    """the company's own field map"""
    own: dict[str, Any] = field(default_factory=dict)
    """the company's own columns of the document"""
    own_of_products: dict[str, Any] = field(default_factory=dict)
    """and of its products"""
    route: dict[str, Any] = field(default_factory=dict)
    onec_books: dict[str, Any] = field(default_factory=dict)
    sapb1_books: dict[str, Any] = field(default_factory=dict)

    def sale(self, route: Route) -> Sale:
        """Read the document as the CRM gives it. Raises Refused."""
        made = crm_order(self.lines, **self.header) if self.order else crm(self.lines, **self.header)
        made[DISCOUNT_METHOD] = int(self.per_unit)
        if self.number:
            made["ordernumber" if self.order else "invoicenumber"] = self.number
        currency = self.currency or CURRENCIES[route.target]
        made["transactioncurrencyid"] = {"isocurrencycode": currency, "currencyprecision": 2}
        made |= self.own
        for line in made[ORDER.lines if self.order else INVOICE.lines]:
            if line["productid"] is not None:
                line["productid"] |= self.own_of_products
        own = settings(FIELD_MAP=json.dumps(self.fields)) if self.fields else SETTINGS
        return transform.to_sale(ORDER if self.order else INVOICE, made, route, own)

    def _changes(self) -> dict[str, Any]:
        dates = DATES_OF_ORDER if self.order else DATES
        return {"way": "2A" if self.order else "2B", "dates": dates, **self.route}

    def in_onec(self) -> Named:
        """Give the documents for 1C. Raises Refused."""
        route = Route.model_validate(onec_route(**self._changes(), onec=ONEC | self.onec_books))
        return onec_bodies(self.sale(route), route)

    def in_sapb1(self) -> Named:
        """Give the documents for SAP Business One. Raises Refused."""
        route = Route.model_validate(sapb1_route(**self._changes(), sapb1=SAPB1 | self.sapb1_books))
        return sapb1_bodies(self.sale(route), route)


def onec_rows(documents: Named) -> list[tuple[str, ...]]:
    """Read what an accountant sees in 1C: a row of each section, then what a счёт-фактура says of its sums."""
    found = []
    for title, body in documents:
        for section in ("Товары", "Услуги"):
            for row in body.get(section, []):
                item = NAMES[row.get("Номенклатура") or row["Номенклатура_Key"]]
                figures = (row["Количество"], row["Цена"], row["Сумма"])
                found.append((title, section, item, *map(shown, figures), row["СтавкаНДС"], shown(row["СуммаНДС"])))
        if "СуммаНДСДокумента" in body:
            sums = shown(body["СуммаДокумента"]), "-", shown(body["СуммаНДСДокумента"])
            found.append((title, "-", "-", "-", "-", *sums))
    return found


def sapb1_rows(documents: Named) -> list[tuple[str, ...]]:
    """Read what Business One makes of it: net = quantity × price, tax = net × rate, each rounded to the cent."""
    found = []
    for title, body in documents:
        for row in [*body["DocumentLines"], *body.get("DocumentAdditionalExpenses", [])]:
            item = row.get("ItemCode") or row.get("AccountCode") or "freight"
            quantity, price = row.get("Quantity"), row.get("UnitPrice")
            net = row["LineTotal"] if quantity is None else _cents(Decimal(quantity) * Decimal(price))
            figures = (quantity, price, net)
            tax = _cents(Decimal(net) * GROUPS[row["VatGroup"]] / 100)
            found.append(
                (title.replace(" ", "_"), NAMES.get(item, item), *map(shown, figures), row["VatGroup"], shown(tax))
            )
    return found


def table(written: str, columns: str) -> list[tuple[str, ...]]:
    """Read a table of a case."""
    return [tuple(row.values()) for row in cells(f"{columns}\n{written.strip()}")]


def refused(make: Any) -> str:
    """Give the code of a refusal."""
    try:
        made = make()
    except Refused as error:
        return error.refusal.code
    raise AssertionError(f"not refused: {made}")


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def shown(value: Any) -> str:
    """Give a figure as a table has it."""
    return "-" if value is None else f"{Decimal(value).normalize():f}"
