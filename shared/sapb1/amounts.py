"""What Business One will compute from the lines we send, computed first: a difference is refused before it is posted.

Its rules (“Calculation of marketing documents” as seen in the product): the unit price is rounded to PriceAccuracy, the
row total is quantity × price rounded to TotalsAccuracy, the tax is row total × rate rounded the same, by row or once a
VAT group. Rounding is half away from zero; our amounts are never negative.

``LineTotal`` is not sent: how Service Layer derives the price from it differs between versions (SAP note 3697554), so a
net amount that no price reaches is a refusal, not a guess.
"""

from collections import defaultdict
from decimal import Decimal

from shared.documents import Line, Sale
from shared.errors import Refused
from shared.money import fits, rounded
from shared.refusals import refusal
from shared.sapb1.company import Company

HUNDRED = Decimal(100)
LARGEST = Decimal(10) ** 13
"""Amounts, prices and quantities are numeric(19,6) in the database."""


def unit_prices(sale: Sale, company: Company) -> list[Decimal]:
    """Give the UnitPrice of each line, in the document's currency.

    Raises Refused (``total_not_reachable``, ``precision``, ``quantity_not_positive``, ``amount_negative``) where
    Business One would arrive at other amounts than the CRM.
    """
    prices = [_unit_price(line, company) for line in sale.lines]
    _check_tax(sale, company)
    for field, header, summed in (
        ("net", sale.net, sum((line.net for line in sale.lines), Decimal(0))),
        ("tax", sale.tax, sum((line.tax for line in sale.lines), Decimal(0))),
        ("total", sale.total, sum((line.gross for line in sale.lines), Decimal(0))),
    ):
        _same(summed, header, field)
    return prices


def _unit_price(line: Line, company: Company) -> Decimal:
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
    _holds(line, "price", max(line.price, line.net / line.quantity))
    unit = Decimal(1).scaleb(-company.prices)
    price = line.price
    if price < 0 or not fits(price, unit) or rounded(line.quantity * price, company.unit) != line.net:
        price = rounded(line.net / line.quantity, unit)
    _same(rounded(line.quantity * price, company.unit), line.net, f"line {line.number}: net")
    return price


def _holds(line: Line, field: str, value: Decimal) -> None:
    if value >= LARGEST:
        raise Refused(refusal("number_too_large", line=line.number, field=field, value=_plain(value)))


def _check_tax(sale: Sale, company: Company) -> None:
    if not company.tax_by_group:
        for line in sale.lines:
            computed = rounded(line.net * (line.rate or Decimal(0)) / HUNDRED, company.unit)
            _same(computed, line.tax, f"line {line.number}: tax")
        return
    nets: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    taxes: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for line in sale.lines:
        nets[line.rate] += line.net
        taxes[line.rate] += line.tax
    for rate, net in nets.items():
        percent = rate or Decimal(0)
        _same(rounded(net * percent / HUNDRED, company.unit), taxes[rate], f"tax {_plain(percent)} %")


def _same(accounting: Decimal, crm: Decimal, field: str) -> None:
    if accounting != crm:
        raise Refused(
            refusal(
                "total_not_reachable",
                accounting=_plain(accounting),
                crm=_plain(crm),
                field=field,
                difference=_plain(accounting - crm),
            )
        )


def _plain(value: Decimal) -> str:
    return format(value, "f")
