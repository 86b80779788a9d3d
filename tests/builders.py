"""A small company to write tests about: settings, routes, Dataverse rows, documents, results.

Every builder gives something valid and ordinary; a test changes only what it is about. The same arguments give the
same thing, so that a test can name what it expects.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.sales import ORDER as ORDERS
from shared.documents import Currency, Customer, Line, Product, Sale
from shared.messages import Document, Journalled, Reference, Result, State
from shared.routes import Route
from shared.settings import Settings, load

ORGANIZATION = UUID("0b000000-0000-4000-8000-000000000001")
OTHER_ORGANIZATION = UUID("0b000000-0000-4000-8000-0000000000ff")
OUR_USER = UUID("0b000000-0000-4000-8000-000000000002")
UNIT_RU = UUID("0b000000-0000-4000-8000-000000000003")
UNIT_EU = UUID("0b000000-0000-4000-8000-000000000004")
INVOICE = UUID("1a000000-0000-4000-8000-000000000001")
ORDER = UUID("1c000000-0000-4000-8000-000000000001")
ACCOUNT = UUID("2a000000-0000-4000-8000-000000000001")
CONTACT = UUID("2b000000-0000-4000-8000-000000000001")
GOODS = UUID("3a000000-0000-4000-8000-000000000001")
SERVICE = UUID("3a000000-0000-4000-8000-000000000002")
PIECE = UUID("4a000000-0000-4000-8000-000000000001")
JOURNAL_ROW = UUID("5a000000-0000-4000-8000-000000000001")
NOW = datetime(2026, 2, 10, 9, 30, tzinfo=UTC)
URL = "https://contoso.crm4.dynamics.com"
SECRETS = ("very-secret-of-crm", "very-secret-of-1c", "very-secret-of-sap")
RATE_COLUMN = "acx_taxrate"


def record_id(number: int, kind: int = 0x1A) -> UUID:
    """Give the id of the n-th record of a kind; number 1 of 0x1A is INVOICE."""
    return UUID(f"{kind:02x}000000-0000-4000-8000-{number:012x}")


# --- settings and routes


def onec_route(**changes: Any) -> dict[str, Any]:
    """Give the JSON of a route into 1C, for the Russian business unit."""
    route: dict[str, Any] = {
        "name": "ru",
        "business_unit": str(UNIT_RU),
        "target": "onec",
        "way": "2B",
        "start_date": "2025-07-01",
        "time_zone": "Europe/Moscow",
        "dates": {"document": "acx_documentdate", "shipment": "datedelivered", "due": "duedate"},
        "onec": {
            name: str(record_id(number, 0x6A))
            for number, name in enumerate(
                (
                    "organization",
                    "bank_account",
                    "goods_kind",
                    "services_kind",
                    "item_group",
                    "write_in_item",
                    "country",
                ),
                start=1,
            )
        },
    }
    return route | changes


def sapb1_route(**changes: Any) -> dict[str, Any]:
    """Give the JSON of a route into SAP Business One, for the European business unit."""
    route: dict[str, Any] = {
        "name": "eu",
        "business_unit": str(UNIT_EU),
        "target": "sapb1",
        "way": "2B",
        "start_date": "2025-07-01",
        "time_zone": "Europe/Ljubljana",
        "dates": {"document": "acx_documentdate", "shipment": "datedelivered", "due": "duedate"},
        "sapb1": {
            "stock": "invoice_issues",
            "warehouse": "01",
            "vat_groups": {"22": "S22", "9.5": "S95", "0": "S0", "none": "SEX"},
            "write_in_item": "S1000",
            "items_group": 100,
        },
    }
    return route | changes


def route(**changes: Any) -> Route:
    """Give the route into 1C."""
    return Route.model_validate_json(json.dumps(onec_route(**changes)))


def environment(*routes: dict[str, Any], **changes: str | None) -> dict[str, str]:
    """Give app settings by name; a change to None takes one away. Without routes: one to 1C, one to SAP."""
    settings: dict[str, str | None] = {
        "DATAVERSE_URL": URL,
        "DATAVERSE_ORGANIZATION_ID": str(ORGANIZATION),
        "DATAVERSE_TOKEN_URL": "https://login.example/tenant/oauth2/v2.0/token",
        "DATAVERSE_CLIENT_ID": "bridge",
        "DATAVERSE_CLIENT_SECRET": SECRETS[0],
        "DATAVERSE_USER_ID": str(OUR_USER),
        "COLUMN_ACCOUNT_TAX_NUMBER": "acx_taxnumber",
        "COLUMN_ACCOUNT_KPP": "acx_kpp",
        "COLUMN_CONTACT_TAX_NUMBER": "acx_taxnumber",
        "COLUMN_LINE_TAX_RATE": RATE_COLUMN,
        "COLUMN_UNIT_OKEI": "acx_okei",
        "ROUTES": json.dumps(routes or [onec_route(), sapb1_route()]),
        "ONEC_URL": "https://1c.example/base/odata/standard.odata",
        "ONEC_USERNAME": "bridge",
        "ONEC_PASSWORD": SECRETS[1],
        "SAPB1_URL": "https://sap.example:50000/b1s/v2",
        "SAPB1_COMPANY": "SBO",
        "SAPB1_USERNAME": "bridge",
        "SAPB1_PASSWORD": SECRETS[2],
    }
    return {name: value for name, value in (settings | changes).items() if value is not None}


def settings(*routes: dict[str, Any], **changes: str | None) -> Settings:
    """Give settings in force."""
    return load(environment(*routes, **changes))


# --- Dataverse rows


def product_row(product: UUID = GOODS, *, service: bool = False, version: int = 50, **columns: Any) -> dict[str, Any]:
    """Give a product's row."""
    row: dict[str, Any] = {
        "productid": str(product),
        "productnumber": "ADVICE" if service else "PUMP-7",
        "name": "Консультация" if service else "Насос 7",
        "producttypecode": 3 if service else 1,
        "versionnumber": version,
    }
    return row | columns


