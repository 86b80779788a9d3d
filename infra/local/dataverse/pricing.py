"""What Dataverse calculates on invoices and orders: pure functions over rows.

Line (``organization.discountcalculationmethod`` 0 Line item, 1 Per unit):
    baseamount      = quantity x (priceperunit - volumediscountamount)
    extendedamount  = baseamount - manualdiscountamount (per unit: times quantity) + tax
Header:
    totallineitemamount    = sum of (extendedamount - tax)
    totaldiscountamount    = discountamount + discountpercentage of totallineitemamount
    totalamountlessfreight = totallineitemamount - totaldiscountamount
    totalamount            = totalamountlessfreight + freightamount + totaltax

A required product of a bundle is not counted: the bundle's own price is (Microsoft, “How are prices calculated for
product bundles?”). Amounts are rounded to the currency's precision. A ``_base`` amount is the amount divided by the
exchange rate.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from infra.local.dataverse.schema import MONEY_DIGITS, Kind, Table
from infra.local.dataverse.values import rounded

Row = Mapping[str, Any]
ZERO = Decimal(0)
PER_UNIT = 1
BUNDLE, REQUIRED = 2, 3
"""producttypecode of a line"""
_QUANTUM = Decimal(1).scaleb(-MONEY_DIGITS)

LINE_INPUTS = frozenset({"quantity", "priceperunit", "manualdiscountamount", "tax", "productid", "uomid"})
LINE_INPUTS |= {"ispriceoverridden", "isproductoverridden", "producttypecode"}


def money(value: Decimal, precision: int) -> Decimal:
    """Round to a currency's precision, and give it the digits that are stored."""
    return rounded(value, precision).quantize(_QUANTUM)


def line_amounts(line: Row, method: int, precision: int) -> dict[str, Decimal]:
    """Give baseamount and extendedamount of a line."""
    quantity, price = line.get("quantity") or ZERO, line.get("priceperunit") or ZERO
    discount = line.get("manualdiscountamount") or ZERO
    base = quantity * (price - (line.get("volumediscountamount") or ZERO))
    reduction = discount * quantity if method == PER_UNIT else discount
    return {
        "baseamount": money(base, precision),
        "extendedamount": money(base - reduction + (line.get("tax") or ZERO), precision),
    }


def document_totals(document: Row, lines: Iterable[Row], precision: int) -> dict[str, Decimal]:
    """Give the totals of an invoice or an order."""
    total = tax = discounts = ZERO
    for line in lines:
        if line.get("producttypecode") == REQUIRED:
            continue
        line_tax = line.get("tax") or ZERO
        total += (line.get("extendedamount") or ZERO) - line_tax
        tax += line_tax
        discounts += line.get("manualdiscountamount") or ZERO
    percentage = document.get("discountpercentage") or ZERO
    discount = money((document.get("discountamount") or ZERO) + total * percentage / 100, precision)
    less_freight = total - discount
    totals = {
        "totallineitemamount": total,
        "totallineitemdiscountamount": discounts,
        "totaldiscountamount": discount,
        "totalamountlessfreight": less_freight,
        "totaltax": tax,
        "totalamount": less_freight + (document.get("freightamount") or ZERO) + tax,
    }
    return {name: money(value, precision) for name, value in totals.items()}


def base_amounts(table: Table, row: Row, base_precision: int) -> dict[str, Decimal | None]:
    """Give the _base column of every money column that the row has a value for."""
    rate = row.get("exchangerate") or Decimal(1)
    amounts: dict[str, Decimal | None] = {}
    for column in table.columns.values():
        if column.kind is Kind.MONEY and not column.name.endswith("_base"):
            value = row.get(column.name)
            amounts[f"{column.name}_base"] = None if value is None else money(value / rate, base_precision)
    return amounts
