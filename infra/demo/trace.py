"""One document's trace, as Application Insights has it: from the webhook to the journal, as a tree with durations."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console
from rich.tree import Tree

from infra.demo.company import SampleSale

PATIENCE = 20.0
"""Seconds until all that was recorded must have arrived."""
Row = Mapping[str, Any]


@dataclass
class Node:
    """A span and what happened in it. Times are milliseconds."""

    row: Row
    children: list["Node"] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """Give the kind of span and its name, such as ``("hop", "export")``."""
        kind = {"InProc": "hop", "HTTP": "call"}.get(self.row.get("type", ""), "sent")
        return ("request" if self.row["table"] == "requests" else kind, self.row["name"])

    def walk(self) -> Iterator["Node"]:
        """Give the node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def grow(rows: Sequence[Row]) -> list[Node]:
    """Make trees of the rows of one trace, in the order of time; a span whose parent is not there is a root."""
    spans = [row for row in rows if row["table"] in {"requests", "dependencies"}]
    spans.sort(key=_moment)
    nodes = {row["id"]: Node(row) for row in spans}
    roots: list[Node] = []
    for node in nodes.values():
        parent = nodes.get(node.row["operation_ParentId"])
        (roots if parent is None else parent.children).append(node)
    return roots


def missing(roots: Sequence[Node], target: str) -> list[str]:
    """Name the hops between webhook and journal that a document's trace lacks."""
    if len(roots) != 1:
        return [f"one root, but there are {len(roots)}"]
    nodes = list(roots[0].walk())
    keys = {node.key for node in nodes}
    connector = f"{target}_connector"
    expected = (
        ("request", "dataverse_events"),
        ("sent", "send changes"),
        ("hop", "export"),
        ("sent", f"send {target}"),
        ("request", connector),
        ("hop", connector),
        ("sent", "send results"),
        ("hop", "writeback"),
    )
    found = [f"{kind} {name}" for kind, name in expected if (kind, name) not in keys]
    accounting = {"onec": "1C", "sapb1": "SAP Business One"}[target]
    for hop, system in (("export", "Dataverse"), (connector, accounting), ("writeback", "Dataverse")):
        inside = [node for node in nodes if node.key == ("hop", hop)]
        calls = [call for node in inside for call in node.walk() if call.key[0] == "call"]
        if not any(call.row["target"] == system for call in calls):
            found.append(f"a call of {system} in {hop}")
    return found


def draw(roots: Sequence[Node], title: str) -> Tree:
    """Draw the trees, each span with when it began and how long it took."""
    began = _moment(roots[0].row) if roots else 0.0
    tree = Tree(title)
    for root in roots:
        _draw(root, tree, began)
    return tree


def _draw(node: Node, tree: Tree, began: float) -> None:
    row = node.row
    kind, name = node.key
    text = {
        "request": f"[bold]{name}[/bold] (function)",
        "hop": f"[bold]{name}[/bold]",
        "sent": f"→ queue [cyan]{row.get('target')}[/cyan]",
        "call": f"{row.get('target')}: {name}",
    }[kind]
    failed = "" if row["success"] else f" [red]{row['resultCode'] or 'failed'}[/red]"
    shared = int(row["customDimensions"].get("messages", 1))
    together = f", for {shared} messages" if kind in {"call", "hop"} and shared > 1 else ""
    at = (_moment(row) - began) * 1000
    branch = tree.add(f"{text}{failed}  [dim]{row['duration']:.0f} ms, at {at:.0f} ms{together}[/dim]")
    for child in node.children:
        _draw(child, branch, began)


def _moment(row: Row) -> float:
    return datetime.fromisoformat(row["timestamp"]).timestamp()


async def show(insights: Mapping[str, Any], sale: SampleSale, console: Console) -> list[str]:
    """Print a document's trace; give what it lacks."""
    async with httpx.AsyncClient(base_url=insights["url"], trust_env=False) as client:
        deadline = time.monotonic() + PATIENCE
        while True:
            roots = grow(await _trace(client, sale.id))
            lacking = missing(roots, sale.company.target)
            if not lacking or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
    console.print(draw(roots, f"One trace in Application Insights: {sale.number}"))
    return [f"The trace of {sale.number} lacks {hop}" for hop in lacking]


async def _trace(client: httpx.AsyncClient, sale: UUID) -> list[Row]:
    """Give all rows of the trace in which a document came into accounting first."""
    said = (await client.get("/_local/rows", params={"table": "traces"})).raise_for_status().json()
    operations = [
        row["operation_Id"]
        for row in said
        if row["message"] == "in accounting" and str(sale) in row["customDimensions"].values()
    ]
    if not operations:
        return []
    answer = await client.get("/_local/rows", params={"operation": operations[0]})
    rows: list[Row] = answer.raise_for_status().json()
    return rows
