"""From the lines of a sale to the amounts that rows of 1С:Бухгалтерия 3.0 hold. Pure: no I/O, Decimal only.

Lengths and number formats are those of the configuration's metadata, release 3.0.151. Everything that can't be held or
would be computed otherwise is refused here, before anything is written.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from shared.documents import Line, Sale
from shared.errors import Refused
from shared.fieldmap import to_send
from shared.money import fits, rounded
from shared.onec.cards import Body, shortened
from shared.rates import Rate, rate_name
from shared.refusals import refusal
from shared.routes import Route

KOPECK = Decimal("0.01")
THOUSANDTH = Decimal("0.001")
MAX_AMOUNT = Decimal("9999999999999.99")
"""decimal(15,2)"""
MAX_QUANTITY = Decimal("999999999999.999")
"""decimal(15,3)"""
VAT = {
    Decimal(22): "НДС22",
    Decimal(20): "НДС20",
    Decimal(10): "НДС10",
    Decimal(7): "НДС7",
    Decimal(5): "НДС5",
    Decimal(0): "НДС0",
    None: "БезНДС",
}
"""Tax rate → Enum_СтавкиНДС; ``None`` is without VAT, which is not 0 %."""

NOON = time(12)


@dataclass(frozen=True)
class Settlement:
    """A currency in 1C, and its rate on the document's day: ``rate`` roubles for ``multiplicity`` units."""

    currency: UUID
    rate: Decimal = Decimal(1)
    multiplicity: int = 1


def moment(day: date) -> datetime:
    """Give the ``Date`` of a document: noon.

    1C orders a day's documents by their time. Midnight is the first moment of the day, before what is entered with
    automatic time, and a reader that takes the wall clock for UTC would move it to the day before; noon stays.
    """
    return datetime.combine(day, NOON)


def rows(sale: Sale, route: Route, *, ships: bool = False) -> list[Body]:
    """Give a row for every line, without its item, every amount checked against what 1C can hold and computes.

    ``ships``: they also stand in a реализация, whose rates are those of the day of shipment and no other.

    Refused: no_lines, precision, number_too_large, quantity_not_positive, amount_negative, line_without_product,
    rate_not_allowed, tax_differs, total_not_reachable.
    """
    allowed = rates(sale, route, ships=ships)
    made = [_row(position, line, sale, allowed) for position, line in enumerate(sale.lines, start=1)]
    if not made:
        raise Refused(refusal("no_lines"))
    # What БП computes on save: the rows' sums, and their tax too where СуммаВключаетНДС is false.
    computed = sum((line.net + line.tax for line in sale.lines), Decimal(0))
    if computed > MAX_AMOUNT:
        raise Refused(
            refusal("number_too_large", line=sale.lines[-1].number, field="totalamount", value=f"{computed:f}")
        )
    if computed != sale.total:
        raise total_differs(computed, sale)
    return made


def rates(sale: Sale, route: Route, *, ships: bool) -> tuple[Rate, ...]:
    """Give the rates that a line may have: those of the day of shipment; of a счёт also those that its date allows."""
    allowed = route.allowed_rates(sale.shipment_date, None if ships else sale.document_date)
    return tuple(dict.fromkeys(rate for rate in allowed if rate in VAT))


def total_differs(computed: Decimal, sale: Sale, document: str = "", number: str = "", key: str = "") -> Refused:
    """Give the refusal for a sum that 1C computes otherwise; the rest is of a document that is already written."""
    field = f"totalamount, {document}" if document else "totalamount"
    difference = computed - sale.total
    return Refused(
        refusal("total_not_reachable", accounting=computed, crm=sale.total, field=field, difference=difference),
        number,
        key,
    )


def _row(position: int, line: Line, sale: Sale, allowed: tuple[Rate, ...]) -> Body:
    if line.quantity <= 0:
        raise Refused(refusal("quantity_not_positive", line=line.number, value=line.quantity))
    if line.net < 0 or line.tax < 0:
        raise Refused(refusal("amount_negative", line=line.number, value=min(line.net, line.tax)))
    quantity = _held(line, "quantity", line.quantity, THOUSANDTH, MAX_QUANTITY)
    _held(line, "priceperunit", line.price, KOPECK, MAX_AMOUNT)
    net = _held(line, "extendedamount", line.net, KOPECK, MAX_AMOUNT)
    tax = _held(line, "tax", line.tax, KOPECK, MAX_AMOUNT)
    if line.product is None and not line.description.strip():
        raise Refused(refusal("line_without_product", line=line.number))
    _check_rate(line, sale, allowed)
    # A discount goes into the price, to the kopeck. Сумма is what counts: it need not be Цена × Количество.
    amount = net + tax if sale.tax_inside else net
    price = amount / line.quantity
    if price > MAX_AMOUNT:
        raise Refused(refusal("number_too_large", line=line.number, field="priceperunit", value=f"{price:.2f}"))
    row: Body = {
        "LineNumber": str(position),
        "Количество": quantity,
        "Цена": rounded(price, KOPECK),
        "Сумма": amount,
        "СтавкаНДС": VAT[line.rate],
        "СуммаНДС": tax,
    }
    if line.description.strip():
        row["Содержание"] = shortened(line.description, 1000)
    return row | to_send(line.extras, None)


def _held(line: Line, field: str, value: Decimal, unit: Decimal, largest: Decimal) -> Decimal:
    """Give a number with as many digits as 1C keeps, or refuse it: nothing is rounded, nothing overflows."""
    if abs(value) > largest:
        raise Refused(refusal("number_too_large", line=line.number, field=field, value=f"{value:f}"))
    if not fits(value, unit):
        digits = -int(unit.as_tuple().exponent)
        raise Refused(refusal("precision", line=line.number, field=field, value=value, digits=digits))
    return value.quantize(unit)


def _check_rate(line: Line, sale: Sale, allowed: tuple[Rate, ...]) -> None:
    rate = rate_name(line.rate)
    if line.rate not in allowed:
        known = ", ".join(rate_name(rate) for rate in allowed)
        raise Refused(refusal("rate_not_allowed", line=line.number, rate=rate, date=sale.shipment_date, known=known))
    if not line.rate and line.tax:
        raise Refused(
            refusal(
                "tax_differs",
                line=line.number,
                tax=line.tax,
                rate=rate,
                net=line.net,
                expected=0,
                difference=line.tax,
            )
        )
