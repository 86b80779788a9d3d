"""Whatever goes wrong between the documents of one sale: each of them once, and a retry finishes the work."""

import asyncio
import contextlib
import random
from typing import Any

import pytest

from shared.accounting import Bindings
from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
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
from tests.integration.onec_connector.test_rewriting import ACT, ledger
from tests.unit.onec import samples

ROUTE = own_route("2A", create_invoice=True, schet_faktura="create", due_dates=True)
CHAIN = (INVOICES, SALES, TAX_INVOICES)
WRITES = [
    *(f"POST .*{entity}$" for entity in CHAIN),
    *(f"POST .*{entity}.*/Post" for entity in CHAIN),
    "POST .*СрокиОплатыДокументов",
]


async def one_of_each(onec: Base) -> None:
    """Check that the base holds one posted document of each kind, and the revenue once."""
    rows = [await onec.rows(entity) for entity in CHAIN]
    assert [[row["Posted"] for row in own] for own in rows] == [[True], [True], [True]]
    assert await ledger(onec) == [244]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "fault", [{"kind": "drop_after"}, {"kind": "drop_before"}, {"kind": "html"}, {"kind": "status", "status": 503}]
)
async def test_a_stop_between_the_documents_is_finished_by_the_retry(
    onec: Base, write: str, fault: dict[str, Any]
) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await onec.fail(match=write, **fault)
    with contextlib.suppress(AnswerLost):
        await export(connector, samples.order(), bindings, route=ROUTE)

    outcome = await export(onec.connector(), samples.order(), bindings, route=ROUTE)

    assert (outcome.state, outcome.accounting_id) == (State.POSTED, ACT)
    await one_of_each(onec)


async def test_concurrent_exports_make_one_chain(onec: Base) -> None:
    outcomes = await asyncio.gather(*(export(onec.connector(), samples.order(), route=ROUTE) for _ in range(4)))

    assert all(outcome == outcomes[0] for outcome in outcomes)
    await one_of_each(onec)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_fails_in_whatever_order_one_of_everything_is_left(onec: Base, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of faults, nothing secret
    for _ in range(14):
        kind = chance.choice(["drop_before", "drop_after", "html"])
        await onec.fail(kind, "(GET|POST|PATCH) /base", skip=chance.randrange(40))

    async def until_done() -> None:
        connector = onec.connector()
        for _ in range(60):
            with contextlib.suppress(Unavailable, Misconfigured):
                await export(connector, samples.order(), route=ROUTE)
                return
        raise AssertionError("never done")

    await asyncio.gather(*(until_done() for _ in range(3)))

    await one_of_each(onec)


@pytest.mark.parametrize(("stopped", "held"), [(SALES, INVOICES), (TAX_INVOICES, SALES)])
async def test_a_refusal_in_between_names_what_accounting_holds_and_the_retry_goes_on(
    onec: Base, stopped: str, held: str
) -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Период закрыт"}}}
    await onec.fail("status", f"POST .*{stopped}$", status=500, body=body)
    with pytest.raises(Refused, match="accounting_refused") as raised:
        await export(onec.connector(), samples.order(), route=ROUTE)
    [document] = await onec.rows(held)
    assert raised.value.accounting_id == document["Ref_Key"]
    assert raised.value.number.endswith(document["Number"])
    known = samples.journal(accounting_id=raised.value.accounting_id, number=raised.value.number)

    outcome = await export(onec.connector(), samples.order(), route=ROUTE, journal=known)

    assert outcome.accounting_id == ACT
    await one_of_each(onec)


async def test_a_cancellation_finds_what_was_written_before_the_main_document(onec: Base) -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Период закрыт"}}}
    await onec.fail("status", f"POST .*{SALES}$", status=500, body=body)
    with pytest.raises(Refused) as raised:
        await export(onec.connector(), samples.order(), route=ROUTE)
    known = samples.journal(accounting_id=raised.value.accounting_id)

    outcome = await cancel(onec.connector(), samples.order(), known, ROUTE)

    assert outcome.state is State.CANCELLED
    assert [row["DeletionMark"] for row in await onec.rows(INVOICES)] == [True]


async def test_rule_21_a_part_of_the_chain_that_was_deleted_is_not_made_again(onec: Base) -> None:
    outcome = await export(onec.connector(), samples.order(), route=ROUTE)
    [issued] = await onec.rows(TAX_INVOICES)
    await onec.outside.delete(f"{onec.url}{TAX_INVOICES}(guid'{issued['Ref_Key']}')")
    known = journalled(outcome)

    with pytest.raises(Refused, match="part_missing") as raised:
        await export(onec.connector(), samples.order(), route=ROUTE, journal=known)

    assert raised.value.accounting_id == ACT
    assert await onec.rows(TAX_INVOICES) == []
