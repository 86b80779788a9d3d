"""The bodies of the documents that a sale becomes in 1С:Бухгалтерия 3.0. Pure.

Names are those of the configuration's metadata, release 3.0.151. Ledger accounts are never sent: БП fills them for a
user who doesn't manage them. ``СуммаДокумента`` of a счёт or a реализация is not sent either: БП computes it from the
rows on save, so the answer tells what the books hold. Комментарий and Number are added where a body is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.books import OnecBooks
from shared.documents import Line, Sale
from shared.errors import Refused
from shared.fieldmap import to_send
from shared.onec import names
from shared.onec.cards import Body
from shared.onec.mapping import Settlement, moment
from shared.refusals import refusal
from shared.routes import Route

MAX_NUMBER = 11
GOODS_AND_SERVICES = "ПродажаКомиссия"
"""«Товары, услуги, комиссия»: the operation that clears neither section; Enum_ВидыОперацийРеализацияТоваров"""
BY_SHIPMENT = "01"
"""КодВидаОперации of a счёт-фактура: shipment of goods, work and services (ФНС, приказ ММВ-7-3/136@)"""
ON_PAPER = Decimal(1)
"""КодСпособаВыставления that the form of 1C proposes; ЭДО sets its own"""


@dataclass(frozen=True)
class Parts:
    """What the documents of one sale refer to in the base."""

    counterparty: UUID
    contract: UUID
    items: Mapping[UUID, UUID]
    """id of a product in the CRM → its Ref_Key"""
    settlements: Mapping[date, Settlement]
    """the currency and its rate on each day that a document bears"""
    base: UUID | None = None
    """the реализация of the order that an invoice was made from"""


def unresolved(sale: Sale) -> Parts:
    """Give parts that stand for nothing, for bodies of which only the amounts are looked at."""
    nothing = UUID(int=0)
    items = {line.product.id: nothing for line in sale.lines if line.product}
    settlements = dict.fromkeys((sale.document_date, sale.shipment_date), Settlement(nothing))
    return Parts(nothing, nothing, items, settlements)


def is_goods(line: Line) -> bool:
    """Say whether a line stands among goods. Freight and write-ins are services."""
    return line.product is not None and not line.product.is_service


def ships_goods(sale: Sale) -> bool:
    """Say whether a реализация of this sale needs a warehouse."""
    return any(map(is_goods, sale.lines))


def item_of(line: Line, books: OnecBooks, items: Mapping[UUID, UUID]) -> str:
    """Give the Ref_Key of a line's item."""
    if line.product is not None:
        return str(items[line.product.id])
    return str(books.freight_item if line.kind == "freight" else books.write_in_item)


def number(sale: Sale, route: Route) -> str:
    """Give the Number that a счёт takes from the CRM; empty where 1C counts. Refused: too_long."""
    has_schet = sale.table == "invoice" or route.create_invoice
    if not (route.crm_number and has_schet):
        return ""
    if len(sale.number) > MAX_NUMBER:
        field = "ordernumber" if sale.table == "salesorder" else "invoicenumber"
        raise Refused(refusal("too_long", field=field, limit=MAX_NUMBER))
    return sale.number


def check(sale: Sale, route: Route, *, ships: bool) -> None:
    """Check what the documents need of the route, before anything is written.

    Refused: setup_missing (goods without a warehouse), freight_item_unset, too_long.
    """
    books = route.onec_books
    if ships and ships_goods(sale) and books.warehouse is None:
        raise Refused(refusal("setup_missing", route=route.name, what="onec.warehouse"))
    if any(line.kind == "freight" for line in sale.lines) and books.freight_item is None:
        raise Refused(refusal("freight_item_unset", route=route.name))
    number(sale, route)


