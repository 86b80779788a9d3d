"""What Dataverse makes of invoices, orders and their lines: currency, numbers, prices, totals."""

import secrets
import string
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from infra.local.dataverse.errors import does_not_exist, invalid_argument, not_understood
from infra.local.dataverse.pricing import BUNDLE, LINE_INPUTS, document_totals, line_amounts
from infra.local.dataverse.pricing import money as money_value
from infra.local.dataverse.schema import Kind, Table
from infra.local.dataverse.store import Ref, Row, Store

LINES: Mapping[str, tuple[str, str]] = {
    "invoicedetail": ("invoice", "invoiceid"),
    "salesorderdetail": ("salesorder", "salesorderid"),
}
"""Line table -> its document's table, and the lookup to it."""

DOCUMENTS: Mapping[str, str] = {document: line for line, (document, _) in LINES.items()}

_NO_PRICE_LEVEL, _NO_QUANTITY, _NO_UNIT_PRICE, _NOT_IN_PRICE_LEVEL = 2, 4, 5, 11
_PRODUCT_BUNDLE = 3
"""product.productstructure"""
_NUMBER_ALPHABET = string.ascii_uppercase + string.digits


class SalesRules:
    """The system's own part in writes of documents and lines."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def organization(self) -> Row:
        """The one row of the table organization."""
        return next(iter(self.store.tables["organization"].values()), {})

    def precision(self, ref: Ref | None) -> int:
        """Give the digits after the point that a currency has."""
        currency = None if ref is None else self.store.get(ref.table, ref.id)
        return 2 if currency is None else int(currency["currencyprecision"])

    def fill_currency(self, table: Table, row: dict[str, Any]) -> None:
        """Fill in currency and exchange rate, and round the amounts."""
        if table.name in LINES:
            document_table, lookup = LINES[table.name]
            ref = row.get(lookup)
            document = {} if ref is None else self.store.get(document_table, ref.id) or {}
            row["transactioncurrencyid"] = document.get("transactioncurrencyid")
        elif row.get("transactioncurrencyid") is None:
            row["transactioncurrencyid"] = self.organization.get("basecurrencyid")
        currency_ref = row["transactioncurrencyid"]
        currency = {} if currency_ref is None else self.store.get(currency_ref.table, currency_ref.id) or {}
        rate = currency.get("exchangerate")
        if rate is not None:
            row["exchangerate"] = rate.quantize(Decimal(1).scaleb(-12))
        precision, price = self.precision(currency_ref), self.organization.get("pricingdecimalprecision") or 2
        for column in table.columns.values():
            if column.kind is Kind.MONEY and (value := row.get(column.name)) is not None:
                row[column.name] = money_value(value, price if column.is_price else precision)

    def document(self, row: dict[str, Any], creating: bool) -> None:
        """Complete an invoice or an order."""
        _refuse_skipping(row)
        table = "invoice" if "invoiceid" in row else "salesorder"
        customer = row.get("customerid")
        for kind in ("account", "contact"):
            row[f"{kind}id"] = customer if customer is not None and customer.table == kind else None
        row["pricingerrorcode"] = row.get("pricingerrorcode") or 0
        if creating:
            self._number(self.store.schema[table], row)
        row.update(self.totals(table, row))

    def totals(self, table: str, row: Row) -> dict[str, Decimal]:
        """Give the totals of a document from the lines it has now."""
        line_table, schema = DOCUMENTS[table], self.store.schema[table]
        lines = self.store.referring(line_table, LINES[line_table][1], row[schema.key])
        return document_totals(row, lines, self.precision(row.get("transactioncurrencyid")))

    @staticmethod
    def affects_document(table: Table, values: Mapping[str, Any]) -> bool:
        """Say whether a change of a line makes its document's totals be calculated again."""
        return table.name in LINES and not LINE_INPUTS.isdisjoint(values)

    def _number(self, table: Table, row: dict[str, Any]) -> None:
        if table.number_prefix is None or row.get(table.number_prefix[0]) is not None:
            return
        column, prefix = table.number_prefix
        organization = dict(self.organization)
        counter = f"current{'invoice' if table.name == 'invoice' else 'order'}number"
        number = (organization.get(counter) or 999) + 1
        organization[counter] = number
        self.store.put("organization", organization)
        suffix = "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(6))
        row[column] = f"{prefix}-{number:05d}-{suffix}"

    def line(self, row: dict[str, Any], creating: bool) -> None:
        """Complete a line; DataverseError where product and unit don't fit."""
        _refuse_skipping(row)
        name = "invoicedetail" if "invoicedetailid" in row else "salesorderdetail"
        document_table, lookup = LINES[name]
        ref = row.get(lookup)
        if ref is None:
            raise invalid_argument(f"The {document_table} id is missing.")
        document = self.store.get(document_table, ref.id)
        if document is None:
            raise does_not_exist(document_table, ref.id)
        for column in ("ownerid", "owninguser", "owningbusinessunit"):
            row[column] = document.get(column)
        if creating:
            self._number_line(name, lookup, ref.id, row)
        if row.get("isproductoverridden"):
            self._write_in(row)
        else:
            self._existing_product(row, document)
        row[f"{name}name"] = None if row.get("productname") is None else row["productname"][:100]
        if row.get("quantity") is None:
            row["pricingerrorcode"] = _NO_QUANTITY
        method = self.organization.get("discountcalculationmethod") or 0
        row.update(line_amounts(row, method, self.precision(document.get("transactioncurrencyid"))))

    def _number_line(self, name: str, lookup: str, document_id: str, row: dict[str, Any]) -> None:
        last = max(
            (line.get("lineitemnumber") or 0 for line in self.store.referring(name, lookup, document_id)), default=0
        )
        if row.get("lineitemnumber") is None:
            row["lineitemnumber"] = last + 1
        if row.get("sequencenumber") is None:
            row["sequencenumber"] = row["lineitemnumber"]

    @staticmethod
    def _write_in(row: dict[str, Any]) -> None:
        if row.get("productid") is not None:
            raise invalid_argument("A write-in product can't have a product id.")
        if row.get("productdescription") is None:
            raise invalid_argument("The product description of a write-in product is missing.")
        row["productname"] = row["productdescription"]
        row["ispriceoverridden"] = True
        row["pricingerrorcode"] = 0 if row.get("priceperunit") is not None else _NO_UNIT_PRICE

    def _existing_product(self, row: dict[str, Any], document: Row) -> None:
        product_ref, unit_ref = row.get("productid"), row.get("uomid")
        if product_ref is None:
            raise invalid_argument("The product id is missing.")
        if unit_ref is None:
            raise invalid_argument("The unit id is missing.")
        product = self.store.get("product", product_ref.id) or {}
        unit = self.store.get("uom", unit_ref.id) or {}
        if unit.get("uomscheduleid") != product.get("defaultuomscheduleid"):
            raise invalid_argument("The unit id is invalid for the unit group of the product.")
        if product.get("statecode") not in {0, 3}:
            raise invalid_argument("Only active products can be added: the product is retired or a draft.")
        row["productname"] = product.get("name")
        if product.get("productstructure") == _PRODUCT_BUNDLE:
            row["producttypecode"] = BUNDLE
        row["pricingerrorcode"] = 0
        if not row.get("ispriceoverridden") and not document.get("ispricelocked"):
            self._list_price(row, document, product_ref.id, unit_ref.id)
        elif row.get("priceperunit") is None:
            row["pricingerrorcode"] = _NO_UNIT_PRICE

    def _list_price(self, row: dict[str, Any], document: Row, product_id: str, unit_id: str) -> None:
        row["priceperunit"] = None
        level = document.get("pricelevelid")
        if level is None:
            row["pricingerrorcode"] = _NO_PRICE_LEVEL
            return
        for item in self.store.referring("productpricelevel", "productid", product_id):
            if item["pricelevelid"] == level and item["uomid"].id == unit_id:
                row["priceperunit"] = item.get("amount")
                return
        row["pricingerrorcode"] = _NOT_IN_PRICE_LEVEL


def _refuse_skipping(row: Row) -> None:
    if row.get("skippricecalculation"):
        raise not_understood("Skipping the price calculation is not served by this local server.")
