"""What the bridge reads back of an A/R invoice: paid by payments, settled by something else, cancelled, approved."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.local.sapb1 import company as seed
from shared.accounting import Exported, Outcome, Standing
from shared.documents import SaleTable
from shared.errors import AnswerLost, Unavailable
from shared.messages import Document, State
from shared.refusals import refusal
from shared.sapb1.payments import Sapb1Payments
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document, invoice, key_of, line, order, route, services

BY_CREDIT = refusal("settled_by_credit")


def asked(
    outcome: Outcome, made: Document | None = None, state: State | None = None, table: SaleTable = "invoice"
) -> Exported:
    """Give what the journal would ask about."""
    key = key_of(made) if made else uuid4()
    return Exported(uuid4(), table, outcome.accounting_id, key, state or outcome.state)


async def read(company: Company, *documents: Exported) -> list[Standing | None]:
    """Ask the company as the payments timer does."""
    found = await Sapb1Payments(company.client()).standings(documents)
    return [found.get(each.row_id) for each in documents]


async def pay(company: Company, outcome: Outcome, amount: str, *, entry: int = 0, **more: Any) -> None:
    """Enter an incoming payment of the customer for an invoice; ``entry`` names another one than the outcome's."""
    applied = "AppliedFC" if "DocCurrency" in more else "SumApplied"
    body: dict[str, Any] = {
        "CardCode": "N-100",
        "DocDate": "2026-02-11",
        "CashAccount": seed.CASH_ACCOUNT,
        "CashSum": float(amount),
        "PaymentInvoices": [{"DocEntry": entry or int(outcome.accounting_id), applied: float(amount)}],
    }
    await company.accountant("IncomingPayments", **(body | more))


async def credit(company: Company, outcome: Outcome, **line_: Any) -> None:
    """Enter a credit memo based on the first line of an invoice."""
    lines = [{"BaseType": 13, "BaseEntry": int(outcome.accounting_id), "BaseLine": 0, **line_}]
    await company.accountant("CreditNotes", CardCode="N-100", DocDate="2026-02-11", DocumentLines=lines)


async def test_rule_18_in_part_then_in_full_then_taken_back(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document())
    assert await read(company, asked(outcome)) == [Standing(State.POSTED, Decimal(0))]

    await pay(company, outcome, "100")
    assert await read(company, asked(outcome)) == [Standing(State.PARTIALLY_PAID, Decimal(100))]

    await pay(company, outcome, "22")
    assert await read(company, asked(outcome)) == [Standing(State.PAID, Decimal(122))]

    await company.accountant("IncomingPayments(1)/Cancel")
    found = await read(company, asked(outcome, state=State.PAID))
    assert found == [Standing(State.PARTIALLY_PAID, Decimal(22))]


async def test_rule_18_closed_by_a_credit_memo_is_not_paid(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document())
    await credit(company, outcome)

    assert await read(company, asked(outcome)) == [Standing(State.SETTLED, Decimal(0), BY_CREDIT)]


async def test_rule_18_credited_in_part_and_paid_for_the_rest(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document(invoice(line("2", "50"))))
    await credit(company, outcome, Quantity=1)
    assert await read(company, asked(outcome)) == [Standing(State.POSTED, Decimal(0))]

    await pay(company, outcome, "61")
    assert await read(company, asked(outcome)) == [Standing(State.SETTLED, Decimal(61), BY_CREDIT)]


async def test_a_foreign_currency_is_counted_in_itself(bridge: Bridge, company: Company) -> None:
    dollars = document(invoice(line("1", "50"), currency="USD"))
    outcome = await bridge.export(dollars)
    (row,) = await company.invoices()
    assert row["DocTotalFc"] == 61
    assert row["DocTotal"] != 61

    await pay(company, outcome, "30", DocCurrency="USD")
    assert await read(company, asked(outcome)) == [Standing(State.PARTIALLY_PAID, Decimal(30))]
    await pay(company, outcome, "31", DocCurrency="USD")
    assert await read(company, asked(outcome)) == [Standing(State.PAID, Decimal(61))]


async def test_rule_18_cancelled_and_missing_are_refusals(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document())
    await company.accountant(f"Invoices({outcome.accounting_id})/Cancel")
    never = Outcome(State.POSTED, "", "4711", None, "EUR", "")

    cancelled, missing = await read(company, asked(outcome), asked(never))

    assert cancelled == Standing(State.REFUSED, reason=refusal("cancelled_in_accounting", number=outcome.number))
    assert missing == Standing(State.REFUSED, reason=refusal("deleted_in_accounting"))


@pytest.mark.parametrize("services", ["order", "delivery"])
async def test_an_order_says_only_whether_it_stands(bridge: Bridge, company: Company, services: str) -> None:
    own = route(way="2A", services_document=services)
    outcome = await bridge.export(document(order()), own)
    standing = await read(company, asked(outcome, table="salesorder"))
    assert standing == [Standing(outcome.state, None)]

    name = outcome.accounting_id.split("(", maxsplit=1)[0]
    await company.accountant(f"{outcome.accounting_id}/Cancel")
    (gone,) = await read(company, asked(outcome, table="salesorder"))
    assert gone is not None
    assert (name, gone.state) == (name, State.REFUSED)


