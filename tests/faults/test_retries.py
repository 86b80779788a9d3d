"""Duplicate detection swallows no retry of any kind, within its ten minutes; a second look at everything is nothing."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from shared.dataverse.batch import Operation
from shared.messages import State
from tests.faults import books
from tests.faults import systems as running
from tests.faults.broker import WINDOW
from tests.faults.company import Sale
from tests.faults.harness import Chain
from tests.faults.systems import Systems

BOTH = pytest.mark.parametrize("target", ["onec", "sapb1"], ids=["1C", "SAP"])
Kind = Callable[[Chain, Sale, str], Awaitable[None]]


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


KINDS: list[Kind] = [pressed, customer_mended, invoice_mended, outage, swept]


@BOTH
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_no_retry_is_swallowed(systems: Systems, kind: Kind, target: str) -> None:
    chain = Chain(systems, 0)
    try:
        (invoice,) = await chain.issued(target)
        await kind(chain, invoice, target)
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
    try:
        for target in ("onec", "sapb1"):
            first, second, third = await chain.issued(target, count=3)
            await chain.drain()
            await chain.people.edit(first, 8)
            await chain.people.cancel(second)
            await chain.people.edit(third, 3)
        await chain.drain()
        before = await books.whole(systems)

        await chain.everything_again()

        assert await books.whole(systems) == before
    finally:
        await chain.close()
