"""From a document's line rows to drafts of its lines: their order, bundles, products and units. Pure.

Bundles (Microsoft, “How are prices calculated for product bundles?”): a bundle has a price of its own, and its
required products' prices are not counted; an optional product's price is added. So

- a bundle with a price is exported as one line on the bundle's own product, without its required products: what
  stands in it is accounting's (a sales BOM, a комплект);
- a bundle without a price is no line, and its required products are exported with their own amounts;
- an optional product is a line like any other.

Whether the CRM counted them the same way, the document's sums tell: a difference is refused like any other.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.dataverse.amounts import LineAmounts, discount_method, line_amounts
from shared.dataverse.columns import Row, amount, guid, key, number, text
from shared.dataverse.sales import SalesTable
from shared.dataverse.tax import Draft, TaxRules
from shared.documents import Product, Unit
from shared.errors import Refused
from shared.refusals import refusal

GOODS = 1
"""product.producttypecode. Services (3), Miscellaneous Charges (2) and Flat Fees (4) are no goods."""
BUNDLE, REQUIRED = 2, 3
"""invoicedetail.producttypecode, salesorderdetail.producttypecode; 4 is an optional product of a bundle"""
SELLABLE = frozenset({0, 3})
"""product.statecode: Active, and Under Revision, which is sold meanwhile; Retired (1) and Draft (2) are not"""


def drafts(table: SalesTable, row: Row, rules: TaxRules, okei_column: str | None) -> list[Draft]:
    """Give the lines that are exported; ``number`` is the line's place in the CRM's document, from 1."""
    method = discount_method(row)
    return [
        _draft(
            position,
            line,
            key(line, table.line_key),
            okei_column,
            line_amounts(line, position, rules.unit, method, tax_inside=rules.route.tax_inside),
        )
        for position, line in exported(table, row[table.lines])
    ]


def exported(table: SalesTable, rows: Sequence[Row]) -> list[tuple[int, Row]]:
    """Give the rows whose amounts count, with their places. Refused: bundle_incomplete, bundle_without_price."""
    placed = list(enumerate(in_order(table, rows), start=1))
    bundles = {key(row, table.line_key): row for _, row in placed if number(row, "producttypecode") == BUNDLE}
    if not bundles and not any(number(row, "producttypecode") == REQUIRED for _, row in placed):
        return placed
    required: dict[UUID, list[Row]] = {bundle: [] for bundle in bundles}
    for position, row in placed:
        if number(row, "producttypecode") == REQUIRED:
            parent = _parent(row)
            if parent not in required:
                raise Refused(refusal("bundle_incomplete", line=position))
            required[parent].append(row)
    found = []
    for position, row in placed:
        kind = number(row, "producttypecode")
        if kind == BUNDLE:
            products = required[key(row, table.line_key)]
            if _priced(row):
                found.append((position, row))
            elif not any(amount(product, "extendedamount") for product in products):
                raise Refused(refusal("bundle_without_price", line=position))
        elif kind != REQUIRED or not _priced(bundles[_parent_of(row)]):
            found.append((position, row))
    return found


def _parent(row: Row) -> UUID | None:
    """Give the line of the bundle: by the lookup, or by the older column that holds the same id."""
    return guid(row, "_parentbundleidref_value") or guid(row, "parentbundleid")


def _parent_of(row: Row) -> UUID:
    parent = _parent(row)
    if parent is None:
        raise ValueError("a required product of a bundle was not checked for its bundle")
    return parent


def _priced(row: Row) -> bool:
    return bool(amount(row, "priceperunit") or amount(row, "extendedamount"))


def in_order(table: SalesTable, rows: Sequence[Row]) -> list[Row]:
    """Sort lines as people numbered them; what has no number keeps an order of its own, by id."""
    return sorted(
        rows,
        key=lambda row: (
            number(row, "lineitemnumber") or 0,
            number(row, "sequencenumber") or 0,
            text(row, table.line_key),
        ),
    )


def check_products(table: SalesTable, row: Row) -> None:
    """Refuse a document with a product that is not sold any more, or not yet: what accounting would get is in doubt."""
    for position, line in exported(table, row[table.lines]):
        product = line.get("productid")
        if product and (number(product, "statecode") or 0) not in SELLABLE:
            value = text(product, "productnumber") or text(product, "name")
            raise Refused(refusal("product_inactive", line=position, value=value))


def _draft(position: int, row: Row, line_id: UUID, okei_column: str | None, amounts: LineAmounts) -> Draft:
    product = row.get("productid")
    description = text(row, "productdescription")
    if not product and not description:
        raise Refused(refusal("line_without_product", line=position))
    unit = row.get("uomid")
    return Draft(
        row=row,
        id=line_id,
        number=position,
        product=_product(product) if product else None,
        unit=_unit(unit, okei_column) if unit else None,
        description=description,
        amounts=amounts,
    )


def _product(row: Row) -> Product:
    return Product(
        id=key(row, "productid"),
        number=text(row, "productnumber"),
        name=text(row, "name"),
        is_service=number(row, "producttypecode") not in {None, GOODS},
    )


def _unit(row: Row, okei_column: str | None) -> Unit:
    return Unit(id=key(row, "uomid"), name=text(row, "name"), okei=text(row, okei_column))
