"""What a document in EnterpriseData refers to: organisation, counterparty, contract, items, classifiers. Pure.

Each is named by its key properties wherever it is referred to; those that are the bridge's own are also records of the
file. Keys are those of the automatic way. Classifier entries bear none: 1C finds them by their codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shared.accounting import Bindings
from shared.documents import Currency, Customer, Line, Product, Sale, Unit
from shared.errors import Refused
from shared.files.enterprise_extras import contacts, own_field
from shared.files.xml_text import Element, element
from shared.keys import accounting_key
from shared.messages import Document
from shared.onec import cards, odata
from shared.onec.currencies import NUMERIC
from shared.onec.identity import identify
from shared.onec.kinds import TARGET
from shared.rates import Rate
from shared.refusals import refusal
from shared.routes import Route

COMPANY, PERSON = "ЮридическоеЛицо", "ФизическоеЛицо"
RATE_KINDS = {
    Decimal(22): "Общая",
    Decimal(20): "Общая",
    Decimal(10): "Пониженная",
    Decimal(7): "Пониженная",
    Decimal(5): "Пониженная",
    Decimal(0): "Нулевая",
    None: "БезНДС",
}
"""Tax rate → ВидСтавки. That 5 and 7 % are reduced rates is a reading of the schema, which names no others."""

Part = Element | None


def known(name: str, content: Sequence[Part]) -> Element:
    """Make an element that is never empty."""
    made = element(name, content)
    if made is None:
        raise ValueError(f"{name}: is empty")
    return made


def rate_parts(value: Rate) -> list[Part]:
    """Give the parts of a СтавкаНДС."""
    return [
        element("Ставка", value),
        element("РасчетнаяСтавка", content=False),
        element("НеОблагается", value is None),
        element("ВидСтавки", RATE_KINDS[value]),
    ]


def _classified(code: str, name: str) -> list[Part]:
    return [element("ДанныеКлассификатора", [element("Код", code), element("Наименование", name)])]


def currency_keys(currency: Currency) -> list[Part]:
    """Name a currency by its code in ОКВ."""
    return _classified(NUMERIC.get(currency.code, ""), currency.code)


def unit_keys(unit: Unit) -> list[Part]:
    """Name a unit by its code in ОКЕИ, as far as it has one."""
    return _classified(unit.okei, unit.name)


def unit_of(line: Line) -> Unit:
    """Give the unit of a product's line. Refused: value_missing."""
    if line.unit is None or not (line.unit.okei or line.unit.name):
        raise Refused(refusal("value_missing", line=line.number, field="uomid"))
    return line.unit


