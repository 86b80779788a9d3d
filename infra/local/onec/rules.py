"""What БП does when an object is saved: numbers, codes, the closed period, totals, cleared sections, ledger accounts.

Facts from the configuration's code (release 3.0.151): the document's sum is recomputed from its rows, a row's tax is
not; «Услуги» are cleared in an operation with goods and the other way round; empty ledger accounts are filled only for
a user who doesn't see accounts; a contract with agent's VAT of the buyer zeroes the tax of goods.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from infra.local.onec.base import RUB, account
from infra.local.onec.errors import OneCError, handler_failed
from infra.local.onec.schema import Entity, Property
from infra.local.onec.settings import OneCSettings
from infra.local.onec.store import Store
from infra.local.onec.values import EMPTY_DATE, EMPTY_GUID, NAMESPACE, Body, is_empty

INVOICE = "Document_СчетНаОплатуПокупателю"
SALE = "Document_РеализацияТоваровУслуг"
TAX_INVOICE = "Document_СчетФактураВыданный"
PAYMENT = "Document_ПоступлениеНаРасчетныйСчет"
CONTRACTS = "Catalog_ДоговорыКонтрагентов"
ITEMS = "Catalog_Номенклатура"
ORGANIZATIONS = "Catalog_Организации"

_TAXED = {INVOICE: ("Товары",), SALE: ("Товары", "Услуги", "АгентскиеУслуги")}
_CLEARED = {"Товары": "Услуги", "Услуги": "Товары"}
"""Kind of operation of a sale: the section that it leaves empty."""
_ROW_ACCOUNTS = {
    "Товары": {"СчетУчета": "41.01"},
    "Услуги": {},
}
_COMMON_ACCOUNTS = {"СчетДоходов": "90.01.1", "СчетРасходов": "90.02.1", "СчетУчетаНДСПоРеализации": "90.03"}
_BASE_PREFIX = "00"


def check_period(store: Store, *dates: str) -> None:
    """Refuse where one of the dates lies in the closed period."""
    closed = store.meta("closed_until")
    for moment in dates:
        if closed and moment != EMPTY_DATE and moment[:10] <= closed:
            day = ".".join(reversed(closed.split("-")))
            raise handler_failed(f"Изменение данных запрещено: период закрыт по {day} (дата запрета изменения)")


def unfilled(properties: Iterable[Property], body: Mapping[str, Any]) -> list[str]:
    """Give the names that fill checking stumbles over."""
    return [item.name for item in properties if item.fill == "*" and is_empty(item, body)]


def fill_refusal(entity: Entity, body: Body) -> OneCError | None:
    """Check what is marked for fill checking, in the header and in every row; give the refusal, if any."""
    if body.get("IsFolder"):
        return None if body["Description"] else handler_failed('Поле "Наименование" не заполнено')
    found = [f'Поле "{name}" не заполнено' for name in unfilled(entity.properties, body)]
    for section, columns in entity.sections.items():
        for row in body[section]:
            place = f"в строке {row['LineNumber']} списка «{section}»"
            found += [f'Не заполнена колонка "{name}" {place}' for name in unfilled(columns, row)]
    if entity.name == SALE and body["Товары"] and body["Склад_Key"] == EMPTY_GUID:
        found.append('Поле "Склад" не заполнено')
    return handler_failed("\n".join(found)) if found else None


def assign_code(store: Store, entity: Entity, body: Body) -> None:
    """Give a new catalog item its Code, «00-000001» (the prefix of the base, then digits), unless it has one."""
    length = int(entity.attributes.get("code", 0))
    if not length or "manual" in entity.attributes or body["Code"]:
        return
    number = store.meta(f"code:{entity.name}", 0) + 1
    store.set_meta(f"code:{entity.name}", number)
    body["Code"] = f"{_BASE_PREFIX}-{number:0{length - len(_BASE_PREFIX) - 1}d}"


def assign_number(store: Store, entity: Entity, key: str, body: Body) -> None:
    """Give a document its Number: the organisation's prefix, the base's prefix, digits; 11 long, anew every year."""
    year = body["Date"][:4]
    if not body["Number"]:
        organization = store.get(ORGANIZATIONS, body["Организация_Key"])
        prefix = f"{organization['Префикс'] if organization else '':0>2}{_BASE_PREFIX}"
        counter = f"number:{entity.name}:{year}:{prefix}"
        number = store.meta(counter, 0)
        while True:
            number += 1
            body["Number"] = f"{prefix}-{number:06d}"
            if not _number_taken(store, entity, key, body["Number"], year):
                break
        store.set_meta(counter, number)
    elif _number_taken(store, entity, key, body["Number"], year):
        raise handler_failed('Значение поля "Номер" не уникально')


def _number_taken(store: Store, entity: Entity, key: str, number: str, year: str) -> bool:
    return any(
        other["Date"].startswith(year) and other["Ref_Key"] != key
        for other in store.equal(entity.name, "Number", number)
    )


def on_save(store: Store, settings: OneCSettings, entity: Entity, body: Body, before: Body | None) -> None:
    """Do to a body what the configuration does before it is written. Refusals look like a failed handler (500, -1)."""
    if not entity.is_document:
        assign_code(store, entity, body)
    else:
        if body["Date"] == EMPTY_DATE:
            raise handler_failed("Дата документа не заполнена")
        check_period(store, body["Date"], *([before["Date"]] if before else []))
        if before is None or before["Number"] != body["Number"]:
            assign_number(store, entity, body["Ref_Key"], body)
        if entity.name == SALE:
            _prepare_sale(store, settings, body)
        if entity.name in _TAXED:
            body["СуммаДокумента"] = total(entity.name, body)
        if entity.name == TAX_INVOICE:
            _prepare_tax_invoice(store, body)
    if settings.fill_check == "write" and (refusal := fill_refusal(entity, body)):
        raise refusal


def total(entity: str, body: Body) -> Decimal:
    """Compute a document's sum from its rows: tax on top where the prices don't include it."""
    result = sum((Decimal(row["Сумма"]) for row in body["ВозвратнаяТара"]), Decimal(0))
    for section in _TAXED[entity]:
        for row in body[section]:
            result += row["Сумма"] + (0 if body["СуммаВключаетНДС"] else row["СуммаНДС"])
    return result


def tax(entity: str, body: Body) -> Decimal:
    """Compute a document's VAT from its rows."""
    return sum((Decimal(row["СуммаНДС"]) for section in _TAXED[entity] for row in body[section]), Decimal(0))


