"""Every name of the configuration that the connector uses, and the check that a base publishes them.

1C drops unknown properties of a body silently (vendor's guide), so a misspelt or renamed one would lose data without an
error. The names are those of БП 3.0 by the vendor's rule: a reference is ``…_Key``, a composite has ``…_Type`` beside
it.
"""

from collections.abc import Mapping
from xml.parsers import expat

COUNTERPARTIES = "Catalog_Контрагенты"
CONTRACTS = "Catalog_ДоговорыКонтрагентов"
ITEMS = "Catalog_Номенклатура"
UNITS = "Catalog_КлассификаторЕдиницИзмерения"
CURRENCIES = "Catalog_Валюты"
RATES = "InformationRegister_КурсыВалют"
INVOICES = "Document_СчетНаОплатуПокупателю"
INVOICE_LINES = f"{INVOICES}_Товары"
ORGANIZATIONS = "Catalog_Организации"
BANK_ACCOUNTS = "Catalog_БанковскиеСчета"
ITEM_KINDS = "Catalog_ВидыНоменклатуры"
ITEM_GROUPS = "Catalog_НоменклатурныеГруппы"
COUNTRIES = "Catalog_СтраныМира"
WAREHOUSES = "Catalog_Склады"

_OBJECT = "Ref_Key DeletionMark"

NAMES: dict[str, frozenset[str]] = {
    entity: frozenset(names.split())
    for entity, names in {
        COUNTERPARTIES: f"{_OBJECT} Code Description IsFolder НаименованиеПолное ЮридическоеФизическоеЛицо"
        " ИндивидуальныйПредприниматель ИНН КПП НалоговыйНомер СтранаРегистрации_Key",
        CONTRACTS: f"{_OBJECT} Code Description IsFolder Owner_Key ВидДоговора Организация_Key"
        " ВалютаВзаиморасчетов_Key Дата СрокДействия ДоговорЗакрыт РасчетыВУсловныхЕдиницах Валютный ОплатаВВалюте"
        " УчетАгентскогоНДСПокупателем СпособЗаполненияСтавкиНДС",
        ITEMS: f"{_OBJECT} Code Description IsFolder НаименованиеПолное Артикул Услуга ВидНоменклатуры_Key"
        " ЕдиницаИзмерения_Key НоменклатурнаяГруппа_Key ВидСтавкиНДС",
        UNITS: f"{_OBJECT} Code Description",
        CURRENCIES: f"{_OBJECT} Code Description",
        INVOICES: f"{_OBJECT} Number Date Posted Организация_Key ОрганизацияПолучатель_Key СтруктурнаяЕдиница_Key"
        " Контрагент_Key ДоговорКонтрагента_Key ВалютаДокумента_Key КурсВзаиморасчетов КратностьВзаиморасчетов"
        " СуммаВключаетНДС ДокументБезНДС СуммаДокумента ВидОперации Комментарий Склад_Key Товары",
        INVOICE_LINES: "LineNumber Номенклатура Номенклатура_Type Содержание Количество Цена Сумма СтавкаНДС СуммаНДС",
        ORGANIZATIONS: _OBJECT,
        BANK_ACCOUNTS: _OBJECT,
        ITEM_KINDS: _OBJECT,
        ITEM_GROUPS: _OBJECT,
        COUNTRIES: _OBJECT,
    }.items()
}
"""Entity (or row of a tabular section) → properties that are written, read or filtered by.

КурсыВалют and Склады are left out: not every company needs them, they are only read, and a reading fails loudly.
"""


class MetadataUnreadable(ValueError):
    """``$metadata`` is not the EDMX that 1C writes."""


def missing(metadata: bytes, wanted: Mapping[str, frozenset[str]] = NAMES) -> list[str]:
    """Name what a base's ``$metadata`` lacks: a whole entity, or ``Entity.Property``. Empty: nothing.

    Raises MetadataUnreadable. CPU-bound: a second or so on a real base.
    """
    found = _properties(metadata, wanted)
    lacking = []
    for entity, names in wanted.items():
        if entity not in found:
            lacking.append(entity)
        else:
            lacking += [f"{entity}.{name}" for name in sorted(names - found[entity])]
    return lacking


def _properties(metadata: bytes, wanted: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    current: set[str] | None = None
    edmx = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal current, edmx
        name = tag.rpartition(":")[2]
        edmx = edmx or name == "Edmx"
        if name == "EntityType":
            entity = attributes.get("Name", "")
            current = found.setdefault(entity, set()) if entity in wanted else None
        elif name == "Property" and current is not None:
            current.add(attributes.get("Name", ""))

    def end(tag: str) -> None:
        nonlocal current
        if tag.rpartition(":")[2] == "EntityType":
            current = None

    def doctype(*_: object) -> None:
        raise MetadataUnreadable("a DOCTYPE")

    # Streaming: a real base's metadata has tens of megabytes. Without a DOCTYPE there can be no entity bomb.
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(metadata, True)
    except expat.ExpatError as error:
        raise MetadataUnreadable(f"XML, line {error.lineno}") from None
    if not edmx:
        raise MetadataUnreadable("not EDMX")
    return found
