"""What the amounts of a document must be: Dataverse's own arithmetic, checked to the minor unit. Pure.

Dataverse computes (table reference of invoicedetail and invoice, ``organization.discountcalculationmethod``):

    baseamount          = quantity × (priceperunit − volumediscountamount)
    extendedamount      = baseamount − manualdiscountamount (per unit: × quantity) + tax
    totallineitemamount = sum of (extendedamount − tax)
    totaldiscountamount = discountamount + discountpercentage % of totallineitemamount
    totalamount         = totallineitemamount − totaldiscountamount + freightamount + totaltax

It rounds each to the currency. How it rounds a half is not documented, so a value is right where it is within half a
minor unit of the exact one. ``exchangerate`` and the ``_base`` columns play no part: a document is in its own currency.

Where a route says ``tax_inside`` the tax is not added: ``extendedamount`` is what the customer pays for the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from shared.dataverse.columns import Row, amount, number, plain
from shared.errors import Refused
from shared.money import EXACT, allocate, fits, rounded
from shared.refusals import Refusal, refusal

ZERO = Decimal(0)
DISCOUNT_METHOD = "organization.discountcalculationmethod"
"""Key under which the reader puts the organization's setting into each document's row; absent means Line item."""
PER_UNIT = 1
_METHOD_NAMES = {PER_UNIT: "Per unit"}


@dataclass(frozen=True)
class LineAmounts:
    """The amounts of one line; ``amount`` is before the header's discount: net, or with tax where tax is inside."""

    quantity: Decimal
    price: Decimal
    amount: Decimal
    tax: Decimal | None
    """the column; None where it is empty"""


def line_amounts(row: Row, position: int, unit: Decimal, method: int | None, *, tax_inside: bool) -> LineAmounts:
    """Read a line's amounts and check them against price, quantity and discounts.

    A line of nothing is allowed (a gift). Refused: quantity_not_positive, amount_negative, value_missing, precision,
    line_arithmetic.
    """
    quantity = required(row, "quantity", position)
    if quantity <= 0:
        raise Refused(refusal("quantity_not_positive", line=position, value=quantity))
    tax = amount(row, "tax")
    extended = required(row, "extendedamount", position)
    for column, value in (("tax", tax or ZERO), ("extendedamount", extended)):
        if not fits(value, unit):
            raise Refused(refusal("precision", line=position, field=column, value=value, digits=digits(unit)))
    before_tax = extended - (tax or ZERO)
    if before_tax < 0 or (tax or ZERO) < 0:
        raise Refused(refusal("amount_negative", line=position, value=min(before_tax, tax or ZERO)))
    own = extended if tax_inside else before_tax
    price = required(row, "priceperunit", position)
    made = LineAmounts(quantity, price, own, tax)
    with localcontext(EXACT):
        _check_arithmetic(row, position, unit, method, made)
    return made


def _check_arithmetic(row: Row, position: int, unit: Decimal, method: int | None, line: LineAmounts) -> None:
    exact = line.quantity * (line.price - (amount(row, "volumediscountamount") or ZERO))
    base = amount(row, "baseamount")
    manual = (amount(row, "manualdiscountamount") or ZERO) * (line.quantity if method == PER_UNIT else 1)

    def differs(field: str, stated: Decimal, expected: Decimal) -> Refused:
        return Refused(
            refusal(
                "line_arithmetic",
                line=position,
                field=field,
                stated=plain(stated),
                expected=plain(expected),
                difference=plain(stated - expected),
                method=_METHOD_NAMES.get(method or 0, "Line item"),
            )
        )

    if base is not None and abs(base - exact) > unit / 2:
        raise differs("baseamount", base, rounded(exact, unit))
    # From the base as it was rounded, or from the exact one: which of the two Dataverse takes is not documented.
    starts = (exact,) if base is None else (base, exact)
    if all(abs(line.amount - (start - manual)) > unit / 2 for start in starts):
        added = (amount(row, "extendedamount") or ZERO) - line.amount
        raise differs("extendedamount", line.amount + added, rounded(starts[0] - manual, unit) + added)


def discount_shares(row: Row, amounts: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Share the header's discount among the lines by their amounts: whole minor units, largest remainder.

    Refused: amount_precision, discount_differs, sum_differs.
    """
    total = sum(amounts, ZERO)
    given = header_amount(row, "discountamount", unit)
    stated = header_amount(row, "totaldiscountamount", unit)
    percentage = amount(row, "discountpercentage") or ZERO
    of = amount(row, "totallineitemamount") or ZERO
    exact = given + of * percentage / 100
    if abs(stated - exact) > unit / 2:
        expected = rounded(exact, unit)
        raise Refused(
            refusal(
                "discount_differs",
                stated=stated,
                amount=given,
                percentage=percentage,
                lines=of,
                expected=plain(expected),
                difference=plain(stated - expected),
            )
        )
    if stated < 0 or stated > total:
        raise Refused(sum_differs("totaldiscountamount", total, stated))
    return allocate(stated, amounts, unit)


def header_amount(row: Row, column: str, unit: Decimal) -> Decimal:
    """Read an amount of the header; an empty one is nothing. Refused where it is finer than the currency."""
    value = amount(row, column) or ZERO
    if not fits(value, unit):
        raise Refused(refusal("amount_precision", field=column, value=value, digits=digits(unit)))
    return value


def included_tax(gross: Decimal, rate: Decimal, unit: Decimal) -> tuple[Decimal, Decimal]:
    """Split what the customer pays into net and tax: the net is rounded, the tax is the rest."""
    net = rounded(gross * 100 / (100 + rate), unit)
    return net, gross - net


def agree(column: str, lines: Decimal, stated: Decimal | None) -> None:
    """Refuse where the header states another sum than the lines make, and say by how much."""
    if stated is None or stated != lines:
        raise Refused(sum_differs(column, lines, stated))


def sum_differs(column: str, lines: Decimal, stated: Decimal | None) -> Refusal:
    """Word a difference between the lines' sum and the header's."""
    return refusal(
        "sum_differs",
        field=column,
        lines=plain(lines),
        header="–" if stated is None else stated,
        difference=plain(lines - (stated or ZERO)),
    )


def required(row: Row, column: str, position: int) -> Decimal:
    """Read a number of a line that must be there."""
    value = amount(row, column)
    if value is None:
        raise Refused(refusal("value_missing", line=position, field=column))
    return value


def digits(unit: Decimal) -> int:
    """Give the number of digits after the point of a minor unit."""
    return -int(unit.as_tuple().exponent)


def discount_method(row: Row) -> int | None:
    """Give the organization's discount calculation method, as the reader put it into the row."""
    return number(row, DISCOUNT_METHOD)
