"""Rule 3 of the books: a paused route writes nothing, and what accounting may hold never looks as if it did not."""

from typing import Any

import pytest

from shared.connector import Connector
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.journal import read as read_row
from shared.dataverse.sales import INVOICE
from shared.decision import Decision, Nothing, Send, Tell, decide
from shared.errors import Parked, Refused
from shared.export import Export
from shared.messages import REFUSED_CHANGE, Journalled, Result, State
from shared.refusals import refusal
from tests.builders import NOW, document, invoice_row, journal_columns, journalled, onec_route, reference, settings
from tests.unit.core.fakes import FakeAccounting, FakeDataverse, MemoryBus, clock, incoming

PAUSED = settings(onec_route(paused=True))
STARTS_LATER = settings(onec_route(start_date="2026-12-01"))
CANCELLED: dict[str, Any] = {"statecode": 3, "statuscode": 100003}


def decided(row: dict[str, Any], attempt: int = 0) -> Decision:
    """Decide about a row on the paused route."""
    return decide(INVOICE, row, reference(attempt=attempt), PAUSED, NOW)


def known(state: State, **columns: Any) -> dict[str, Any]:
    """Give the columns that carry the journal's row."""
    return {INVOICE.journal: [journal_columns(STATE_VALUES[state], **columns)]}


async def carried(given: Any, **changes: Any) -> tuple[Result | None, MemoryBus]:
    """Let a connector settle a document that was on its way when the route was paused."""
    bus, system = MemoryBus(), FakeAccounting()
    await Connector("onec", system, given, bus, clock(NOW)).handle([incoming("onec", document(**changes), "m")])
    assert system.calls == []
    return next(iter(bus.results()), None), bus


@pytest.mark.parametrize("settings_in_force", [PAUSED, STARTS_LATER])
@pytest.mark.parametrize(("row", "attempt"), [(known(State.RETRYING), 0), ({}, 1)])
def test_rule_03_while_an_answer_may_be_lost_it_does_not_look_paused(
    row: dict[str, Any], attempt: int, settings_in_force: Any
) -> None:
    with pytest.raises(Parked) as raised:
        decide(INVOICE, invoice_row(**row), reference(attempt=attempt), settings_in_force, NOW)
    assert raised.value.refusal.code in {"paused", "before_start"}


async def test_rule_03_the_journal_says_that_it_is_tried_again_after_the_pause() -> None:
    bus = MemoryBus()
    dataverse = FakeDataverse(invoice_row(**known(State.RETRYING)))
    await Export(PAUSED, dataverse, bus, clock(NOW)).handle([incoming("changes", reference(), "m")])
    (result,) = bus.results()
    assert (result.state, result.reason and result.reason.code) == (State.RETRYING, "paused")
    assert result.next_attempt_at is not None
    assert [each.attempt for each in bus.references()] == [1]


@pytest.mark.parametrize("attempts", [(1, 0), (0, 1)], ids=["a new trigger beside it", "it beside a new trigger"])
async def test_rule_03_one_that_was_tried_speaks_for_all_of_a_batch(attempts: tuple[int, int]) -> None:
    # The journal does not know yet that the first attempt's answer was lost.
    bus = MemoryBus()
    batch = [reference(attempt=attempt, message_id=f"of {attempt}") for attempt in attempts]
    step = Export(PAUSED, FakeDataverse(invoice_row()), bus, clock(NOW))
    await step.handle([incoming("changes", each, each.message_id) for each in batch])
    (result,) = bus.results()
    assert (result.state, result.attempt) == (State.RETRYING, 2)
    assert sorted(each.attempt for each in bus.references()) == [1, 2]


def test_rule_03_cancelled_in_the_crm_meanwhile_accounting_is_still_asked() -> None:
    decision = decided(invoice_row(**known(State.RETRYING), **CANCELLED))
    assert isinstance(decision, Send)
    assert decision.document.action == "cancel"


@pytest.mark.parametrize(
    "changes",
    [{"journal": journalled(State.RETRYING)}, {"reference": reference(attempt=2)}, {"action": "cancel"}],
    ids=["an answer may be lost", "tried before", "to be taken back"],
)
async def test_rule_03_a_connector_keeps_it_retrying(changes: dict[str, Any]) -> None:
    result, bus = await carried(PAUSED, **changes)
    assert result is not None
    assert (result.state, result.reason and result.reason.code) == (State.RETRYING, "paused")
    assert len(bus.references()) == 1


async def test_rule_03_a_connector_says_paused_of_what_was_never_tried() -> None:
    result, bus = await carried(PAUSED)
    assert result is not None
    assert (result.state, bus.references()) == (State.PAUSED, [])


async def test_rule_03_what_the_journal_says_of_an_exported_document_stays_true() -> None:
    posted: Journalled = journalled(State.POSTED, accounting_id="ref-1", number="7")
    assert (await carried(PAUSED, journal=posted))[0] is None
    row = invoice_row(**known(State.POSTED, acx_accountingid="ref-1"))
    assert isinstance(decided(row), Nothing)


# --- an attempt whose answer was lost, and a refusal after it


async def test_a_refusal_after_an_attempt_does_not_forget_it() -> None:
    """The data went bad after the answer was lost: accounting may hold what the journal calls refused."""
    unreadable = invoice_row(customerid_account=None, **known(State.RETRYING, acx_attempts=2))
    decision = decide(INVOICE, unreadable, reference(), settings(), NOW)
    assert isinstance(decision, Tell)
    assert (decision.result.state, decision.result.attempt) == (State.REFUSED, 2)


@pytest.mark.parametrize("attempts", [0, 1])
def test_what_was_refused_after_an_attempt_is_taken_back_where_accounting_has_it(attempts: int) -> None:
    row = invoice_row(**known(State.REFUSED, acx_attempts=attempts), **CANCELLED)
    decision = decide(INVOICE, row, reference(), settings(), NOW)
    assert isinstance(decision, Send if attempts else Tell)


async def test_a_connectors_refusal_keeps_the_attempts_before() -> None:
    result, _ = await carried_by(journal=journalled(State.RETRYING, attempt=3))
    assert (result.state, result.attempt) == (State.REFUSED, 3)


async def carried_by(**changes: Any) -> tuple[Result, MemoryBus]:
    """Let an accounting system refuse a document."""
    bus, system = MemoryBus(), FakeAccounting()
    system.failure = Refused(refusal("no_lines"))
    await Connector("onec", system, settings(), bus, clock(NOW)).handle([incoming("onec", document(**changes), "m")])
    return bus.results()[0], bus


@pytest.mark.parametrize(
    ("state", "columns"),
    [
        pytest.param(State.REFUSED, {}, id="refused"),
        pytest.param(State.PAID, {"acx_hash": REFUSED_CHANGE}, id="refused beside a payment"),
        pytest.param(State.POSTED, {"acx_retry": True}, id="Retry pressed"),
    ],
)
async def test_rule_03_what_was_to_be_looked_at_again_is_after_the_pause(state: State, columns: dict[str, Any]) -> None:
    # No version tells of it: a customer was mended, a period opened.
    held = known(state, acx_accountingid="ref-1", **columns)
    with pytest.raises(Parked):
        decided(invoice_row(**held))
    _, bus = await carried(PAUSED, journal=read_row(held[INVOICE.journal][0]))
    assert len(bus.references()) == 1
    assert isinstance(decide(INVOICE, invoice_row(**held), reference(), STARTS_LATER, NOW), Nothing | Tell)
