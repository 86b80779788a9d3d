"""The connector step with an accounting system in memory: each document ends in a result or comes back later."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.accounting import Outcome
from shared.bus import CHANGES, POISON, RESULTS
from shared.connector import Connector
from shared.errors import AnswerLost, Misconfigured, Parked, Refused, Unavailable
from shared.keys import accounting_key
from shared.messages import Document, State
from shared.refusals import refusal
from shared.routes import Target
from tests.builders import (
    ACCOUNT,
    INVOICE,
    NOW,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    document,
    invoice,
    journalled,
    onec_route,
    record_id,
    reference,
    sapb1_route,
    settings,
)
from tests.unit.core.fakes import FakeAccounting, MemoryBus, clock, incoming


class Bench:
    """A connector step with what it talks to."""

    def __init__(self, *routes: dict[str, Any], target: Target = "onec") -> None:
        self.bus = MemoryBus()
        self.system = FakeAccounting()
        self.step = Connector(target, self.system, settings(*routes), self.bus, clock(NOW))

    async def handle(self, *documents: Document | bytes) -> None:
        """Settle a batch."""
        await self.step.handle([incoming("onec", each, f"m{n}") for n, each in enumerate(documents)])

    @property
    def queues(self) -> list[str]:
        """Where something was sent, in order."""
        return [queue for queue, _ in self.bus.sent]


async def test_a_document_that_accounting_holds_is_a_result() -> None:
    bench = Bench()
    made = document(invoice(), journal=journalled(State.RETRYING), reference=reference(attempt=2))
    await bench.handle(made)
    (result,) = bench.bus.results()
    assert bench.queues == [RESULTS]
    assert (result.state, result.number, result.accounting_id) == (State.POSTED, "0000-000001", "ref-1")
    assert (Decimal(result.total), result.currency, result.written_hash) == (Decimal(1220), "RUB", made.hash)
    assert (result.version, result.attempt, result.at, result.reason) == (100, 2, NOW, None)
    assert (result.journal, result.reference) == (made.journal, made.reference)
    assert result.lines == (record_id(1, 0x1B),)


@pytest.mark.parametrize("generation", [0, 3])
async def test_accounting_gets_the_key_that_makes_a_second_creation_impossible(generation: int) -> None:
    bench = Bench()
    await bench.handle(document(generation=generation), document(generation=generation, version=101))
    keys = {key for _, _, key in bench.system.calls}
    assert keys == {accounting_key(ORGANIZATION, "onec", "invoice", INVOICE, generation)}
    assert len(bench.system.held) == 1


async def test_a_refusal_goes_to_the_journal_and_is_no_retry() -> None:
    bench = Bench()
    bench.system.failure = Refused(refusal("several_matches", matches="1, 2"))
    bench.system.bind = True
    await bench.handle(document())
    (result,) = bench.bus.results()
    assert bench.queues == [RESULTS]
    assert result.state is State.REFUSED
    assert result.reason == refusal("several_matches", matches="1, 2")
    assert f"account:{ACCOUNT}" in result.hangs_on
    assert [(bound.id, bound.accounting_id) for bound in result.bindings] == [(ACCOUNT, "customer-1")]


FAILURES = [
    pytest.param(Unavailable("1C", "no connection"), "1C: no connection", id="away"),
    pytest.param(AnswerLost("1C", "no answer"), "1C: no answer", id="answer lost"),
    pytest.param(Misconfigured("ONEC_PASSWORD: refused"), "ONEC_PASSWORD: refused", id="misconfigured"),
    pytest.param(ZeroDivisionError("Ivanov"), "unexpected ZeroDivisionError", id="a bug"),
]


@pytest.mark.parametrize(("failure", "cause"), FAILURES)
async def test_whatever_else_goes_wrong_the_reference_comes_back_first(failure: Exception, cause: str) -> None:
    bench = Bench()
    bench.system.failure = failure
    bench.system.bind = True
    made = document(reference=reference(attempt=4))
    await bench.handle(made)
    assert bench.queues == [CHANGES, RESULTS], "the journal's word is worth less than the document"
    (again,), (result,) = bench.bus.references(), bench.bus.results()
    at = bench.bus.on(CHANGES)[0].not_before
    assert at is not None
    assert at > NOW
    assert (again.id, again.table, again.attempt) == (INVOICE, "invoice", 5)
    assert again.message_id != made.reference.message_id
    assert (result.state, result.next_attempt_at, result.attempt) == (State.RETRYING, at, 5)
    assert result.reason == refusal("retrying", cause=cause)
    assert [bound.accounting_id for bound in result.bindings] == ["customer-1"], "no id is ever lost"
    assert bench.bus.on(RESULTS)[0].not_before is None


async def test_the_time_that_accounting_named_is_kept() -> None:
    bench = Bench()
    bench.system.failure = Unavailable("1C", "busy", 600.0)
    await bench.handle(document())
    assert bench.bus.on(CHANGES)[0].not_before == NOW + timedelta(seconds=600)


async def test_what_accounting_will_have_by_and_by_is_awaited_in_its_own_words() -> None:
    bench = Bench()
    reason = refusal("exchange_rate_missing", value="GBP", date="2026-02-10")
    bench.system.failure = Parked(reason)
    await bench.handle(document())
    assert bench.queues == [CHANGES, RESULTS]
    (result,) = bench.bus.results()
    assert (result.state, result.reason) == (State.RETRYING, reason)
    assert result.next_attempt_at is not None
    assert result.next_attempt_at > NOW
    assert bench.bus.references()[0].attempt == 1


async def test_a_document_that_was_created_anew_tells_its_generation() -> None:
    bench = Bench()
    made = document(generation=1)
    key = accounting_key(ORGANIZATION, "onec", "invoice", INVOICE, 1)
    bench.system.held[key] = Outcome(State.POSTED, "2", "ref-2", None, "RUB", made.hash, generation=2)
    await bench.handle(made)
    assert bench.bus.results()[0].generation == 2


async def test_one_bad_document_takes_no_neighbour_along() -> None:
    bench = Bench()
    other = document(invoice(id=record_id(2)), route="gone")
    await bench.handle(b"garbage", other, document())
    assert bench.queues == [POISON, CHANGES, RESULTS, RESULTS]
    assert [(result.id, result.state) for result in bench.bus.results()] == [
        (record_id(2), State.RETRYING),
        (INVOICE, State.POSTED),
    ]


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"paused": True}, State.PAUSED, "paused"),
        ({"start_date": "2026-02-11"}, State.BEFORE_START, "before_start"),
        ({"start_date": "2026-02-11", "paused": True}, State.BEFORE_START, "before_start"),
    ],
    ids=["paused", "start date", "both"],
)
async def test_what_was_decided_meanwhile_is_obeyed(changes: dict[str, Any], state: State, code: str) -> None:
    bench = Bench(onec_route(**changes))
    await bench.handle(document())
    assert bench.system.calls == []
    (result,) = bench.bus.results()
    assert result.state is state
    assert result.reason is not None
    assert result.reason.code == code
    assert bench.queues == [RESULTS]


async def test_the_start_date_itself_is_in() -> None:
    bench = Bench(onec_route(start_date="2026-02-10"))
    await bench.handle(document(invoice(document_date=date(2026, 2, 10))))
    assert len(bench.system.calls) == 1


@pytest.mark.parametrize(
    "routes",
    [[onec_route(name="another")], [sapb1_route(name="ru")], [sapb1_route()]],
    ids=["renamed", "leads elsewhere", "removed"],
)
async def test_a_route_that_is_gone_waits_for_the_administrator(routes: list[dict[str, Any]]) -> None:
    bench = Bench(*routes)
    await bench.handle(document())
    assert bench.system.calls == []
    assert bench.queues == [CHANGES, RESULTS]
    (result,) = bench.bus.results()
    assert result.state is State.RETRYING
    assert result.reason is not None
    assert result.reason.values["cause"].startswith("ROUTES: no route “ru”")


async def test_a_document_of_another_organization_is_not_written() -> None:
    bench = Bench()
    await bench.handle(document(organization_id=OTHER_ORGANIZATION))
    assert bench.system.calls == []
    assert bench.queues == [POISON]


async def test_a_document_of_another_schema_is_read_afresh() -> None:
    bench = Bench()
    await bench.handle(document().encode().replace(b'"schema_version":2,"target"', b'"schema_version":9,"target"'))
    assert bench.system.calls == []
    assert [again.id for again in bench.bus.references()] == [INVOICE]


@pytest.mark.parametrize("failure", [None, Unavailable("1C", "away"), Refused(refusal("no_lines"))], ids=str)
async def test_where_the_bus_is_away_the_message_stays_in_its_queue(failure: Exception | None) -> None:
    bench = Bench()
    bench.system.failure = failure
    bench.bus.failure = Unavailable("Service Bus", "away")
    with pytest.raises(Unavailable, match="Service Bus"):
        await bench.handle(document())


async def test_delivered_twice_it_stands_in_accounting_once() -> None:
    bench = Bench()
    await bench.handle(document(), document())
    assert len(bench.system.held) == 1
    first, second = bench.bus.results()
    assert first == second


async def test_known_ids_reach_accounting() -> None:
    bench = Bench()
    await bench.handle(document(bindings={f"account:{ACCOUNT}": "customer-7"}))
    (made, route, _) = bench.system.calls[0]
    assert made.bindings == {f"account:{ACCOUNT}": "customer-7"}
    assert route.name == "ru"
    assert bench.bus.results()[0].bindings == ()


async def test_sap_takes_its_own_documents() -> None:
    bench = Bench(target="sapb1")
    await bench.handle(document(target="sapb1", route="eu"), document())
    assert [key for _, _, key in bench.system.calls] == [
        accounting_key(ORGANIZATION, "sapb1", "invoice", UUID(str(INVOICE)))
    ]
    assert [result.state for result in bench.bus.results()] == [State.POSTED, State.RETRYING]
