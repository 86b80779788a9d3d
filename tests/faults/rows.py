"""The rows of the matrix: what goes wrong, each as it strikes 1C and SAP Business One alike.

A row lets an invoice (or some) live through its fault and brings the chain to rest; what must be true then is in
``books``. It asserts only what is its own: that the fault did strike, and what the journal said meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from infra.demo.company import inn
from shared.bus import CHANGES, RESULTS, Envelope
from shared.dataverse.batch import Operation
from shared.messages import State
from tests.faults import books
from tests.faults.company import Sale
from tests.faults.edge import JOURNAL, POSTED_IN_ONEC, READING, crash, lose_answer
from tests.faults.harness import Chain

Run = Callable[[Chain, str], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A row: its name, what happens, and whether a refusal that says why is a right end of it, by target."""

    name: str
    run: Run
    refusable: tuple[str, ...] = ()


ROWS: list[Row] = []
BOTH = ("onec", "sapb1")
SAP = ("sapb1",)
"""What SAP Business One has been given is not changed there: the accountant is told."""


def row(name: str, refusable: tuple[str, ...] = ()) -> Callable[[Run], Run]:
    """Register a row."""

    def add(run: Run) -> Run:
        ROWS.append(Row(name, run, refusable))
        return run

    return add


async def _state(chain: Chain, invoice: Sale) -> State | None:
    journal = await chain.people.journal(invoice)
    return None if journal is None else journal.state


async def _waits(chain: Chain, invoice: Sale) -> None:
    """Assert that the journal says of what could not be done now that it will be, and why it was not."""
    journal = await chain.people.journal(invoice)
    assert journal is not None
    assert journal.state is State.RETRYING
    assert "Nobody has to do anything" in journal.message


# --- messages


@row("duplicate delivery")
async def duplicate_delivery(chain: Chain, target: str) -> None:
    """Every event comes twice, and of every message the first completion does not arrive."""
    await chain.issued(target)
    events = await chain.events()
    chain.broker.lost_completions = 8
    await chain.deliver([event for event in events for _ in range(2)])
    await chain.drain()
    assert not chain.broker.lost_completions


@row("concurrent delivery")
async def concurrent_delivery(chain: Chain, target: str) -> None:
    """Three processes work on the same document at the same time."""
    await chain.one(target)
    delivery = await chain.take(target)
    chain.broker.lose_lock(delivery)
    copies = [delivery]
    for _ in range(2):
        copies.append(chain.broker.receive(target))
        chain.broker.lose_lock(copies[-1])
    copies.append(chain.broker.receive(target))
    await asyncio.gather(*(chain.handle(each) for each in copies))
    await chain.drain()


@row("reordering", SAP)
async def reordering(chain: Chain, target: str) -> None:
    """Events of several states of several invoices arrive in any order, and so does everything that follows."""
    invoices = await chain.issued(target, count=3)
    for quantity in (5, 7):
        for invoice in invoices:
            await chain.people.edit(invoice, quantity)
    events = await chain.events()
    chain.choice.shuffle(events)
    chain.broker.shuffled = True
    for event in events:
        await chain.deliver([event])
        await chain.work(chain.choice.randint(0, 4))
    await chain.drain()


@row("lost webhook", SAP)
async def lost_webhook(chain: Chain, target: str) -> None:
    """No event of one invoice ever comes, and of another one not that of its last change."""
    first = await chain.issued(target)
    await chain.events()
    second = await chain.exported(target)
    for invoice in (*first, second):
        await chain.people.edit(invoice, 9)
    await chain.events()
    await chain.drain()


@row("poison")
async def poison(chain: Chain, target: str) -> None:
    """What can't be read lies among the messages of an invoice, on every queue."""
    await chain.issued(target)
    for number, queue in enumerate((CHANGES, target, RESULTS)):
        body = chain.choice.choice(
            [b"", b"\xff\xfe", b"{}", b'{"kind": "reference"}', b"\x1f\x8bnot gzip", b"[" * 9999]
        )
        session = "lane-0" if queue == target else None
        await chain.broker.send(queue, [Envelope(body, f"poison {number}", session)])
    chain.poisoned = 3
    await chain.deliver()
    await chain.drain()
    assert all(each.envelope.properties["reason"] for each in chain.broker.queues["poison"])


@row("the queue refuses")
async def queue_refuses(chain: Chain, target: str) -> None:
    """Service Bus takes no messages: webhooks are answered 503 and lost, steps raise, and messages come again."""
    await chain.issued(target)
    chain.broker.refusing = chain.choice.randint(1, 8)
    await chain.deliver()
    await chain.drain()
    assert not chain.broker.refusing


