"""Every name of the configuration that the connector uses, and the check that a base publishes them.

1C drops unknown properties of a body silently (vendor's guide), so a misspelt or renamed one would lose data without an
error. The names are those of БП 3.0 by the vendor's rule: a reference is ``…_Key``, a composite has ``…_Type`` beside
it.
"""

from collections.abc import Mapping

from shared import edmx

COUNTERPARTIES = "Catalog_Контрагенты"
CONTRACTS = "Catalog_ДоговорыКонтрагентов"
ITEMS = "Catalog_Номенклатура"
UNITS = "Catalog_КлассификаторЕдиницИзмерения"
CURRENCIES = "Catalog_Валюты"
RATES = "InformationRegister_КурсыВалют"
INVOICES = "Document_СчетНаОплатуПокупателю"
INVOICE_LINES = f"{INVOICES}_Товары"
SALES = "Document_РеализацияТоваровУслуг"
SALE_GOODS = f"{SALES}_Товары"
SALE_SERVICES = f"{SALES}_Услуги"
TAX_INVOICES = "Document_СчетФактураВыданный"
TAX_INVOICE_BASES = f"{TAX_INVOICES}_ДокументыОснования"
CORRECTIONS = "Document_КорректировкаРеализации"
PAYMENT_ROWS = "Document_ПоступлениеНаРасчетныйСчет_РасшифровкаПлатежа"
CASH_ROWS = "Document_ПриходныйКассовыйОрдер_РасшифровкаПлатежа"
CARD_ROWS = "Document_ОплатаПлатежнойКартой_РасшифровкаПлатежа"
STATES = "InformationRegister_СтатусыДокументов"
DUE_DATES = "InformationRegister_СрокиОплатыДокументов"
EXCHANGED = "InformationRegister_ОбъектыУчетаДокументовЭДО"
PAID = "AccumulationRegister_ОплатаСчетов_RecordType"
CONTACTS = "Catalog_Контрагенты_КонтактнаяИнформация"
ORGANIZATIONS = "Catalog_Организации"
BANK_ACCOUNTS = "Catalog_БанковскиеСчета"
ITEM_KINDS = "Catalog_ВидыНоменклатуры"
ITEM_GROUPS = "Catalog_НоменклатурныеГруппы"
COUNTRIES = "Catalog_СтраныМира"
WAREHOUSES = "Catalog_Склады"

_OBJECT = "Ref_Key DeletionMark"
_DOCUMENT = (
    f"{_OBJECT} DataVersion Number Date Posted Комментарий Организация_Key Контрагент_Key ДоговорКонтрагента_Key"
)
_MONEY = "ВалютаДокумента_Key КурсВзаиморасчетов КратностьВзаиморасчетов СуммаВключаетНДС ДокументБезНДС СуммаДокумента"
_ROW = "LineNumber Количество Цена Сумма СтавкаНДС СуммаНДС"
_ACCOUNTS = "СчетДоходов_Key СчетРасходов_Key СчетУчетаНДСПоРеализации_Key Субконто"

Names = dict[str, frozenset[str]]


def _split(names: Mapping[str, str]) -> Names:
    return {entity: frozenset(text.split()) for entity, text in names.items()}


