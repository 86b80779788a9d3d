"""The whole chain in one process, with a clock that stands: real servers and steps, queues in memory, kills at will.

One run has a broker, a clock, processes of the bridge, and a seed from which every choice follows that Service Bus and
Dataverse leave open. Work is done by one worker at a time, so that a run can be repeated; two are in the books at once
where a strike at the edge lets others work in the middle of a request.
"""

import json
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, cast

from shared import settings as app_settings
from shared import webhook
from shared.breaker import Breaker
from shared.bus import CHANGES, RESULTS, ServiceBus
from shared.connector import Connector
from shared.dataverse.batch import Operation
from shared.dataverse.client import Credentials, Dataverse
from shared.dataverse.sales import INVOICE, SalesTable
from shared.errors import BridgeError
from shared.export import Export
from shared.http import Http
from shared.messages import State
from shared.onec.client import OnecClient
from shared.onec.connector import OnecConnector
from shared.onec.payments import OnecPayments
from shared.payments import Payments
from shared.reconcile import Reconciliation
from shared.routes import Route
from shared.sapb1.client import ServiceLayer
from shared.sapb1.connector import Sapb1Connector
from shared.sapb1.payments import Sapb1Payments
from shared.settings import Settings
from shared.sweep import Sweep
from shared.wiring import Step, Wiring, settle
from shared.writeback import Writeback
from tests.faults.accountant import Accountant
from tests.faults.broker import Delivery, MemoryBroker
from tests.faults.clock import VirtualClock
from tests.faults.company import SELLERS, People, Sale
from tests.faults.edge import CREATION, Crashed, Edge, Script, Strike
from tests.faults.systems import Event, Systems

SWEEP_EVERY = timedelta(minutes=5)
RECONCILE_AFTER = timedelta(hours=2)
"""Longer than the reconciliation takes for too long; the real one comes once a day."""
API = "/odata/|/b1s/|/api/data/"
"""What the bridge calls; the back doors stay open during an outage."""
PATIENCE = 400
"""Turns after which a run that does not come to rest is a failure."""


class Timer(Protocol):
    """What a timer of the bridge does."""

    async def run(self) -> dict[str, int]:
        """Do it once."""
        ...


class Process:
    """One process of the bridge: its steps, with caches, sessions, tokens and breakers of its own."""

    def __init__(
        self, settings: Settings, broker: MemoryBroker, script: Script, clock: VirtualClock, now: Callable[[], datetime]
    ) -> None:
        """``now`` is what the process takes for the time."""
        self.busy = False
        self._https = {name: Http(name, Edge(name, script)) for name in ("dataverse", "onec", "sapb1")}
        organization = settings.dataverse_organization_id
        assert settings.dataverse_token_url and settings.dataverse_client_id and settings.dataverse_client_secret
        credentials = Credentials(
            settings.dataverse_token_url, settings.dataverse_client_id, settings.dataverse_client_secret
        )
        dataverse = Dataverse(
            self._https["dataverse"], settings.dataverse_url, credentials, organization, clock=clock.seconds
        )
        assert settings.onec_url and settings.onec_username and settings.onec_password
        assert settings.sapb1_url and settings.sapb1_company and settings.sapb1_username and settings.sapb1_password
        one = OnecConnector(
            self._https["onec"], settings.onec_url, settings.onec_username, settings.onec_password, organization
        )
        sap = Sapb1Connector(
            self._https["sapb1"],
            settings.sapb1_url,
            settings.sapb1_company,
            settings.sapb1_username,
            settings.sapb1_password,
            organization,
        )
        self.steps: dict[str, Step] = {
            CHANGES: Export(settings, dataverse, broker, now),
            RESULTS: Writeback(settings, dataverse, broker, now),
            "onec": Connector("onec", one, settings, broker, now, breaker=Breaker("1C", clock=clock.seconds)),
            "sapb1": Connector("sapb1", sap, settings, broker, now, breaker=Breaker("SAP", clock=clock.seconds)),
        }
        https, url, user = self._https, settings.sapb1_url, settings.sapb1_username
        service_layer = ServiceLayer(https["sapb1"], url, settings.sapb1_company, user, settings.sapb1_password)
        onec = OnecClient(https["onec"], settings.onec_url, settings.onec_username, settings.onec_password)
        self.timers: dict[str, Timer] = {
            "sweep": Sweep(settings, dataverse, broker, now),
            "reconciliation": Reconciliation(settings, dataverse, broker, now),
            "payments": Payments(
                settings, dataverse, broker, {"onec": OnecPayments(onec), "sapb1": Sapb1Payments(service_layer)}, now
            ),
        }
        self.wiring = Wiring({})
        vars(self.wiring).update(settings=settings, bus=cast(ServiceBus, broker))

    async def close(self) -> None:
        """Drop the connections, as a killed process does; sessions at the other end are left behind."""
        for http in self._https.values():
            await http.close()


