"""What Business One will compute from the lines we send, computed first: a difference is refused before it is posted.

Its rules (“Calculation of marketing documents” as seen in the product): the unit price is rounded to PriceAccuracy, the
row total is quantity × price rounded to TotalsAccuracy, the tax is row total × rate rounded the same, by row or once a
VAT group. Rounding is half away from zero; our amounts are never negative. Freight and the lines of a service document
are totals of their own.

``LineTotal`` of an item is not sent: how Service Layer derives the price from it differs between versions (SAP note
3697554), so a net amount that no price reaches is a refusal, not a guess.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.documents import Line, Sale
from shared.errors import Refused
from shared.money import fits, rounded
from shared.refusals import refusal
from shared.sapb1.company import Company

HUNDRED = Decimal(100)
NOTHING = Decimal(0)
LARGEST = Decimal(10) ** 13
"""Amounts, prices and quantities are numeric(19,6) in the database."""


@dataclass(frozen=True)
class Terms:
    """What a document and its route add to the arithmetic."""

    tolerance: Decimal = NOTHING
    """how far SAP's total may be from the CRM's"""
    by_total: bool = False
    """a service document: its lines are totals, without quantity and price"""
    own_tax: bool = False
    """sales tax: codes combine taxes of their own, so only a draft can tell what comes out"""


USUAL = Terms()


def unit_prices(sale: Sale, company: Company, terms: Terms = USUAL) -> list[Decimal]:
    """Give what is sent of each line, in the document's currency: its UnitPrice, or its total where it has no price.

    Raises Refused (``total_not_reachable``, ``precision``, ``quantity_not_positive``, ``amount_negative``,
    ``number_too_large``) where Business One would arrive at other amounts than the CRM.
    """
    prices = [_price(line, company, terms) for line in sale.lines]
    exact = not terms.tolerance
    nets = [
        line.net if _by_total(line, terms) else rounded(line.quantity * price, company.unit)
        for line, price in zip(sale.lines, prices, strict=True)
    ]
    if exact:
        for line, net in zip(sale.lines, nets, strict=True):
            _same(net, line.net, f"line {line.number}: net")
    if not terms.own_tax:
        taxes = _check_tax(sale, nets, company, exact=exact)
        _same(sum(nets, taxes), sale.total, "total", terms.tolerance)
    for field, header, summed in (
        ("net", sale.net, sum((line.net for line in sale.lines), NOTHING)),
        ("tax", sale.tax, sum((line.tax for line in sale.lines), NOTHING)),
        ("total", sale.total, sum((line.gross for line in sale.lines), NOTHING)),
    ):
        _same(summed, header, field)
    return prices


def _by_total(line: Line, terms: Terms) -> bool:
    return terms.by_total or line.kind == "freight"


def _price(line: Line, company: Company, terms: Terms) -> Decimal:
    """Prefer the price that the manager wrote, where it gives the net amount; else what the net amount makes it."""
    if line.quantity <= 0:
        raise Refused(refusal("quantity_not_positive", line=line.number, value=_plain(line.quantity)))
    for amount in (line.net, line.tax):
        if amount < 0:
            raise Refused(refusal("amount_negative", line=line.number, value=_plain(amount)))
    for field, value, digits in (
        ("quantity", line.quantity, company.quantities),
        ("net", line.net, company.totals),
        ("tax", line.tax, company.totals),
    ):
        _holds(line, field, value)
        if not fits(value, Decimal(1).scaleb(-digits)):
            value_shown = _plain(value)
            raise Refused(refusal("precision", line=line.number, field=field, value=value_shown, digits=digits))
    if _by_total(line, terms):
        return line.net
    _holds(line, "price", max(line.price, line.net / line.quantity))
    unit = Decimal(1).scaleb(-company.prices)
    price = line.price
    if price < 0 or not fits(price, unit) or rounded(line.quantity * price, company.unit) != line.net:
        price = rounded(line.net / line.quantity, unit)
    return price


def _holds(line: Line, field: str, value: Decimal) -> None:
    if value >= LARGEST:
        raise Refused(refusal("number_too_large", line=line.number, field=field, value=_plain(value)))


def _check_tax(sale: Sale, nets: Sequence[Decimal], company: Company, *, exact: bool) -> Decimal:
    """Give the tax that Business One computes; refuse one that is not the CRM's, where ``exact``."""
    if not company.tax_by_group:
        total = NOTHING
        for line, net in zip(sale.lines, nets, strict=True):
            computed = rounded(net * (line.rate or NOTHING) / HUNDRED, company.unit)
            if exact:
                _same(computed, line.tax, f"line {line.number}: tax")
            total += computed
        return total
    bases: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    stated: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for line, net in zip(sale.lines, nets, strict=True):
        bases[line.rate] += net
        stated[line.rate] += line.tax
    taxes = {rate: rounded(net * (rate or NOTHING) / HUNDRED, company.unit) for rate, net in bases.items()}
    for rate, tax in taxes.items() if exact else ():
        _same(tax, stated[rate], f"tax {_plain(rate or NOTHING)} %")
    return sum(taxes.values(), NOTHING)


def _same(accounting: Decimal, crm: Decimal, field: str, tolerance: Decimal = NOTHING) -> None:
    if abs(accounting - crm) > tolerance:
        raise not_reachable(accounting, crm, field)


def not_reachable(accounting: Decimal, crm: Decimal, field: str) -> Refused:
    """Refuse a figure that accounting would compute otherwise."""
    shown = {"accounting": accounting, "crm": crm, "difference": accounting - crm}
    return Refused(
        refusal("total_not_reachable", field=field, **{name: _plain(value) for name, value in shown.items()})
    )


def _plain(value: Decimal) -> str:
    return format(value, "f")
