"""A figure: what was measured, several times, beside a baseline of the same run, and what it should reach.

As JSON (``BENCH_JSON``) a figure is an object::

    {"figure": "transform and mapping, 1C", "unit": "ms",
     "median": 0.61, "least": 0.6, "most": 0.66, "samples": 7,
     "baseline": {"name": "json.dumps of the result", "median": 0.1, "least": 0.1, "most": 0.11},
     "ratio": 6.1, "to_reach": "≤ 4×", "reached": false}

``baseline`` and ``ratio`` are null where there is none, ``to_reach`` and ``reached`` where the figure only informs.
The ratio is the median of the pairs that were measured one after the other, so that a busy moment of the machine
strikes both of a pair.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Baseline:
    """What the figure is held against, measured in the same run."""

    name: str
    samples: tuple[float, ...]


@dataclass(frozen=True)
class Reach:
    """What a figure should come to; ``of`` says whether its value counts, or its ratio to the baseline."""

    limit: float
    of: Literal["value", "ratio"] = "ratio"
    sense: Literal["at most", "at least"] = "at most"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    unit: str
    samples: tuple[float, ...]
    baseline: Baseline | None = None
    reach: Reach | None = None

    @property
    def median(self) -> float:
        """Give the middle of what was measured."""
        return statistics.median(self.samples)

    @property
    def ratio(self) -> float | None:
        """Give how many times the baseline it is: the median of the pairs, where there are as many of both."""
        if self.baseline is None:
            return None
        base = self.baseline.samples
        if len(base) != len(self.samples):
            return self.median / statistics.median(base)
        return statistics.median(own / other for own, other in zip(self.samples, base, strict=True))

    @property
    def reached(self) -> bool | None:
        """Say whether it is what it should be; None where nothing is asked of it."""
        if self.reach is None:
            return None
        value = self.ratio if self.reach.of == "ratio" else self.median
        if value is None:
            raise ValueError(f"{self.name}: a ratio is asked for, and there is no baseline")
        # As it is printed: nobody is to see ≤ 1.10 beside 1.10 and “not reached”.
        shown = float(_short(value))
        return shown <= self.reach.limit if self.reach.sense == "at most" else shown >= self.reach.limit

    def json(self) -> dict[str, Any]:
        """Give the object that the module's docstring shows."""
        baseline = self.baseline and {"name": self.baseline.name, **_spread(self.baseline.samples)}
        return {
            "figure": self.name,
            "unit": self.unit,
            **_spread(self.samples),
            "samples": len(self.samples),
            "baseline": baseline,
            "ratio": self.ratio,
            "to_reach": self.to_reach() or None,
            "reached": self.reached,
        }

    def to_reach(self) -> str:
        """Word what it should reach; empty where nothing is asked."""
        if self.reach is None:
            return ""
        sign = "≤" if self.reach.sense == "at most" else "≥"
        return f"{sign} {self.reach.limit:g}" + ("×" if self.reach.of == "ratio" else "")

    def cells(self) -> tuple[str, ...]:
        """Give the row of the table: figure, value, spread, baseline, ratio, to reach, reached."""
        least, most = min(self.samples), max(self.samples)
        spread = "" if len(self.samples) == 1 else f"{_short(least)}–{_short(most)}"
        base = self.baseline
        beside = "" if base is None else f"{base.name}: {_short(statistics.median(base.samples))} {self.unit}".rstrip()
        ratio = "" if self.ratio is None else f"{_short(self.ratio)}×"
        verdict = {None: "", True: "yes", False: "no"}[self.reached]
        return (
            self.name,
            f"{_short(self.median)} {self.unit}".rstrip(),
            spread,
            beside,
            ratio,
            self.to_reach(),
            verdict,
        )


HEADINGS = ("Figure", "Median", "Spread", "Baseline", "Ratio", "To reach", "Reached")


def _short(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _spread(samples: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(samples), "least": min(samples), "most": max(samples)}