class Chain:
    """One run."""

    def __init__(self, systems: Systems, seed: int) -> None:
        """Take the running systems and the seed."""
        self.systems = systems
        self.choice = random.Random(seed)  # noqa: S311 -- nothing secret
        random.seed(seed)  # the jitter of waits
        self.clock = VirtualClock()
        self.broker = MemoryBroker(self.clock, self.choice)
        self.script = Script()
        self.people = People(systems)
        self.accountant = Accountant(systems)
        self.sales: list[Sale] = []
        self.paid: dict[str, Decimal] = {}
        """what was paid of each, by its number"""
        self.timers = ["sweep", "reconciliation"]
        """those that fire at rest"""
        self.skew = timedelta(0)
        """how wrong the bridge's clock is"""
        self.held_back: set[str] = set()
        """queues that nobody works on now"""
        self.crashes = 0
        self.poisoned = 0
        """messages that are expected on ``poison``"""
        self.seen_retrying: set[str] = set()
        self._changes: dict[str, str] = {}
        self._processes: list[Process] = []
        self._ended: list[Process] = []
        # Every other company leaves it to the bridge to rewrite, cancel and create anew, and wants all documents.
        self.generous = bool(seed % 2)
        self._settings = app_settings.load(systems.environment(generous=self.generous))
        self._swept_at = self.clock.now()
        systems.runs += 1

    # --- the bridge

    def configure(self, **changes: str) -> None:
        """Change app settings; Azure restarts every process then."""
        self._changes |= changes
        self._settings = app_settings.load(self.systems.environment(generous=self.generous, **self._changes))
        self.restart()

    def route(self, sale: Sale) -> Route:
        """Give the route of a document."""
        unit = SELLERS[sale.target, sale.table.way].business_unit
        return next(each for each in self._settings.routes if each.business_unit == unit)

    def pause(self, names: Iterable[str]) -> None:
        """Pause exactly the routes of these names."""
        routes = json.loads(self.systems.environment()["ROUTES"])
        paused = set(names)
        self.configure(ROUTES=json.dumps([route | {"paused": route["name"] in paused} for route in routes]))

    def restart(self) -> None:
        """Let every process that does nothing now end; new ones begin when there is work."""
        self._ended += [process for process in self._processes if not process.busy]
        self._processes = [process for process in self._processes if process.busy]

    def process(self) -> Process:
        """Give a process that does nothing now."""
        idle = next((process for process in self._processes if not process.busy), None)
        if idle is None:
            idle = Process(self._settings, self.broker, self.script, self.clock, lambda: self.clock.now() + self.skew)
            self._processes.append(idle)
        return idle

    async def _kill(self, process: Process) -> None:
        self.crashes += 1
        if process in self._processes:
            self._processes.remove(process)
        await process.close()

    async def handle(self, delivery: Delivery) -> None:
        """Let a process settle messages, and complete them as the host does."""
        process = self.process()
        process.busy = True
        try:
            await process.steps[delivery.queue].handle(delivery.incoming())
        except Crashed:
            await self._kill(process)  # its locks run out by themselves
        except BridgeError:
            self.broker.abandon(delivery)
        else:
            self.broker.complete(delivery)
        finally:
            process.busy = False

    async def work(self, turns: int = PATIENCE) -> int:
        """Work on whatever can be handed out now, in any order; give the number of turns it took."""
        for turn in range(turns):
            ready = self.broker.deliverable(self.held_back)
            if not ready:
                return turn
            await self.handle(self.broker.receive(self.choice.choice(ready)))
        return turns

    async def take(self, queue: str) -> Delivery:
        """Work until this queue has something, and lock it without working on it."""
        self.held_back.add(queue)
        await self.work()
        self.held_back.remove(queue)
        return self.broker.receive(queue)

    async def misconfigured(self, queue: str) -> None:
        """Let whatever comes to a queue be met by a process whose settings are wrong."""
        delivery = await self.take(queue)
        broken = Wiring({})
        vars(broken).update(bus=cast(ServiceBus, self.broker))
        await settle(broken, lambda wiring: wiring.export, delivery.incoming())
        self.broker.complete(delivery)

    async def others_work(self) -> None:
        """Let locks run out and everybody else go on until nothing can be done now. For the middle of a request."""
        await self.clock.advance(timedelta(seconds=61))
        await self.work()

    # --- the CRM's side

    async def events(self) -> list[Event]:
        """Take the webhooks that Dataverse has sent so far, in order."""
        await self.systems.local("dataverse", "events/idle")
        taken = list(self.systems.events)
        self.systems.events.clear()
        return taken

    async def deliver(self, events: list[Event] | None = None) -> None:
        """Let webhooks arrive: those given, or all there are. A 503 is tried once more, as Dataverse does."""
        for body, headers in await self.events() if events is None else events:
            process = self.process()
            reply = await webhook.receive(process.wiring, body, headers)
            if reply.status == 503:
                reply = await webhook.receive(process.wiring, body, headers)
            assert reply.status in {202, 503}, reply

    async def issued(
        self, target: str, *quantities: int, count: int = 1, table: SalesTable = INVOICE, currency: str = ""
    ) -> list[Sale]:
        """Enter and issue documents of one new customer."""
        customer, enter = await self.people.customer(target), self.people.enter
        lines = quantities or (3, 2)
        made = [await enter(target, customer, *lines, table=table, currency=currency) for _ in range(count)]
        self.sales += made
        await self.people.issue(*made)
        return made

    async def one(self, target: str) -> Sale:
        """Enter and issue an invoice of a new customer; its events have arrived."""
        (made,) = await self.issued(target)
        await self.deliver()
        return made

    async def exported(self, target: str) -> Sale:
        """Give an invoice that is in the books."""
        made = await self.one(target)
        await self.drain()
        return made

    # --- faults

    def on_creation(self, target: str, when: str, do: Callable[[], Awaitable[None]], skip: int = 0) -> None:
        """Strike at the request that brings a document into the books."""
        self.on(target, CREATION[target], when, do, skip)

    def on(self, system: str, pattern: str, when: str, do: Callable[[], Awaitable[None]], skip: int = 0) -> None:
        """Strike at a request."""
        self.script.strikes.append(Strike(system, pattern, "before" if when == "before" else "after", do, skip))

    def outage(self, name: str, minutes: float, **fault: Any) -> None:
        """Let a server fail for some time; Dataverse fails for the bridge alone, people go on working in it."""
        if name == "dataverse":
            self.script.away.add(name)
        else:
            self.systems.fault(name, "status", **{"status": 503, "times": 10**6, "match": API, **fault})

        async def over() -> None:
            self.script.away.discard(name)
            self.systems.behave(name)

        self.clock.after(timedelta(minutes=minutes), over)

    async def close_october(self, target: str, *, closed: bool) -> None:
        """Close the month of all invoices in the books, or open it."""
        if target == "onec":
            await self.systems.local("onec", "closed_until", date="2026-10-31" if closed else None)
        else:
            await self.systems.local("sapb1", "period", month="2026-10", status="locked" if closed else "open")

    # --- time

    async def drain(self, *, sweep: bool = True) -> None:
        """Let time pass, with its timers, until nothing is left to do."""
        for _ in range(PATIENCE):
            await self.deliver()
            if await self.work(60):
                await self._note_retries()
            due = self.broker.next_due()
            if due is not None:
                if due > self.clock.now():
                    await self._pass(due - self.clock.now())
                continue
            if not sweep or not await self._timers():
                return
        raise AssertionError(f"the chain does not come to rest: {self.broker.waiting()}")

    async def wait(self, seconds: float) -> None:
        """Let time pass, with its sweeps."""
        await self._pass(timedelta(seconds=seconds))

    async def _pass(self, wait: timedelta) -> None:
        until = self.clock.now() + wait
        while until - self._swept_at >= SWEEP_EVERY:
            self._swept_at += SWEEP_EVERY
            await self.clock.advance(max(self._swept_at - self.clock.now(), timedelta(0)))
            await self.timer("sweep")
        await self.clock.advance(max(until - self.clock.now(), timedelta(0)))

    async def timer(self, name: str) -> bool:
        """Let a timer fire; say whether it got through. One that fails, or dies, comes again."""
        process = self.process()
        process.busy = True
        try:
            await process.timers[name].run()
        except BridgeError:
            return False
        except Crashed:
            await self._kill(process)
            return False
        finally:
            process.busy = False
        return True

    async def everything_again(self) -> None:
        """Let every event that there ever was come again, and every sweep begin from the start."""
        await self.systems.local("dataverse", "events/replay")
        await self.deliver()
        await self.forget_checkpoints()
        self.restart()
        await self.drain()

    async def forget_checkpoints(self) -> None:
        """Let every sweep begin from the start, as after a token that was not taken any more."""
        table = "acx_synccheckpoints"
        checkpoints = await self.systems.admin.rows(table, {"$select": "acx_synccheckpointid"})
        ids = [row["acx_synccheckpointid"] for row in checkpoints]
        await self.people.do(*(Operation("DELETE", f"{table}({each})") for each in ids))

    async def _timers(self) -> bool:
        """Let the timers fire at rest; say whether anything came of it."""
        await self.clock.advance(RECONCILE_AFTER)
        self._swept_at = self.clock.now()
        through = all([await self.timer(name) for name in self.timers])
        writes = self.script.writes
        await self.work()
        return not through or bool(self.broker.waiting()) or self.script.writes != writes

    async def _note_retries(self) -> None:
        for invoice in self.sales:
            journal = await self.people.journal(invoice)
            if journal is not None and journal.state is State.RETRYING and journal.message:
                self.seen_retrying.add(invoice.number)

    async def close(self) -> None:
        """End the run; nothing of it strikes the next one."""
        self.clock.forget()
        for name in self.systems.services:
            self.systems.behave(name)
        for target in ("onec", "sapb1"):
            await self.close_october(target, closed=False)
        self.systems.events.clear()
        for process in (*self._processes, *self._ended):
            await process.close()
