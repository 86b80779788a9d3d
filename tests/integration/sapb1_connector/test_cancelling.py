"""What is cancelled or changed in the CRM after it was exported: taken back, replaced, or left for a credit memo."""

import asyncio
import contextlib
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.sapb1 import company as seed
from shared.errors import Refused, Unavailable
from shared.keys import accounting_key
from shared.messages import Base, Document, Journalled, State
from shared.routes import Route
from shared.sapb1 import fence
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import ADVICE, DAY, ORGANIZATION, document, invoice, line, order, route, services

CANCEL: dict[str, Any] = {"cancel": True, "cancellation_date": "document"}
RECREATE: dict[str, Any] = {"recreate": True, "cancellation_date": "document"}
BATCH = r"POST .*/\$batch"
CANCEL2 = r"POST .*Service_Cancel2"


def changed(version: int = 7002, price: str = "250", **more: Any) -> Document:
    """Give the invoice as it is after a change in the CRM."""
    return document(invoice(line("1", price)), version=version, **more)


def journal(made: Document, outcome: Any, **more: Any) -> Document:
    """Give the message again as export sends it once the journal knows what became of it."""
    known = Journalled(
        row_id=UUID(int=1),
        etag="W/1",
        state=outcome.state,
        number=outcome.number,
        accounting_id=outcome.accounting_id,
        generation=made.generation if outcome.generation is None else outcome.generation,
        written_hash=outcome.written_hash,
    )
    cancelled = known.state is State.CANCELLED and bool(known.accounting_id)
    return made.model_copy(update={"journal": known, "generation": known.generation + cancelled, **more})


async def pay(company: Company, amount: str, entry: int = 1) -> None:
    """Let the customer pay."""
    (written,) = [row for row in await company.invoices() if row["DocEntry"] == entry]
    await company.accountant(
        "IncomingPayments",
        CardCode=written["CardCode"],
        TransferSum=amount,
        TransferAccount=seed.BANK_ACCOUNT,
        PaymentInvoices=[{"DocEntry": entry, "InvoiceType": "it_Invoice", "SumApplied": amount}],
    )


# --- cancelled in the CRM


async def test_rule_15_cancelling_is_off_unless_the_route_says_so(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    with pytest.raises(Refused) as refused:
        await bridge.cancel(document(), route())
    assert (refused.value.refusal.code, refused.value.number, refused.value.accounting_id) == (
        "cancelled_after_export",
        "1",
        "1",
    )
    assert len(await company.live("Invoices")) == 1


async def test_rule_15_what_was_never_written_is_cancelled_already(bridge: Bridge) -> None:
    for decided in (route(), route(**CANCEL)):
        outcome = await bridge.cancel(document(), decided)
        assert (outcome.state, outcome.number, outcome.accounting_id) == (State.CANCELLED, "", "")


@pytest.mark.parametrize(("rule", "day"), [("document", "2026-02-10"), ("today", "2026-02-20")])
async def test_rule_15_a_cancellation_names_its_date(bridge: Bridge, company: Company, rule: str, day: str) -> None:
    await bridge.export(document())
    decided = route(cancel=True, cancellation_date=rule)
    outcome = await bridge.cancel(document(), decided)
    assert (outcome.state, outcome.number, outcome.accounting_id, outcome.written_hash) == (
        State.CANCELLED,
        "1",
        "1",
        "",
    )
    original, twin = await company.invoices()
    assert (original["CancelStatus"], twin["CancelStatus"]) == ("csYes", "csCancellation")
    assert (twin["DocDate"], twin["TaxDate"]) == (day, day)
    assert await bridge.cancel(document(attempt=1), decided) == outcome
    assert len(await company.invoices()) == 2


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "status", "html"])
async def test_rule_15_a_lost_answer_cancels_once(bridge: Bridge, company: Company, kind: str) -> None:
    await bridge.export(document())
    await company.fault(kind, CANCEL2)
    try:
        await bridge.cancel(document(), route(**CANCEL))
    except Unavailable:
        assert kind != "drop_after"
        await bridge.cancel(document(attempt=1), route(**CANCEL))
    assert [row["CancelStatus"] for row in await company.invoices()] == ["csYes", "csCancellation"]


