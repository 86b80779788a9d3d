"""The whole stack, once for all tests of the chain: each test enters invoices of its own."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from infra.demo.books import Entry
from infra.demo.company import CUSTOMERS, PRODUCTS, RUSSIAN, Company, SampleLine, SampleSale
from infra.demo.routes import routes
from infra.demo.world import World, running
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State

PATIENCE = 40.0
PAUSED = {
    target: Company(f"{target}-PAUSED", f"Paused company of {target}", target, ("EUR",), ("22",))
    for target in ("onec", "sapb1")
}
"""Companies whose routes are paused."""


def _all_routes() -> str:
    """Give the routes of the sample companies, and the same ones paused for the paused companies."""
    open_ = routes()
    paused = [
        {
            **route,
            "name": f"{route['name']}-paused",
            "business_unit": str(PAUSED[route["target"]].business_unit),
            "paused": True,
        }
        for route in open_
        if route["way"] == "2B"
    ]
    return json.dumps(open_ + paused, ensure_ascii=False)


FAST = {"RETRY_FIRST_SECONDS": "0.2", "RETRY_MAX_SECONDS": "1"}
RARELY = "0 0 0 29 2 *"
BY_HAND = {f"{timer}_SCHEDULE": RARELY for timer in ("SWEEP", "RECONCILE", "PAYMENTS")}
"""A timer that fires in the middle of a test finds what the test says is not found yet: tests fire them (trigger)."""
CREDENTIALS = {"CREDENTIALS_EXPIRE": '{"ONEC_PASSWORD": "2099-12-31"}'}
STATES = {value: state for state, value in STATE_VALUES.items()}
SETTLED = frozenset(State) - {State.RETRYING, State.WAITING}


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Everything running, with short waits between retries."""
    changes = {**FAST, **BY_HAND, **CREDENTIALS, "ROUTES": _all_routes()}
    async with running(tmp_path_factory.mktemp("chain"), lambda _: None, changes) as started:
        for company in PAUSED.values():
            await started.crm.add(company)
        yield started


@pytest.fixture(autouse=True)
async def no_faults_left(world: World) -> AsyncIterator[None]:
    """Whatever a test told a server to do wrong is over with the test."""
    yield
    for name in ("dataverse", "onec", "sapb1"):
        await faults(world, name, None)


def line(net: str, rate: str = "22", quantity: str = "1", product: int | None = 1) -> SampleLine:
    """Give a line whose tax is right."""
    amount = Decimal(net)
    tax = Decimal(0) if rate == "none" else (amount * Decimal(rate) / 100).quantize(Decimal("0.01"))
    goods = None if product is None else PRODUCTS[product]
    description = "Individual work" if product is None else ""
    return SampleLine(goods, description, Decimal(quantity), amount / Decimal(quantity), Decimal(0), rate, tax)


def invoice(number: str, company: Company, *lines: SampleLine, dated: date = date(2026, 10, 5)) -> SampleSale:
    """Give an invoice of a company to its third customer."""
    customer = [customer for customer in CUSTOMERS if customer.company.target == company.target][2]
    currency = "RUB" if company.target == RUSSIAN.target else "EUR"
    total = sum((each.net + each.tax for each in lines), Decimal(0))
    return SampleSale(number, company, customer, currency, dated, lines, Decimal(0), total)


async def issue(world: World, *documents: SampleSale) -> None:
    """Enter invoices and issue them."""
    await world.crm.enter(documents)
    await world.crm.issue(documents)


async def journal_of(world: World, document: SampleSale) -> dict[str, Any]:
    """Give the journal row of an invoice; empty where it has none."""
    return (await world.crm.journal()).get(document.id, {})


async def until(world: World, document: SampleSale, states: Collection[State] = SETTLED) -> dict[str, Any]:
    """Wait until the journal says one of these states of an invoice; give the row."""
    deadline = time.monotonic() + PATIENCE
    row: dict[str, Any] = {}
    while time.monotonic() < deadline:
        row = await journal_of(world, document)
        if row and STATES[row["acx_state"]] in states:
            return row
        await asyncio.sleep(0.05)
    raise AssertionError(f"{document.number}: the journal says {row or 'nothing'} after {PATIENCE} s")


async def until_row(world: World, row_id: str, said: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a journal row says something; give it."""
    deadline = time.monotonic() + PATIENCE
    row: dict[str, Any] = {}
    while time.monotonic() < deadline:
        row = await world.crm.journal_row(row_id)
        if said(row):
            return row
        await asyncio.sleep(0.05)
    raise AssertionError(f"the journal says {row} after {PATIENCE} s")


def entries(world: World, document: SampleSale) -> list[Entry]:
    """Give all documents in both systems that carry the document's number."""
    found = [entry for books in world.books.values() for entry in books.entries()]
    return [entry for entry in found if entry.reference == document.number]


def booked(world: World, document: SampleSale) -> list[Decimal]:
    """Give their totals."""
    return [entry.total for entry in entries(world, document)]


async def trigger(world: World, name: str) -> None:
    """Let a timer fire now, as an operator does."""
    host = world.stack["host"]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{host['url']}/admin/functions/{name}", json={"input": ""}, headers={"x-functions-key": host["master_key"]}
        )
        answer.raise_for_status()


async def faults(world: World, name: str, fault: dict[str, Any] | None) -> None:
    """Tell a server to fail once more, or (None) to behave."""
    address = world.stack[name]["url"].split("/", 3)
    url = f"{address[0]}//{address[2]}/_local/faults"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await (client.delete(url) if fault is None else client.post(url, json=fault))
        answer.raise_for_status()