def line_row(
    net: str = "1000",
    tax: str = "220",
    rate: str | None = "22",
    *,
    position: int = 1,
    quantity: str = "1",
    product: dict[str, Any] | None = None,
    **columns: Any,
) -> dict[str, Any]:
    """Give a line's row as a client parses it (fractions are Decimal); ``net`` is before the header's discount."""
    quantity_, net_ = Decimal(quantity), Decimal(net)
    row: dict[str, Any] = {
        "invoicedetailid": str(record_id(position, 0x1B)),
        "lineitemnumber": position,
        "sequencenumber": position,
        "productdescription": None,
        "quantity": quantity_,
        "priceperunit": net_ / quantity_,
        "tax": Decimal(tax),
        "extendedamount": net_ + Decimal(tax),
        "versionnumber": 90,
        "productid": product_row() if product is None else product,
        "uomid": {"uomid": str(PIECE), "name": "шт", "acx_okei": "796", "versionnumber": 10},
        RATE_COLUMN: rate,
    }
    return row | columns


def write_in(description: str = "Доставка", **line: Any) -> dict[str, Any]:
    """Give the row of a line without a product."""
    return line_row(**line) | {"productid": None, "uomid": None, "productdescription": description}


def account_row(**columns: Any) -> dict[str, Any]:
    """Give a company's row."""
    row: dict[str, Any] = {
        "accountid": str(ACCOUNT),
        "name": "ООО «Ромашка»",
        "accountnumber": "A-100",
        "telephone1": "+7 495 000-00-00",
        "emailaddress1": "office@romashka.example",
        "statecode": 0,
        "versionnumber": 60,
        "address1_line1": "ул. Лесная, 5",
        "address1_city": "Москва",
        "address1_postalcode": "125047",
        "address1_country": "Россия",
        "acx_taxnumber": "7707083893",
        "acx_kpp": "770701001",
    }
    return row | columns


def contact_row(**columns: Any) -> dict[str, Any]:
    """Give a person's row."""
    row: dict[str, Any] = {
        "contactid": str(CONTACT),
        "fullname": "Анна Смирнова",
        "mobilephone": "+7 900 000-00-00",
        "emailaddress1": None,
        "statecode": 0,
        "versionnumber": 61,
        "address1_line1": None,
        "address1_city": None,
        "address1_postalcode": None,
        "address1_country": None,
        "acx_taxnumber": None,
    }
    return row | columns


def invoice_row(*lines: dict[str, Any], discount: str = "0", number: int = 1, **columns: Any) -> dict[str, Any]:
    """Give an invoice's row with everything that export expands; the totals are those of its lines."""
    lines = lines or (line_row(),)
    net = sum((line["extendedamount"] - (line["tax"] or 0) for line in lines), Decimal(0))
    tax = sum((line["tax"] or 0 for line in lines), Decimal(0))
    row: dict[str, Any] = {
        "@odata.etag": 'W/"100"',
        "invoiceid": str(record_id(number)),
        "invoicenumber": f"INV-{number:05}",
        "statecode": 0,
        "statuscode": 4,
        "versionnumber": 100,
        "totallineitemamount": net,
        "discountamount": Decimal(discount),
        "discountpercentage": None,
        "totaldiscountamount": Decimal(discount),
        "freightamount": None,
        "totaltax": tax,
        "totalamount": net - Decimal(discount) + tax,
        "acx_documentdate": "2026-02-10T08:00:00Z",
        "datedelivered": "2026-02-10",
        "duedate": "2026-03-12",
        "_customerid_value": str(ACCOUNT),
        "_owningbusinessunit_value": str(UNIT_RU),
        "customerid_account": account_row(),
        "customerid_contact": None,
        "transactioncurrencyid": {"isocurrencycode": "RUB", "currencyprecision": 2},
        "invoice_details": list(lines),
        INVOICES.journal: [],
    }
    return row | columns


