"""Random lives of documents under random faults: at the end everything is let drain, and all agree.

Then the next document of each customer brings its card up to date, and everything is done a second time: the whole
state of both accounting systems stays as it is.

FAULT_EXAMPLES sets how many lives are tried. What fails once is kept as a plain test (``test_kept.py``).
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from infra.demo.company import PRODUCTS, SampleProduct
from shared.bus import CHANGES, RESULTS
from shared.dataverse.sales import BY_NAME, INVOICE, SALES, SalesTable
from shared.messages import State
from tests.faults import books
from tests.faults import systems as running
from tests.faults.company import TARGETS, Sale
from tests.faults.edge import crash, lose_answer
from tests.faults.harness import Chain
from tests.faults.systems import Event

Value = TypeVar("Value")

EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "4"))
STEPS = 30
TARGET = st.sampled_from(TARGETS)
SYSTEM = st.sampled_from(["dataverse", *TARGETS])
ROUTES = st.sampled_from(["ru", "eu", "ru-services", "eu-services"])
WHEN = st.sampled_from(["before", "after"])
MANY = st.integers(0, 20)
QUANTITIES = st.integers(1, 9)


class Lives(RuleBasedStateMachine):
    """Edits, events, work, time, faults and kills in any order."""

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.chain: Chain
        self.product: SampleProduct
        self.there: list[Sale] = []
        """documents that were not deleted"""
        self.customers: dict[str, list[UUID]] = {target: [] for target in TARGETS}
        """those that are active"""
        self.merged: dict[str, list[UUID]] = {target: [] for target in TARGETS}
        """those that were merged into others"""
        self.names: dict[UUID, str] = {}
        """what the cards were renamed to"""
        self.payments: list[tuple[Sale, str]] = []
        self.paused: set[str] = set()

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Do something in the servers' loop, from this thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        """Begin a run, with systems of its own."""

        async def begin() -> None:
            self.chain = Chain(await self.stack.enter_async_context(running.systems()), seed)
            self.chain.broker.shuffled = True
            self.chain.timers.append("payments")
            self.product = await self.chain.people.product()

        self.run(begin())

    def sale(self, which: int) -> Sale:
        """Choose a document."""
        return self.there[which % len(self.there)]

    # --- the CRM

    @precondition(lambda self: len(self.chain.sales) < 5)
    @rule(target_=TARGET, table=st.sampled_from([each.name for each in SALES]), quantity=QUANTITIES, which=MANY)
    def issue(self, target_: str, table: str, quantity: int, which: int) -> None:
        """Issue an invoice or fulfil an order, of a customer who is there or of a new one."""
        known = self.customers[target_]

        async def issue() -> None:
            if which % 2 or not known:
                known.append(await self.chain.people.customer(target_))
            customer = known[which % len(known)]
            await self._entered(target_, customer, BY_NAME[table], quantity)

        self.run(issue())

    async def _entered(self, target: str, customer: UUID, table: SalesTable, quantity: int) -> Sale:
        sale = await self.chain.people.enter(
            target, customer, quantity, 2, table=table, products=(self.product, PRODUCTS[0])
        )
        self.chain.sales.append(sale)
        self.there.append(sale)
        await self.chain.people.issue(sale)
        return sale

    @precondition(lambda self: self.there)
    @rule(which=MANY, quantity=QUANTITIES)
    def edit(self, which: int, quantity: int) -> None:
        """Change a document."""
        self.run(self.chain.people.edit(self.sale(which), quantity))

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def cancel(self, which: int) -> None:
        """Cancel a document."""
        self.run(self.chain.people.cancel(self.sale(which)))

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def issue_again(self, which: int) -> None:
        """Issue a document again that may have been cancelled."""
        self.run(self.chain.people.issue(self.sale(which)))

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def spoil(self, which: int) -> None:
        """Make a document wrong; the next edit mends it."""
        self.run(self.chain.people.spoil(self.sale(which)))

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def delete(self, which: int) -> None:
        """Delete a document."""
        sale = self.sale(which)
        self.there.remove(sale)
        self.run(self.chain.people.delete(sale))

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def move(self, which: int) -> None:
        """Give a document to a new customer."""

        async def move() -> None:
            sale = self.sale(which)
            customer = await self.chain.people.customer(sale.target)
            self.customers[sale.target].append(customer)
            await self.chain.people.move(sale, customer)

        self.run(move())

    @precondition(lambda self: self.there)
    @rule(which=MANY)
    def press_retry(self, which: int) -> None:
        """Press Retry where there is a journal row."""

        async def press() -> None:
            if await self.chain.people.journal(self.sale(which)) is not None:
                await self.chain.people.press_retry(self.sale(which))

        self.run(press())

    @precondition(lambda self: any(len(known) > 1 for known in self.customers.values()))
    @rule(which=MANY)
    def merge(self, which: int) -> None:
        """Merge two customers of one accounting system, one of whom others may have been merged into."""
        several = [target for target in TARGETS if len(self.customers[target]) > 1]
        target = several[which % len(several)]
        known = self.customers[target]
        gone = known.pop(which % len(known))
        self.merged[target].append(gone)
        self.run(self.chain.people.merge(gone, known[which % len(known)]))

    @precondition(lambda self: any(self.merged.values()) and len(self.chain.sales) < 5)
    @rule(which=MANY, quantity=QUANTITIES)
    def issue_to_the_merged(self, which: int, quantity: int) -> None:
        """Issue an invoice of a customer who was merged into another one, as an import does."""
        target = next(target for target in TARGETS if self.merged[target])
        gone = self.merged[target]
        self.run(self._entered(target, gone[which % len(gone)], INVOICE, quantity))

    @precondition(lambda self: any(self.customers.values()))
    @rule(which=MANY, name=st.integers(0, 3))
    def rename_a_customer(self, which: int, name: int) -> None:
        """Change a customer's card."""
        known = [customer for target in TARGETS for customer in self.customers[target]]
        self._rename("account", known[which % len(known)], f"Renamed {name}")

    @rule(name=st.integers(0, 3))
    def rename_the_product(self, name: int) -> None:
        """Change a product's card."""
        self._rename("product", self.product.id, f"Another service {name}")

    def _rename(self, table: str, record: UUID, name: str) -> None:
        self.names[record] = name
        self.run(self.chain.people.rename(table, record, name))

    # --- the books

    @rule(target_=TARGET, closed=st.booleans())
    def close_october(self, target_: str, closed: bool) -> None:
        """Close the month of all documents, or open it; in the end it is open."""
        self.run(self.chain.close_october(target_, closed=closed))

    @precondition(lambda self: self.there)
    @rule(which=MANY, half=st.booleans())
    def pay(self, which: int, half: bool) -> None:
        """Enter a payment of a document's invoice, where there is one in the books."""
        sale = self.sale(which)

        async def pay() -> None:
            payment = await books.pay(self.chain, sale, half=half)
            if payment:
                self.payments.append((sale, payment))

        self.run(pay())

    @precondition(lambda self: self.payments)
    @rule(which=MANY)
    def take_payments_back(self, which: int) -> None:
        """Take back what was paid of a document."""
        sale, _ = self.payments[which % len(self.payments)]

        async def take_back() -> None:
            for of, payment in self.payments:
                if of == sale:
                    await self.chain.accountant.take_back(sale.target, payment)
            self.payments = [each for each in self.payments if each[0] != sale]
            self.chain.paid.pop(sale.number)

        self.run(take_back())

    # --- events

    @rule()
    def events_arrive(self) -> None:
        """Let every event arrive."""
        self.run(self._deliver(lambda events: events))

    @rule()
    def events_are_lost(self) -> None:
        """Let every event that was sent so far be lost."""
        self.run(self.chain.events())

    @rule()
    def events_come_twice_in_any_order(self) -> None:
        """Repeat events and mix them."""

        def mixed(events: list[Event]) -> list[Event]:
            twice = events * 2
            self.chain.choice.shuffle(twice)
            return twice

        self.run(self._deliver(mixed))

    async def _deliver(self, order: Any) -> None:
        await self.chain.deliver(order(await self.chain.events()))

    # --- the bridge

    @rule(turns=st.integers(1, 6))
    def work(self, turns: int) -> None:
        """Work on some messages."""
        self.run(self.chain.work(turns))

    @rule(queue=st.sampled_from([CHANGES, RESULTS, *TARGETS]))
    def hold_back(self, queue: str) -> None:
        """Let a queue lie, or take it up again."""
        self.chain.held_back ^= {queue}

    @rule(seconds=st.sampled_from([1, 61, 700]))
    def time_passes(self, seconds: int) -> None:
        """Let time pass, with its sweeps."""
        self.run(self.chain.wait(seconds))

    @rule(name=st.sampled_from(["payments", "reconciliation"]))
    def timer_fires(self, name: str) -> None:
        """Let a timer fire."""
        self.run(self.chain.timer(name))

    @rule()
    def tracking_starts_over(self) -> None:
        """Let change tracking begin from the start."""
        self.run(self.chain.forget_checkpoints())

    @rule()
    def restart(self) -> None:
        """Start every process anew."""
        self.chain.restart()

    @rule(route=ROUTES)
    def pause_or_go_on(self, route: str) -> None:
        """Pause a route, or end its pause; in the end none is paused."""
        self.paused ^= {route}
        self.chain.pause(self.paused)

    # --- faults

    @rule(system=SYSTEM, when=WHEN, skip=st.integers(0, 6))
    def kill(self, system: str, when: str, skip: int) -> None:
        """Kill a process around one of the next requests."""
        self.chain.on(system, ".", when, crash, skip)

    @rule(system=SYSTEM, skip=st.integers(0, 6))
    def lose(self, system: str, skip: int) -> None:
        """Lose the answer to one of the next requests."""
        self.chain.on(system, ".", "after", lose_answer, skip)

    @rule(target_=TARGET, when=WHEN)
    def let_others_in(self, target_: str, when: str) -> None:
        """Let a worker lose its lock around its write, and others do the work."""
        self.chain.on_creation(target_, when, self.chain.others_work)

    @rule(system=SYSTEM, minutes=st.integers(1, 30))
    def outage(self, system: str, minutes: int) -> None:
        """Let a system be away."""
        self.chain.outage(system, minutes)

    @rule(count=st.integers(1, 3))
    def the_queue_refuses(self, count: int) -> None:
        """Let Service Bus refuse messages, or lose completions."""
        self.chain.broker.refusing = count
        self.chain.broker.lost_completions = count

    # --- the end

    def teardown(self) -> None:
        """Let everything drain, and compare."""
        if hasattr(self, "chain"):
            self.run(self._end())

    async def _end(self) -> None:
        chain = self.chain
        try:
            chain.held_back.clear()
            chain.pause(())
            for target in TARGETS:
                await chain.close_october(target, closed=False)
            await chain.drain()
            await books.check(chain, may_be_refused=True)
            await self._cards_follow()
            before = await books.whole(chain.systems)
            await chain.everything_again()
            assert await books.whole(chain.systems) == before
        finally:
            await chain.close()
            await self.stack.aclose()

    async def _cards_follow(self) -> None:
        """Issue one more invoice to each customer: then the cards are those of the CRM, where it was not refused."""
        last = [
            (customer, await self._entered(target, customer, INVOICE, 1))
            for target in TARGETS
            for customer in self.customers[target]
        ]
        await self.chain.drain()
        await books.check(self.chain, may_be_refused=True)
        for customer, sale in last:
            journal = await self.chain.people.journal(sale)
            if journal is None or journal.state is State.REFUSED:
                continue
            (entry, *_) = await books.documents(self.chain, sale)
            names = await books.names(self.chain.systems, sale.target)
            assert names[entry.customer] == self.names.get(customer, names[entry.customer])
            assert names[self.product.number] == self.names.get(self.product.id, self.product.name)


@pytest.mark.timeout(0 if EXAMPLES > 8 else 120)
async def test_whatever_happens_books_and_crm_agree_in_the_end() -> None:
    machine = type("OneLife", (Lives,), {"loop": asyncio.get_running_loop()})
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=EXAMPLES <= 8,
        database=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES > 8 else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