def _prepare_sale(store: Store, settings: OneCSettings, body: Body) -> None:
    if cleared := _CLEARED.get(body["ВидОперации"]):
        body[cleared] = []
    contract = store.get(CONTRACTS, body["ДоговорКонтрагента_Key"]) or {}
    if contract.get("УчетАгентскогоНДСПокупателем"):
        body["Товары"] = [{**row, "СуммаНДС": Decimal(0)} for row in body["Товары"]]
    if settings.user_sees_accounts:
        return
    settlement, advance = settlement_accounts(contract)
    _fill_accounts(body, {"СчетУчетаРасчетовСКонтрагентом": settlement, "СчетУчетаРасчетовПоАвансам": advance})
    for section, own in _ROW_ACCOUNTS.items():
        for row in body[section]:
            _fill_accounts(row, own | _COMMON_ACCOUNTS)
            group = (store.get(ITEMS, row["Номенклатура_Key"]) or {}).get("НоменклатурнаяГруппа_Key") or EMPTY_GUID
            if not row["Субконто"] and group != EMPTY_GUID:
                row["Субконто"], row["Субконто_Type"] = group, f"{NAMESPACE}Catalog_НоменклатурныеГруппы"


def settlement_accounts(contract: Mapping[str, Any]) -> tuple[str, str]:
    """Give the accounts of settlements and of advances for a contract: roubles, conventional units, or currency."""
    if contract.get("РасчетыВУсловныхЕдиницах"):
        return "62.31", "62.32"
    if contract.get("ВалютаВзаиморасчетов_Key", RUB) != RUB:
        return "62.21", "62.22"
    return "62.01", "62.02"


def _fill_accounts(target: Body, codes: Mapping[str, str]) -> None:
    for name, code in codes.items():
        if target[f"{name}_Key"] == EMPTY_GUID:
            target[f"{name}_Key"] = account(code)


def tax_invoice_bases(body: Body) -> list[tuple[str, str]]:
    """Give the documents a счёт-фактура is issued for: type and key."""
    named = [(body["ДокументОснование_Type"], body["ДокументОснование"])]
    named += [(row["ДокументОснование_Type"], row["ДокументОснование"]) for row in body["ДокументыОснования"]]
    unique = dict.fromkeys((kind.removeprefix(NAMESPACE), key) for kind, key in named if key)
    return list(unique)


def _prepare_tax_invoice(store: Store, body: Body) -> None:
    sales = [found for kind, key in tax_invoice_bases(body) if kind == SALE and (found := store.get(kind, key))]
    if sales and not body["СуммаДокумента"]:
        body["СуммаДокумента"] = sum((Decimal(sale["СуммаДокумента"]) for sale in sales), Decimal(0))
        body["СуммаНДСДокумента"] = sum((tax(SALE, sale) for sale in sales), Decimal(0))
    if not body["ПредставлениеНомера"]:
        body["ПредставлениеНомера"] = body["Number"].rpartition("-")[2].lstrip("0")
