"""EnterpriseData beyond the necessary: contacts, the due date, a company's own fields, and what README.txt says."""

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from shared.messages import State
from tests.builders import contact_row, invoice_row, record_id
from tests.unit.files.kit import desk, onec
from tests.unit.files.test_enterprise_data import texts, tree, validate

KINDS = {"email_kind": str(record_id(1, 0x77)), "phone_kind": str(record_id(2, 0x77))}
CONTACTS = {"office@romashka.example": "ЭлектроннаяПочта", "+7 495 000-00-00": "НомерТелефона"}
OWN = [
    {"target": "onec", "record": "document", "from": "new_place", "to": "АдресДоставки"},
    {"target": "onec", "record": "document", "constant": "1", "to": "ЭтапГосконтрактаЕИС"},
    {"target": "onec", "record": "customer", "from": "account.new_okpo", "to": "КодПоОКПО"},
    {"target": "onec", "record": "customer", "constant": "R-7", "to": "РегистрационныйНомер"},
    {"target": "onec", "record": "product", "constant": "Из CRM", "to": "Описание"},
    {"target": "onec", "record": "customer", "constant": "x", "to": "ДополнительнаяИнформация"},
    {"target": "sapb1", "record": "document", "constant": "x", "to": "U_Project"},
]


def own_row(okpo: str = "00012345") -> dict[str, Any]:
    """Give an invoice whose records have values for the fields of OWN."""
    row = invoice_row(new_place="Тверская, 1")
    return row | {"customerid_account": row["customerid_account"] | {"new_okpo": okpo}}


@pytest.mark.parametrize("version", ["1.17", "1.20"])
async def test_everything_that_the_format_has_is_carried_and_valid(contracts: Path, version: str) -> None:
    books = {**KINDS, "due_dates": True, "realizatsiya": True, "schet_faktura": "accountant"}
    rules = json.dumps(OWN, ensure_ascii=False)
    own = desk(onec(books=books), own_row(), FIELD_MAP=rules, ENTERPRISE_DATA_VERSION=version)

    files = await own.made()
    root = tree(files)

    validate(contracts, root, version)
    assert texts(root, "АдресДоставки") == ["Тверская, 1"] * 2
    assert texts(root, "ЭтапГосконтрактаЕИС") == ["1"], "a реализация alone has it"
    assert texts(root, "ОКПО") == ["00012345"]
    assert set(texts(root, "РегистрационныйНомер")) == {"R-7"}
    assert texts(root, "Описание") == ["Из CRM"]
    assert texts(root, "ДатаПлатежа") == (["2026-03-12"] if version == "1.20" else [])
    said = files["ru/README.txt"].decode("utf-8-sig")
    assert "fields of FIELD_MAP: ДополнительнаяИнформация\r\n" in said
    assert ("the due date" in said) is (version == "1.17")
    assert "e-mail of counterparties" not in said


async def test_contacts_are_written_as_1c_keeps_them() -> None:
    root = tree(await desk(onec(books=KINDS), invoice_row()).made())
    assert texts(root, "ВидКонтактнойИнформации") == ["АдресЭлектроннойПочты", "Телефон"]
    for text, (value, kind) in zip(texts(root, "ЗначенияПолей"), CONTACTS.items(), strict=True):
        inside = etree.fromstring(text)
        assert inside.get("Представление") == value
        assert inside[0].get("{http://www.w3.org/2001/XMLSchema-instance}type") == kind
        assert value in inside[0].attrib.values()


async def test_a_person_has_contacts_too_and_a_quotation_mark_is_a_character() -> None:
    evil = 'a"<b>&@example.test'
    row = invoice_row(customerid_account=None, customerid_contact=contact_row(emailaddress1=evil))
    text, _ = texts(tree(await desk(onec(books=KINDS), row).made()), "ЗначенияПолей")
    assert etree.fromstring(text).get("Представление") == evil


async def test_without_a_kind_in_the_books_no_contact_is_written() -> None:
    assert texts(tree(await desk(onec(), invoice_row()).made()), "ЗначенияПолей") == []


async def test_a_value_that_the_format_does_not_take_is_refused() -> None:
    own = desk(onec(), own_row(okpo="1" * 15), FIELD_MAP=json.dumps(OWN))
    assert list(tree(await own.made())[1]) == []
    (result,) = own.results
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert result.reason.code == "too_long"


async def test_readme_names_what_is_not_in_the_file_in_the_users_language() -> None:
    said = (await desk(onec(), invoice_row(), LANGUAGE="ru").made())["ru/README.txt"].decode("utf-8-sig")
    for missing in (
        "счета-фактуры",
        "курс валюты",
        "срок оплаты счёта",
        "адреса контрагентов",
        "почта",
        "головная организация",
    ):
        assert missing in said.partition("ЧЕГО В ФАЙЛЕ НЕТ")[2].partition("ЧТО БУДЕТ")[0]
    assert "FIELD_MAP" not in said
