"""The payments timer against a real local Dataverse: what it asks about, what reaches the journal and the invoice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.accounting import Exported, Standing
from shared.bus import CHANGES, RESULTS
from shared.dataverse import journal
from shared.dataverse.batch import Operation
from shared.dataverse.journal import STATE_VALUES, stamp
from shared.dataverse.sales import INVOICE
from shared.dataverse.searching import refused_because_of
from shared.errors import Unavailable
from shared.keys import accounting_key
from shared.messages import REFUSED_CHANGE, Reference, Result, State
from shared.passes import BUDGET
from shared.payments import WATCHED, Payments
from shared.refusals import refusal
from shared.settings import Settings
from shared.writeback import Writeback
from tests.builders import record_id, result
from tests.integration.sweep.conftest import PAGE, Organization
from tests.unit.core.fakes import incoming

DELETED = Standing(State.REFUSED, reason=refusal("deleted_in_accounting"))


@dataclass
class Ledger:
    """What accounting would say, by the accounting id; what is not there is not known."""

    says: dict[str, Standing] = field(default_factory=dict)
    asked: list[list[Exported]] = field(default_factory=list)
    failure: Exception | None = None

    async def standings(self, documents: Sequence[Exported]) -> dict[UUID, Standing]:
        """Answer, or fail where told to."""
        if self.failure is not None:
            raise self.failure
        self.asked.append(list(documents))
        return {each.row_id: self.says[each.accounting_id] for each in documents if each.accounting_id in self.says}

    async def close(self) -> None:
        """Hold nothing."""


@dataclass
class Bench:
    """The timer with what it talks to."""

    organization: Organization
    ledger: Ledger = field(default_factory=Ledger)
    mark: bool = False

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.organization.settings.model_copy(update={"mark_invoices_paid": self.mark})

    def payments(self, budget: timedelta = BUDGET, **ledgers: Ledger) -> Payments:
        """Give the step as a fresh process has it."""
        own = self.organization
        given: dict[Any, Ledger] = {**(ledgers or {"onec": self.ledger})}
        return Payments(self.settings, own.ours, own.bus, given, own.clock, budget, PAGE)

    async def exported(self, state: State = State.POSTED, *, status: int = 4, **columns: Any) -> tuple[UUID, UUID]:
        """Enter an invoice that accounting has; give it and its journal row. Its accounting id is its own id."""
        own = self.organization
        invoice, row = await own.invoice(status=status), uuid4()
        body = {
            "acx_accountingexportid": str(row),
            "acx_key": f"onec:invoice:{invoice}",
            "acx_target": "onec",
            "acx_state": STATE_VALUES[state],
            "acx_version": "100",
            "acx_number": "0000-000007",
            "acx_accountingid": str(invoice),
            "acx_changedon": stamp(own.clock.at - timedelta(hours=1)),
            "acx_invoiceid@odata.bind": f"/invoices({invoice})",
        }
        await own.do(Operation("POST", journal.SET, body | columns))
        return invoice, row

    async def row(self, row: UUID) -> dict[str, Any]:
        """Give a journal row."""
        found: dict[str, Any] = await self.organization.admin.get(f"{journal.SET}({row})")
        return found

    async def status(self, invoice: UUID) -> tuple[int, int]:
        """Give an invoice's state and status."""
        found = await self.organization.admin.get(f"invoices({invoice})")
        return found["statecode"], found["statuscode"]

    async def run(self) -> list[Result]:
        """Let the timer fire and the journal be written; give the results in between."""
        own = self.organization
        await self.payments().run()
        sent = [envelope.body for queue, envelope in own.bus.sent if queue == RESULTS]
        await self.written(*sent)
        return [Result.decode(body) for body in sent]

    async def written(self, *bodies: bytes) -> None:
        """Let the journal be written."""
        own = self.organization
        step = Writeback(self.settings, own.ours, own.bus, own.clock)
        await step.handle([incoming(RESULTS, body, f"m{number}") for number, body in enumerate(bodies)])

    def references(self) -> list[Reference]:
        """Give the references that were sent."""
        return [Reference.decode(one.body) for queue, one in self.organization.bus.sent if queue == CHANGES]


@pytest.fixture
def bench(organization: Organization) -> Bench:
    return Bench(organization)


async def test_a_payment_shows_in_the_journal_and_nothing_else_changes(bench: Bench) -> None:
    invoice, row = await bench.exported()
    before = await bench.row(row)
    bench.ledger.says[str(invoice)] = Standing(State.PARTIALLY_PAID, Decimal("40.50"))

    await bench.run()
    after = await bench.row(row)

    assert (after["acx_state"], after["acx_paidamount"]) == (STATE_VALUES[State.PARTIALLY_PAID], Decimal("40.50"))
    kept = {name for name in before if name.startswith("acx_")} - {"acx_state", "acx_paidamount", "acx_changedon"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert await bench.status(invoice) == (0, 4)


async def test_a_second_run_says_nothing(bench: Bench) -> None:
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    assert len(await bench.run()) == 1
    bench.organization.bus.sent.clear()

    assert await bench.run() == []


async def test_unpaid_is_no_news(bench: Bench) -> None:
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.POSTED, Decimal(0))

    assert await bench.run() == []


