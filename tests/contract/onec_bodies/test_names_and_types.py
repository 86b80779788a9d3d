"""What is sent to 1C, and every name that is used, against the attributes of БП 3.0.151."""

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.onec import bodies, cards, mapping, names
from shared.onec.identity import Identity
from shared.onec.mapping import Settlement
from tests.unit.onec import samples
from tests.unit.onec.samples import ident

STANDARD = {
    "Ref_Key",
    "Code",
    "Description",
    "DeletionMark",
    "DataVersion",
    "IsFolder",
    "Owner_Key",
    "Number",
    "Date",
    "Posted",
    "LineNumber",
    "Period",
}
"""Properties that the platform gives to every object of a kind; the table has the configuration's own."""
UNLISTED = {names.ITEM_GROUPS, names.COUNTRIES, names.CORRECTIONS, names.EXCHANGED, names.CASH_ROWS}
"""Entities that the table leaves out: common to all configurations of the vendor, or checked at each base alone."""
UNLISTED_VALUES = {"НаРеализацию", "Телефон", "АдресЭлектроннойПочты", "Адрес"}
"""Values of enumerations that the table names but doesn't list."""
LATER = {"НДС22", "НДС7", "НДС5"}
"""Tax rates that came after release 3.0.151."""


@dataclass(frozen=True)
class Attribute:
    """A row of the table: the configuration's type, and whether it must be filled."""

    kind: str
    required: bool


class Table:
    """The attributes by entity (or entity_section) and OData property, and the enumerations."""

    def __init__(self, path: Path) -> None:
        self.properties: dict[str, dict[str, Attribute]] = {}
        self.enums: dict[str, set[str]] = {}
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                entity, section = row["entity"], row["tabular_section"]
                if row["1c_type"] == "enum value":
                    self.enums.setdefault(entity.removeprefix("Enum_"), set()).add(row["attribute"])
                    continue
                place = self.properties.setdefault(f"{entity}_{section}" if section else entity, {})
                for part in row["odata_property_by_vendor_rule"].split(" + "):
                    required = bool(row["fill_checking"]) and not part.split(":")[0].endswith("_Type")
                    place[part.split(":")[0]] = Attribute(row["1c_type"], required)

    def check(self, entity: str, body: dict[str, Any]) -> None:
        """Hold a body against the table: names, types, lengths, values of enumerations."""
        for name, value in body.items():
            if name in STANDARD or isinstance(value, list):
                continue
            assert name in self.properties[entity], f"{entity}.{name}"
            self._value(f"{entity}.{name}", self.properties[entity][name].kind, value)

    def _value(self, place: str, kind: str, value: Any) -> None:
        if place.endswith("_Type"):
            named = value.removeprefix("StandardODATA.").replace("Catalog_", "CatalogRef.")
            assert named.replace("Document_", "DocumentRef.") in kind.split("|"), place
        elif kind.startswith("EnumRef."):
            allowed = self.enums.get(kind.removeprefix("EnumRef."), UNLISTED_VALUES)
            assert value in allowed | (LATER if kind.endswith("СтавкиНДС") else set()), place
        elif found := re.fullmatch(r"string\((\d+)\)", kind):
            assert isinstance(value, str), place
            assert int(found[1]) == 0 or len(value) <= int(found[1]), place
        elif found := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
            number = Decimal(value)
            digits, fraction = int(found[1]), int(found[2])
            # Int64 goes as a string; a whole number of few digits (Int16) as a number.
            assert isinstance(value, Decimal) if fraction or digits < 5 else isinstance(value, str), place
            assert number == round(number, fraction), place
            assert abs(number) < Decimal(10) ** (digits - fraction), place
        elif kind == "boolean":
            assert isinstance(value, bool), place
        elif kind == "dateTime":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", value), place
        else:
            assert "Ref." in kind, place
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value), place

    def unfilled(self, entity: str, body: dict[str, Any]) -> set[str]:
        """Name what fill checking would miss."""
        return {name for name, each in self.properties[entity].items() if each.required and not body.get(name)}


@pytest.fixture(scope="module")
def table(contracts: Path) -> Table:
    """Read the table."""
    return Table(contracts / "onec" / "bp30_attributes.tsv")


def document(*lines: Any) -> dict[str, Any]:
    """Give a whole счёт."""
    own, route = samples.invoice(*lines), samples.route(samples.books(warehouse=ident("warehouse")))
    euro = Settlement(ident("euro"), Decimal("95.1234"), 10)
    parts = samples.parts(own, settlements={own.document_date: euro}, base=ident("realizatsiya"))
    return bodies.schet(own, route, parts, mapping.rows(own, route)) | {"Комментарий": "CRM", "Number": "12345678901"}


def act(*lines: Any) -> dict[str, Any]:
    """Give a whole реализация."""
    own = samples.order(*lines)
    route = samples.route(samples.books(warehouse=ident("warehouse"), upd=True), way="2A")
    body = bodies.realizatsiya(own, route, samples.parts(own), mapping.rows(own, route, ships=True), ident("schet"))
    return body | {"Комментарий": "CRM"}


def test_the_document(table: Table) -> None:
    zero = Decimal(0)
    body = document(
        samples.line(1),
        samples.line(2, product=None, description="Д" * 2000, rate=Decimal(10), tax=Decimal(20)),
        *(samples.line(3 + n, rate=rate, tax=zero, net=zero) for n, rate in enumerate((Decimal(7), Decimal(5)))),
        samples.line(5, rate=None, tax=zero),
        samples.line(6, rate=zero, tax=zero),
    )

    table.check(names.INVOICES, body)
    for row in body["Товары"]:
        table.check(names.INVOICE_LINES, row)
    assert table.unfilled(names.INVOICES, body) == set()
    assert table.unfilled(names.INVOICE_LINES, body["Товары"][0]) == set()


