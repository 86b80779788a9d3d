"""Random documents of the CRM with what must come of them, computed apart: in fractions and whole minor units.

Nothing here uses the product's arithmetic. A document is drawn as Dataverse would compute it; now and then one figure
is then changed, and the refusal with its exact difference is expected.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from tests.builders import (
    RATE_COLUMN,
    UNIT_RU,
    invoice_row,
    line_row,
    order_row,
    product_row,
    record_id,
    write_in,
)

RATES = ("22", "10", "7", "5", "0", "none")
"""In use on the day of shipment; БезНДС and 0 % are never derived."""
PRECISIONS = (2, 2, 2, 2, 2, 2, 0, 3)


@dataclass
class Booked:
    """A line as the books must have it, in minor units."""

    number: int
    kind: str
    net: int
    tax: int
    rate: str
    quantity: Fraction = Fraction(1)
    product: str = ""
    """its number; a write-in and freight have none"""
    is_goods: bool = False


@dataclass
class Case:
    """A document's row, how it is exported, and what must come of it: lines, or a refusal."""

    row: dict[str, Any]
    table: str
    precision: int
    tax_inside: bool
    freight_rate: str | None
    lines: list[Booked]
    more: bool = False
    """whether the route asks for the documents that go with the main one"""
    code: str | None = None
    difference: int | None = None
    """of the refusal, in minor units"""
    quantity_digits: int = 0
    price_digits: int = 0
    changed: str = ""
    figures: dict[str, int] = field(default_factory=dict)


def percent(rate: str) -> int:
    """Give a rate as a number; without VAT the tax is nothing too."""
    return 0 if rate == "none" else int(rate)


def rounded(value: Fraction, *, even: bool = False) -> int:
    """Round a non-negative number of minor units: half up, or half to even."""
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest
    up = twice > value.denominator or (twice == value.denominator and (whole % 2 == 1 or not even))
    return whole + up