def order_row(*lines: dict[str, Any], number: int = 1, **columns: Any) -> dict[str, Any]:
    """Give the row of a fulfilled order with everything that export expands; its lines come from the same builders."""
    row = invoice_row(*lines, number=number)
    details = [
        {"salesorderdetailid" if name == "invoicedetailid" else name: value for name, value in line.items()}
        for line in row.pop("invoice_details")
    ]
    for name in ("invoiceid", "invoicenumber", "datedelivered", "duedate", INVOICES.journal):
        del row[name]
    row |= {
        "salesorderid": str(record_id(number, 0x1C)),
        "ordernumber": f"ORD-{number:05}",
        "statecode": 3,
        "statuscode": 100001,
        "datefulfilled": "2026-02-10",
        "requestdeliveryby": "2026-02-12",
        "order_details": details,
        "order_invoices": [],
        ORDERS.journal: [],
    }
    return row | columns


def journal_columns(state_value: int, *, target: str = "onec", **columns: Any) -> dict[str, Any]:
    """Give the row of ``acx_accountingexport`` as export expands it."""
    row: dict[str, Any] = {
        "@odata.etag": 'W/"7"',
        "acx_accountingexportid": str(JOURNAL_ROW),
        "acx_key": f"{target}:invoice:{INVOICE}",
        "acx_target": target,
        "acx_state": state_value,
        "acx_version": "100",
        "acx_hash": None,
        "acx_writtenhash": None,
        "acx_generation": 0,
        "acx_attempts": 0,
        "acx_changedon": "2026-02-10T09:00:00Z",
        "acx_number": None,
        "acx_accountingid": None,
        "acx_message": None,
    }
    return row | columns


# --- what travels


def reference(record: UUID = INVOICE, **changes: Any) -> Reference:
    """Give a reference to an invoice, as a webhook makes it."""
    values: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "correlation_id": "correlation",
        "table": "invoice",
        "id": record,
        "cause": "event:Update",
        "occurred_at": NOW - timedelta(seconds=2),
        "message_id": f"event of {record}",
    }
    return Reference(**(values | changes))


def invoice(*lines: Line, **changes: Any) -> Sale:
    """Give a canonical invoice whose totals are those of its lines."""
    made = lines or (line(),)
    values: dict[str, Any] = {
        "id": INVOICE,
        "number": "INV-00001",
        "document_date": date(2026, 2, 10),
        "shipment_date": date(2026, 2, 10),
        "due_date": date(2026, 3, 12),
        "currency": Currency(code="RUB", precision=2),
        "customer": Customer(table="account", id=ACCOUNT, name="ООО «Ромашка»", tax_number="7707083893"),
        "lines": made,
        "net": sum((each.net for each in made), Decimal(0)),
        "tax": sum((each.tax for each in made), Decimal(0)),
        "total": sum((each.gross for each in made), Decimal(0)),
    }
    return Sale(**(values | changes))


def line(net: str = "1000", tax: str = "220", rate: str | None = "22", *, number: int = 1, **changes: Any) -> Line:
    """Give a canonical line of the goods."""
    values: dict[str, Any] = {
        "id": record_id(number, 0x1B),
        "number": number,
        "product": Product(id=GOODS, number="PUMP-7", name="Насос 7", is_service=False),
        "unit": None,
        "description": "",
        "quantity": Decimal(1),
        "price": Decimal(net),
        "net": Decimal(net),
        "tax": Decimal(tax),
        "rate": None if rate is None else Decimal(rate),
    }
    return Line(**(values | changes))


def document(made: Sale | None = None, **changes: Any) -> Document:
    """Give the message that carries an invoice to 1C."""
    made = made or invoice()
    values: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "correlation_id": "correlation",
        "target": "onec",
        "route": "ru",
        "sale": made,
        "version": 100,
        "hash": made.content_hash(),
        "journal": None,
        "reference": reference(made.id),
    }
    return Document(**(values | changes))


def journalled(state: State = State.POSTED, **changes: Any) -> Journalled:
    """Give what the journal knows of the invoice."""
    values: dict[str, Any] = {
        "row_id": JOURNAL_ROW,
        "etag": 'W/"7"',
        "state": state,
        "version": 100,
        "changed_at": NOW - timedelta(minutes=5),
    }
    if state.in_accounting:
        values |= {"number": "0000-000001", "accounting_id": "ref-1", "written_hash": "hash"}
    return Journalled(**(values | changes))


def result(state: State = State.POSTED, **changes: Any) -> Result:
    """Give what became of the invoice."""
    values: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "correlation_id": "correlation",
        "target": "onec",
        "table": "invoice",
        "id": INVOICE,
        "record": "INV-00001",
        "state": state,
        "version": 100,
        "at": NOW,
        "reference": reference(changes.get("id", INVOICE)),
    }
    if state.in_accounting:
        values |= {"number": "0000-000001", "accounting_id": "ref-1", "written_hash": "hash", "total": "1220"}
    return Result(**(values | changes))
