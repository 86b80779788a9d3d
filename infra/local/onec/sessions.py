"""Sessions of the infobase: a pool by default, one of your own with ``IBSession: start``."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

COOKIE = "ibsession"
HEADER = "IBSession"


class SessionError(Exception):
    """No session for this request: 406 where the pool is exhausted, 400 where the named one is gone."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Sessions:
    """Counts what is in use. A session of one's own takes a place in the pool until it ends or goes stale."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._own: dict[str, float] = {}
        self._busy = 0
        self.refused = 0

    def _sweep(self) -> None:
        now = self._clock()
        self._own = {name: used for name, used in self._own.items() if now - used <= self._seconds}

    def expire(self) -> None:
        """Make every session of one's own stale at once."""
        self._own.clear()

    @property
    def in_use(self) -> int:
        """How many places are taken."""
        self._sweep()
        return self._busy + len(self._own)

    @contextmanager
    def use(self, command: str | None, cookie: str | None) -> Iterator[str | None]:
        """Take a session for one request; give the cookie to set, if it is a new one of one's own."""
        self._sweep()
        if cookie is not None and command != "start":
            if cookie not in self._own:
                raise SessionError(400, "Сеанс не найден или завершён")
            yield None
            if command == "finish":
                self._own.pop(cookie, None)
            elif cookie in self._own:
                self._own[cookie] = self._clock()
            return
        if command not in (None, "start"):
            raise SessionError(400, f"{HEADER}: {command} без открытого сеанса")
        if self.in_use >= self._limit:
            self.refused += 1
            raise SessionError(406, "Превышено максимальное количество сеансов пула")
        if command == "start":
            name = secrets.token_hex(16)
            self._own[name] = self._clock()
            yield name
            return
        self._busy += 1
        try:
            yield None
        finally:
            self._busy -= 1
