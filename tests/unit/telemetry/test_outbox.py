"""The outbox never holds anybody up, loses the oldest first, and tries again what is not taken for now."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from shared.telemetry.allowed import scrub
from shared.telemetry.items import Event, Item, Metric
from shared.telemetry.outbox import ATTEMPTS, BATCH, Fate, Outbox, Sender
from tests.unit.telemetry.conftest import WAIT, Kept

Open = Callable[..., Outbox]


class Stalled:
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.reached = threading.Event()
        self.kept = Kept()

    def send(self, items: Sequence[Item]) -> Fate:
        """Wait, then take."""
        self.reached.set()
        assert self.let_go.wait(WAIT)
        return self.kept.send(items)


class Refusing:
    """Answers with fates in turn, the last one for ever."""

    def __init__(self, *fates: Fate) -> None:
        self._fates = list(fates)
        self.kept = Kept()
        self.asked = 0

    def send(self, items: Sequence[Item]) -> Fate:
        """Answer."""
        self.asked += 1
        fate = self._fates.pop(0) if len(self._fates) > 1 else self._fates[0]
        if fate is Fate.TAKEN:
            self.kept.send(items)
        return fate


def event(second: float) -> Event:
    return Event("swept", logging.INFO, second, None, {})


def times(items: Sequence[Item]) -> list[float]:
    return [item.at for item in items if isinstance(item, Event)]


@pytest.fixture
def open_box() -> Iterator[Open]:
    boxes: list[Outbox] = []

    def opened(sender: Sender | Callable[[], Sender], **options: float) -> Outbox:
        make = sender if callable(sender) else lambda: sender
        boxes.append(Outbox(make, scrub, **{"first_pause": 0.0, "gather": 0.0, **options}))  # type: ignore[arg-type]  # options by name
        return boxes[-1]

    yield opened
    for box in boxes:
        box.close(WAIT)


def test_recording_and_flushing_go_on_while_a_sender_stalls(open_box: Open) -> None:
    stalled = Stalled()
    box = open_box(stalled)
    box.put(event(0))
    box.flush()
    assert stalled.reached.wait(WAIT)
    # The sender holds its thread and waits for this one: that this ends at all shows that nobody waits for it.
    for second in range(1, 1001):
        box.put(event(second))
        box.flush()
    assert stalled.kept.batches == []
    stalled.let_go.set()
    assert box.wait(WAIT)
    assert times(stalled.kept.items) == list(range(1001))


def test_invocations_close_together_make_one_request(open_box: Open) -> None:
    kept = Kept()
    box = open_box(kept, gather=WAIT)
    for second in range(20):
        box.put(event(second))
        box.flush()
    assert box.wait(WAIT)
    assert [len(batch) for batch in kept.batches] == [20]


def test_many_flushes_make_few_requests(open_box: Open) -> None:
    stalled = Stalled()
    box = open_box(stalled)
    box.put(event(0))
    box.flush()
    assert stalled.reached.wait(WAIT)
    for second in range(1, 151):
        box.put(event(second))
        box.flush()
    stalled.let_go.set()
    assert box.wait(WAIT)
    assert [len(batch) for batch in stalled.kept.batches] == [1, 150]


def test_a_batch_is_bounded(open_box: Open) -> None:
    kept = Kept()
    box = open_box(kept)
    for second in range(2 * BATCH + 1):
        box.put(event(second))
    assert box.wait(WAIT)
    assert max(len(batch) for batch in kept.batches) <= BATCH
    assert times(kept.items) == list(range(2 * BATCH + 1))


def test_when_it_is_full_the_oldest_goes_and_is_counted(open_box: Open) -> None:
    stalled = Stalled()
    box = open_box(stalled, capacity=10)
    box.put(event(0))
    box.flush()
    assert stalled.reached.wait(WAIT)
    for second in range(1, 16):
        box.put(event(second))
    stalled.let_go.set()
    assert box.wait(WAIT)
    assert box.wait(WAIT)
    assert times(stalled.kept.items) == [0, *range(6, 16)]
    (dropped,) = [item for item in stalled.kept.items if isinstance(item, Metric)]
    assert (dropped.name, dropped.total) == ("telemetry_dropped", 5.0)


def test_what_is_not_taken_now_is_tried_again_in_order(open_box: Open, caplog: pytest.LogCaptureFixture) -> None:
    refusing = Refusing(Fate.AGAIN, Fate.AGAIN, Fate.TAKEN)
    box = open_box(refusing)
    with caplog.at_level(logging.WARNING, "bridge.telemetry"):
        for second in range(3):
            box.put(event(second))
            assert box.wait(WAIT)
    assert times(refusing.kept.items) == [0, 1, 2]
    assert box.problem == ""
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Application Insights does not take telemetry now", "telemetry is taken again"]


def test_what_is_never_taken_goes_and_does_not_hold_up_the_rest(open_box: Open) -> None:
    refusing = Refusing(*[Fate.AGAIN] * ATTEMPTS, Fate.TAKEN)
    box = open_box(refusing)
    box.put(event(0))
    for _ in range(ATTEMPTS):
        assert box.wait(WAIT)
    box.put(event(1))
    assert box.wait(WAIT)
    assert times(refusing.kept.items) == [1]


def test_what_is_refused_for_good_is_not_tried_again(open_box: Open) -> None:
    refusing = Refusing(Fate.LOST)
    box = open_box(refusing)
    box.put(event(0))
    assert box.wait(WAIT)
    assert box.wait(WAIT)
    assert refusing.asked == 1
    assert "APPLICATIONINSIGHTS_CONNECTION_STRING" in box.problem


def test_an_exporter_that_cannot_be_made_is_a_problem_and_no_more(open_box: Open) -> None:
    def make() -> Sender:
        raise ImportError("No module named 'azure.monitor'")

    box = open_box(make)
    box.put(event(0))
    assert box.wait(WAIT)
    assert box.problem == "telemetry is off: ImportError: No module named 'azure.monitor'"


def test_a_sender_that_raises_loses_its_batch_alone(open_box: Open) -> None:
    class Breaking(Kept):
        def send(self, items: Sequence[Item]) -> Fate:
            if times(items) == [0]:
                raise ValueError("can't be written down")
            return super().send(items)

    kept = Breaking()
    box = open_box(kept)
    box.put(event(0))
    assert box.wait(WAIT)
    box.put(event(1))
    assert box.wait(WAIT)
    assert times(kept.items) == [1]


def test_what_is_left_is_sent_at_the_end(open_box: Open) -> None:
    kept = Kept()
    box = open_box(kept)
    box.put(event(0))
    box.metrics.add("retries", 1, 1, {})
    box.close(WAIT)
    assert times(kept.items) == [0]
    assert any(isinstance(item, Metric) for item in kept.items)
