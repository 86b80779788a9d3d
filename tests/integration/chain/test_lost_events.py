"""No webhook arrives, or not the one that matters: the sweep, the reconciliation and Retry find everything."""

import httpx
import pytest

from infra.demo.company import EUROPEAN, RUSSIAN, Company
from infra.demo.world import World
from shared.messages import State
from tests.integration.chain.conftest import (
    STATES,
    booked,
    faults,
    invoice,
    issue,
    journal_of,
    line,
    trigger,
    until,
    until_row,
)

BOTH = pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])


REFUSAL = {
    "onec": {
        "kind": "status",
        "match": "POST .*Document_СчетНаОплатуПокупателю",
        "status": 400,
        "body": {"odata.error": {"code": "4", "message": {"lang": "ru", "value": "Неверное значение"}}},
    },
    "sapb1": {
        "kind": "status",
        "match": r"POST .*\$batch",
        "status": 400,
        "body": {"error": {"code": "-5002", "message": "Not acceptable"}},
    },
}
"""What accounting says of a document that it does not take, in its own words."""


async def lose_events(world: World, count: int) -> None:
    """Let Dataverse lose its next webhooks."""
    address = f"{world.stack['dataverse']['url']}/_local/faults"
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.delete(address)).raise_for_status()
        if count:
            fault = {"kind": "drop_before", "match": "DELIVER", "times": count}
            (await client.post(address, json=fault)).raise_for_status()


@BOTH
@pytest.mark.parametrize("timer", ["dataverse_sweep", "dataverse_reconcile"])
async def test_an_invoice_whose_webhooks_were_all_lost_is_found(world: World, company: Company, timer: str) -> None:
    document = invoice(f"{company.code}-{timer}", company, line("10.00"))
    await world.drained()
    await lose_events(world, 1000)
    await issue(world, document)
    await world.drained()
    await lose_events(world, 0)
    assert await journal_of(world, document) == {}

    await trigger(world, timer)
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, document) == [document.total]


@BOTH
async def test_a_second_sweep_writes_nothing(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-SWEPT", company, line("10.00"))
    await issue(world, document)
    before = await until(world, document)

    for _ in range(2):
        await trigger(world, "dataverse_sweep")
        await world.drained()

    assert await journal_of(world, document) == before
    assert booked(world, document) == [document.total]


@BOTH
async def test_a_deleted_issued_invoice_is_told_and_stays_in_the_books(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-GONE", company, line("10.00"))
    await issue(world, document)
    posted = await until(world, document)

    await world.crm.delete(document)
    row = await until_row(
        world, posted["acx_accountingexportid"], lambda row: STATES[row["acx_state"]] is State.REFUSED
    )

    assert "deleted in the CRM after it had been exported" in row["acx_message"]
    assert posted["acx_number"] in row["acx_message"]
    assert booked(world, document) == [document.total]


@BOTH
async def test_a_deleted_line_leads_to_its_invoice(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-LINEGONE", company, line("10.00"), line("20.00"))
    await issue(world, document)
    posted = await until(world, document)

    before = await world.crm.journal_row(posted["acx_accountingexportid"])

    await world.crm.delete_line(document, 2)
    row = await until_row(
        world, posted["acx_accountingexportid"], lambda row: row["acx_version"] != before["acx_version"]
    )

    assert row["acx_number"] == posted["acx_number"]
    assert len(booked(world, document)) == 1


@BOTH
async def test_retry_in_the_crm_sends_a_refused_document_again(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-RETRY", company, line("10.00"))
    await faults(world, company.target, REFUSAL[company.target])
    await issue(world, document)
    refused = await until(world, document)
    assert STATES[refused["acx_state"]] is State.REFUSED

    await world.crm.press_retry(refused["acx_accountingexportid"])
    posted = await until(world, document, {State.POSTED})

    assert booked(world, document) == [document.total]
    assert (await world.crm.journal_row(posted["acx_accountingexportid"]))["acx_retry"] is False


@BOTH
async def test_retry_on_what_is_in_the_books_is_taken_back_quietly(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-RETRY2", company, line("10.00"))
    await issue(world, document)
    posted = await until(world, document)

    await world.crm.press_retry(posted["acx_accountingexportid"])
    row = await until_row(world, posted["acx_accountingexportid"], lambda row: row["acx_retry"] is False)

    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, document) == [document.total]
