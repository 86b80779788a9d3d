"""Ready-made records: a company of ours, a customer, products, an invoice; each part can be replaced."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from shared.books import OnecBooks
from shared.documents import Address, Currency, Customer, Line, Product, Sale, Unit
from shared.keys import accounting_key
from shared.messages import Document, Journalled, Reference, State
from shared.onec.bodies import Parts
from shared.onec.mapping import Settlement
from shared.routes import Dates, Route

ORGANIZATION_ID = UUID("0a1b2c3d-0000-4000-8000-000000000001")
COMPANY_INN = "7707083893"
COMPANY_KPP = "770701001"
PERSON_INN = "500100732259"
RUB = Currency(code="RUB", precision=2)
_SPACE = UUID("9e7b1f0e-0000-4000-8000-00000000abcd")


def ident(name: str) -> UUID:
    """Give an id that belongs to a name."""
    return uuid5(_SPACE, name)


def books(**changes: Any) -> OnecBooks:
    """Give the books of a company whose keys exist nowhere."""
    keys = ("organization", "bank_account", "goods_kind", "services_kind", "item_group", "write_in_item", "country")
    return OnecBooks(**({name: ident(name) for name in keys} | changes))


def route(own: OnecBooks | None = None, **changes: Any) -> Route:
    """Give a route to 1C."""
    given: dict[str, Any] = {
        "name": "ru",
        "business_unit": None,
        "target": "onec",
        "way": "2B",
        "start_date": date(2026, 1, 1),
        "time_zone": "Europe/Moscow",
        "dates": Dates(document="datedelivered", shipment="datedelivered", due="duedate"),
        "onec": own or books(),
    }
    return as_route(given | changes)


def as_route(given: dict[str, Any]) -> Route:
    """Make a route, of way 2A too."""
    return Route.model_construct(**{**Route(**{**given, "way": "2B"}).__dict__, "way": given["way"]})


def customer(**changes: Any) -> Customer:
    """Give a Russian company."""
    given: dict[str, Any] = {
        "table": "account",
        "id": ident("customer"),
        "name": "Ромашка",
        "tax_number": COMPANY_INN,
        "kpp": COMPANY_KPP,
        "address": Address(country="Россия"),
    }
    return Customer(**(given | changes))


def product(number: str = "A-1", **changes: Any) -> Product:
    """Give a product."""
    given: dict[str, Any] = {"id": ident(number), "number": number, "name": f"Товар {number}", "is_service": False}
    return Product(**(given | changes))


def line(position: int = 1, **changes: Any) -> Line:
    """Give a line of two pieces at 100.00 plus 22 %."""
    given: dict[str, Any] = {
        "id": ident(f"line {position}"),
        "number": position,
        "product": product(),
        "unit": Unit(id=ident("unit"), name="шт", okei="796"),
        "description": "",
        "quantity": Decimal(2),
        "price": Decimal(100),
        "net": Decimal(200),
        "tax": Decimal(44),
        "rate": Decimal(22),
    }
    return Line(**(given | changes))


def invoice(*lines: Line, **changes: Any) -> Sale:
    """Give an invoice whose sums are those of its lines."""
    own = lines or (line(),)
    net, tax = sum((each.net for each in own), Decimal(0)), sum((each.tax for each in own), Decimal(0))
    given: dict[str, Any] = {
        "id": ident("invoice"),
        "number": "INV-1",
        "document_date": date(2026, 3, 5),
        "shipment_date": date(2026, 3, 5),
        "due_date": date(2026, 3, 20),
        "currency": RUB,
        "customer": customer(),
        "lines": own,
        "net": net,
        "tax": tax,
        "total": net + tax,
    }
    return Sale(**(given | changes))


def order(*lines: Line, **changes: Any) -> Sale:
    """Give a fulfilled order; without lines, of one service."""
    own = lines or (line(product=product("S-1", is_service=True)),)
    return invoice(*own, **({"table": "salesorder", "number": "ORD-1", "id": ident("order")} | changes))


def parts(own: Sale, **changes: Any) -> Parts:
    """Give what the documents of a sale refer to, as if it stood in a base."""
    given: dict[str, Any] = {
        "counterparty": ident("counterparty"),
        "contract": ident("contract"),
        "items": {each.product.id: ident(f"item {each.product.number}") for each in own.lines if each.product},
        "settlements": dict.fromkeys((own.document_date, own.shipment_date), Settlement(ident("rouble"))),
    }
    return Parts(**(given | changes))


def document(own: Sale | None = None, **changes: Any) -> Document:
    """Give an invoice on its way to 1C."""
    content = own or invoice()
    given: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "correlation_id": "test",
        "target": "onec",
        "route": "ru",
        "sale": content,
        "version": 7,
        "hash": content.content_hash(),
        "journal": None,
        "reference": Reference(
            organization_id=ORGANIZATION_ID,
            correlation_id="test",
            table=content.table,
            id=content.id,
            cause="event:Update",
            message_id="test",
            occurred_at=datetime(2026, 3, 5, 9, tzinfo=UTC),
        ),
    }
    return Document(**(given | changes))


def journal(**changes: Any) -> Journalled:
    """Give what the journal knows of a document."""
    given: dict[str, Any] = {"row_id": ident("journal"), "etag": 'W/"1"', "state": State.REFUSED}
    return Journalled(**(given | changes))


def key(own: Sale | None = None, generation: int = 0) -> UUID:
    """Give the Ref_Key of the main document of a sale."""
    sale = own or invoice()
    return accounting_key(ORGANIZATION_ID, "onec", sale.table, sale.id, generation)
