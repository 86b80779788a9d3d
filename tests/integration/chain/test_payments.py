"""An accountant enters a payment; the timer brings it to the CRM."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from infra.demo.company import EUROPEAN, RUSSIAN, Company
from infra.demo.world import World
from infra.local.sapb1.company import CASH_ACCOUNT
from shared import jsontext
from shared.messages import State
from tests.integration.chain.conftest import (
    STATES,
    booked,
    invoice,
    issue,
    journal_of,
    line,
    trigger,
    until,
    until_row,
)

BOTH = pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])


async def pay(world: World, row: dict[str, Any], amount: Decimal) -> None:
    """Enter a payment of the document that a journal row names, in its accounting system."""
    target = row["acx_target"]
    system = world.stack[target]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        if target == "onec":
            origin = "/".join(system["url"].split("/")[:3])
            body = {"invoice": row["acx_accountingid"], "amount": str(amount)}
            (await client.post(f"{origin}/_local/payments", json=body)).raise_for_status()
            return
        login = {"CompanyDB": system["company"], "UserName": system["username"], "Password": system["password"]}
        (await client.post(f"{system['url']}/Login", json=login)).raise_for_status()
        entry = int(row["acx_accountingid"])
        read = (await client.get(f"{system['url']}/Invoices({entry})?$select=CardCode,DocDate")).json()
        payment = {
            "CardCode": read["CardCode"],
            "DocDate": read["DocDate"][:10],
            "CashAccount": CASH_ACCOUNT,
            "CashSum": amount,
            "PaymentInvoices": [{"DocEntry": entry, "SumApplied": amount}],
        }
        content = jsontext.dumps(payment)
        headers = {"Content-Type": "application/json"}
        answer = await client.post(f"{system['url']}/IncomingPayments", content=content, headers=headers)
        assert answer.status_code == 201, answer.text


@BOTH
async def test_a_payment_comes_back_to_the_crm(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-PAID", company, line("100.00"))
    await issue(world, document)
    posted = await until(world, document)
    half = document.total / 2

    await pay(world, posted, half)
    await trigger(world, "payments")
    row = await until(world, document, {State.PARTIALLY_PAID})
    whole = await world.crm.journal_row(row["acx_accountingexportid"])
    assert (whole["acx_paidamount"], whole["acx_number"]) == (half, posted["acx_number"])

    await pay(world, posted, document.total - half)
    await trigger(world, "payments")
    paid = await until_row(world, row["acx_accountingexportid"], lambda row: STATES[row["acx_state"]] is State.PAID)
    assert paid["acx_paidamount"] == document.total

    await world.refer_again([document])
    await trigger(world, "payments")
    await world.drained()
    assert STATES[(await journal_of(world, document))["acx_state"]] is State.PAID
    assert booked(world, document) == [document.total]
