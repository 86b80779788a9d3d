"""Rule 4 of the books, revenue once: an invoice waits while nobody knows whether its order is in the books."""

from typing import Any
from uuid import UUID

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.reading import base_of
from shared.dataverse.sales import ORDER
from shared.errors import Unavailable
from shared.messages import State
from tests.builders import invoice_row, journal_columns

ORDER_ID = UUID(int=77)


def of_order(state: State, **columns: Any) -> dict[str, Any]:
    """Give an invoice whose order's export stands so."""
    order = {
        ORDER.key: str(ORDER_ID),
        ORDER.number: "ORD-1",
        ORDER.journal: [journal_columns(STATE_VALUES[state], **columns)],
    }
    return invoice_row(salesorderid=order)


def test_rule_04_an_invoice_waits_while_its_order_is_tried_again() -> None:
    with pytest.raises(Unavailable):
        base_of(of_order(State.RETRYING), "onec")


@pytest.mark.parametrize("state", [State.POSTED, State.RETRYING, State.REFUSED, State.PAID])
def test_rule_04_an_order_that_accounting_holds_is_the_base(state: State) -> None:
    base = base_of(of_order(state, acx_accountingid="ref-7", acx_number="7"), "onec")
    assert base is not None
    assert (base.id, base.accounting_id, base.number) == (ORDER_ID, "ref-7", "7")


@pytest.mark.parametrize("state", [State.REFUSED, State.WAITING, State.PAUSED, State.BEFORE_START, State.CANCELLED])
def test_rule_04_an_order_that_accounting_does_not_hold_is_none(state: State) -> None:
    assert base_of(of_order(state), "onec") is None


def test_rule_04_what_became_of_it_in_the_other_system_does_not_count() -> None:
    assert base_of(of_order(State.RETRYING, target="sapb1"), "onec") is None
