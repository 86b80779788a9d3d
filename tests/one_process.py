"""The bridge's own process without a Functions host: its real steps, fed in bulk, with the messages kept in sight.

Receiving and settling messages is the host's work in Azure and left out. Whoever makes it says which bus is used.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Literal, cast
from uuid import UUID, uuid4

from shared.bus import CHANGES, RESULTS, TARGET_QUEUES, Bus, Envelope, ServiceBus
from shared.intake import Incoming
from shared.messages import Document, Reference, Result
from shared.retry import reference_envelope
from shared.telemetry import invocation
from shared.telemetry.invocations import Context
from shared.telemetry.trace import at_work
from shared.wiring import Wiring, settle

Hop = Literal["export", "connector", "writeback"]


@dataclass
class Carried:
    """What became of a batch of references."""

    documents: list[Document] = field(default_factory=list)
    """those that were sent to an accounting system"""
    results: list[Result] = field(default_factory=list)
    """those that were written to the journal"""
    again: list[Incoming] = field(default_factory=list)
    """what was put back for later"""
    calls: dict[Hop, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """round trips by step and system"""


class _Recorded:
    """A bus which also remembers what it sent, so that the next step can be given it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._sent: dict[str, list[Incoming]] = defaultdict(list)

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Send and remember."""
        envelopes = list(envelopes)
        await self._bus.send(queue, envelopes)
        self._sent[queue] += [Incoming(queue, each.body, each.message_id, each.session_id) for each in envelopes]

    def take(self, queue: str) -> list[Incoming]:
        """Give what was sent to a queue since the last time."""
        return self._sent.pop(queue, [])


class OneProcess:
    """The steps of one process, with the connections and caches that it has."""

    def __init__(self, wiring: Wiring, bus: Bus) -> None:
        """Take the wiring; it sends to this bus from now on."""
        self._wiring = wiring
        self._bus = _Recorded(bus)
        vars(wiring)["bus"] = cast(ServiceBus, self._bus)

    async def carry(self, invoices: Sequence[UUID], *, journal: bool = True) -> Carried:
        """Bring invoices into the books and the journal, one batch a step, each lane's documents one after the other.

        Without ``journal`` it ends as a process that was killed before the journal was written.
        """
        carried = Carried()
        references = [reference_envelope(self._reference(each)) for each in invoices]
        batch = [Incoming(CHANGES, each.body, each.message_id) for each in references]
        await self._step("export", CHANGES, batch, carried)
        lanes: dict[tuple[str, str | None], list[Incoming]] = defaultdict(list)
        for queue in TARGET_QUEUES.values():
            for incoming in self._bus.take(queue):
                lanes[queue, incoming.session_id].append(incoming)
                carried.documents.append(Document.decode(incoming.body))
        await asyncio.gather(*(self._lane(lane, carried) for lane in lanes.values()))
        results = self._bus.take(RESULTS)
        carried.results = [Result.decode(each.body) for each in results]
        if journal:
            await self._step("writeback", RESULTS, results, carried)
        carried.again = [*self._bus.take(CHANGES), *self._bus.take(RESULTS)]
        return carried

    async def close(self) -> None:
        """Close the connections that were opened, the bus's apart."""
        made = vars(self._wiring)
        if "dataverse" in made:
            await self._wiring.dataverse.close()
        for target in TARGET_QUEUES:
            if target in made:
                await made[target]._system.close()

    async def _lane(self, messages: Sequence[Incoming], carried: Carried) -> None:
        for message in messages:
            await self._step("connector", message.queue, [message], carried)

    async def _step(self, hop: Hop, queue: str, batch: Sequence[Incoming], carried: Carried) -> None:
        if not batch:
            return
        names = {queue: target for target, queue in TARGET_QUEUES.items()}
        context = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))
        with invocation(cast(Context, context)):
            await settle(self._wiring, lambda wiring: getattr(wiring, names.get(queue, hop)), batch)
            carried.calls[hop].update(at_work().calls)

    def _reference(self, invoice: UUID) -> Reference:
        return Reference(
            organization_id=self._wiring.settings.dataverse_organization_id,
            correlation_id=str(uuid4()),
            table="invoice",
            id=invoice,
            cause="event:Update",
            occurred_at=datetime.now(UTC),
            message_id=str(uuid4()),
        )
