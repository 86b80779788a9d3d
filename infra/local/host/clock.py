"""The time, as something a test can put in its place."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol

_LONGEST_NAP = 60.0
"""Seconds; the wall clock is read again after each nap, so that a suspended machine does not shift the schedule."""


class Clock(Protocol):
    """Where timers look for the time."""

    def now(self) -> datetime:
        """Give the time, in UTC."""
        ...

    async def wait_until(self, moment: datetime) -> None:
        """Return once ``moment`` has come."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Give the time, in UTC."""
        return datetime.now(UTC)

    async def wait_until(self, moment: datetime) -> None:
        """Sleep in naps until ``moment``."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - nobody sets the time as an event
            await asyncio.sleep(min(left, _LONGEST_NAP))
