"""What hardly changes in accounting, remembered for a while: bounded, and with an expiry."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS = 15 * 60.0


class Cache(Generic[K, V]):
    """Keeps up to ``limit`` values for ``seconds`` each; the oldest goes first."""

    def __init__(self, limit: int, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Give a value that is still fresh."""
        held = self._values.get(key)
        if held is None:
            return None
        if self._clock() >= held[0]:
            del self._values[key]
            return None
        return held[1]

    def put(self, key: K, value: V) -> V:
        """Remember a value, and give it back."""
        self._values.pop(key, None)
        self._values[key] = (self._clock() + self._seconds, value)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
        return value

    def forget(self, key: K) -> None:
        """Forget a value, where one is held."""
        self._values.pop(key, None)
