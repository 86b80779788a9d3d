"""From canonical customers and products to the cards that 1С:Бухгалтерия 3.0 takes. Pure.

Names and lengths are those of the configuration's metadata, release 3.0.151. A name that is too long is cut where 1C
has no room, and kept whole in ``НаименованиеПолное``.
"""

from decimal import Decimal
from uuid import UUID

from shared.books import OnecBooks
from shared.documents import Customer, Product
from shared.errors import Refused
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


def counterparty(customer: Customer, identity: Identity, books: OnecBooks) -> Body:
    """Give a new Catalog_Контрагенты. A foreign one is never created: its country can't be decided."""
    company = identity.kind == "company"
    return {
        "Description": shortened(customer.name, 100),
        "НаименованиеПолное": shortened(customer.name, 550),
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо" if company else "ФизическоеЛицо",
        "ИндивидуальныйПредприниматель": identity.kind == "sole_trader",
        "ИНН": identity.tax_number,
        "КПП": identity.kpp,
        "СтранаРегистрации_Key": str(books.country),
    }


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
    return body
