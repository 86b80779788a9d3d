"""Retries: later each time, never sooner than asked, each a message of its own, a repeat of one the same."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import CHANGES
from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
from shared.http import retry_after
from shared.messages import Reference, State
from shared.refusals import refusal
from shared.retry import Backoff, cause_of, next_attempt, reference_envelope, result_envelope, try_again
from tests.builders import NOW, reference, result
from tests.unit.core.fakes import MemoryBus

AWAY = Unavailable("1C", "no connection")
LONGEST = Backoff(5.0, 900.0, jitter=lambda: 1.0)
SHORTEST = Backoff(5.0, 900.0, jitter=lambda: 0.0)


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 5), (1, 10), (2, 20), (7, 640), (8, 900), (30, 900), (31, 900), (10_000, 900)]
)
def test_waiting_doubles_up_to_the_longest(attempt: int, seconds: int) -> None:
    assert LONGEST.wait(attempt) == timedelta(seconds=seconds)
    assert SHORTEST.wait(attempt) == timedelta(seconds=seconds / 2)


@pytest.mark.parametrize(("named", "seconds"), [(None, 5), (0.0, 5), (3.0, 5), (60.0, 60), (3600.0, 3600)])
def test_never_sooner_than_the_system_asked(named: float | None, seconds: int) -> None:
    assert LONGEST.wait(0, named) == timedelta(seconds=seconds)


@pytest.mark.parametrize("named", [1e9, 1e300, float("inf")])
def test_an_absurd_time_is_a_time_nevertheless(named: float) -> None:
    assert NOW + LONGEST.wait(0, named) <= NOW + timedelta(days=1)


@given(st.integers(0, 10**6), st.none() | st.floats(0, 86_400), st.floats(0, 1))
def test_a_wait_is_bounded_and_positive(attempt: int, named: float | None, jitter: float) -> None:
    wait = Backoff(5.0, 900.0, jitter=lambda: jitter).wait(attempt, named)
    assert timedelta(seconds=max(2.5, named or 0)) - timedelta(microseconds=1) <= wait
    assert wait <= timedelta(seconds=max(900.0, named or 0))


def test_jitter_spreads_a_herd() -> None:
    drawn = random.Random(7)  # noqa: S311 -- jitter
    waits = {Backoff(5.0, 900.0, drawn.random).wait(4) for _ in range(100)}
    assert len(waits) == 100


def test_ids_of_a_chain_are_all_different_and_follow_from_each_other() -> None:
    def chain() -> list[Reference]:
        links = [reference()]
        for _ in range(50):
            links.append(next_attempt(links[-1], AWAY, LONGEST, NOW)[0])
        return links

    ids = [link.message_id for link in chain()]
    assert len(set(ids)) == len(ids)
    assert [link.message_id for link in chain()] == ids, "a repeat of one attempt is one message"
    assert [link.attempt for link in chain()] == list(range(51))
    assert max(map(len, ids)) <= 128


def test_two_references_never_share_a_retry() -> None:
    one, other = (next_attempt(reference(message_id=name), AWAY, LONGEST, NOW)[0] for name in ("a", "b"))
    assert one.message_id != other.message_id


def test_the_next_attempt_keeps_what_the_chain_began_with() -> None:
    first = reference(traceparent="00-x", attempt=2)
    following, at = next_attempt(first, Unavailable("1C", "busy", 60.0), LONGEST, NOW)
    assert at == NOW + timedelta(seconds=60)
    kept = {"attempt": 3, "cause": "retry: 1C: busy", "message_id": following.message_id}
    assert following == first.model_copy(update=kept)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (AWAY, "1C: no connection"),
        (AnswerLost("1C", "no answer"), "1C: no answer"),
        (Misconfigured("LANES: wrong"), "LANES: wrong"),
        (KeyError("Ivanov"), "unexpected KeyError"),
        (ValueError("Ivanov"), "unexpected ValueError"),
        (Refused(refusal("no_lines")), "unexpected Refused"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_cause_quotes_no_data(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause


async def test_trying_again_is_one_message_with_a_later_time() -> None:
    bus = MemoryBus()
    following, at = await try_again(bus, reference(), AWAY, LONGEST, NOW)
    ((queue, envelope),) = bus.sent
    assert (queue, envelope.not_before, envelope.message_id) == (CHANGES, at, following.message_id)
    assert bus.references() == [following]
    assert at > NOW


async def test_where_even_that_fails_it_is_said() -> None:
    with pytest.raises(Unavailable):
        await try_again(MemoryBus(failure=Unavailable("Service Bus", "away")), reference(), AWAY, LONGEST, NOW)


def test_envelopes_carry_id_and_correlation() -> None:
    envelope = reference_envelope(reference(), NOW)
    assert (envelope.message_id, envelope.correlation_id, envelope.not_before) == (
        reference().message_id,
        "correlation",
        NOW,
    )
    assert envelope.session_id is None


def test_results_of_different_news_have_different_ids() -> None:
    news = [
        result(),
        result(State.REFUSED, reason=refusal("no_lines")),
        result(version=101),
        result(attempt=1),
        result(reference=reference(message_id="another")),
    ]
    ids = {result_envelope(each).message_id for each in news} | {result_envelope(news[0], NOW).message_id}
    assert len(ids) == 6
    assert result_envelope(result()).message_id == result_envelope(result()).message_id


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), (" 0 ", 0.0), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("²", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    def after(moment: datetime) -> float:
        found = retry_after({"retry-after": format_datetime(moment, usegmt=True)})
        assert found is not None
        return found

    now = datetime.now(UTC)
    assert 3590 <= after(now + timedelta(hours=1)) <= 3600
    assert after(now - timedelta(hours=1)) == 0.0


def test_no_header_says_nothing() -> None:
    assert retry_after({}) is None


def test_however_long_a_cause_is_the_reference_takes_it() -> None:
    following, _ = next_attempt(reference(), Misconfigured("x" * 5000), LONGEST, NOW)
    assert type(following).decode(following.encode()).cause == "retry: " + "x" * 93
