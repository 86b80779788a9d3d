"""Golden cases of cards, rule 10: a customer or a product of the CRM in, a new card of both accounting systems out.

What of a card follows the CRM later is in ``tests/unit/{onec,sapb1}/test_rule_10_cards.py``; to what is already there
it is matched in ``tests/integration/{onec,sapb1}_connector``.
"""

from typing import Any
from uuid import UUID

import pytest

from shared.dataverse import customers, transform
from shared.dataverse.sales import INVOICE
from shared.documents import Customer, Line
from shared.onec import cards as onec_cards
from shared.onec.identity import identify
from shared.routes import Route
from shared.sapb1 import cards as sapb1_cards
from tests.builders import (
    account_row,
    contact_row,
    invoice_row,
    line_row,
    onec_route,
    product_row,
    record_id,
    sapb1_route,
)
from tests.golden.reading import ONEC, SAPB1, SETTINGS
from tests.unit.dataverse.tables import cells

KINDS = {name: str(record_id(number, 0x7A)) for number, name in enumerate(("email_kind", "phone_kind", "address_kind"))}
ROUTE = Route.model_validate(onec_route(onec=ONEC | KINDS))
RUSSIAN = ROUTE.onec_books
EUROPEAN = Route.model_validate(sapb1_route(sapb1=SAPB1)).sapb1_books
HEAD, KEY = UUID(int=7), UUID("12345678-9abc-def0-1234-56789abcdef0")
UNITS = {"796": UUID(int=796), "356": UUID(int=356)}
"""ОКЕИ: piece, hour; how it is looked up is in ``test_matching.py``"""
NAMES = {value: name for name, value in ONEC.items() if isinstance(value, str)} | {
    str(key): okei for okei, key in UNITS.items()
}

LONG = ("Общество с ограниченной ответственностью «Ромашка» " * 3).strip()
CUT = f"{LONG[:99]}…"

CUSTOMERS = """
who            table    tax_number    kpp        country
company        account  7707083893    770701001  Россия
without_a_КПП  account  7707083893    -          -
branch         account  7707083893    780143001  Россия
sole_trader    account  500100732259  -          Россия
person         contact  -             -          -
with_a_number  contact  500100732259  -          Россия
foreign        account  SI55500001    -          si
"""
PARTNERS_OF_1C = """
who            ЮридическоеФизическоеЛицо ИндивидуальныйПредприниматель ОбособленноеПодразделение ИНН          КПП
company        ЮридическоеЛицо           False                         -                         7707083893   770701001
without_a_КПП  ЮридическоеЛицо           False                         -                         7707083893   -
branch         ЮридическоеЛицо           False                         True                      7707083893   780143001
sole_trader    ФизическоеЛицо            True                          -                         500100732259 -
person         ФизическоеЛицо            False                         -                         -            -
with_a_number  ФизическоеЛицо            False                         -                         500100732259 -
foreign        -                         -                             -                         -            -
"""
"""A foreign company is matched there, or refused, and never created: it gets no card."""
PARTNERS_OF_SAP = """
who            CardCode         CardType   CompanyPrivate  FederalTaxID
company        A-100            cCustomer  cCompany        7707083893
without_a_КПП  A-100            cCustomer  cCompany        7707083893
branch         A-100            cCustomer  cCompany        7707083893
sole_trader    A-100            cCustomer  cCompany        500100732259
person         C123456789ABCDE  cCustomer  cPrivate        -
with_a_number  C123456789ABCDE  cCustomer  cPrivate        500100732259
foreign        A-100            cCustomer  cCompany        SI55500001
"""

PRODUCTS = """
what     okei
product  796
service  356
"""
ITEMS_OF_1C = """
what     Артикул Услуга ВидНоменклатуры_Key ЕдиницаИзмерения_Key НоменклатурнаяГруппа_Key ВидСтавкиНДС
product  P1      False  goods_kind          796                  item_group               Общая
service  P1      True   services_kind       356                  item_group               Общая
"""
ITEMS_OF_SAP = """
what     ItemCode InventoryItem SalesItem PurchaseItem ItemsGroupCode
product  P1       tYES          tYES      tNO          100
service  P1       tNO           tYES      tNO          100
"""


def customer(row: dict[str, str], **columns: Any) -> Customer:
    """Read a customer as the CRM gives it."""
    given = {"acx_taxnumber": row["tax_number"], "acx_kpp": row["kpp"], "address1_country": row["country"]}
    filled = {name: None if value == "-" else value for name, value in given.items()} | columns
    made = {"account": account_row, "contact": contact_row}[row["table"]](**filled)
    return customers.customer({f"customerid_{row['table']}": made}, SETTINGS)


def line(kind: str, okei: str = "796", **columns: Any) -> Line:
    """Read a line with its product as the CRM gives it."""
    row = line_row(product=product_row(service=kind == "service", productnumber="P1", **columns))
    row["uomid"]["acx_okei"] = okei
    [made] = transform.to_sale(INVOICE, invoice_row(row), ROUTE, SETTINGS).lines
    return made


def counterparty(who: Customer) -> dict[str, Any]:
    """Give the card for 1C; empty where none is made."""
    identity = identify(who)
    if identity.kind == "foreign":
        return {}
    return onec_cards.counterparty(who, identity, RUSSIAN, HEAD if identity.is_branch else None)


