"""What a Russian accountant reads on the pages: states as the CRM calls them, and the files to take."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from shared import state_words
from shared.accounting import Outcome
from shared.dataverse.sales import INVOICE
from shared.decision import Send
from shared.files.choosing import Choice, File
from shared.messages import State, Table
from shared.overview import Check, Entries, Entry, Overview
from shared.pages.operations import operations_page
from shared.pages.preview import preview_page
from shared.refusals import Language
from shared.rehearsal.files import parts_of
from shared.rehearsal.rehearse import Rehearsed
from shared.routes import Target
from tests.builders import NOW, invoice_row, record_id, reference, settings
from tests.unit.files.kit import onec, sapb1

CRM = "https://crm.example"


def address(name: str, query: Mapping[str, str] | None = None) -> str:
    """Give addresses as for somebody who came with a key."""
    return f"/api/{name}?" + "&".join(f"{key}={value}" for key, value in [*(query or {}).items(), ("code", "KEY")])


def rehearsed(route: dict[str, Any], state: State | None = None) -> Rehearsed:
    """Give the dry run of an invoice whose accountant imports files."""
    given = settings(route)
    row = invoice_row()
    choice = Choice(INVOICE, row, given.routes[0], (date.min, date.max), reference(), File("", NOW))
    made = choice.made(given)
    assert isinstance(made, Send)
    return Rehearsed(
        table="invoice",
        id=record_id(1),
        record="INV-00001",
        row={},
        route=given.routes[0].name,
        target=given.routes[0].target,
        state=state,
        verdict="by_file",
        sale=made.document.sale,
        parts=parts_of(made.document, given.routes[0], given, NOW),
    )


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_word_in_both_languages(state: State) -> None:
    assert state_words.state_word("en", state) == state.value
    russian = state_words.state_word("ru", state)
    assert russian
    assert not russian.isascii()


@pytest.mark.parametrize(("language", "said"), [("ru", "Повторяется"), ("en", "Retrying")])
def test_the_operations_page_calls_states_as_the_crm_does(language: Language, said: str) -> None:
    entry = Entry("invoice", str(record_id(1)), State.RETRYING, "7", "Что-то не так.", NOW)
    page = operations_page(Overview((), waiting={"onec": Entries((entry,), 1)}), language, CRM, address, NOW)
    assert f">{said}</td>" in page
    assert "<h3>1C: 1</h3>" in page


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ("https://1c.example/?a='><b>&ref=1", "<a href='https://1c.example/?a=&#x27;&gt;&lt;b&gt;&amp;ref=1'>7</a>"),
        ("javascript:alert(1)", "Счёт 7</td>"),
        ("", "Счёт 7</td>"),
    ],
)
def test_the_number_leads_to_the_accounting_document(held: str, shown: str) -> None:
    entry = Entry("invoice", str(record_id(1)), State.REFUSED, "7", "Что-то не так.", NOW, held)
    page = operations_page(Overview((), refused={"onec": Entries((entry,), 1)}), "ru", CRM, address, NOW)
    assert shown in page
    assert "javascript" not in page


def test_only_what_goes_through_by_itself_can_be_looked_at_again() -> None:
    entry = Entry("invoice", str(record_id(1)), State.REFUSED, "", "Что-то не так.", NOW)
    button = "<input type='hidden' name='table' value='invoice'><button name='which'"
    others: frozenset[tuple[Target, str]] = frozenset({("onec", "salesorder"), ("sapb1", "invoice")})
    for automatic, there in ((frozenset({*others, ("onec", "invoice")}), True), (others, False)):
        seen = Overview((), refused={"onec": Entries((entry,), 1), "sapb1": Entries()}, automatic=automatic)
        assert (button in operations_page(seen, "ru", CRM, address, NOW)) is there


def test_what_was_set_aside_is_named_in_russian() -> None:
    dead = {"queue": "onec", "kind": "dead letter", "table": "salesorder", "id": "7", "reason": "", "age_seconds": 1}
    lost = dead | {"queue": "poison", "kind": "poison", "table": "", "id": ""}
    set_aside = tuple(each | {"sequence_number": 1} for each in (dead, lost))
    seen = Overview((Check("Settings, Dataverse", ()), Check("1C", ())), set_aside=set_aside)
    page = operations_page(seen, "ru", CRM, address, NOW)
    for said in ("onec (недоставленное)", "poison (нечитаемое)", "Заказ 7", "Настройки, Dataverse", ">1C</td>"):
        assert said in page


@pytest.mark.parametrize("table", get_args(Table))
def test_whatever_was_set_aside_is_named_in_russian(table: str) -> None:
    dead = {"queue": "changes", "kind": "dead letter", "table": table, "id": "7", "reason": "", "age_seconds": 1}
    seen = Overview((), set_aside=(dead | {"sequence_number": 1},))
    (named,) = re.findall(r"'>([^<]+) 7</td>", operations_page(seen, "ru", CRM, address, NOW))
    assert not named.isascii()


def test_a_journal_row_whose_key_somebody_broke_hides_no_other() -> None:
    broken = Entry("", "", State.REFUSED, "", "Чужая строка.", NOW)
    whole = Entry("invoice", str(record_id(1)), State.REFUSED, "", "Что-то не так.", NOW)
    page = operations_page(Overview((), refused={"onec": Entries((broken, whole), 2)}), "ru", CRM, address, NOW)
    assert "Чужая строка." in page
    assert "Что-то не так." in page


def test_the_operations_page_has_a_form_for_each_file_with_the_key_inside() -> None:
    page = operations_page(Overview((), files=(("invoices", "ru <b>"),)), "ru", CRM, address, datetime.now(UTC))
    assert "Файлы для загрузки вручную" in page
    assert "<form action='/api/files/invoices'>" in page
    for field in ("name='entity' value='ru &lt;b&gt;'", "name='code' value='KEY'", "type='date' name='from'"):
        assert field in page
    assert "<b>" not in page


def test_the_dry_run_shows_what_a_file_for_1c_would_hold() -> None:
    seen = rehearsed(onec(), State.EXPORTED)
    page = preview_page(seen, "ru", CRM, address)
    assert "Документ попал бы в файл, который загружает бухгалтер." in page
    assert "В журнале: Выгружено" in page
    assert "enterprise_data.xml: Документ.СчетПокупателю" in page
    assert "Товары[1].ДанныеНоменклатуры.Номенклатура.Артикул" in page
    assert "/api/files/invoices?from=" in page
    assert "Вызовы" not in page, "no call would be made"


def test_the_dry_run_shows_what_the_files_for_sap_would_hold() -> None:
    parts = {(part.file, part.record): dict(part.fields) for part in rehearsed(sapb1()).parts}
    assert {file for file, _ in parts} == {"1_OITM.csv", "2_OCRD.csv", "2_CRD1.csv", "3_OINV.csv", "3_INV1.csv"}
    head, line = parts["3_OINV.csv", "1"], parts["3_INV1.csv", "1"]
    assert (head["DocNum"], line["ParentKey"]) == ("1", "1")
    assert head["DocType"] == "dDocument_Items"
    assert "" not in head.values()


def test_the_dry_run_shows_the_number_as_a_link_to_the_document() -> None:
    held = Outcome(State.POSTED, "0000-7", str(record_id(7)), None, "RUB", "")
    seen = rehearsed(onec(), State.EXPORTED).model_copy(update={"outcome": held})
    there = "https://1c.example/#e1cib/data/Документ.X?ref=7"
    assert f"Номер в учёте сейчас: <a href='{there}'>0000-7</a>" in preview_page(seen, "ru", CRM, address, there)
    assert "Номер в учёте сейчас: 0000-7</p>" in preview_page(seen, "ru", CRM, address)