async def test_rule_15_five_at_once_cancel_once(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    others = [Bridge(company, company.connector()) for _ in range(5)]
    outcomes = await asyncio.gather(*(each.cancel(document(), route(**CANCEL)) for each in others))
    assert {outcome.state for outcome in outcomes} == {State.CANCELLED}
    assert len(await company.invoices()) == 2


@pytest.mark.parametrize("blocked_by", ["a part paid", "paid", "a closed period", "a credit memo"])
@pytest.mark.parametrize("how", ["cancel", "recreate"])
async def test_rule_15_what_can_not_be_cancelled_asks_for_a_credit_memo(
    bridge: Bridge, company: Company, blocked_by: str, how: str
) -> None:
    await bridge.export(document())
    match blocked_by:
        case "a part paid":
            await pay(company, "100")
        case "paid":
            await pay(company, "122")
        case "a closed period":
            await company.tell("period", month="2026-02", status="locked")
        case _:
            lines = [{"BaseType": 13, "BaseEntry": 1, "BaseLine": 0}]
            await company.accountant("CreditNotes", CardCode="N-100", DocDate="2026-02-11", DocumentLines=lines)
    with pytest.raises(Refused) as refused:
        if how == "cancel":
            await bridge.cancel(document(), route(**CANCEL))
        else:
            await bridge.export(changed(), route(**RECREATE))
    early = how == "recreate" and blocked_by == "a closed period"  # a draft has shown it
    assert refused.value.refusal.code == ("replacement_refused" if early else "cancel_blocked")
    assert "credit memo" in refused.value.refusal.text("en", "invoice", "INV-01001", "")
    assert (refused.value.refusal.values["document"], refused.value.number) == ("A/R Invoice", "1")
    assert (refused.value.dated, refused.value.total) == (DAY, Decimal(122))  # rule 22
    assert len(await company.live("Invoices")) == 1
    # nobody is told that the bridge takes it back
    assert [row for row in await company.rows(fence.CLAIMS) if row["Name"].startswith("recreate")] == []


async def test_rule_15_both_documents_of_an_order_are_taken_back(bridge: Bridge, company: Company) -> None:
    decided = services(create_invoice=True, **CANCEL)
    await bridge.export(document(order()), decided)
    await company.fault("drop_after", CANCEL2, skip=1)  # the delivery's answer
    await company.fault("status", r"GET .*/DeliveryNotes\(", status=502)
    with pytest.raises(Unavailable):
        await bridge.cancel(document(order()), decided)
    outcome = await bridge.cancel(document(order(), attempt=1), decided)
    assert (outcome.state, outcome.accounting_id) == (State.CANCELLED, "DeliveryNotes(1)")
    assert await company.live("Invoices") == await company.live("DeliveryNotes") == []
    assert len(await company.invoices()) == len(await company.rows("DeliveryNotes")) == 2


async def test_rule_15_an_order_is_marked_and_an_order_that_was_delivered_is_not(
    bridge: Bridge, company: Company
) -> None:
    decided = services(services_document="order", **CANCEL)
    await bridge.export(document(order()), decided)
    assert (await bridge.cancel(document(order()), decided)).accounting_id == "Orders(1)"
    assert await company.live("Orders") == []
    other = document(order(id=UUID(int=0xE2), number="ORD-2"))
    await bridge.export(other, decided)
    lines = [{"BaseType": 17, "BaseEntry": 2, "BaseLine": 0}]
    await company.accountant("DeliveryNotes", CardCode="N-100", DocDate="2026-02-11", DocumentLines=lines)
    with pytest.raises(Refused) as refused:
        await bridge.cancel(other, decided)
    assert refused.value.refusal.code == "cancel_blocked"


async def test_rule_15_what_is_issued_again_gets_the_next_generation(bridge: Bridge, company: Company) -> None:
    outcome = await bridge.export(document())
    outcome = await bridge.cancel(journal(document(), outcome), route(**CANCEL))
    again = journal(document(), outcome)
    assert again.generation == 1
    second = await bridge.export(again, route(**CANCEL))
    assert (second.state, second.generation) == (State.POSTED, None)
    (live,) = await company.live("Invoices")
    assert live[fence.KEY] == str(accounting_key(ORGANIZATION, "sapb1", "invoice", again.sale.id, 1))


async def test_rule_15_a_draft_is_deleted_and_its_key_can_be_used_again(bridge: Bridge, company: Company) -> None:
    await company.turn(approval=True)
    outcome = await bridge.export(document())
    assert outcome.state is State.DRAFT
    outcome = await bridge.cancel(document(), route(**CANCEL))
    assert (outcome.state, outcome.accounting_id) == (State.CANCELLED, "Drafts(1)")
    assert await company.rows("Drafts") == []
    await company.turn(approval=False)
    assert (await bridge.export(document(attempt=1))).state is State.POSTED


async def test_an_older_cancellation_takes_no_newer_document_back(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(version=7005))
    with pytest.raises(Unavailable, match="newer version"):
        await bridge.cancel(document(version=7004), route(**CANCEL))
    assert len(await company.live("Invoices")) == 1


# --- changed in the CRM


async def test_rule_15_a_change_is_refused_unless_the_route_says_so(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    refused = await bridge.refused(changed(), route(**CANCEL))
    assert (refused.refusal.code, refused.number) == ("changed_after_export", "1")
    assert "credit memo" in refused.refusal.text("en", "invoice", "INV-01001", "")
    assert [row["DocTotal"] for row in await company.invoices()] == [122]


async def test_rule_15_cancel_and_create_anew_is_the_next_generation(bridge: Bridge, company: Company) -> None:
    first = await bridge.export(document())
    outcome = await bridge.export(journal(changed(), first), route(**RECREATE))
    assert (outcome.state, outcome.number, outcome.generation, outcome.total) == (State.POSTED, "3", 1, Decimal(305))
    assert [row["CancelStatus"] for row in await company.invoices()] == ["csYes", "csCancellation", "csNo"]
    known = journal(changed(), outcome)
    assert known.generation == 1
    assert (await bridge.export(known, route(**RECREATE))).number == "3"
    third = await bridge.export(journal(changed(7003, "300"), outcome), route(**RECREATE))
    assert (third.generation, third.total) == (2, Decimal(366))
    assert len(await company.live("Invoices")) == 1
    assert await company.rows("Drafts") == []


STEPS = [
    ("drop_after", r"POST .*/Drafts$"),
    ("drop_before", r"POST .*/Drafts$"),
    ("drop_after", r"DELETE .*/Drafts"),
    ("drop_after", rf"POST .*/{fence.CLAIMS}$"),
    ("drop_before", rf"POST .*/{fence.CLAIMS}$"),
    ("drop_after", CANCEL2),
    ("drop_before", CANCEL2),
    ("status", CANCEL2),
    ("drop_after", BATCH),
    ("drop_before", BATCH),
    ("html", BATCH),
]


@pytest.mark.parametrize(("kind", "match"), STEPS)
@pytest.mark.parametrize("blind", [False, True])
async def test_rule_15_a_crash_at_any_step_is_finished_and_nothing_doubled(
    bridge: Bridge, company: Company, kind: str, match: str, blind: bool
) -> None:
    """``blind``: the look-up after it fails as well, as where the process died."""
    decided = route(**RECREATE)
    first = await bridge.export(document())
    await company.fault(kind, match)
    if blind:
        await company.fault("status", rf"GET .*({fence.CLAIMS}|Invoices|Drafts)", status=503, skip=2)
    outcome = None
    for attempt in range(4):
        retried = Bridge(company, company.connector(), bridge.known)
        with contextlib.suppress(Unavailable):
            outcome = await retried.export(journal(changed(attempt=attempt), first), decided)
            break
    assert outcome is not None
    assert (outcome.state, outcome.generation, outcome.total) == (State.POSTED, 1, Decimal(305))
    assert [row["CancelStatus"] for row in await company.invoices()] == ["csYes", "csCancellation", "csNo"]
    # what a lost answer left computed is deleted by whoever comes next
    assert len(await company.rows("Drafts")) <= 1


async def test_rule_15_five_at_once_create_one_anew(bridge: Bridge, company: Company) -> None:
    first = await bridge.export(document())
    others = [Bridge(company, company.connector(), dict(bridge.known)) for _ in range(5)]
    made = journal(changed(), first)
    outcomes = await asyncio.gather(*(each.export(made, route(**RECREATE)) for each in others))
    assert {(outcome.number, outcome.generation) for outcome in outcomes} == {("3", 1)}
    assert len(await company.live("Invoices")) == 1


async def test_rule_15_the_older_of_two_changes_never_wins(bridge: Bridge, company: Company) -> None:
    first = await bridge.export(document())
    older, newer = changed(7002, "250"), changed(7003, "300")
    await bridge.export(journal(newer, first), route(**RECREATE))
    with pytest.raises(Unavailable, match="newer version"):
        await bridge.export(journal(older, first), route(**RECREATE))
    assert [row["DocTotal"] for row in await company.live("Invoices")] == [366]
    at_once = [changed(7004 + n, str(310 + n)) for n in range(4)]
    others = [Bridge(company, company.connector(), dict(bridge.known)) for _ in at_once]
    await asyncio.gather(
        *(each.export(journal(made, first), route(**RECREATE)) for each, made in zip(others, at_once, strict=True)),
        return_exceptions=True,
    )
    last = journal(at_once[-1].model_copy(update={"reference": changed(attempt=1).reference}), first)
    assert (await bridge.export(last, route(**RECREATE))).total == last.sale.total
    assert [row["DocTotal"] for row in await company.live("Invoices")] == [last.sale.total]


async def test_rule_15_what_the_accountant_cancelled_is_not_made_again(bridge: Bridge, company: Company) -> None:
    first = await bridge.export(document())
    await company.accountant("Invoices(1)/Cancel")
    refused = await bridge.refused(journal(changed(), first), route(**RECREATE))
    assert refused.refusal.code == "cancelled_in_accounting"
    assert await company.live("Invoices") == []


async def test_rule_15_what_the_accountant_cancelled_after_a_change_was_undone_is_not_made_again(
    bridge: Bridge, company: Company
) -> None:
    """SAP was away when the bridge was about to replace it, and the change was undone before the next attempt."""
    first = await bridge.export(document())
    await company.fault("drop_before", CANCEL2)
    with pytest.raises(Unavailable):
        await bridge.export(journal(changed(), first), route(**RECREATE))
    undone = journal(document(version=7003, attempt=1), first)
    assert (await bridge.export(undone, route(**RECREATE))).number == first.number

    await company.accountant("Invoices(1)/Cancel")
    refused = await bridge.refused(journal(changed(7004), first), route(**RECREATE))
    assert refused.refusal.code == "cancelled_in_accounting"
    assert await company.live("Invoices") == []


async def test_rule_15_what_would_be_refused_is_refused_before_anything_is_cancelled(
    bridge: Bridge, company: Company
) -> None:
    first = await bridge.export(document())
    for made in (
        invoice(line(rate="7")),
        invoice(line(product=ADVICE.model_copy(update={"id": UUID(int=3), "number": ""}))),
    ):
        await bridge.refused(journal(document(made, version=7002), first), route(**RECREATE))
    await company.turn(tax_system="sales_tax")  # what only a draft shows
    refused = await bridge.refused(journal(changed(), first), route(**RECREATE))
    assert refused.refusal.code == "replacement_refused"
    assert len(await company.live("Invoices")) == 1


async def test_rule_15_the_number_of_the_crm_is_used_up_by_the_first_document(bridge: Bridge, company: Company) -> None:
    decided: Route = route(crm_number=True, **RECREATE)
    made = document(invoice(number="4711"))
    assert (await bridge.export(made, decided)).number == "4711"
    refused = await bridge.refused(document(invoice(line("1", "250"), number="4711"), version=7002), decided)
    assert refused.refusal.code == "changed_after_export"
    assert len(await company.live("Invoices")) == 1


async def test_rule_15_an_order_and_its_invoice_are_replaced_together(bridge: Bridge, company: Company) -> None:
    decided = services(create_invoice=True, **RECREATE)
    first = await bridge.export(document(order()), decided)
    made = journal(document(order(line("1", "250")), version=7002), first)
    await company.fault("drop_after", CANCEL2)
    await company.fault("status", r"GET .*/Invoices\(", status=502)
    with pytest.raises(Unavailable):
        await bridge.export(made, decided)
    outcome = await bridge.export(made, decided)
    assert (outcome.generation, outcome.total) == (1, Decimal(305))
    assert [row["DocTotal"] for kind in ("DeliveryNotes", "Invoices") for row in await company.live(kind)] == [305, 305]


async def test_rule_04_a_copied_invoice_is_replaced_by_a_copy(bridge: Bridge, company: Company) -> None:
    lines = (line("2", "50", number=1), line("1", "7", number=2))
    base = await bridge.export(document(order(*lines)), services())
    known = Base(id=UUID(int=0xE1), accounting_id=base.accounting_id)
    first = await bridge.export(document(invoice(*lines), base=known))
    made = journal(document(invoice(lines[0]), base=known, version=7002), first)
    assert (await bridge.export(made, route(**RECREATE))).generation == 1
    (live,) = await company.live("Invoices")
    assert [(row["BaseType"], row["BaseLine"]) for row in live["DocumentLines"]] == [(15, 0)]
    wrong = journal(document(invoice(line("3", "50")), base=known, version=7003), first)
    assert (await bridge.refused(wrong, route(**RECREATE))).refusal.code == "base_differs"
    assert await company.live("Invoices") == [live]


async def test_rule_01_what_was_typed_by_hand_is_linked_and_never_touched(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD9), number="OTHER")))
    lines = [{"ItemCode": "ADVICE", "Quantity": 1, "UnitPrice": 100, "VatGroup": "S22"}]
    await company.accountant("Invoices", CardCode="N-100", DocDate="2026-02-10", DocumentLines=lines)
    by_hand = Journalled(row_id=UUID(int=1), etag="W/1", state=State.POSTED, accounting_id="2", number="2")
    outcome = await bridge.export(document(journal=by_hand), route(**RECREATE))
    assert (outcome.state, outcome.number) == (State.POSTED, "2")
    refused = await bridge.refused(changed(journal=by_hand), route(**RECREATE))
    assert refused.refusal.code == "total_differs"
    with pytest.raises(Refused) as raised:
        await bridge.cancel(document(journal=by_hand), route(**CANCEL))
    assert raised.value.refusal.code == "cancelled_after_export"
    gone = by_hand.model_copy(update={"accounting_id": "1"})  # another one of ours
    assert (await bridge.refused(document(journal=gone))).refusal.code == "deleted_in_accounting"
    assert len(await company.live("Invoices")) == 2
