"""Random lives of invoices under random faults: at the end everything is let drain, and books, journal and CRM agree.

FAULT_EXAMPLES sets how many lives are tried. What fails once is kept as a plain test.
"""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.bus import CHANGES, RESULTS
from tests.faults import books
from tests.faults.edge import crash, lose_answer
from tests.faults.harness import Chain
from tests.faults.systems import Event, Systems

EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "8"))
STEPS = 25
TARGETS = st.sampled_from(["onec", "sapb1"])
SYSTEMS = st.sampled_from(["dataverse", "onec", "sapb1"])
WHEN = st.sampled_from(["before", "after"])
MANY = st.integers(0, 20)
QUANTITIES = st.integers(1, 9)


class Lives(RuleBasedStateMachine):
    """Edits, events, work, time, faults and kills in any order."""

    systems: Systems
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.chain: Chain
        self.undelivered: list[Event] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something in the servers' loop, from this thread."""
        asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        """Begin a run."""

        async def begin() -> None:
            self.chain = Chain(self.systems, seed)
            self.chain.broker.shuffled = True

        self.run(begin())

    # --- the CRM

    @precondition(lambda self: len(self.chain.invoices) < 4)
    @rule(target_=TARGETS, quantity=QUANTITIES)
    def issue(self, target_: str, quantity: int) -> None:
        """Issue an invoice, by preference to the last customer again."""
        self.run(self.chain.issued(target_, quantity, 2))

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY, quantity=QUANTITIES)
    def edit(self, which: int, quantity: int) -> None:
        """Change an invoice."""
        invoice = self.chain.invoices[which % len(self.chain.invoices)]
        self.run(self.chain.people.edit(invoice, quantity))

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY)
    def cancel(self, which: int) -> None:
        """Cancel an invoice."""
        self.run(self.chain.people.cancel(self.chain.invoices[which % len(self.chain.invoices)]))

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY)
    def issue_again(self, which: int) -> None:
        """Issue an invoice again that may have been cancelled."""
        self.run(self.chain.people.issue(self.chain.invoices[which % len(self.chain.invoices)]))

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY)
    def spoil(self, which: int) -> None:
        """Make an invoice wrong; the next edit mends it."""
        self.run(self.chain.people.spoil(self.chain.invoices[which % len(self.chain.invoices)]))

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY)
    def move(self, which: int) -> None:
        """Give an invoice to a new customer."""

        async def move() -> None:
            invoice = self.chain.invoices[which % len(self.chain.invoices)]
            await self.chain.people.move(invoice, await self.chain.people.customer(invoice.target))

        self.run(move())

    @precondition(lambda self: self.chain.invoices)
    @rule(which=MANY)
    def press_retry(self, which: int) -> None:
        """Press Retry where there is a journal row."""

        async def press() -> None:
            invoice = self.chain.invoices[which % len(self.chain.invoices)]
            if await self.chain.people.journal(invoice) is not None:
                await self.chain.people.press_retry(invoice)

        self.run(press())

    @rule(target_=TARGETS, closed=st.booleans())
    def close_october(self, target_: str, closed: bool) -> None:
        """Close the month of all invoices, or open it; in the end it is open."""
        self.run(self.chain.close_october(target_, closed=closed))

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

    @rule(queue=st.sampled_from([CHANGES, RESULTS, "onec", "sapb1"]))
    def hold_back(self, queue: str) -> None:
        """Let a queue lie, or take it up again."""
        self.chain.held_back ^= {queue}

    @rule(seconds=st.sampled_from([1, 61, 700]))
    def time_passes(self, seconds: int) -> None:
        """Let time pass, with its sweeps."""
        self.run(self.chain.wait(seconds))

    @rule()
    def restart(self) -> None:
        """Start every process anew."""
        self.chain.restart()

    # --- faults

    @rule(system=SYSTEMS, when=WHEN, skip=st.integers(0, 6))
    def kill(self, system: str, when: str, skip: int) -> None:
        """Kill a process around one of the next requests."""
        self.chain.on(system, ".", when, crash, skip)

    @rule(system=SYSTEMS, skip=st.integers(0, 6))
    def lose(self, system: str, skip: int) -> None:
        """Lose the answer to one of the next requests."""
        self.chain.on(system, ".", "after", lose_answer, skip)

    @rule(target_=TARGETS, when=WHEN)
    def let_others_in(self, target_: str, when: str) -> None:
        """Let a worker lose its lock around its write, and others do the work."""
        self.chain.on_creation(target_, when, self.chain.others_work)

    @rule(target_=TARGETS, minutes=st.integers(1, 30))
    def outage(self, target_: str, minutes: int) -> None:
        """Let accounting be away."""
        self.chain.outage(target_, minutes)

    @rule(count=st.integers(1, 3))
    def the_queue_refuses(self, count: int) -> None:
        """Let Service Bus refuse messages, or lose completions."""
        self.chain.broker.refusing = count
        self.chain.broker.lost_completions = count

    def teardown(self) -> None:
        """Let everything drain, and compare."""
        if hasattr(self, "chain"):
            self.run(self._end())

    async def _end(self) -> None:
        try:
            self.chain.held_back.clear()
            for target in ("onec", "sapb1"):
                await self.chain.close_october(target, closed=False)
            await self.chain.drain()
            await books.check(self.chain, may_be_refused=True)
        finally:
            await self.chain.close()


@pytest.mark.timeout(0 if EXAMPLES > 8 else 120)
async def test_whatever_happens_books_and_crm_agree_in_the_end(systems: Systems) -> None:
    machine = type("OneLife", (Lives,), {"systems": systems, "loop": asyncio.get_running_loop()})
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
