"""Fulfilled orders (2A): a delivery or an order, by setting the A/R invoice copied from it; revenue once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from infra.local.sapb1 import company as seed
from shared.documents import Product
from shared.errors import Parked, Refused, Unavailable
from shared.messages import Base, Document, State
from shared.refusals import refusal
from shared.sapb1 import fence
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document, freight, invoice, key_of, line, order, route, services

BATCH = r"POST .*/\$batch"
HELD = f"ItemCode eq '{seed.STOCK_ITEM}'"
STOCKED = Product(id=UUID(int=0xB5), number=seed.STOCK_ITEM, name="Pump", is_service=False)


async def on_hand(company: Company) -> int:
    """Give what the warehouse holds of the stocked item; at first 1000."""
    (item,) = await company.client().rows("Items", select=("QuantityOnStock",), where=HELD)
    return int(item["QuantityOnStock"])


def fulfilled(*lines: Any, **more: Any) -> Document:
    """Give the message of a fulfilled order."""
    return document(order(*lines), **more)


def invoiced(base: str, *lines: Any, number: str = "", **more: Any) -> Document:
    """Give the message of an invoice whose order stands in accounting under ``base``."""
    known = Base(id=UUID(int=0xE1), accounting_id=base, number=number)
    return document(invoice(*lines, order_id=UUID(int=0xE1)), base=known, **more)


@pytest.mark.parametrize(
    ("kind", "entity", "state"), [("delivery", "DeliveryNotes", State.POSTED), ("order", "Orders", State.EXPORTED)]
)
async def test_rule_04_a_fulfilled_order_becomes_what_the_route_says(
    bridge: Bridge, company: Company, kind: str, entity: str, state: State
) -> None:
    made = fulfilled(line("2", "50"), freight())
    outcome = await bridge.export(made, services(services_document=kind, freight_expense=seed.FREIGHT))
    (written,) = await company.rows(entity)
    assert (outcome.state, outcome.number, outcome.accounting_id) == (state, str(written["DocNum"]), f"{entity}(1)")
    assert outcome.total == made.sale.total == written["DocTotal"]
    assert [written[name] for name in fence.FIELDS] == [str(key_of(made)), "7001", made.hash]
    assert written["DocDueDate"] == made.sale.shipment_date.isoformat()
    assert await company.invoices() == []
    assert await bridge.export(made, services(services_document=kind, freight_expense=seed.FREIGHT)) == outcome
    assert len(await company.rows(entity)) == 1


@pytest.mark.parametrize(("kind", "entity", "code"), [("delivery", "DeliveryNotes", 15), ("order", "Orders", 17)])
async def test_rule_04_the_invoice_of_an_order_is_copied_line_by_line_and_uses_it_up(
    bridge: Bridge, company: Company, kind: str, entity: str, code: int
) -> None:
    decided = services(services_document=kind, create_invoice=True, freight_expense=seed.FREIGHT)
    made = fulfilled(line("2", "50", product=STOCKED), line("3", "9.99", rate="9.5", number=2), freight())
    outcome = await bridge.export(made, decided)
    (base,), (copied,) = await company.rows(entity), await company.invoices()
    assert [(row["BaseType"], row["BaseEntry"], row["BaseLine"]) for row in copied["DocumentLines"]] == [
        (code, 1, 0),
        (code, 1, 1),
    ]
    assert (base["DocumentStatus"], copied["DocTotal"], copied[fence.KEY]) == (
        "bost_Close",
        made.sale.total,
        str(fence.invoice_key(key_of(made))),
    )
    title = "Delivery" if kind == "delivery" else "Sales Order"
    assert outcome.remark == refusal("also_written", documents=f"{title} 1, A/R Invoice 1")
    assert (outcome.state, outcome.accounting_id) == (State.POSTED, f"{entity}(1)")
    assert await on_hand(company) == 998  # issued once
    again = await bridge.export(made, decided)
    assert again == outcome
    assert len(await company.invoices()) == 1


async def test_a_delivery_with_its_invoice_is_two_calls_when_everything_is_warm(
    bridge: Bridge, company: Company
) -> None:
    decided = services(create_invoice=True)
    await bridge.export(fulfilled(), decided)
    before = company.http[-1].round_trips
    await bridge.export(document(order(id=UUID(int=0xE2), number="ORD-2")), decided)
    assert company.http[-1].round_trips - before == 2


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "status", "html"])
@pytest.mark.parametrize("skip", [0, 1])
async def test_rule_04_a_crash_between_the_two_is_finished_by_the_retry(
    bridge: Bridge, company: Company, kind: str, skip: int
) -> None:
    """``skip`` 0 loses the delivery's answer, 1 the invoice's."""
    decided = services(create_invoice=True)
    await bridge.export(document(order(id=UUID(int=0xE2), number="ORD-2")), decided)
    await company.fault(kind, BATCH, skip=skip)
    if skip:
        await company.fault("status", "GET .*/Drafts", status=502)
    try:
        await bridge.export(fulfilled(), decided)
    except Unavailable:
        outcome = await bridge.export(fulfilled(attempt=1), decided)
        assert outcome.state is State.POSTED
    assert len(await company.rows("DeliveryNotes")) == 2
    assert len(await company.invoices()) == 2


async def test_rule_04_five_at_once_deliver_and_invoice_once(company: Company) -> None:
    bridges = [Bridge(company, company.connector()) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(each.export(fulfilled(), services(create_invoice=True)) for each in bridges), return_exceptions=True
    )
    assert all(not isinstance(each, BaseException) or isinstance(each, Refused | Unavailable) for each in outcomes)
    assert (await bridges[0].export(fulfilled(attempt=1), services(create_invoice=True))).state is State.POSTED
    assert len(await company.rows("DeliveryNotes")) == len(await company.invoices()) == 1


async def test_rule_22_an_invoice_that_is_refused_says_that_the_delivery_stands(
    bridge: Bridge, company: Company
) -> None:
    decided = services(create_invoice=True, series=seed.LOCKED_INVOICE_SERIES)
    refused = await bridge.refused(fulfilled(), decided)
    assert (refused.refusal.code, refused.number, refused.accounting_id) == (
        "accounting_refused",
        "1",
        "DeliveryNotes(1)",
    )
    outcome = await bridge.export(fulfilled(attempt=1), services(create_invoice=True))
    assert (outcome.state, len(await company.invoices())) == (State.POSTED, 1)
    assert len(await company.rows("DeliveryNotes")) == 1


@pytest.mark.parametrize("kind", ["delivery", "order"])
async def test_rule_04_an_invoice_is_copied_from_the_document_of_its_order(
    bridge: Bridge, company: Company, kind: str
) -> None:
    lines = (line("2", "50", number=1), line("2", "50", number=2), line("1", "7", number=3))
    base = await bridge.export(fulfilled(*lines), services(services_document=kind))
    outcome = await bridge.export(invoiced(base.accounting_id, *lines[1:], freight(), number="1"), route(**FREIGHT))
    (copied,) = await company.invoices()
    assert [row["BaseLine"] for row in copied["DocumentLines"]] == [0, 2]
    assert outcome.total == copied["DocTotal"]
    # what this invoice doesn't have stays open for another
    (held,) = await company.rows("DeliveryNotes" if kind == "delivery" else "Orders")
    assert [row["LineStatus"] for row in held["DocumentLines"]] == ["bost_Close", "bost_Open", "bost_Close"]


FREIGHT: dict[str, Any] = {"freight_expense": seed.FREIGHT}


@pytest.mark.parametrize(
    "lines",
    [
        (line("3", "50"),),
        (line("2", "49"),),
        (line("2", "50", rate="9.5"),),
        (line("2", "50", product=None, description="By hand"),),
        (line("2", "50"), line("2", "50", number=2)),
    ],
)
async def test_rule_04_what_can_not_be_copied_exactly_is_refused(
    bridge: Bridge, company: Company, lines: tuple[Any, ...]
) -> None:
    base = await bridge.export(fulfilled(line("2", "50")), services())
    refused = await bridge.refused(invoiced(base.accounting_id, *lines))
    assert refused.refusal.code == "base_differs"
    assert refused.refusal.values["base"] == "Delivery 1"
    assert await company.invoices() == []


async def test_rule_04_a_base_that_was_used_up_cancelled_or_drafted_is_refused(
    bridge: Bridge, company: Company
) -> None:
    await bridge.export(fulfilled(), services(services_document="order"))
    for base in ("Orders(99)", "Drafts(3)", "17"):
        assert (await bridge.refused(invoiced(base))).refusal.code == "base_unusable"
    await company.accountant("Orders(1)/Cancel")
    assert (await bridge.refused(invoiced("Orders(1)"))).refusal.code == "base_unusable"
    other = document(order(id=UUID(int=0xE2), number="ORD-2"))
    await bridge.export(other, services(create_invoice=True))
    refused = await bridge.refused(invoiced("DeliveryNotes(1)"))
    assert refused.refusal == refusal("base_unusable", base="Delivery 1")
    assert len(await company.invoices()) == 1


async def test_rule_14_an_invoice_from_a_delivery_issues_nothing_again(bridge: Bridge, company: Company) -> None:
    lines = (line("4", "50", product=STOCKED),)
    base = await bridge.export(fulfilled(*lines), services(stock="from_delivery"))
    await bridge.export(invoiced(base.accounting_id, *lines), route(stock="from_delivery"))
    assert await on_hand(company) == 996


@pytest.mark.parametrize("base", [None, "Orders(1)"])
async def test_rule_14_from_delivery_without_a_delivery_is_refused(
    bridge: Bridge, company: Company, base: str | None
) -> None:
    await bridge.export(fulfilled(), services(services_document="order"))
    made = document() if base is None else invoiced(base)
    refused = await bridge.refused(made, route(stock="from_delivery"))
    assert refused.refusal == refusal("delivery_missing", route="eu")
    assert await company.invoices() == []


async def test_rule_14_a_reserve_invoice_leaves_the_stock_alone(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(line("4", "50", product=STOCKED))), route(stock="reserve_invoice"))
    (written,) = await company.invoices()
    assert written["ReserveInvoice"] == "tYES"
    assert await on_hand(company) == 1000


@pytest.mark.parametrize("stock", ["invoice_issues", "reserve_invoice"])
@pytest.mark.parametrize("item", [seed.BATCH_ITEM, seed.SERIAL_ITEM])
async def test_rule_14_batches_and_serial_numbers_are_refused_before_the_post(
    bridge: Bridge, company: Company, stock: str, item: str
) -> None:
    tracked = Product(id=UUID(int=0xB6), number=item, name="Tracked", is_service=False)
    (await company.door.delete("/_local/stats")).raise_for_status()
    refused = await bridge.refused(document(invoice(line(product=tracked))), route(stock=stock))
    assert refused.refusal.code == "item_tracked"
    stats = (await company.door.get("/_local/stats")).json()
    assert not {"POST Invoices", "POST Items"} & stats.keys()


async def test_an_exchange_rate_that_is_missing_is_awaited(bridge: Bridge, company: Company) -> None:
    made = document(order(currency="GBP"))
    with pytest.raises(Parked) as parked:
        await bridge.export(made, services(create_invoice=True))
    assert parked.value.refusal.values == {"value": "GBP", "date": "2026-02-10"}
    body = {"Currency": "GBP", "RateDate": "20260210", "Rate": "1.15"}
    await company.accountant("SBOBobService_SetCurrencyRate", **body)
    retried = made.model_copy(update={"reference": made.reference.model_copy(update={"attempt": 1})})
    assert (await bridge.export(retried, services(create_invoice=True))).state is State.POSTED
    assert len(await company.rows("DeliveryNotes")) == len(await company.invoices()) == 1
