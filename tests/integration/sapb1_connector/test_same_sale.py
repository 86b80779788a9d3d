"""Rule 4 where order and invoice meet at the same moment: the journal knows of neither, SAP lets one of them in."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE
from shared.errors import Refused, Unavailable
from shared.messages import Document, Issued, State
from shared.one_sale import invoices_of
from shared.sapb1 import fence
from tests.builders import journal_columns, order_row
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document, invoice, line, order, services
from tests.unit.sapb1.examples import route as example_route

ORDER_ID, INVOICE_ID = UUID(int=0xE1), UUID(int=0xD1)
ISSUED = (Issued(id=INVOICE_ID, number="INV-01001", generation=0, in_books=False),)
CANCEL: dict[str, Any] = {"cancel": True, "cancellation_date": "today"}


def of_order(**more: Any) -> Document:
    """Give an invoice that was read before its order was fulfilled."""
    return document(invoice(**({"order_id": ORDER_ID} | more)))


def fulfilled(**more: Any) -> Document:
    """Give the order, read before the journal knew of its invoice."""
    return document(order(), invoices=ISSUED, **more)


async def counted(company: Company) -> tuple[int, int]:
    """Give the invoices and deliveries that stand."""
    return len(await company.live("Invoices")), len(await company.live("DeliveryNotes"))


async def test_rule_04_an_order_is_refused_after_its_invoice(bridge: Bridge, company: Company) -> None:
    await bridge.export(of_order())
    refused = await bridge.refused(fulfilled(), services())
    assert refused.refusal.code == "invoiced_before"
    assert refused.refusal.values == {"invoice": "INV-01001", "number": "A/R Invoice 1"}
    assert await counted(company) == (1, 0)


async def test_rule_04_an_invoice_is_tried_again_after_its_order(bridge: Bridge, company: Company) -> None:
    await bridge.export(fulfilled(), services())
    with pytest.raises(Unavailable, match="the order of the invoice"):
        await bridge.export(of_order())
    assert await counted(company) == (0, 1)


@pytest.mark.parametrize("turn", range(4))
async def test_rule_04_of_two_at_once_one_is_let_in(company: Company, turn: int) -> None:
    bridges = [Bridge(company, company.connector()) for _ in range(2)]
    await bridges[0].export(document(invoice(id=UUID(int=0xF1), number="INV-0"), hash="warm"))
    await bridges[1].export(document(invoice(id=UUID(int=0xF2), number="INV-1"), hash="warm"))
    jobs = [bridges[0].export(of_order()), bridges[1].export(fulfilled(), services())]
    await asyncio.gather(*(jobs[::-1] if turn % 2 else jobs), return_exceptions=True)
    invoices, deliveries = await counted(company)
    assert invoices - 2 + deliveries == 1


async def test_rule_04_every_invoice_of_an_order_may_be_there(bridge: Bridge, company: Company) -> None:
    await bridge.export(of_order())
    assert (await bridge.export(of_order(id=UUID(int=0xD2), number="INV-01002"))).state is State.POSTED
    assert await counted(company) == (2, 0)


async def test_rule_04_an_order_goes_through_once_its_invoice_was_taken_back(bridge: Bridge, company: Company) -> None:
    await bridge.export(of_order())
    await company.accountant("Invoices(1)/Cancel")
    assert (await bridge.export(fulfilled(), services())).state is State.POSTED
    assert await counted(company) == (0, 1)


async def test_rule_04_an_order_is_refused_after_its_invoice_was_taken_back_and_issued_again(
    bridge: Bridge, company: Company
) -> None:
    """The order was read between the two: the journal said Cancelled, and the invoice of the next generation stood."""
    await bridge.export(of_order())
    await bridge.cancel(of_order(), example_route(**CANCEL))
    known = [journal_columns(STATE_VALUES[State.CANCELLED], target="sapb1", acx_accountingid="1")]
    row = order_row(
        order_invoices=[{"invoiceid": str(INVOICE_ID), "invoicenumber": "INV-01001", INVOICE.journal: known}]
    )
    issued = invoices_of(row, services(), entered=False)
    again = document(invoice(order_id=ORDER_ID), generation=1, version=7003)
    assert (await bridge.export(again)).state is State.POSTED
    refused = await bridge.refused(document(order(), invoices=issued), services())
    assert refused.refusal.code == "invoiced_before"
    assert await counted(company) == (1, 0)


async def test_rule_04_an_invoice_goes_alone_once_its_order_was_taken_back(bridge: Bridge, company: Company) -> None:
    await bridge.export(fulfilled(), services())
    await bridge.cancel(fulfilled(action="cancel"), services(**CANCEL))
    assert (await bridge.export(of_order())).state is State.POSTED
    assert await counted(company) == (1, 0)


async def test_rule_04_taking_back_an_order_that_never_came_leaves_its_invoice(
    bridge: Bridge, company: Company
) -> None:
    await bridge.export(of_order())
    await bridge.cancel(fulfilled(action="cancel"), services(**CANCEL))
    assert (await bridge.refused(fulfilled(), services())).refusal.code == "invoiced_before"
    assert await counted(company) == (1, 0)


async def test_rule_04_an_invoice_that_is_no_more_in_the_crm_counts_as_well(bridge: Bridge) -> None:
    await bridge.export(of_order())
    refused = await bridge.refused(document(order()), services())
    assert refused.refusal.code == "invoiced_before"


async def test_rule_04_a_changed_order_replaces_itself(bridge: Bridge, company: Company) -> None:
    await bridge.export(fulfilled(), services())
    changed = document(order(line("3", "50")), invoices=ISSUED, version=7002, attempt=1)
    assert (await bridge.export(changed, services(recreate=True, **CANCEL))).state is State.POSTED
    assert await counted(company) == (0, 1)


@pytest.mark.parametrize("first", ["invoice", "order"])
async def test_rule_04_drafts_that_await_approval_count(bridge: Bridge, company: Company, first: str) -> None:
    """Business One keeps the draft of a changeset that it rolled back, so the claim alone would not help."""
    await company.turn(approval=True, approval_draft_survives_changeset=True)
    made = [(of_order(), None), (fulfilled(), services())]
    if first == "order":
        made.reverse()
    await bridge.export(*made[0])
    with pytest.raises(Refused if first == "invoice" else Unavailable):
        await bridge.export(*made[1])
    assert len(await company.rows("Drafts")) + sum(await counted(company)) == 1


async def test_an_order_and_its_invoice_still_cost_one_call(bridge: Bridge, company: Company) -> None:
    await bridge.export(of_order())
    await bridge.export(document(order(id=UUID(int=0xE5), number="ORD-5")), services())
    before = company.http[-1].round_trips
    await bridge.export(of_order(id=UUID(int=0xD3), number="INV-3", order_id=UUID(int=0xE3)))
    await bridge.export(document(order(id=UUID(int=0xE4), number="ORD-4")), services())
    assert company.http[-1].round_trips - before == 2


async def test_the_row_says_which_side_stands(bridge: Bridge, company: Company) -> None:
    await bridge.export(of_order())
    names = [row["Name"] for row in await company.rows(fence.CLAIMS)]
    assert [name for name in names if name.startswith("sale by invoice ")]
