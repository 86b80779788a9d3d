"""Invoices reach the company's books once, whatever happens on the way."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.documents import Customer
from shared.errors import AnswerLost, Misconfigured, Parked, Refused, Unavailable
from shared.messages import State
from shared.refusals import refusal
from shared.sapb1 import fence
from shared.sapb1.kinds import INVOICE
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import ADVICE, CUSTOMER, PUMP, document, invoice, key_of, line, route

BATCH = r"POST .*/\$batch"


async def test_a_new_customer_product_and_document_then_nothing_more(bridge: Bridge, company: Company) -> None:
    made = document(invoice(line("2", "50", number=1), line("3", "9.99", rate="9.5", number=2)))
    first = await bridge.export(made)
    assert first.state is State.POSTED
    assert (first.total, first.currency) == (made.sale.total, "EUR")
    assert first.written_hash == made.hash

    (written,) = await company.invoices()
    assert first.number == str(written["DocNum"])
    assert first.accounting_id == str(written["DocEntry"])
    assert written["CardCode"] == "N-100"
    assert [each["ItemCode"] for each in written["DocumentLines"]] == ["ADVICE", "ADVICE"]
    assert written["DocTotal"] == made.sale.total
    assert written["VatSum"] == made.sale.tax
    assert bridge.known == {f"account:{CUSTOMER.id}": "N-100", f"product:{ADVICE.id}": "ADVICE"}

    state = await company.rows("Invoices")
    assert await bridge.export(made) == first
    assert await company.rows("Invoices") == state


async def test_a_thousand_lines_are_one_document(bridge: Bridge, company: Company) -> None:
    made = document(invoice(*(line(str(1 + number % 9), "10", number=number) for number in range(1, 1001))))
    outcome = await bridge.export(made)
    assert (outcome.state, outcome.total) == (State.POSTED, made.sale.total)
    (written,) = await company.invoices()
    assert len(written["DocumentLines"]) == 1000


async def test_a_new_document_is_one_call_when_everything_is_warm(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    before = company.http[-1].round_trips
    await bridge.export(document(invoice(line("7", "3"), id=UUID(int=0xD2), number="INV-01002")))
    assert company.http[-1].round_trips - before == 1
    assert len(await company.invoices()) == 2


async def test_a_change_in_the_crm_is_not_written_over_the_document(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    with pytest.raises(Refused) as refused:
        await bridge.export(document(invoice(line("5", "100"))))
    assert refused.value.refusal.code == "changed_after_export"
    (written,) = await company.invoices()
    assert written["DocTotal"] == Decimal("122.00")


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "html", "status"])
async def test_a_lost_answer_leads_to_one_document(bridge: Bridge, company: Company, kind: str) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD0), number="INV-01000")))
    await company.fault(kind, BATCH)
    made = document()
    if kind == "drop_after":
        assert (await bridge.export(made)).state is State.POSTED
    else:
        with pytest.raises(Unavailable) as raised:
            await bridge.export(made)
        assert not isinstance(raised.value, AnswerLost)  # it was looked up: there is none
        assert len(await company.invoices()) == 1
        assert (await bridge.export(document(attempt=1))).state is State.POSTED
    assert len(await company.invoices()) == 2


async def test_a_look_up_that_fails_too_leaves_it_to_the_next_attempt(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD0), number="INV-01000")))
    await company.fault("drop_after", BATCH)
    await company.fault("status", "GET .*/Drafts", status=502)
    with pytest.raises(Unavailable):
        await bridge.export(document())
    before = company.http[-1].round_trips
    assert (await bridge.export(document(attempt=1))).state is State.POSTED
    assert company.http[-1].round_trips - before == 2  # found, and no write was tried
    assert len(await company.invoices()) == 2


async def test_two_processes_at_once_write_one_document(company: Company) -> None:
    bridges = [Bridge(company, company.connector()) for _ in range(5)]
    outcomes = await asyncio.gather(*(each.export(document()) for each in bridges))
    assert len({outcome.number for outcome in outcomes}) == 1
    assert len(await company.invoices()) == 1
    assert len([row for row in await company.rows("BusinessPartners") if row["CardCode"] == "N-100"]) == 1


async def test_too_many_requests_carry_their_time(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD0), number="INV-01000")))
    await company.fault("status", BATCH, status=429, retry_after=17)
    with pytest.raises(Unavailable) as raised:
        await bridge.export(document())
    assert raised.value.retry_after == 17
    assert (await bridge.export(document(attempt=1))).state is State.POSTED


async def test_an_expired_session_is_renewed_without_a_word(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD0), number="INV-01000")))
    await company.tell("clock", advance=31 * 60)
    assert (await bridge.export(document())).state is State.POSTED
    assert len(await company.invoices()) == 2


async def test_behind_a_balancer_the_node_is_kept(company: Company) -> None:
    await company.turn(nodes=3)
    bridge = Bridge(company, company.connector())
    assert (await bridge.export(document())).state is State.POSTED


@pytest.mark.parametrize("survives", [True, False])
async def test_an_approval_procedure_leaves_one_draft(bridge: Bridge, company: Company, survives: bool) -> None:
    await company.turn(approval=True, approval_draft_survives_changeset=survives)
    if not survives:
        with pytest.raises(Unavailable, match="-2028"):
            await bridge.export(document())
        return
    outcomes = [await bridge.export(document()) for _ in range(2)]
    assert [outcome.state for outcome in outcomes] == [State.DRAFT, State.DRAFT]
    (draft,) = await company.rows("Drafts")
    assert outcomes[0].remark == refusal("draft_waits", draft=draft["DocEntry"])

    await company.turn(approval=False)
    await company.accountant("DraftsService_SaveDraftToDocument", Document={"DocEntry": draft["DocEntry"]})
    approved = await bridge.export(document())
    assert approved.state is State.POSTED
    assert approved.remark is None
    assert len(await company.invoices()) == 1


async def test_a_cancelled_document_stays_cancelled(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document())
    await company.accountant(f"Invoices({outcome.accounting_id})/Cancel")
    with pytest.raises(Refused) as refused:
        await bridge.export(document())
    assert refused.value.refusal.code == "cancelled_in_accounting"
    assert refused.value.refusal.values == {"number": outcome.number}
    assert len(await company.invoices()) == 2  # the document and its cancellation


async def test_a_claim_without_a_document_stops_everything(bridge: Bridge, company: Company) -> None:
    key = key_of(document())
    await company.client().create(fence.CLAIMS, fence.document_claim(INVOICE, key))
    with pytest.raises(Misconfigured, match="the fence is broken"):
        await bridge.export(document())
    assert await company.invoices() == []


@pytest.mark.parametrize(
    ("currency", "total"), [("USD", Decimal("122.00")), ("RUB", Decimal("122.00")), ("EUR", Decimal("122.00"))]
)
async def test_the_total_is_in_the_currency_of_the_document(bridge: Bridge, currency: str, total: Decimal) -> None:
    outcome = await bridge.export(document(invoice(currency=currency)))
    assert (outcome.total, outcome.currency) == (total, currency)


async def test_a_missing_exchange_rate_is_named(bridge: Bridge, company: Company) -> None:
    with pytest.raises(Parked) as refused:
        await bridge.export(document(invoice(currency="GBP")))
    assert refused.value.refusal.code == "exchange_rate_missing"
    assert refused.value.refusal.values == {"value": "GBP", "date": "2026-02-10"}
    assert await company.invoices() == []


async def test_a_locked_period_is_what_accounting_says(bridge: Bridge, company: Company) -> None:
    await company.tell("period", month="2026-02", status="locked")
    with pytest.raises(Refused) as refused:
        await bridge.export(document())
    assert refused.value.refusal.code == "accounting_refused"
    assert "period" in refused.value.refusal.values["message"].lower()
    assert len(bridge.known) == 2  # customer and product stay bound
    await company.tell("period", month="2026-02", status="open")
    assert (await bridge.export(document())).state is State.POSTED


async def test_missing_stock_is_what_accounting_says(bridge: Bridge) -> None:
    with pytest.raises(Refused) as refused:
        await bridge.export(document(invoice(line(product=PUMP))))
    assert refused.value.refusal.code == "accounting_refused"
    assert "negative" in refused.value.refusal.values["message"]


@pytest.mark.parametrize(
    ("books", "what"),
    [
        ({"vat_groups": {"22": "S19"}}, "VatGroup S19 = 22 % (= 19 %, 2026-02-10)"),
        ({"vat_groups": {"22": "NONE"}}, "VatGroup NONE"),
        ({"vat_groups": {"22": "P22"}}, "VatGroup P22"),
    ],
)
async def test_a_tax_code_of_another_rate_is_found_before_it_is_used(
    bridge: Bridge, company: Company, books: dict[str, Any], what: str
) -> None:
    with pytest.raises(Refused) as refused:
        await bridge.export(document(), route(**books))
    assert refused.value.refusal.code == "setup_missing"
    assert refused.value.refusal.values["what"] == what
    assert not [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "N-100"]


async def test_prices_of_a_company_that_keeps_two_decimals(company: Company) -> None:
    await company.turn(prices=2)
    bridge = Bridge(company, company.connector())
    with pytest.raises(Refused) as refused:
        await bridge.export(document(invoice(line("3", "33.34", net="100.00"))))
    assert refused.value.refusal.code == "total_not_reachable"
    assert (await bridge.export(document())).state is State.POSTED


async def test_tax_by_vat_group(company: Company) -> None:
    await company.turn(vat_by="group")
    bridge = Bridge(company, company.connector())
    lines = [line(net="0.26", price="0.26", tax=tax, number=number) for number, tax in enumerate(("0.06", "0.05"), 1)]
    made = document(invoice(*lines))
    assert (await bridge.export(made)).total == Decimal("0.63")


async def test_a_person_is_found_again_by_its_claim(bridge: Bridge, company: Company) -> None:
    person = Customer(table="contact", id=UUID(int=0xE1), name="Ana Kovač")
    await bridge.export(document(invoice(customer=person)))
    bridge.known.clear()
    await bridge.export(document(invoice(customer=person, id=UUID(int=0xD2), number="INV-01002")))
    assert len([row for row in await company.rows("BusinessPartners") if row["CardName"] == "Ana Kovač"]) == 1
