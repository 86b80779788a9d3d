"""Which documents of 1C a sale becomes, each under a key of its own. Pure.

An issued invoice gives a счёт and, where the route says so, its реализация; a fulfilled order a реализация and, where
the route says so, a счёт before it; a реализация with VAT its счёт-фактура. The order is that of writing: what another
one refers to comes first. One of them is the main one: the journal bears its number and its key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from shared.documents import SaleTable
from shared.keys import accounting_key
from shared.messages import Document
from shared.onec import names
from shared.routes import Route

TARGET = "onec"


@dataclass(frozen=True)
class Kind:
    """A type of document: its entity, and what of it the bridge writes and therefore compares."""

    entity: str
    header: tuple[str, ...]
    sections: dict[str, tuple[str, ...]]
    """tabular section → columns"""
    item: str
    """the column by which a row is recognised when its unmapped columns are carried over"""

    @property
    def title(self) -> str:
        """Its name in the configuration."""
        return self.entity.partition("_")[2]


_AMOUNTS = ("Количество", "Цена", "Сумма", "СтавкаНДС", "СуммаНДС")
_CURRENCY = ("ВалютаДокумента_Key", "КурсВзаиморасчетов", "КратностьВзаиморасчетов", "СуммаВключаетНДС")
_PARTIES = ("Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key")

SCHET = Kind(
    names.INVOICES,
    ("Date", "ВидОперации", *_PARTIES, "ОрганизацияПолучатель_Key", "СтруктурнаяЕдиница_Key", *_CURRENCY)
    + ("ДокументБезНДС", "Склад_Key", "ДокументОснование"),
    {"Товары": ("Номенклатура", "Содержание", *_AMOUNTS)},
    "Номенклатура",
)
REALIZATSIYA = Kind(
    names.SALES,
    ("Date", "ВидОперации", *_PARTIES, "СпособЗачетаАвансов", *_CURRENCY)
    + ("ДокументБезНДС", "Склад_Key", "СчетНаОплатуПокупателю_Key", "ЭтоУниверсальныйДокумент"),
    {"Товары": ("Номенклатура_Key", *_AMOUNTS), "Услуги": ("Номенклатура_Key", "Содержание", *_AMOUNTS)},
    "Номенклатура_Key",
)
FAKTURA = Kind(
    names.TAX_INVOICES,
    ("Date", "ВидСчетаФактуры", *_PARTIES, "ДокументОснование", "ВалютаДокумента_Key", "КодВидаОперации", "Выставлен")
    + ("ДатаВыставления", "КодСпособаВыставления", "СуммаДокумента", "СуммаНДСДокумента"),
    {"ДокументыОснования": ("ДокументОснование",)},
    "ДокументОснование",
)
_PART = {SCHET.entity: "schet", REALIZATSIYA.entity: "realizatsiya", FAKTURA.entity: "schet-faktura"}


@dataclass(frozen=True)
class Step:
    """One document of a sale."""

    kind: Kind
    key: UUID
    main: bool


def all_steps(document: Document, key: UUID) -> tuple[Step, ...]:
    """List every document that a sale can have, whatever the route says today; ``key`` is the main one's."""
    sale = document.sale
    found = family(document.organization_id, sale.table, sale.id, document.generation)
    return tuple(Step(each.kind, key if each.main else each.key, each.main) for each in found)


def family(organization_id: UUID, table: SaleTable, record: UUID, generation: int) -> Iterator[Step]:
    """Give every document that a record of the CRM can have in one generation, each under its own key."""
    main = REALIZATSIYA if table == "salesorder" else SCHET
    for kind in (SCHET, REALIZATSIYA, FAKTURA):
        name = table if kind is main else f"{table}-{_PART[kind.entity]}"
        yield Step(kind, accounting_key(organization_id, TARGET, name, record, generation), kind is main)


def steps(document: Document, route: Route, key: UUID) -> tuple[Step, ...]:
    """List the documents that a sale is to have, in the order in which they are written."""
    books, sale = route.onec_books, document.sale
    if sale.table == "salesorder":
        wanted = [SCHET, REALIZATSIYA] if route.create_invoice else [REALIZATSIYA]
    elif books.realizatsiya and document.base is None:
        wanted = [SCHET, REALIZATSIYA]
    else:
        wanted = [SCHET]  # the revenue of an order's invoice stands in the order's реализация
    if REALIZATSIYA in wanted and books.schet_faktura == "create" and needs_faktura(document):
        wanted.append(FAKTURA)
    return tuple(step for step in all_steps(document, key) if step.kind in wanted)


def needs_faktura(document: Document) -> bool:
    """Say whether a реализация of this sale calls for a счёт-фактура: not where it is wholly without VAT."""
    return any(line.rate is not None for line in document.sale.lines)
