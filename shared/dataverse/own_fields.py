"""A company's own columns: read beside ours, and put on the canonical records as the field map says."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.dataverse.columns import Row, key
from shared.dataverse.customers import master_of
from shared.dataverse.sales import SalesTable
from shared.documents import Customer, Line, Product, Sale
from shared.fieldmap import FieldRule, columns, extras
from shared.routes import Target


def of_document(rules: Sequence[FieldRule]) -> list[str]:
    """Give the columns to read of the document itself."""
    return columns(rules, "document")


def of_line(rules: Sequence[FieldRule]) -> list[str]:
    """Give the columns to read of a line itself."""
    return columns(rules, "line")


def of_related(rules: Sequence[FieldRule], relation: str) -> list[str]:
    """Give the columns to read of a row that a document or a line is read with."""
    found = {*columns(rules, "document", relation), *columns(rules, "line", relation)}
    if relation == "productid":
        found.update(columns(rules, "product"))
    if relation.startswith("customerid_"):
        found.update(columns(rules, "customer", relation.removeprefix("customerid_")))
    return sorted(found)


def added(sale: Sale, table: SalesTable, row: Row, target: Target, rules: Sequence[FieldRule]) -> Sale:
    """Give the sale with the company's own fields. Refused where a table of values lacks a row's value."""
    own = [rule for rule in rules if rule.target == target]
    if not own:
        return sale
    row = {
        **row,
        **{name: master_of(row[name]) for name in ("customerid_account", "customerid_contact") if row.get(name)},
    }
    rows = {key(line, table.line_key): line for line in row[table.lines]}
    return sale.model_copy(
        update={
            "extras": extras(own, target, "document", row),
            "customer": _customer(sale.customer, row, target, own),
            "lines": tuple(_line(line, rows.get(line.id), target, own) for line in sale.lines),
        }
    )


def _customer(customer: Customer, row: Row, target: Target, rules: Sequence[FieldRule]) -> Customer:
    card = row.get(f"customerid_{customer.table}")
    return customer.model_copy(update={"extras": extras(rules, target, "customer", {customer.table: card})})


def _line(line: Line, row: Mapping[str, Any] | None, target: Target, rules: Sequence[FieldRule]) -> Line:
    """Freight has no line of its own in the CRM, so no columns: only constants reach it."""
    product = _product(line.product, (row or {}).get("productid"), target, rules)
    return line.model_copy(update={"extras": extras(rules, target, "line", row or {}), "product": product})


def _product(product: Product | None, row: Any, target: Target, rules: Sequence[FieldRule]) -> Product | None:
    if product is None:
        return None
    return product.model_copy(update={"extras": extras(rules, target, "product", row or {})})
