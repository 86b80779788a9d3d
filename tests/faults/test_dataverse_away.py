"""Dataverse is away for ten minutes under a backlog: few calls, no delivery burnt, nothing lost; it drains alone."""

from datetime import timedelta

import pytest

from shared.bus import CHANGES, RESULTS
from shared.messages import State
from tests.faults import books
from tests.faults.harness import Chain
from tests.faults.systems import Systems

MINUTES = 10
CALLS = 3 + 2 * MINUTES
"""What opens the breaker, and a look now and then: waits grow to a minute."""


LONGEST_WAIT = timedelta(seconds=900) + timedelta(minutes=2)
"""RETRY_MAX_SECONDS, and the work"""


@pytest.mark.parametrize("place", [CHANGES, RESULTS])
@pytest.mark.parametrize("target", ["onec", "sapb1"], ids=["1C", "SAP"])
async def test_an_outage_costs_few_calls_and_burns_no_delivery(systems: Systems, target: str, place: str) -> None:
    chain = Chain(systems, 0)
    try:
        sales = await chain.issued(target, count=12)
        await chain.deliver()
        chain.held_back.add(place)
        await chain.work()
        chain.held_back.clear()
        chain.broker.shuffled = True  # small batches: each of them would be a call of its own
        chain.outage("dataverse", MINUTES)
        chain.script.asked.clear()
        handed_out = 0
        while "dataverse" in chain.script.away:
            handed_out += await chain.work()
            burnt = [each.deliveries for name in (CHANGES, RESULTS) for each in chain.broker.queues[name]]
            assert burnt
            assert not any(burnt)
            await chain.wait(5)
        assert handed_out > 2 * CALLS  # there was much more to do
        assert chain.script.asked["dataverse"] <= CALLS

        await chain.drain(sweep=False)
        await books.check(chain)
        journals = [await chain.people.journal(sale) for sale in sales]
        assert {journal and journal.state for journal in journals} == {State.POSTED}
        assert chain.clock.now() - chain.clock.started < timedelta(minutes=MINUTES) + LONGEST_WAIT
    finally:
        await chain.close()
