"""From canonical customers and products to the cards that 1С:Бухгалтерия 3.0 takes. Pure.

Names and lengths are those of the configuration's metadata, release 3.0.151. A name that is too long is cut where 1C
has no room, and kept whole in ``НаименованиеПолное``.
"""

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.books import OnecBooks
from shared.documents import Customer, Product
from shared.errors import Refused
from shared.fieldmap import to_send
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


def shortened(name: str, limit: int) -> str:
    """Cut a name to what a property holds: spaces run together, then the first characters and an ellipsis."""
    plain = " ".join(name.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


Mode = Literal["overwrite", "if_new", "if_empty"]
"""What a value of the CRM does to a card that stands: takes the place of what the bridge wrote, nothing, fills a gap"""

CUSTOMER_FIELDS: dict[str, tuple[Mode, Mode]] = {
    # in a card that the bridge made, in a card that was matched
    "Description": ("overwrite", "if_new"),
    "НаименованиеПолное": ("overwrite", "if_empty"),
    "ЮридическоеФизическоеЛицо": ("if_new", "if_new"),
    "ИндивидуальныйПредприниматель": ("if_new", "if_new"),
    "ИНН": ("if_new", "if_new"),
    "КПП": ("if_new", "if_new"),
    "СтранаРегистрации_Key": ("if_new", "if_new"),
    "ОбособленноеПодразделение": ("if_new", "if_new"),
    "ГоловнойКонтрагент_Key": ("if_new", "if_new"),
    "КонтактнаяИнформация": ("if_new", "if_new"),
}
"""Numbers, country and contacts of a counterparty are the accountant's once it stands; bank details never are ours."""

_MARKER = re.compile(r"CRM ([0-9a-f]{12})\b")


def _names(customer: Customer) -> dict[str, str]:
    return {
        "Description": shortened(customer.name, 100),
        "НаименованиеПолное": shortened(customer.name, 550),
    }


def _print(names: Mapping[str, object]) -> str:
    """Give what Комментарий says of the names that were written: by it an accountant's edit is told from ours."""
    text = "\n".join(str(names.get(name) or "").strip() for name in ("Description", "НаименованиеПолное"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def counterparty(customer: Customer, identity: Identity, books: OnecBooks, head: UUID | None = None) -> Body:
    """Give a new Catalog_Контрагенты. A foreign one is never created: its country can't be decided.

    ``head``: the counterparty that this one is a branch of.
    """
    company = identity.kind == "company"
    names = _names(customer)
    body: Body = {
        **names,
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо" if company else "ФизическоеЛицо",
        "ИндивидуальныйПредприниматель": identity.kind == "sole_trader",
        "ИНН": identity.tax_number,
        "КПП": identity.kpp,
        "СтранаРегистрации_Key": str(books.country),
        "Комментарий": f"CRM {_print(names)}",
    }
    if head is not None:
        body |= {"ОбособленноеПодразделение": True, "ГоловнойКонтрагент_Key": str(head)}
    if contacts := _contacts(customer, books):
        body["КонтактнаяИнформация"] = contacts
    return body | to_send(customer.extras, None)


def _contacts(customer: Customer, books: OnecBooks) -> list[Body]:
    """Give the rows of КонтактнаяИнформация whose kind the books name, as far as they are text.

    ``Значение``, the structured form, is left to 1C: its format is the library's own.
    """
    address, email, phone = customer.address, customer.email.strip(), customer.phone.strip()
    written = ", ".join(filter(None, (address.postal_code, address.country, address.city, address.street)))
    rows: list[Body] = []
    if books.email_kind and email and len(email) <= 100:
        rows.append(
            {"Тип": "АдресЭлектроннойПочты", "Вид_Key": str(books.email_kind), "АдресЭП": email} | _shown(email)
        )
    if books.phone_kind and phone:
        short = {"НомерТелефона": phone} if len(phone) <= 20 else {}
        rows.append({"Тип": "Телефон", "Вид_Key": str(books.phone_kind)} | short | _shown(phone))
    if books.address_kind and written:
        place: Body = {"Страна": shortened(address.country, 100), "Город": shortened(address.city, 50)}
        rows.append({"Тип": "Адрес", "Вид_Key": str(books.address_kind)} | place | _shown(written))
    return [{"LineNumber": str(position), **row} for position, row in enumerate(rows, start=1)]


def _shown(text: str) -> Body:
    return {"Представление": shortened(text, 500)}


def renamed(customer: Customer, row: Mapping[str, Any], *, own: bool) -> Body:
    """Give what a customer's names change in the card that stands; empty where nothing does.

    ``own``: the bridge made the card. What an accountant has edited there since then stays.
    """
    comment = str(row.get("Комментарий") or "")
    marker = _MARKER.search(comment)
    untouched = own and marker is not None and marker[1] == _print(row)
    changes: Body = {}
    for name, value in _names(customer).items():
        mode, held = CUSTOMER_FIELDS[name][0 if own else 1], str(row.get(name) or "").strip()
        if (mode == "overwrite" and untouched and held != value) or (mode == "if_empty" and not held):
            changes[name] = value
    if changes and untouched:
        changes["Комментарий"] = _MARKER.sub(f"CRM {_print({**row, **changes})}", comment, count=1)
    return changes


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
        "Description": shortened(product.name, 100),
        "НаименованиеПолное": shortened(product.name, 1000),
        "Артикул": number,
        "Услуга": product.is_service,
        "ВидНоменклатуры_Key": str(books.services_kind if product.is_service else books.goods_kind),
        "ЕдиницаИзмерения_Key": str(unit),
        "НоменклатурнаяГруппа_Key": str(books.item_group),
    }
    if rate in VAT_KIND:
        body["ВидСтавкиНДС"] = VAT_KIND[rate]
    return body | to_send(product.extras, None)
