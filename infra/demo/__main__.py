"""``python -m infra.demo demo``: the main job once, from nothing. ``run``: the same stack, left running."""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.demo.books import Entry, doubled
from infra.demo.company import SampleInvoice, invoices
from infra.demo.world import World, running
from infra.local.serving import until_stopped
from infra.local.stack import StackError
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State

COUNT = 46
PATIENCE = 240.0
"""Seconds without any progress before the demo gives up."""
STATES = {value: state for state, value in STATE_VALUES.items()}


@dataclass(frozen=True)
class Row:
    """One document as the demo shows it."""

    invoice: SampleInvoice
    total: Decimal
    target: str
    number: str
    state: str
    booked: Decimal | None
    seconds: float | None
    message: str

    @property
    def right(self) -> bool:
        """Whether it stands in the books, once, with the CRM's amount."""
        return self.state == State.POSTED.value and bool(self.number) and self.booked == self.total


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__)
    parser.add_argument("command", choices=("demo", "run"))
    command = parser.parse_args(arguments).command
    console = Console(width=None if sys.stdout.isatty() else 130)
    folder = Path(tempfile.mkdtemp(prefix="bridge-"))
    try:
        status = asyncio.run(demo(console, folder) if command == "demo" else run(console, folder))
    except StackError as error:
        console.print(f"[red]{error}[/red]")
        return 1
    if status == 0:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"Logs and state are kept in {folder}")
    return status


async def run(console: Console, folder: Path) -> int:
    """Leave the stack running until Ctrl-C or SIGTERM."""
    async with running(folder, console.print) as world:
        addresses = world.stack.first_lines()
        if path := os.environ.get("RUN_JSON"):
            await asyncio.to_thread(Path(path).write_text, json.dumps(addresses, ensure_ascii=False, indent=2))
        for name, line in addresses.items():
            console.print(f"[bold]{name}[/bold] {line.get('url') or line.get('connection_string')}", soft_wrap=True)
        console.print("Running. Ctrl-C stops all of it.")
        await until_stopped()
        console.print("Stopping …")
    return 0


async def demo(console: Console, folder: Path) -> int:
    """Issue invoices in the CRM, see them arrive in the books once, fire every event again, see nothing happen."""
    entered = invoices(COUNT)
    async with running(folder, console.print) as world:
        console.print(f"Entering {len(entered)} invoices in Dataverse")
        await world.crm.enter(entered)
        issued_at = time.time()
        await world.crm.issue(entered)
        await _wait(world, entered, console)
        await world.drained()
        rows = await _rows(world, entered, issued_at)
        _print(rows, console)
        before = _counts(world)
        events = await world.fire_every_event_again()
        await world.refer_again([invoice.id for invoice in entered])
        await world.drained()
        written = sum(_counts(world).values()) - sum(before.values())
        console.print(
            f"Once more: {events} events, and a new look at each invoice; {written} new records in accounting."
        )
        problems = _problems(world, rows, written)
        for problem in problems:
            console.print(f"[red]{problem}[/red]")
        await _write_json(rows, written)
    if not problems:
        console.print(
            "[green]Every invoice is in the books once, with its amount, and its number is in the CRM.[/green]"
        )
    return 1 if problems else 0


async def _wait(world: World, entered: Sequence[SampleInvoice], console: Console) -> None:
    columns = (TextColumn("In the books"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        task = progress.add_task("", total=len(entered))
        settled, since = 0, time.monotonic()
        while settled < len(entered) and time.monotonic() - since < PATIENCE:
            states = [STATES.get(row["acx_state"]) for row in await world.crm.journal()]
            now_settled = sum(state in {State.POSTED, State.REFUSED} for state in states)
            if now_settled != settled:
                settled, since = now_settled, time.monotonic()
                progress.update(task, completed=settled)
            await asyncio.sleep(0.2)


async def _rows(world: World, entered: Sequence[SampleInvoice], issued_at: float) -> list[Row]:
    journal = {UUID(row["_acx_invoiceid_value"]): row for row in await world.crm.journal()}
    totals = await world.crm.totals()
    booked: dict[str, Entry] = {}
    for books in world.books.values():
        booked |= {entry.reference: entry for entry in await asyncio.to_thread(books.entries)}
    rows = []
    for invoice in entered:
        entry, line = booked.get(invoice.number), journal.get(invoice.id, {})
        state = STATES.get(line.get("acx_state", -1))
        rows.append(
            Row(
                invoice=invoice,
                total=Decimal(totals[invoice.id]),
                target=invoice.company.target,
                number=line.get("acx_number") or "",
                state=state.value if state else "missing",
                booked=entry.total if entry and entry.number == line.get("acx_number") else None,
                seconds=_seconds(line.get("acx_postedon"), issued_at),
                message=line.get("acx_message") or "",
            )
        )
    return rows


def _seconds(posted_on: str | None, issued_at: float) -> float | None:
    """Give the seconds from issuing to posting; the journal keeps whole seconds."""
    return None if posted_on is None else max(0.0, datetime.fromisoformat(posted_on).timestamp() - int(issued_at))


def _print(rows: Sequence[Row], console: Console) -> None:
    table = Table(title="Invoices of Dynamics 365 in the books")
    for heading in ("CRM", "Customer", "Total", "", "Target", "Number", "State", "s"):
        table.add_column(heading, justify="right" if heading in {"Total", "s"} else "left")
    for row in rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
        table.add_row(
            row.invoice.number,
            row.invoice.customer.name,
            f"{row.total:,.2f}",
            row.invoice.currency,
            row.target,
            row.number,
            row.state if row.right else f"[red]{row.state}[/red]",
            seconds,
        )
    console.print(table)
    for row in rows:
        if row.message:
            console.print(f"{row.invoice.number}: {row.message}")


def _counts(world: World) -> dict[str, int]:
    return {
        f"{target}:{entity}": count for target, books in world.books.items() for entity, count in books.count().items()
    }


def _problems(world: World, rows: Sequence[Row], written: int) -> list[str]:
    problems = [
        f"{row.invoice.number}: CRM {row.total} {row.invoice.currency}, in the books {row.booked}, {row.state}"
        for row in rows
        if not row.right
    ]
    for target, books in world.books.items():
        entries = books.entries()
        problems += [f"{target}: {number} stands in the books twice" for number in doubled(entries)]
        own = {row.invoice.number for row in rows if row.target == target}
        problems += [
            f"{target}: {entry.reference} should not be there" for entry in entries if entry.reference not in own
        ]
    if written:
        problems.append(f"The second round wrote {written} records")
    return problems


async def _write_json(rows: Sequence[Row], written: int) -> None:
    path = os.environ.get("DEMO_JSON")
    if not path:
        return
    documents: list[dict[str, Any]] = [
        {
            "id": str(row.invoice.id),
            "crm_number": row.invoice.number,
            "target": row.target,
            "number": row.number,
            "state": row.state,
            "total": str(row.total),
            "currency": row.invoice.currency,
            "seconds": row.seconds,
        }
        for row in rows
    ]
    totals: dict[str, Any] = {
        "documents": len(rows),
        "in_the_books": sum(row.right for row in rows),
        "second_round_written": written,
    }
    content = json.dumps({"documents": documents, "totals": totals}, ensure_ascii=False, indent=2)
    await asyncio.to_thread(Path(path).write_text, content)


if __name__ == "__main__":
    sys.exit(main())