# --- crashes and lost answers


@row("crash before the document is sent")
async def crash_before(chain: Chain, target: str) -> None:
    """The process dies with the request on its lips."""
    chain.on_creation(target, "before", crash)
    await chain.exported(target)
    assert chain.crashes == 1


@row("crash after POST before anything else")
async def crash_after(chain: Chain, target: str) -> None:
    """The process dies with the answer unread; the next one dies too."""
    chain.on_creation(target, "after", crash)
    if chain.choice.random() < 0.5:
        chain.on(target, ".", "before", crash, skip=chain.choice.randint(4, 12))
    await chain.exported(target)
    assert chain.crashes >= 1


@row("answer lost after the work was done")
async def lost_answer(chain: Chain, target: str) -> None:
    """Accounting did the work, and the connection broke."""
    if chain.choice.random() < 0.5:
        chain.systems.fault(target, "drop_after", match="POST", times=chain.choice.randint(1, 6))
    else:
        chain.on_creation(target, "after", lose_answer)
        if target == "onec":
            chain.on(target, POSTED_IN_ONEC, "after", lose_answer)
    await chain.exported(target)


@row("crash before the journal is written")
async def crash_before_journal(chain: Chain, target: str) -> None:
    """Accounting holds the document, and nobody knows yet."""
    chain.on("dataverse", JOURNAL, "before", crash)
    await chain.exported(target)
    assert chain.crashes == 1


@row("crash after the journal was written")
async def crash_after_journal(chain: Chain, target: str) -> None:
    """The result comes again though the journal has it."""
    chain.on("dataverse", JOURNAL, "after", crash)
    await chain.exported(target)
    assert chain.crashes == 1


@row("crashes anywhere", SAP)
async def crashes_anywhere(chain: Chain, target: str) -> None:
    """Processes die around any request, while invoices are changed."""
    invoices = await chain.issued(target, count=2)
    for _ in range(3):
        system, when = chain.choice.choice(["dataverse", target]), chain.choice.choice(["before", "after"])
        chain.on(system, ".", when, crash, skip=chain.choice.randint(0, 15))
    await chain.deliver()
    await chain.work()
    await chain.people.edit(invoices[0], 8)
    await chain.drain()


# --- systems that are away


@row("429")
async def too_many_requests(chain: Chain, target: str) -> None:
    """Accounting and Dataverse ask for a pause."""
    invoice = await chain.one(target)
    for name in (target, "dataverse"):
        times = chain.choice.randint(1, 4)
        chain.systems.fault(name, "status", status=429, retry_after=7, times=times, match="/odata|/b1s|/api/data")
    await chain.work()
    assert chain.broker.waiting()
    for _ in range(10):
        await chain.clock.advance(timedelta(seconds=8))
        await chain.work()
    chain.systems.behave("dataverse")
    await chain.drain()
    assert await _state(chain, invoice) is State.POSTED


@row("session expired")
async def session_expired(chain: Chain, target: str) -> None:
    """Sessions and tokens end while documents come."""
    await chain.exported(target)
    for _ in range(2):
        await chain.systems.local("dataverse", "tokens", "DELETE")
        await chain.systems.local(target, "sessions/expire" if target == "onec" else "expire")
        await chain.one(target)
        await chain.work()
    await chain.drain()
    assert chain.clock.now() - chain.clock.started < timedelta(hours=12)


@row("5xx for ten minutes")
async def ten_minutes(chain: Chain, target: str) -> None:
    """Accounting is away, and some more invoices come."""
    chain.outage(target, 10)
    invoice = await chain.one(target)
    await chain.work()
    await _waits(chain, invoice)
    await chain.one(target)
    await chain.drain()


@row("Dataverse away for ten minutes")
async def dataverse_away(chain: Chain, target: str) -> None:
    """Rows can't be read, the journal can't be written."""
    await chain.one(target)
    await chain.take(chain.choice.choice([CHANGES, target, RESULTS]))
    chain.systems.fault("dataverse", "status", status=503, times=10**6, match="/api/data")
    await chain.work()
    await chain.clock.advance(timedelta(minutes=10))
    await chain.work()
    chain.systems.behave("dataverse")
    await chain.drain()


