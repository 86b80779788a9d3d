"""What a reading of accounting changes in the journal, as a table; and what a late word of the connector may not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import journal, journal_changes, paid
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.journal_changes import after
from shared.messages import REFUSED_CHANGE, Journalled, Result, State
from shared.refusals import refusal
from tests.builders import NOW, journalled, result

case = pytest.param
LATER, EARLIER = NOW + timedelta(minutes=10), NOW - timedelta(minutes=10)
DELETED = refusal("deleted_in_accounting")
CREDIT = refusal("settled_by_credit")
SENTENCE = "Invoice INV-00001: it was changed. Accountant: correct it."
NUMBER = "0000-000001"


def row(state: State, **changes: Any) -> Journalled:
    """Give a row of a document that accounting has, whose last word was said at NOW."""
    held = {"number": NUMBER, "accounting_id": "ref-1", "written_hash": "hash"}
    return journalled(state, changed_at=NOW, **(held | changes))


def refused_change(state: State, **changes: Any) -> Journalled:
    """Give a row whose document is paid, and whose last change was refused."""
    return row(state, hash=REFUSED_CHANGE, message=SENTENCE, paid="9", **changes)


def read(state: State, amount: str = "", **changes: Any) -> Result:
    """Give what was read in accounting."""
    values = {"read_back": True, "paid": amount, "at": LATER, "number": NUMBER, "accounting_id": "ref-1"}
    return result(state, **(values | changes))


@pytest.mark.parametrize(
    ("current", "new", "state", "amount"),
    [
        case(row(State.POSTED), read(State.PARTIALLY_PAID, "5"), State.PARTIALLY_PAID, "5", id="in part"),
        case(row(State.EXPORTED), read(State.PAID, "9.50"), State.PAID, "9.50", id="in full"),
        case(row(State.PARTIALLY_PAID, paid="5"), read(State.PARTIALLY_PAID, "5.00"), None, None, id="known"),
        case(row(State.PARTIALLY_PAID, paid="5"), read(State.PARTIALLY_PAID, "6"), None, "6", id="some more"),
        case(row(State.POSTED), read(State.POSTED, "0"), None, None, id="nothing paid is no amount"),
        case(row(State.PAID, paid="9"), read(State.POSTED, "0"), State.POSTED, "0", id="taken back"),
        case(row(State.POSTED), read(State.PAID, ""), State.PAID, None, id="paid, the amount unknown"),
        case(row(State.POSTED), read(State.REFUSED, reason=DELETED), State.REFUSED, None, id="deleted"),
        case(row(State.REFUSED), read(State.PAID, "9"), State.PAID, "9", id="refused, then paid"),
        case(row(State.REFUSED), read(State.SETTLED, reason=CREDIT), State.SETTLED, None, id="refused, then settled"),
        case(row(State.REFUSED), read(State.POSTED, "0"), None, None, id="refused and unpaid"),
        case(row(State.REFUSED), read(State.PAID, "9", at=EARLIER), None, "9", id="read before the refusal"),
        case(refused_change(State.PAID), read(State.PARTIALLY_PAID, "4"), State.PARTIALLY_PAID, "4", id="less is paid"),
        case(refused_change(State.PAID), read(State.POSTED, "0"), State.REFUSED, "0", id="refused, and taken back"),
        case(refused_change(State.PAID), read(State.REFUSED, reason=DELETED), State.REFUSED, None, id="and deleted"),
        case(row(State.RETRYING), read(State.PAID, "9"), None, "9", id="nor a wait"),
        case(row(State.DRAFT), read(State.POSTED), None, None, id="a draft is the connector's"),
        case(row(State.POSTED, version=101), read(State.PAID, "9"), None, "9", id="rewritten meanwhile"),
        case(row(State.PAID), read(State.POSTED, at=EARLIER), None, None, id="read before it was paid"),
        case(row(State.POSTED, accounting_id="ref-2"), read(State.PAID, "9"), None, None, id="another document"),
        case(row(State.POSTED, generation=1), read(State.PAID, "9"), None, None, id="another generation"),
        case(None, read(State.PAID, "9"), None, None, id="the row is gone"),
    ],
)
def test_what_is_written(current: Journalled | None, new: Result, state: State | None, amount: str | None) -> None:
    change = paid.merge(current, new, "en")
    columns = change.columns or {}
    assert not change.again
    assert columns.get("acx_state") == (None if state is None else STATE_VALUES[state])
    assert columns.get("acx_paidamount") == (None if amount is None else Decimal(amount))
    assert not columns.keys() - {"acx_state", "acx_paidamount", "acx_changedon", "acx_message", "acx_hash"}
    if change.columns is not None and current is not None:
        then = after(current, new, change.columns)
        assert (then.state, then.version) == (state or current.state, current.version)
        assert paid.merge(then, new, "en").columns is None


def test_a_reversal_has_a_sentence_that_goes_when_it_is_paid_again() -> None:
    paid_once = row(State.PAID, paid="9")
    change = paid.merge(paid_once, read(State.PARTIALLY_PAID, "4"), "ru")
    assert change.columns is not None
    assert change.columns["acx_message"].startswith("Счёт INV-00001: он был оплачен, но оплата в учёте отменена.")

    then = after(paid_once, read(State.PARTIALLY_PAID, "4"), change.columns)
    again = paid.merge(then, read(State.PAID, "9", at=LATER + timedelta(hours=1)), "ru")
    assert again.columns is not None
    assert again.columns["acx_message"] == ""


def test_what_the_connector_remarked_stays_when_it_is_paid() -> None:
    change = paid.merge(row(State.POSTED, message="Only a счёт."), read(State.PAID, "9"), "en")
    assert change.columns is not None
    assert "acx_message" not in change.columns


@pytest.mark.parametrize("state", [State.PAID, State.PARTIALLY_PAID, State.SETTLED])
@pytest.mark.parametrize("version", [100, 101])
def test_a_late_posted_does_not_take_a_payment_back(state: State, version: int) -> None:
    change = journal_changes.merge(row(state, paid="9"), result(State.POSTED, version=version, at=LATER), "en")
    columns = change.columns or {"acx_state": STATE_VALUES[state]}
    assert columns["acx_state"] == STATE_VALUES[state]
    assert "acx_paidamount" not in columns


def test_a_new_generation_is_unpaid() -> None:
    new = result(State.POSTED, version=101, generation=1, accounting_id="ref-2", at=LATER)
    change = journal_changes.merge(row(State.PAID, paid="9"), new, "en")
    assert change.columns is not None
    assert change.columns["acx_state"] == STATE_VALUES[State.POSTED]
    assert change.columns["acx_paidamount"] is None


@pytest.mark.parametrize(
    ("current", "new", "back"),
    [
        (row(State.REFUSED, message=DELETED.text("en", "invoice", "INV-00001", f"№ {NUMBER}")), State.POSTED, True),
        (row(State.REFUSED, message=DELETED.text("en", "invoice", "INV-00001", f"№ {NUMBER}")), State.REFUSED, False),
        (row(State.REFUSED, message="Invoice INV-00001: something else."), State.POSTED, False),
        (row(State.POSTED), State.POSTED, False),
    ],
)
def test_what_was_absent_and_is_back(current: Journalled, new: State, back: bool) -> None:
    assert paid.is_back(current, read(new, reason=DELETED if new is State.REFUSED else None), "en") is back


# --- a refusal beside a payment

CHANGED = refusal("customer_changed")


def is_told(then: Journalled) -> bool:
    """Whether a row shows both: how far it is paid, and why the change was refused."""
    assert then.is_refused
    return then.state is State.PAID and Decimal(then.paid) == 9 and then.message == said()


def said() -> str:
    return journal.message(result(State.REFUSED, reason=CHANGED), row(State.PAID), "en")


@pytest.mark.parametrize("paid_first", [True, False])
def test_a_payment_and_the_refusal_of_a_change_are_both_shown_in_either_order(paid_first: bool) -> None:
    refused = result(State.REFUSED, version=101, reason=CHANGED, at=LATER, journal=row(State.POSTED))
    if paid_first:
        words = [(paid.merge, read(State.PAID, "9", at=NOW)), (journal_changes.merge, refused)]
    else:
        words = [(journal_changes.merge, refused), (paid.merge, read(State.PAID, "9", version=101, at=LATER))]
    then = row(State.POSTED)
    for merge, word in words:
        change = merge(then, word, "en")
        assert change.columns is not None
        then = after(then, word, change.columns)
    assert is_told(then)
    assert then.version == 101

    for merge, word in words:  # both come again
        assert merge(then, word, "en").columns is None
    assert journal_changes.merge(then, refused, "ru").columns is not None


def test_a_wait_hides_a_payment_only_until_the_next_reading() -> None:
    then = refused_change(State.PAID)
    retrying = result(State.RETRYING, attempt=1, at=LATER, reason=refusal("retrying", cause="1C: 503"))
    again = result(State.REFUSED, attempt=2, at=LATER + timedelta(minutes=1), reason=CHANGED, journal=then)
    for word in (retrying, again, read(State.PAID, "9", at=LATER + timedelta(minutes=2))):
        change = (paid.merge if word.read_back else journal_changes.merge)(then, word, "en")
        assert change.columns is not None
        then = after(then, word, change.columns)
        assert then.paid == "9"
    assert is_told(then)


def test_what_accounting_holds_no_more_is_paid_no_more() -> None:
    held = row(State.PAID, paid="9")
    change = journal_changes.merge(held, result(State.REFUSED, reason=DELETED, at=LATER, journal=held), "en")
    assert change.columns is not None
    assert change.columns["acx_state"] == STATE_VALUES[State.REFUSED]


def test_the_sentence_goes_once_the_change_is_in_the_books_or_taken_back() -> None:
    then = refused_change(State.PAID)
    held = result(State.POSTED, number=NUMBER, accounting_id="ref-1", written_hash="hash", hash="hash", at=LATER)
    change = journal_changes.merge(then, held, "en")
    assert change.columns is not None
    then = after(then, held, change.columns)
    assert (then.state, then.message, then.is_refused) == (State.PAID, "", False)


@pytest.mark.parametrize(
    ("current", "new", "frees"),
    [
        (refused_change(State.PAID), State.POSTED, True),
        (refused_change(State.PAID), State.PARTIALLY_PAID, True),
        (refused_change(State.PARTIALLY_PAID), State.EXPORTED, True),
        (refused_change(State.PARTIALLY_PAID), State.PAID, False),
        (refused_change(State.PAID), State.REFUSED, False),
        (row(State.PAID), State.POSTED, False),
        (row(State.REFUSED), State.POSTED, False),
    ],
)
def test_a_payment_taken_back_lets_a_refused_change_be_looked_at(current: Journalled, new: State, frees: bool) -> None:
    assert paid.frees(current, read(new)) is frees
