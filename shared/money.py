"""Arithmetic on amounts: Decimal only, rounding stated."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext

EXACT = Context(prec=60)
"""Arithmetic with room for the product of any two amounts that a system holds."""


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Round half up to a multiple of the unit, as accountants and both target systems do."""
    return amount.quantize(unit, rounding=ROUND_HALF_UP, context=EXACT)


def fits(amount: Decimal, unit: Decimal) -> bool:
    """Say whether the amount is a whole number of units."""
    return amount == amount.quantize(unit, rounding=ROUND_DOWN, context=EXACT)


def allocate(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Share an amount by non-negative weights into whole units whose sum is exactly the amount.

    Largest remainder; among equals the earlier gets the unit. With all weights zero the amount must be zero.
    """
    total = sum(weights, Decimal(0))
    if not total:
        if amount:
            raise ValueError("an amount can't be shared among weights that are all zero")
        return [Decimal(0) for _ in weights]
    with localcontext(EXACT):
        shares = [(amount * weight / total).quantize(unit, rounding=ROUND_DOWN) for weight in weights]
        # Times the total, because a quotient without end would make equal remainders unequal.
        remainders = [abs(amount * weight - share * total) for weight, share in zip(weights, shares, strict=True)]
    missing = int((amount - sum(shares, Decimal(0))) / unit)
    step = unit if missing > 0 else -unit
    by_remainder = sorted(range(len(shares)), key=lambda index: -remainders[index])
    for index in by_remainder[: abs(missing)]:
        shares[index] += step
    return shares
