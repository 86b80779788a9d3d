"""Canonical records to the bodies that Service Layer takes. Pure; names, enums and lengths are those of its $metadata.

Lengths stand in the database (OCRD, OITM, OINV, INV1). A name that is longer is cut after 99 characters and ends in an
ellipsis, and the whole of it goes where Business One has room: FreeText of a partner, User_Text of an item,
ItemDetails of a line.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.books import Sapb1Books
from shared.documents import Address, Customer, Line, Product, Sale
from shared.errors import Refused
from shared.messages import Document
from shared.rates import rate_name
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import fence
from shared.sapb1.amounts import unit_prices
from shared.sapb1.company import Company

Body = dict[str, Any]

CARD_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
COUNTRY = re.compile(r"[A-Za-z]{2}")
NAME, CODE, NUMBER, COMMENTS, TAX_NUMBER = 100, 50, 100, 254, 32
ALL_CURRENCIES = "##"

INVOICE_SETTINGS = (
    ("Series", "series"),
    ("BPL_IDAssignedToInvoice", "branch"),
    ("PaymentGroupCode", "payment_terms"),
    ("SalesPersonCode", "sales_person"),
)
"""Header property ← the route's setting, where it has one."""

PARTNER_SETTINGS = (("GroupCode", "customers_group"), ("PayTermsGrpCode", "payment_terms"))

PARTNER_FIELDS = (("EmailAddress", "email", 100), ("Phone1", "phone", 20))
"""Property ← the customer's field, up to this length; a longer value goes whole into FreeText."""

ADDRESS_FIELDS = (("Street", "street", 100), ("City", "city", 100), ("ZipCode", "postal_code", 20))


def cut(name: str, limit: int = NAME) -> str:
    """Shorten a name by the rule of this module."""
    return name if len(name) <= limit else name[: limit - 1] + "…"


def card_code(customer: Customer, key: UUID) -> str:
    """Give the CardCode of a customer that we create: its account number where that can be one, else from its key."""
    number = customer.number.strip()
    return number if CARD_CODE.fullmatch(number) else f"C{key.hex[:14].upper()}"


def partner(customer: Customer, code: str, books: Sapb1Books) -> Body:
    """Give the body of a new business partner."""
    rest = [customer.name] if len(customer.name) > NAME else []
    body: Body = {
        "CardCode": code,
        "CardName": cut(customer.name),
        "CardType": "cCustomer",
        "CompanyPrivate": "cPrivate" if customer.is_person else "cCompany",
        "Currency": ALL_CURRENCIES,
    }
    if customer.tax_number:
        if len(customer.tax_number) > TAX_NUMBER:
            raise Refused(refusal("too_long", field="tax number", limit=TAX_NUMBER))
        body["FederalTaxID"] = customer.tax_number
    body |= _fitting(customer, PARTNER_FIELDS, rest)
    body |= _settings(books, PARTNER_SETTINGS)
    address = _address(customer.address, rest)
    if address:
        body["BPAddresses"] = [{"AddressName": "Bill to", "AddressType": "bo_BillTo"} | address]
    if rest:
        body["FreeText"] = "\n".join(rest)
    return body


def _address(address: Address, rest: list[str]) -> Body:
    found = _fitting(address, ADDRESS_FIELDS, rest)
    country = address.country.strip()
    if COUNTRY.fullmatch(country):
        found["Country"] = country.upper()
    elif country:
        rest.append(country)
    return found


def _fitting(record: object, fields: Sequence[tuple[str, str, int]], rest: list[str]) -> Body:
    found = {}
    for name, attribute, limit in fields:
        value = getattr(record, attribute).strip()
        if len(value) > limit:
            rest.append(value)
        elif value:
            found[name] = value
    return found


def _settings(books: Sapb1Books, names: Sequence[tuple[str, str]]) -> Body:
    values = {name: getattr(books, setting) for name, setting in names}
    return {name: value for name, value in values.items() if value is not None}


