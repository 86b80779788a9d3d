"""Post and Unpost: what the configuration checks, and what a posted document leaves behind.

A счёт makes no ledger entries. A реализация makes one revenue entry here (the real one makes several): enough to see
that a sale is booked once and that an entry corrected by hand stays. A payment makes movements in ОплатаСчетов and
moves the state of the счёт in СтатусыДокументов. A счёт-фактура marks its sale in that register.
"""

from decimal import Decimal

from infra.local.onec.base import RUB
from infra.local.onec.errors import handler_failed
from infra.local.onec.rules import (
    CONTRACTS,
    INVOICE,
    PAYMENT,
    SALE,
    TAX_INVOICE,
    check_period,
    fill_refusal,
    tax,
    tax_invoice_bases,
)
from infra.local.onec.schema import RECORD_TYPE, Entity, Property, schema
from infra.local.onec.settings import OneCSettings
from infra.local.onec.store import Store
from infra.local.onec.values import EMPTY_GUID, ENUM_NAMESPACE, NAMESPACE, UNDEFINED, Body, empty

LEDGER = "ledger"
"""Where revenue entries are kept; not published, seen through ``/_local/state``."""
STATES = "InformationRegister_СтатусыДокументов"
MOVEMENTS = f"AccumulationRegister_ОплатаСчетов{RECORD_TYPE}"
RATES = "InformationRegister_КурсыВалют"
_ROWS = {INVOICE: ("Товары",), SALE: ("Товары", "Услуги", "АгентскиеУслуги"), PAYMENT: ("РасшифровкаПлатежа",)}


def post(store: Store, settings: OneCSettings, entity: Entity, body: Body, *, operational: bool) -> Body:
    """Give the body of a posted document and write what it leaves behind. Refusals: 500, code -1."""
    if body["DeletionMark"]:
        raise handler_failed("Документ помечен на удаление и не может быть проведен")
    if operational:
        raise handler_failed("Оперативное проведение документа запрещено")
    check_period(store, body["Date"])
    if settings.fill_check != "never" and (refusal := fill_refusal(entity, body)):
        raise refusal
    _check_links(store, entity, body)
    if entity.name in (INVOICE, SALE):
        _check_contract(store, body)
    _check_rows(entity, body)
    posted = {**body, "Posted": True}
    _leave(store, settings, entity, posted)
    return posted


def unpost(store: Store, entity: Entity, body: Body) -> Body:
    """Give the body of a document that isn't posted any more and take away what it left behind."""
    check_period(store, body["Date"])
    withdraw(store, entity, body)
    return {**body, "Posted": False}


def _check_links(store: Store, entity: Entity, body: Body) -> None:
    for item in entity.properties:
        _check_link(store, item, body, entity.name)
    for section, columns in entity.sections.items():
        for row in body[section]:
            for item in columns:
                _check_link(store, item, row, section)


def _check_link(store: Store, item: Property, body: Body, where: str) -> None:
    value = body[item.wire]
    if item.kind == "reference":
        target = item.types[0]
    elif item.kind == "composite" and value:
        target = str(body[item.type_wire]).removeprefix(NAMESPACE)
    else:
        return
    if value in (None, EMPTY_GUID) or target not in schema().entities or store.get(target, str(value)):
        return
    raise handler_failed(f"Объект не найден ({target}: {value}): реквизит «{item.name}», {where}")


def _check_contract(store: Store, body: Body) -> None:
    contract = store.get(CONTRACTS, body["ДоговорКонтрагента_Key"])
    if contract is None:
        # The real message names nothing that helps: the posting reads the currency of a contract that isn't there.
        raise handler_failed("Значение не является значением объектного типа (ВалютаВзаиморасчетов)")
    name = contract["Description"]
    if contract["Owner_Key"] != body["Контрагент_Key"]:
        raise handler_failed(f"Договор «{name}» принадлежит другому контрагенту")
    if contract["Организация_Key"] != body["Организация_Key"]:
        raise handler_failed(f"Договор «{name}» заключен с другой организацией")
    if contract["ВидДоговора"] != "СПокупателем":
        raise handler_failed(f"Договор «{name}» имеет недопустимый вид")
    currencies = {body["ВалютаДокумента_Key"], contract["ВалютаВзаиморасчетов_Key"]} - {EMPTY_GUID, RUB}
    for currency in currencies:
        if not any(rate["Period"] <= body["Date"] for rate in _rates(store, currency)):
            raise handler_failed(f"Не задан курс валюты на {body['Date'][:10]}")


def _rates(store: Store, currency: str) -> list[Body]:
    return store.equal(RATES, "Валюта_Key", currency)


def _check_rows(entity: Entity, body: Body) -> None:
    sections = _ROWS.get(entity.name)
    if sections and not any(body[section] for section in sections):
        raise handler_failed(f'Не введено ни одной строки в список "{sections[0]}"')
    if entity.name == TAX_INVOICE and body["ВидСчетаФактуры"] == "НаРеализацию" and not tax_invoice_bases(body):
        raise handler_failed("Не указан документ-основание счета-фактуры")


