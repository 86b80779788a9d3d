"""From a canonical invoice to the bodies that 1С:Бухгалтерия 3.0 takes. Pure: no I/O, Decimal only.

Names, lengths and number formats are those of the configuration's metadata, release 3.0.151. Ledger accounts are never
sent: БП fills them for a user who doesn't manage them. ``СуммаДокумента`` is not sent either: БП computes it from the
rows on save, so the answer tells what the books hold.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from shared.books import OnecBooks
from shared.documents import Line, Sale
from shared.errors import Refused
from shared.money import fits, rounded
from shared.onec import names, odata
from shared.onec.cards import Body, shortened
from shared.onec.odata import Row
from shared.rates import rate_name
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


# --- the document


def rows(sale: Sale, route: Route) -> list[Body]:
    """Give the rows of Товары[] without their items, every amount checked against what 1C can hold and computes.

    Refused: no_lines, precision, number_too_large, quantity_not_positive, amount_negative, line_without_product,
    rate_not_allowed, tax_differs, total_not_reachable.
    """
    made = [_row(position, line, sale, route) for position, line in enumerate(sale.lines, start=1)]
    if not made:
        raise Refused(refusal("no_lines"))
    # What БП computes on save: the rows' sums, and their tax because СуммаВключаетНДС is false.
    computed = sum((line.net + line.tax for line in sale.lines), Decimal(0))
    if computed > MAX_AMOUNT:
        raise Refused(
            refusal("number_too_large", line=sale.lines[-1].number, field="totalamount", value=f"{computed:f}")
        )
    if computed != sale.total:
        raise total_differs(computed, sale)
    return made


def total_differs(computed: Decimal, sale: Sale, number: str = "", key: str = "") -> Refused:
    """Give the refusal for a sum that 1C computes otherwise; number and key are those of a document already written."""
    field = f"totalamount, СчетНаОплатуПокупателю {number}" if number else "totalamount"
    difference = computed - sale.total
    return Refused(
        refusal("total_not_reachable", accounting=computed, crm=sale.total, field=field, difference=difference),
        number,
        key,
    )


def _row(position: int, line: Line, sale: Sale, route: Route) -> Body:
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
    _check_rate(line, sale, route)
    # A discount goes into the price. Сумма is what counts: in a счёт it need not be Цена × Количество.
    price = line.net / line.quantity
    if price > MAX_AMOUNT:
        raise Refused(refusal("number_too_large", line=line.number, field="priceperunit", value=f"{price:.2f}"))
    row: Body = {
        "LineNumber": str(position),
        "Количество": quantity,
        "Цена": rounded(price, KOPECK),
        "Сумма": net,
        "СтавкаНДС": VAT[line.rate],
        "СуммаНДС": tax,
    }
    if line.description.strip():
        row["Содержание"] = shortened(line.description, 1000)
    return row


def _held(line: Line, field: str, value: Decimal, unit: Decimal, largest: Decimal) -> Decimal:
    """Give a number with as many digits as 1C keeps, or refuse it: nothing is rounded, nothing overflows."""
    if abs(value) > largest:
        raise Refused(refusal("number_too_large", line=line.number, field=field, value=f"{value:f}"))
    if not fits(value, unit):
        digits = -int(unit.as_tuple().exponent)
        raise Refused(refusal("precision", line=line.number, field=field, value=value, digits=digits))
    return value.quantize(unit)


def _check_rate(line: Line, sale: Sale, route: Route) -> None:
    allowed = [rate for rate in route.allowed_rates(sale.shipment_date) if rate in VAT]
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


def document(
    sale: Sale,
    comment: str,
    books: OnecBooks,
    *,
    counterparty: UUID,
    contract: UUID,
    settlement: Settlement,
    rows: Sequence[Body],
    items: Mapping[UUID, UUID],
) -> Body:
    """Give a new Document_СчетНаОплатуПокупателю. ``items``: id of a product in the CRM → its Ref_Key."""
    body: Body = {
        "Date": f"{moment(sale.document_date):%Y-%m-%dT%H:%M:%S}",
        "ВидОперации": "ТоварыИУслуги",
        "Организация_Key": str(books.organization),
        "ОрганизацияПолучатель_Key": str(books.organization),
        "СтруктурнаяЕдиница_Key": str(books.bank_account),
        "Контрагент_Key": str(counterparty),
        "ДоговорКонтрагента_Key": str(contract),
        "ВалютаДокумента_Key": str(settlement.currency),
        "КурсВзаиморасчетов": settlement.rate,
        "КратностьВзаиморасчетов": str(settlement.multiplicity),
        "СуммаВключаетНДС": False,
        "ДокументБезНДС": all(line.rate is None for line in sale.lines),
        "Комментарий": comment,
        "Товары": [
            {
                **row,
                "Номенклатура": str(items[line.product.id] if line.product else books.write_in_item),
                "Номенклатура_Type": f"StandardODATA.{names.ITEMS}",
            }
            for row, line in zip(rows, sale.lines, strict=True)
        ],
    }
    if books.warehouse is not None:
        body["Склад_Key"] = str(books.warehouse)
    return body


# --- what the base holds


@dataclass(frozen=True)
class Marker:
    """What Комментарий says of the version that was written."""

    version: int
    hash: str


_MARKER = re.compile(r"CRM .* · v(\d{1,19}) · ([0-9a-f]{16,64})", re.DOTALL)


def marker(number: str, version: int, content_hash: str) -> str:
    """Give the Комментарий by which a later look-up recognises its own write."""
    return f"CRM {number} · v{version} · {content_hash}"


def read_marker(comment: object) -> Marker | None:
    """Read a Комментарий; None where a person has edited it, which says nothing about the version."""
    found = _MARKER.fullmatch(comment.strip()) if isinstance(comment, str) else None
    return Marker(int(found[1]), found[2]) if found else None


def differences(held: Row, sale: Sale, rows: Sequence[Body]) -> list[str]:
    """Name the properties in which a document of the base differs from what would be written."""
    total = odata.number(held, "СуммаДокумента")
    differing = [] if total is None or total == sale.total else ["СуммаДокумента"]
    if not isinstance(held.get("Товары"), list):
        return differing  # the answer to a creation need not carry the rows
    lines = sorted(held["Товары"], key=lambda line: int(line["LineNumber"]))
    if len(lines) != len(rows):
        return [*differing, "Товары"]
    for line, row in zip(lines, rows, strict=True):
        differing += [
            f"Товары[{row['LineNumber']}].{name}"
            for name in ("Количество", "Цена", "Сумма", "СуммаНДС")
            if odata.number(line, name) != row[name]
        ]
        if line.get("СтавкаНДС") != row["СтавкаНДС"]:
            differing.append(f"Товары[{row['LineNumber']}].СтавкаНДС")
    return differing