def item_code(line: Line) -> str:
    """Give the ItemCode of a line's product. Refused where the product has no number, or too long a one."""
    if line.product is None:
        raise ValueError("a write-in line has no product")
    number = line.product.number.strip()
    if not number:
        raise Refused(refusal("product_number_missing", line=line.number))
    if len(number) > CODE:
        raise Refused(refusal("too_long", field="productnumber", limit=CODE))
    return number


def item(product: Product, code: str, books: Sapb1Books) -> Body:
    """Give the body of a new item. A service is never kept in stock, nor is anything where the route wants none."""
    in_stock = not product.is_service and books.stock != "non_inventory_only"
    body: Body = {
        "ItemCode": code,
        "ItemName": cut(product.name),
        "ItemsGroupCode": books.items_group,
        "InventoryItem": "tYES" if in_stock else "tNO",
        "SalesItem": "tYES",
        "PurchaseItem": "tNO",
    }
    if len(product.name) > NAME:
        body["User_Text"] = product.name
    return body


def vat_group(line: Line, route: Route) -> str:
    """Give the VatGroup of a line. Refused where the route names none for its rate."""
    name = rate_name(line.rate)
    code = route.sapb1_books.vat_groups.get(name)
    if code is None:
        raise Refused(refusal("rate_not_mapped", line=line.number, rate=name, route=route.name))
    return code


class PreparedInvoice:
    """An invoice whose amounts are settled, before its customer and items are known in accounting.

    Making it refuses whatever can be refused without touching the books.
    """

    def __init__(self, document: Document, route: Route, company: Company) -> None:
        """Raises Refused."""
        self._document = document
        self._books = route.sapb1_books
        sale = document.sale
        if not sale.lines:
            raise Refused(refusal("no_lines"))
        if len(sale.number) > NUMBER:
            raise Refused(refusal("too_long", field="invoicenumber", limit=NUMBER))
        prices = unit_prices(sale, company)
        self._lines = [
            self._line(sale, line, price, vat_group(line, route))
            for line, price in zip(sale.lines, prices, strict=True)
        ]

    def _line(self, sale: Sale, line: Line, price: Decimal, group: str) -> Body:
        body: Body = {
            "Quantity": line.quantity,
            "UnitPrice": price,
            # said, because a price list's currency and a partner's discount would otherwise come in by themselves
            "Currency": sale.currency.code,
            "DiscountPercent": 0,
            "VatGroup": group,
            "WarehouseCode": self._books.warehouse,
            "ShipDate": sale.shipment_date.isoformat(),
        }
        if self._books.cost_center is not None:
            body["CostingCode"] = self._books.cost_center
        if line.product is None:
            if not line.description:
                raise Refused(refusal("line_without_product", line=line.number))
            body["ItemDescription"] = cut(line.description)
            if len(line.description) > NAME:
                body["ItemDetails"] = line.description
        return body

    def body(self, key: UUID, code: str, items: Sequence[str]) -> Body:
        """Give the body of the A/R invoice, with its customer's CardCode and an ItemCode for each line.

        DocDate and TaxDate are both the document's date: the tax point of a Business One invoice is its own date. The
        day of shipment goes to each line's ShipDate.
        """
        sale = self._document.sale
        return {
            "DocType": "dDocument_Items",
            "CardCode": code,
            "NumAtCard": sale.number,
            "DocDate": sale.document_date.isoformat(),
            "TaxDate": sale.document_date.isoformat(),
            "DocDueDate": sale.due_date.isoformat(),
            "DocCurrency": sale.currency.code,
            "DiscountPercent": 0,
            "Comments": cut(f"Dynamics 365: {sale.number}", COMMENTS),
            fence.KEY: str(key),
            fence.VERSION: str(self._document.version),
            fence.HASH: self._document.hash,
            **_settings(self._books, INVOICE_SETTINGS),
            "DocumentLines": [
                {"ItemCode": item_code} | line for item_code, line in zip(items, self._lines, strict=True)
            ],
        }
