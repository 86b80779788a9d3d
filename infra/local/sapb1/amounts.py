"""The arithmetic of a marketing document, pure: lines and expenses in, totals out.

Everything is computed in the document's currency first; local amounts are those times the rate, rounded one by
one. Rounding is commercial (half away from zero), as Business One rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Precision:
    """Decimals of the company: amounts and prices; how tax is rounded."""

    amounts: int = 2
    prices: int = 6
    vat_by: Literal["line", "group"] = "line"

    def amount(self, value: Decimal) -> Decimal:
        """Round an amount."""
        return rounded(value, self.amounts)

    def price(self, value: Decimal) -> Decimal:
        """Round a price."""
        return rounded(value, self.prices)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Round half away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class PricedLine:
    """What a line's amount is made of, in the document's currency."""

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    price: Decimal
    """After the line's discount."""
    total: Decimal


def priced(
    precision: Precision,
    quantity: Decimal,
    unit_price: Decimal | None,
    discount_percent: Decimal | None,
    total: Decimal | None,
) -> PricedLine:
    """Compute a line. A total that is given wins: the discount, or the price, follows from it."""
    discount = discount_percent or Decimal(0)
    if total is not None:
        total = precision.amount(total)
        if unit_price is None:
            price = precision.price(total / quantity) if quantity else Decimal(0)
            return PricedLine(quantity, price, Decimal(0), price, total)
        unit_price = precision.price(unit_price)
        gross = unit_price * quantity
        if discount_percent is None:
            discount = rounded((1 - total / gross) * HUNDRED, precision.prices) if gross else Decimal(0)
        price = precision.price(total / quantity) if quantity else Decimal(0)
        return PricedLine(quantity, unit_price, discount, price, total)
    unit_price = precision.price(unit_price or Decimal(0))
    price = precision.price(unit_price * (HUNDRED - discount) / HUNDRED)
    return PricedLine(quantity, unit_price, discount, price, precision.amount(quantity * price))


@dataclass(frozen=True)
class Taxed:
    """An amount under a tax rate, of a line (``discountable``) or an expense."""

    amount: Decimal
    group: str
    rate: Decimal
    discountable: bool


@dataclass(frozen=True)
class Totals:
    """A document's totals in its own currency; ``taxes`` goes line by line, then expense by expense."""

    lines: Decimal
    discount_percent: Decimal
    discount: Decimal
    expenses: Decimal
    tax: Decimal
    total: Decimal
    rounding: Decimal
    """what the total was rounded by"""
    taxes: tuple[Decimal, ...]


def _discount(
    precision: Precision, lines: Decimal, percent: Decimal | None, amount: Decimal | None
) -> tuple[Decimal, Decimal]:
    if percent is not None:
        return percent, precision.amount(lines * percent / HUNDRED)
    if amount is not None and lines:
        return rounded(amount / lines * HUNDRED, 6), precision.amount(amount)
    return Decimal(0), Decimal(0)


def total(
    precision: Precision,
    parts: Sequence[Taxed],
    discount_percent: Decimal | None = None,
    discount_amount: Decimal | None = None,
    step: Decimal | None = None,
) -> Totals:
    """Sum a document up: the header's discount is taken off the lines before tax, never off the expenses.

    ``step``: what totals in the document's currency are rounded to (``Currencies.Rounding``).
    """
    lines = sum((part.amount for part in parts if part.discountable), Decimal(0))
    expenses = sum((part.amount for part in parts if not part.discountable), Decimal(0))
    percent, discount = _discount(precision, lines, discount_percent, discount_amount)
    factor = (HUNDRED - percent) / HUNDRED
    bases = [precision.amount(part.amount * factor) if part.discountable else part.amount for part in parts]
    taxes = [precision.amount(base * part.rate / HUNDRED) for base, part in zip(bases, parts, strict=True)]
    tax = sum(taxes, Decimal(0))
    if precision.vat_by == "group":
        by_group: dict[tuple[str, Decimal], Decimal] = {}
        for base, part in zip(bases, parts, strict=True):
            key = (part.group, part.rate)
            by_group[key] = by_group.get(key, Decimal(0)) + base
        tax = sum((precision.amount(base * rate / HUNDRED) for (_, rate), base in by_group.items()), Decimal(0))
    exact = lines - discount + expenses + tax
    whole = exact if step is None else rounded(exact / step, 0) * step
    return Totals(lines, percent, discount, expenses, tax, whole, whole - exact, tuple(taxes))
