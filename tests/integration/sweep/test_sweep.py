"""The sweep against a real change-tracking interface, three rows a page."""

from datetime import timedelta

import httpx
import pytest

from shared.dataverse.batch import Operation
from shared.errors import Unavailable
from tests.integration.sweep.conftest import NEW, Organization


async def test_a_first_pass_refers_only_to_what_may_be_exported(organization: Organization) -> None:
    due = [await organization.invoice() for _ in range(4)]
    await organization.invoice(status=NEW)
    await organization.invoice(dated="2026-06-30")

    await organization.sweep().run()

    assert sorted(organization.referred()) == sorted(due)


async def test_after_the_first_pass_every_change_counts_and_only_it(organization: Organization) -> None:
    await organization.invoice()
    await organization.sweep().run()
    organization.referred()

    draft = await organization.invoice(status=NEW)
    await organization.sweep().run()
    assert organization.referred() == [draft]

    await organization.sweep().run()
    assert organization.bus.sent == []


async def test_a_changed_line_customer_and_a_deletion_are_seen(organization: Organization) -> None:
    kept, gone = await organization.invoice(), await organization.invoice()
    await organization.sweep().run()
    organization.referred()

    line = await organization.line(kept)
    await organization.do(
        Operation("PATCH", f"accounts({organization.account})", {"name": "Renamed"}),
        Operation("DELETE", f"invoices({gone})"),
    )
    await organization.sweep().run()

    sent = list(organization.bus.sent)
    assert sorted(organization.referred()) == sorted([kept, gone])
    organization.bus.sent[:] = sent
    assert line in organization.referred("invoicedetail")
    organization.bus.sent[:] = sent
    assert organization.referred("account") == [organization.account]


async def test_a_run_that_is_out_of_time_goes_on_where_it_was(organization: Organization) -> None:
    due = [await organization.invoice() for _ in range(8)]
    organization.clock.step = timedelta(seconds=1)
    found = []
    for _ in range(40):
        await organization.sweep(budget=timedelta(seconds=4)).run()
        found += organization.referred()
    assert sorted(found) == sorted(due)


async def test_a_page_that_was_not_enqueued_is_read_again(organization: Organization) -> None:
    due = [await organization.invoice() for _ in range(5)]
    organization.bus.failure = Unavailable("Service Bus", "away")
    with pytest.raises(Unavailable):
        await organization.sweep().run()
    organization.bus.failure = None

    await organization.sweep().run()

    assert sorted(organization.referred()) == sorted(due)


async def test_an_expired_token_starts_over_by_itself(organization: Organization) -> None:
    due = [await organization.invoice() for _ in range(2)]
    await organization.sweep().run()
    organization.referred()
    draft = await organization.invoice(status=NEW)

    async with httpx.AsyncClient(trust_env=False) as client:
        shift = {"shift_seconds": 9 * 24 * 3600}
        (await client.post(f"{organization.url}/_local/clock", json=shift)).raise_for_status()
    organization.ours.forget_token()
    organization.admin.forget_token()
    await organization.sweep().run()

    found = organization.referred()
    assert sorted(found) == sorted(due)
    assert draft not in found


async def test_a_page_that_is_read_twice_gives_the_same_message_ids(organization: Organization) -> None:
    await organization.invoice()
    await organization.sweep().run()
    first = [envelope.message_id for _, envelope in organization.bus.sent]
    organization.bus.sent.clear()
    changed = await organization.invoice()
    organization.bus.failure = None
    await organization.sweep().run()
    once = [envelope.message_id for _, envelope in organization.bus.sent]
    assert len(set(once)) == len(once)
    assert not set(once) & set(first)
    assert changed in organization.referred()


async def test_pressed_retries_are_found_without_their_event(organization: Organization) -> None:
    invoice = await organization.invoice()
    row = {"acx_key": f"onec:invoice:{invoice}", "acx_retry": True, "acx_invoiceid@odata.bind": f"/invoices({invoice})"}
    await organization.do(Operation("POST", "acx_accountingexports", row))

    await organization.sweep().run()

    assert len(organization.referred("acx_accountingexport")) == 1


async def test_a_retry_that_is_pressed_on_a_customer_is_not_swept_up_for_ever(organization: Organization) -> None:
    await organization.invoice()
    customer = organization.account
    row = {
        "acx_key": f"onec:account:{customer}",
        "acx_retry": True,
        "acx_accountid@odata.bind": f"/accounts({customer})",
    }
    await organization.do(Operation("POST", "acx_accountingexports", row))

    await organization.sweep().run()

    assert organization.referred("acx_accountingexport") == []
