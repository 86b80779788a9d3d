"""Measures, added up in the process: what leaves is one item for each name and set of dimensions."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shared.telemetry.items import Metric

_Key = tuple[str, tuple[tuple[str, object], ...]]
MAX_SERIES = 500
"""Names with their dimensions between two sendings. Dimensions are states and systems; more would be a mistake."""


@dataclass
class _Sum:
    total: float = 0.0
    count: int = 0
    least: float = 0.0
    most: float = 0.0

    def add(self, value: float, count: int) -> None:
        mean = value / count
        self.least = mean if self.count == 0 else min(self.least, mean)
        self.most = mean if self.count == 0 else max(self.most, mean)
        self.total += value
        self.count += count


class Metrics:
    """The sums since they were last taken. Steps add from the event loop, the outbox takes from its thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sums: dict[_Key, _Sum] = {}
        self._lock = threading.Lock()

    def add(self, name: str, value: float, count: int, dimensions: Mapping[str, object]) -> None:
        """Add ``value``, the sum of ``count`` measurements."""
        key = (name, tuple(sorted(dimensions.items())))
        with self._lock:
            if key in self._sums or len(self._sums) < MAX_SERIES:
                self._sums.setdefault(key, _Sum()).add(value, count)

    def take(self) -> list[Metric]:
        """Give what was added, and begin anew."""
        with self._lock:
            sums, self._sums = self._sums, {}
        at = time.time()
        return [
            Metric(name, at, found.total, found.count, found.least, found.most, dict(dimensions))
            for (name, dimensions), found in sums.items()
        ]
