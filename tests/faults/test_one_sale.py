"""Rule 4 under faults: orders and the invoices made from them, in SAP Business One, with a route for each.

Whatever happens in whatever order: goods leave the warehouse once. Either the order's delivery stands, and an invoice
that stands is copied from it, or invoices stand alone and no delivery does.
"""

import json
from uuid import UUID

import pytest

from shared.bus import RESULTS
from shared.dataverse.batch import Operation
from shared.dataverse.sales import ORDER
from shared.keys import lane
from shared.messages import State
from tests.faults import books
from tests.faults.company import Sale
from tests.faults.conftest import SEEDS
from tests.faults.edge import SENT_TO_SAPB1, crash, lose_answer
from tests.faults.harness import Chain
from tests.faults.systems import Systems

TARGET = "sapb1"
SENT = r"^POST \S*/\$batch\s[\s\S]*POST \S*(Invoices|DeliveryNotes)"
STEPS = 30
LANES = 4
DELIVERY_LINE = 15


def both_routes(chain: Chain) -> None:
    """Let invoices and orders go to SAP, orders without the invoice on top."""
    routes = json.loads(chain.systems.environment(generous=chain.generous)["ROUTES"])
    chain.configure(ROUTES=json.dumps([route | {"create_invoice": False} for route in routes]))


async def linked(chain: Chain, customer: UUID, order: Sale, *quantities: int) -> Sale:
    """Enter an invoice that was made from an order."""
    invoice = await chain.people.enter(TARGET, customer, *quantities)
    body = {"salesorderid@odata.bind": f"/salesorders({order.id})"}
    await chain.people.do(Operation("PATCH", f"invoices({invoice.id})", body))
    return invoice


async def sale_of(chain: Chain, invoices: int = 1) -> tuple[Sale, list[Sale]]:
    """Enter an order and its invoices, none of them due yet."""
    customer = await chain.people.customer(TARGET)
    order = await chain.people.enter(TARGET, customer, 3, 2, table=ORDER)
    made = [await linked(chain, customer, order, 3, 2) for _ in range(invoices)]
    chain.sales += [order, *made]
    return order, made


async def check_once(chain: Chain, order: Sale, invoices: list[Sale]) -> None:
    """Hold the two sides of a sale against each other."""
    held = await books.state(chain.systems, TARGET)
    live = {
        kind: [row for row in held.get(kind, {}).values() if row["CancelStatus"] == "csNo"]
        for kind in ("DeliveryNotes", "Invoices")
    }
    delivered = [row for row in live["DeliveryNotes"] if row["NumAtCard"] == order.number]
    numbers = {invoice.number for invoice in invoices}
    invoiced = [row for row in live["Invoices"] if row["NumAtCard"] in numbers]
    alone = [row for row in invoiced if any(line["BaseType"] != DELIVERY_LINE for line in row["DocumentLines"])]
    assert not (delivered and alone), f"{order.number} left the warehouse twice"


async def ended(chain: Chain, order: Sale, invoices: list[Sale]) -> None:
    """Let everything drain; hold books and journal against the CRM."""
    await chain.drain()
    await books.check(chain, may_be_refused=True)
    await check_once(chain, order, invoices)


async def begun(systems: Systems, seed: int) -> Chain:
    """Begin a run."""
    chain = Chain(systems, seed)
    chain.broker.shuffled = True
    both_routes(chain)
    return chain


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_an_invoice_waits_for_its_order_and_is_copied_from_it(systems: Systems, seed: int) -> None:
    chain = await begun(systems, seed)
    try:
        order, (invoice,) = await sale_of(chain)
        await chain.people.issue(order, invoice)
        await ended(chain, order, [invoice])
        for each in (order, invoice):
            journal = await chain.people.journal(each)
            assert journal is not None and journal.state is State.POSTED, journal
    finally:
        await chain.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_an_order_fulfilled_while_its_invoice_is_written(systems: Systems, seed: int, when: str) -> None:
    """Others have read the order before the journal knows of the invoice."""
    chain = await begun(systems, seed)
    try:
        order, (invoice,) = await sale_of(chain)
        await chain.people.issue(invoice)
        await chain.deliver()

        async def fulfil() -> None:
            await chain.people.issue(order)
            await chain.deliver()
            await chain.others_work()

        chain.on(TARGET, SENT_TO_SAPB1, when, fulfil)
        await ended(chain, order, [invoice])
        states = [journal.state for each in (order, invoice) if (journal := await chain.people.journal(each))]
        assert State.POSTED in states
    finally:
        await chain.close()


@pytest.mark.parametrize("seed", range(3 * SEEDS))
async def test_whatever_happens_goods_leave_once(systems: Systems, seed: int) -> None:
    """Random lives of one order and two invoices."""
    chain = await begun(systems, seed)
    choice = chain.choice
    try:
        order, invoices = await sale_of(chain, 2)
        for _ in range(STEPS):
            one = choice.choice([order, *invoices])
            match choice.randrange(11):
                case 0 | 1:
                    await chain.people.issue(one)
                case 2:
                    await chain.people.cancel(one)
                case 3:
                    await chain.people.edit(one, choice.choice([3, 4]))
                case 4 | 5:
                    await chain.deliver()
                case 6 | 7:
                    await chain.work(choice.randint(1, 6))
                case 8:
                    strike = choice.choice([crash, lose_answer, chain.others_work])
                    chain.on(TARGET, SENT, choice.choice(["before", "after"]), strike)
                case 9:
                    chain.outage(choice.choice([TARGET, "dataverse"]), choice.randint(1, 20))
                case _:
                    await chain.wait(choice.choice([1, 61, 700]))
        await ended(chain, order, invoices)
    finally:
        await chain.close()


async def customer_beside(chain: Chain, other: UUID) -> UUID:
    """Enter a customer whose documents are worked on beside those of another one."""
    while True:
        made = await chain.people.customer(TARGET, tax_number="")
        if lane("", made, LANES) != lane("", other, LANES):
            return made


@pytest.mark.parametrize("how", ["replaced", "issued again"])
async def test_an_order_fulfilled_while_its_invoice_stands_no_more_and_not_yet(systems: Systems, how: str) -> None:
    """The invoice goes to another customer than the order, so the two are worked on side by side.

    At that moment its first document is cancelled, and the next one is on its way.
    """
    chain = Chain(systems, 1)
    both_routes(chain)
    try:
        buyer = await chain.people.customer(TARGET, tax_number="")
        order = await chain.people.enter(TARGET, buyer, 3, 2, table=ORDER)
        invoice = await linked(chain, await customer_beside(chain, buyer), order, 3, 2)
        chain.sales += [order, invoice]
        await chain.people.issue(invoice)
        await chain.deliver()
        if how == "replaced":
            chain.held_back.add(RESULTS)  # an order whose invoice is known to stand is not sent at all
            await chain.work()
            await chain.people.edit(invoice, 4)
        else:
            await chain.drain()
            await chain.people.cancel(invoice)
            await chain.drain()
            await chain.people.issue(invoice)
        await chain.deliver()

        async def fulfil() -> None:
            await chain.people.issue(order)
            await chain.deliver()
            await chain.work()

        # what is to be replaced is found; the row of the sale turns out to be the invoices' own; and then:
        chain.on(TARGET, SENT_TO_SAPB1, "before", fulfil, skip=2 if how == "replaced" else 1)
        await chain.work()
        assert not chain.script.strikes
        chain.held_back.clear()
        await ended(chain, order, [invoice])
    finally:
        await chain.close()
