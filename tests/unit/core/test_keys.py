"""Keys must never change: a changed key would write every document a second time."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys import accounting_key, journal_key, lane, message_id
from tests.builders import INVOICE, ORGANIZATION, OTHER_ORGANIZATION


def test_the_accounting_key_is_what_it_has_always_been() -> None:
    key = accounting_key(ORGANIZATION, "onec", "invoice", INVOICE)
    assert str(key) == "11fe1a8d-07d7-5c95-a865-bf6a65f9e8a2"


def test_the_other_keys_are_what_they_have_always_been() -> None:
    assert journal_key("onec", "invoice", INVOICE) == "onec:invoice:1a000000-0000-4000-8000-000000000001"
    assert message_id("retry", 1) == "5d80b9162232877949b8bd742f150aa75a6b48e5ace9f215e82fbb52dbfe000f"
    assert lane("7707083893", INVOICE, 4) == "lane-1"
    assert lane("", INVOICE, 4) == "lane-3"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((OTHER_ORGANIZATION, "onec", "invoice", INVOICE, 0), id="organization"),
        pytest.param((ORGANIZATION, "sapb1", "invoice", INVOICE, 0), id="target"),
        pytest.param((ORGANIZATION, "onec", "salesorder", INVOICE, 0), id="table"),
        pytest.param((ORGANIZATION, "onec", "invoice", ORGANIZATION, 0), id="record"),
        pytest.param((ORGANIZATION, "onec", "invoice", INVOICE, 1), id="generation"),
    ],
)
def test_anything_else_has_another_key(other: tuple[UUID, str, str, UUID, int]) -> None:
    assert accounting_key(*other) != accounting_key(ORGANIZATION, "onec", "invoice", INVOICE)


def test_one_company_has_one_lane_however_many_records_it_has() -> None:
    lanes = {lane("7707083893", UUID(int=number), 64) for number in range(100)}
    assert len(lanes) == 1


def test_customers_spread_over_the_lanes() -> None:
    counted = Counter(lane("", UUID(int=number), 4) for number in range(4000))
    assert set(counted) == {"lane-0", "lane-1", "lane-2", "lane-3"}
    assert min(counted.values()) > 800


@given(st.lists(st.one_of(st.text(), st.integers(), st.uuids(), st.none()), max_size=8))
def test_message_ids_fit_the_broker_and_repeat(parts: list[object]) -> None:
    assert len(message_id(*parts)) <= 128
    assert message_id(*parts) == message_id(*parts)


def test_message_ids_tell_parts_apart() -> None:
    assert message_id("a", "bc") != message_id("ab", "c")
