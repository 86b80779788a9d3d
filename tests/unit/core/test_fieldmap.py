"""A company's own fields: rules as data, applied by pure functions."""

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from shared.documents import Extra
from shared.errors import Misconfigured, Refused
from shared.fieldmap import Copied, FieldRule, columns, copied, extras, kept, merged, to_send
from shared.settings import load
from tests.builders import environment

FIELDS = (
    Copied("Name", "name", 10, own="overwrite", typed="only_if_new", cut=True),
    Copied("Phone", "phone", 10, own="overwrite", typed="only_if_empty"),
)
RECORD = SimpleNamespace(name="A", phone="7")


def rule(**changes: Any) -> FieldRule:
    given: dict[str, Any] = {"target": "sapb1", "record": "document", "from": "new_project", "to": "U_Project"}
    return FieldRule.model_validate({name: value for name, value in (given | changes).items() if value is not ...})


@pytest.mark.parametrize(
    ("rules", "row", "taken"),
    [
        pytest.param([rule()], {"new_project": " P-1 "}, ["P-1"], id="text"),
        pytest.param([rule()], {"new_project": Decimal("1.50")}, [Decimal("1.50")], id="a number stays one"),
        pytest.param([rule()], {"new_project": None}, [None], id="nothing there"),
        pytest.param([rule()], {}, [None], id="nothing read"),
        pytest.param(
            [rule(**{"from": "customerid_account.new_x"})],
            {"customerid_account": {"new_x": "A"}, "new_x": "B"},
            ["A"],
            id="of a related row",
        ),
        pytest.param([rule(**{"from": "customerid_account.new_x"})], {"customerid_account": None}, [None], id="no row"),
        pytest.param([rule(values={"7": "N"})], {"new_project": 7}, ["N"], id="a table of values"),
        pytest.param([rule(**{"from": ..., "constant": "CRM"})], {}, ["CRM"], id="a constant"),
        pytest.param([rule(target="onec", to="Проект")], {"new_project": "P"}, [], id="of the other target"),
        pytest.param([rule(record="line")], {"new_project": "P"}, [], id="of another record"),
    ],
)
def test_what_is_taken_from_a_row(rules: list[FieldRule], row: dict[str, Any], taken: list[Any]) -> None:
    assert [extra.value for extra in extras(rules, "sapb1", "document", row)] == taken


def test_a_value_that_the_table_lacks_is_refused_with_field_and_value() -> None:
    with pytest.raises(Refused) as refused:
        extras([rule(values={"7": "N"})], "sapb1", "document", {"new_project": 8})
    assert refused.value.refusal.values == {"field": "new_project", "value": "8", "to": "U_Project"}


def test_a_column_that_holds_something_else_is_a_fault_of_the_setting() -> None:
    with pytest.raises(Misconfigured, match="FIELD_MAP: the column new_project"):
        extras([rule()], "sapb1", "document", {"new_project": {"a": 1}})


@pytest.mark.parametrize(
    ("mode", "held", "sent"),
    [
        ("overwrite", None, {"U_P": "new"}),
        ("overwrite", {"U_P": "old"}, {"U_P": "new"}),
        ("overwrite", {"U_P": "new"}, {}),
        ("only_if_new", None, {"U_P": "new"}),
        ("only_if_new", {"U_P": ""}, {}),
        ("only_if_empty", None, {"U_P": "new"}),
        ("only_if_empty", {"U_P": ""}, {"U_P": "new"}),
        ("only_if_empty", {}, {"U_P": "new"}),
        ("only_if_empty", {"U_P": "old"}, {}),
    ],
)
def test_what_is_sent(mode: Any, held: dict[str, Any] | None, sent: dict[str, Any]) -> None:
    assert to_send([Extra(to="U_P", value="new", mode=mode)], held) == sent


@pytest.mark.parametrize(
    ("held", "value", "same"),
    [
        ("5", 5, True),
        (Decimal("5.00"), 5, True),
        (5, Decimal("5.10"), False),
        ("x", 5, False),
        (True, True, True),
        (True, False, False),
        (1, True, False),
        ("2026-01-31T00:00:00Z", "2026-01-31", True),
        ("2026-01-31T00:00:00", "2026-01-31T00:00:00Z", True),
        ("2026-01-31T10:00:00", "2026-01-31", False),
        ("a", "A", False),
        (None, "", True),
        (None, 0, False),
    ],
)
def test_equal_values_are_equal_however_a_system_writes_them(held: Any, value: Any, *, same: bool) -> None:
    assert (to_send([Extra(to="U_P", value=value, mode="overwrite")], {"U_P": held}) == {}) is same


@pytest.mark.parametrize(
    ("held", "empty"),
    [
        (None, True),
        ("", True),
        (0, True),
        (Decimal("0.00"), True),
        ("00000000-0000-0000-0000-000000000000", True),
        ("0001-01-01T00:00:00", True),
        (False, False),
        ("0", False),
        (1, False),
    ],
)
def test_what_counts_as_empty(held: Any, *, empty: bool) -> None:
    given = [Extra(to="U_P", value="new", mode="only_if_empty")]
    assert bool(to_send(given, {"U_P": held})) is empty
    assert kept(given, {"U_P": held}) == (set() if empty else {"U_P"})


