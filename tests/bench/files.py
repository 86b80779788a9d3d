"""What a file costs: memory and seconds for so many documents, in a process of its own.

``python -m tests.bench.files`` prints the figures for 1,000 and 100,000 documents.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from shared.binding import JournalBindings
from shared.dataverse.reading import Reader
from shared.files.asking import read
from shared.files.handing_out import HandingOut
from tests.bench.measuring import peak_mb
from tests.builders import NOW, account_row, invoice_row, product_row, record_id
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock
from tests.unit.files.kit import PERIOD, Pages, desk, onec, sapb1

ROUTES = {"onec": onec, "sapb1": sapb1}


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Give invoices, each of a customer and a product of its own."""
    for number in range(1, count + 1):
        row = invoice_row(number=number)
        row["customerid_account"] = account_row(accountid=str(record_id(number, 0x2A)), accountnumber=f"A-{number}")
        row["invoice_details"][0]["productid"] = product_row(record_id(number, 0x3A), productnumber=f"P-{number}")
        yield row


async def _made(target: str, count: int) -> int:
    own = desk(ROUTES[target](), ENTERPRISE_DATA_VERSION="1.17")
    dataverse = FakeDataverse()
    dataverse.queries = _Forgetful()
    bindings = JournalBindings(Reader(dataverse, own.settings))
    step = HandingOut(own.settings, dataverse, Pages(rows(count)), bindings, MemoryBus())
    async with step.made(read("invoices", PERIOD, own.settings), clock(NOW)) as file:
        if file.documents != count:
            raise AssertionError(f"{file.documents} of {count} documents are in the file")
        return file.size


class _Forgetful(list[str]):
    """Keeps nothing, so that only the step's own memory counts."""

    def append(self, item: str, /) -> None:
        """Forget it."""


def measure(target: str, count: int) -> dict[str, float]:
    """Give the peak memory in MB, seconds and the ZIP's MB for a file of so many documents, made in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.files", target, str(count)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- our own module
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


def main() -> None:
    """Measure one file (target, count), or print the figures of all."""
    if len(sys.argv) == 3:
        started = time.perf_counter()
        size = asyncio.run(_made(sys.argv[1], int(sys.argv[2])))
        peak = peak_mb()
        seconds = time.perf_counter() - started
        figures = json.dumps(
            {"memory_mb": round(peak, 1), "seconds": round(seconds, 1), "zip_mb": round(size / 1e6, 2)}
        )
        sys.stdout.write(figures)
        return
    for target in ROUTES:
        for count in (1_000, 100_000):
            sys.stdout.write(f"{target}, {count} documents: {measure(target, count)}\n")


if __name__ == "__main__":
    main()
