"""Rule 21 of the books: what accounting has no more is written again only where the administrator says so."""

import httpx
import pytest

from infra.demo.company import EUROPEAN, RUSSIAN, Company
from infra.demo.world import World
from shared.dataverse import journal
from shared.dataverse.batch import Operation
from shared.messages import State
from tests.integration.chain.conftest import STATES, entries, invoice, issue, line, until, until_row


async def take_out(world: World, target: str, accounting_id: str) -> None:
    """Mark a счёт for deletion, or cancel an A/R invoice, as an accountant does."""
    system = world.stack[target]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        if target == "onec":
            origin = "/".join(system["url"].split("/")[:3])
            edit = {"entity": "Document_СчетНаОплатуПокупателю", "key": accounting_id}
            changes = {"DeletionMark": True, "Posted": False}
            (await client.post(f"{origin}/_local/accountant", json=edit | {"changes": changes})).raise_for_status()
            return
        login = {"CompanyDB": system["company"], "UserName": system["username"], "Password": system["password"]}
        (await client.post(f"{system['url']}/Login", json=login)).raise_for_status()
        (await client.post(f"{system['url']}/Invoices({accounting_id})/Cancel")).raise_for_status()


@pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])
async def test_rule_21_only_a_row_that_is_set_to_cancelled_makes_another_document(
    world: World, company: Company
) -> None:
    document = invoice(f"{company.code}-ANEW", company, line("10.00"))
    await issue(world, document)
    first = await until(world, document)
    row_id = first["acx_accountingexportid"]
    await take_out(world, company.target, first["acx_accountingid"])

    await world.crm.correct_line(document, 1, {"priceperunit": 11, "tax": 2.42})
    refused = await until(world, document, {State.REFUSED})
    await world.crm.press_retry(row_id)
    await until_row(world, row_id, lambda row: row["acx_retry"] is False)
    await world.drained()
    assert {entry.number for entry in entries(world, document)} <= {first["acx_number"]}
    assert "export it anew" in refused["acx_message"]

    taken_back = journal.STATE_VALUES[State.CANCELLED]
    anew = Operation("PATCH", f"{journal.SET}({row_id})", {"acx_state": taken_back, "acx_retry": True})
    (part,) = await world.dataverse.batch([anew])
    assert part.status < 300, part.content
    second = await until_row(world, row_id, lambda row: STATES[row["acx_state"]] is State.POSTED)

    assert second["acx_number"] != first["acx_number"]
    standing = [entry.number for entry in entries(world, document) if entry.number != first["acx_number"]]
    assert standing == [second["acx_number"]]
    assert (second["acx_generation"], second["acx_retry"]) == (1, False)
