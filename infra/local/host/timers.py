"""Timer triggers: six-field NCRONTAB in UTC, one run at a time, late runs noticed.

The real host keeps each timer's status in blob storage; here it is the SQLite file of ``--state``, and without one a
start knows nothing of earlier runs.
"""

import asyncio
import json
import logging
import re
import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from cronsim import CronSim, CronSimError

from infra.local.host.bindings import Function, TimerTrigger
from infra.local.host.clock import Clock
from infra.local.host.errors import HostError
from infra.local.host.host import Host
from infra.local.host.tracing import continue_trace
from infra.local.host.worker import Outcome

log = logging.getLogger(__name__)

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
_FIELD = re.compile(rf"(?:[0-9*/,-]|{_NAMES})+", re.IGNORECASE)


def next_run(schedule: str, after: datetime) -> datetime:
    """Give the first moment of a schedule after ``after`` (UTC)."""
    return next(CronSim(schedule, after))


def check_schedule(function: str, schedule: str, now: datetime) -> None:
    """Refuse what is not a six-field NCRONTAB expression, or what NCRONTAB and cron read differently."""
    fields = schedule.split()
    if len(fields) != 6 or not all(_FIELD.fullmatch(field) for field in fields):
        raise HostError(
            f"function {function}: {schedule!r} is not a six-field NCRONTAB expression "
            "(second minute hour day month day-of-week)."
        )
    if fields[3] != "*" and fields[5] != "*":
        raise HostError(
            f"function {function}: {schedule!r} restricts both the day and the day of the week, "
            "which NCRONTAB joins by 'and' and cron by 'or'."
        )
    try:
        next_run(schedule, now)
    except (CronSimError, StopIteration) as error:
        raise HostError(f"function {function}: {schedule!r} is not a schedule: {error}") from error


class TimerStatus:
    """When each timer last ran and is due next, kept across restarts."""

    def __init__(self, file: Path | None) -> None:
        self._connection = sqlite3.connect(file or ":memory:", isolation_level=None)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS timers "
            "(function TEXT PRIMARY KEY, last TEXT NOT NULL, next TEXT NOT NULL, updated TEXT NOT NULL)"
        )

    def read(self, function: str) -> dict[str, datetime] | None:
        """Give last, next and updated of a function's timer; None if it never ran."""
        row = self._connection.execute("SELECT last, next, updated FROM timers WHERE function = ?", [function])
        found = row.fetchone()
        if found is None:
            return None
        return dict(zip(("last", "next", "updated"), map(datetime.fromisoformat, found), strict=True))

    def write(self, function: str, last: datetime, upcoming: datetime, updated: datetime) -> None:
        """Save a timer's status."""
        self._connection.execute(
            "INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?)",
            [function, last.isoformat(), upcoming.isoformat(), updated.isoformat()],
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Timer:
    """One timer function."""

    def __init__(
        self, host: Host, function: Function, trigger: TimerTrigger, status: TimerStatus, clock: Clock
    ) -> None:
        check_schedule(function.name, trigger.schedule, clock.now())
        self._host, self._function, self._trigger = host, function, trigger
        self._status, self._clock = status, clock
        self._single = asyncio.Lock()

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._single.locked()

    async def run(self) -> None:
        """Run on schedule until cancelled: first a missed or a startup run, then each occurrence.

        The next occurrence is looked for after a run has ended: runs never overlap, what fell into one is skipped.
        """
        saved = self._status.read(self._function.name) if self._trigger.use_monitor else None
        if saved is not None and saved["next"] < self._clock.now():
            await self.fire(past_due=True)
        elif self._trigger.run_on_startup:
            await self.fire()
        while True:
            now = self._clock.now()
            upcoming = next_run(self._trigger.schedule, now)
            if self._status.read(self._function.name) is None:
                self._status.write(self._function.name, now, upcoming, now)
            await self._clock.wait_until(upcoming)
            await self.fire()

    async def fire(self, *, past_due: bool = False) -> None:
        """Run the function once, with its retry policy, waiting for a run that is under way."""
        async with self._single:
            started = self._clock.now()
            await self._attempts(json.dumps(self._request(past_due)))
            ended = self._clock.now()
            self._status.write(self._function.name, started, next_run(self._trigger.schedule, ended), ended)

    def _request(self, past_due: bool) -> dict[str, object]:
        saved = self._status.read(self._function.name)
        return {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": saved
            and {
                "Last": saved["last"].isoformat(),
                "LastUpdated": saved["updated"].isoformat(),
                "Next": saved["next"].isoformat(),
            },
            "IsPastDue": past_due,
        }

    async def _attempts(self, request: str) -> None:
        attempt = 0
        while not (await self._attempt(request, attempt)).succeeded:
            retry = self._function.retry
            if retry is None or attempt == retry.max_retries:
                return
            delay = min(retry.delay * 2**attempt, retry.longest) if retry.delay else timedelta()
            attempt += 1
            await self._clock.wait_until(self._clock.now() + delay)

    async def _attempt(self, request: str, attempt: int) -> Outcome:
        data = self._host.datum(request, "json")
        return await self._host.run(self._function, data, continue_trace(None), retry_count=attempt)


class Timers:
    """All timer functions of an app."""

    def __init__(self, host: Host, functions: Collection[Function], status: TimerStatus, clock: Clock) -> None:
        self.by_name = {
            function.name: Timer(host, function, function.trigger, status, clock)
            for function in functions
            if isinstance(function.trigger, TimerTrigger)
        }
        self._enabled_timers = [
            function.name for function in functions if function.name in self.by_name and not function.disabled
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow the schedules of those that are not disabled."""
        self._tasks = [
            asyncio.create_task(self.by_name[name].run(), name=f"timer {name}") for name in self._enabled_timers
        ]

    def rest(self) -> None:
        """Start no further run; one that is under way goes on."""
        for task, name in zip(self._tasks, self._enabled_timers, strict=True):
            if not self.by_name[name].is_running:
                task.cancel()

    async def stop(self) -> None:
        """End the schedules; a run under way is cancelled with them, so drain first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