def shared(amount: int, weights: list[int]) -> list[int]:
    """Share by largest remainder; among equals the earlier gets more."""
    total = sum(weights)
    if not total:
        return [0 for _ in weights]
    shares = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in order[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def split(gross: int, rate: str) -> tuple[int, int]:
    """Split what is paid into net and the tax inside."""
    net = rounded(Fraction(gross * 100, 100 + percent(rate)))
    return net, gross - net


@dataclass
class _Line:
    row: dict[str, Any]
    kind: str
    amount: int
    rate: str
    derived: bool
    jitter: int
    counts: bool = True


class Drawer:
    """Draws one document after the other; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        """Take the seed."""
        self.random = Random(seed)  # noqa: S311 -- examples, no secrets

    def draw(self) -> Case:
        """Draw a document."""
        random = self.random
        precision = random.choice(PRECISIONS)
        case = Case(
            row={},
            table=random.choice(("invoice", "invoice", "salesorder")),
            precision=precision,
            tax_inside=random.random() < 0.25,
            freight_rate=random.choice((None, "22", "10", "0", "none")),
            lines=[],
            more=random.random() < 0.5,
        )
        per_unit = random.random() < 0.5
        tax_given = random.random() < 0.5
        write_ins = random.random() < 0.05
        places = range(1, random.randint(1, 7)) or (1,)
        drawn = [self._line(place, case, per_unit=per_unit, write_ins=write_ins) for place in places]
        self._bundle(drawn, case)
        self._complete(case, drawn, tax_given=tax_given, per_unit=per_unit)
        if case.code is None and random.random() < 0.3:
            self._change(case)
        return case

    def _money(self, value: int, precision: int) -> Decimal:
        return Decimal(value).scaleb(-precision)

    def _line(self, position: int, case: Case, *, per_unit: bool, write_ins: bool) -> _Line:
        random, precision = self.random, case.precision
        quantity_digits = random.choice((0, 0, 0, 0, 1, 3, 3, 5)) if random.random() < 0.3 else 0
        price_digits = precision if random.random() < 0.95 else 4
        quantity = random.randint(1, 20 * 10**quantity_digits)
        price = random.choice((0, 1, 9, 10**2, random.randint(1, 10**4), random.randint(1, 10**7)))
        volume = random.randint(0, price // 3) if random.random() < 0.2 else 0
        scale = Fraction(10**precision, 10 ** (quantity_digits + price_digits))
        even = random.random() < 0.5
        base = rounded(Fraction(quantity * (price - volume)) * scale, even=even)
        factor = Fraction(quantity, 10**quantity_digits) if per_unit else Fraction(1)
        manual = random.randint(0, int(base / factor)) if random.random() < 0.3 else 0
        amount = rounded(base - manual * factor, even=even)
        rate = random.choice(RATES)
        common = {"position": position, "quantity": "1"}
        by_hand = 1.0 if write_ins else 0.15
        row = write_in(f"Write-in {position}", **common) if random.random() < by_hand else self._product_row(position)
        row |= {
            "quantity": self._money(quantity, quantity_digits),
            "priceperunit": self._money(price, price_digits),
            "volumediscountamount": self._money(volume, price_digits) if volume else None,
            "baseamount": self._money(base, precision),
            "manualdiscountamount": self._money(manual, precision) if manual else None,
            "producttypecode": 1,
        }
        jitter = random.choice((-1, 1)) if random.random() < 0.05 and percent(rate) else 0
        return _Line(row, "product" if row["productid"] else "write_in", amount, rate, random.random() < 0.07, jitter)

    def _product_row(self, position: int) -> dict[str, Any]:
        is_service = self.random.random() < 0.4
        product = product_row(record_id(position, 0x3A), service=is_service, productnumber=f"P-{position}")
        return line_row(position=position, product=product)

    def _bundle(self, drawn: list[_Line], case: Case) -> None:
        """Make the first line a bundle with a price, now and then, and the last its required product."""
        if len(drawn) < 2 or self.random.random() > 0.1:
            return
        head, part = drawn[0], drawn[-1]
        if head.kind != "product" or part.kind != "product" or not head.row["priceperunit"]:
            return
        head.row["producttypecode"] = 2
        part.row |= {"producttypecode": 3, "parentbundleid": head.row["invoicedetailid"]}
        part.counts = False
        case.figures["bundles"] = 1

    def _complete(self, case: Case, drawn: list[_Line], *, tax_given: bool, per_unit: bool) -> None:
        random, precision = self.random, case.precision
        counted = [line for line in drawn if line.counts]
        case.quantity_digits = max(_digits(line.row["quantity"]) for line in counted)
        case.price_digits = max(_digits(line.row["priceperunit"]) for line in counted)
        amounts = [line.amount for line in counted]
        detail = sum(amounts)
        given = random.randint(0, detail) if detail and random.random() < 0.2 else 0
        hundredths = random.randint(1, 9999) if random.random() < 0.2 else 0
        columns: dict[str, int] = {}
        if case.tax_inside and tax_given:
            # The share of the discount moves the tax, the tax moves the sum that a percentage is taken of.
            hundredths = 0
        discount = given + rounded(Fraction(detail * hundredths, 10000))
        if discount > detail:
            given, hundredths, discount = 0, 0, 0
        shares = shared(discount, amounts)
        column_sum = 0
        for line, share in zip(counted, shares, strict=True):
            column_sum += self._tax(case, line, line.amount - share, tax_given=tax_given)
        for line in drawn:
            if not line.counts:
                line.row |= {"tax": None, "extendedamount": Decimal(0), RATE_COLUMN: None}
        freight = random.randint(1, 10**5) if case.freight_rate and random.random() < 0.4 else 0
        if freight and case.freight_rate:
            net, tax = split(freight, case.freight_rate)
            number = max(line.row["lineitemnumber"] for line in counted) + 1
            case.lines.append(Booked(number, "freight", net, tax, case.freight_rate))
        columns |= {
            "totallineitemamount": detail - (column_sum if case.tax_inside else 0),
            "discountamount": given,
            "totaldiscountamount": discount,
            "freightamount": freight,
            "totaltax": column_sum,
            "totalamount": detail - discount + freight + (0 if case.tax_inside else column_sum),
        }
        make = invoice_row if case.table == "invoice" else order_row
        case.row = make(*(line.row for line in drawn)) | {
            name: self._money(value, precision) for name, value in columns.items()
        }
        case.row |= {
            "discountpercentage": self._money(hundredths, 2) if hundredths else None,
            "transactioncurrencyid": {"isocurrencycode": "EUR", "currencyprecision": precision},
            "organization.discountcalculationmethod": int(per_unit),
            "_owningbusinessunit_value": str(UNIT_RU),
        }

    def _tax(self, case: Case, line: _Line, amount: int, *, tax_given: bool) -> int:
        """Settle a line's tax and its columns; give what its tax column holds."""
        rate, number = line.rate, line.row["lineitemnumber"]
        if case.tax_inside:
            net, tax = split(amount, rate)
            column = tax if tax_given else 0
            extended = line.amount
            if line.derived and case.code is None and not _derivable(amount, column, rate, inside=True):
                case.code = "rate_not_derivable" if column else "rate_unknown"
        else:
            net, tax = amount, rounded(Fraction(amount * percent(rate), 100))
            if not line.derived:
                tax = max(0, tax + line.jitter)
            column, extended = tax, line.amount + tax
            if line.derived and case.code is None and not _derivable(net, tax, rate, inside=False):
                case.code = "rate_not_derivable"
        line.row |= {
            "tax": self._money(column, case.precision) if column or not case.tax_inside else None,
            "extendedamount": self._money(extended, case.precision),
            RATE_COLUMN: None if line.derived else rate,
        }
        product = line.row["productid"] or {}
        case.lines.append(
            Booked(
                number,
                line.kind,
                net,
                tax,
                rate,
                Fraction(line.row["quantity"]),
                product.get("productnumber", ""),
                product.get("producttypecode") == 1,
            )
        )
        return column

    def _change(self, case: Case) -> None:
        """Change one figure, and say what refusal must come of it."""
        random, row = self.random, case.row
        by = random.choice((-7, -3, -2, 2, 3, 1000))
        what = random.choice(("totallineitemamount", "totaltax", "totalamount", "totaldiscountamount", "baseamount"))
        step = self._money(by, case.precision)
        if what == "baseamount":
            lines = row["invoice_details" if case.table == "invoice" else "order_details"]
            lines[0]["baseamount"] += step
            case.code = "line_arithmetic"
        elif what == "totallineitemamount" and case.tax_inside:
            return
        else:
            row[what] += step
            case.difference = by if what == "totaldiscountamount" else -by
            case.code = "discount_differs" if what == "totaldiscountamount" else "sum_differs"
        case.changed = what
        case.lines = []


def _digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _derivable(amount: int, tax: int, rate: str, *, inside: bool) -> bool:
    """Whether exactly this rate fits, within half a minor unit."""
    if inside and not tax:
        return False
    fitting = []
    for name in RATES:
        of = percent(name)
        exact = Fraction(amount * of, 100 + of if inside else 100)
        if abs(tax - exact) <= Fraction(1, 2):
            fitting.append(name)
    return fitting == [rate]
