"""A figure says what was measured, beside what, and whether that is enough."""

import pytest

from tests.bench.figure import HEADINGS, Baseline, Figure, Reach


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    figure = Figure("work", "ms", (2.0, 30.0, 4.0), Baseline("base", (1.0, 15.0, 1.0)), Reach(2))
    assert figure.ratio == 2.0
    assert figure.reached is True
    assert figure.json() == {
        "figure": "work",
        "unit": "ms",
        "median": 4.0,
        "least": 2.0,
        "most": 30.0,
        "samples": 3,
        "baseline": {"name": "base", "median": 1.0, "least": 1.0, "most": 15.0},
        "ratio": 2.0,
        "to_reach": "≤ 2×",
        "reached": True,
    }


@pytest.mark.parametrize(("value", "reached"), [(99.0, False), (100.0, True), (140.0, True)])
def test_a_rate_has_to_be_high_enough(value: float, *, reached: bool) -> None:
    assert Figure("rate", "/s", (value,), reach=Reach(100, "value", "at least")).reached is reached


def test_what_only_informs_is_not_judged() -> None:
    figure = Figure("first of its customer", "", (6,), Baseline("floor", (2,)))
    assert figure.reached is None
    assert figure.json()["to_reach"] is None
    assert len(figure.cells()) == len(HEADINGS)
