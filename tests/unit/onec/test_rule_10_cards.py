"""Golden cases: counterparties and items, new and changed; what follows the CRM and what is the accountant's."""

from typing import Any

import pytest

from shared.documents import Address, Customer, Extra, Product
from shared.onec import card_changes, cards
from shared.onec.identity import Identity
from tests.unit.onec import samples

KINDS: dict[str, Any] = {name: samples.ident(name) for name in ("email_kind", "phone_kind", "address_kind")}
BOOKS = samples.books(**KINDS)
OFFICE = Address(street="Тверская, 1", city="Москва", postal_code="125009", country="Россия")
FULL: dict[str, Any] = {"email": "buh@example.ru", "phone": "+7 495 000-00-00", "address": OFFICE}
LONG = ("Общество с ограниченной ответственностью " * 4).strip()
SECTION = "КонтактнаяИнформация"


def customer(**changes: Any) -> Customer:
    """Give the customer, changed in the CRM."""
    return samples.customer(**(FULL | changes))


def made(**edited: Any) -> dict[str, Any]:
    """Give the card that the bridge made of the customer, edited by an accountant since."""
    body = cards.counterparty(customer(), Identity("company", samples.COMPANY_INN, samples.COMPANY_KPP), BOOKS)
    return {"Ref_Key": "x", "DataVersion": "v", **body, **edited}


NAMED = {"Description": "Насос", "НаименованиеПолное": "Насос"}
SHORT, FULL_NAME = ({name: value} for name, value in NAMED.items())


def own_field(mode: Any, value: Any = "новое", to: str = "ДополнительнаяИнформация") -> tuple[Extra, ...]:
    """Give a company's own field."""
    return (Extra(to=to, value=value, mode=mode),)


def contacts(card: dict[str, Any]) -> dict[str, str]:
    """Give what a card says of contacts."""
    return {row["Тип"]: row["Представление"] for row in card[SECTION]}


@pytest.mark.parametrize(
    ("crm", "held", "ours", "typed"),
    [
        # in the CRM, 1C has, is sent into ours, is sent into one that was typed by hand
        ({}, {}, {}, {}),
        ({"name": "Лютик"}, {}, {"Description": "Лютик", "НаименованиеПолное": "Лютик"}, {}),
        ({"name": "Лютик"}, {"НаименованиеПолное": ""}, {"Description": "Лютик"}, {"НаименованиеПолное": "Лютик"}),
        ({"name": "Лютик"}, {"Description": "Ромашка ЮГ"}, {"НаименованиеПолное": "Лютик"}, {}),
        ({"name": "Лютик"}, {"Комментарий": "Платит вовремя"}, {}, {}),
        ({"name": LONG}, {}, {"Description": f"{LONG[:99]}…", "НаименованиеПолное": LONG}, {}),
        ({"tax_number": "7736050003", "kpp": "780101001"}, {"ИНН": "", "КПП": ""}, {}, {}),
        ({"email": "", "phone": "", "address": Address()}, {}, {}, {}),
        *(
            ({"extras": own_field(mode)}, {"ДополнительнаяИнформация": held}, sent, sent)
            for mode, held, sent in (
                ("overwrite", "старое", {"ДополнительнаяИнформация": "новое"}),
                ("overwrite", "новое", {}),
                ("only_if_empty", "старое", {}),
                ("only_if_empty", "", {"ДополнительнаяИнформация": "новое"}),
                ("only_if_new", "", {}),
            )
        ),
        (
            {"extras": own_field("only_if_empty", str(samples.ident("r")), "Регион_Key")},
            {"Регион_Key": "00000000-0000-0000-0000-000000000000"},
            *[{"Регион_Key": str(samples.ident("r"))}] * 2,
        ),
        (
            {"name": "Лютик", "extras": own_field("only_if_new", "Лютик", "Description")},
            {},
            {"НаименованиеПолное": "Лютик"},
            {},
        ),
    ],
)
def test_rule_10_a_changed_counterparty_field_by_field(
    crm: dict[str, Any], held: dict[str, Any], ours: dict[str, Any], typed: dict[str, Any]
) -> None:
    """An edit of one value by the accountant keeps that one; a mark that is gone keeps all of them."""
    card = made(**held)
    sent = card_changes.of_counterparty(customer(**crm), card, BOOKS, own=True)
    assert {name: value for name, value in sent.items() if name != "Комментарий"} == ours
    assert card_changes.of_counterparty(customer(**crm), card, BOOKS, own=False) == typed


