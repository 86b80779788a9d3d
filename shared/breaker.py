"""A breaker: while a system is known to be down nobody waits for it, and one caller looks whether it is back.

Pure, with the clock given. One for each target and for Dataverse in each process: what other processes know is not
shared, so each finds out by itself, with as many calls as it takes to open a breaker.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.errors import CredentialsRefused, Unavailable

FAILURES = 3
"""Unavailable in a row until the system counts as down: one bad document alone must not stop its neighbours."""
FIRST_SECONDS = 5.0
LONGEST_SECONDS = 60.0
DOWN = "known to be down"
REFUSED = "the log-in was refused a moment ago, and is not tried again yet"
PROBE_SECONDS = 1.0
"""What is told to wait while somebody looks; the answer may come at any moment."""


class Breaker:
    """Lets calls through (closed), answers at once (open), lets one look after the wait (half open)."""

    def __init__(
        self,
        system: str,
        *,
        failures: int = FAILURES,
        first: float = FIRST_SECONDS,
        longest: float = LONGEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the system's name for errors, how many failures open it, and the shortest and longest wait in seconds.

        The waits of retries will do: a breaker's are never longer than a minute. ``clock`` never goes back.
        """
        self._system = system
        self._failures = failures
        self._longest = min(longest, LONGEST_SECONDS)
        self._first = min(first, self._longest)
        self._clock = clock
        self._in_a_row = 0
        self._until: float | None = None
        """when it opened for the last time: until then nobody asks; None while it is closed"""
        self._wait = self._first
        self._why = DOWN
        self._probing = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make one call inside. Raises Unavailable, with the time left, instead of entering while the system is down.

        Unavailable says that the system is down, unless it has answered and one document has to wait. A refused log-in
        opens the breaker at once and for the longest wait: a backlog that went on trying would lock the user. Whatever
        else comes out, the system did answer. What is broken off (cancelled, killed) says nothing.
        """
        probe = self._enter()
        try:
            yield
        except Unavailable as error:
            if error.answered:
                self._answered()
            else:
                self._failed(error, probe=probe)
            raise
        except CredentialsRefused:
            self._locked_out(probe=probe)
            raise
        except Exception:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            if probe:
                self._probing = False

    def _enter(self) -> bool:
        """Say whether this call is the one that looks."""
        if self._until is None:
            return False
        left = self._until - self._clock()
        if left > 0 or self._probing:
            raise Unavailable(self._system, self._why, max(left, PROBE_SECONDS))
        self._probing = True
        return True

    def _failed(self, error: Unavailable, *, probe: bool) -> None:
        if self._until is not None and not probe:
            return  # it was on its way when the breaker opened, and says nothing new
        self._in_a_row += 1
        if not probe and self._in_a_row < self._failures:
            return
        self._why = DOWN
        self._until = self._clock() + min(max(self._wait, error.retry_after or 0.0), self._longest)
        self._wait = min(self._wait * 2, self._longest)

    def _locked_out(self, *, probe: bool) -> None:
        if self._until is not None and not probe:
            return
        self._why = REFUSED
        self._until = self._clock() + self._longest

    def _answered(self) -> None:
        self._in_a_row = 0
        self._until = None
        self._wait = self._first
