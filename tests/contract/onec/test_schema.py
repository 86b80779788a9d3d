"""The local base's schema against the attribute table of БП 3.0 (release 3.0.151)."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.onec.schema import Entity, Property, schema

NEW_RATES = {"НДС22", "НДС22_122", "НДС7", "НДС7_107", "НДС5", "НДС5_105"}
"""Rates that are younger than the table."""
ABRIDGED = {"Catalog_Организации"}
"""Entities of which only the part that matters to the product is published."""
LEFT_OUT = {
    ("Document_ПоступлениеНаРасчетныйСчет", "РазметкаАУСНБанка"): "its columns have types the table doesn't resolve",
    ("Document_РеализацияТоваровУслуг", "ШтрихкодыУпаковок"): "one column has a type the table doesn't resolve",
}


@dataclass(frozen=True)
class Row:
    """One attribute of the table."""

    entity: str
    section: str
    attribute: str
    type: str
    odata: str
    checked: bool


@pytest.fixture(scope="module")
def table(contracts: Path) -> list[Row]:
    with (contracts / "onec" / "bp30_attributes.tsv").open(encoding="utf-8") as file:
        return [
            Row(
                line["entity"],
                line["tabular_section"],
                line["attribute"],
                line["1c_type"],
                line["odata_property_by_vendor_rule"],
                bool(line["fill_checking"]),
            )
            for line in csv.DictReader(file, delimiter="\t")
        ]


def _own(entity: Entity) -> Iterator[tuple[str, Property]]:
    for item in entity.properties:
        if not item.standard:
            yield "", item
    for section, columns in entity.sections.items():
        for item in columns:
            yield section, item


def _types(text: str) -> set[str]:
    return {re.sub(r"^(\w+)Ref\.", r"\1_", part) for part in text.split("|")}


def _same_type(item: Property, text: str) -> bool:
    match item.kind:
        case "string":
            return text == f"string({item.length})"
        case "number":
            return text == f"decimal({item.digits},{item.fraction})"
        case "boolean" | "date":
            return text == {"boolean": "boolean", "date": "dateTime"}[item.kind]
        case "guid":
            return text == "v8:UUID"
        case "composite":
            return text.startswith("Characteristic.") if not item.types else set(item.types) <= _types(text)
    return set(item.types) == _types(text)


def test_every_published_property_is_one_of_the_configuration(table: list[Row]) -> None:
    known = {(row.entity, row.section, row.attribute): row for row in table}
    covered = {row.entity for row in table}
    wrong: list[str] = []
    for entity in schema().entities.values():
        if entity.name not in covered:
            continue
        for section, item in _own(entity):
            row = known.get((entity.name, section, item.name))
            place = f"{entity.name}.{section}.{item.name}"
            if row is None:
                wrong.append(f"{place}: not in the configuration")
            elif not _same_type(item, row.type):
                wrong.append(f"{place}: {item} instead of {row.type}")
            elif row.checked != bool(item.fill):
                wrong.append(f"{place}: fill checking {item.fill!r}")
            elif row.odata.split(":")[0] != item.wire and not row.odata.endswith("?"):
                wrong.append(f"{place}: {item.wire} instead of {row.odata}")
    assert wrong == []


def test_nothing_but_what_is_on_its_way_out_is_missing(table: list[Row]) -> None:
    missing = [
        row
        for row in table
        if row.entity in schema().entities
        and row.entity not in ABRIDGED
        and not row.attribute.startswith("Удалить")
        and not row.section.startswith("Удалить")
        and (row.entity, row.section) not in LEFT_OUT
        and (row.section, row.attribute)
        not in [(section, item.name) for section, item in _own(schema().entities[row.entity])]
    ]
    assert missing == []


def test_enumerations_have_their_values_and_the_rates_that_came_later(table: list[Row]) -> None:
    for name in {row.entity for row in table if row.entity.startswith("Enum_")}:
        values = {row.attribute for row in table if row.entity == name}
        extra = set(schema().enums[name]) - values
        assert values <= set(schema().enums[name]), name
        assert extra == (NEW_RATES if name == "Enum_СтавкиНДС" else set()), name


def test_what_the_product_must_always_fill_is_checked_without_exceptions() -> None:
    required = {
        "Catalog_Контрагенты": {"Description", "ЮридическоеФизическоеЛицо", "СтранаРегистрации_Key"},
        "Catalog_ДоговорыКонтрагентов": {
            *("Owner_Key", "ВидДоговора", "Организация_Key", "ВалютаВзаиморасчетов_Key", "Description"),
        },
        "Catalog_Номенклатура": {"Description", "ВидНоменклатуры_Key", "ЕдиницаИзмерения_Key"},
        "Document_СчетНаОплатуПокупателю": {
            *("Date", "Организация_Key", "ОрганизацияПолучатель_Key", "СтруктурнаяЕдиница_Key", "Контрагент_Key"),
            "ВидОперации",
        },
        "Document_РеализацияТоваровУслуг": {
            *("Date", "ВидОперации", "Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key"),
            *("СпособЗачетаАвансов", "СчетУчетаРасчетовСКонтрагентом_Key", "СчетУчетаРасчетовПоАвансам_Key"),
        },
    }
    for name, names in required.items():
        assert {item.wire for item in schema().entities[name].properties if item.fill == "*"} == names