@row("HTML with 200, a page cut short")
async def not_what_was_asked(chain: Chain, target: str) -> None:
    """Something in between answers in the place of the system."""
    (invoice,) = await chain.issued(target)
    await chain.deliver()
    chain.systems.fault(target, "html", times=chain.choice.randint(1, 5), skip=chain.choice.randint(0, 3))
    chain.systems.fault("dataverse", "html", times=2, match="/api/data", skip=chain.choice.randint(0, 3))
    chain.systems.fault("dataverse", "cut", times=chain.choice.randint(1, 3), match="GET \\S*/api/data")
    await chain.work()
    chain.systems.behave("dataverse")
    await chain.drain()
    assert await _state(chain, invoice) is State.POSTED


@row("an answer slower than the lock")
async def slow_answer(chain: Chain, target: str) -> None:
    """While accounting takes its time the lock runs out, and others do the work again."""
    chain.on_creation(target, "after", chain.others_work)
    await chain.exported(target)


@row("clock wrong by ten minutes", SAP)
async def wrong_clock(chain: Chain, target: str) -> None:
    """The bridge's clock is ahead or behind, and accounting is away for a while."""
    chain.skew = timedelta(minutes=chain.choice.choice([-10, 10]))
    chain.outage(target, 2)
    invoice = await chain.exported(target)
    chain.skew = -chain.skew
    await chain.people.edit(invoice, 6)
    await chain.drain()


@row("secret rotated")
async def secret_rotated(chain: Chain, target: str) -> None:
    """Accounting or Dataverse takes another secret than the settings have, until somebody enters it."""
    name = chain.choice.choice([f"{target.upper()}_PASSWORD", "DATAVERSE_CLIENT_SECRET"])
    right = chain.systems.environment()[name]
    chain.configure(**{name: "the old one"})
    invoice = await chain.one(target)
    await chain.work()
    if not name.startswith("DATAVERSE"):
        await _waits(chain, invoice)
    await chain.clock.advance(timedelta(minutes=30))
    await chain.work()
    chain.configure(**{name: right})
    await chain.drain()
    assert await _state(chain, invoice) is State.POSTED


# --- refusals


@row("part of a batch fails")
async def part_of_a_batch(chain: Chain, target: str) -> None:
    """Of three invoices one is wrong; the journal row of another one is changed by somebody while it is written."""
    first, second, third = await chain.issued(target, count=3)
    await chain.people.spoil(second)
    await chain.deliver()
    chain.held_back.add(RESULTS)
    await chain.work()
    chain.held_back.clear()

    async def somebody_else() -> None:
        body = {"acx_key": third.key, "acx_target": target, "acx_invoiceid@odata.bind": f"/invoices({third.id})"}
        await chain.people.do(Operation("POST", "acx_accountingexports", body))

    chain.on("dataverse", JOURNAL, "before", somebody_else)
    await chain.work()
    assert await _state(chain, second) is State.REFUSED
    assert await _state(chain, first) is await _state(chain, third) is State.POSTED
    await chain.people.edit(second, 4)
    await chain.drain()
    assert await _state(chain, second) is State.POSTED


@row("closed period")
async def closed_period(chain: Chain, target: str) -> None:
    """The month is closed: what is in the books already stays Posted, what is new is refused until it is opened."""
    posted = await chain.exported(target)
    await chain.close_october(target, closed=True)
    refused = await chain.one(target)
    await chain.people.do(Operation("PATCH", f"invoices({posted.id})", {"name": "Another title"}))
    await chain.drain()
    assert await _state(chain, posted) is State.POSTED
    assert await _state(chain, refused) is State.REFUSED
    await chain.close_october(target, closed=False)
    await chain.people.press_retry(refused)
    await chain.drain()
    assert await _state(chain, refused) is State.POSTED


# --- at most once, and the last state wins


@row("two workers in the books at once after a lost lock")
async def two_workers(chain: Chain, target: str) -> None:
    """A worker loses its lane just before it writes; the next one writes; then the first one goes on."""
    chain.on_creation(target, "before", chain.others_work)
    if target == "onec":
        chain.on(target, POSTED_IN_ONEC, "before", chain.others_work)
    await chain.exported(target)


@row("moved to another customer in between", BOTH)
async def moved(chain: Chain, target: str) -> None:
    """The document is on its way in one lane, and its invoice goes to a customer of another one."""
    invoice = await chain.one(target)
    other = await chain.people.customer(target)

    async def move() -> None:
        await chain.people.move(invoice, other)
        await chain.deliver()
        await chain.others_work()

    chain.on_creation(target, chain.choice.choice(["before", "after"]), move)
    await chain.drain()