def test_the_realizatsiya(table: Table) -> None:
    service = samples.product("S-1", is_service=True)
    body = act(samples.line(1, description="Товар"), samples.line(2, product=service, description="Услуга"))

    table.check(names.SALES, body)
    table.check(names.SALE_GOODS, body["Товары"][0])
    table.check(names.SALE_SERVICES, body["Услуги"][0])
    # БП fills the accounts; the rest is for other kinds of operation.
    accounts = {"СчетУчетаРасчетовСКонтрагентом_Key", "СчетУчетаРасчетовПоАвансам_Key"}
    others = {"СчетУчетаРасчетовПоТаре_Key", "Патент_Key", "ОбъектВыполненияРабот_Key"}
    assert table.unfilled(names.SALES, body) == accounts | others
    own = {"СчетДоходов_Key", "СчетРасходов_Key", "Субконто"}
    assert table.unfilled(names.SALE_SERVICES, body["Услуги"][0]) - {"СчетУчетаНДСПоРеализации_Key"} == own
    others = {"ПереданныеСчетУчета_Key", "КодТНВЭД_Key", "СчетУчета_Key", "СчетУчетаНДСПоРеализации_Key"}
    assert table.unfilled(names.SALE_GOODS, body["Товары"][0]) == own | others


def test_the_schet_faktura(table: Table) -> None:
    own = samples.order()
    body: dict[str, Any] = bodies.faktura(own, samples.route(), samples.parts(own), ident("realizatsiya"))

    table.check(names.TAX_INVOICES, body)
    table.check(names.TAX_INVOICE_BASES, body["ДокументыОснования"][0])
    assert table.unfilled(names.TAX_INVOICES, body) & {"КодВидаОперации", "Выставлен", "ДатаВыставления"} == set()
    assert table.unfilled(names.TAX_INVOICE_BASES, body["ДокументыОснования"][0]) == set()


@pytest.mark.parametrize("kind", ["company", "sole_trader", "person"])
def test_the_counterparty(table: Table, kind: Any) -> None:
    customer = samples.customer(name="Я" * 1000, email="a@b.ru", phone="+7 495 000-00-00")
    kinds = {name: ident(name) for name in ("email_kind", "phone_kind", "address_kind")}
    identity = Identity(kind, samples.COMPANY_INN, samples.COMPANY_KPP)
    body: dict[str, Any] = cards.counterparty(customer, identity, samples.books(**kinds), ident("head"))

    table.check(names.COUNTERPARTIES, body)
    for row in body["КонтактнаяИнформация"]:
        table.check(names.CONTACTS, row)
        assert set(row) <= names.NAMES[names.CONTACTS]
    assert len(body["КонтактнаяИнформация"]) == 3
    # Only for a branch and for a state body:
    special = {"ГоловнойКонтрагент_Key", "ВидГосударственногоОргана", "КодГосударственногоОргана"}
    assert table.unfilled(names.COUNTERPARTIES, body) <= special


@pytest.mark.parametrize("currency", ["RUB", "EUR"])
def test_the_contract(table: Table, currency: str) -> None:
    body = cards.contract(ident("owner"), ident("currency"), currency, samples.books())

    table.check(names.CONTRACTS, body)
    # Only for an agent, and for contracts whose documents are issued in another way:
    assert table.unfilled(names.CONTRACTS, body) <= {"ПризнакАгента", "СпособВыставленияДокументов"}


@pytest.mark.parametrize("rate", mapping.VAT)
def test_the_item(table: Table, rate: Decimal | None) -> None:
    product = samples.product(name="Я" * 2000)
    body = cards.item(product, "A" * 25, ident("unit"), rate, samples.books())

    table.check(names.ITEMS, body)
    assert table.unfilled(names.ITEMS, body) == set()


@pytest.mark.parametrize("entity", [entity for entity in names.NAMES if entity not in UNLISTED])
def test_every_name_that_is_used_exists(table: Table, entity: str) -> None:
    entity_of = entity.removesuffix("_RecordType")
    sections = {place.removeprefix(f"{entity}_") for place in table.properties if place.startswith(f"{entity}_")}

    assert names.NAMES[entity] - STANDARD - sections - set(table.properties[entity_of]) == set()


def test_every_name_that_is_sent_is_checked_at_start() -> None:
    body = document(samples.line(1, description="Содержание"))
    own = samples.order()
    faktura: dict[str, Any] = bodies.faktura(own, samples.route(), samples.parts(own), ident("realizatsiya"))
    sent = {
        names.INVOICES: set(body),
        names.INVOICE_LINES: set(body["Товары"][0]),
        names.COUNTERPARTIES: set(
            cards.counterparty(samples.customer(), Identity("company", "1", "2"), samples.books())
        ),
        names.CONTRACTS: set(cards.contract(ident("owner"), ident("currency"), "EUR", samples.books())),
        names.SALES: set(act()),
        names.SALE_GOODS: set(act(samples.line(1))["Товары"][0]),
        names.SALE_SERVICES: set(act()["Услуги"][0]),
        names.TAX_INVOICES: set(faktura) | {"Комментарий"},
        names.TAX_INVOICE_BASES: set(faktura["ДокументыОснования"][0]),
        names.ITEMS: set(cards.item(samples.product(), "A-1", ident("unit"), Decimal(10), samples.books())),
    }

    assert {entity: own - names.NAMES[entity] for entity, own in sent.items()} == {entity: set() for entity in sent}