@pytest.mark.parametrize("kind", ["order", "delivery"])
async def test_rule_18_an_order_is_paid_through_its_invoice(bridge: Bridge, company: Company, kind: str) -> None:
    own = services(services_document=kind, create_invoice=True)
    made = document(order())
    outcome = await bridge.export(made, own)
    about = asked(outcome, made, table="salesorder")
    assert await read(company, about) == [Standing(State.POSTED, Decimal(0))]

    await pay(company, outcome, "100", entry=1)
    assert await read(company, about) == [Standing(State.PARTIALLY_PAID, Decimal(100))]
    await pay(company, outcome, "22", entry=1)
    assert await read(company, about) == [Standing(State.PAID, Decimal(122))]

    for payment in (1, 2):
        await company.accountant(f"IncomingPayments({payment})/Cancel")
    back = asked(outcome, made, State.PAID, "salesorder")
    assert await read(company, back) == [Standing(State.POSTED, Decimal(0))]


async def test_an_order_is_paid_in_its_own_currency_and_settled_by_a_credit_memo(
    bridge: Bridge, company: Company
) -> None:
    own = services(create_invoice=True)
    dollars = document(order(line("1", "50"), currency="USD"))
    outcome = await bridge.export(dollars, own)
    await pay(company, outcome, "61", entry=1, DocCurrency="USD")
    assert await read(company, asked(outcome, dollars, table="salesorder")) == [Standing(State.PAID, Decimal(61))]

    other = document(order(id=UUID(int=0xE2), number="ORD-2"))
    outcome = await bridge.export(other, own)
    await credit(company, Outcome(State.POSTED, "", "2", None, "EUR", ""))
    settled = Standing(State.SETTLED, Decimal(0), BY_CREDIT)
    assert await read(company, asked(outcome, other, table="salesorder")) == [settled]


async def test_rule_18_an_order_without_its_invoice_says_nothing_of_payment(bridge: Bridge, company: Company) -> None:
    made = document(order())
    outcome = await bridge.export(made, services(create_invoice=True))
    await company.accountant("Invoices(1)/Cancel")
    assert await read(company, asked(outcome, made, table="salesorder")) == [Standing(State.POSTED, None)]


async def test_an_order_whose_invoice_was_approved_is_looked_at(bridge: Bridge, company: Company) -> None:
    made, own = document(order()), services(create_invoice=True)
    outcome = await bridge.export(made, own)
    waits = asked(outcome, made, State.DRAFT, "salesorder")
    assert await read(company, waits) == [Standing(State.DRAFT, look_again=True)]


async def test_many_unpaid_orders_are_two_calls(bridge: Bridge, company: Company) -> None:
    own = services(create_invoice=True)
    made = [document(order(id=UUID(int=0x2000 + number), number=f"ORD-{number}")) for number in range(30)]
    about = [asked(await bridge.export(each, own), each, table="salesorder") for each in made]
    client = company.client()
    ledger = Sapb1Payments(client)
    await ledger.standings(about[:1])
    before = company.http[-1].round_trips

    found = await ledger.standings(about)

    assert list(found.values()) == [Standing(State.POSTED, Decimal(0))] * 30
    assert company.http[-1].round_trips - before == 2


async def test_a_draft_is_left_alone_until_it_is_approved(bridge: Bridge, company: Company) -> None:
    await company.turn(approval=True)
    made = document()
    try:
        outcome = await bridge.export(made)
    except AnswerLost:
        outcome = await bridge.export(made)
    assert outcome.state is State.DRAFT
    assert await read(company, asked(outcome, made)) == [None]

    await company.turn(approval=False)
    draft = int(outcome.accounting_id.removeprefix("Drafts(").removesuffix(")"))
    await company.accountant("DraftsService_SaveDraftToDocument", Document={"DocEntry": draft})

    assert await read(company, asked(outcome, made)) == [Standing(State.DRAFT, look_again=True)]
    approved = await bridge.export(made)
    assert (approved.state, approved.accounting_id) == (State.POSTED, "1")


async def test_a_draft_that_was_thrown_away_is_looked_at(company: Company) -> None:
    gone = Outcome(State.DRAFT, "", "Drafts(99)", None, "EUR", "")

    assert await read(company, asked(gone)) == [Standing(State.DRAFT, look_again=True)]


async def test_many_unpaid_invoices_are_one_call(bridge: Bridge, company: Company) -> None:
    made = [
        await bridge.export(document(invoice(id=UUID(int=0x1000 + number), number=f"INV-{number}")))
        for number in range(30)
    ]
    client = company.client()
    ledger = Sapb1Payments(client)
    await ledger.standings([asked(made[0])])
    before = company.http[-1].round_trips

    found = await ledger.standings([asked(each) for each in made])

    assert list(found.values()) == [Standing(State.POSTED, Decimal(0))] * 30
    assert company.http[-1].round_trips - before == 1


async def test_an_id_that_is_none_of_sap_is_left_out(company: Company) -> None:
    assert await read(company, asked(Outcome(State.POSTED, "", "typed by hand", None, "EUR", ""))) == [None]


async def test_an_outage_is_told_as_such(company: Company) -> None:
    await company.fault("status", "GET .*", status=502)
    with pytest.raises(Unavailable):
        await read(company, asked(Outcome(State.POSTED, "", "1", None, "EUR", "")))
