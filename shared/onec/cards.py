"""From canonical customers and products to the new cards that 1С:Бухгалтерия 3.0 takes. Pure.

Names and lengths are those of the configuration's metadata, release 3.0.151. A name that is too long is cut where 1C
has no room, and kept whole in ``НаименованиеПолное``. What of it follows the CRM later says ``card_changes``.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.books import OnecBooks
from shared.documents import Customer, Product
from shared.errors import Refused
from shared.fieldmap import Copied, copied, cut, plain, to_send
from shared.keys import accounting_key
from shared.onec.card_marks import mark
from shared.onec.currencies import ROUBLE
from shared.onec.identity import Identity
from shared.refusals import refusal

Body = dict[str, object]

MAX_ITEM_NUMBER = 25
"""Catalog_Номенклатура.Артикул"""

VAT_KIND = {
    Decimal(22): "Общая",
    Decimal(20): "Общая",
    Decimal(10): "Пониженная",
    Decimal(0): "Нулевая",
    None: "БезНДС",
}
"""Tax rate → Enum_ВидыСтавокНДС of an item; 5 and 7 % belong to the seller's regime, not to an item."""


CUSTOMER = (
    Copied("Description", "name", 100, own="overwrite", typed="only_if_new", cut=True),
    Copied("НаименованиеПолное", "name", 550, own="overwrite", typed="only_if_empty", cut=True),
)
"""What is copied from a customer into Catalog_Контрагенты.

The contacts that the books name a kind for follow the CRM in a card of ours, and are not written into any other. ИНН,
КПП, country, the kind of the counterparty and its head are written with a new card and are the accountant's from then
on; bank details and accounts never are ours. An accountant's edit of a copied value stays, in a card of ours too.
"""
PRODUCT = (
    Copied("Description", "name", 100, own="overwrite", typed="only_if_new", cut=True),
    Copied("НаименованиеПолное", "name", 1000, own="overwrite", typed="only_if_empty", cut=True),
)
"""What is copied from a product into Catalog_Номенклатура. Артикул, kind, unit, group and VAT: with a new card only."""
CONTACTS: dict[str, str] = {"email": "АдресЭлектроннойПочты", "phone": "Телефон", "address": "Адрес"}
"""Contact → Тип of its row; the books name its kind."""


def shortened(name: str, limit: int) -> str:
    """Cut a name to what a property holds: spaces run together, then the first characters and an ellipsis."""
    return cut(plain(name), limit)


def counterparty(customer: Customer, identity: Identity, books: OnecBooks, head: UUID | None = None) -> Body:
    """Give a new Catalog_Контрагенты. A foreign one is never created: its country can't be decided.

    ``head``: the counterparty that this one is a branch of.
    """
    company = identity.kind == "company"
    contacts = contact_rows(customer, books)
    body: Body = {
        **to_send(copied(CUSTOMER, customer), None),
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо" if company else "ФизическоеЛицо",
        "ИндивидуальныйПредприниматель": identity.kind == "sole_trader",
        "ИНН": identity.tax_number,
        "КПП": identity.kpp,
        "СтранаРегистрации_Key": str(books.country),
        **to_send(customer.extras, None),
    }
    if head is not None:
        body |= {"ОбособленноеПодразделение": True, "ГоловнойКонтрагент_Key": str(head)}
    if contacts:
        body["КонтактнаяИнформация"] = numbered(contacts.values())
    return body | {"Комментарий": mark(shown(CUSTOMER, body, books).values())}


def shown(fields: Sequence[Copied], row: Mapping[str, Any], books: OnecBooks | None = None) -> dict[str, str]:
    """Give what a card shows of what the bridge copies, in the order of its mark: properties, then contacts."""
    found = {field.to: str(row.get(field.to) or "").strip() for field in fields}
    for contact in CONTACTS if books else ():
        rows = (each for each in row.get("КонтактнаяИнформация") or () if is_contact(each, contact, books))
        found[contact] = next((str(each.get("Представление") or "").strip() for each in rows), "")
    return found


