"""When to try again: the reference goes back on ``changes`` with a later time, and the current row is read then."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.bus import CHANGES, Bus, Envelope
from shared.errors import Misconfigured, Parked, Unavailable
from shared.keys import message_id
from shared.messages import Reference, Result
from shared.refusals import Refusal, refusal
from shared.telemetry import onward

_LONGEST_NAMED = 86_400.0
"""A system that asks for more than a day is asked again after one: a queue keeps no message for ever."""


@dataclass(frozen=True)
class Backoff:
    """Exponential waiting with jitter between a first and a longest wait, in seconds."""

    first: float
    longest: float
    jitter: Callable[[], float] = random.random

    def wait(self, attempt: int, retry_after: float | None = None) -> timedelta:
        """Give the wait before the next attempt; never less than the time (up to a day) that the system named."""
        exponential = min(self.longest, self.first * 2.0 ** min(attempt, 30))
        jittered = exponential * (0.5 + self.jitter() / 2)
        return timedelta(seconds=max(jittered, min(retry_after or 0.0, _LONGEST_NAMED)))


def cause_of(error: Exception) -> str:
    """Give the cause of a retry in words that quote no data: a bug is named by its class alone."""
    if isinstance(error, Unavailable | Misconfigured | Parked):
        return str(error)
    return f"unexpected {type(error).__name__}"


def waiting_for(error: Exception) -> Refusal:
    """Give the sentence for the journal while it waits: what is awaited, or what failed."""
    return error.refusal if isinstance(error, Parked) else refusal("retrying", cause=cause_of(error))


def next_attempt(reference: Reference, error: Exception, backoff: Backoff, now: datetime) -> tuple[Reference, datetime]:
    """Give the reference of the next attempt and its time. Its id follows from this attempt's: a repeat is one."""
    named = error.retry_after if isinstance(error, Unavailable) else None
    attempt = reference.attempt + 1
    following = reference.model_copy(
        update={
            "attempt": attempt,
            "cause": f"retry: {cause_of(error)}"[:100],
            "message_id": message_id(reference.message_id, "retry", attempt),
        }
    )
    return following, now + backoff.wait(reference.attempt, named)


def reference_envelope(reference: Reference, not_before: datetime | None = None) -> Envelope:
    """Give a reference as a message for ``changes``; its sending is a new span in the reference's trace."""
    reference = reference.model_copy(update={"traceparent": onward(reference.traceparent)})
    return Envelope(
        body=reference.encode(),
        message_id=reference.message_id,
        correlation_id=reference.correlation_id,
        not_before=not_before,
        traceparent=reference.traceparent,
    )


def result_envelope(result: Result, not_before: datetime | None = None) -> Envelope:
    """Give a result as a message for ``results``; its sending is a new span in the result's trace."""
    identity = message_id(
        "result", result.reference.message_id, result.state, result.version, result.attempt, not_before
    )
    result = result.model_copy(update={"traceparent": onward(result.traceparent)})
    return Envelope(
        body=result.encode(),
        message_id=identity,
        correlation_id=result.correlation_id,
        not_before=not_before,
        traceparent=result.traceparent,
    )


async def try_again(
    bus: Bus, reference: Reference, error: Exception, backoff: Backoff, now: datetime
) -> tuple[Reference, datetime]:
    """Put the next attempt on ``changes``; give it and its time. Raises Unavailable if even that fails."""
    following, at = next_attempt(reference, error, backoff, now)
    await bus.send(CHANGES, [reference_envelope(following, at)])
    return following, at
