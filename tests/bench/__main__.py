"""``make bench``: figures, each beside its baseline measured in the same run. BENCH_JSON=path writes them as JSON.

Takes about five minutes. What a figure is, also as JSON, stands in :mod:`tests.bench.figure`.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import calls, chain, file_memory, foreign, speed, starting, transforming
from tests.bench.figure import HEADINGS, Figure
from tests.bench.stage import staged


def main() -> int:
    """Measure, print a table, and give the exit status: 0 whatever is reached, for it is a measurement, not a test."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    figures = asyncio.run(_all(console))
    table = Table(title="Figures")
    for heading in HEADINGS:
        table.add_column(heading)
    for figure in figures:
        table.add_row(*figure.cells())
    console.print(table)
    if path := os.environ.get("BENCH_JSON"):
        whole = {"python": platform.python_version(), "figures": [figure.json() for figure in figures]}
        Path(path).write_text(json.dumps(whole, ensure_ascii=False, indent=2))
    return 0


async def _all(console: Console) -> list[Figure]:
    console.print("Cold start, transform and mapping, requests")
    figures = [*starting.figures(), *transforming.figures(), *await calls.figures()]
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        async with staged(Path(folder)) as stage:
            console.print("The whole stack: in bulk, and at a steady rate")
            figures += await speed.figures(stage)
            await stage.deaf()
            console.print("The bridge's own process")
            costs = await chain.figures(stage)
            figures += [*costs, await foreign.figure(stage.world, costs[-1])]
            console.print("Ten thousand documents, and files of a hundred thousand")
            files = asyncio.create_task(file_memory.figures())
            figures += [*await chain.growth(stage), *await files]
    return figures


if __name__ == "__main__":
    sys.exit(main())
