"""What a fresh base contains, all fictional, with keys that never change: tests and the demo name them by constant.

A key is UUIDv5 of ``entity/code`` in a namespace of this base, so :func:`key` gives it for any seeded row.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from infra.local.onec.schema import schema
from infra.local.onec.store import Store
from infra.local.onec.values import NAMESPACE, Body, apply, empty

_BASE = uuid.UUID("0c5e1f00-1c00-5000-8000-000000000001")


def key(entity: str, code: str) -> str:
    """Give the Ref_Key of a seeded row: ``key("Catalog_Валюты", "643")``."""
    return str(uuid.uuid5(_BASE, f"{entity}/{code}"))


ORGANIZATION = key("Catalog_Организации", "00-000001")
ORGANIZATION_NAME = "Северный ветер ООО"
ORGANIZATION_INN = "7799000012"
ORGANIZATION_KPP = "779901001"
BANK_ACCOUNT = key("Catalog_БанковскиеСчета", "00-000001")
BANK = key("Catalog_Банки", "044599999")
WAREHOUSE_NAME = "Основной склад"
WAREHOUSE = key("Catalog_Склады", "00-000001")
ITEM_GROUP = key("Catalog_НоменклатурныеГруппы", "00-000001")
ITEM_KIND_GOODS = key("Catalog_ВидыНоменклатуры", "Товары")
ITEM_KIND_SERVICES = key("Catalog_ВидыНоменклатуры", "Услуги")
RUB = key("Catalog_Валюты", "643")
EUR = key("Catalog_Валюты", "978")
USD = key("Catalog_Валюты", "840")
RUSSIA = key("Catalog_СтраныМира", "643")
UNIT_PIECE = key("Catalog_КлассификаторЕдиницИзмерения", "796")
UNIT_HOUR = key("Catalog_КлассификаторЕдиницИзмерения", "356")
UNIT_PACKAGE = key("Catalog_КлассификаторЕдиницИзмерения", "778")

UNITS = {
    # ОКЕИ code: short name, full name
    "006": ("м", "Метр"),
    "018": ("пог. м", "Погонный метр"),
    "055": ("м2", "Квадратный метр"),
    "112": ("л", "Литр"),
    "113": ("м3", "Кубический метр"),
    "163": ("г", "Грамм"),
    "166": ("кг", "Килограмм"),
    "168": ("т", "Тонна"),
    "246": ("кВт.ч", "Киловатт-час"),
    "355": ("мин", "Минута"),
    "356": ("ч", "Час"),
    "359": ("сут", "Сутки"),
    "360": ("нед", "Неделя"),
    "362": ("мес", "Месяц"),
    "364": ("кварт", "Квартал"),
    "366": ("г.", "Год"),
    "539": ("чел.ч", "Человеко-час"),
    "540": ("чел.дн", "Человеко-день"),
    "625": ("лист", "Лист"),
    "642": ("ед", "Единица"),
    "704": ("набор", "Набор"),
    "715": ("пар", "Пара"),
    "736": ("рул", "Рулон"),
    "778": ("упак", "Упаковка"),
    "796": ("шт", "Штука"),
    "812": ("ящ", "Ящик"),
    "839": ("компл", "Комплект"),
    "876": ("усл. ед", "Условная единица"),
}
COUNTRIES = {
    # ОКСМ code: name, full name, two letters, three letters
    "643": ("РОССИЯ", "Российская Федерация", "RU", "RUS"),
    "112": ("БЕЛАРУСЬ", "Республика Беларусь", "BY", "BLR"),
    "398": ("КАЗАХСТАН", "Республика Казахстан", "KZ", "KAZ"),
    "276": ("ГЕРМАНИЯ", "Федеративная Республика Германия", "DE", "DEU"),
    "156": ("КИТАЙ", "Китайская Народная Республика", "CN", "CHN"),
    "840": ("СОЕДИНЕННЫЕ ШТАТЫ", "Соединенные Штаты Америки", "US", "USA"),
}
CURRENCIES = {
    # code: letters, full name, rate from 2020-01-01 on (fictional)
    "643": ("руб.", "Российский рубль", None),
    "978": ("EUR", "Евро", 95),
    "840": ("USD", "Доллар США", 85),
}
ACCOUNTS = {
    "41.01": "Товары на складах",
    "51": "Расчетные счета",
    "62.01": "Расчеты с покупателями и заказчиками",
    "62.02": "Расчеты по авансам полученным",
    "62.21": "Расчеты с покупателями и заказчиками (в валюте)",
    "62.22": "Расчеты по авансам полученным (в валюте)",
    "62.31": "Расчеты с покупателями и заказчиками (в у.е.)",
    "62.32": "Расчеты по авансам полученным (в у.е.)",
    "90.01.1": "Выручка по деятельности с основной системой налогообложения",
    "90.02.1": "Себестоимость продаж по деятельности с основной системой налогообложения",
    "90.03": "Налог на добавленную стоимость",
}
RATES_FROM = "2020-01-01T00:00:00"


def account(code: str) -> str:
    """Give the Ref_Key of a ledger account by its code."""
    return key("ChartOfAccounts_Хозрасчетный", code)


def _classifiers() -> Iterator[tuple[str, str, Body]]:
    for code, (name, full) in UNITS.items():
        yield "Catalog_КлассификаторЕдиницИзмерения", code, {"Description": name, "НаименованиеПолное": full}
    for code, (name, full, two, three) in COUNTRIES.items():
        names = {"Description": name, "НаименованиеПолное": full, "КодАльфа2": two, "КодАльфа3": three}
        yield "Catalog_СтраныМира", code, names
    for code, (letters, full, _) in CURRENCIES.items():
        names = {"Description": letters, "НаименованиеПолное": full, "СпособУстановкиКурса": "ЗагрузкаИзИнтернета"}
        yield "Catalog_Валюты", code, names
    for code, name in ACCOUNTS.items():
        yield "ChartOfAccounts_Хозрасчетный", code, {"Description": name, "КодБыстрогоВыбора": code.replace(".", "")}
    for name, service in (("Товары", False), ("Услуги", True)):
        yield "Catalog_ВидыНоменклатуры", name, {"Description": name, "Услуга": service}
    yield "Catalog_НоменклатурныеГруппы", "00-000001", {"Description": "Основная номенклатурная группа"}
    yield "Catalog_Склады", "00-000001", {"Description": WAREHOUSE_NAME, "ТипСклада": "ОптовыйСклад"}


def _organization() -> Iterator[tuple[str, str, Body]]:
    bank = {"Description": "УЧЕБНЫЙ БАНК (АО)", "КоррСчет": "30101810400000000999", "Город": "г. Москва"}
    yield "Catalog_Банки", "044599999", bank | {"Страна_Key": RUSSIA}
    yield (
        "Catalog_Организации",
        "00-000001",
        {
            "Description": ORGANIZATION_NAME,
            "НаименованиеПолное": 'Общество с ограниченной ответственностью "Северный ветер"',
            "НаименованиеСокращенное": 'ООО "Северный ветер"',
            "ИНН": ORGANIZATION_INN,
            "КПП": ORGANIZATION_KPP,
            "Префикс": "СВ",
            "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
            "ОсновнойБанковскийСчет_Key": BANK_ACCOUNT,
            "СтранаРегистрации_Key": RUSSIA,
        },
    )
    yield (
        "Catalog_БанковскиеСчета",
        "00-000001",
        {
            "Description": "Основной расчетный счет",
            "Owner": ORGANIZATION,
            "Owner_Type": f"{NAMESPACE}Catalog_Организации",
            "НомерСчета": "40702810900000000001",
            "Банк_Key": BANK,
            "ВалютаДенежныхСредств_Key": RUB,
            "ВидСчета": "Расчетный",
        },
    )


def fill(store: Store) -> None:
    """Put the seed into an empty base (inside a transaction). A base that has it already is left as it is."""
    if store.meta("seeded"):
        return
    for name, code, fields in (*_classifiers(), *_organization()):
        entity = schema().entities[name]
        body = empty(entity.properties) | {section: [] for section in entity.sections}
        given: dict[str, Any] = {"Ref_Key": key(name, code), **fields}
        apply(entity.properties, given | ({"Code": code} if "code" in entity.attributes else {}), body)
        body["DataVersion"] = store.next_version()
        store.put(name, given["Ref_Key"], body)
    for code, (_, _, rate) in CURRENCIES.items():
        if rate is not None:
            currency = key("Catalog_Валюты", code)
            row = {"Period": RATES_FROM, "Валюта_Key": currency, "Курс": rate, "Кратность": 1}
            store.put("InformationRegister_КурсыВалют", f"{RATES_FROM}|{currency}", row)
    store.set_meta("seeded", value=True)
    for name in ("Catalog_НоменклатурныеГруппы", "Catalog_Склады", "Catalog_Организации", "Catalog_БанковскиеСчета"):
        store.set_meta(f"code:{name}", 1)
