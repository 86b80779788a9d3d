"""Rule 2 of the books: after a restore of the CRM nothing is exported until somebody has looked at the books."""

from datetime import timedelta
from typing import Any

import pytest

from shared.connector import Connector
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE
from shared.decision import Decision, Nothing, Send, Tell, decide
from shared.errors import Misconfigured
from shared.health import check
from shared.messages import State
from shared.reconcile import needs_a_look
from shared.wiring import Wiring
from tests.builders import NOW, document, environment, invoice_row, journal_columns, journalled, reference, settings
from tests.unit.core.fakes import FakeAccounting, FakeDataverse, MemoryBus, clock, incoming

CONNECTION = "Endpoint=sb://x.example/;SharedAccessKeyName=key;SharedAccessKey=bm9uZQ=="
RESTORED = {"EPOCH": "5000000"}
SEEN = {**RESTORED, "EPOCH_SEEN": "5000000"}
CANCELLED: dict[str, Any] = {"statecode": 3, "statuscode": 100003}


def decided(row: dict[str, Any], **changes: str) -> Decision:
    """Decide about a row."""
    return decide(INVOICE, row, reference(), settings(**changes), NOW)


def known(state: State, **columns: Any) -> dict[str, Any]:
    """Give the columns that carry the journal's row."""
    return {INVOICE.journal: [journal_columns(STATE_VALUES[state], **columns)]}


IN_BOOKS = known(State.POSTED, acx_accountingid="ref-1", acx_number="0000-000001")


def test_rule_02_a_due_document_waits_in_a_sentence_of_its_own() -> None:
    decision = decided(invoice_row(), **RESTORED)
    assert isinstance(decision, Tell)
    assert decision.result.state is State.PAUSED
    assert decision.result.reason is not None
    assert decision.result.reason.code == "restored"


def test_rule_02_it_goes_through_once_somebody_has_looked() -> None:
    assert isinstance(decided(invoice_row(**known(State.PAUSED)), **SEEN), Send)


@pytest.mark.parametrize("change", [{}, CANCELLED, {"statuscode": 1}])
@pytest.mark.parametrize("row", [IN_BOOKS, known(State.RETRYING)])
def test_rule_02_what_accounting_holds_or_may_hold_keeps_its_state(row: dict[str, Any], change: dict[str, Any]) -> None:
    assert isinstance(decided(invoice_row(**row, **change), **RESTORED), Nothing)


@pytest.mark.parametrize("row", [IN_BOOKS, known(State.RETRYING)])
def test_rule_02_a_cancellation_goes_through_afterwards(row: dict[str, Any]) -> None:
    decision = decided(invoice_row(**row, **CANCELLED), **SEEN)
    assert isinstance(decision, Send)
    assert decision.document.action == "cancel"


@pytest.mark.parametrize(("action", "state"), [("write", State.PAUSED), ("cancel", State.RETRYING)])
async def test_rule_02_a_connector_obeys_it_with_what_was_on_its_way(action: str, state: State) -> None:
    bus, system = MemoryBus(), FakeAccounting()
    step = Connector("onec", system, settings(**RESTORED), bus, clock(NOW))
    await step.handle([incoming("onec", document(action=action), "m")])
    (result,) = bus.results()
    assert (result.state, system.calls) == (state, [])
    assert result.reason is not None
    assert result.reason.code == "restored"


def test_rule_02_the_reconciliation_finds_what_waited() -> None:
    row = journalled(State.PAUSED, version=100, changed_at=NOW - timedelta(hours=2))
    assert needs_a_look(100, False, row, True, NOW) == ""
    assert needs_a_look(100, False, row, False, NOW) == "waiting"


async def test_rule_02_health_says_so() -> None:
    wiring = Wiring(environment(ServiceBusConnection=CONNECTION, **RESTORED))
    vars(wiring)["dataverse"] = FakeDataverse()
    (problem,) = await check(wiring)
    assert problem.startswith("EPOCH_SEEN: the CRM was restored")


def test_rule_02_what_was_seen_is_not_ahead_of_the_epoch() -> None:
    with pytest.raises(Misconfigured, match="EPOCH_SEEN: must not be more than EPOCH"):
        settings(EPOCH_SEEN="1")
