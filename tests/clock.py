"""A clock for caches: it stands until a test turns it, or goes on by a step whenever it is read."""

from typing import Any

from shared.cache import Cache


class Clock:
    """Gives seconds."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.step = 0.0

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds

    def cache(self, limit: int, seconds: float) -> Cache[Any]:
        """Give a cache that goes by this clock."""
        return Cache(limit, seconds, self)
