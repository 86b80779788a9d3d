"""Numbers survive JSON digit by digit, and nothing a stranger writes can break out of a string."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jsontext import dumps, loads


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.1", "0.1"),
        ("0.10", "0.10"),
        ("-0.00", "-0.00"),
        ("1000000000000000000.01", "1000000000000000000.01"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("100", "100"),
    ],
)
def test_a_decimal_is_written_digit_by_digit(number: str, text: str) -> None:
    assert dumps({"amount": Decimal(number)}) == f'{{"amount":{text}}}'


def test_a_fraction_is_read_as_decimal_and_a_whole_number_as_int() -> None:
    value = loads(b'{"a": 0.1, "b": 12, "c": 1e2}')
    assert value == {"a": Decimal("0.1"), "b": 12, "c": Decimal("1e2")}
    assert [type(item) for item in value.values()] == [Decimal, int, Decimal]


@pytest.mark.parametrize(
    "text",
    [
        "decimal:1.00",
        'decimal:000000000000000000000000:1"',
        '","injected":true,"x":"',
        "\\u0022decimal:aa:1",
        '"decimal:"',
        "\u2028\u0000",
    ],
)
def test_a_string_that_looks_like_a_number_stays_a_string(text: str) -> None:
    written = dumps({"name": text, "amount": Decimal("1.50")})
    assert json.loads(written) == {"name": text, "amount": 1.5}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NaN", id="NaN"),
        pytest.param("[Infinity]", id="Infinity"),
        pytest.param("-Infinity", id="-Infinity"),
        pytest.param("{", id="cut short"),
        pytest.param("", id="empty"),
        pytest.param(b"\xff\xff", id="no UTF-8"),
        pytest.param("1e99999999999999999999", id="an exponent that no Decimal can hold"),
    ],
)
def test_what_is_not_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize(
    "value",
    [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), float("nan"), float("inf")],
    ids=["Decimal NaN", "sNaN", "Decimal -Infinity", "float nan", "float inf"],
)
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON"):
        dumps([value])


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", {Decimal(1): 2}], ids=["set", "object", "bytes", "key"])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        dumps(value)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_json)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert loads(dumps(value)) == value
