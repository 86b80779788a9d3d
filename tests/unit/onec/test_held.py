"""What is read from a document of the base: its version, what an accountant has edited, what a change must carry."""

from decimal import Decimal
from typing import Any

import pytest

from shared import jsontext
from shared.documents import Extra
from shared.onec import bodies, held, mapping
from shared.onec.held import Marker
from shared.onec.kinds import REALIZATSIYA, SCHET
from tests.unit.onec import samples
from tests.unit.onec.samples import ident, line, product

D = Decimal
HASH = "ab" * 32


def written(*lines: Any, **changes: Any) -> dict[str, Any]:
    """Give the body of a счёт."""
    own = samples.invoice(*lines, **changes)
    return bodies.schet(own, samples.route(), samples.parts(own), mapping.rows(own, samples.route()))


def as_1c_gives(body: dict[str, Any]) -> dict[str, Any]:
    """Give a body as it comes back: through JSON, with what 1C adds."""
    row: dict[str, Any] = jsontext.loads(jsontext.dumps(body).encode())
    rows = [each | {"Ref_Key": str(ident("x")), "Содержание": each.get("Содержание", "")} for each in row["Товары"]]
    return row | {"Склад_Key": "00000000-0000-0000-0000-000000000000", "СуммаДокумента": D("244.0"), "Товары": rows}


DUE = Marker(12, HASH, "1abc", due="2026-03-20")


@pytest.mark.parametrize("number", ["INV-1", "", "A · v3 · B", "строка\nвторая"])
@pytest.mark.parametrize("own", [Marker(12, HASH), Marker(12, HASH, "1ab-_..."), Marker(12, HASH, "1abc", 3), DUE])
def test_a_marker_is_read_back(number: str, own: Marker) -> None:
    assert held.read_marker(held.marker(number, own)) == own


@pytest.mark.parametrize("comment", [None, "", "позвонить", "CRM 1 · v · ab", "CRM INV-1 · v12"])
def test_a_comment_without_a_marker_says_nothing(comment: object) -> None:
    assert held.read_marker(comment) is None


def test_rule_08_what_a_person_wrote_around_the_marker_stays() -> None:
    old, new = Marker(12, HASH, "1abc"), Marker(13, "cd" * 32, "1xyz", 2)
    comment = f"Срочно! {held.marker('INV-1', old)}, оплатят в пятницу"

    assert held.read_marker(comment) == old
    changed = held.remarked(comment, held.marker("INV-1", new))
    assert changed == f"Срочно! {held.marker('INV-1', new)}, оплатят в пятницу"
    assert held.read_marker(changed) == new


def test_rule_08_what_comes_back_unedited_is_recognised() -> None:
    body = written(line(1, description="Со склада"), line(2, quantity=D("1.500")))

    assert held.edited(SCHET, as_1c_gives(body), held.fingerprint(SCHET, body)) == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"Date": "2026-03-06T12:00:00"}, ["Date"]),
        ({"ДоговорКонтрагента_Key": str(ident("another"))}, ["ДоговорКонтрагента_Key"]),
        ({"Товары": [{"Цена": D(90)}]}, ["Товары.Цена"]),
        ({"Товары": [{"Содержание": "Иначе"}]}, ["Товары.Содержание"]),
        (
            {"Товары": [{"Номенклатура": str(ident("z")), "СтавкаНДС": "НДС10"}]},
            ["Товары.Номенклатура", "Товары.СтавкаНДС"],
        ),
        ({"СуммаВключаетНДС": True}, ["СуммаВключаетНДС"]),
    ],
)
def test_rule_08_what_an_accountant_edited_is_named(changes: dict[str, Any], fields: list[str]) -> None:
    body = written()
    row = as_1c_gives(body)
    rows = [own | change for own, change in zip(row["Товары"], changes.pop("Товары", [{}]), strict=True)]

    assert held.edited(SCHET, row | changes | {"Товары": rows}, held.fingerprint(SCHET, body)) == fields


def test_a_print_of_another_version_cannot_be_compared() -> None:
    assert held.edited(SCHET, as_1c_gives(written()), "1abc") is None
    assert held.edited(SCHET, as_1c_gives(written()), "") is None