def test_a_property_that_the_field_map_names_is_no_longer_the_bridges() -> None:
    built_in = copied(FIELDS, RECORD)
    own = (Extra(to="Name", value="Own", mode="only_if_new"),)
    assert [(extra.to, extra.value) for extra in merged(built_in, own)] == [("Phone", "7"), ("Name", "Own")]


@pytest.mark.parametrize(
    ("own", "modes"), [(True, ["overwrite", "overwrite"]), (False, ["only_if_new", "only_if_empty"])]
)
def test_what_is_copied_has_its_mode_by_whose_card_it_is(own: bool, modes: list[str]) -> None:
    assert [extra.mode for extra in copied(FIELDS, RECORD, own=own)] == modes


@pytest.mark.parametrize(
    ("name", "phone", "values"),
    [
        (" A  b\n c ", "7", ["A b c", "7"]),
        ("x" * 11, "7" * 11, ["x" * 9 + "…"]),
        ("", " ", []),
    ],
)
def test_what_is_copied_fits(name: str, phone: str, values: list[str]) -> None:
    assert [extra.value for extra in copied(FIELDS, SimpleNamespace(name=name, phone=phone))] == values


@pytest.mark.parametrize("target", ["onec", "sapb1"])
@pytest.mark.parametrize("what", ["bank details", "an account"])
def test_rule_10_bank_details_and_accounts_are_not_for_a_field_map(target: str, what: str) -> None:
    names = {
        ("onec", "bank details"): "ОсновнойБанковскийСчет_Key",
        ("onec", "an account"): "ИНН",
        ("sapb1", "bank details"): "BPBankAccounts",
        ("sapb1", "an account"): "DebitorAccount",
    }
    with pytest.raises(ValidationError, match="the accountant's"):
        rule(target=target, record="customer", to=names[target, what], **{"from": "account.new_x"})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "FIELD_MAP: “new_project” → “U_Project” of a document"),
        ({"from": ..., "constant": 1, "record": "line"}, "FIELD_MAP: a constant → “U_Project” of a line"),
    ],
)
def test_a_rule_is_named_in_a_sentence(given: dict[str, Any], sentence: str) -> None:
    assert str(rule(**given)) == sentence


@pytest.mark.parametrize("held", [None, {"U_P": "old"}])
def test_nothing_is_ever_emptied(held: dict[str, Any] | None) -> None:
    assert to_send([Extra(to="U_P", value=None, mode="overwrite")], held) == {}


def test_the_columns_to_read() -> None:
    rules = [
        rule(record="line", **{"from": "new_a"}),
        rule(record="line", to="U_B", **{"from": "productid.new_b"}),
        rule(record="line", to="U_C", **{"from": ..., "constant": 1}),
    ]
    assert columns(rules, "line") == ["new_a"]
    assert columns(rules, "line", "productid") == ["new_b"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"constant": "x"}, "either from or constant", id="both"),
        pytest.param({"from": ...}, "either from or constant", id="neither"),
        pytest.param({"to": "DocDate"}, "decides identity, amounts or tax", id="ours"),
        pytest.param({"target": "onec", "to": "ИНН"}, "decides identity, amounts or tax", id="the accountant's"),
        pytest.param({"target": "onec", "record": "line", "to": "СчетДоходов_Key"}, "accountant's", id="1C's accounts"),
        pytest.param({"target": "onec", "to": "ДокументБезНДС"}, "amounts or tax", id="1C's tax"),
        pytest.param({"record": "line", "to": "AccountCode"}, "accountant's", id="SAP's accounts"),
        pytest.param({"record": "line", "to": "PriceAfterVAT"}, "amounts or tax", id="SAP's amounts"),
        pytest.param({"from": "ownerid.fullname"}, "not read with “ownerid”", id="a row that is not read"),
        pytest.param({"record": "customer"}, "begin it with", id="a customer without its table"),
        pytest.param({"from": "new-x"}, "match pattern", id="no column"),
        pytest.param({"mode": "sometimes"}, "overwrite", id="no mode"),
        pytest.param({"too": "x"}, "Extra inputs", id="a name that no rule has"),
    ],
)
def test_a_wrong_rule_is_an_error_at_start(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        rule(**changes)


def test_the_setting_names_the_rule_and_the_double() -> None:
    good = {"target": "sapb1", "record": "document", "from": "new_a", "to": "U_A"}
    with pytest.raises(Misconfigured) as wrong:
        load(environment(FIELD_MAP=json.dumps([good, {**good, "mode": "x"}])))
    assert wrong.value.problems[0].startswith("FIELD_MAP: number 2, field mode")
    with pytest.raises(Misconfigured, match="FIELD_MAP: two rules write “U_A” of a document in sapb1"):
        load(environment(FIELD_MAP=json.dumps([good, good])))
