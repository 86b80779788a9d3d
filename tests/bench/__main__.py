"""``make bench``: figures, each beside its baseline measured in the same run. BENCH_JSON=path writes them as JSON.

Takes some eight minutes on an idle machine. ``python -m tests.bench starting calls`` measures these groups alone. What
a figure is, also as JSON, stands in :mod:`tests.bench.figure`; what was measured last, and why, in ``FIGURES.md``.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import calls, chain, file_memory, foreign, speed, starting, transforming
from tests.bench.figure import HEADINGS, Figure
from tests.bench.stage import staged

ALONE = ("starting", "transforming", "calls", "files")
STAGED = ("speed", "chain", "growth")
"""those that need the whole stack"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and give the exit status: 0 whatever is reached, for it is a measurement, not a test."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join((*ALONE, *STAGED))}; by default all")
    wanted = parser.parse_args(arguments).groups or [*ALONE, *STAGED]
    if unknown := set(wanted) - {*ALONE, *STAGED}:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else 200)
    figures = asyncio.run(_Bench(console).run(wanted))
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


class _Bench:
    """Measures group after group, and says each figure as soon as it is there."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._figures: list[Figure] = []

    async def run(self, wanted: Sequence[str]) -> list[Figure]:
        if "starting" in wanted:
            self._add(starting.figures())
        if "transforming" in wanted:
            self._add(transforming.figures())
        if "calls" in wanted:
            self._add(await calls.figures())
        if set(wanted) & set(STAGED):
            await self._staged(wanted)
        elif "files" in wanted:
            self._add(await file_memory.figures())
        return self._figures

    async def _staged(self, wanted: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
            async with staged(Path(folder)) as stage:
                if "speed" in wanted:
                    self._add(await speed.figures(stage))
                await stage.deaf()
                if "chain" in wanted:
                    costs = await chain.figures(stage)
                    self._add([*costs, await foreign.figure(stage.world, costs[-1])])
                # Files beside the rest: they are judged by their memory, and that by CPU time.
                files = asyncio.create_task(file_memory.figures()) if "files" in wanted else None
                if "growth" in wanted:
                    self._add(await chain.growth(stage, files))
                if files is not None:
                    self._add(await files)

    def _add(self, figures: Sequence[Figure]) -> None:
        for figure in figures:
            self._console.print(" · ".join(filter(None, figure.cells())), soft_wrap=True)
        self._figures += figures


if __name__ == "__main__":
    sys.exit(main())
