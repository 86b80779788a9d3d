"""Ways 1A and 1B: the files of the companies whose accountant imports by hand, asked for as an accountant does."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zipfile import ZipFile

import httpx
from rich.console import Console
from rich.table import Table

from infra.demo import report
from infra.demo.company import SampleSale
from infra.demo.routes import routes
from infra.demo.world import World
from infra.local.stack import ROOT
from shared.messages import State

FOLDER = ROOT / "dist" / "demo"
"""Where the demo puts the files; git leaves it alone."""


@dataclass(frozen=True)
class Request:
    """One file that can be asked for: all documents of one route."""

    route: str
    kind: str
    sales: tuple[SampleSale, ...]

    def address(self, host: Mapping[str, Any]) -> str:
        """Give the address with the key, from what the host's first line said."""
        days = sorted(sale.dated for sale in self.sales)
        query = {"from": days[0], "to": days[-1], "entity": self.route, "code": host["function_key"]}
        return f"{host['url']}/api/files/{self.kind}?{urlencode(query)}"


def requests(entered: Sequence[SampleSale]) -> list[Request]:
    """Give the files that hold these documents, one a route."""
    found = []
    for route in routes():
        own = tuple(sale for sale in entered if str(sale.company.business_unit) == route["business_unit"])
        if own:
            found.append(Request(route["name"], "services" if route["way"] == "1A" else "invoices", own))
    return found


async def hand_out(world: World, entered: Sequence[SampleSale], console: Console) -> list[str]:
    """Ask for each file and write it into :data:`FOLDER`; give what is wrong with it."""
    before = report.counts(world)
    table = Table(title=f"Files to import by hand, in {FOLDER.relative_to(ROOT)}")
    for heading in ("File", "Documents", "What is inside"):
        table.add_column(heading)
    problems: list[str] = []
    for request in requests(entered):
        path, content = await _asked(world, request)
        inside, left_out = _inside(content)
        table.add_row(path.name, str(len(request.sales)), ", ".join(inside))
        problems += [f"{path.name}: leaves out {line}" for line in left_out]
    await world.drained()
    journal = await world.crm.journal()
    for sale in entered:
        row = journal.get(sale.id, {})
        if report.STATES.get(row.get("acx_state", -1)) is not State.EXPORTED:
            problems.append(f"{sale.number}: the journal does not say that it was handed out")
    console.print(table)
    first = journal.get(entered[0].id, {}).get("acx_message")
    console.print(f"The journal says of {entered[0].number}: {first}")
    if report.counts(world) != before:
        problems.append("A document that is handed out as a file came into the books by itself")
    return problems


async def _asked(world: World, request: Request) -> tuple[Path, bytes]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = (await client.get(request.address(world.stack["host"]))).raise_for_status()
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{request.route}_{request.kind}.zip"
    await asyncio.to_thread(path.write_bytes, answer.content)
    return path, answer.content


def _inside(content: bytes) -> tuple[list[str], list[str]]:
    """Give the names of the files, and the rows of refused.csv."""
    with ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        refused = next(name for name in names if name.endswith("/refused.csv"))
        rows = archive.read(refused).decode("utf-8-sig").splitlines()[1:]
    return [name.partition("/")[2] for name in names], rows
