"""A month-end peak, simulated: how long it takes, what fills up, which limit comes next. Pure: no clock, no network.

``python -m tests.bench.month_end`` prints the cases of ``infra/azure/CAPACITY.md``. Events are discrete: a document is
issued, a batch of references is read, a lane finishes a document, a batch of results is written. Every document is
followed by number, none by content. What is simulated is where things wait: two events a document on ``changes``, one
batch after the other in each instance, K lanes into accounting, and the limits of Service Bus and Dataverse.
"""

import heapq
import itertools
import random
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

BATCH = 100
"""maxMessageBatchSize in host.json"""
EVENTS = 2
"""of one issued invoice: Update and SetState"""
WINDOW = 300.0
"""Seconds over which Dataverse counts."""
SWEEP, RETRY = 300.0, 900.0
"""Seconds until the sweep finds what no queue took, and until a reference that waits comes back."""
MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What the platforms give. CAPACITY.md says where each is published."""

    credits_a_second: float = 1000.0
    """Service Bus, standard tier, a namespace: one for each message that is sent or received"""
    queue_bytes: int = 5120 * MEGABYTE
    dataverse_requests: int = 6000
    """a user and web server in five minutes; one web server is assumed"""


@dataclass(frozen=True)
class Load:
    """What is issued, and how quick everybody is. Sizes are those of a 20-line document."""

    documents: int
    hours: float
    """over which they are issued evenly"""
    accounting_seconds: float
    """of one document, in one lane"""
    lanes: int = 4
    instances: int = 1
    """that read and write Dataverse, each one batch at a time"""
    read_seconds: float = 1.5
    """a batch of documents from Dataverse"""
    request_seconds: float = 0.3
    row_seconds: float = 0.06
    """a batch of journal rows, and each row in it"""
    reference_bytes: int = 1000
    document_bytes: int = 3000
    result_bytes: int = 1500


@dataclass
class Outcome:
    """What came of it; times in seconds from the first document."""

    finished: float = 0.0
    posted: int = 0
    highest: dict[str, int] = field(default_factory=dict)
    """messages on each queue at the most"""
    refused: int = 0
    """sendings that a full queue did not take; each came again"""
    throttled: int = 0
    """requests that Dataverse would not have taken then"""
    busiest_window: int = 0
    """Dataverse requests in any five minutes"""
    oldest: float = 0.0
    """the longest that a document took from issued to posted"""


class _Rate:
    """Lets so much through a second; gives how long something waits for its turn."""

    def __init__(self, a_second: float) -> None:
        self._a_second = a_second
        self._free_at = 0.0

    def wait(self, now: float, cost: float) -> float:
        start = max(now, self._free_at)
        self._free_at = start + cost / self._a_second
        return self._free_at - now


class _Window:
    """A sliding window of requests."""

    def __init__(self, limit: int, outcome: Outcome) -> None:
        self._limit, self._outcome = limit, outcome
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Take one; give how long it waits until the window has room, as Retry-After says."""
        while self._times and self._times[0] <= now - WINDOW:
            self._times.popleft()
        wait = 0.0
        if len(self._times) >= self._limit:
            self._outcome.throttled += 1
            wait = self._times[len(self._times) - self._limit] + WINDOW - now
        self._times.append(now + wait)
        self._outcome.busiest_window = max(self._outcome.busiest_window, min(len(self._times), self._limit))
        return wait


class _Queue:
    """How many messages of one size a queue holds, those at work included."""

    def __init__(self, name: str, size: int, limit: int, outcome: Outcome) -> None:
        self._name, self._most, self._outcome = name, limit // size, outcome
        self._held = 0

    def take(self, count: int = 1) -> bool:
        """Take messages in; say whether there was room."""
        if self._held + count > self._most:
            self._outcome.refused += 1
            return False
        self._held += count
        self._outcome.highest[self._name] = max(self._outcome.highest.get(self._name, 0), self._held)
        return True

    def complete(self, count: int = 1) -> None:
        """Let them go."""
        self._held -= count


