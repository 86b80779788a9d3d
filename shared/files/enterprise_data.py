"""A file that 1С:Бухгалтерия loads: EnterpriseData, the format of its universal exchange.

Order and names of elements are those of the format's schemas (1.17, 1.20); what a document says is what the automatic
way writes (``onec.mapping``, ``onec.bodies``, ``onec.cards``), under the same keys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOBase
from uuid import UUID

from shared.documents import Line, Product, Sale
from shared.errors import Refused
from shared.files.enterprise_cards import Part, References, currency_keys, known, rate_parts, unit_keys, unit_of
from shared.files.enterprise_extras import own_field, payment_stage
from shared.files.seen import Seen
from shared.files.xml_text import Element, XmlWriter, element
from shared.keys import accounting_key
from shared.messages import Document
from shared.onec import bodies, held, kinds, mapping
from shared.onec.cards import Body
from shared.onec.kinds import REALIZATSIYA, SCHET, TARGET
from shared.refusals import refusal
from shared.routes import Route

HEADER_NAMESPACE = "http://www.1c.ru/SSL/Exchange/Message"
FORMAT = "http://v8.1c.ru/edi/edi_stnd/EnterpriseData/"


class EnterpriseData:
    """Writes one file."""

    def __init__(self, out: TextIOBase, version: str, created: datetime, seen: Seen) -> None:
        """``version`` of the format, such as 1.17; ``created`` is an aware time; ``seen`` is this file's own."""
        self._xml = XmlWriter(out)
        self._seen, self._version = seen, version
        self._xml.open("Message", {"xmlns:msg": HEADER_NAMESPACE})
        header = {
            "msg:Format": FORMAT + version,
            "msg:CreationDate": f"{created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "msg:AvailableVersion": version,
        }
        self._xml.add([Element("msg:Header", [Element(name, value) for name, value in header.items()])])
        self._xml.open("Body", {"xmlns": FORMAT + version})

    def add(self, document: Document, route: Route) -> None:
        """Write a document, and before it what it names and the file does not have yet. Refused: nothing is written."""
        refers = References(document, route)
        made, records = _Parts(document, route, refers, self._version).documents(), refers.records()
        self._xml.add(each for name, each in records if self._seen.is_new(name))
        self._xml.add(made)

    def end(self) -> None:
        """End the file."""
        self._xml.end()


