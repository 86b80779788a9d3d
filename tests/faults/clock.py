"""Time as a test says: it stands until it is moved, and hours pass at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Starts at the machine's time, because the servers tell theirs. What is due on the way is done in its order."""

    def __init__(self) -> None:
        self.started = self.at = datetime.now(UTC)
        self._due: list[tuple[datetime, int, Callable[[], Awaitable[object]]]] = []
        self._count = 0

    def now(self) -> datetime:
        """Give the time."""
        return self.at

    def seconds(self) -> float:
        """Give seconds that never go back."""
        return self.at.timestamp()

    def after(self, wait: timedelta, do: Callable[[], Awaitable[object]]) -> None:
        """Let something be done once this time has passed."""
        self._count += 1
        self._due.append((self.at + wait, self._count, do))

    async def advance(self, wait: timedelta) -> None:
        """Let time pass."""
        until = self.at + wait
        while due := [item for item in self._due if item[0] <= until]:
            first = min(due, key=lambda item: item[:2])
            self._due.remove(first)
            self.at = max(self.at, first[0])
            await first[2]()
        self.at = until
        # What was started meanwhile gets its turn.
        await asyncio.sleep(0)

    def forget(self) -> None:
        """Let nothing be due any more."""
        self._due.clear()
