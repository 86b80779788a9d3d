"""A sale to the body of a marketing document. Pure; names and enums are those of Service Layer's $metadata.

Deliveries, orders and A/R invoices are one type there (``Document``), so they are one mapping here; what differs stands
in ``kinds``. Lengths are those of the database (OINV, INV1).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.documents import Line
from shared.errors import Refused
from shared.fieldmap import cut, to_send
from shared.messages import Document
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import fence, taxes
from shared.sapb1.amounts import Terms, unit_prices
from shared.sapb1.cards import NAME, settings
from shared.sapb1.company import Company
from shared.sapb1.kinds import INVOICE, Kind

Body = dict[str, Any]

NUMBER, COMMENTS = 100, 254
LARGEST_NUMBER = 2**31 - 1
"""of DocNum"""

SETTINGS = (
    ("BPL_IDAssignedToInvoice", "branch"),
    ("PaymentGroupCode", "payment_terms"),
    ("SalesPersonCode", "sales_person"),
    ("ShipToCode", "ship_to"),
    ("PayToCode", "pay_to"),
)
"""Header property ← the route's setting, where it has one. Business One takes a partner's own defaults for the rest."""


def document_number(document: Document) -> int:
    """Give the CRM's number as a DocNum. Refused where it can't be one."""
    number = document.sale.number.strip()
    if not (number.isascii() and number.isdecimal() and 0 < int(number) <= LARGEST_NUMBER):
        raise Refused(refusal("number_not_numeric", value=number))
    return int(number)


class PreparedDocument:
    """A document whose amounts are settled, before its customer and items are known in accounting.

    Making it refuses whatever can be refused without touching the books.
    """

    def __init__(self, document: Document, route: Route, company: Company) -> None:
        """Raises Refused."""
        self._document = document
        self._route = route
        self._books = route.sapb1_books
        self._foreign = document.sale.currency.code != company.local_currency
        sale = document.sale
        rows = [line for line in sale.lines if line.kind != "freight"]
        if not rows:
            raise Refused(refusal("no_lines"))
        if len(sale.number) > NUMBER:
            raise Refused(refusal("too_long", field="number", limit=NUMBER))
        self.is_service = self._books.write_in_account is not None and all(line.kind == "write_in" for line in rows)
        """whether every line is a write-in, and the route names an account for such documents"""
        self.terms = Terms(self._books.tolerance, by_total=self.is_service, own_tax=taxes.sales_tax(route))
        self.number = document_number(document) if route.crm_number else None
        prices = unit_prices(sale, company, self.terms)
        self.lines = rows
        self._rows: list[Body] = []
        self._expenses: list[Body] = []
        for line, price in zip(sale.lines, prices, strict=True):
            tax = taxes.tax_code(line, sale, route)
            if line.kind == "freight":
                self._expenses.append(self._freight(price) | tax)
            else:
                self._rows.append((self._service(line, price) if self.is_service else self._item(line, price)) | tax)
        self.computed_otherwise = bool(
            self._books.tolerance
            or company.tax_by_group
            or company.own_rounding
            or self.terms.own_tax
            or self.is_service
        )
        """whether Business One may arrive at other amounts than we, so that a draft has to tell first"""

    def _common(self, line: Line) -> Body:
        body: Body = {"ShipDate": self._document.sale.shipment_date.isoformat()}
        if self._books.cost_center is not None:
            body["CostingCode"] = self._books.cost_center
        if line.product is None:
            if not line.description:
                raise Refused(refusal("line_without_product", line=line.number))
            body["ItemDescription"] = cut(line.description, NAME)
            if len(line.description) > NAME:
                body["ItemDetails"] = line.description
        return body | to_send(line.extras, None)

    def _item(self, line: Line, price: Decimal) -> Body:
        return {
            "Quantity": line.quantity,
            "UnitPrice": price,
            # said, because a price list's currency and a partner's discount would otherwise come in by themselves
            "Currency": self._document.sale.currency.code,
            "DiscountPercent": 0,
            "WarehouseCode": self._books.warehouse,
        } | self._common(line)

    def _service(self, line: Line, total: Decimal) -> Body:
        name = "RowTotalFC" if self._foreign else "LineTotal"
        return {"AccountCode": self._books.write_in_account, name: total} | self._common(line)

    def _freight(self, total: Decimal) -> Body:
        if self._books.freight_expense is None:
            raise Refused(refusal("freight_expense_unset", route=self._route.name))
        if self._foreign:
            # LineTotalFC can't be written, and LineTotal is in the company's own currency
            raise Refused(refusal("freight_currency", currency=self._document.sale.currency.code))
        return {"ExpenseCode": self._books.freight_expense, "LineTotal": total}

    def body(self, key: UUID, code: str, items: Sequence[str], kind: Kind = INVOICE, *, on_top: bool = False) -> Body:
        """Give the body of the document, with its customer's CardCode and an ItemCode for each line.

        ``items`` is empty for a service document. ``on_top``: the A/R invoice of a delivery or order that is there.

        DocDate and TaxDate are both the document's date: the tax point of a Business One document is its own date. The
        day of shipment goes to each line's ShipDate, and is the DocDueDate of a delivery or order.
        """
        sale = self._document.sale
        due = sale.shipment_date if kind.due_is_delivery else sale.due_date
        rows = [line | ({"ItemCode": items[n]} if items else {}) for n, line in enumerate(self._rows)]
        body: Body = {
            "DocType": "dDocument_Service" if self.is_service else "dDocument_Items",
            "CardCode": code,
            "NumAtCard": sale.number,
            "DocDate": sale.document_date.isoformat(),
            "TaxDate": sale.document_date.isoformat(),
            "DocDueDate": due.isoformat(),
            "DocCurrency": sale.currency.code,
            "DiscountPercent": 0,
            "Comments": cut(f"Dynamics 365: {sale.number}", COMMENTS),
            fence.KEY: str(key),
            fence.VERSION: str(self._document.version),
            fence.HASH: self._document.hash,
            **settings(self._books, SETTINGS),
            **self._numbering(kind, on_top=on_top),
            "DocumentLines": rows,
            **to_send(sale.extras, None),
        }
        if kind is INVOICE and self._books.stock == "reserve_invoice" and not self.is_service:
            body["ReserveInvoice"] = "tYES"
        if self._expenses:
            body["DocumentAdditionalExpenses"] = [dict(expense) for expense in self._expenses]
        return body

    def _numbering(self, kind: Kind, *, on_top: bool) -> Body:
        """The CRM's number belongs to the document that stands for the CRM's record; what is on top has a series."""
        if self.number is not None and not on_top:
            return {"HandWritten": "tYES", "DocNum": self.number}
        series = self._books.series if kind is INVOICE else self._books.base_series
        return {} if series is None else {"Series": series}
