"""What a file in EnterpriseData says beside what a document cannot do without: contacts, due date, own fields. Pure.

The format knows few properties of those that 1C has: what it has no place for is named in README.txt.
"""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

from shared.books import OnecBooks
from shared.documents import Customer, Extra, Sale
from shared.errors import Refused
from shared.fieldmap import FieldRule, RecordKind
from shared.files.xml_text import Element, element
from shared.onec.cards import contact_rows
from shared.onec.kinds import TARGET
from shared.refusals import refusal

PAYMENT_STAGES_FROM = (1, 20)
"""The first version whose schema was seen to have ЭтапыОплаты in a счёт; 1.17 has none."""
CONTACT_INFO = (
    'xmlns="http://www.v8.1c.ru/ssl/contactinfo" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
"""Of ЗначенияПолей: contacts in the XML form of 1C's standard library (БСП)."""
OWN_FIELDS: Mapping[RecordKind, Mapping[str, str]] = {
    "document": {"АдресДоставки": "АдресДоставки", "ЭтапГосконтрактаЕИС": "ЭтапГосконтрактаЕИС"},
    "line": {},
    "customer": {
        "КодПоОКПО": "ОКПО",
        "ДокументУдостоверяющийЛичность": "ДокументУдЛичность",
        "РегистрационныйНомер": "РегистрационныйНомер",
    },
    "product": {"Описание": "Описание"},
}
"""Properties that FIELD_MAP may name and the format has: 1C's name → the format's. Texts, all of them."""
_WRITTEN_ANYWAY: Mapping[RecordKind, frozenset[str]] = {
    "document": frozenset(),
    "line": frozenset({"Содержание"}),
    "customer": frozenset({"Description", "НаименованиеПолное", "ИндивидуальныйПредприниматель"}),
    "product": frozenset({"Description", "НаименованиеПолное"}),
}
"""What the file takes from a card or a row of the automatic way, a company's own fields among them."""
LIMITS = {"ОКПО": 14}
"""Characters, by the schema."""


def own_field(record: RecordKind, extras: Iterable[Extra], name: str) -> Element | None:
    """Give a company's own field by the format's name, where it has a value. Refused: too_long."""
    named = {to for to, theirs in OWN_FIELDS[record].items() if theirs == name}
    value = next((extra.value for extra in extras if extra.to in named), None)
    limit = LIMITS.get(name)
    if limit is not None and len(str(value)) > limit:
        raise Refused(refusal("too_long", field=name, limit=limit))
    return element(name, value)


def left_behind(rules: Iterable[FieldRule]) -> list[str]:
    """Name the properties for 1C that FIELD_MAP names and the format has no place for."""
    named = {(rule.record, rule.to) for rule in rules if rule.target == TARGET}
    return sorted({to for record, to in named if to not in {*OWN_FIELDS[record], *_WRITTEN_ANYWAY[record]}})


def contacts(customer: Customer, books: OnecBooks) -> Element | None:
    """Give the e-mail and the telephone, each where the books name its kind.

    An address is left out: 1C wants it in parts that the CRM does not have.
    """
    rows = contact_rows(customer, books)
    return element(
        "КонтактнаяИнформация",
        [_contact(each, str(rows[each]["Представление"])) for each in ("email", "phone") if each in rows],
    )


def _contact(kind: str, value: str) -> Element | None:
    shown = quoteattr(value)
    name, inside = {
        "email": ("АдресЭлектроннойПочты", f'xsi:type="ЭлектроннаяПочта" Значение={shown}'),
        "phone": ("Телефон", f'xsi:type="НомерТелефона" КодСтраны="" КодГорода="" Номер={shown} Добавочный=""'),
    }[kind]
    values = f"<КонтактнаяИнформация {CONTACT_INFO} Представление={shown}><Состав {inside}/></КонтактнаяИнформация>"
    return element("Строка", [element("ВидКонтактнойИнформации", name), element("ЗначенияПолей", values)])


def payment_stage(sale: Sale, books: OnecBooks, version: str) -> Element | None:
    """Give the due date of a счёт as its one stage of payment, where the books want it and the format has it."""
    if not (books.due_dates and holds_due_dates(version)):
        return None
    stage = [
        element("НомерСтрокиДокумента", 1),
        element("ВариантОплаты", "Предоплата" if sale.due_date <= sale.shipment_date else "Кредит"),
        element("ФормаОплаты", "Безналичная"),
        element("ДатаПлатежа", sale.due_date),
        element("ПроцентПлатежа", 100),
        element("СуммаПлатежа", sale.total),
    ]
    return element("ЭтапыОплаты", [element("Строка", stage)])


def holds_due_dates(version: str) -> bool:
    """Say whether a version of the format has a place for the due date of a счёт."""
    return tuple(int(part) for part in version.split(".")) >= PAYMENT_STAGES_FROM
