"""What 1C must get of a random document: the whole bodies of счёт, реализация and счёт-фактура, computed apart.

БП takes Сумма and СуммаНДС of the rows as they are sent, and adds them up: that is computed here in whole kopecks from
the drawn lines. A body is looked at as it arrives, after a trip through JSON.
"""

from fractions import Fraction
from typing import Any

from shared.documents import Sale
from shared.refusals import Refusal
from shared.routes import Route
from tests.bodies import Named, item_key, onec_bodies
from tests.builders import onec_route, record_id
from tests.builders import route as built_route
from tests.properties.drawing import Booked, Case, rounded
from tests.properties.expecting import DATES, cents, expect, nets, taxes, total

WAREHOUSE, FREIGHT = record_id(8, 0x6A), record_id(9, 0x6A)
BOOKS = onec_route()["onec"] | {"warehouse": str(WAREHOUSE), "freight_item": str(FREIGHT), "schet_faktura": "create"}
WRITE_IN = BOOKS["write_in_item"]
LABELS = {"22": "НДС22", "10": "НДС10", "7": "НДС7", "5": "НДС5", "0": "НДС0", "none": "БезНДС"}
SCHET, ACT, FAKTURA = "СчетНаОплатуПокупателю", "РеализацияТоваровУслуг", "СчетФактураВыданный"


def route(case: Case) -> Route:
    """Give a route for an invoice or an order; ``more``: an invoice also ships, an order also gets its счёт."""
    of_order = case.table == "salesorder"
    return built_route(
        way="2A" if of_order else "2B",
        create_invoice=of_order and case.more,
        dates=DATES,
        tax_inside=case.tax_inside,
        freight_rate=case.freight_rate,
        onec=BOOKS | {"realizatsiya": not of_order and case.more},
    )


def bodies(sale: Sale, own: Route) -> Named:
    """Let the product make every document of the sale. Raises Refused."""
    return onec_bodies(sale, own)


def check_refusal(case: Case, reason: Refusal) -> None:
    """Only what 1C has no digits for may be refused."""
    finer = case.quantity_digits > 3 or case.price_digits > 2
    finer = finer or any(amount.denominator > 1 for amount in (*nets(case), *taxes(case)))
    expect(right=reason.code == "precision" and finer, what="1C", case=case, found=reason)


def check(case: Case, title: str, body: dict[str, Any]) -> None:
    """Hold a body against what was drawn."""
    if title == FAKTURA:
        sums = (_kopecks(body["СуммаДокумента"]), _kopecks(body["СуммаНДСДокумента"]))
        expect(right=sums == (total(case), sum(taxes(case))), what="счёт-фактура", case=case, found=body)
        return
    goods = [line for line in case.lines if line.is_goods]
    services = [line for line in case.lines if not line.is_goods]
    sections = {"Товары": case.lines} if title == SCHET else {"Товары": goods, "Услуги": services}
    paid = sum(_check_section(case, title, body, name, lines) for name, lines in sections.items())
    expect(right=paid == total(case), what=f"{title}: total", case=case, found=body)
    head = {
        "СуммаВключаетНДС": case.tax_inside,
        "ДокументБезНДС": all(line.rate == "none" for line in case.lines),
        "ВидОперации": "ТоварыИУслуги",
        "Склад_Key": str(WAREHOUSE),
    }
    if title == ACT:
        both = "ПродажаКомиссия" if services else "Товары"
        head["ВидОперации"] = both if goods else "Услуги"
        head["Склад_Key"] = str(WAREHOUSE) if goods else None
    found = {name: body.get(name) for name in head}
    expect(right=found == head, what=f"{title}: header, expected {head}", case=case, found=found)


def titles(case: Case) -> list[str]:
    """Give the documents that the sale must become."""
    of_order = case.table == "salesorder"
    wanted = [SCHET] if case.more or not of_order else []
    if case.more or of_order:
        with_vat = any(line.rate != "none" for line in case.lines)
        wanted += [ACT, FAKTURA] if with_vat else [ACT]
    return wanted


def _check_section(case: Case, title: str, body: dict[str, Any], name: str, lines: list[Booked]) -> Fraction:
    """Hold the rows of a section against the lines; give what they add up to in 1C."""
    rows = body[name]
    expect(right=len(rows) == len(lines), what=f"{title}.{name}", case=case, found=rows)
    for position, (row, line) in enumerate(zip(rows, lines, strict=True), start=1):
        amount = line.net + (line.tax if case.tax_inside else 0)
        wanted = {
            "LineNumber": str(position),
            "Количество": line.quantity,
            "Цена": Fraction(rounded(cents(amount, case) / line.quantity), 100),
            "Сумма": cents(amount, case) / 100,
            "СуммаНДС": cents(line.tax, case) / 100,
            "СтавкаНДС": LABELS[line.rate],
            "Номенклатура" if title == SCHET else "Номенклатура_Key": _wanted_item(line),
        }
        found = {column: row.get(column) for column in wanted}
        expect(right=found == wanted, what=f"{title}.{name}, expected {wanted}", case=case, found=found)
    added = sum((_kopecks(row["Сумма"]) for row in rows), Fraction(0))
    return added if case.tax_inside else added + sum((_kopecks(row["СуммаНДС"]) for row in rows), Fraction(0))


def _wanted_item(line: Booked) -> str:
    if line.product:
        return str(item_key(line.product))
    return str(FREIGHT) if line.kind == "freight" else str(WRITE_IN)


def _kopecks(amount: Any) -> Fraction:
    return Fraction(amount) * 100
