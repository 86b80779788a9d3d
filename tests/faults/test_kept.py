"""Lives of documents that went wrong once, or nearly, each as a plain test."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.bus import CHANGES, RESULTS
from shared.messages import State
from tests.faults import books
from tests.faults.company import SELLERS
from tests.faults.edge import lose_answer
from tests.faults.harness import Chain
from tests.faults.systems import Systems

BOTH = pytest.mark.parametrize("target", ["onec", "sapb1"], ids=["1C", "SAP"])


@BOTH
async def test_a_chain_of_merges_inherits_the_card(systems: Systems, target: str) -> None:
    """The first account has a card; it is merged into a second, and that one into a third, with no export between.

    The three have nothing in common by which accounting could match them.
    """
    chain = Chain(systems, 0)
    try:
        first = await chain.people.customer(target)
        second, third = [await chain.people.customer(target, tax_number="") for _ in range(2)]
        before, moved = [await chain.people.enter(target, first, quantity) for quantity in (3, 4)]
        chain.sales += [before, moved]
        await chain.people.issue(before)
        await chain.drain()

        await chain.people.merge(first, second)
        await chain.people.merge(second, third)
        imported, new = [await chain.people.enter(target, customer, 5) for customer in (first, third)]
        chain.sales += [imported, new]
        await chain.people.issue(moved, imported, new)
        await chain.drain()

        await books.check(chain)
        customers = {entry.customer for sale in chain.sales for entry in await books.documents(chain, sale)}
        assert len(customers) == 1
        journals = [await chain.people.journal(sale) for sale in chain.sales]
        assert [journal and journal.state for journal in journals] == [State.POSTED] * 4
    finally:
        await chain.close()


@BOTH
async def test_a_deletion_that_nobody_told_of_is_seen_all_the_same(systems: Systems, target: str) -> None:
    """The event of the deletion is lost, and change tracking has to start over: it names only what is still there."""
    chain = Chain(systems, 0)
    try:
        invoice, never = await chain.exported(target), (await chain.issued(target))[0]
        await chain.people.delete(invoice)
        await chain.people.delete(never)
        await chain.events()
        await chain.forget_checkpoints()
        await chain.drain()

        await books.check(chain, may_be_refused=True)
        journal = await chain.people.journal(invoice)
        assert journal is not None
        assert journal.state is State.REFUSED
        assert "deleted in the CRM after it had been exported" in journal.message
        assert [entry.live for entry in await books.documents(chain, invoice)] == [True]
        assert await chain.people.journal(never) is None
    finally:
        await chain.close()


@BOTH
@pytest.mark.parametrize("cancelled_first", [True, False], ids=["cancelled before the posting", "after it"])
async def test_what_was_cancelled_on_its_way_into_the_books_is_taken_back(
    systems: Systems, target: str, *, cancelled_first: bool
) -> None:
    """A refused invoice is mended, and cancelled in the CRM while the journal does not know yet that it is posted."""
    chain = Chain(systems, 1)
    try:
        (sale,) = await chain.issued(target)
        await chain.people.spoil(sale)
        await chain.drain()
        await chain.people.edit(sale, 4)
        await chain.deliver()
        document = await chain.take(target)
        if not cancelled_first:
            chain.held_back.add(RESULTS)
            await chain.handle(document)
        await chain.people.cancel(sale)
        await chain.deliver()
        await chain.work()
        if cancelled_first:
            await chain.handle(document)
        chain.held_back.clear()
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {False}
        journal = await chain.people.journal(sale)
        assert journal is not None
        assert (journal.state, journal.message) == (State.CANCELLED, "")
    finally:
        await chain.close()


@BOTH
async def test_a_retry_pressed_while_a_refusal_is_on_its_way_is_not_lost(systems: Systems, target: str) -> None:
    """The period is opened and Retry pressed before the refusal of a change is in the journal; the event is lost."""
    chain = Chain(systems, 1)
    try:
        (sale,) = await chain.issued(target)
        await chain.close_october(target, closed=True)
        await chain.drain()
        await chain.people.edit(sale, 4)
        chain.held_back.add(RESULTS)
        await chain.deliver()
        await chain.work()
        await chain.timer("sweep")
        await chain.work()
        await chain.close_october(target, closed=False)
        await chain.people.press_retry(sale)
        await chain.events()
        chain.held_back.clear()
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {True}
    finally:
        await chain.close()


@BOTH
async def test_what_is_issued_no_more_on_its_way_into_the_books_is_taken_back(systems: Systems, target: str) -> None:
    """Both the event and the sweep tell of it before the journal knows the invoice at all."""
    chain = Chain(systems, 1)
    try:
        (sale,) = await chain.issued(target)
        await chain.deliver()
        document = await chain.take(target)
        await chain.people.withdraw(sale)
        await chain.deliver()
        await chain.timer("sweep")
        await chain.work()
        await chain.handle(document)
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {False}
    finally:
        await chain.close()


@BOTH
async def test_a_customer_who_is_mended_before_the_refusal_is_in_the_journal_is_heard(
    systems: Systems, target: str
) -> None:
    """The event and the sweep tell of the customer while no refusal hangs on it yet."""
    chain = Chain(systems, 1)
    try:
        customer = await chain.people.customer(target)
        sale = await chain.people.enter(target, customer, 3)
        chain.sales.append(sale)
        await chain.people.activate(customer, active=False)
        await chain.people.issue(sale)
        chain.held_back.add(RESULTS)
        await chain.deliver()
        await chain.work()
        await chain.people.activate(customer)
        await chain.deliver()
        await chain.timer("sweep")
        await chain.work()
        chain.held_back.clear()
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {True}
    finally:
        await chain.close()


async def test_what_is_in_the_books_does_not_follow_its_owner_into_others(systems: Systems) -> None:
    """An invoice that 1C holds is given to a manager of the business unit whose invoices go into SAP."""
    chain = Chain(systems, 1)
    try:
        sale = await chain.exported("onec")
        await chain.people.give(sale, SELLERS["sapb1", "2B"])
        await chain.drain()

        held = await books.state(systems, "sapb1")
        assert sale.number not in books.entries(held, "sapb1")
        assert {entry.live for entry in await books.documents(chain, sale)} == {True}
        told = await chain.people.journal(replace(sale, target="sapb1"))
        assert told is not None
        assert told.state is State.REFUSED
        assert f"{sale.number} of the same sale is in 1C already" in told.message
    finally:
        await chain.close()


@pytest.mark.parametrize("late", ["onec", "sapb1"], ids=["1C is late", "SAP is late"])
async def test_what_moves_on_its_way_into_the_books_is_told_where_it_should_not_be(systems: Systems, late: str) -> None:
    """An invoice is given to the business unit of other books while it is queued for 1C, which nobody knows of yet."""
    chain = Chain(systems, 1)
    try:
        sale = await chain.one("onec")
        moved = replace(sale, target="sapb1")
        first = await chain.take("onec")
        await chain.people.give(sale, SELLERS["sapb1", "2B"])
        await chain.timer("sweep")
        second = await chain.take("sapb1")
        for document in (first, second) if late == "sapb1" else (second, first):
            await chain.handle(document)
        await chain.drain()

        held = {target: await chain.people.journal(replace(sale, target=target)) for target in ("onec", "sapb1")}
        one, other = held["onec"], held["sapb1"]
        assert one is not None and other is not None
        assert (one.state, other.state) == (State.REFUSED, State.POSTED)
        assert f"is in SAP Business One as {other.number} as well" in one.message
        assert f"In accounting: № {one.number}" in one.message
        assert [entry.live for entry in await books.documents(chain, moved)] == [True]
    finally:
        await chain.close()


@BOTH
@pytest.mark.parametrize("sent_before", [False, True], ids=["before the look", "with the document on its way"])
async def test_a_retry_that_meets_a_pause_is_answered_after_it(
    systems: Systems, target: str, *, sent_before: bool
) -> None:
    """What was refused is a change of a document that is in the books; the period is opened, and Retry pressed."""
    chain = Chain(systems, 1)
    try:
        sale = await chain.exported(target)
        await chain.close_october(target, closed=True)
        await chain.people.edit(sale, 4)
        await chain.drain()
        await chain.close_october(target, closed=False)
        await chain.people.press_retry(sale)
        paused = [chain.route(sale).name]
        if sent_before:
            await chain.deliver()
            document = await chain.take(target)
            chain.pause(paused)
            await chain.handle(document)
        else:
            chain.pause(paused)
            await chain.deliver()
        await chain.work()
        await chain.timer("sweep")
        await chain.work()
        chain.pause([])
        await chain.drain()

        await books.check(chain)
    finally:
        await chain.close()


@BOTH
async def test_what_is_issued_again_while_its_cancellation_waits_stands_in_the_books(
    systems: Systems, target: str
) -> None:
    """Cancelled by mistake and issued again at once, unchanged; the reconciliation is a day away."""
    chain = Chain(systems, 1)
    chain.timers = ["sweep"]
    try:
        sale = await chain.exported(target)
        await chain.people.cancel(sale)
        await chain.deliver()
        cancellation = await chain.take(target)
        await chain.people.issue(sale)
        await chain.deliver()
        await chain.timer("sweep")
        await chain.work()
        await chain.handle(cancellation)
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {False, True}
    finally:
        await chain.close()


@BOTH
async def test_what_is_cancelled_again_while_it_is_entered_anew_is_taken_back(systems: Systems, target: str) -> None:
    """Cancelled, issued again, and cancelled once more before that has reached accounting."""
    chain = Chain(systems, 1)
    chain.timers = ["sweep"]
    try:
        sale = await chain.exported(target)
        await chain.people.cancel(sale)
        await chain.drain()
        await chain.people.issue(sale)
        await chain.deliver()
        anew = await chain.take(target)
        await chain.people.cancel(sale)
        await chain.deliver()
        await chain.timer("sweep")
        await chain.work()
        await chain.handle(anew)
        await chain.drain()

        await books.check(chain)
        assert [entry.live for entry in await books.documents(chain, sale) if entry.live] == []
    finally:
        await chain.close()


@BOTH
@pytest.mark.parametrize("closed", [False, True], ids=["it can be made", "the month is closed"])
async def test_a_change_that_is_undone_while_it_waits_leaves_neither_content_nor_refusal(
    systems: Systems, target: str, *, closed: bool
) -> None:
    """The quantity is changed and changed back before the first of it has reached accounting."""
    chain = Chain(systems, 1)
    chain.timers = ["sweep"]
    try:
        sale = await chain.exported(target)
        await chain.close_october(target, closed=closed)
        await chain.people.edit(sale, 4)
        await chain.deliver()
        change = await chain.take(target)
        await chain.people.edit(sale, 3)
        await chain.deliver()
        await chain.timer("sweep")
        await chain.work()
        await chain.handle(change)
        await chain.drain()

        await books.check(chain)
    finally:
        await chain.close()


@BOTH
@pytest.mark.parametrize("posted_first", [True, False], ids=["told in order", "told the other way round"])
async def test_a_customer_who_is_deactivated_after_the_posting_leaves_it_posted(
    systems: Systems, target: str, *, posted_first: bool
) -> None:
    """The sweep comes upon the invoice while the journal does not know yet that it is posted."""
    chain = Chain(systems, 1)
    chain.timers = ["sweep"]
    try:
        customer = await chain.people.customer(target)
        sale = await chain.people.enter(target, customer, 3)
        chain.sales.append(sale)
        await chain.people.issue(sale)
        await chain.deliver()
        await chain.handle(await chain.take(target))
        posted = await chain.take(RESULTS)
        await chain.clock.advance(timedelta(seconds=2))
        await chain.people.activate(customer, active=False)
        await chain.timer("sweep")
        await chain.handle(chain.broker.receive(CHANGES))
        refused = chain.broker.receive(RESULTS)
        for result in (posted, refused) if posted_first else (refused, posted):
            await chain.handle(result)
        await chain.drain()

        await books.check(chain)
    finally:
        await chain.close()


@BOTH
async def test_a_refusal_by_the_row_of_before_hides_no_lost_answer(systems: Systems, target: str) -> None:
    """The invoice is in the books, which nobody was told; it is cancelled while its customer is refused."""
    chain = Chain(systems, 1)
    chain.timers = ["sweep"]
    try:
        customer = await chain.people.customer(target)
        sale = await chain.people.enter(target, customer, 3)
        chain.sales.append(sale)
        await chain.people.issue(sale)
        await chain.deliver()
        document = await chain.take(target)
        await chain.people.activate(customer, active=False)
        await chain.timer("sweep")

        async def away() -> None:
            chain.on(target, "^GET", "before", lose_answer)
            await lose_answer()

        chain.on_creation(target, "after", away)
        await chain.handle(document)
        await chain.clock.advance(timedelta(seconds=2))
        await chain.handle(chain.broker.receive(CHANGES))
        await chain.people.cancel(sale)
        await chain.drain()

        await books.check(chain)
        assert {entry.live for entry in await books.documents(chain, sale)} == {False}
    finally:
        await chain.close()
