"""Recording: log lines, hops, calls, sendings and measures. Costs little, blocks nothing, and keeps quiet when off."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from shared.telemetry import allowed
from shared.telemetry.items import Event, Span
from shared.telemetry.outbox import Outbox
from shared.telemetry.trace import Place, Work, at_work, working

_logger = logging.getLogger("bridge")

# Libraries that would write addresses, headers or bodies into the log.
for _talkative in ("httpx", "httpcore", "azure", "uamqp", "urllib3"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)


@dataclass
class _Out:
    """Where recorded items go; nowhere while telemetry is off."""

    box: Outbox | None = None


out = _Out()


class Traced(Protocol):
    """A message that says which trace it belongs to."""

    @property
    def traceparent(self) -> str:
        """Give the W3C traceparent, or nothing."""
        ...


@dataclass
class Call:
    """A request under way; whoever makes it notes the status."""

    status: int | None = None


def say(level: int, event: str, dimensions: Mapping[str, object] | None = None, *, trace: str = "") -> None:
    """Log one event, without what is not on the list of dimensions and shapes (:mod:`shared.telemetry.allowed`).

    ``trace`` is the traceparent of the message of a batch that it is about; without it, it is about the invocation.
    """
    clean = allowed.dimensions(dimensions or {})
    shown = " ".join(f"{name}={value}" for name, value in clean.items())
    _logger.log(level, "%s %s", event, shown, extra={"custom_dimensions": clean})
    if out.box is not None:
        out.box.put(Event(event, level, time.time(), at_work().place_of(trace), clean))


def count(name: str, **dimensions: object) -> None:
    """Count something once."""
    observe(name, 1.0, **dimensions)


def observe(name: str, value: float, **dimensions: object) -> None:
    """Take a measurement."""
    if out.box is not None:
        out.box.metrics.add(name, value, 1, dimensions)


@contextmanager
def hop(name: str, messages: Sequence[Traced], attempt: int = 0, **dimensions: object) -> Iterator[None]:
    """Do a step's work for messages: a span in the trace of each, in which calls and sendings then happen.

    At the end the round trips of each system are measured, by document.
    """
    around = at_work()
    parents = [_parent(message, around) for message in messages]
    by_trace = {parent.trace: parent for parent in reversed(parents)}
    work = Work(tuple(parent.child() for parent in by_trace.values()), attempt, around.place_of(""))
    started, at = time.monotonic(), time.time()
    success, result = False, ""
    try:
        with working(work):
            yield
        success = True
    except BaseException as error:
        result = type(error).__name__
        raise
    finally:
        around.calls.update(work.calls)
        if out.box is not None:
            seconds = time.monotonic() - started
            more = {**dimensions, "messages": len(messages), "attempt": attempt}
            for place in work.places:
                parent = by_trace[place.trace]
                links = tuple(other for other in around.places if other.trace != place.trace)
                out.box.put(Span("hop", name, "", place, parent.span, at, seconds, result, success, more, links))
            for system, calls in work.calls.items():
                out.box.metrics.add("round_trips", calls, max(len(messages), 1), {"hop": name, "target": system})


def _parent(message: Traced, around: Work) -> Place:
    """Give the span that a message's work happens in: that of its host's invocation, where it is in the same trace."""
    parent = Place.parse(message.traceparent)
    if parent is None:
        return around.places[0] if len(around.places) == 1 else Place.new()
    return around.in_trace(parent.trace) or parent


@contextmanager
def call(system: str, method: str, url: str) -> Iterator[Call]:
    """Make a request to a system: a span in each trace that the work belongs to."""
    work = at_work()
    work.calls[system] += 1
    seen = Call()
    if out.box is None:
        yield seen
        return
    started, at = time.monotonic(), time.time()
    result = ""
    try:
        yield seen
    except BaseException as error:
        result = type(error).__name__
        raise
    finally:
        seconds = time.monotonic() - started
        ok = not result and seen.status is not None and seen.status < 400
        name = allowed.operation(method, url)
        shared = {"attempt": work.attempt, "messages": len(work.places)}
        for place in work.places:
            status = result or str(seen.status or "")
            out.box.put(Span("call", name, system, place.child(), place.span, at, seconds, status, ok, shared))


@contextmanager
def sent(queue: str, traceparents: Sequence[str]) -> Iterator[None]:
    """Send messages: the traceparent that each carries becomes a span in its trace."""
    started, at = time.monotonic(), time.time()
    result = ""
    try:
        yield
    except BaseException as error:
        result = type(error).__name__
        raise
    finally:
        if out.box is not None:
            seconds, work = time.monotonic() - started, at_work()
            for place in filter(None, map(Place.parse, traceparents)):
                parent = work.in_trace(place.trace)
                out.box.put(
                    Span(
                        kind="sent",
                        name=f"send {queue}",
                        target=queue,
                        place=place,
                        parent=parent.span if parent else "",
                        at=at,
                        seconds=seconds,
                        result=result,
                        success=not result,
                        dimensions={"attempt": work.attempt},
                        links=() if parent else work.places[:1],
                    )
                )
