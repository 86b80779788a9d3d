"""An outbox whose items stay in memory."""

from collections.abc import Iterator, Sequence

import pytest

from shared.telemetry import recorder
from shared.telemetry.allowed import scrub
from shared.telemetry.items import Event, Item, Metric, Span
from shared.telemetry.outbox import Fate, Outbox

WAIT = 20.0
"""Seconds that a test waits at most for the outbox's thread."""


class Kept:
    """Takes every batch."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.batches: list[list[Item]] = []

    def send(self, items: Sequence[Item]) -> Fate:
        """Take a batch."""
        self.batches.append(list(items))
        return Fate.TAKEN

    @property
    def items(self) -> list[Item]:
        """Give everything that was sent."""
        return [item for batch in self.batches for item in batch]


class Recorded:
    """What was recorded, as it leaves."""

    def __init__(self, kept: Kept, box: Outbox) -> None:
        """Take what keeps the items and the outbox before it."""
        self._kept = kept
        self._box = box

    def items(self) -> list[Item]:
        """Give all items."""
        assert self._box.wait(WAIT)
        return self._kept.items

    @property
    def spans(self) -> list[Span]:
        """Give the spans."""
        return [item for item in self.items() if isinstance(item, Span)]

    @property
    def events(self) -> list[Event]:
        """Give the events."""
        return [item for item in self.items() if isinstance(item, Event)]

    @property
    def metrics(self) -> dict[str, list[Metric]]:
        """Give the measures by name."""
        found: dict[str, list[Metric]] = {}
        for item in self.items():
            if isinstance(item, Metric):
                found.setdefault(item.name, []).append(item)
        return found


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """Telemetry that is on, and kept."""
    kept = Kept()
    box = Outbox(lambda: kept, scrub)
    monkeypatch.setattr(recorder.out, "box", box)
    yield Recorded(kept, box)
    box.close(WAIT)
