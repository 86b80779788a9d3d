"""What a cancellation in the CRM does to the books, and what it leaves to the accountant: rules 7, 20, 21 and 22."""

import contextlib
from typing import Any

import pytest

from shared.errors import Misconfigured, Refused, Unavailable
from shared.messages import State
from tests.integration.onec_connector.conftest import (
    INVOICES,
    SALES,
    TAX_INVOICES,
    Base,
    cancel,
    export,
    journalled,
    own_route,
)
from tests.integration.onec_connector.test_rewriting import ACT, STAYS, ledger, pay
from tests.unit.onec import samples

FREE = own_route("2A", create_invoice=True, rewrite_realizatsiya=True)


async def taken_back(onec: Base, *entities: str) -> bool:
    """Say whether every document is unposted and marked for deletion."""
    rows = [row for entity in entities for row in await onec.rows(entity)]
    return bool(rows) and all((row["Posted"], row["DeletionMark"]) == (False, True) for row in rows)


async def test_rule_07_an_unpaid_schet_is_unposted_and_marked_and_never_deleted(onec: Base) -> None:
    first = await export(onec.connector())

    outcome = await cancel(onec.connector(), journal=journalled(first))

    assert (outcome.state, outcome.number, outcome.accounting_id) == (
        State.CANCELLED,
        first.number,
        first.accounting_id,
    )
    assert await taken_back(onec, INVOICES)


async def test_what_accounting_never_had_is_cancelled_without_a_number(onec: Base) -> None:
    outcome = await cancel(onec.connector())

    assert (outcome.state, outcome.number, outcome.accounting_id) == (State.CANCELLED, "", "")


async def test_a_second_cancellation_changes_nothing(onec: Base) -> None:
    await export(onec.connector())
    first = await cancel(onec.connector())
    before = await onec.rows(INVOICES)

    assert await cancel(onec.connector()) == first
    assert await onec.rows(INVOICES) == before


async def test_an_older_cancellation_takes_no_newer_document_back(onec: Base) -> None:
    """A customer whose tax number is entered gets another lane: the change overtakes the cancellation before it."""
    first = await export(onec.connector(), version=9)

    with pytest.raises(Unavailable, match="newer version"):
        await cancel(onec.connector(), journal=journalled(first))

    [row] = await onec.rows(INVOICES)
    assert (row["Posted"], row["DeletionMark"]) == (True, False)


async def test_an_export_anew_after_a_cancellation_makes_another_document(onec: Base) -> None:
    first = await export(onec.connector())
    await cancel(onec.connector(), journal=journalled(first))

    again = await export(onec.connector(), journal=journalled(first, state=State.CANCELLED, generation=1), version=9)

    assert again.accounting_id != first.accounting_id
    assert sorted(row["Posted"] for row in await onec.rows(INVOICES)) == [False, True]


@pytest.mark.parametrize("amount", [1, 244])
async def test_rule_20_a_paid_schet_stays(onec: Base, amount: int) -> None:
    first = await export(onec.connector())
    await pay(onec, first.accounting_id, amount)

    with pytest.raises(Refused, match="schet_stays") as raised:
        await cancel(onec.connector(), journal=journalled(first))

    assert (raised.value.number, raised.value.accounting_id) == (first.number, first.accounting_id)
    assert (await onec.rows(INVOICES))[0]["Posted"] is True


async def test_rule_07_a_realizatsiya_stays_unless_the_company_says_so(onec: Base) -> None:
    first = await export(onec.connector(), samples.order())

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await cancel(onec.connector(), samples.order(), journalled(first))

    assert raised.value.number == first.number
    assert await ledger(onec) == [244]


async def test_rule_07_a_free_chain_is_taken_back_together(onec: Base) -> None:
    first = await export(onec.connector(), samples.order(), route=FREE)

    outcome = await cancel(onec.connector(), samples.order(), journalled(first), FREE)

    assert outcome.accounting_id == first.accounting_id == ACT
    assert await taken_back(onec, SALES, INVOICES)
    assert await ledger(onec) == []


