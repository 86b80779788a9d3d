"""Sentences that SAP Business One leads to: the connector and the payments in front of a local company."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from infra.local.sapb1 import company as seed
from shared.accounting import Outcome, Standing
from shared.documents import Product
from shared.errors import Refused
from shared.http import Http
from shared.messages import Base, Document, Issued, State
from shared.refusals import Refusal
from shared.routes import Route
from shared.sapb1.client import ServiceLayer
from shared.sapb1.payments import Sapb1Payments
from tests.integration.sapb1_connector.conftest import Bridge, running
from tests.integration.sapb1_connector.test_payments import asked, credit
from tests.unit.sapb1 import test_connector as scripted
from tests.unit.sapb1.examples import (
    CUSTOMER,
    document,
    freight,
    invoice,
    line,
    order,
    route,
    services,
)
from tests.unit.sapb1.scripted import URL

CANCEL: dict[str, Any] = {"cancel": True, "cancellation_date": "document"}
RECREATE: dict[str, Any] = {"recreate": True, "cancellation_date": "document"}
ABROAD = CUSTOMER.address.model_copy(update={"country": "US"})
SALES_TAX: dict[str, Any] = {"tax_codes": {"SI": {"22": "T22"}}}


@asynccontextmanager
async def stage() -> AsyncIterator[Bridge]:
    """A company that was set up, and a bridge into it."""
    async with running() as company:
        yield Bridge(company, company.connector())


async def refused(bridge: Bridge, made: Document | None = None, decided: Route | None = None) -> Refusal:
    """Export what must be refused."""
    return (await bridge.refused(made or document(), decided)).refusal


def remark_of(outcome: Outcome) -> Refusal:
    """Give what a person should know of a success."""
    assert outcome.remark is not None, outcome
    return outcome.remark


def reason_of(standing: Standing) -> Refusal:
    """Give what payments say of a document."""
    assert standing.reason is not None, standing
    return standing.reason


def of_item(number: str) -> Document:
    """Give an invoice of an item."""
    return document(invoice(line(product=Product(id=UUID(int=0xB9), number=number, name=number, is_service=True))))


async def unit_differs(bridge: Bridge) -> Refusal:
    await bridge.company.client().update("Items", seed.STOCK_ITEM, {"SalesUnit": "box", "SalesItemsPerUnit": 12})
    return await refused(bridge, of_item(seed.STOCK_ITEM))


def of_customer(**changes: Any) -> Document:
    """Give an invoice of another customer."""
    return document(invoice(customer=CUSTOMER.model_copy(update=changes)))


def of_order(base: str, *lines: Any) -> Document:
    """Give an invoice whose order stands in accounting under ``base``."""
    return document(invoice(*lines, order_id=UUID(int=0xE1)), base=Base(id=UUID(int=0xE1), accounting_id=base))


async def draft_waits(bridge: Bridge) -> Refusal:
    await bridge.company.turn(approval=True, approval_draft_survives_changeset=True)
    return remark_of(await bridge.export(document()))


async def second_draft(_: Bridge) -> Refusal:
    sap = scripted.Sap()
    sap.found["Drafts"] = [[scripted.written(DocEntry=77)]]
    sap.found["Invoices"] = [[scripted.written()]]
    return remark_of(await scripted.export(sap, document(attempt=1)))


async def total_differs(_: Bridge) -> Refusal:
    with pytest.raises(Refused) as raised:
        await scripted.export(scripted.Sap(*scripted.batches(scripted.written(DocTotal=121.99))))
    return raised.value.refusal


async def cancelled_in_accounting(bridge: Bridge) -> Refusal:
    await bridge.export(document())
    await bridge.company.accountant("Invoices(1)/Cancel")
    return await refused(bridge)


async def cancel_blocked(bridge: Bridge) -> Refusal:
    outcome = await bridge.export(document())
    await credit(bridge.company, outcome)
    with pytest.raises(Refused) as raised:
        await bridge.cancel(document(), route(**CANCEL))
    return raised.value.refusal


async def replacement_refused(bridge: Bridge) -> Refusal:
    await bridge.export(document())
    await bridge.company.tell("period", month="2026-02", status="locked")
    return await refused(bridge, document(invoice(line("1", "250")), version=7002), route(**RECREATE))


async def base_differs(bridge: Bridge) -> Refusal:
    base = await bridge.export(document(order(line("2", "50"))), services())
    return await refused(bridge, of_order(base.accounting_id, line("3", "50")))


async def invoiced_before(bridge: Bridge) -> Refusal:
    of_the_order = invoice(order_id=order().id)
    await bridge.export(document(of_the_order))
    issued = Issued(id=of_the_order.id, number=of_the_order.number, generation=0, in_books=False)
    return await refused(bridge, document(order(), invoices=(issued,)), services())


async def settled_by_credit(bridge: Bridge) -> Refusal:
    outcome = await bridge.export(document())
    await credit(bridge.company, outcome)
    one = asked(outcome)
    return reason_of((await Sapb1Payments(bridge.company.client()).standings([one]))[one.row_id])


async def settled_without_payment(_: Bridge) -> Refusal:
    """An internal reconciliation closes an invoice without a document that names it."""
    closed = {"DocEntry": 11, "DocNum": 501, "DocumentStatus": "bost_Close", "CancelStatus": "csNo", "CardCode": "C1"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/Login"):
            return httpx.Response(200, json={"SessionId": "s"})
        found = [closed | {"DocTotal": 122, "PaidToDate": 122}] if request.url.path.endswith("/Invoices") else []
        return httpx.Response(200, json={"value": found})

    http = Http("SAP Business One", httpx.MockTransport(answer))
    client = ServiceLayer(http, URL, "SBO", "bridge", SecretStr("x"))
    one = asked(Outcome(State.POSTED, "501", "11", Decimal(122), "EUR", ""))
    return reason_of((await Sapb1Payments(client).standings([one]))[one.row_id])


SCENES: dict[str, Callable[[Bridge], Awaitable[Refusal]]] = {
    "rate_not_mapped": lambda bridge: refused(bridge, document(invoice(line(rate="7")))),
    "write_in_unset": lambda bridge: refused(
        bridge,
        document(invoice(line(product=None, description="By hand"), line(number=2))),
        route(write_in_item=None, write_in_account=seed.SERVICES_ACCOUNT),
    ),
    "customer_frozen": lambda bridge: refused(bridge, of_customer(tax_number="SI10000009")),
    "customer_code_taken": lambda bridge: refused(bridge, of_customer(number=seed.CUSTOMER)),
    "item_frozen": lambda bridge: refused(bridge, of_item(seed.FROZEN_ITEM)),
    "item_not_for_sale": lambda bridge: refused(bridge, of_item(seed.PURCHASE_ITEM)),
    "unit_differs": unit_differs,
    "item_tracked": lambda bridge: refused(bridge, of_item(seed.BATCH_ITEM)),
    "item_in_stock": lambda bridge: refused(bridge, of_item(seed.STOCK_ITEM), route(stock="non_inventory_only")),
    "base_unusable": lambda bridge: refused(bridge, of_order("Orders(99)")),
    "delivery_missing": lambda bridge: refused(bridge, document(), route(stock="from_delivery")),
    "number_not_numeric": lambda bridge: refused(bridge, document(), route(crm_number=True)),
    "freight_expense_unset": lambda bridge: refused(bridge, document(invoice(line(), freight()))),
    "freight_currency": lambda bridge: refused(
        bridge, document(invoice(line(), freight(), currency="USD")), route(freight_expense=seed.FREIGHT)
    ),
    "tax_code_unset": lambda bridge: refused(bridge, of_customer(address=ABROAD), route(**SALES_TAX)),
    "country_unclear": lambda bridge: refused(
        bridge,
        of_customer(address=ABROAD.model_copy(update={"country": "United States"})),
        route(vat_groups_by_country={"US": {"0": "S0"}}),
    ),
    "draft_waits": draft_waits,
    "second_draft": second_draft,
    "total_differs": total_differs,
    "cancelled_in_accounting": cancelled_in_accounting,
    "cancel_blocked": cancel_blocked,
    "replacement_refused": replacement_refused,
    "base_differs": base_differs,
    "invoiced_before": invoiced_before,
    "settled_by_credit": settled_by_credit,
    "settled_without_payment": settled_without_payment,
}
"""code → what leads to it"""