async def test_the_ledger_is_asked_with_the_key_of_the_generation(bench: Bench) -> None:
    invoice, row = await bench.exported(acx_generation=2)
    organization = bench.settings.dataverse_organization_id

    await bench.run()

    fence = accounting_key(organization, "onec", "invoice", invoice, 2)
    assert bench.ledger.asked == [[Exported(row, "invoice", str(invoice), fence, State.POSTED)]]


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        (State.POSTED, True),
        (State.EXPORTED, True),
        (State.PARTIALLY_PAID, True),
        (State.DRAFT, True),
        (State.REFUSED, True),
        (State.PAID, True),
        (State.SETTLED, True),
        (State.RETRYING, False),
        (State.CANCELLED, False),
        (State.BOUND, False),
    ],
)
async def test_which_documents_are_asked_about(bench: Bench, state: State, asked: bool) -> None:
    await bench.exported(state)
    await bench.run()
    assert len(bench.ledger.asked) == asked


@pytest.mark.parametrize("state", [State.PAID, State.SETTLED])
async def test_what_has_been_paid_for_long_is_not_asked_about(bench: Bench, state: State) -> None:
    await bench.exported(state, acx_changedon=stamp(bench.organization.clock.at - WATCHED - timedelta(days=1)))
    await bench.run()
    assert bench.ledger.asked == []


async def test_without_an_accounting_id_nothing_is_asked(bench: Bench) -> None:
    await bench.exported(State.REFUSED, acx_accountingid=None)
    await bench.run()
    assert bench.ledger.asked == []


async def test_a_row_that_somebody_broke_holds_up_nobody(bench: Bench) -> None:
    await bench.exported(acx_key="onec:invoice:typed by hand")
    await bench.exported(acx_key="nonsense")
    _, row = await bench.exported()
    await bench.run()
    assert [[each.row_id for each in page] for page in bench.ledger.asked] == [[row]]


async def test_deleted_in_accounting_is_a_refusal_and_goes_back_once_it_is_there_again(bench: Bench) -> None:
    invoice, row = await bench.exported()
    bench.ledger.says[str(invoice)] = DELETED
    await bench.run()
    refused = await bench.row(row)
    assert refused["acx_state"] == STATE_VALUES[State.REFUSED]
    assert "was deleted or marked for deletion in accounting. In accounting: № 0000-000007." in refused["acx_message"]
    assert refused["acx_number"] == "0000-000007"

    bench.organization.bus.sent.clear()
    assert await bench.run() == []
    assert bench.references() == []

    bench.ledger.says[str(invoice)] = Standing(State.POSTED, Decimal(0))
    assert await bench.run() == []
    assert [(one.table, one.id, one.cause) for one in bench.references()] == [("invoice", invoice, "payments")]


async def test_another_refusal_stays_and_the_payment_is_shown_beside_it(bench: Bench) -> None:
    bench.mark = True
    said, card = "Invoice X: changed. Accountant: correct it.", f"account:{bench.organization.account}"
    invoice, row = await bench.exported(State.REFUSED, acx_message=said, acx_hangson=json.dumps([card]))
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))

    await bench.run()
    after = await bench.row(row)

    assert (after["acx_state"], after["acx_paidamount"]) == (STATE_VALUES[State.PAID], 100)
    assert after["acx_message"] == said
    assert bench.references() == []
    assert await bench.status(invoice) == (0, 4), "a refused change may still be taken back"
    assert await refused_because_of(bench.organization.ours, [card]) == {card: [(INVOICE, invoice)]}

    bench.organization.bus.sent.clear()
    assert await bench.run() == []

    bench.ledger.says[str(invoice)] = Standing(State.POSTED, Decimal(0))
    await bench.run()
    after = await bench.row(row)
    assert (after["acx_state"], after["acx_paidamount"]) == (STATE_VALUES[State.REFUSED], 0)
    assert after["acx_message"] == said
    assert [one.id for one in bench.references()] == [invoice], "it may have been refused because it was paid"


async def test_a_refused_change_that_was_taken_back_closes_the_paid_invoice(bench: Bench) -> None:
    bench.mark = True
    invoice, row = await bench.exported(State.PAID, acx_hash=REFUSED_CHANGE, acx_message="Invoice X: changed.")
    known = journal.read(await bench.row(row))
    held = result(
        id=invoice,
        organization_id=bench.settings.dataverse_organization_id,
        version=100,
        number=known.number,
        accounting_id=known.accounting_id,
        hash="h",
        written_hash="h",
        at=bench.organization.clock.at,
    )
    await bench.written(held.encode())
    after = await bench.row(row)
    assert (after["acx_state"], after["acx_message"] or "") == (STATE_VALUES[State.PAID], "")
    assert await bench.status(invoice) == (2, 100001)