def _leave(store: Store, settings: OneCSettings, entity: Entity, body: Body) -> None:
    key = body["Ref_Key"]
    if entity.name == SALE and not (body["РучнаяКорректировка"] and store.get(LEDGER, key)):
        entry = {"Document": key, "Date": body["Date"], "Amount": body["СуммаДокумента"], "VAT": tax(SALE, body)}
        store.put(LEDGER, key, entry)
    elif entity.name == INVOICE and settings.status_row == "post":
        set_state(store, INVOICE, body, {"Статус": "НеОплачен"}, keep=True)
    elif entity.name == TAX_INVOICE:
        _mark_sales(store, body)
    elif entity.name == PAYMENT:
        withdraw(store, entity, body)
        _move(store, body)


def withdraw(store: Store, entity: Entity, body: Body) -> None:
    """Take away what a posted document left behind."""
    key = body["Ref_Key"]
    if entity.name == SALE and store.get(LEDGER, key):
        store.delete(LEDGER, key)
    if entity.name == TAX_INVOICE and body["Posted"]:
        for kind, base in tax_invoice_bases(body):
            if sale := store.get(kind, base):
                set_state(store, kind, sale, {"СтатусСчетаФактуры": "НеПроведен"})
    if entity.name == PAYMENT:
        rows = store.equal(MOVEMENTS, "Recorder", key)
        for row in rows:
            store.delete(MOVEMENTS, f"{key}|{row['Recorder_Type']}|{row['LineNumber']}")
        for invoice in {row["СчетНаОплату"] for row in rows}:
            refresh_state(store, invoice)


def _mark_sales(store: Store, body: Body) -> None:
    for kind, key in tax_invoice_bases(body):
        sale = store.get(kind, key)
        if sale is None:
            continue
        state_row = store.get(STATES, _state_key(kind, sale))
        if state_row is not None and state_row["СтатусСчетаФактуры"] == "Проведен":
            other = next((o for o in store.all(TAX_INVOICE).values() if _rivals(o, body, (kind, key))), None)
            if other is not None:
                raise handler_failed(f"По документу уже выписан счет-фактура {other['Number']}")
        state = {"СтатусСчетаФактуры": "Проведен", "НомерСчетаФактуры": body["ПредставлениеНомера"]}
        set_state(store, kind, sale, state)


def _rivals(other: Body, body: Body, base: tuple[str, str]) -> bool:
    return bool(
        other["Posted"]
        and other["Ref_Key"] != body["Ref_Key"]
        and other["ВидСчетаФактуры"] == body["ВидСчетаФактуры"]
        and not (other["Исправление"] or body["Исправление"])
        and base in tax_invoice_bases(other)
    )


def _move(store: Store, body: Body) -> None:
    properties = schema().sets[MOVEMENTS].properties
    kind = f"{NAMESPACE}{PAYMENT}"
    for line, row in enumerate((r for r in body["РасшифровкаПлатежа"] if r["СчетНаОплату_Key"] != EMPTY_GUID), 1):
        movement = empty(properties) | {
            "Recorder": body["Ref_Key"],
            "Recorder_Type": kind,
            "Period": body["Date"],
            "LineNumber": line,
            "Active": True,
            "Сумма": row["СуммаПлатежа"],
            "СуммаНДС": row["СуммаНДС"],
            "СтавкаНДС": row["СтавкаНДС"],
            "Валюта_Key": body["ВалютаДокумента_Key"],
            "Организация_Key": body["Организация_Key"],
            "СчетНаОплату": row["СчетНаОплату_Key"],
            "СчетНаОплату_Type": f"{NAMESPACE}{INVOICE}",
        }
        store.put(MOVEMENTS, f"{body['Ref_Key']}|{kind}|{line}", movement)
        refresh_state(store, row["СчетНаОплату_Key"])


def refresh_state(store: Store, invoice: str) -> None:
    """Set the state of a счёт by what was paid for it."""
    document = store.get(INVOICE, invoice)
    if document is None:
        return
    paid = sum((Decimal(row["Сумма"]) for row in store.equal(MOVEMENTS, "СчетНаОплату", invoice)), Decimal(0))
    state = "НеОплачен" if paid <= 0 else "Оплачен" if paid >= document["СуммаДокумента"] else "ОплаченЧастично"
    set_state(store, INVOICE, document, {"Статус": state})


def _state_key(kind: str, document: Body) -> str:
    return f"{document['Организация_Key']}|{document['Ref_Key']}|{NAMESPACE}{kind}"


def set_state(store: Store, kind: str, document: Body, state: dict[str, str], *, keep: bool = False) -> None:
    """Write a document's row in СтатусыДокументов; ``keep``: leave a row that is there as it is."""
    organization, key, type_name = document["Организация_Key"], document["Ref_Key"], f"{NAMESPACE}{kind}"
    place = _state_key(kind, document)
    before = store.get(STATES, place)
    if before is not None and keep:
        return
    row = dict(before or empty(schema().entities[STATES].properties))
    row |= {"Организация_Key": organization, "Документ": key, "Документ_Type": type_name, **state}
    if kind == SALE and row["Статус_Type"] == UNDEFINED:
        row |= {"Статус": "НеПодписан"}
    if row["Статус"]:
        enum = "СтатусОплатыСчета" if kind == INVOICE else "СтатусыДокументовРеализации"
        row["Статус_Type"] = f"{ENUM_NAMESPACE}{enum}"
    store.put(STATES, place, row)
