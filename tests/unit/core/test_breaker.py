"""The breaker: when it opens, what it says meanwhile, and who looks whether the system is back."""

import asyncio
from dataclasses import dataclass

import pytest

from shared.breaker import LONGEST_SECONDS, PROBE_SECONDS, Breaker
from shared.connector import Connector
from shared.errors import AnswerLost, CredentialsRefused, Misconfigured, Refused, Unavailable
from shared.messages import State
from shared.refusals import refusal
from tests.builders import NOW, document, settings
from tests.unit.core.fakes import FakeAccounting, MemoryBus, clock, incoming


@dataclass
class Clock:
    """Stands until it is moved."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


class Bench:
    """A breaker that opens after three failures, for 5, 10, 20 … at most 60 seconds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.breaker = Breaker("SAP", failures=3, first=5.0, longest=60.0, clock=self.clock)
        self.calls = 0

    def call(self, error: BaseException | None = None) -> None:
        """Make a call that fails, or not."""
        with self.breaker.call():
            self.calls += 1
            if error is not None:
                raise error

    def fail(self, times: int = 1, error: Unavailable | None = None) -> None:
        """Make calls that find the system away."""
        for _ in range(times):
            with pytest.raises(Unavailable):
                self.call(error or Unavailable("SAP", "answered 503"))

    def left(self) -> float:
        """Give the wait that is named without a call being made."""
        before = self.calls
        with pytest.raises(Unavailable, match="known to be down") as raised:
            self.call()
        assert self.calls == before
        assert raised.value.retry_after is not None
        return raised.value.retry_after


def test_documents_that_have_to_wait_say_nothing_of_the_system() -> None:
    bench = Bench()
    bench.fail(9, Unavailable("SAP", "a newer version of the document is there already", answered=True))
    assert bench.calls == 9
    bench.fail(3)
    bench.clock.at += bench.left()
    bench.fail(1, Unavailable("SAP", "another user was writing the same", answered=True))
    bench.call()  # whoever looked had an answer
    assert bench.calls == 14


def test_it_opens_after_a_few_failures_in_a_row() -> None:
    bench = Bench()
    bench.fail(2)
    bench.call()
    bench.fail(2)
    bench.call()
    bench.fail(3)
    assert bench.left() == 5.0


def test_it_names_what_is_left_of_the_wait() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.at += 3.5
    assert bench.left() == 1.5


@pytest.mark.parametrize("error", [Refused(refusal("no_lines")), Misconfigured("X"), RuntimeError()])
def test_a_system_that_says_no_is_not_down(error: Exception) -> None:
    bench = Bench()
    bench.fail(2)
    with pytest.raises(type(error)):
        bench.call(error)
    bench.fail(2)
    bench.call()


def test_a_refused_log_in_is_not_tried_again_until_the_longest_wait_is_over() -> None:
    bench = Bench()
    for _ in range(2):
        with pytest.raises(CredentialsRefused):
            bench.call(CredentialsRefused("X: the log-in was refused"))
        with pytest.raises(Unavailable, match="log-in was refused") as raised:
            bench.call()
        assert raised.value.retry_after == 60
        bench.clock.at += 60
    bench.call()
    bench.fail(3)
    assert bench.left() == 5


def test_a_lost_answer_counts_as_down() -> None:
    bench = Bench()
    bench.fail(3, AnswerLost("SAP", "no answer"))
    assert bench.left() == 5.0


def test_after_the_wait_one_call_looks_and_closes_it() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.at += 5
    with bench.breaker.call():
        assert bench.left() == PROBE_SECONDS
    bench.call()


def test_a_look_in_vain_doubles_the_wait_up_to_the_longest() -> None:
    bench = Bench()
    bench.fail(3)
    waits = []
    for _ in range(6):
        waits.append(bench.left())
        bench.clock.at += waits[-1]
        bench.fail()
    assert waits == [5, 10, 20, 40, 60, 60]
    bench.clock.at += 60
    bench.call()
    bench.fail(3)
    assert bench.left() == 5


def test_a_time_that_the_system_named_counts_up_to_the_longest() -> None:
    bench = Bench()
    bench.fail(3, Unavailable("SAP", "429", retry_after=30))
    assert bench.left() == 30
    bench.clock.at += 30
    bench.fail(1, Unavailable("SAP", "429", retry_after=3600))
    assert bench.left() == 60


def test_a_look_that_was_broken_off_says_nothing_and_lets_the_next_one_look() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.at += 5
    with pytest.raises(asyncio.CancelledError):
        bench.call(asyncio.CancelledError())
    bench.call()


def test_failures_that_were_on_their_way_do_not_prolong_it() -> None:
    bench = Bench()
    with pytest.raises(Unavailable), bench.breaker.call():
        bench.fail(3)
        bench.clock.at += 4
        raise Unavailable("SAP", "answered 503")
    assert bench.left() == 1


async def test_a_backlog_tries_a_refused_log_in_once_and_loses_nothing() -> None:
    bus, system, time = MemoryBus(), FakeAccounting(failure=CredentialsRefused("1C: the log-in was refused")), Clock()
    step = Connector("onec", system, settings(), bus, clock(NOW), breaker=Breaker("1C", clock=time))
    await step.handle([incoming("onec", document(), f"m{number}") for number in range(50)])
    assert len(system.calls) == 1
    assert [result.state for result in bus.results()] == [State.RETRYING] * 50

    system.failure = None
    time.at += 60
    await step.handle([incoming("onec", document())])
    assert bus.results()[-1].state is State.POSTED


async def test_a_connector_does_not_call_what_is_known_to_be_down() -> None:
    bus, system, time = MemoryBus(), FakeAccounting(failure=Unavailable("1C", "answered 503")), Clock()
    step = Connector("onec", system, settings(), bus, clock(NOW), breaker=Breaker("1C", clock=time))
    await step.handle([incoming("onec", document(), f"m{number}") for number in range(5)])
    assert len(system.calls) == 3
    assert [result.state for result in bus.results()] == [State.RETRYING] * 5

    system.failure = None
    time.at += 5
    await step.handle([incoming("onec", document())])
    assert bus.results()[-1].state is State.POSTED


def test_waits_of_retries_are_never_a_breakers_beyond_a_minute() -> None:
    bench = Bench()
    bench.breaker = Breaker("SAP", first=300.0, longest=900.0, clock=bench.clock)
    bench.fail(3)
    assert bench.left() == LONGEST_SECONDS
