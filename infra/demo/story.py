"""What happens to documents after they are in the books, and to those that were refused at first."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.demo.company import CUSTOMERS, EUROPEAN, RUSSIAN, SampleLine, SampleSale
from infra.demo.report import STATES
from infra.demo.world import World
from shared.messages import State

PATIENCE = 60.0


async def tell(world: World, entered: Sequence[SampleSale], console: Console) -> list[str]:
    """Go through the story; print each step with what the CRM says, and give the steps that went wrong."""
    table = Table(title="What happens afterwards", show_lines=True)
    for heading in ("What", "State", "What the CRM says", ""):
        table.add_column(heading)
    problems: list[str] = []
    for what, expected, step in (
        ("An invoice is cancelled in the CRM (1C)", State.CANCELLED, _cancelled),
        ("An invoice is changed in the CRM after posting (1C)", State.POSTED, _changed),
        ("An invoice is changed in the CRM after posting (SAP)", State.REFUSED, _changed_in_sap),
        ("Its tax is wrong, and is mended on the invoice (SAP)", State.POSTED, _mended_on_invoice),
        ("The customer's tax number is wrong, and is mended in the card (1C)", State.POSTED, _mended_on_customer),
    ):
        said, right = await step(world, entered)
        state = STATES.get(said.get("acx_state", -1))
        good = right and state is expected
        words = said.get("acx_message") or f"№ {said.get('acx_number')}"
        table.add_row(what, state.value if state else "missing", words, "✓" if good else "[red]✗[/red]")
        if not good:
            problems.append(f"{what}: {state}")
    console.print(table)
    return problems


async def _cancelled(world: World, entered: Sequence[SampleSale]) -> tuple[dict[str, Any], bool]:
    sale = _first(entered, RUSSIAN.code)
    await world.crm.cancel(sale)
    row = await _until(world, sale, lambda row: STATES[row["acx_state"]] is not State.POSTED)
    return row, _booked(world, sale) == []


async def _changed(world: World, entered: Sequence[SampleSale]) -> tuple[dict[str, Any], bool]:
    sale = _first(entered, RUSSIAN.code, skip=1)
    before = _booked(world, sale)
    await world.crm.correct_line(sale, 1, _a_hundred(sale))
    await world.drained()
    total = (await world.crm.totals())[sale.id]
    after = _booked(world, sale)
    return (await world.crm.journal())[sale.id], after != before and after == [Decimal(total)]


async def _changed_in_sap(world: World, entered: Sequence[SampleSale]) -> tuple[dict[str, Any], bool]:
    sale = _first(entered, EUROPEAN.code)
    before = _booked(world, sale)
    await world.crm.correct_line(sale, 1, _a_hundred(sale))
    row = await _until(world, sale, lambda row: STATES[row["acx_state"]] is not State.POSTED)
    return row, _booked(world, sale) == before


async def _mended_on_invoice(world: World, entered: Sequence[SampleSale]) -> tuple[dict[str, Any], bool]:
    line = SampleLine(None, "Advice", Decimal(1), Decimal("100.00"), Decimal(0), "22", Decimal("20.00"))
    sale = replace(_first(entered, EUROPEAN.code), number="EU-WRONG-TAX", lines=(line,), discount=Decimal(0))
    await world.crm.enter([sale])
    await world.crm.issue([sale])
    refused = await _until(world, sale, lambda row: STATES[row["acx_state"]] is State.REFUSED)
    await world.crm.correct_line(sale, 1, {"tax": Decimal("22.00")})
    row = await _until(world, sale, lambda row: STATES[row["acx_state"]] is State.POSTED)
    return row, bool(refused["acx_message"]) and _booked(world, sale) == [Decimal("122.00")]


async def _mended_on_customer(world: World, entered: Sequence[SampleSale]) -> tuple[dict[str, Any], bool]:
    template = next(customer for customer in CUSTOMERS if customer.company is RUSSIAN)
    customer = replace(template, name="ООО «Опечатка»", tax_number="7801000999", kpp="780101001", known=False)
    line = SampleLine(None, "Совет", Decimal(1), Decimal("100.00"), Decimal(0), "22", Decimal("22.00"))
    first = _first(entered, RUSSIAN.code)
    sale = replace(first, number="RU-WRONG-INN", customer=customer, currency="RUB", lines=(line,), discount=Decimal(0))
    await world.crm.add_customers([customer])
    await world.crm.enter([sale])
    await world.crm.issue([sale])
    refused = await _until(world, sale, lambda row: STATES[row["acx_state"]] is State.REFUSED)
    await world.crm.correct_customer(customer, {"acx_taxnumber": "7801000990"})
    row = await _until(world, sale, lambda row: STATES[row["acx_state"]] is State.POSTED)
    return row, bool(refused["acx_message"]) and _booked(world, sale) == [Decimal("122.00")]


def _a_hundred(sale: SampleSale) -> dict[str, Any]:
    """Give changes that make the first line one piece at 100, its tax right."""
    rate = sale.lines[0].rate
    tax = Decimal(0) if rate == "none" else Decimal(rate)
    return {"quantity": 1, "priceperunit": 100, "manualdiscountamount": 0, "tax": tax}


def _first(entered: Sequence[SampleSale], code: str, skip: int = 0) -> SampleSale:
    return [sale for sale in entered if sale.company.code == code][skip]


def _booked(world: World, sale: SampleSale) -> list[Decimal]:
    entries = world.books[sale.company.target].entries()
    return [entry.total for entry in entries if entry.reference == sale.number]


async def _until(world: World, sale: SampleSale, said: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    row: dict[str, Any] = {}
    while time.monotonic() < deadline:
        row = (await world.crm.journal()).get(sale.id, {})
        if row and said(row):
            break
        await asyncio.sleep(0.1)
    return row