@dataclass(frozen=True)
class _Parts:
    """The elements of one document."""

    document: Document
    route: Route
    _refers: References
    _version: str

    @property
    def _sale(self) -> Sale:
        return self.document.sale

    def documents(self) -> list[Element]:
        """Give the documents that the sale becomes, in the order in which they refer to each other."""
        sale, route = self._sale, self.route
        generation = self.document.generation
        main = accounting_key(self.document.organization_id, TARGET, sale.table, sale.id, generation)
        steps = [step for step in kinds.steps(self.document, route, main) if step.kind in (SCHET, REALIZATSIYA)]
        ships = any(step.kind is REALIZATSIYA for step in steps)
        if ships and sale.shipment_date < route.start_date:
            raise Refused(refusal("before_start", date=sale.shipment_date, start_date=route.start_date))
        bodies.check(sale, route, ships=ships)
        rows = mapping.rows(sale, route, ships=ships)
        schet = next((self._schet_keys(step.key) for step in steps if step.kind is SCHET), None)
        made = []
        for step in steps:
            if step.kind is SCHET:
                made.append(self._schet(self._schet_keys(step.key), rows))
            else:
                made.append(self._realizatsiya(step.key, schet, rows))
        return made

    def _schet_keys(self, key: UUID) -> list[Part]:
        return self._document_keys(key, mapping.moment(self._sale.document_date), bodies.number(self._sale, self.route))

    def _document_keys(self, key: UUID, moment: datetime, number: str) -> list[Part]:
        # The schema wants a Номер; where 1C counts, it is empty.
        return [
            element("Ссылка", key),
            element("Дата", f"{moment:%Y-%m-%dT%H:%M:%S}"),
            Element("Номер", number),
            element("Организация", self._refers.organization()),
        ]

    def _schet(self, keys: list[Part], rows: Sequence[Body]) -> Element:
        sale = self._sale
        parts = [
            element("КлючевыеСвойства", keys),
            element("Валюта", currency_keys(sale.currency)),
            element("Сумма", sale.total),
            element("Склад", self._refers.warehouse()),
            element("Контрагент", self._refers.counterparty()),
            element("ДанныеВзаиморасчетов", self._refers.settlement()),
            own_field("document", sale.extras, "АдресДоставки"),
            element("СуммаВключаетНДС", sale.tax_inside),
            *self._sections(rows),
            self._common(),
            payment_stage(sale, self.route.onec_books, self._version),
        ]
        return known("Документ.СчетПокупателю", parts)

    def _realizatsiya(self, key: UUID, schet: list[Part] | None, rows: Sequence[Body]) -> Element:
        sale = self._sale
        untaxed = all(line.rate is None for line in sale.lines)
        parts = [
            element("КлючевыеСвойства", self._document_keys(key, mapping.moment(sale.shipment_date), "")),
            element("ВидОперации", "РеализацияКлиенту"),
            element("Валюта", currency_keys(sale.currency)),
            element("Сумма", sale.total),
            element("СуммаВключаетНДС", sale.tax_inside),
            element("Склад", self._refers.warehouse() if bodies.ships_goods(sale) else None),
            element("Контрагент", self._refers.counterparty()),
            element("ДанныеВзаиморасчетов", self._refers.settlement()),
            element("СчетПокупателю", schet),
            own_field("document", sale.extras, "АдресДоставки"),
            element("Налогообложение", "ПродажаНеОблагаетсяНДС" if untaxed else "ПродажаОблагаетсяНДС"),
            *self._sections(rows),
            own_field("document", sale.extras, "ЭтапГосконтрактаЕИС"),
            self._common(),
        ]
        return known("Документ.РеализацияТоваровУслуг", parts)

    def _sections(self, rows: Sequence[Body]) -> Iterable[Part]:
        goods: list[Part] = []
        services: list[Part] = []
        for row, line in zip(rows, self._sale.lines, strict=True):
            if bodies.is_goods(line) and line.product is not None:
                goods.append(element("Строка", self._goods(len(goods) + 1, row, line, line.product)))
            else:
                services.append(element("Строка", self._service(len(services) + 1, row, line)))
        return element("Товары", goods), element("Услуги", services)

    def _goods(self, number: int, row: Body, line: Line, product: Product) -> list[Part]:
        return [
            element("НомерСтрокиДокумента", number),
            element("ДанныеНоменклатуры", [element("Номенклатура", self._refers.item(product, line))]),
            element("ЕдиницаИзмерения", unit_keys(unit_of(line))),
            *self._amounts(row, line),
        ]

    def _service(self, number: int, row: Body, line: Line) -> list[Part]:
        return [
            element("НомерСтрокиДокумента", number),
            element(
                "Номенклатура", self._refers.item(line.product, line) if line.product else self._refers.named_item(line)
            ),
            *self._amounts(row, line),
            element("Содержание", row.get("Содержание")),
        ]

    def _amounts(self, row: Body, line: Line) -> Iterable[Part]:
        return (
            *(element(name, row[name]) for name in ("Количество", "Сумма", "Цена")),
            element("СтавкаНДС", rate_parts(line.rate)),
            element("СуммаНДС", row["СуммаНДС"]),
        )

    def _common(self) -> Part:
        """Give the mark by which the automatic way would know the document, should it take over."""
        own = held.Marker(self.document.version, self.document.hash)
        return element("ОбщиеСвойстваОбъектовФормата", [element("Комментарий", held.marker(self._sale.number, own))])