def test_rule_08_a_change_sends_sections_whole_and_carries_over_what_is_not_mapped() -> None:
    own = samples.order(*(line(n, product=product(number, is_service=True)) for n, number in enumerate("ABA", 1)))
    route = samples.route(way="2A")
    body = bodies.realizatsiya(own, route, samples.parts(own), mapping.rows(own, route), None)
    row: dict[str, Any] = jsontext.loads(jsontext.dumps(body).encode())
    for position, each in enumerate(row["Услуги"]):
        each |= {"СчетДоходов_Key": f"account {position}", "ИдентификаторСтроки": f"row {position}", "Ref_Key": "x"}
    less = samples.order(own.lines[0], own.lines[2])
    wanted = bodies.realizatsiya(less, route, samples.parts(less), mapping.rows(less, route), None)

    changed: dict[str, Any] = held.merged(REALIZATSIYA, row, wanted)

    assert [(each["СчетДоходов_Key"], each["LineNumber"]) for each in changed["Услуги"]] == [
        ("account 0", "1"),
        ("account 2", "2"),
    ]
    assert changed["Товары"] == []
    assert all("Ref_Key" not in each for each in changed["Услуги"])


@pytest.mark.parametrize(
    ("mode", "held_value", "sent"),
    [
        ("overwrite", "old", "new"),
        ("only_if_new", "old", "old"),
        ("only_if_new", "", ""),
        ("only_if_empty", "old", "old"),
        ("only_if_empty", "", "new"),
    ],
)
def test_rule_08_a_rewritten_document_keeps_what_the_mode_of_a_companys_own_field_says(
    mode: Any, held_value: str, sent: str
) -> None:
    added = {"extras": (Extra(to="Проект", value="new", mode=mode),)}
    own = samples.invoice(*(each.model_copy(update=added) for each in (line(1), line(2))), **added)
    body: dict[str, Any] = bodies.schet(own, samples.route(), samples.parts(own), mapping.rows(own, samples.route()))
    row = body | {"Проект": held_value, "Товары": [body["Товары"][0] | {"Проект": held_value}]}

    changed: dict[str, Any] = held.merged(SCHET, row, body, own)

    assert ({**row, **changed}["Проект"], changed["Товары"][0].get("Проект")) == (sent, sent)
    assert changed["Товары"][1]["Проект"] == "new"  # a row that is new


def test_rule_09_empty_accounts_and_groups_are_named() -> None:
    full = {"СчетДоходов_Key": "a", "СчетРасходов_Key": "a", "СчетУчетаНДСПоРеализации_Key": "a", "Субконто": "g"}
    head = {"СчетУчетаРасчетовСКонтрагентом_Key": "a", "СчетУчетаРасчетовПоАвансам_Key": "a"}
    exempt = {**full, "LineNumber": "2", "СтавкаНДС": "БезНДС", "СчетУчетаНДСПоРеализации_Key": ""}
    goods = {**full, "LineNumber": "1", "СтавкаНДС": "НДС22", "СчетУчета_Key": "a"}

    assert held.unfilled({**head, "Товары": [goods], "Услуги": [{**full, "LineNumber": "1"}, exempt]}) == []
    assert held.unfilled({"Товары": [goods | {"СчетУчета_Key": None}], "Услуги": []}) == [
        "СчетУчетаРасчетовСКонтрагентом",
        "СчетУчетаРасчетовПоАвансам",
        "Товары[1].СчетУчета",
    ]
    empty = {
        **full,
        "LineNumber": "1",
        "Субконто": "",
        "СчетУчетаНДСПоРеализации_Key": "00000000-0000-0000-0000-000000000000",
    }
    assert held.unfilled({**head, "Услуги": [empty]}) == ["Услуги[1].Субконто", "Услуги[1].СчетУчетаНДСПоРеализации"]


def test_differences_are_named() -> None:
    body = written(line(1), line(2))
    row: dict[str, Any] = {"СуммаДокумента": D("488.0"), "Товары": [dict(each) for each in reversed(body["Товары"])]}
    assert held.differences(SCHET, row, body, D(488)) == []

    row["Товары"][0]["СтавкаНДС"] = "НДС10"
    row["Товары"][1]["Количество"] = 3
    row["СуммаДокумента"] = 1
    named = ["СуммаДокумента", "Товары[1].Количество", "Товары[2].СтавкаНДС"]
    assert held.differences(SCHET, row, body, D(488)) == named

    row["Товары"].pop()
    assert held.differences(SCHET, row, body, D(488)) == ["СуммаДокумента", "Товары"]
