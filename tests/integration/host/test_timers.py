"""Timers, with the time in the test's hand."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.local.host.bindings import Function, RetryPolicy, TimerTrigger
from infra.local.host.errors import HostError
from infra.local.host.host import Host
from infra.local.host.timers import Timer, TimerStatus, check_schedule, next_run
from infra.local.host.worker import Outcome

START = datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = START
        self._waiting: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self.time

    async def wait_until(self, moment: datetime) -> None:
        if moment > self.time:
            event = asyncio.Event()
            self._waiting.append((moment, event))
            await event.wait()

    async def move(self, **by: float) -> None:
        await settle()
        self.time += timedelta(**by)
        for moment, event in self._waiting:
            if moment <= self.time:
                event.set()
        await settle()


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


class Runs:
    """A host that notes its runs; each ends when it is let go."""

    def __init__(self, clock: HandClock, *, held: bool = False, failures: int = 0) -> None:
        self.clock, self.failures = clock, failures
        self.started: list[datetime] = []
        self.requests: list[dict[str, Any]] = []
        self.retries: list[int] = []
        self.gate = asyncio.Event()
        if not held:
            self.gate.set()

    def datum(self, value: str, kind: str) -> SimpleNamespace:
        return SimpleNamespace(value=value, type=kind)

    async def run(self, function: Function, data: Any, trace: Any, *, retry_count: int) -> Outcome:
        self.started.append(self.clock.now())
        self.requests.append(json.loads(data.value))
        self.retries.append(retry_count)
        await self.gate.wait()
        return Outcome(succeeded=len(self.started) > self.failures)


@contextmanager
def timer(
    runs: Runs,
    schedule: str = "0 */5 * * * *",
    *,
    startup: bool = False,
    retry: RetryPolicy | None = None,
    status: TimerStatus | None = None,
) -> Iterator[Timer]:
    trigger = TimerTrigger("timer", schedule, startup, use_monitor=True)
    function = Function("id", "sweep", trigger, retry, disabled=False, bindings=())
    kept = status or TimerStatus(None)
    made = Timer(cast(Host, runs), function, trigger, kept, runs.clock)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        if status is None:
            kept.close()


def minutes(runs: Runs) -> list[tuple[int, int]]:
    return [(moment.hour, moment.minute) for moment in runs.started]


async def test_runs_at_each_occurrence_and_not_before() -> None:
    runs = Runs(HandClock())
    with timer(runs):
        await runs.clock.move(minutes=4)
        assert minutes(runs) == []
        await runs.clock.move(seconds=59)
        await runs.clock.move(minutes=5)
        assert minutes(runs) == [(12, 5), (12, 10)]
        assert runs.requests[0]["IsPastDue"] is False
        assert runs.requests[1]["ScheduleStatus"]["Last"] == "2026-03-01T12:05:00+00:00"


async def test_first_run_at_startup_if_asked() -> None:
    runs = Runs(HandClock())
    with timer(runs, startup=True):
        await settle()
        assert runs.started == [START]


async def test_occurrences_inside_a_long_run_are_skipped() -> None:
    runs = Runs(HandClock(), held=True)
    with timer(runs):
        await runs.clock.move(minutes=5)
        await runs.clock.move(minutes=12)
        assert minutes(runs) == [(12, 5)]
        runs.gate.set()
        await settle()
        await runs.clock.move(minutes=3)
        assert minutes(runs) == [(12, 5), (12, 20)]


async def test_run_by_hand_waits_for_the_one_under_way() -> None:
    runs = Runs(HandClock(), held=True)
    with timer(runs) as made:
        await runs.clock.move(minutes=5)
        by_hand = asyncio.create_task(made.fire())
        await settle()
        assert len(runs.started) == 1
        runs.gate.set()
        await by_hand
        assert len(runs.started) == 2


async def test_what_was_missed_while_the_host_was_down_is_run_once_as_past_due(tmp_path: Path) -> None:
    clock = HandClock()
    before = TimerStatus(tmp_path / "state.sqlite")
    with timer(Runs(clock), status=before):
        await clock.move(minutes=5)
    before.close()
    await clock.move(hours=3)
    runs, after = Runs(clock), TimerStatus(tmp_path / "state.sqlite")
    with timer(runs, status=after):
        await settle()
        assert [request["IsPastDue"] for request in runs.requests] == [True]
        await clock.move(minutes=5)
        assert [request["IsPastDue"] for request in runs.requests] == [True, False]
    after.close()


async def test_retry_policy_runs_again_after_its_delay_and_gives_up() -> None:
    runs = Runs(HandClock(), failures=9)
    delay = timedelta(seconds=10)
    with timer(runs, retry=RetryPolicy(2, delay, delay)):
        await runs.clock.move(minutes=5)
        for _ in range(4):
            await runs.clock.move(seconds=10)
        assert runs.retries == [0, 1, 2]


async def test_exponential_retry_doubles_up_to_the_longest() -> None:
    runs = Runs(HandClock(), failures=3)
    with timer(runs, retry=RetryPolicy(-1, timedelta(seconds=10), timedelta(seconds=15))):
        await runs.clock.move(minutes=5)
        for _ in range(12):
            await runs.clock.move(seconds=5)
        gaps = [(later - earlier).seconds for earlier, later in zip(runs.started, runs.started[1:], strict=False)]
        assert gaps == [10, 15, 15]


@pytest.mark.parametrize(
    ("schedule", "upcoming"),
    [
        ("0 */5 * * * *", datetime(2026, 3, 1, 12, 5, tzinfo=UTC)),
        ("*/15 * * * * *", datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)),
        ("0 30 2 * * *", datetime(2026, 3, 2, 2, 30, tzinfo=UTC)),
        ("0 0 9-17 * * Mon-Fri", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
    ],
)
def test_six_fields_begin_with_seconds(schedule: str, upcoming: datetime) -> None:
    check_schedule("sweep", schedule, START)
    assert next_run(schedule, START) == upcoming


@pytest.mark.parametrize(
    "schedule", ["*/5 * * * *", "00:05:00", "0 99 * * * *", "0 0 0 L * *", "0 0 0 1 * Mon", "0 0 0 30 2 *"]
)
def test_what_is_not_ncrontab_is_refused_with_the_function(schedule: str) -> None:
    with pytest.raises(HostError, match="function sweep"):
        check_schedule("sweep", schedule, START)
