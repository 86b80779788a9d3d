"""The reconciliation against a real Dataverse, three rows a page."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.dataverse.batch import Operation
from shared.dataverse.journal import STATE_VALUES, stamp
from shared.messages import State
from tests.integration.sweep.conftest import NEW, Organization

LONG_AGO = datetime.now(UTC) - timedelta(hours=2)
HELD: dict[str, object] = {"acx_accountingid": "ref-1"}


async def journalled(organization: Organization, invoice: UUID, state: State, **columns: object) -> None:
    """Let the journal say something of an invoice; by default in a version that nothing has overtaken."""
    row = {
        "acx_key": f"onec:invoice:{invoice}",
        "acx_target": "onec",
        "acx_state": STATE_VALUES[state],
        "acx_version": str(10**12),
        "acx_changedon": stamp(datetime.now(UTC)),
        "acx_invoiceid@odata.bind": f"/invoices({invoice})",
    }
    await organization.do(Operation("POST", "acx_accountingexports", row | columns))


@pytest.mark.parametrize(
    ("state", "columns", "found"),
    [
        pytest.param(State.POSTED, {}, False, id="in the books"),
        pytest.param(State.POSTED, {"acx_version": "1"}, True, id="stale"),
        pytest.param(State.RETRYING, {}, False, id="waits for a moment"),
        pytest.param(State.RETRYING, {"acx_changedon": stamp(LONG_AGO)}, True, id="waits too long"),
        pytest.param(State.PAUSED, {"acx_changedon": stamp(LONG_AGO)}, True, id="the pause is over"),
        pytest.param(State.REFUSED, {"acx_changedon": stamp(LONG_AGO)}, False, id="refused, and nothing mended"),
        pytest.param(State.REFUSED, {"acx_retry": True}, True, id="retry pressed"),
    ],
)
async def test_what_needs_a_look(
    organization: Organization, state: State, columns: dict[str, object], found: bool
) -> None:
    invoice = await organization.invoice()
    await journalled(organization, invoice, state, **columns)

    await organization.reconciliation().run()

    assert organization.referred() == ([invoice] if found else [])


async def test_what_is_missing_is_found_and_what_is_not_due_is_not(organization: Organization) -> None:
    missing = [await organization.invoice() for _ in range(4)]
    await organization.invoice(status=NEW)
    await organization.invoice(dated="2026-06-30")

    await organization.reconciliation().run()

    assert sorted(organization.referred()) == sorted(missing)


@pytest.mark.parametrize(
    ("state", "columns", "found"),
    [
        pytest.param(State.POSTED, HELD | {"acx_version": "1"}, True, id="written after it was taken back"),
        pytest.param(State.POSTED, HELD, False, id="known to be issued no more"),
        pytest.param(State.CANCELLED, HELD | {"acx_version": "1"}, False, id="taken back"),
        pytest.param(State.RETRYING, {"acx_changedon": stamp(LONG_AGO)}, True, id="taking it back waits too long"),
        pytest.param(
            State.WAITING, {"acx_version": "1", "acx_changedon": stamp(LONG_AGO)}, False, id="not in the books"
        ),
    ],
)
async def test_what_is_not_issued_any_more_is_looked_at_where_the_books_may_hold_it(
    organization: Organization, state: State, columns: dict[str, object], found: bool
) -> None:
    invoice = await organization.invoice(status=NEW)
    await journalled(organization, invoice, state, **columns)

    await organization.reconciliation().run()

    assert organization.referred() == ([invoice] if found else [])


async def test_a_run_that_is_out_of_time_goes_on_where_it_was(organization: Organization) -> None:
    missing = [await organization.invoice() for _ in range(8)]
    organization.clock.step = timedelta(seconds=1)
    found: list[UUID] = []
    for _ in range(3):
        await organization.reconciliation(budget=timedelta(seconds=8)).run()
        found += organization.referred()

    assert set(found) == set(missing)


async def test_a_document_whose_deletion_nobody_told_of_is_found_by_its_journal_row(organization: Organization) -> None:
    kept, deleted, withdrawn = [await organization.invoice() for _ in range(3)]
    for invoice, state in ((kept, State.POSTED), (deleted, State.POSTED), (withdrawn, State.CANCELLED)):
        await journalled(organization, invoice, state)
    broken = {"acx_key": "onec:invoice:by hand", "acx_target": "onec", "acx_state": STATE_VALUES[State.POSTED]}
    await organization.do(
        Operation("POST", "acx_accountingexports", broken),
        *(Operation("DELETE", f"invoices({invoice})") for invoice in (deleted, withdrawn)),
    )

    await organization.reconciliation().run()

    assert organization.referred() == [deleted]
