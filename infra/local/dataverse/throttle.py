"""The service protection limits: per user requests and execution time in a sliding window, and concurrency."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil

from infra.local.dataverse.errors import too_many_requests


@dataclass(frozen=True)
class Limits:
    """What one user may do on one web server (documented: 6,000 requests and 1,200 s in 300 s, 52 at once)."""

    requests: int = 6000
    execution_seconds: float = 1200
    concurrent: int = 52
    window_seconds: float = 300


@dataclass
class _Usage:
    starts: deque[float] = field(default_factory=deque)
    spent: deque[tuple[float, float]] = field(default_factory=deque)
    spent_total: float = 0.0
    running: int = 0


class Throttle:
    """Counts what users do, and refuses what is too much."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._users: dict[str, _Usage] = {}

    @contextmanager
    def request(self, user: str) -> Iterator[None]:
        """Let one request run; DataverseError (429 with Retry-After) where a limit is reached."""
        usage, started = self._users.setdefault(user, _Usage()), time.monotonic()
        self._check(usage, started)
        usage.starts.append(started)
        usage.running += 1
        try:
            yield
        finally:
            usage.running -= 1
            ended = time.monotonic()
            usage.spent.append((ended, ended - started))
            usage.spent_total += ended - started

    def _check(self, usage: _Usage, now: float) -> None:
        limits = self._limits
        horizon = now - limits.window_seconds
        while usage.starts and usage.starts[0] <= horizon:
            usage.starts.popleft()
        while usage.spent and usage.spent[0][0] <= horizon:
            usage.spent_total -= usage.spent.popleft()[1]
        window = f"{limits.window_seconds:g} seconds"
        if len(usage.starts) >= limits.requests:
            raise too_many_requests(
                "0x80072322",
                f"Number of requests exceeded the limit of {limits.requests} over time window of {window}.",
                max(1, ceil(usage.starts[0] - horizon)),
            )
        if usage.spent_total >= limits.execution_seconds:
            raise too_many_requests(
                "0x80072321",
                "Combined execution time of incoming requests exceeded limit of "
                f"{limits.execution_seconds * 1000:,.0f} milliseconds over time window of {window}. "
                "Decrease number of concurrent requests or reduce the "
                "duration of requests and try again later.",
                max(1, ceil(usage.spent[0][0] - horizon)),
            )
        if usage.running >= limits.concurrent:
            raise too_many_requests(
                "0x80072326", f"Number of concurrent requests exceeded the limit of {limits.concurrent}.", 1
            )