class _Run:
    """One simulation."""

    def __init__(self, load: Load, limits: Limits, seed: int) -> None:
        self.outcome = Outcome()
        self._load = load
        self._choice = random.Random(seed)  # noqa: S311 -- nothing secret
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        self._bus = _Rate(limits.credits_a_second)
        self._dataverse = _Window(limits.dataverse_requests, self.outcome)
        queue = limits.queue_bytes
        self._changes = _Queue("changes", load.reference_bytes, queue, self.outcome)
        self._target = _Queue("target", load.document_bytes, queue, self.outcome)
        self._results = _Queue("results", load.result_bytes, queue, self.outcome)
        self._references: deque[int] = deque()
        self._lanes: list[deque[int]] = [deque() for _ in range(load.lanes)]
        self._busy = [False] * load.lanes
        self._unwritten = 0
        self._readers = self._writers = load.instances
        self._every = load.hours * 3600 / load.documents

    def run(self) -> Outcome:
        """Go on until everything is journalled."""
        self._at(0.0, lambda now: self._issue(now, 0))
        while self._events:
            now, _, work = heapq.heappop(self._events)
            work(now)
            self.outcome.finished = now
        return self.outcome

    def _at(self, when: float, work: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), work))

    def _issue(self, now: float, document: int) -> None:
        """A manager issues a document."""
        self._refer(now + self._bus.wait(now, EVENTS), document, EVENTS)
        following = document + 1
        if following < self._load.documents:
            self._at(following * self._every, lambda later: self._issue(later, following))

    def _refer(self, now: float, document: int, times: int) -> None:
        """References to a document come on ``changes``; where it is full the sweep finds the document later."""
        if not self._changes.take(times):
            self._at(now + SWEEP, lambda later: self._refer(later, document, 1))
            return
        self._references.extend([document] * times)
        self._read(now)

    def _read(self, now: float) -> None:
        """An instance takes a batch of references and reads their documents; repeats are one."""
        while self._readers and self._references:
            taken = [self._references.popleft() for _ in range(min(BATCH, len(self._references)))]
            self._changes.complete(len(taken))
            documents = list(dict.fromkeys(taken))
            self._readers -= 1
            wait = self._bus.wait(now, len(taken) + len(documents)) + self._dataverse.wait(now)
            self._at(now + wait + self._load.read_seconds, partial(self._send, documents=documents))

    def _send(self, now: float, documents: list[int]) -> None:
        """Documents go to the lanes; where the queue is full their references wait on ``changes``."""
        self._readers += 1
        for document in documents:
            if not self._target.take():
                self._at(now + RETRY, partial(self._refer, document=document, times=1))
                continue
            lane = self._choice.randrange(self._load.lanes)
            self._lanes[lane].append(document)
            self._work(now, lane)
        self._read(now)

    def _work(self, now: float, lane: int) -> None:
        if self._busy[lane] or not self._lanes[lane]:
            return
        document = self._lanes[lane].popleft()
        self._busy[lane] = True
        seconds = self._bus.wait(now, 2) + self._load.accounting_seconds * self._choice.uniform(0.5, 1.5)
        self._at(now + seconds, lambda later: self._posted(later, lane, document))

    def _posted(self, now: float, lane: int, document: int) -> None:
        if not self._results.take():
            self._at(now + RETRY, lambda later: self._posted(later, lane, document))
            return
        self._unwritten += 1
        self._busy[lane] = False
        self._target.complete()
        self.outcome.posted += 1
        self.outcome.oldest = max(self.outcome.oldest, now - document * self._every)
        self._write(now)
        self._work(now, lane)

    def _write(self, now: float) -> None:
        """An instance writes to the journal what is there."""
        if not self._writers or not self._unwritten:
            return
        count = min(BATCH, self._unwritten)
        self._unwritten -= count
        self._writers -= 1
        seconds = self._load.request_seconds + self._load.row_seconds * count
        wait = self._bus.wait(now, count) + self._dataverse.wait(now)
        self._at(now + wait + seconds, partial(self._written, count=count))

    def _written(self, now: float, count: int) -> None:
        self._results.complete(count)
        self._writers += 1
        self._write(now)


def simulate(load: Load, limits: Limits | None = None, seed: int = 1) -> Outcome:
    """Give what comes of a load under limits; the same seed gives the same outcome."""
    return _Run(load, limits or Limits(), seed).run()


MILLION = 1_000_000
CASES = {
    "1C, 0.5 s a document, 4 lanes": Load(MILLION, 8, 0.5),
    "1C, 0.5 s a document, 16 lanes": Load(MILLION, 8, 0.5, lanes=16, instances=2),
    "SAP Business One, 3 s a document, 4 lanes": Load(MILLION, 8, 3.0),
    "SAP Business One, 3 s a document, 40 lanes": Load(MILLION, 8, 3.0, lanes=40),
    "the same before messages were compressed": Load(MILLION, 8, 3.0, document_bytes=10_200),
    "an accounting system without limits, 64 lanes": Load(MILLION, 8, 0.1, lanes=64, instances=8),
}


HEADINGS = (
    "case",
    "documents a second",
    "drained after",
    "longest wait",
    "highest on the target's queue",
    "of its size",
    "Dataverse requests in five minutes",
    "refused by a full queue",
    "made to wait by Dataverse",
)


def main() -> None:
    """Print the table of CAPACITY.md."""
    sys.stdout.write(f"| {' | '.join(HEADINGS)} |\n{'|---' * len(HEADINGS)}|\n")
    for name, load in CASES.items():
        made = simulate(load)
        cells = (
            name,
            f"{made.posted / made.finished:.1f}",
            f"{made.finished / 3600:.1f} h",
            f"{made.oldest / 3600:.1f} h",
            f"{made.highest['target']:,}",
            f"{made.highest['target'] * load.document_bytes / Limits().queue_bytes:.0%}",
            f"{made.busiest_window:,}",
            f"{made.refused:,}",
            f"{made.throttled:,}",
        )
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
