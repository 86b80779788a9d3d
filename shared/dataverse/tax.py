"""The tax of lines and freight: which rate applies, and whether the amount is its. Pure.

The rate comes from the configured column; where that is empty it is derived, and only where exactly one of the rates
in use fits. БезНДС and 0 % both fit a tax of nothing, so between them it is never derived. How far a tax may be off:

- with the rate given: one minor unit, because the CRM may round by line, by unit or down; a tax of 0 % or without VAT
  is nothing;
- with the rate derived: half a minor unit, the most that rounding can do.

Tax is entered in the CRM by people or a plug-in, and is that of what the customer pays for the line: after the line's
share of the header's discount.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from shared.dataverse.amounts import ZERO, LineAmounts, included_tax
from shared.dataverse.columns import Row, plain, text
from shared.documents import Line, Product, Unit
from shared.errors import Refused
from shared.money import rounded
from shared.rates import Rate, parse_rate, rate_name
from shared.refusals import refusal
from shared.routes import Route

FREIGHT = {"onec": "Доставка", "sapb1": "Freight"}
"""What a line of freight is called: by the accounting system, so that LANGUAGE changes no document's content."""


@dataclass(frozen=True)
class TaxRules:
    """What the tax of every line of one document is judged by."""

    route: Route
    column: str | None
    """of the line: holds the rate"""
    unit: Decimal
    shipped_on: date
    dated: date
    kept: bool = False
    """whether the CRM keeps the tax in the lines: then 0 is said, and not just left out"""

    @cached_property
    def allowed(self) -> tuple[Rate, ...]:
        """The rates in use."""
        return self.route.allowed_rates(self.shipped_on, self.dated)

    @property
    def known(self) -> str:
        """Their names, for a sentence."""
        return ", ".join(rate_name(rate) for rate in self.allowed) or "–"


@dataclass(frozen=True)
class Draft:
    """A line before the header's discount is shared and its tax is checked."""

    row: Row
    id: UUID
    number: int
    product: Product | None
    unit: Unit | None
    description: str
    amounts: LineAmounts


def taxed(draft: Draft, amount: Decimal, rules: TaxRules) -> Line:
    """Give the line for what is left of its amount after the header's discount. Refused where its tax is not right."""
    net, tax, rate = (_inside if rules.route.tax_inside else _on_top)(draft, amount, rules)
    return Line(
        id=draft.id,
        number=draft.number,
        product=draft.product,
        unit=draft.unit,
        description=draft.description,
        quantity=draft.amounts.quantity,
        price=draft.amounts.price,
        net=plain(net),
        tax=plain(tax),
        rate=rate,
    )


def freight(document: UUID, position: int, gross: Decimal, rules: TaxRules) -> Line:
    """Give the line for ``freightamount``, which includes its tax. Refused where the route names no rate for it.

    The header's discount does not touch it, and its tax is no part of ``totaltax``.
    """
    if rules.route.freight_rate is None:
        raise Refused(refusal("freight", value=gross))
    if gross < 0:
        raise Refused(refusal("amount_negative", line=position, value=gross))
    rate = parse_rate(rules.route.freight_rate)
    _check_allowed(rate, position, rules)
    net, tax = included_tax(gross, rate or ZERO, rules.unit)
    return Line(
        id=document,
        number=position,
        product=None,
        kind="freight",
        unit=None,
        description=FREIGHT[rules.route.target],
        quantity=Decimal(1),
        price=plain(gross if rules.route.tax_inside else net),
        net=plain(net),
        tax=plain(tax),
        rate=rate,
    )


def _on_top(draft: Draft, net: Decimal, rules: TaxRules) -> tuple[Decimal, Decimal, Rate]:
    tax = draft.amounts.tax or ZERO
    given = _given_rate(draft, rules)
    if given is not None:
        expected = rounded(net * (given.rate or ZERO) / 100, rules.unit)
        _check_tax(draft, tax, expected, net=net, rate=given.rate, rules=rules)
        return net, tax, given.rate
    fitting = [rate for rate in rules.allowed if abs(tax - net * (rate or ZERO) / 100) <= rules.unit / 2]
    return net, tax, _only(fitting, draft, net, tax)


def _inside(draft: Draft, gross: Decimal, rules: TaxRules) -> tuple[Decimal, Decimal, Rate]:
    stated = draft.amounts.tax if rules.kept else draft.amounts.tax or None
    given = _given_rate(draft, rules)
    if given is not None:
        net, tax = included_tax(gross, given.rate or ZERO, rules.unit)
        if stated is None:
            return net, tax, given.rate
        _check_tax(draft, stated, tax, net=gross - stated, rate=given.rate, rules=rules)
        return gross - stated, stated, given.rate
    if stated is None:
        if len(rules.allowed) != 1:
            raise Refused(refusal("rate_unknown", line=draft.number, known=rules.known))
        (only,) = rules.allowed
        return *included_tax(gross, only or ZERO, rules.unit), only
    fitting = [
        rate
        for rate in rules.allowed
        if abs(stated - gross * (rate or ZERO) / (100 + (rate or ZERO))) <= rules.unit / 2
    ]
    return gross - stated, stated, _only(fitting, draft, gross - stated, stated)


@dataclass(frozen=True)
class _Given:
    rate: Rate


def _given_rate(draft: Draft, rules: TaxRules) -> _Given | None:
    """Read the rate of the configured column; None where it is empty."""
    written = text(draft.row, rules.column)
    if not written:
        return None
    try:
        rate = parse_rate(written)
    except ValueError:
        shown = written[:20]
        raise Refused(
            refusal("rate_unreadable", line=draft.number, value=shown, field=rules.column, known=rules.known)
        ) from None
    _check_allowed(rate, draft.number, rules)
    return _Given(rate)


def _check_allowed(rate: Rate, position: int, rules: TaxRules) -> None:
    if rate not in rules.allowed:
        raise Refused(
            refusal("rate_not_allowed", line=position, rate=rate_name(rate), date=rules.shipped_on, known=rules.known)
        )


def _check_tax(draft: Draft, tax: Decimal, expected: Decimal, *, net: Decimal, rate: Rate, rules: TaxRules) -> None:
    difference = tax - expected
    if abs(difference) > (rules.unit if rate else ZERO) or net < 0:
        raise Refused(
            refusal(
                "tax_differs",
                line=draft.number,
                tax=tax,
                rate=rate_name(rate),
                net=net,
                expected=expected,
                difference=difference,
            )
        )


def _only(fitting: list[Rate], draft: Draft, net: Decimal, tax: Decimal) -> Rate:
    if len(fitting) != 1:
        names = ", ".join(rate_name(rate) for rate in fitting) or "–"
        raise Refused(refusal("rate_not_derivable", line=draft.number, tax=tax, net=net, fitting=names))
    return fitting[0]
