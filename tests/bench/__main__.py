"""``make bench``: figures, each beside its baseline measured in the same run. BENCH_JSON=path writes them as JSON."""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from infra.demo.company import invoices
from infra.demo.world import World, running
from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.transform import to_sale
from shared.decision import Send, decide
from shared.messages import Document, Reference
from tests import builders

REPEATS = 7
DOCUMENTS = 200
TARGETS = {"onec": "1C", "sapb1": "SAP Business One"}


def main() -> int:
    """Measure, print a table, and give the exit status."""
    figures = [*pure_figures(), *asyncio.run(chain_figures())]
    table = Table(title="Figures")
    for heading in ("Figure", "Value", "Baseline", "Spread"):
        table.add_column(heading)
    for figure in figures:
        table.add_row(*(str(figure[column]) for column in ("figure", "value", "baseline", "spread")))
    Console(width=None if sys.stdout.isatty() else 130).print(table)
    if path := os.environ.get("BENCH_JSON"):
        Path(path).write_text(json.dumps(figures, ensure_ascii=False, indent=2))
    return 0


def _figure(figure: str, value: str, baseline: str = "–", spread: str = "–") -> dict[str, str]:
    return {"figure": figure, "value": value, "baseline": baseline, "spread": spread}


def cpu_seconds(work: Callable[[], object], times: int) -> list[float]:
    """Give the CPU seconds of one call, measured a few times over many calls."""
    measured = []
    for _ in range(REPEATS):
        started = time.process_time()
        for _ in range(times):
            work()
        measured.append((time.process_time() - started) / times)
    return measured


def pure_figures() -> list[dict[str, str]]:
    """Measure what needs no network: a 20-line invoice from row to message."""
    settings = builders.settings()
    lines = [
        builders.line_row(rate=rate, tax=tax, position=number)
        for number, (rate, tax) in enumerate([("22", "220"), ("10", "100")] * 10, start=1)
    ]
    row, route = builders.invoice_row(*lines), settings.routes[0]
    reference = Reference(
        organization_id=settings.dataverse_organization_id,
        correlation_id="bench",
        table="invoice",
        id=UUID(row["invoiceid"]),
        cause="bench",
        occurred_at=datetime.now(UTC),
        message_id="bench",
    )
    decision = decide(INVOICES, row, reference, settings, datetime.now(UTC))
    if not isinstance(decision, Send):
        raise TypeError(f"the sample invoice is not exported: {decision}")
    plain = json.loads(decision.document.model_dump_json())
    baseline = cpu_seconds(lambda: json.dumps(plain), 200)
    base = statistics.median(baseline)
    works: dict[str, Callable[[], object]] = {
        "transform of a 20-line invoice, CPU": lambda: to_sale(INVOICES, row, route, settings),
        "row to encoded message, CPU": lambda: _encoded(
            decide(INVOICES, row, reference, settings, reference.occurred_at)
        ),
        "message decoded, CPU": lambda: Document.decode(decision.document.encode()),
    }
    figures = []
    for name, work in works.items():
        measured = cpu_seconds(work, 50)
        median = statistics.median(measured)
        figures.append(
            _figure(
                name,
                f"{median * 1e3:.2f} ms",
                f"json.dumps of it {base * 1e3:.2f} ms: {median / base:.1f}×",
                f"{min(measured) * 1e3:.2f}–{max(measured) * 1e3:.2f} ms",
            )
        )
    return figures


def _encoded(decision: object) -> bytes:
    return decision.document.encode() if isinstance(decision, Send) else b""


async def chain_figures() -> list[dict[str, str]]:
    """Measure the whole chain against the local servers: documents a second, and round trips a document."""
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        async with running(Path(folder), lambda _: None) as world:
            warm, bulk = invoices(46), invoices(46 + DOCUMENTS)[46:]
            await world.crm.enter([*warm, *bulk])
            await world.crm.issue(warm)
            await _all_posted(world, len(warm))
            await world.drained()
            for name in ("dataverse", *TARGETS):
                await _stats(world, name, "DELETE")
            started = time.monotonic()
            await world.crm.issue(bulk)
            await _all_posted(world, len(warm) + len(bulk))
            seconds = time.monotonic() - started
            await world.drained()
            calls = {name: await _stats(world, name, "GET") for name in ("dataverse", *TARGETS)}
    figures = [_figure("documents a second through the chain", f"{len(bulk) / seconds:.0f}")]
    each = len(bulk) / 2
    floor = {"onec": 2, "sapb1": 1}
    for target, label in TARGETS.items():
        value = f"{round_trips(calls[target].get('requests', calls[target])) / each:.2f}"
        figures.append(_figure(f"{label}: calls a new document, warm", value, f"floor {floor[target]}"))
    ours = round_trips(calls["dataverse"]["requests"].get("app", {}))
    figures.append(_figure("Dataverse: calls a document, in bulk", f"{ours / len(bulk):.2f}", "naive 2"))
    return figures


async def _all_posted(world: World, count: int) -> None:
    deadline = time.monotonic() + 300
    while len([row for row in (await world.crm.journal()).values() if row["acx_number"]]) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"fewer than {count} documents arrived")
        await asyncio.sleep(0.2)


async def _stats(world: World, name: str, method: str) -> Any:
    scheme, _, rest = world.stack[name]["url"].partition("://")
    address = f"{scheme}://{rest.split('/')[0]}/_local/stats"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.request(method, address)).raise_for_status()
    return answer.json() if answer.content else None


def round_trips(requests: dict[str, int]) -> int:
    """Count requests over the wire: the operations inside a batch are listed too, and are none."""
    inside = {"POST $batch", "POST Login"} if "POST $batch" in requests else set(requests)
    return sum(count for kind, count in requests.items() if not kind.startswith(("POST ", "PATCH ")) or kind in inside)


if __name__ == "__main__":
    sys.exit(main())
