"""A customer's card that changes in the CRM changes in the books with the customer's next document."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from infra.demo.company import CUSTOMERS, EUROPEAN, RUSSIAN, Company
from infra.demo.world import World
from shared import jsontext
from shared.messages import State
from tests.integration.chain.conftest import STATES, invoice, issue, line, until

CARDS = {"onec": ("Catalog_Контрагенты", "Description"), "sapb1": ("BusinessPartners", "CardName")}


async def names(world: World, target: str) -> list[str]:
    """Give the names of all customers in the books."""
    address = world.stack[target]["url"].split("/", 3)
    async with httpx.AsyncClient(trust_env=False) as client:
        state = jsontext.loads((await client.get(f"{address[0]}//{address[2]}/_local/state")).content)
    entity, column = CARDS[target]
    rows: Any = state["entities"][entity] if target == "onec" else state[entity].values()
    return [row[column] for row in rows]


@pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])
async def test_a_customer_that_is_renamed_is_renamed_in_the_books_with_its_next_invoice(
    world: World, company: Company
) -> None:
    companies = [each for each in CUSTOMERS if each.company.target == company.target and each.table == "account"]
    customer = companies[-1]
    documents = [
        replace(invoice(f"{company.code}-CARD-{number}", company, line("10.00")), customer=customer)
        for number in range(2)
    ]
    await issue(world, documents[0])
    await until(world, documents[0])
    before = await names(world, company.target)
    assert before.count(customer.name) == 1

    await world.crm.correct_customer(customer, {"name": "Renamed in the CRM"})
    try:
        await issue(world, documents[1])
        assert STATES[(await until(world, documents[1]))["acx_state"]] is State.POSTED
        after = await names(world, company.target)
    finally:
        await world.crm.correct_customer(customer, {"name": customer.name})

    assert [name for name in after if name not in before] == ["Renamed in the CRM"]
    assert customer.name not in after