def _common(sale: Sale, day: date, books: OnecBooks, parts: Parts) -> Body:
    settlement = parts.settlements[day]
    return {
        "Date": _moment(day),
        "Организация_Key": str(books.organization),
        "Контрагент_Key": str(parts.counterparty),
        "ДоговорКонтрагента_Key": str(parts.contract),
        "ВалютаДокумента_Key": str(settlement.currency),
        "КурсВзаиморасчетов": settlement.rate,
        "КратностьВзаиморасчетов": str(settlement.multiplicity),
        "СуммаВключаетНДС": sale.tax_inside,
        "ДокументБезНДС": all(line.rate is None for line in sale.lines),
    }


def schet(sale: Sale, route: Route, parts: Parts, rows: Sequence[Body]) -> Body:
    """Give a Document_СчетНаОплатуПокупателю: it posts nothing, and holds goods and services in one section."""
    books = route.onec_books
    body = _common(sale, sale.document_date, books, parts) | {
        "ВидОперации": "ТоварыИУслуги",
        "ОрганизацияПолучатель_Key": str(books.organization),
        "СтруктурнаяЕдиница_Key": str(books.bank_account),
        "Товары": [
            {
                **row,
                "Номенклатура": item_of(line, books, parts.items),
                "Номенклатура_Type": f"StandardODATA.{names.ITEMS}",
            }
            for row, line in zip(rows, sale.lines, strict=True)
        ],
    }
    if books.warehouse is not None:
        body["Склад_Key"] = str(books.warehouse)
    body |= to_send(sale.extras, None)
    if parts.base is not None:
        body |= {"ДокументОснование": str(parts.base), "ДокументОснование_Type": f"StandardODATA.{names.SALES}"}
    return body


def realizatsiya(sale: Sale, route: Route, parts: Parts, rows: Sequence[Body], schet_key: UUID | None) -> Body:
    """Give a Document_РеализацияТоваровУслуг, dated by the shipment: it posts the revenue.

    The kind of operation follows the content, because 1C empties the section that the operation has no use for.
    """
    books = route.onec_books
    goods: list[Body] = []
    services: list[Body] = []
    for row, line in zip(rows, sale.lines, strict=True):
        section = goods if is_goods(line) else services
        own = row | {"LineNumber": str(len(section) + 1), "Номенклатура_Key": item_of(line, books, parts.items)}
        if section is goods:
            own.pop("Содержание", None)  # goods have no such column
        section.append(own)
    body = _common(sale, sale.shipment_date, books, parts) | {
        "ВидОперации": GOODS_AND_SERVICES if goods and services else "Товары" if goods else "Услуги",
        "СпособЗачетаАвансов": "Автоматически",
        "ЭтоУниверсальныйДокумент": books.upd,
        "Товары": goods,
        "Услуги": services,
    }
    body |= to_send(sale.extras, None)
    if goods:
        body["Склад_Key"] = str(books.warehouse)
    if schet_key is not None:
        body["СчетНаОплатуПокупателю_Key"] = str(schet_key)
    return body


def faktura(sale: Sale, route: Route, parts: Parts, realizatsiya_key: UUID) -> Body:
    """Give the Document_СчетФактураВыданный of a реализация, as 1C's form fills it."""
    basis = {"ДокументОснование": str(realizatsiya_key), "ДокументОснование_Type": f"StandardODATA.{names.SALES}"}
    common = _common(sale, sale.shipment_date, route.onec_books, parts)
    kept = ("Date", "Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key", "ВалютаДокумента_Key")
    return {name: common[name] for name in kept} | {
        "ВидСчетаФактуры": "НаРеализацию",
        **basis,
        "КодВидаОперации": BY_SHIPMENT,
        "Выставлен": True,
        "ДатаВыставления": _moment(sale.shipment_date),
        "КодСпособаВыставления": ON_PAPER,
        "СуммаДокумента": sale.total,
        "СуммаНДСДокумента": sale.tax,
        "ДокументыОснования": [{"LineNumber": "1", **basis}],
    }


def _moment(day: date) -> str:
    return f"{moment(day):%Y-%m-%dT%H:%M:%S}"