def is_contact(row: Mapping[str, Any], contact: str, books: OnecBooks | None) -> bool:
    """Say whether a row of КонтактнаяИнформация is of the kind that the books name for a contact."""
    kind = getattr(books, f"{contact}_kind", None)
    return kind is not None and str(row.get("Вид_Key", "")).lower() == str(kind)


def contact_rows(customer: Customer, books: OnecBooks) -> dict[str, Body]:
    """Give the rows of КонтактнаяИнформация whose kind the books name, as far as they are text.

    ``Значение``, the structured form, is left to 1C: its format is the library's own.
    """
    address, email, phone = customer.address, customer.email.strip(), customer.phone.strip()
    written = ", ".join(filter(None, (address.postal_code, address.country, address.city, address.street)))
    rows: dict[str, Body] = {}
    if email and len(email) <= 100:
        rows["email"] = {"АдресЭП": email, "Представление": email}
    if phone:
        short: Body = {"НомерТелефона": phone} if len(phone) <= 20 else {}
        rows["phone"] = short | {"Представление": shortened(phone, 500)}
    if written:
        place: Body = {"Страна": shortened(address.country, 100), "Город": shortened(address.city, 50)}
        rows["address"] = place | {"Представление": shortened(written, 500)}
    kinds = {contact: getattr(books, f"{contact}_kind") for contact in rows}
    return {
        contact: {"Тип": CONTACTS[contact], "Вид_Key": str(kinds[contact]), **row}
        for contact, row in rows.items()
        if kinds[contact] is not None
    }


def numbered(rows: Iterable[Body]) -> list[Body]:
    """Number the rows of a tabular section."""
    return [{**row, "LineNumber": str(position)} for position, row in enumerate(rows, start=1)]


def contract_key(organization_id: UUID, owner: UUID, currency_code: str, books: OnecBooks) -> UUID:
    """Give the key of the contract that the bridge makes with a counterparty, our organisation and a currency.

    By the counterparty in 1C, not the customer in the CRM: two records of one company share the contract.
    """
    return accounting_key(organization_id, "onec", f"contract-{books.organization}-{currency_code}", owner)


def contract(owner: UUID, currency: UUID, currency_code: str, books: OnecBooks) -> Body:
    """Give a new Catalog_ДоговорыКонтрагентов: with a buyer, settled and paid in the currency, valid always."""
    foreign = currency_code != ROUBLE
    return {
        "Owner_Key": str(owner),
        "Description": f"Договор с покупателем, {currency_code}" if foreign else "Договор с покупателем",
        "ВидДоговора": "СПокупателем",
        "Организация_Key": str(books.organization),
        "ВалютаВзаиморасчетов_Key": str(currency),
        "Валютный": foreign,
        "ОплатаВВалюте": foreign,
        "РасчетыВУсловныхЕдиницах": False,
        "СпособЗаполненияСтавкиНДС": "Автоматически",
    }


def item_number(product: Product, line: int) -> str:
    """Give the Артикул of a product. Refused: product_number_missing, too_long."""
    number = product.number.strip()
    if not number:
        raise Refused(refusal("product_number_missing", line=line))
    if len(number) > MAX_ITEM_NUMBER:
        raise Refused(refusal("too_long", field="productnumber", limit=MAX_ITEM_NUMBER))
    return number


def item(product: Product, number: str, unit: UUID, rate: Decimal | None, books: OnecBooks) -> Body:
    """Give a new Catalog_Номенклатура."""
    body: Body = {
        **to_send(copied(PRODUCT, product), None),
        "Артикул": number,
        "Услуга": product.is_service,
        "ВидНоменклатуры_Key": str(books.services_kind if product.is_service else books.goods_kind),
        "ЕдиницаИзмерения_Key": str(unit),
        "НоменклатурнаяГруппа_Key": str(books.item_group),
    }
    if rate in VAT_KIND:
        body["ВидСтавкиНДС"] = VAT_KIND[rate]
    body |= to_send(product.extras, None)
    return body | {"Комментарий": mark(shown(PRODUCT, body).values())}
