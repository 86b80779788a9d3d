"""The outbox: what was recorded waits here, bounded, until a thread of its own has sent it.

Putting in never blocks and never fails: when the outbox is full the oldest goes, and it is counted. ``flush`` only
wakes the thread, so an invocation is never held up; what else comes within a second goes with it, so that many
invocations make few requests: each is a connection of its own in the exporter, and costs more than a document does.
What Application Insights does not take now is tried again, with longer and longer pauses.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from shared.telemetry.items import Item
from shared.telemetry.metrics import Metrics

CAPACITY = 10_000
BATCH = 200
ATTEMPTS = 10
"""of one batch, some five minutes; then it goes, so that what is never taken does not hold up the rest"""
GATHER = 1.0
"""Seconds between a flush and the request that it leads to."""
INTERVAL = 15.0
"""Seconds after which what nobody flushed is sent all the same."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts while nothing is taken."""

_logger = logging.getLogger("bridge.telemetry")


class Fate(Enum):
    """What became of a batch."""

    TAKEN = "taken"
    AGAIN = "to be tried again"
    LOST = "refused for good"


class Sender(Protocol):
    """What carries a batch to Application Insights."""

    def send(self, items: Sequence[Item]) -> Fate:
        """Send. It may take as long as it likes."""
        ...


class Outbox:
    """Items on their way out, and the thread that sends them."""

    def __init__(
        self,
        make_sender: Callable[[], Sender],
        scrub: Callable[[Item], Item],
        *,
        capacity: int = CAPACITY,
        first_pause: float = FIRST_PAUSE,
        gather: float = GATHER,
    ) -> None:
        """``make_sender`` runs in the thread, because importing an exporter takes a cold start's time.

        ``scrub`` gives an item without what must not leave.
        """
        self.metrics = Metrics()
        self.problem = ""
        """Why nothing is sent, in one sentence; empty where all is well."""
        self._make_sender = make_sender
        self._scrub = scrub
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._idle = threading.Condition()
        self._asked = self._done = 0
        self._first_pause, self._gather = first_pause, gather
        self._pause = 0.0
        self._attempts = 0
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Take an item."""
        with self._lock:
            self._items.append(item)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        over = len(self._items) - self._capacity
        for _ in range(over):
            self._items.popleft()
        if over > 0:
            self.metrics.add("telemetry_dropped", over, over, {})

    def flush(self) -> None:
        """Ask the thread to send what is there, soon; does not wait for it."""
        self._asked += 1
        self._wake.set()

    def wait(self, seconds: float) -> bool:
        """Wait until what is there was sent or given up for now, ``seconds`` at most; say whether it came to that."""
        self.flush()
        self._hurry.set()
        asked = self._asked
        with self._idle:
            return self._idle.wait_for(lambda: self._done >= asked, seconds)

    def close(self, seconds: float) -> None:
        """Send what is left, ``seconds`` at most, and end."""
        if not self._thread.is_alive():
            return
        self.wait(seconds)
        self._stop.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        sender: Sender | None = None
        while not self._stop.is_set():
            if self._wake.wait(INTERVAL):
                self._hurry.wait(self._gather)
            self._wake.clear()
            self._hurry.clear()
            asked = self._asked
            if sender is None:
                sender = self._made()
            if sender is not None:
                self._send_all(sender)
            with self._idle:
                self._done = asked
                self._idle.notify_all()
            # The stop ends the pause; a flush does not, or a busy bridge would hammer what is down.
            self._stop.wait(self._pause)

    def _made(self) -> Sender | None:
        try:
            return self._make_sender()
        except Exception as error:  # noqa: BLE001 -- telemetry must not take the bridge down; the log says why
            self._failed(f"telemetry is off: {type(error).__name__}: {error}")
            return None

    def _send_all(self, sender: Sender) -> None:
        left = True
        measured: list[Item] = [*self.metrics.take()]
        while left:
            batch, measured = [*measured, *self._taken(BATCH - len(measured))], []
            left = len(batch) >= BATCH
            if not batch:
                return
            if self._send(sender, batch) is not Fate.AGAIN:
                self._attempts = 0
                continue
            self._attempts += 1
            self._put_back(batch)
            return

    def _taken(self, most: int) -> list[Item]:
        with self._lock:
            return [self._items.popleft() for _ in range(max(0, min(most, len(self._items))))]

    def _put_back(self, batch: list[Item]) -> None:
        if self._attempts >= ATTEMPTS:
            self._attempts = 0
            self.metrics.add("telemetry_dropped", len(batch), len(batch), {})
            return
        with self._lock:
            self._items.extendleft(reversed(batch))
            self._drop_oldest()

    def _send(self, sender: Sender, batch: list[Item]) -> Fate:
        try:
            fate = sender.send([self._scrub(item) for item in batch])
        except Exception as error:  # noqa: BLE001 -- a batch that can't be written down would fail again
            _logger.warning("telemetry lost: %s", type(error).__name__)
            fate = Fate.LOST
        match fate:
            case Fate.TAKEN:
                if self.problem:
                    _logger.warning("telemetry is taken again")
                self.problem, self._pause = "", 0.0
            case Fate.AGAIN:
                self._failed("Application Insights does not take telemetry now")
            case Fate.LOST:
                self._failed(
                    "Application Insights refuses telemetry: check APPLICATIONINSIGHTS_CONNECTION_STRING, and the"
                    " identity that APPLICATIONINSIGHTS_AUTHENTICATION_STRING names"
                )
                self._pause = 0.0
        return fate

    def _failed(self, problem: str) -> None:
        if problem != self.problem:
            _logger.warning("%s", problem)
        self.problem = problem
        self._pause = min(LONGEST_PAUSE, max(self._first_pause, self._pause * 2))