def partner(who: Customer) -> dict[str, Any]:
    """Give the card for SAP Business One."""
    return sapb1_cards.partner(who, sapb1_cards.card_code(who, KEY), EUROPEAN)


def item_of_1c(made: Line) -> dict[str, Any]:
    """Give the card of a line's product for 1C."""
    assert made.product is not None
    assert made.unit is not None
    number = onec_cards.item_number(made.product, made.number)
    return onec_cards.item(made.product, number, UNITS[made.unit.okei], made.rate, RUSSIAN)


def item_of_sap(made: Line) -> dict[str, Any]:
    """Give the same for SAP Business One."""
    assert made.product is not None
    return sapb1_cards.item(made.product, sapb1_cards.item_code(made), EUROPEAN)


def seen(card: dict[str, Any], wanted: dict[str, str]) -> dict[str, str]:
    """Read of a card what a table is about; a key of 1C by its name."""
    values = {name: str(card.get(name, "")) or "-" for name in wanted}
    return {name: NAMES.get(value, value) for name, value in values.items()}


def side_by_side(*tables: str) -> list[Any]:
    """Put a row of the CRM beside what it becomes; the first cell names all of them."""
    made = []
    for rows in zip(*map(cells, tables), strict=True):
        [name] = {next(iter(row.values())) for row in rows}
        first, *others = rows
        results = [dict(list(row.items())[1:]) for row in others]
        made.append(pytest.param(first, *results, id=name))
    return made


@pytest.mark.parametrize(("crm", "in_1c", "in_sap"), side_by_side(CUSTOMERS, PARTNERS_OF_1C, PARTNERS_OF_SAP))
def test_rule_10_a_customer_becomes_a_card(crm: dict[str, str], in_1c: dict[str, str], in_sap: dict[str, str]) -> None:
    who = customer(crm)

    assert seen(counterparty(who), in_1c) == in_1c
    assert seen(partner(who), in_sap) == in_sap


def test_rule_10_a_branch_is_made_under_its_head_and_nobody_else_is() -> None:
    heads = {row["who"]: counterparty(customer(row)).get("ГоловнойКонтрагент_Key") for row in cells(CUSTOMERS)}
    assert {who: head for who, head in heads.items() if head} == {"branch": str(HEAD)}


def test_rule_10_contacts_stand_in_a_new_card() -> None:
    who = customer(cells(CUSTOMERS)[0])

    assert {row["Тип"]: row["Представление"] for row in counterparty(who)["КонтактнаяИнформация"]} == {
        "АдресЭлектроннойПочты": "office@romashka.example",
        "Телефон": "+7 495 000-00-00",
        "Адрес": "125047, Россия, Москва, ул. Лесная, 5",
    }
    card = partner(who)
    assert (card["EmailAddress"], card["Phone1"]) == ("office@romashka.example", "+7 495 000-00-00")
    place = {"Street": "ул. Лесная, 5", "City": "Москва", "ZipCode": "125047"}
    assert card["BPAddresses"] == [
        {"AddressName": "Bill to", "AddressType": "bo_BillTo"} | place,
        {"AddressName": "Ship to", "AddressType": "bo_ShipTo"} | place,
    ]
    assert card["FreeText"] == "Россия"  # a country that is a name: SAP takes two letters
    abroad = partner(customer(cells(CUSTOMERS)[-1]))
    assert ({row["Country"] for row in abroad["BPAddresses"]}, "FreeText" in abroad) == ({"SI"}, False)


@pytest.mark.parametrize(("crm", "in_1c", "in_sap"), side_by_side(PRODUCTS, ITEMS_OF_1C, ITEMS_OF_SAP))
def test_rule_10_a_product_becomes_a_card(crm: dict[str, str], in_1c: dict[str, str], in_sap: dict[str, str]) -> None:
    made = line(crm["what"], crm["okei"])

    assert seen(item_of_1c(made), in_1c) == in_1c
    assert seen(item_of_sap(made), in_sap) == in_sap


NAMED = [
    # in the CRM  1C: Description, НаименованиеПолное   SAP: CardName or ItemName, FreeText or User_Text
    ("Ромашка", ("Ромашка", "Ромашка"), ("Ромашка", None)),
    ("А" * 100, ("А" * 100, "А" * 100), ("А" * 100, None)),
    (LONG, (CUT, LONG), (CUT, LONG)),
]


@pytest.mark.parametrize(("name", "in_1c", "in_sap"), NAMED, ids=["short", "just fits", "cut"])
def test_rule_10_a_name_that_is_cut_stands_whole_beside_it(
    name: str, in_1c: tuple[str, str], in_sap: tuple[str, str | None]
) -> None:
    who, made = customer(cells(CUSTOMERS)[4], fullname=name), line("product", name=name)

    for card in (counterparty(who), item_of_1c(made)):
        assert (card["Description"], card["НаименованиеПолное"]) == in_1c
    of_partner, of_item = partner(who), item_of_sap(made)
    assert (of_partner["CardName"], of_partner.get("FreeText")) == in_sap
    assert (of_item["ItemName"], of_item.get("User_Text")) == in_sap