@STAYS
async def test_rule_07_a_realizatsiya_that_is_bound_stays(onec: Base, happens: Any, reason: str) -> None:
    first = await export(onec.connector(), samples.order(), route=FREE)
    await happens(onec)

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await cancel(onec.connector(), samples.order(), journalled(first), FREE)

    assert reason in raised.value.refusal.values["reasons"]
    assert [row["Posted"] for row in (*await onec.rows(SALES), *await onec.rows(INVOICES))] == [True, True]
    assert await ledger(onec) == [244]


async def test_rule_07_a_posted_schet_faktura_holds_everything(onec: Base) -> None:
    route = own_route("2A", schet_faktura="create", rewrite_realizatsiya=True)
    first = await export(onec.connector(), samples.order(), route=route)

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await cancel(onec.connector(), samples.order(), journalled(first), route)

    assert raised.value.accounting_id == first.accounting_id
    assert "СчетФактураВыданный" in raised.value.refusal.values["reasons"]


async def test_a_schet_faktura_that_was_not_posted_goes_first(onec: Base) -> None:
    route = own_route("2A", schet_faktura="create", rewrite_realizatsiya=True)
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Период закрыт"}}}
    await onec.fail("status", f"POST .*{TAX_INVOICES}.*/Post", status=500, body=body)
    with pytest.raises(Refused, match="not_posted") as raised:
        await export(onec.connector(), samples.order(), route=route)
    known = samples.journal(accounting_id=raised.value.accounting_id, number=raised.value.number)
    assert raised.value.accounting_id == ACT

    assert (await cancel(onec.connector(), samples.order(), known, route)).state is State.CANCELLED

    assert await taken_back(onec, TAX_INVOICES, SALES)
    assert await ledger(onec) == []


async def test_what_was_never_posted_is_taken_back_whatever_the_setting(onec: Base) -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Нет остатка"}}}
    await onec.fail("status", f"POST .*{SALES}.*/Post", status=500, body=body)
    with pytest.raises(Refused, match="not_posted"):
        await export(onec.connector(), samples.order())

    outcome = await cancel(onec.connector(), samples.order(), samples.journal(accounting_id=ACT))

    assert outcome.state is State.CANCELLED
    assert await taken_back(onec, SALES)


async def test_a_document_linked_by_hand_is_never_touched(onec: Base) -> None:
    typed = samples.journal(accounting_id=str(samples.ident("typed by hand")), number="7", state=State.EXPORTED)

    with pytest.raises(Refused, match="cancelled_after_export") as raised:
        await cancel(onec.connector(), journal=typed)
    assert (raised.value.number, raised.value.accounting_id) == ("7", typed.accounting_id)


async def test_a_closed_period_leaves_it_as_it_is(onec: Base) -> None:
    first = await export(onec.connector())
    await onec.local("closed_until", {"date": "2026-03-31"})

    with pytest.raises(Refused, match="accounting_refused") as raised:
        await cancel(onec.connector(), journal=journalled(first))
    assert raised.value.accounting_id == first.accounting_id
    assert (await onec.rows(INVOICES))[0]["Posted"] is True


async def test_another_organization_is_never_touched(onec: Base) -> None:
    await export(onec.connector())
    own = samples.document(organization_id=samples.ident("sandbox"), action="cancel")

    with pytest.raises(Misconfigured, match="organization"):
        await onec.connector().cancel(own, own_route(), samples.key())
    assert (await onec.rows(INVOICES))[0]["Posted"] is True


STEPS = [
    *(f"POST .*{entity}.*/Unpost" for entity in (SALES, INVOICES)),
    *(f"PATCH .*{entity}" for entity in (SALES, INVOICES)),
    f"GET .*{SALES}",
    f"GET .*{INVOICES}",
]


@pytest.mark.parametrize("match", STEPS)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html"])
async def test_a_cancellation_that_stopped_is_finished_by_the_retry(onec: Base, match: str, kind: str) -> None:
    first = await export(onec.connector(), samples.order(), route=FREE)
    await onec.fail(kind, match)

    outcome = None
    for _ in range(3):
        with contextlib.suppress(Unavailable):
            outcome = await cancel(onec.connector(), samples.order(), journalled(first), FREE)
            break

    assert outcome is not None
    assert outcome.state is State.CANCELLED
    assert await taken_back(onec, SALES, INVOICES)
    assert await ledger(onec) == []
