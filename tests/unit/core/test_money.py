"""Amounts: shares that add up to the kopeck, rounding as accountants round."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import allocate, fits, rounded

CENT = Decimal("0.01")


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("amount", "weights", "unit", "shares"),
    [
        pytest.param("10", ["1", "1", "1"], "0.01", ["3.34", "3.33", "3.33"], id="among equals the earlier"),
        pytest.param("100", ["2", "1", "1"], "0.01", ["50", "25", "25"], id="without a rest"),
        pytest.param("0.01", ["5", "5"], "0.01", ["0.01", "0"], id="one unit for two"),
        pytest.param("0.02", ["1", "2", "1"], "0.01", ["0.01", "0.01", "0"], id="fewer units than lines"),
        pytest.param("1", ["1", "2"], "0.01", ["0.33", "0.67"], id="the larger remainder first"),
        pytest.param("-10", ["1", "1", "1"], "0.01", ["-3.34", "-3.33", "-3.33"], id="negative"),
        pytest.param("7", ["0", "3", "0"], "0.01", ["0", "7", "0"], id="zero weights get nothing"),
        pytest.param("0", ["0", "0"], "0.01", ["0", "0"], id="nothing among nothing"),
        pytest.param("0", ["3", "4"], "0.01", ["0", "0"], id="nothing among some"),
        pytest.param("0", [], "0.01", [], id="no lines"),
        pytest.param("100", ["1", "1", "1"], "1", ["34", "33", "33"], id="yen"),
        pytest.param("1", ["1", "1", "1"], "0.001", ["0.334", "0.333", "0.333"], id="dinar"),
    ],
)
def test_shares_of_an_amount(amount: str, weights: list[str], unit: str, shares: list[str]) -> None:
    assert allocate(Decimal(amount), decimals(*weights), Decimal(unit)) == decimals(*shares)


def test_an_amount_among_zero_weights_is_an_error() -> None:
    with pytest.raises(ValueError, match="all zero"):
        allocate(Decimal(1), decimals("0", "0"), CENT)


@given(
    amount=st.integers(0, 10**13),
    weights=st.lists(st.integers(0, 10**13), min_size=1, max_size=30).filter(any),
    precision=st.integers(0, 4),
)
def test_shares_add_up_and_are_fair(amount: int, weights: list[int], precision: int) -> None:
    unit = Decimal(1).scaleb(-precision)
    shares = allocate(amount * unit, [weight * unit for weight in weights], unit)
    assert sum(shares) == amount * unit
    for share, weight in zip(shares, weights, strict=True):
        exact_numerator = amount * weight
        units = int(share / unit)
        assert units >= 0
        assert abs(units * sum(weights) - exact_numerator) < sum(weights), "a share is within one unit of the exact one"
        assert fits(share, unit)


@given(weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any), data=st.data())
def test_a_discount_never_exceeds_its_line(weights: list[int], data: st.DataObject) -> None:
    discount = data.draw(st.integers(0, sum(weights)))
    shares = allocate(discount * CENT, [weight * CENT for weight in weights], CENT)
    assert all(share <= weight * CENT for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("amount", "unit", "whole"),
    [
        ("1.25", "0.01", True),
        ("1.250", "0.01", True),
        ("1.255", "0.01", False),
        ("-1.255", "0.01", False),
        ("3", "1", True),
        ("3.1", "1", False),
        ("0", "0.001", True),
        ("0.0001", "0.001", False),
    ],
)
def test_whole_units(amount: str, unit: str, whole: bool) -> None:
    assert fits(Decimal(amount), Decimal(unit)) is whole


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        ("0.005", "0.01", "0.01"),
        ("0.015", "0.01", "0.02"),
        ("0.025", "0.01", "0.03"),
        ("0.0249", "0.01", "0.02"),
        ("2.5", "1", "3"),
        ("10", "0.01", "10"),
    ],
)
def test_a_half_rounds_up(amount: str, unit: str, expected: str) -> None:
    assert rounded(Decimal(amount), Decimal(unit)) == Decimal(expected)
