"""What came of the sample documents: one row each, held against the books themselves."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.demo.books import MAIN_DOCUMENT, Entry, doubled
from infra.demo.company import SampleSale
from infra.demo.world import World
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State

STATES = {value: state for state, value in STATE_VALUES.items()}


@dataclass(frozen=True)
class Row:
    """One document as the demo shows it."""

    sale: SampleSale
    total: Decimal
    number: str
    state: str
    booked: Decimal | None
    seconds: float | None
    message: str

    @property
    def right(self) -> bool:
        """Whether it stands in the books, once, with the CRM's amount."""
        return self.state == State.POSTED.value and bool(self.number) and self.booked == self.total


async def rows(world: World, entered: Sequence[SampleSale], issued_at: float) -> list[Row]:
    """Look every document up in the CRM, in its journal and in the books."""
    journal = await world.crm.journal()
    totals = await world.crm.totals()
    booked: dict[tuple[str, str], Entry] = {}
    for books in world.books.values():
        booked |= {(entry.kind, entry.reference): entry for entry in await asyncio.to_thread(books.entries)}
    return [_row(sale, Decimal(totals[sale.id]), journal.get(sale.id, {}), booked, issued_at) for sale in entered]


def _row(
    sale: SampleSale,
    total: Decimal,
    line: dict[str, Any],
    booked: dict[tuple[str, str], Entry],
    issued_at: float,
) -> Row:
    entry = booked.get((MAIN_DOCUMENT[sale.company.target, sale.company.way], sale.number))
    state = STATES.get(line.get("acx_state", -1))
    return Row(
        sale=sale,
        total=total.quantize(Decimal("0.01")),
        number=line.get("acx_number") or "",
        state=state.value if state else "missing",
        booked=entry.total if entry and entry.number == line.get("acx_number") else None,
        seconds=_seconds(line.get("acx_postedon"), issued_at),
        message=line.get("acx_message") or "",
    )


def _seconds(posted_on: str | None, issued_at: float) -> float | None:
    """Give the seconds from issuing to posting; the journal keeps whole seconds."""
    return None if posted_on is None else max(0.0, datetime.fromisoformat(posted_on).timestamp() - int(issued_at))


def show(found: Sequence[Row], console: Console) -> None:
    """Print the table, and what the journal says of a document that is not simply posted."""
    table = Table(title="Sales of Dynamics 365 in the books")
    for heading in ("CRM", "Customer", "Total", "", "Target", "Number", "State", "s"):
        table.add_column(heading, justify="right" if heading in {"Total", "s"} else "left")
    for row in found:
        table.add_row(
            row.sale.number,
            row.sale.customer.name,
            f"{row.total:,.2f}",
            row.sale.currency,
            row.sale.company.target,
            row.number,
            row.state if row.right else f"[red]{row.state}[/red]",
            "" if row.seconds is None else f"{row.seconds:.0f}",
        )
    console.print(table)
    for row in found:
        if row.message and not row.right:
            console.print(f"{row.sale.number}: {row.message}")


def counts(world: World) -> dict[str, int]:
    """Count every document and card in both systems."""
    return {
        f"{target}:{entity}": count for target, books in world.books.items() for entity, count in books.count().items()
    }


def problems(world: World, found: Sequence[Row], written: int) -> list[str]:
    """Name what is missing, doubled or different, and what the second round wrote."""
    wrong = [
        f"{row.sale.number}: CRM {row.total} {row.sale.currency}, in the books {row.booked}, {row.state}"
        for row in found
        if not row.right
    ]
    for target, books in world.books.items():
        entries = books.entries()
        wrong += [f"{target}: {name} stands in the books twice" for name in doubled(entries)]
        own = {row.sale.number for row in found if row.sale.company.target == target}
        wrong += [f"{target}: {entry.reference} should not be there" for entry in entries if entry.reference not in own]
    return [*wrong, f"The second round wrote {written} records"] if written else wrong


async def write_json(path: str, found: Sequence[Row], written: int) -> None:
    """Write the table as JSON."""
    documents: list[dict[str, Any]] = [
        {
            "id": str(row.sale.id),
            "crm_number": row.sale.number,
            "target": row.sale.company.target,
            "number": row.number,
            "state": row.state,
            "total": str(row.total),
            "currency": row.sale.currency,
            "seconds": row.seconds,
        }
        for row in found
    ]
    totals: dict[str, Any] = {
        "documents": len(found),
        "in_the_books": sum(row.right for row in found),
        "second_round_written": written,
    }
    content = json.dumps({"documents": documents, "totals": totals}, ensure_ascii=False, indent=2)
    await asyncio.to_thread(Path(path).write_text, content)
