"""What is recorded hangs together: one trace for one document, whatever batch it was in."""

import asyncio
import logging
import re
from dataclasses import dataclass

import pytest

from shared.errors import Unavailable
from shared.keys import journal_key
from shared.telemetry import call, count, here, hop, invocation, observe, onward, say, sent, traceparent
from shared.telemetry.items import Span
from shared.telemetry.trace import Place
from tests.unit.telemetry.conftest import Recorded

HOST = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
URL = "https://x/api/data/v9.2/invoices(5f6b1f1c-0000-0000-0000-000000000001)"


@dataclass(frozen=True)
class Message:
    """A message that says which trace it belongs to."""

    traceparent: str


@dataclass(frozen=True)
class TraceContext:
    """As the host gives it."""

    trace_parent: str | None


@dataclass(frozen=True)
class Context:
    """As the host gives it."""

    trace_context: TraceContext


def context(trace_parent: str | None = HOST) -> Context:
    return Context(TraceContext(trace_parent))


def message(digit: str) -> Message:
    return Message(f"00-{digit * 32}-{digit * 16}-01")


class Unprintable:
    """Fails where shared/keys.py writes it down."""

    def __str__(self) -> str:
        raise OverflowError


def by_name(spans: list[Span]) -> dict[str, Span]:
    return {span.name: span for span in spans}


def test_a_webhooks_sending_is_in_the_hosts_trace(recorded: Recorded) -> None:
    with invocation(context()):
        parent = traceparent(here())
        with sent("changes", [parent]):
            pass
    (span,) = recorded.spans
    assert (span.kind, span.name, span.target, span.success) == ("sent", "send changes", "changes", True)
    assert span.place.traceparent == parent
    assert (span.place.trace, span.parent) == ("1" * 32, "2" * 16)


def test_an_invocation_without_a_trace_begins_one(recorded: Recorded) -> None:
    for given in (None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
        with invocation(context(given)):
            assert Place.parse(here()) is not None


def test_each_message_of_a_batch_has_its_hop_and_the_shared_call_in_its_own_trace(recorded: Recorded) -> None:
    with invocation(context()), hop("export", [message("a"), message("b")], 3), call("Dataverse", "GET", URL) as seen:
        seen.status = 200
    hops = {span.place.trace: span for span in recorded.spans if span.kind == "hop"}
    calls = {span.place.trace: span for span in recorded.spans if span.kind == "call"}
    assert set(hops) == set(calls) == {"a" * 32, "b" * 32}
    for digit in "ab":
        own = hops[digit * 32]
        assert own.parent == digit * 16
        assert own.links == (Place("1" * 32, "2" * 16),)
        assert own.dimensions == {"messages": 2, "attempt": 3}
        assert calls[digit * 32].parent == own.place.span
        assert (calls[digit * 32].name, calls[digit * 32].target) == ("GET invoices()", "Dataverse")
        assert (calls[digit * 32].result, calls[digit * 32].success) == ("200", True)
    assert recorded.metrics["round_trips"][0].total == 1
    assert recorded.metrics["round_trips"][0].count == 2


def test_one_message_whose_trace_the_host_continues_hangs_under_the_invocation(recorded: Recorded) -> None:
    with invocation(context()), hop("onec_connector", [Message("00-" + "1" * 32 + "-" + "9" * 16 + "-01")]):
        pass
    (span,) = recorded.spans
    assert (span.place.trace, span.parent, span.links) == ("1" * 32, "2" * 16, ())


def test_what_goes_on_is_sent_within_the_hop_of_its_own_trace(recorded: Recorded) -> None:
    following = [onward(message(digit).traceparent) for digit in "ab"]
    with invocation(context()), hop("export", [message("a"), message("b")]), sent("onec", following):
        pass
    hops = {span.place.trace: span.place.span for span in recorded.spans if span.kind == "hop"}
    sendings = {span.place.traceparent: span for span in recorded.spans if span.kind == "sent"}
    assert set(sendings) == set(following)
    assert {span.parent for span in sendings.values()} == set(hops.values())


async def test_calls_of_tasks_that_run_at_once_stay_in_their_hop(recorded: Recorded) -> None:
    async def ask(status: int) -> None:
        with call("Dataverse", "GET", URL) as seen:
            await asyncio.sleep(0)
            seen.status = status

    async def work(digit: str) -> None:
        with hop("export", [message(digit)]):
            await asyncio.gather(ask(200), ask(404))

    with invocation(context()):
        await asyncio.gather(work("a"), work("b"))
    traces = sorted(span.place.trace[0] + span.result for span in recorded.spans if span.kind == "call")
    assert traces == ["a200", "a404", "b200", "b404"]


def test_a_call_that_fails_says_how(recorded: Recorded) -> None:
    with (
        invocation(context()),
        pytest.raises(ConnectionError),
        hop("writeback", [message("a")]),
        call("Dataverse", "POST", URL),
    ):
        raise ConnectionError("to ivan@example.com refused")
    spans = by_name(recorded.spans)
    assert (spans["POST invoices()"].result, spans["POST invoices()"].success) == ("ConnectionError", False)
    assert (spans["writeback"].result, spans["writeback"].success) == ("ConnectionError", False)
    assert "ivan" not in str(recorded.items())


def test_a_line_about_one_message_is_in_its_trace_alone(recorded: Recorded) -> None:
    with invocation(context()), hop("export", [message("a"), message("b")]):
        say(logging.INFO, "sent", {"target": "onec"}, trace=message("b").traceparent)
        say(logging.INFO, "swept")
    (about_b, about_all) = recorded.events
    assert about_b.place is not None
    assert about_b.place.trace == "b" * 32
    assert about_all.place == Place("1" * 32, "2" * 16)


def test_measures_are_added_up(recorded: Recorded) -> None:
    for seconds in (1.0, 3.0, 2.0):
        observe("seconds_to_posted", seconds, target="onec")
    count("documents", target="onec", state="Posted", reason=None)
    (seconds_,) = recorded.metrics["seconds_to_posted"]
    assert (seconds_.total, seconds_.count, seconds_.least, seconds_.most) == (6.0, 3, 1.0, 3.0)
    (documents,) = recorded.metrics["documents"]
    assert (documents.total, documents.dimensions) == (1.0, {"target": "onec", "state": "Posted"})


def test_an_unexpected_exception_reaches_the_host_without_its_text(recorded: Recorded) -> None:
    with pytest.raises(RuntimeError) as raised, invocation(context()):
        raise KeyError("Ivan Petrov")
    assert str(raised.value) == "unexpected KeyError"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    (event,) = recorded.events
    assert event.name == "failed"
    assert event.dimensions == {"cause": "KeyError"}


def test_an_unexpected_exception_is_named_with_its_line_in_our_code(recorded: Recorded) -> None:
    with pytest.raises(RuntimeError), invocation(context()):
        journal_key("onec", "invoice", Unprintable())  # type: ignore[arg-type]  # that is the error
    (event,) = recorded.events
    assert re.fullmatch(r"shared/keys\.py:\d+", str(event.dimensions["at"]))


def test_an_exception_of_ours_stays_what_it_is(recorded: Recorded) -> None:
    with pytest.raises(Unavailable), invocation(context()):
        raise Unavailable("Service Bus", "queue changes did not take messages (OSError)")


def test_nothing_is_recorded_while_telemetry_is_off() -> None:
    with invocation(context()), hop("export", [message("a")]), call("1C", "GET", URL) as seen:
        seen.status = 200
        say(logging.INFO, "swept")
        count("retries", hop="export")
        with sent("changes", [HOST]):
            pass
