"""W3C trace context: which traces the work at hand belongs to.

A webhook's work belongs to one trace. A batch's belongs to that of each of its messages, so that whoever looks at one
document sees the reads that were made for it, whoever shared them.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True)
class Place:
    """A span in a trace, both in lower-case hex."""

    trace: str
    span: str

    @classmethod
    def parse(cls, traceparent: str) -> "Place | None":
        """Read a traceparent; None where it is none."""
        match = _TRACEPARENT.fullmatch(traceparent)
        if match is None or not int(match[1], 16) or not int(match[2], 16):
            return None
        return cls(match[1], match[2])

    @classmethod
    def new(cls) -> "Place":
        """Begin a trace."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    def child(self) -> "Place":
        """Give a new span of the same trace."""
        return Place(self.trace, secrets.token_hex(8))

    @property
    def traceparent(self) -> str:
        """Give what the next one calls its parent."""
        return f"00-{self.trace}-{self.span}-01"


@dataclass(frozen=True)
class Work:
    """What is being done: in which traces, at which attempt, and how often a system was asked meanwhile."""

    places: tuple[Place, ...] = ()
    attempt: int = 0
    invocation: Place | None = None
    """what the work is done in, where it belongs to several traces"""
    calls: Counter[str] = field(default_factory=Counter)

    def in_trace(self, trace: str) -> Place | None:
        """Give the span that the work has in a trace."""
        return next((place for place in self.places if place.trace == trace), None)

    def place_of(self, traceparent: str) -> Place | None:
        """Give the span for what is said of a message; of none in particular: the one that all of the work is in."""
        about = Place.parse(traceparent)
        if about is not None:
            return self.in_trace(about.trace) or about
        return self.places[0] if len(self.places) == 1 else self.invocation


_NOTHING = Work()
_work: ContextVar[Work] = ContextVar("work", default=_NOTHING)


def at_work() -> Work:
    """Give the work at hand."""
    return _work.get()


@contextmanager
def working(work: Work) -> Iterator[None]:
    """Do some work, and be back at what was done before."""
    token = _work.set(work)
    try:
        yield
    finally:
        _work.reset(token)


def here() -> str:
    """Give the traceparent of the work at hand; empty where it belongs to no trace, or to several."""
    places = at_work().places
    return places[0].traceparent if len(places) == 1 else ""


def traceparent(parent: str = "") -> str:
    """Give a W3C traceparent: a new span in the parent's trace, or the first span of a new trace."""
    known = Place.parse(parent)
    return (Place.new() if known is None else known.child()).traceparent


def onward(given: str) -> str:
    """Give a new span in the trace of a message that is sent on; what is no traceparent stays as it is."""
    known = Place.parse(given)
    return given if known is None else known.child().traceparent
