"""What is said of a document that is no more in the CRM, or fulfilled only in part."""

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import FULFILLED_PARTLY, ORDER
from shared.dataverse.sales import INVOICE as INVOICES
from shared.decision import Decision, Nothing, Tell, decide_gone
from shared.errors import Refused
from shared.messages import Journalled, State
from shared.one_sale import is_due
from tests.builders import INVOICE, NOW, invoice_row, journalled, reference, settings


def gone(known: Journalled) -> Decision:
    return decide_gone(INVOICES, INVOICE, "onec", known, reference=reference(), now=NOW)


@pytest.mark.parametrize("state", [State.POSTED, State.PAID, State.REFUSED, State.EXPORTED])
def test_a_document_that_accounting_has_stays_there_and_is_told(state: State) -> None:
    decision = gone(journalled(state, accounting_id="ref-1", number="7", version=9))
    assert isinstance(decision, Tell)
    result = decision.result
    assert result.reason is not None
    assert (result.state, result.reason.code, result.version) == (State.REFUSED, "deleted_after_export", 9)
    assert (result.record, result.id) == ("7", INVOICE)


def test_while_an_answer_may_be_lost_accounting_may_have_it() -> None:
    decision = gone(journalled(State.RETRYING, accounting_id="", number=""))
    assert isinstance(decision, Tell)
    assert decision.result.state is State.REFUSED


@pytest.mark.parametrize("state", [State.PAUSED, State.WAITING, State.BEFORE_START])
def test_a_document_that_never_arrived_is_closed(state: State) -> None:
    decision = gone(journalled(state, accounting_id="", number=""))
    assert isinstance(decision, Tell)
    assert decision.result.reason is not None
    assert (decision.result.state, decision.result.reason.code) == (State.CANCELLED, "deleted_before_export")


def test_a_cancelled_document_needs_no_word() -> None:
    assert isinstance(gone(journalled(State.CANCELLED, accounting_id="ref-1")), Nothing)


def test_a_retry_on_a_cancelled_document_is_answered() -> None:
    decision = gone(journalled(State.CANCELLED, accounting_id="ref-1", retry=True))
    assert isinstance(decision, Tell)
    assert decision.result.acknowledges


def order(status: int, fulfilled: str | None = None) -> dict[str, object]:
    row = invoice_row(statecode=3, statuscode=status)
    renamed = {"salesorderid": row.pop("invoiceid"), "ordernumber": row.pop("invoicenumber")}
    return row | renamed | {"order_details": [], "datefulfilled": fulfilled}


@pytest.mark.parametrize(
    ("status", "fulfilled", "due"),
    [
        pytest.param(100001, None, True, id="complete"),
        pytest.param(100003, "2026-02-01", True, id="invoiced after it was fulfilled"),
        pytest.param(100003, None, False, id="invoiced, never fulfilled"),
        pytest.param(1, None, False, id="new"),
        pytest.param(3, None, False, id="in progress"),
    ],
)
def test_rule_05_only_a_completely_fulfilled_order_is_due(status: int, fulfilled: str | None, due: bool) -> None:
    row = order(status, fulfilled)
    assert is_due(ORDER, row, status, settings()) is due


def test_rule_05_an_order_fulfilled_in_part_is_refused() -> None:
    row = order(100002)
    with pytest.raises(Refused) as refused:
        is_due(ORDER, row, FULFILLED_PARTLY, settings())
    assert refused.value.refusal.code == "fulfilled_partly"


def test_every_state_has_a_value_in_the_journal() -> None:
    assert set(STATE_VALUES) == set(State)
