"""Values out of a row: right, absent, or a fault of the set-up that names the column."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.dataverse import columns
from shared.errors import Misconfigured
from tests.builders import INVOICE

MOSCOW = ZoneInfo("Europe/Moscow")


def local_date(row: columns.Row, column: str) -> date | None:
    return columns.local_date(row, column, MOSCOW)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        pytest.param(columns.text, "  a b ", "a b", id="text trimmed"),
        pytest.param(columns.text, None, "", id="text null"),
        pytest.param(columns.text, "Насос \ud83d", "Насос ?", id="text cut inside a character"),
        pytest.param(columns.text, "Насос 🙂", "Насос 🙂", id="text with a whole one"),
        pytest.param(columns.amount, Decimal("10.5000"), Decimal("10.5"), id="amount"),
        pytest.param(columns.amount, 7, Decimal(7), id="whole amount"),
        pytest.param(columns.amount, Decimal(0), Decimal(0), id="zero amount"),
        pytest.param(columns.amount, None, None, id="amount null"),
        pytest.param(columns.number, 4, 4, id="number"),
        pytest.param(columns.number, None, None, id="number null"),
        pytest.param(columns.guid, str(INVOICE).upper(), INVOICE, id="GUID"),
        pytest.param(columns.guid, None, None, id="GUID null"),
        pytest.param(columns.key, str(INVOICE), INVOICE, id="key"),
        pytest.param(columns.moment, "2026-01-31T22:00:00Z", datetime(2026, 1, 31, 22, tzinfo=UTC), id="moment"),
        pytest.param(columns.moment, None, None, id="moment null"),
        pytest.param(local_date, "2026-01-31", date(2026, 1, 31), id="date only"),
        pytest.param(local_date, "2025-12-31T20:59:59Z", date(2025, 12, 31), id="the last second of the old year"),
        pytest.param(local_date, "2025-12-31T21:00:00Z", date(2026, 1, 1), id="the first second of the new one"),
        pytest.param(local_date, None, None, id="date null"),
    ],
)
def test_a_value_is_read(read: Callable[[columns.Row, str], Any], value: object, expected: object) -> None:
    assert read({"acx_column": value}, "acx_column") == expected
    if expected in (None, ""):
        assert read({}, "acx_column") == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        pytest.param(columns.text, 5, id="text"),
        pytest.param(columns.text, ["x"], id="text list"),
        pytest.param(columns.amount, "5", id="amount text"),
        pytest.param(columns.amount, True, id="amount boolean"),
        pytest.param(columns.amount, 1.5, id="amount float"),
        pytest.param(columns.number, Decimal("1.5"), id="number fraction"),
        pytest.param(columns.number, False, id="number boolean"),
        pytest.param(columns.number, "4", id="number text"),
        pytest.param(columns.guid, "x", id="GUID"),
        pytest.param(columns.guid, 5, id="GUID number"),
        pytest.param(columns.key, None, id="key null"),
        pytest.param(columns.moment, "yesterday", id="moment"),
        pytest.param(columns.moment, "2026-01-31T22:00:00", id="moment without zone"),
        pytest.param(local_date, "2026-13-31", id="date"),
        pytest.param(local_date, "31.01.2026", id="date turned"),
    ],
)
def test_a_value_of_another_type_names_the_column_and_quotes_nothing(
    read: Callable[[columns.Row, str], Any], value: object
) -> None:
    with pytest.raises(Misconfigured, match="acx_column does not hold") as caught:
        read({"acx_column": value}, "acx_column")
    assert "2026" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("10.00", "10"), ("1E+3", "1000"), ("0.50", "0.5"), ("0E-10", "0"), ("1000000", "1000000"), ("-0.10", "-0.1")],
)
def test_equal_numbers_have_one_form(value: str, shown: str) -> None:
    assert str(columns.plain(Decimal(value))) == shown


def test_a_column_that_is_not_configured_is_empty() -> None:
    assert columns.text({"acx_column": "x"}, None) == ""


def test_a_row_without_its_version_is_a_fault_of_the_set_up() -> None:
    assert columns.version({"versionnumber": 12345678901}) == 12345678901
    with pytest.raises(Misconfigured, match="versionnumber"):
        columns.version({})


def test_an_id_is_the_same_whatever_its_letters() -> None:
    assert columns.key({"id": "1A000000-0000-4000-8000-000000000001"}, "id") == UUID(str(INVOICE))
