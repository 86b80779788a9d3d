"""Duplicate detection swallows no retry of any kind, within its ten minutes; a second look at everything is nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from shared.bus import CHANGES, POISON, RESULTS
from shared.dataverse.batch import Operation
from shared.dataverse.sales import ORDER
from shared.messages import State
from shared.wiring import MISCONFIGURED_WAIT
from tests.faults import books
from tests.faults import systems as running
from tests.faults.broker import WINDOW
from tests.faults.company import DATED, SOLD, Sale
from tests.faults.harness import Chain
from tests.faults.systems import Systems

POUNDS = "GBP"
POUND = (POUNDS, "826")
"""letters and number; no company has its rates"""
BOTH = pytest.mark.parametrize("target", ["onec", "sapb1"], ids=["1C", "SAP"])
Run = Callable[[Chain, Sale, str], Awaitable[None]]


async def _refused(chain: Chain, invoice: Sale, times: int) -> None:
    """Assert that it is refused; several looks at the same state change nothing."""
    for _ in range(times):
        await chain.deliver()
        await chain.work()
    journal = await chain.people.journal(invoice)
    assert journal is not None
    assert journal.state is State.REFUSED


async def _customer(chain: Chain, invoice: Sale, target: str, *, active: bool) -> None:
    row = await chain.systems.admin.get(f"invoices({invoice.id})", {"$select": "_customerid_value"})
    states = {"statecode": 0, "statuscode": 1} if active else {"statecode": 1, "statuscode": 2}
    await chain.people.do(Operation("PATCH", f"accounts({row['_customerid_value']})", states))


async def pressed(chain: Chain, invoice: Sale, target: str) -> None:
    """Retry is pressed, twice: in vain, and once the month is open."""
    await chain.close_october(target, closed=True)
    await _refused(chain, invoice, 2)
    await chain.people.press_retry(invoice)
    await _refused(chain, invoice, 1)
    await chain.close_october(target, closed=False)
    await chain.people.press_retry(invoice)


async def customer_mended(chain: Chain, invoice: Sale, target: str) -> None:
    """The customer was deactivated, is activated, deactivated, and activated."""
    for _ in range(2):
        await _customer(chain, invoice, target, active=False)
        await _refused(chain, invoice, 1)
        await _customer(chain, invoice, target, active=True)


async def invoice_mended(chain: Chain, invoice: Sale, target: str) -> None:
    """The invoice was wrong, and is put right again."""
    await chain.people.spoil(invoice)
    await _refused(chain, invoice, 2)
    await chain.people.edit(invoice, 3)


async def outage(chain: Chain, invoice: Sale, target: str) -> None:
    """Accounting is away; every attempt is a message of its own."""
    chain.systems.fault(target, "status", status=503, times=4, match="/odata/|/b1s/")
    await chain.deliver()
    for _ in range(12):
        await chain.work()
        await chain.clock.advance(timedelta(seconds=20))


async def swept(chain: Chain, invoice: Sale, target: str) -> None:
    """The month is opened, and the invoice touched; only the sweep tells."""
    await chain.close_october(target, closed=True)
    await _refused(chain, invoice, 2)
    await chain.close_october(target, closed=False)
    await chain.people.edit(invoice, 3)
    await chain.events()
    await chain.timer("sweep")


async def swept_retry(chain: Chain, invoice: Sale, target: str) -> None:
    """Retry is pressed, twice, and no event comes of it; only the sweep tells."""
    await chain.close_october(target, closed=True)
    await _refused(chain, invoice, 1)
    for closed in (True, False):
        await chain.close_october(target, closed=closed)
        await chain.people.press_retry(invoice)
        await chain.events()
        await chain.timer("sweep")
        await chain.work()


async def reconciled(chain: Chain, invoice: Sale, target: str) -> None:
    """No event ever comes: the invoice is missing, its mending is not seen, Retry is pressed; each is found in turn."""
    await chain.people.spoil(invoice)
    await chain.events()
    await chain.timer("reconciliation")
    await _refused(chain, invoice, 1)
    await chain.close_october(target, closed=True)
    await chain.people.edit(invoice, 3)
    await chain.events()
    await chain.timer("reconciliation")
    await _refused(chain, invoice, 1)
    await chain.close_october(target, closed=False)
    await chain.people.press_retry(invoice)
    await chain.events()
    await chain.timer("reconciliation")


async def product_mended(chain: Chain, invoice: Sale, target: str) -> None:
    """The product was retired, is activated, retired, and activated."""
    product = f"products({SOLD[0].id})"
    for _ in range(2):
        await chain.people.do(Operation("PATCH", product, {"statecode": 1, "statuscode": 2}))
        await _refused(chain, invoice, 1)
        await chain.people.do(Operation("PATCH", product, {"statecode": 0, "statuscode": 1}))


async def rate_entered(chain: Chain, invoice: Sale, target: str) -> None:
    """The day has no rate of the currency: the invoice is parked, and each attempt is a message of its own."""
    for _ in range(3):
        await chain.deliver()
        await chain.work()
        journal = await chain.people.journal(invoice)
        assert journal is not None
        assert journal.state is State.RETRYING
        assert POUNDS in journal.message
        await chain.clock.advance(timedelta(seconds=40))
    await chain.accountant.enter_rate(target, *POUND, DATED)


async def settings_mended(chain: Chain, invoice: Sale, target: str) -> None:
    """Settings are wrong where its reference comes, and where its document comes, each twice."""
    await chain.deliver()
    for queue in (CHANGES, CHANGES, target, target):
        await chain.misconfigured(queue)
        await chain.clock.advance(MISCONFIGURED_WAIT + timedelta(seconds=10))


async def put_back_by_writeback(chain: Chain, invoice: Sale, target: str) -> None:
    """The journal hears of the newer version first, of the older one then: the invoice is looked at again, twice."""
    for quantities in ((4, 5), (6, 7)):
        chain.held_back.add(RESULTS)
        for quantity in quantities:
            await chain.people.edit(invoice, quantity)
            await chain.deliver()
            await chain.work()
        chain.held_back.clear()
        waiting = chain.broker.queues[RESULTS]
        assert len(waiting) > 1
        for number, message in enumerate(reversed(waiting)):
            message.number = number
        while RESULTS in chain.broker.deliverable():
            await chain.handle(chain.broker.receive(RESULTS, most=1))
        assert chain.broker.queues[CHANGES]  # put back
        await chain.work()


async def sent_again(chain: Chain, invoice: Sale, target: str) -> None:
    """Its reference and its document are set aside, each as poison and as a dead letter, and sent again each time."""
    await chain.deliver()
    for queue, place in ((CHANGES, POISON), (CHANGES, CHANGES), (target, target), (target, POISON), (CHANGES, CHANGES)):
        chain.held_back.add(queue)
        await chain.work()
        chain.held_back.clear()
        assert chain.broker.set_aside(queue, place)
        await chain.broker.resend()


@dataclass(frozen=True)
class Kind:
    """What makes a retry; ``generous`` companies let a change be written again."""

    run: Run
    generous: bool = False
    currency: str = ""


KINDS = [
    Kind(pressed),
    Kind(customer_mended),
    Kind(product_mended),
    Kind(invoice_mended),
    Kind(rate_entered, currency=POUNDS),
    Kind(settings_mended),
    Kind(outage),
    Kind(put_back_by_writeback, generous=True),
    Kind(sent_again),
    Kind(reconciled),
    Kind(swept),
    Kind(swept_retry),
]


@BOTH
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.run.__name__)
async def test_no_retry_is_swallowed(systems: Systems, kind: Kind, target: str) -> None:
    chain = Chain(systems, int(kind.generous))
    try:
        if kind.currency:
            await chain.people.currency(kind.currency)
            await chain.accountant.enter_currency(target, *POUND)
        (invoice,) = await chain.issued(target, currency=kind.currency)
        await kind.run(chain, invoice, target)
        await chain.deliver()
        await chain.work()
        journal = await chain.people.journal(invoice)
        assert journal is not None
        assert journal.state is State.POSTED, journal
        assert chain.clock.now() - chain.clock.started < WINDOW
        await chain.drain()
        await books.check(chain)
    finally:
        await chain.close()


@pytest.mark.parametrize("seed", [0, 1])
async def test_everything_a_second_time_writes_nothing(seed: int) -> None:
    async with running.systems() as systems:  # of its own: other runs have other settings
        await _twice(systems, Chain(systems, seed))


async def _twice(systems: Systems, chain: Chain) -> None:
    chain.timers.append("payments")
    try:
        for target in ("onec", "sapb1"):
            first, second, third, paid, partly, back = await chain.issued(target, count=6)
            orders = await chain.issued(target, count=2, table=ORDER)
            await chain.drain()
            await chain.people.edit(first, 8)
            await chain.people.cancel(second)
            await chain.people.edit(third, 3)
            for sale in (paid, orders[0]):
                await books.pay(chain, sale, half=False)
            await books.pay(chain, partly, half=True)
            payment = await books.pay(chain, back, half=False)
            await chain.drain()
            await chain.accountant.take_back(target, payment)
            del chain.paid[back.number]
            await chain.people.edit(paid, 9)  # refused: the journal shows the payment and the sentence
        await chain.drain()
        await books.check(chain, may_be_refused=True)
        before, journal = await books.whole(systems), await _journal(systems)

        await chain.everything_again()

        assert await books.whole(systems) == before
        assert await _journal(systems) == journal
    finally:
        await chain.close()


async def _journal(systems: Systems) -> list[Any]:
    """Give what the journal says, save for when it was said."""
    columns = ("key", "state", "number", "accountingid", "message", "version", "hash", "writtenhash", "paidamount")
    names = [f"acx_{column}" for column in columns]
    rows = await systems.admin.rows("acx_accountingexports", {"$select": ",".join(names), "$orderby": "acx_key"})
    return [[row[name] for name in names] for row in rows]
