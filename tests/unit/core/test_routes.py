"""Routes: whose documents go where, and which tax rates the law knows on a day."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.dataverse.solution import SYNC_CHECKPOINT
from shared.files.asking import KINDS
from shared.rates import parse_rate, rate_name
from shared.routes import LONGEST_NAME, Route, overlaps, route_for
from tests.builders import UNIT_EU, UNIT_RU, onec_route, route, sapb1_route

OLD = [Decimal(rate) for rate in (20, 10, 7, 5, 0)] + [None]
NEW = [Decimal(rate) for rate in (22, 10, 7, 5, 0)] + [None]


def eu(**changes: Any) -> Route:
    return Route.model_validate(sapb1_route(**changes))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("22", "22"),
        ("22%", "22"),
        (" 22 % ", "22"),
        ("9,5", "9.5"),
        ("9.50", "9.5"),
        ("0", "0"),
        ("0 %", "0"),
        ("100", "100"),
        ("none", None),
        ("Без НДС", None),
        ("БезНДС", None),
        ("exempt", None),
        ("Without VAT", None),
    ],
)
def test_a_rate_is_read(text: str, rate: str | None) -> None:
    assert parse_rate(text) == (None if rate is None else Decimal(rate))


@pytest.mark.parametrize("text", ["", "%", "-5", "101", "20/120", "abc", "1.2.3", ".", "1e1", "NaN", "Infinity", "²"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a tax rate"):
        parse_rate(text)


@pytest.mark.parametrize(("one", "other"), [("20", "20.00"), ("20", "20 %"), ("9.5", "9,50"), ("0", "0.0")])
def test_one_rate_has_one_form_however_it_is_written(one: str, other: str) -> None:
    assert str(parse_rate(one)) == str(parse_rate(other)), "else equal content would have two hashes"


@given(st.none() | st.decimals(0, 100, places=3))
def test_a_rate_and_its_name_are_one(rate: Decimal | None) -> None:
    assert parse_rate(rate_name(rate)) == rate


@given(st.text())
def test_reading_a_rate_raises_nothing_else(text: str) -> None:
    try:
        rate = parse_rate(text)
    except ValueError:
        return
    assert rate is None or 0 <= rate <= 100


@pytest.mark.parametrize(
    ("shipped_on", "rates"),
    [
        pytest.param(date(2025, 12, 31), OLD, id="the last day of 20 %"),
        pytest.param(date(2026, 1, 1), NEW, id="the first day of 22 %"),
        pytest.param(date(2024, 1, 1), OLD, id="long before"),
        pytest.param(date(2030, 1, 1), NEW, id="long after"),
    ],
)
def test_russian_rates_follow_the_day_of_shipment(shipped_on: date, rates: list[Decimal | None]) -> None:
    assert list(route().allowed_rates(shipped_on)) == rates


def test_an_entity_with_its_own_rates_uses_only_those() -> None:
    assert route(tax_rates=["5 %", "none"]).allowed_rates(date(2026, 5, 1)) == (Decimal(5), None)


def test_sap_uses_the_rates_that_have_a_tax_code() -> None:
    assert set(eu().allowed_rates(date(2026, 5, 1))) == {Decimal(22), Decimal("9.5"), Decimal(0), None}


def test_rule_17_a_rate_that_only_another_country_has_is_in_use_too() -> None:
    books = sapb1_route()["sapb1"] | {"vat_groups_by_country": {"AT": {"20": "OSS20"}}}
    assert Decimal(20) in eu(sapb1=books).allowed_rates(date(2026, 5, 1))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"vat_groups": {}, "tax_codes": {"*": {"22": "T"}}}, "vat_groups: required with", id="no default"),
        pytest.param({"tax_codes": {"*": {"22": "T"}}}, "means nothing beside tax_codes", id="sales tax"),
    ],
)
def test_rule_17_vat_groups_by_country_belong_to_vat_groups(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        eu(sapb1=sapb1_route()["sapb1"] | {"vat_groups_by_country": {"AT": {"20": "OSS20"}}} | changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"onec": None}, "onec: required, because target is onec", id="books missing"),
        pytest.param({"time_zone": "Mars/Olympus"}, "is not a time zone", id="zone unknown"),
        pytest.param({"time_zone": "../../etc/passwd"}, "is not a time zone", id="zone is a path"),
        pytest.param({"name": "  "}, "at least 1 character", id="name empty"),
        pytest.param({"tax_rates": ["22", "a lot"]}, "is not a tax rate", id="rate unreadable"),
        pytest.param({"dates": {"document": "a", "shipment": "b"}}, "Field required", id="due date missing"),
        pytest.param({"dates": {"document": "a b", "shipment": "b", "due": "c"}}, "match pattern", id="column wrong"),
        pytest.param({"start": "2026-01-01"}, "Extra inputs", id="a name that no setting has"),
    ],
)
def test_a_wrong_route_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        route(**changes)


@pytest.mark.parametrize("name", ["start_date", "business_unit", "target", "way", "time_zone", "dates"])
def test_what_a_company_must_decide_has_no_default(name: str) -> None:
    given_ = onec_route()
    del given_[name]
    with pytest.raises(ValidationError, match="Field required"):
        Route.model_validate(given_)


@pytest.mark.parametrize("name", ["stock", "warehouse", "vat_groups", "write_in_item", "items_group"])
def test_what_a_company_must_decide_about_sap_has_no_default(name: str) -> None:
    books = sapb1_route()["sapb1"]
    del books[name]
    with pytest.raises(ValidationError, match=r"Field required|: required"):
        eu(sapb1=books)


@pytest.mark.parametrize(
    ("routes", "problems"),
    [
        pytest.param((route(), eu()), 0, id="two units"),
        pytest.param((route(), eu(business_unit=None)), 0, id="a unit and the rest"),
        pytest.param((route(), eu(business_unit=str(UNIT_RU))), 1, id="one unit twice"),
        pytest.param((route(business_unit=None), eu(business_unit=None)), 1, id="the rest twice"),
        pytest.param((route(), eu(name="ru")), 1, id="one name twice"),
        pytest.param((route(), route()), 2, id="the same route twice"),
    ],
)
def test_no_document_is_written_twice(routes: tuple[Route, ...], problems: int) -> None:
    assert len(overlaps(routes)) == problems


@pytest.mark.parametrize(
    ("unit", "name"),
    [(UNIT_RU, "ru"), (UNIT_EU, "eu"), (UUID(int=7), "rest"), (None, "rest")],
    ids=["ru", "eu", "another unit", "no unit"],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_the_route_of_a_unit(unit: UUID | None, name: str, turned: bool) -> None:
    routes = (route(), eu(name="rest", business_unit=None), eu())
    found = route_for(routes[::-1] if turned else routes, "2B", unit)
    assert found is not None
    assert found.name == name


def test_without_a_route_for_the_rest_another_unit_has_none() -> None:
    assert route_for((route(), eu()), "2B", UUID(int=7)) is None


def of_one_entity(**order: Any) -> tuple[Route, Route]:
    books = {**onec_route()["onec"], "schet_faktura": "not_required"}
    return route(), Route.model_validate(onec_route(name="orders", way="2A", onec=books, **order))


def test_rule_04_an_act_and_a_schet_of_one_sale_may_stand_side_by_side() -> None:
    assert overlaps(of_one_entity()) == []


def test_one_sale_gets_one_invoice() -> None:
    assert overlaps(of_one_entity(create_invoice=True)) == ["routes orders, ru would both make an invoice of one sale"]


def test_a_name_is_short_enough_for_the_files_and_the_checkpoint_that_are_named_after_it() -> None:
    longest = onec_route(name="ж" * LONGEST_NAME)
    assert Route.model_validate(longest).name == longest["name"]
    with pytest.raises(ValidationError, match="must have at most 80 characters, because files are named after it"):
        Route.model_validate(onec_route(name="ж" * (LONGEST_NAME + 1)))

    (key,) = [column for column in SYNC_CHECKPOINT.columns if column.name == SYNC_CHECKPOINT.key]
    for table in KINDS.values():
        assert len(f"files:{table.name}:{longest['name']}") <= (key.max_length or 0)
