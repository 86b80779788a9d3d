"""What commands that list documents have in common: the console, a CSV where it is asked for, and the connections."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from io import TextIOBase
from pathlib import Path

from rich.console import Console

from shared.errors import BridgeError
from shared.wiring import Wiring

Say = Callable[[object], None]
Work = Callable[[Wiring, TextIOBase | None, Say], Awaitable[int]]


def listed(work: Work, csv: Path | None) -> int:
    """Do the work by the app settings of the environment; give its exit status, or 2 with a sentence where it fails.

    ``csv``: where to list every document; a spreadsheet reads the file as it is.
    """
    try:
        out: AbstractContextManager[TextIOBase | None] = (
            csv.open("w", encoding="utf-8-sig", newline="") if csv else nullcontext()
        )
    except OSError as error:  # there is no such folder, or a spreadsheet has the last list open
        sys.stderr.write(f"{csv}: {error.strerror}\n")
        return 2
    try:
        with out as sheet:
            return asyncio.run(_wired(work, sheet))
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def _wired(work: Work, sheet: TextIOBase | None) -> int:
    wiring = Wiring(os.environ)
    try:
        return await work(wiring, sheet, Console().print)
    finally:
        await wiring.close()