ALWAYS = _split(
    {
        COUNTERPARTIES: f"{_OBJECT} DataVersion Code Description IsFolder НаименованиеПолное ЮридическоеФизическоеЛицо"
        " ИндивидуальныйПредприниматель ИНН КПП НалоговыйНомер СтранаРегистрации_Key ОбособленноеПодразделение"
        " ГоловнойКонтрагент_Key Комментарий",
        CONTRACTS: f"{_OBJECT} Code Description IsFolder Owner_Key ВидДоговора Организация_Key"
        " ВалютаВзаиморасчетов_Key Дата СрокДействия ДоговорЗакрыт РасчетыВУсловныхЕдиницах Валютный ОплатаВВалюте"
        " УчетАгентскогоНДСПокупателем СпособЗаполненияСтавкиНДС",
        ITEMS: f"{_OBJECT} DataVersion Code Description IsFolder НаименованиеПолное Комментарий Артикул Услуга"
        " ВидНоменклатуры_Key ЕдиницаИзмерения_Key НоменклатурнаяГруппа_Key ВидСтавкиНДС",
        UNITS: f"{_OBJECT} Code Description",
        CURRENCIES: f"{_OBJECT} Code Description",
        ORGANIZATIONS: _OBJECT,
        BANK_ACCOUNTS: _OBJECT,
        ITEM_KINDS: _OBJECT,
        ITEM_GROUPS: _OBJECT,
        COUNTRIES: f"{_OBJECT} Description НаименованиеПолное КодАльфа2 КодАльфа3",
    }
)
"""Entity (or row of a tabular section) → properties that are written, read or filtered by, whatever the route.

КурсыВалют and Склады are left out: not every company needs them, they are only read, and a reading fails loudly.
"""
FOR_SCHET = _split(
    {
        INVOICES: f"{_DOCUMENT} {_MONEY} ОрганизацияПолучатель_Key СтруктурнаяЕдиница_Key ВидОперации Склад_Key"
        " ДокументОснование ДокументОснование_Type Товары",
        INVOICE_LINES: f"{_ROW} Номенклатура Номенклатура_Type Содержание",
    }
)
FOR_REALIZATSIYA = _split(
    {
        SALES: f"{_DOCUMENT} {_MONEY} ВидОперации СпособЗачетаАвансов Склад_Key СчетНаОплатуПокупателю_Key"
        " ЭтоУниверсальныйДокумент РучнаяКорректировка СчетУчетаРасчетовСКонтрагентом_Key"
        " СчетУчетаРасчетовПоАвансам_Key Товары Услуги",
        SALE_GOODS: f"{_ROW} Номенклатура_Key СчетУчета_Key {_ACCOUNTS}",
        SALE_SERVICES: f"{_ROW} Номенклатура_Key Содержание {_ACCOUNTS}",
    }
)
FOR_FAKTURA = _split(
    {
        TAX_INVOICES: f"{_DOCUMENT} ВидСчетаФактуры ДокументОснование ДокументОснование_Type ВалютаДокумента_Key"
        " КодВидаОперации Выставлен ДатаВыставления КодСпособаВыставления СуммаДокумента СуммаНДСДокумента"
        " ДокументыОснования",
        TAX_INVOICE_BASES: "Ref_Key LineNumber ДокументОснование ДокументОснование_Type",
    }
)
FOR_DUE_DATES = _split({DUE_DATES: "Организация_Key Документ Документ_Type СрокОплаты"})
FOR_CONTACTS = _split({CONTACTS: "LineNumber Тип Вид_Key Представление АдресЭП НомерТелефона Страна Город"})
FOR_CHANGING_SCHET = _split(
    {
        STATES: "Организация_Key Документ Документ_Type Статус ДополнительныйСтатус СтатусСчетаФактуры",
        PAID: "СчетНаОплату Сумма",
        SALES: "Ref_Key Number DeletionMark СчетНаОплатуПокупателю_Key",
        SALE_GOODS: "Ref_Key СчетНаОплатуПокупателю_Key",
        SALE_SERVICES: "Ref_Key СчетНаОплатуПокупателю_Key",
    }
)
FOR_CHANGING_REALIZATSIYA = _split(
    {
        TAX_INVOICES: "Ref_Key Number Posted DeletionMark ДокументОснование",
        TAX_INVOICE_BASES: "Ref_Key ДокументОснование",
        CORRECTIONS: "Ref_Key Number DeletionMark ДокументРеализации",
        PAYMENT_ROWS: "Ref_Key Сделка",
        CASH_ROWS: "Ref_Key Сделка",
        EXCHANGED: "ОбъектУчета",
    }
)
WHERE_PUBLISHED = _split({CARD_ROWS: "Ref_Key Сделка"})
"""What is read besides where a base has it: not every company takes cards."""


def united(*parts: Names) -> Names:
    """Put names together."""
    result: Names = {}
    for part in parts:
        for entity, own in part.items():
            result[entity] = result.get(entity, frozenset()) | own
    return result


NAMES = united(
    ALWAYS,
    *(FOR_SCHET, FOR_REALIZATSIYA, FOR_FAKTURA, FOR_DUE_DATES, FOR_CONTACTS),
    *(FOR_CHANGING_SCHET, FOR_CHANGING_REALIZATSIYA),
)
"""Everything that any route can need."""


def missing(metadata: bytes, wanted: Mapping[str, frozenset[str]] = NAMES) -> list[str]:
    """Name what a base's ``$metadata`` lacks: a whole entity, or ``Entity.Property``. Empty: nothing.

    Raises MetadataUnreadable. CPU-bound: a second or so on a real base.
    """
    found = edmx.read(metadata, wanted.__contains__).types
    lacking = []
    for entity, names in wanted.items():
        if entity not in found:
            lacking.append(entity)
        else:
            lacking += [f"{entity}.{name}" for name in sorted(names - found[entity].keys())]
    return lacking
