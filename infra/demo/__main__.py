"""``python -m infra.demo demo``: the main job once, from nothing. ``run``: the same stack, left running."""

import argparse
import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.demo import files, pages, report, story, trace
from infra.demo.company import SampleSale, invoices, orders, sales_by_hand
from infra.demo.world import HOST_PORT, World, running
from infra.local.serving import until_stopped
from infra.local.stack import StackError
from shared.messages import State

INVOICES, ORDERS, BY_HAND = 46, 8, 6
PATIENCE = 240.0
"""Seconds without any progress before the demo gives up."""


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
    by_hand = sales_by_hand(BY_HAND)
    async with running(folder, console.print, host_port=_free(HOST_PORT)) as world:
        await world.crm.enter(by_hand)
        await world.crm.issue(by_hand)
        addresses = world.stack.first_lines()
        if path := os.environ.get("RUN_JSON"):
            await asyncio.to_thread(Path(path).write_text, json.dumps(addresses, ensure_ascii=False, indent=2))
        for name, line in addresses.items():
            console.print(f"[bold]{name}[/bold] {line.get('url') or line.get('connection_string')}", soft_wrap=True)
        console.print("What a browser opens:")
        pages.show(addresses["host"], by_hand, console)
        console.print("Running. Ctrl-C stops all of it.")
        await until_stopped()
        console.print("Stopping …")
    return 0


def _free(port: int) -> int:
    """Give a port that nobody listens on: this one, else 0, which is any."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def demo(console: Console, folder: Path) -> int:
    """Issue documents in the CRM, see them in the books, once, whatever comes again; then go on with their lives."""
    entered = [*invoices(INVOICES), *orders(ORDERS)]
    by_hand = sales_by_hand(BY_HAND)
    async with running(folder, console.print) as world:
        console.print(f"Entering {INVOICES} invoices and {ORDERS} orders in Dataverse")
        await world.crm.enter(entered)
        issued_at = time.time()
        await world.crm.issue(entered)
        await _wait(world, entered, console)
        await world.drained()
        found = await report.rows(world, entered, issued_at)
        report.show(found, console)
        written = await _second_round(world, entered, console)
        problems = report.problems(world, found, written)
        if path := os.environ.get("DEMO_JSON"):
            await report.write_json(path, found, written)
        problems += await story.tell(world, entered, console)
        for target in world.books:
            sale = next(sale for sale in entered if sale.company.target == target)
            problems += await trace.show(world.stack["insights"], sale, console)
        await world.crm.enter(by_hand)
        await world.crm.issue(by_hand)
        await world.drained()
        problems += await files.hand_out(world, by_hand, console)
        for problem in problems:
            console.print(f"[red]{problem}[/red]")
    if not problems:
        console.print(
            "[green]Every document is in the books once, with its amount, and its number is in the CRM.[/green]"
        )
    console.print("With “make run” the pages can be opened; it prints these addresses with its KEY:")
    pages.show({"url": f"http://127.0.0.1:{HOST_PORT}", "function_key": "KEY"}, by_hand, console)
    return 1 if problems else 0


async def _second_round(world: World, entered: Sequence[SampleSale], console: Console) -> int:
    """Fire every event once more, and look at each document anew; give how many records that wrote in accounting."""
    before = report.counts(world)
    events = await world.fire_every_event_again()
    await world.refer_again(entered)
    await world.drained()
    written = sum(report.counts(world).values()) - sum(before.values())
    console.print(f"Once more: {events} events, and a new look at each document; {written} new records in accounting.")
    return written


async def _wait(world: World, entered: Sequence[SampleSale], console: Console) -> None:
    columns = (TextColumn("In the books"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        task = progress.add_task("", total=len(entered))
        settled, since = 0, time.monotonic()
        while settled < len(entered) and time.monotonic() - since < PATIENCE:
            states = [report.STATES.get(row["acx_state"]) for row in (await world.crm.journal()).values()]
            now_settled = sum(state in {State.POSTED, State.REFUSED} for state in states)
            if now_settled != settled:
                settled, since = now_settled, time.monotonic()
                progress.update(task, completed=settled)
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
