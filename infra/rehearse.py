"""``python -m infra.rehearse --from 2026-01-01 --to 2026-01-31`` shows before go-live what the export of a period does.

It takes the app's settings from the environment, reads the CRM and accounting, and writes nothing anywhere. It prints
how many documents would be created or handed out, stand there already, wait or be refused, and why; ``--csv`` lists
all of them.
"""

import argparse
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from io import TextIOBase
from pathlib import Path

from rich.table import Table

from infra.listing import Say, listed
from shared.dataverse import transform
from shared.dataverse.reading import Reader
from shared.dataverse.sales import SALES
from shared.errors import Refused
from shared.files.reading import Documents, Rows
from shared.files.sheets import Sheet
from shared.rehearsal.rehearse import Rehearsed
from shared.routes import Route
from shared.wiring import Wiring

COLUMNS = (
    "table",
    "number",
    "id",
    "route",
    "target",
    "verdict",
    "reason",
    "sentence",
    "total",
    "currency",
    "accounting",
)


async def rehearsed(wiring: Wiring, since: date, until: date) -> AsyncIterator[Rehearsed]:
    """Rehearse every document of every route that is dated within the period, both days included.

    Raises Unavailable or Misconfigured where Dataverse, or a setting, does not let it.
    """
    settings = wiring.settings
    await wiring.dataverse.check_organization()
    documents = Documents(wiring.dataverse, Reader(wiring.dataverse, settings), settings)
    for route in settings.routes:
        table = next(table for table in SALES if table.way == route.automatic_way)
        pages = _within(documents.pages(table, route, since, until), route, since, until)
        async for seen in wiring.rehearser.documents(table, pages):
            yield seen


async def _within(pages: AsyncIterator[Rows], route: Route, since: date, until: date) -> AsyncIterator[Rows]:
    async for page in pages:
        yield [row for row in page if _is_within(row, route, since, until)]


def _is_within(row: dict[str, object], route: Route, since: date, until: date) -> bool:
    try:
        return since <= transform.document_date(row, route) <= until
    except Refused:
        return True


async def run(wiring: Wiring, since: date, until: date, csv: TextIOBase | None, say: Say) -> int:
    """Rehearse a period, write the list, print the counts; 1 where a document would be refused or can't be told."""
    sheet = Sheet(csv, COLUMNS) if csv else None
    counts: Counter[tuple[str, str, str]] = Counter()
    examples: dict[tuple[str, str, str], str] = {}
    async for seen in rehearsed(wiring, since, until):
        reason = seen.code if seen.verdict in {"refused", "waits", "unknown"} else ""
        which = (seen.route or "", seen.verdict, reason or (seen.why if seen.verdict == "nothing" else ""))
        counts[which] += 1
        examples.setdefault(which, seen.record)
        if sheet:
            sheet.add(_cells(seen))
    table = Table("route", "would be", "reason", "documents", "such as")
    for found, count in sorted(counts.items()):
        table.add_row(*found, str(count), examples[found])
    say(table)
    say(f"{counts.total()} documents. Nothing was written.")
    return int(any(verdict in {"refused", "unknown"} for _, verdict, _ in counts))


def _cells(seen: Rehearsed) -> tuple[object, ...]:
    total, currency = (seen.sale.total, seen.sale.currency.code) if seen.sale else (None, "")
    held = seen.outcome.number if seen.outcome and seen.verdict != "created" else ""
    where = (seen.table, seen.record, str(seen.id), seen.route, seen.target)
    return (*where, seen.verdict, seen.code, seen.why, total, currency, held)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.rehearse", description=__doc__)
    parser.add_argument("--from", dest="since", type=date.fromisoformat, required=True, help="first day")
    parser.add_argument("--to", dest="until", type=date.fromisoformat, required=True, help="last day")
    parser.add_argument("--csv", type=Path, help="where to list every document")
    given = parser.parse_args(arguments)
    return listed(lambda wiring, csv, say: run(wiring, given.since, given.until, csv, say), given.csv)


if __name__ == "__main__":
    sys.exit(main())