async def test_a_draft_that_was_approved_is_looked_at_by_the_connector(bench: Bench) -> None:
    invoice, _ = await bench.exported(State.DRAFT, acx_accountingid="Drafts(3)")
    bench.ledger.says["Drafts(3)"] = Standing(State.DRAFT, look_again=True)

    assert await bench.run() == []
    assert [one.id for one in bench.references()] == [invoice]


async def test_rule_20_a_reversal_is_shown_and_the_invoice_is_not_reopened(bench: Bench) -> None:
    bench.mark = True
    invoice, row = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert await bench.status(invoice) == (2, 100001)

    bench.organization.bus.sent.clear()
    bench.ledger.says[str(invoice)] = Standing(State.POSTED, Decimal(0))
    await bench.run()
    after = await bench.row(row)

    assert (after["acx_state"], after["acx_paidamount"]) == (STATE_VALUES[State.POSTED], 0)
    assert "a payment was taken back in accounting" in after["acx_message"]
    assert await bench.status(invoice) == (2, 100001)

    bench.organization.bus.sent.clear()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert not (await bench.row(row))["acx_message"]


# --- the invoice


async def test_by_default_the_invoice_is_left_alone(bench: Bench) -> None:
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert await bench.status(invoice) == (0, 4)


async def test_a_fully_paid_invoice_is_set_paid_once(bench: Bench) -> None:
    bench.mark = True
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert await bench.status(invoice) == (2, 100001)

    version = (await bench.organization.admin.get(f"invoices({invoice})"))["versionnumber"]
    await bench.written(*(envelope.body for queue, envelope in bench.organization.bus.sent if queue == RESULTS))
    assert (await bench.organization.admin.get(f"invoices({invoice})"))["versionnumber"] == version


@pytest.mark.parametrize("standing", [Standing(State.PARTIALLY_PAID, Decimal(1)), Standing(State.SETTLED, Decimal(0))])
async def test_only_payments_set_it_paid(bench: Bench, standing: Standing) -> None:
    bench.mark = True
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = standing
    await bench.run()
    assert await bench.status(invoice) == (0, 4)


async def test_a_cancelled_invoice_stays_cancelled(bench: Bench) -> None:
    bench.mark = True
    invoice, _ = await bench.exported()
    await bench.organization.do(Operation("PATCH", f"invoices({invoice})", {"statecode": 3, "statuscode": 100003}))
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert await bench.status(invoice) == (3, 100003)


async def test_a_crash_between_journal_and_invoice_is_made_good_by_the_message(bench: Bench) -> None:
    invoice, _ = await bench.exported()
    bench.ledger.says[str(invoice)] = Standing(State.PAID, Decimal(100))
    await bench.run()
    assert await bench.status(invoice) == (0, 4), "as if it had crashed here"

    bench.mark = True
    await bench.written(*(envelope.body for queue, envelope in bench.organization.bus.sent if queue == RESULTS))
    assert await bench.status(invoice) == (2, 100001)


# --- pages, stops, outages


async def test_every_page_is_read_and_asked_in_one_go(bench: Bench) -> None:
    for _ in range(2 * PAGE + 1):
        await bench.exported()
    await bench.run()
    assert [len(page) for page in bench.ledger.asked] == [PAGE, PAGE, 1]


async def test_a_run_that_is_stopped_goes_on_where_it_was(bench: Bench) -> None:
    rows = {(await bench.exported())[1] for _ in range(2 * PAGE)}
    bench.organization.clock.step = timedelta(minutes=1)
    await bench.payments(timedelta(minutes=3)).run()
    assert len(bench.ledger.asked) == 1

    bench.organization.clock.step = timedelta(0)
    await bench.run()

    assert len(bench.ledger.asked) == 2
    assert {each.row_id for page in bench.ledger.asked for each in page} == rows


async def test_an_outage_of_one_system_does_not_hold_up_the_other(bench: Bench) -> None:
    invoice, _ = await bench.exported(acx_target="sapb1", acx_key=f"sapb1:invoice:{record_id(1)}")
    other, _ = await bench.exported()
    down, up = Ledger(failure=Unavailable("1C", "down")), Ledger()
    counts = await bench.payments(onec=down, sapb1=up).run()
    assert counts == {"sapb1": 0}
    assert [each.accounting_id for each in up.asked[0]] == [str(invoice)]

    down.failure = None
    await bench.payments(onec=down).run()
    assert [each.accounting_id for each in down.asked[0]] == [str(other)]