@dataclass(frozen=True)
class References:
    """What one document refers to. Methods raise Refused where the data of the CRM can't be named."""

    document: Document
    route: Route

    @property
    def _sale(self) -> Sale:
        return self.document.sale

    def _bound(self, record: Customer | Product) -> UUID | None:
        return odata.key(Bindings(self.document.bindings, self.document.cards).get(record))

    def _own(self, record: Customer | Product) -> UUID:
        return accounting_key(self.document.organization_id, TARGET, record.table, record.id)

    def organization(self) -> list[Part]:
        """Name our organisation."""
        books = self.route.onec_books
        if books.file is None:
            raise ValueError(f"route {self.route.name} hands out no files")
        return [
            element("Ссылка", books.organization),
            element("Наименование", books.file.organization_name),
            element("ИНН", books.file.organization_inn),
            element("КПП", books.file.organization_kpp),
            element("ЮридическоеФизическоеЛицо", PERSON if len(books.file.organization_inn) == 12 else COMPANY),
        ]

    def warehouse(self) -> list[Part] | None:
        """Name the warehouse, where the route has one."""
        books = self.route.onec_books
        if books.warehouse is None or books.file is None:
            return None
        return [element("Ссылка", books.warehouse), element("Наименование", books.file.warehouse_name)]

    def _customer_key(self) -> UUID:
        return self._bound(self._sale.customer) or self._own(self._sale.customer)

    def counterparty(self) -> list[Part]:
        """Name the counterparty."""
        customer = self._sale.customer
        if self._bound(customer):
            # Known to accounting by its key: nothing else of it is ours to say.
            kind = PERSON if customer.is_person else COMPANY
            name = cards.shortened(customer.name, 100)
            return [
                element("Ссылка", self._customer_key()),
                element("Наименование", name),
                element("ЮридическоеФизическоеЛицо", kind),
            ]
        return self._own_counterparty(customer)

    def _own_counterparty(self, customer: Customer) -> list[Part]:
        identity = identify(customer)
        if identity.kind == "foreign":
            raise Refused(refusal("foreign_customer"))
        card = cards.counterparty(customer, identity, self.route.onec_books)
        return [
            element("Ссылка", self._customer_key()),
            element("Наименование", card["Description"]),
            element("НаименованиеПолное", card["НаименованиеПолное"]),
            element("ИНН", identity.tax_number),
            element("КПП", identity.kpp),
            element("ЮридическоеФизическоеЛицо", card["ЮридическоеФизическоеЛицо"]),
            own_field("customer", customer.extras, "РегистрационныйНомер"),
            element("ИндивидуальныйПредприниматель", card["ИндивидуальныйПредприниматель"]),
        ]

    def _contract_key(self) -> UUID:
        currency, books = self._sale.currency.code, self.route.onec_books
        return cards.contract_key(self.document.organization_id, self._customer_key(), currency, books)

    def _contract(self) -> list[Part]:
        books, currency = self.route.onec_books, self._sale.currency
        card = cards.contract(self._customer_key(), UUID(int=0), currency.code, books)
        return [
            element("Ссылка", self._contract_key()),
            element("ВидДоговора", card["ВидДоговора"]),
            element("Организация", self.organization()),
            element("Контрагент", self.counterparty()),
            element("ВалютаВзаиморасчетов", currency_keys(currency)),
            element("РасчетыВУсловныхЕдиницах", card["РасчетыВУсловныхЕдиницах"]),
            element("Наименование", card["Description"]),
        ]

    def settlement(self) -> list[Part]:
        """Give the contract and its currency."""
        return [
            element("Договор", self._contract()),
            element("ВалютаВзаиморасчетов", currency_keys(self._sale.currency)),
            element("РасчетыВУсловныхЕдиницах", content=False),
        ]

    def _item_key(self, product: Product) -> UUID:
        return self._bound(product) or self._own(product)

    def item(self, product: Product, line: Line) -> list[Part]:
        """Name the item of a product."""
        number = product.number if self._bound(product) else cards.item_number(product, line.number)
        card = cards.item(product, number, UUID(int=0), line.rate, self.route.onec_books)
        return [
            element("Ссылка", self._item_key(product)),
            element("НаименованиеПолное", card["НаименованиеПолное"]),
            element("Артикул", number),
            element("Наименование", card["Description"]),
        ]

    def named_item(self, line: Line) -> list[Part]:
        """Name the item that a line without a product is written on."""
        books = self.route.onec_books
        if books.file is None:
            raise ValueError(f"route {self.route.name} hands out no files")
        freight = line.kind == "freight"
        key = books.freight_item if freight else books.write_in_item
        name = books.file.freight_item_name if freight else books.file.write_in_item_name
        return [element("Ссылка", key), element("Наименование", name)]

    def records(self) -> list[tuple[str, Element]]:
        """Give the records of their own that the document names, each with a name that is its own in the file.

        A counterparty or an item that the journal knows to be the accountant's own is none of them.
        """
        sale, books = self._sale, self.route.onec_books
        customer, key = sale.customer, self._customer_key()
        found = [
            (f"organization {books.organization}", self._record("Справочник.Организации", self.organization())),
            (f"currency {sale.currency.code}", self._record("Справочник.Валюты", currency_keys(sale.currency))),
        ]
        if key == self._own(customer):
            found.append((f"counterparty {key}", self._counterparty_record(customer)))
        found.append((f"contract {self._contract_key()}", self._record("Справочник.Договоры", self._contract())))
        for line in sale.lines:
            if line.product is None:
                continue
            unit, item_key = unit_of(line), self._item_key(line.product)
            found.append((f"unit {unit.id}", self._record("Справочник.ЕдиницыИзмерения", unit_keys(unit))))
            if item_key == self._own(line.product):
                found.append((f"item {item_key}", self._item_record(line, line.product, unit)))
        return found

    def _record(self, name: str, keys: list[Part]) -> Element:
        return known(name, [element("КлючевыеСвойства", keys)])

    def _counterparty_record(self, customer: Customer) -> Element:
        parts = [
            element("КлючевыеСвойства", self._own_counterparty(customer)),
            own_field("customer", customer.extras, "ОКПО"),
            own_field("customer", customer.extras, "ДокументУдЛичность"),
            contacts(customer, self.route.onec_books),
        ]
        return known("Справочник.Контрагенты", parts)

    def _item_record(self, line: Line, product: Product, unit: Unit) -> Element:
        parts = [
            element("КлючевыеСвойства", self.item(product, line)),
            element("ТипНоменклатуры", "Услуга" if product.is_service else "Товар"),
            own_field("product", product.extras, "Описание"),
            element("ЕдиницаИзмерения", unit_keys(unit)),
            element("СтавкаНДС", rate_parts(line.rate) if line.rate in cards.VAT_KIND else None),
        ]
        return known("Справочник.Номенклатура", parts)