@row("create delayed while cancel passes", SAP)
async def cancel_passes(chain: Chain, target: str) -> None:
    """Accounting is away when the invoice should be created; it is cancelled before the next attempt."""
    chain.outage(target, 1)
    invoice = await chain.one(target)
    await chain.work()
    await _waits(chain, invoice)
    await chain.people.cancel(invoice)
    await chain.drain()


@row("create in the books while cancel passes", SAP)
async def cancel_passes_in_flight(chain: Chain, target: str) -> None:
    """The request that creates it is on its way when the invoice is cancelled, and arrives after that."""
    invoice = await chain.one(target)

    async def cancel() -> None:
        await chain.people.cancel(invoice)
        await chain.deliver()
        await chain.others_work()

    chain.on_creation(target, "before", cancel)
    await chain.drain()


@row("a slow export overtaken by a quick one", SAP)
async def slow_export(chain: Chain, target: str) -> None:
    """The row was read before it was changed; the newer state is in the books when the older one gets there."""
    invoice = await chain.one(target)

    async def change() -> None:
        await chain.people.edit(invoice, 7)
        await chain.deliver()
        await chain.others_work()

    chain.on("dataverse", READING, "after", change)
    await chain.drain()


@row("results in any order", SAP)
async def results_in_any_order(chain: Chain, target: str) -> None:
    """Results about several states of an invoice lie on the queue and are taken in any order, one by one."""
    chain.held_back.add(RESULTS)
    invoice = await chain.one(target)
    await chain.work()
    for quantity in (5, 6):
        await chain.people.edit(invoice, quantity)
        await chain.deliver()
        await chain.work()
    chain.choice.shuffle(chain.broker.queues[RESULTS])
    for number, message in enumerate(chain.broker.queues[RESULTS]):
        message.number = number
    chain.held_back.clear()
    while chain.broker.queues[RESULTS]:
        await chain.handle(chain.broker.receive(RESULTS, most=1))
    await chain.drain()


@row("versions falling after a restore (epoch)", SAP)
async def restored(chain: Chain, target: str) -> None:
    """The CRM was restored: its versions are lower than those in the journal, until the operator raises the epoch."""
    invoice = await chain.exported(target)
    journal = await chain.people.journal(invoice)
    assert journal is not None
    ahead = {"acx_version": str(journal.version + 10**9)}
    await chain.people.do(Operation("PATCH", f"acx_accountingexports({journal.row})", ahead))
    await chain.people.edit(invoice, 11)
    await chain.deliver()
    await chain.work()
    chain.configure(EPOCH=str(10**10), EPOCH_SEEN=str(10**10))
    await chain.drain()


@row("a document deleted in accounting", BOTH)
async def deleted_in_accounting(chain: Chain, target: str) -> None:
    """An accountant takes the document away; the invoice is changed afterwards: it is told, and not created anew."""
    invoice = await chain.exported(target)
    journal = await chain.people.journal(invoice)
    assert journal is not None
    entity = books.SCHET if target == "onec" else "Invoices"
    await chain.accountant.take_away(target, entity, journal.accounting_id)
    await chain.people.edit(invoice, 12)
    await chain.drain()
    assert await _state(chain, invoice) is State.REFUSED


@row("accounts merged in the CRM", BOTH)
async def merged(chain: Chain, target: str) -> None:
    """Two accounts of one company become one while its invoices are written, and one of them is changed later.

    What is in the books keeps its customer there; what comes after the merge gets the same one.
    """
    serial = chain.systems.serial()
    number = inn(f"61{serial:07d}") if target == "onec" else f"SI{90_000_000 + serial}"
    gone, stays = [await chain.people.customer(target, tax_number=number) for _ in range(2)]
    before, between, after = [await chain.people.enter(target, gone, quantity) for quantity in (3, 4, 5)]
    chain.sales += [before, between, after]
    await chain.people.issue(before)
    await chain.drain()
    await chain.people.issue(between)
    await chain.deliver()

    async def merge() -> None:
        await chain.people.merge(gone, stays)
        await chain.deliver()

    chain.on_creation(target, chain.choice.choice(["before", "after"]), merge)
    await chain.drain()
    await chain.people.issue(after)
    await chain.drain()
    assert await _state(chain, after) is State.POSTED
    customers = {
        entry.customer
        for each in (before, between, after)
        for entry in await books.documents(chain, each)
        if entry.live
    }
    assert len(customers) == 1, "one company, one customer in accounting"
