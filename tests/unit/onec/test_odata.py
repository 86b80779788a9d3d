"""Addresses and literals."""

from datetime import datetime
from urllib.parse import quote, unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.onec import odata

KEY = UUID("00000000-0000-0000-0000-0000000000a1")


def test_a_space_is_never_a_plus() -> None:
    address = odata.collection("Catalog_Валюты", select=("Code",), where="Code eq '6 + 4'", top=2)

    assert address == f"{quote('Catalog_Валюты')}?$select=Code&$filter=Code%20eq%20%276%20%2B%204%27&$top=2"


def test_an_instance_is_addressed_by_its_key() -> None:
    assert unquote(odata.instance("Catalog_Валюты", KEY)) == f"Catalog_Валюты(guid'{KEY}')"
    assert unquote(odata.instance("X", KEY, ("A", "B"))) == f"X(guid'{KEY}')?$select=A,B"


@pytest.mark.parametrize(("value", "literal"), [("д'Артаньян", "'д''Артаньян'"), ("' or 1 eq 1", "''' or 1 eq 1'")])
def test_a_quote_stays_inside_its_literal(value: str, literal: str) -> None:
    assert odata.text(value) == literal


def test_moments_have_no_zone() -> None:
    assert odata.moment(datetime(2026, 3, 5, 12)) == "datetime'2026-03-05T12:00:00'"  # noqa: DTZ001 - 1C's wall clock


@given(st.lists(st.text(min_size=1, max_size=25).map(lambda number: f"Артикул eq {odata.text(number)}"), max_size=60))
def test_chunks_hold_every_condition_once_and_fit(conditions: list[str]) -> None:
    filters = list(odata.chunks(conditions, "IsFolder eq false"))

    joined = [each.removeprefix("IsFolder eq false and (").removesuffix(")") for each in filters]
    assert " or ".join(joined) == " or ".join(conditions)
    assert all(len(quote(each, safe="")) <= odata.MAX_FILTER for each in filters)