@pytest.mark.parametrize(
    ("crm", "shown"),
    [
        ({"phone": "+7 812 1"}, {"Телефон": "+7 812 1"}),
        ({"email": "new@example.ru"}, {"АдресЭлектроннойПочты": "new@example.ru"}),
        ({"address": OFFICE.model_copy(update={"street": "Арбат, 2"})}, {"Адрес": "125009, Россия, Москва, Арбат, 2"}),
    ],
)
def test_rule_10_contacts_of_our_card_follow_and_of_another_stay(crm: dict[str, Any], shown: dict[str, str]) -> None:
    card = made()
    fax = {
        "LineNumber": "1",
        "Тип": "Факс",
        "Вид_Key": str(samples.ident("fax")),
        "Представление": "12",
        "Значение": "{}",
    }
    rows = [fax, *({**row, "Ref_Key": "x", "Значение": '{"value": "old"}'} for row in card[SECTION])]
    sent: dict[str, Any] = card_changes.of_counterparty(customer(**crm), card | {SECTION: rows}, BOOKS, own=True)
    assert contacts(sent) == {"Факс": "12"} | contacts(card) | shown
    assert [row["LineNumber"] for row in sent[SECTION]] == ["1", "2", "3", "4"]
    structured = {row["Тип"]: row.get("Значение") for row in sent[SECTION]}
    changed = next(iter(shown))
    assert structured.pop(changed) is None  # 1C goes by it, so the old one must not stay
    assert all(structured.values())
    assert card_changes.of_counterparty(customer(**crm), card, BOOKS, own=False) == {}


def test_rule_08_a_contact_that_the_accountant_edited_stays() -> None:
    card = made()
    edited = [row | ({"Представление": "доб. 7"} if row["Тип"] == "Телефон" else {}) for row in card[SECTION]]
    sent = card_changes.of_counterparty(customer(phone="+7 812 1"), card | {SECTION: edited}, BOOKS, own=True)
    assert sent == {}
    again = customer(phone="+7 812 1", email="new@example.ru")
    sent = card_changes.of_counterparty(again, card | {SECTION: edited}, BOOKS, own=True)
    assert contacts(sent)["Телефон"] == "доб. 7"
    assert contacts(sent)["АдресЭлектроннойПочты"] == "new@example.ru"


def test_rule_08_what_was_changed_by_us_is_still_ours_and_what_was_edited_still_is_not() -> None:
    card = made(Description="Ромашка ЮГ")
    for name in ("Лютик", "Василёк"):
        sent = card_changes.of_counterparty(customer(name=name), card, BOOKS, own=True)
        assert sent["НаименованиеПолное"] == name
        assert "Description" not in sent
        card |= sent | {"Комментарий": f"Важный! {sent['Комментарий']} (юг)"}


@pytest.mark.parametrize(
    ("product", "held", "ours", "typed"),
    [
        (samples.product(), {}, {}, {}),
        (samples.product(name="Насос"), {}, NAMED, {}),
        (
            samples.product(name="Насос"),
            {"НаименованиеПолное": ""},
            {"Description": "Насос"},
            {"НаименованиеПолное": "Насос"},
        ),
        (samples.product(name="Насос"), {"Description": "Насос БЦ"}, FULL_NAME, {}),
        (samples.product(name=LONG), {}, {"Description": f"{LONG[:99]}…", "НаименованиеПолное": LONG}, {}),
        (samples.product(number="B-2", id=samples.ident("A-1"), name="Товар A-1"), {}, {}, {}),
        (samples.product(extras=own_field("overwrite", 5, "Вес")), {"Вес": "5"}, {}, {}),
        (samples.product(extras=own_field("only_if_empty", 5, "Вес")), {"Вес": 0}, {"Вес": 5}, {"Вес": 5}),
        (
            samples.product(extras=own_field("overwrite", value=False, to="Шины")),
            {"Шины": True},
            *[{"Шины": False}] * 2,
        ),
    ],
)
def test_rule_10_a_changed_item_field_by_field(
    product: Product, held: dict[str, Any], ours: dict[str, Any], typed: dict[str, Any]
) -> None:
    card = cards.item(samples.product(), "A-1", samples.ident("unit"), None, samples.books()) | held
    sent = card_changes.of_item(product, card, own=True)
    assert {name: value for name, value in sent.items() if name != "Комментарий"} == ours
    assert card_changes.of_item(product, card, own=False) == typed


def test_rule_10_what_somebody_typed_is_never_treated_with_less_respect_than_ours() -> None:
    eagerness = ["only_if_new", "only_if_empty", "overwrite"]
    for field in (*cards.CUSTOMER, *cards.PRODUCT):
        assert eagerness.index(field.typed) <= eagerness.index(field.own), field.to
        assert field.typed != "overwrite", field.to


def test_a_new_card_takes_a_companys_own_fields_in_every_mode() -> None:
    modes = ("overwrite", "only_if_new", "only_if_empty")
    fields = tuple(Extra(to=f"Поле_{mode}", value=7, mode=mode) for mode in modes)
    body = cards.counterparty(customer(extras=fields), Identity("company", "1", "2"), BOOKS)
    assert [body[f"Поле_{mode}"] for mode in modes] == [7, 7, 7]
    item = cards.item(samples.product(extras=fields), "A-1", samples.ident("unit"), None, BOOKS)
    assert [item[f"Поле_{mode}"] for mode in modes] == [7, 7, 7]
