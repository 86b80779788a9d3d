"""Rule 4 of the books, revenue once: an invoice and its order held against each other, before anything is sent."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE, ORDER
from shared.decision import Decision, Send, Tell, decide
from shared.errors import Parked
from shared.files.choosing import Choice, File
from shared.messages import Base, Issued, State
from tests.builders import (
    NOW,
    UNIT_EU,
    UNIT_RU,
    invoice_row,
    journal_columns,
    onec_route,
    order_row,
    record_id,
    reference,
    sapb1_route,
    settings,
)
from tests.unit.files.kit import sapb1

ORDER_ID = UUID(int=77)
ORDER_DATES = {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}
DELIVERIES = sapb1_route(name="eu orders", way="2A", dates=ORDER_DATES)
DELIVERIES["sapb1"] = DELIVERIES["sapb1"] | {"services_document": "delivery"}
SAP = settings(sapb1_route(), DELIVERIES)
ONEC = settings()


def journal_of(state: State | None, **columns: Any) -> list[dict[str, Any]]:
    """Give the journal rows of a document that stands so."""
    return [] if state is None else [journal_columns(STATE_VALUES[state], **columns)]


def of_order(state: State | None, given: dict[str, Any] | None = None, **columns: Any) -> dict[str, Any]:
    """Give an invoice of an order whose export stands so."""
    unit = UNIT_EU if columns.get("target") == "sapb1" else UNIT_RU
    order = {
        ORDER.key: str(ORDER_ID),
        ORDER.number: "ORD-1",
        "statecode": 3,
        "statuscode": 100001,
        "datefulfilled": "2026-02-10",
        "_owningbusinessunit_value": str(unit),
        ORDER.journal: journal_of(state, **columns),
    }
    return invoice_row(salesorderid=order | (given or {}), _owningbusinessunit_value=str(unit))


def in_sap(state: State | None, given: dict[str, Any] | None = None, **columns: Any) -> dict[str, Any]:
    """Give an invoice for SAP Business One."""
    return of_order(state, given, target="sapb1", **columns)


def order_of(state: State | None, *, unit: UUID = UNIT_EU, target: str = "sapb1", **columns: Any) -> dict[str, Any]:
    """Give an order with one invoice, whose export stands so."""
    invoice = {
        INVOICE.key: str(record_id(5)),
        INVOICE.number: "INV-5",
        INVOICE.journal: journal_of(state, target=target, **columns),
    }
    return order_row(order_invoices=[invoice], _owningbusinessunit_value=str(unit))


def decided(row: dict[str, Any], given: Any = ONEC, **of_reference: Any) -> Decision:
    """Decide about a row of either table."""
    table = ORDER if "ordernumber" in row else INVOICE
    return decide(table, row, reference(**of_reference), given, NOW)


def base(row: dict[str, Any], given: Any = ONEC) -> Base | None:
    """Give the order that the document would be sent with."""
    decision = decided(row, given)
    assert isinstance(decision, Send)
    return decision.document.base


def refused(row: dict[str, Any], given: Any = ONEC) -> str:
    """Give the code of the refusal."""
    decision = decided(row, given)
    assert isinstance(decision, Tell)
    assert decision.result.state is State.REFUSED
    assert decision.result.reason is not None
    return decision.result.reason.code


# --- the invoice, and what became of its order


@pytest.mark.parametrize("row", [of_order(State.RETRYING), in_sap(State.RETRYING)])
def test_rule_04_an_invoice_waits_while_nobody_knows_of_its_order(row: dict[str, Any]) -> None:
    with pytest.raises(Parked) as parked:
        decided(row, ONEC if row["_owningbusinessunit_value"] == str(UNIT_RU) else SAP)
    assert parked.value.refusal.values == {"order": "ORD-1"}


@pytest.mark.parametrize("state", [State.POSTED, State.RETRYING, State.REFUSED, State.PAID])
def test_rule_04_an_order_that_accounting_holds_is_the_base(state: State) -> None:
    found = base(of_order(state, acx_accountingid="ref-7", acx_number="7"))
    assert found == Base(id=ORDER_ID, accounting_id="ref-7", number="7")


@pytest.mark.parametrize("state", [State.REFUSED, State.WAITING, State.PAUSED, State.BEFORE_START, State.CANCELLED])
def test_rule_04_an_order_that_1c_does_not_hold_is_none(state: State) -> None:
    assert base(of_order(state)) is None


@pytest.mark.parametrize("state", [None, State.WAITING, State.PAUSED])
def test_rule_04_in_sap_the_order_that_is_due_goes_first(state: State | None) -> None:
    with pytest.raises(Parked) as parked:
        decided(in_sap(state), SAP)
    assert parked.value.refusal.code == "order_first"


def test_rule_04_an_invoice_waits_while_its_order_awaits_approval() -> None:
    draft: dict[str, Any] = {"acx_accountingid": "Drafts(7)", "acx_writtenhash": "f" * 64}
    with pytest.raises(Parked) as parked:
        decided(in_sap(State.DRAFT, **draft), SAP)
    assert parked.value.refusal.code == "order_first"

    row = in_sap(State.DRAFT, **draft)
    row[INVOICE.journal] = journal_of(State.REFUSED, target="sapb1", acx_accountingid="815")
    assert base(row, SAP) == Base(id=ORDER_ID, accounting_id="Drafts(7)")


def test_rule_04_an_invoice_handed_out_by_hand_waits_for_its_order_as_well() -> None:
    by_hand = settings(sapb1(business_unit=str(UNIT_EU)), DELIVERIES)
    period, file = (date.min, date.max), File("", NOW)
    told = Choice(INVOICE, in_sap(None), by_hand.routes[0], period, reference(), file).made(by_hand)
    assert isinstance(told, Tell)
    assert told.result.state is State.WAITING
    assert told.result.reason is not None
    assert told.result.reason.code == "order_first"


@pytest.mark.parametrize(
    ("state", "given"),
    [
        pytest.param(State.REFUSED, {}, id="refused"),
        pytest.param(State.CANCELLED, {}, id="taken back"),
        pytest.param(None, {"statecode": 0, "statuscode": 1}, id="not fulfilled yet"),
        pytest.param(None, {"statecode": 3, "statuscode": 100002}, id="fulfilled in part"),
        pytest.param(None, {"statecode": 2, "statuscode": 4}, id="cancelled"),
        pytest.param(None, {"datefulfilled": "2025-06-30"}, id="before the start of its route"),
        pytest.param(None, {"datefulfilled": None}, id="without a date"),
        pytest.param(None, {"_owningbusinessunit_value": str(UNIT_RU)}, id="no route leads from its unit"),
    ],
)
def test_rule_04_an_order_that_is_not_about_to_be_written_holds_nothing_up(
    state: State | None, given: dict[str, Any]
) -> None:
    assert base(in_sap(state, given), SAP) is None


def test_rule_04_without_a_route_for_orders_an_invoice_goes_alone() -> None:
    assert base(in_sap(None), settings(sapb1_route())) is None


@pytest.mark.parametrize("columns", [{"acx_accountingid": "DeliveryNotes(4)", "acx_number": "4"}, {}])
def test_rule_04_revenue_is_not_posted_beside_an_order_in_the_other_system(columns: dict[str, Any]) -> None:
    row = in_sap(None)
    row["salesorderid"][ORDER.journal] = journal_of(State.RETRYING, target="onec", **columns)
    assert refused(row, settings(sapb1_route())) == "sale_elsewhere"


def test_rule_04_a_schet_posts_nothing_and_may_stand_beside_it() -> None:
    row = of_order(None)
    row["salesorderid"][ORDER.journal] = journal_of(State.POSTED, target="sapb1", acx_accountingid="DeliveryNotes(4)")
    assert base(row) is None


def test_rule_04_what_was_linked_by_hand_is_not_refused_for_it() -> None:
    row = in_sap(None)
    row["salesorderid"][ORDER.journal] = journal_of(State.POSTED, target="onec", acx_accountingid="ref-7")
    row[INVOICE.journal] = journal_of(State.REFUSED, target="sapb1", acx_accountingid="815")
    assert base(row, SAP) is None


# --- the order, and what became of its invoices


def test_rule_04_an_order_is_not_written_after_its_invoice() -> None:
    row = order_of(State.POSTED, acx_accountingid="815", acx_number="15")
    assert refused(row, SAP) == "invoiced_before"


@pytest.mark.parametrize(
    ("state", "columns", "in_books"),
    [
        (None, {}, False),
        (State.REFUSED, {}, False),
        (State.CANCELLED, {"acx_accountingid": "815"}, False),
    ],
)
def test_rule_04_invoices_that_do_not_stand_travel_with_their_order(
    state: State | None, columns: dict[str, Any], in_books: bool
) -> None:
    decision = decided(order_of(state, **columns), SAP)
    assert isinstance(decision, Send)
    assert decision.document.invoices == (Issued(id=record_id(5), number="INV-5", generation=0, in_books=in_books),)


ACTS = onec_route(name="ru orders", way="2A", dates=ORDER_DATES)
ACTS["onec"] = ACTS["onec"] | {"schet_faktura": "not_required"}


def test_rule_04_in_1c_a_schet_comes_before_its_act() -> None:
    row = order_of(State.POSTED, unit=UNIT_RU, target="onec", acx_accountingid="ref-5")
    decision = decided(row, settings(ACTS))
    assert isinstance(decision, Send)
    assert [each.in_books for each in decision.document.invoices] == [True]


def test_rule_04_an_act_is_not_written_beside_an_invoice_in_the_other_system() -> None:
    row = order_of(State.PAID, unit=UNIT_RU, target="sapb1", acx_accountingid="815")
    assert refused(row, settings(ACTS)) == "sale_elsewhere"
