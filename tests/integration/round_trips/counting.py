"""The cases whose requests are counted, over real steps and sockets; ``make bench`` prints what the tests assert."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from shared.routes import Target
from shared.wiring import Wiring
from tests.faults.company import People, Sale
from tests.faults.systems import Systems
from tests.one_process import Carried, Hop, OneProcess
from tests.unit.core.fakes import MemoryBus

SYSTEM: dict[Target, str] = {"onec": "1C", "sapb1": "SAP Business One"}
DATAVERSE = "Dataverse"
BULK = 100
"""as maxMessageBatchSize in host.json"""


@dataclass(frozen=True)
class Count:
    """Round trips of one case, of all its documents together."""

    accounting: int
    dataverse: int
    looks: int = 0
    """how often the journal asks for a document to be looked at once more; many such looks are one read"""


class Company:
    """A company that wants one document a sale and lets the bridge change it, and one process of the bridge."""

    def __init__(self, running: Systems, target: Target) -> None:
        """Take the running systems and where the documents go."""
        self._people = People(running)
        self._target = target
        # A счёт is rewritten by default; in SAP Business One the company has to allow that it is created anew.
        self._bridge = OneProcess(Wiring(running.environment(generous=target == "sapb1")), MemoryBus())

    async def issued(self, customer: UUID, count: int = 1) -> list[Sale]:
        """Enter and issue invoices of two lines."""
        made = [await self._people.enter(self._target, customer, 3, 2) for _ in range(count)]
        await self._people.issue(*made)
        return made

    async def customer(self) -> UUID:
        """Enter a customer that accounting does not know."""
        return await self._people.customer(self._target)

    async def carry(self, invoices: Sequence[Sale], *, journal: bool = True) -> Count:
        """Count what carrying these takes. AssertionError where one was refused, or waits."""
        carried = await self._bridge.carry([invoice.id for invoice in invoices], journal=journal)
        states = [result.state for result in carried.results]
        if not all(state.in_accounting for state in states):
            raise AssertionError(f"{len(carried.again)} messages came back; results: {states}")
        return Count(_sum(carried, SYSTEM[self._target]), _sum(carried, DATAVERSE), len(carried.again))

    async def close(self) -> None:
        """End the process."""
        await self._bridge.close()

    async def edit(self, invoice: Sale) -> None:
        """Change an invoice."""
        await self._people.edit(invoice, 7)


def _sum(carried: Carried, system: str) -> int:
    return sum(carried.calls[hop][system] for hop in get_args(Hop))


async def counts(running: Systems, target: Target) -> dict[str, Count]:
    """Count every case, in a process that has carried documents already."""
    company = Company(running, target)
    try:
        return await _counts(company)
    finally:
        await company.close()


async def _counts(company: Company) -> dict[str, Count]:
    customer = await company.customer()
    for _ in range(2):  # only the second one finds the customer bound
        await company.carry(await company.issued(customer))
    found = {"first of its customer": await company.carry(await company.issued(await company.customer()))}
    warm = await company.issued(customer)
    found["warm"] = await company.carry(warm)
    found["nothing to do, the journal knows"] = await company.carry(warm)
    await company.edit(warm[0])
    found["update"] = await company.carry(warm)
    found["nothing to do after it"] = await company.carry(warm)
    unknown = await company.issued(customer)
    await company.carry(unknown, journal=False)
    found["nothing to do, the journal does not know"] = await company.carry(unknown)
    found["in bulk"] = await company.carry(await company.issued(customer, BULK))
    return found
