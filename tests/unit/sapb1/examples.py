"""Invoices, routes and a company to write about; each test changes only what it is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.books import Sapb1Books
from shared.documents import Address, Currency, Customer, Line, Product, Sale
from shared.keys import accounting_key
from shared.messages import Document, Reference
from shared.routes import Route
from shared.sapb1.company import Company

ORGANIZATION = UUID("0b000000-0000-4000-8000-000000000001")
COMPANY = Company(totals=2, prices=6, quantities=3, tax_by_group=False, local_currency="EUR")
DAY = date(2026, 2, 10)

BOOKS: dict[str, Any] = {
    "stock": "invoice_issues",
    "warehouse": "01",
    "vat_groups": {"22": "S22", "9.5": "S95", "0": "S0", "none": "SEX"},
    "write_in_item": "S1000",
    "items_group": 100,
}
"""What the company decided in the route of these tests."""

CUSTOMER = Customer(
    table="account",
    id=UUID(int=0xA1),
    name="Northwind d.o.o.",
    number="N-100",
    tax_number="SI55500001",
    email="office@northwind.example",
    phone="+386 1 555 00 01",
    address=Address(street="Main Street 5", city="Ljubljana", postal_code="1000", country="si"),
)
PUMP = Product(id=UUID(int=0xB1), number="PUMP-7", name="Pump 7", is_service=False)
ADVICE = Product(id=UUID(int=0xB2), number="ADVICE", name="Advice", is_service=True)


def line(
    quantity: str = "1",
    price: str = "100",
    net: str | None = None,
    tax: str | None = None,
    rate: str | None = "22",
    *,
    product: Product | None = ADVICE,
    number: int = 1,
    description: str = "",
) -> Line:
    """Give a line; net and tax follow from the rest unless given."""
    cent = Decimal("0.01")
    amount = (Decimal(quantity) * Decimal(price)).quantize(cent) if net is None else Decimal(net)
    percent = None if rate is None else Decimal(rate)
    return Line(
        id=UUID(int=0xC0 + number),
        number=number,
        product=product,
        unit=None,
        description=description,
        quantity=Decimal(quantity),
        price=Decimal(price),
        net=amount,
        tax=(amount * (percent or 0) / 100).quantize(cent) if tax is None else Decimal(tax),
        rate=percent,
    )


def invoice(*lines: Line, currency: str = "EUR", customer: Customer = CUSTOMER, **more: Any) -> Sale:
    """Give an invoice whose totals are those of its lines."""
    lines = lines or (line(),)
    values: dict[str, Any] = {
        "id": UUID(int=0xD1),
        "number": "INV-01001",
        "document_date": DAY,
        "shipment_date": date(2026, 2, 9),
        "due_date": date(2026, 3, 12),
        "currency": Currency(code=currency, precision=2),
        "customer": customer,
        "lines": lines,
        "net": sum((each.net for each in lines), Decimal(0)),
        "tax": sum((each.tax for each in lines), Decimal(0)),
        "total": sum((each.gross for each in lines), Decimal(0)),
    }
    return Sale(**(values | more))


def order(*lines: Line, **more: Any) -> Sale:
    """Give a fulfilled order, as way 2A carries it."""
    values: dict[str, Any] = {"table": "salesorder", "id": UUID(int=0xE1), "number": "ORD-00501"}
    return invoice(*lines, **(values | more))


def freight(net: str = "10", tax: str = "2.20", rate: str | None = "22", *, number: int = 9) -> Line:
    """Give the line of a document's freight."""
    made = line("1", net, net=net, tax=tax, rate=rate, product=None, number=number)
    return made.model_copy(update={"kind": "freight"})


def document(made: Sale | None = None, attempt: int = 0, **more: Any) -> Document:
    """Give the message that carries an invoice."""
    made = made or invoice()
    values: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "correlation_id": "test",
        "target": "sapb1",
        "route": "eu",
        "sale": made,
        "version": 7001,
        "hash": made.content_hash(),
        "journal": None,
        "reference": Reference(
            organization_id=ORGANIZATION,
            correlation_id="test",
            table=made.table,
            id=made.id,
            cause="event:Update",
            occurred_at=datetime(2026, 2, 10, 9, tzinfo=UTC),
            message_id="test",
            attempt=attempt,
        ),
    }
    return Document(**(values | more))


def key_of(made: Document) -> UUID:
    """Give the key under which a document is written."""
    return accounting_key(ORGANIZATION, "sapb1", made.sale.table, made.sale.id, made.generation)


def route(*, way: str = "2B", create_invoice: bool = False, crm_number: bool = False, **books: Any) -> Route:
    """Give a route into the local company; ``books`` replace its decisions."""
    made = Route.model_validate(
        {
            "name": "eu",
            "business_unit": None,
            "target": "sapb1",
            "way": "2B",
            "start_date": "2026-01-01",
            "time_zone": "Europe/Ljubljana",
            "dates": {"document": "acx_documentdate", "shipment": "datedelivered", "due": "duedate"},
            "crm_number": crm_number,
            "sapb1": BOOKS,
        }
    )
    # put in afterwards, so that what a route must not have yet can be tested
    decided = Sapb1Books.model_validate(BOOKS | books)
    return made.model_copy(update={"way": way, "create_invoice": create_invoice, "sapb1": decided})


def services(**more: Any) -> Route:
    """Give a route that carries fulfilled orders as deliveries."""
    values: dict[str, Any] = {"way": "2A", "services_document": "delivery"}
    return route(**(values | more))
