"""``python -m infra.restore --from 2026-01-01`` lists what accounting holds and the restored CRM no longer knows.

It takes the app's settings from the environment, reads the CRM, its journal and accounting, and writes nothing there.
The days are those of the documents, which may lie before the day on which they were written. Exit status 0 where there
is no such document, 1 where there is one, 2 where a system or a setting did not let it look. LANGUAGE is the language.
"""

import argparse
import sys
from collections.abc import AsyncIterator
from datetime import date
from io import TextIOBase
from pathlib import Path

from infra.listing import Say, listed
from infra.restore import books, crm
from infra.restore.comparing import Comparison, Held, Missing
from infra.restore.report import Report
from shared.routes import Route, Target
from shared.wiring import Wiring

AT_ONCE = 50_000
"""Documents of accounting that memory holds; for each so many the records of the CRM are read once."""


async def missing(wiring: Wiring, since: date, until: date | None) -> AsyncIterator[Missing]:
    """Give the documents of the automatic routes' books that the CRM or its journal lost.

    Raises Unavailable or Misconfigured where a system, or a setting, does not let it.
    """
    await wiring.dataverse.check_organization()
    routes = [route for route in wiring.settings.routes if not route.by_hand]
    held: list[Held] = []
    async for document in _held(wiring, routes, since, until):
        held.append(document)
        if len(held) == AT_ONCE:
            async for found in _compared(wiring, held):
                yield found
            held = []
    async for found in _compared(wiring, held):
        yield found


async def _held(wiring: Wiring, routes: list[Route], since: date, until: date | None) -> AsyncIterator[Held]:
    if of_onec := [route for route in routes if route.target == "onec"]:
        onec = wiring.onec_client()
        try:
            async for document in books.of_onec(onec, of_onec, since, until):
                yield document
        finally:
            await onec.close()
    if of_sapb1 := [route for route in routes if route.target == "sapb1"]:
        sapb1 = wiring.service_layer()
        try:
            async for document in books.of_sapb1(sapb1, of_sapb1, since, until):
                yield document
        finally:
            await sapb1.close()


async def _compared(wiring: Wiring, held: list[Held]) -> AsyncIterator[Missing]:
    if not held:
        return
    targets: tuple[Target, ...] = tuple({document.target: None for document in held})
    comparison = Comparison(wiring.settings.dataverse_organization_id, held)
    async for known in crm.known(wiring.dataverse, targets):
        for found in comparison.meet(known):
            yield found
    for found in comparison.rest():
        yield found


async def run(wiring: Wiring, since: date, until: date | None, csv: TextIOBase | None, say: Say) -> int:
    """List and print what is missing; give the exit status."""
    report = Report(wiring.settings.language, csv)
    async for found in missing(wiring, since, until):
        report.add(found)
    for line in report.lines():
        say(line)
    return int(bool(report.counts))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.restore", description=__doc__)
    parser.add_argument("--from", dest="since", type=date.fromisoformat, required=True, help="first day of documents")
    parser.add_argument("--to", dest="until", type=date.fromisoformat, help="last day; without it, all later ones")
    parser.add_argument("--csv", type=Path, help="where to list every document, with its keys")
    given = parser.parse_args(arguments)
    if given.until is not None and given.until < given.since:
        parser.error("--to lies before --from")
    return listed(lambda wiring, csv, say: run(wiring, given.since, given.until, csv, say), given.csv)


if __name__ == "__main__":
    sys.exit(main())
