"""Way 2A: a completely fulfilled order is in the books as services rendered, with the invoice that accounting makes."""

import pytest

from infra.demo.company import EUROPEAN_SERVICES, RUSSIAN_SERVICES, Company
from infra.demo.crm import PARTLY_FULFILLED
from infra.demo.world import World
from shared.messages import State
from tests.integration.chain.conftest import STATES, booked, entries, invoice, issue, journal_of, line, trigger, until

BOTH = pytest.mark.parametrize("company", [RUSSIAN_SERVICES, EUROPEAN_SERVICES], ids=["1C", "SAP"])
DOCUMENTS = {
    "onec": {"Document_РеализацияТоваровУслуг", "Document_СчетНаОплатуПокупателю"},
    "sapb1": {"DeliveryNotes", "Invoices"},
}


@BOTH
async def test_a_fulfilled_order_and_its_invoice_are_in_the_books(world: World, company: Company) -> None:
    order = invoice(f"{company.code}-DONE", company, line("100.00"), line("50.10", "10", product=None))

    await issue(world, order)
    row = await until(world, order)

    assert STATES[row["acx_state"]] is State.POSTED
    assert {entry.kind for entry in entries(world, order)} == DOCUMENTS[company.target]
    assert {entry.total for entry in entries(world, order)} == {order.total}


@BOTH
async def test_an_order_that_was_fulfilled_without_an_event_is_found(world: World, company: Company) -> None:
    order = invoice(f"{company.code}-SILENT", company, line("10.00"))
    await world.crm.enter([order])
    await world.drained()
    await world.crm.fulfil(order)
    await world.drained()
    assert await journal_of(world, order) == {}

    await trigger(world, "dataverse_sweep")
    row = await until(world, order)

    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, order) == [order.total, order.total]


@BOTH
async def test_an_order_that_is_fulfilled_in_part_is_refused(world: World, company: Company) -> None:
    order = invoice(f"{company.code}-PART", company, line("10.00"))
    await world.crm.enter([order])
    await world.crm.set_state(order, PARTLY_FULFILLED)
    row = await until(world, order)

    assert STATES[row["acx_state"]] is State.REFUSED
    assert f"Order {order.number}: it is fulfilled in part" in row["acx_message"]
    assert booked(world, order) == []


@BOTH
async def test_an_order_that_is_invoiced_later_is_not_written_again(world: World, company: Company) -> None:
    order = invoice(f"{company.code}-INVOICED", company, line("10.00"))
    await issue(world, order)
    before = await until(world, order)

    await world.crm.set_state(order, {"statecode": 4, "statuscode": 100003})
    await world.drained()

    assert (await journal_of(world, order))["acx_number"] == before["acx_number"]
    assert STATES[(await journal_of(world, order))["acx_state"]] is State.POSTED
    assert len(entries(world, order)) == 2
