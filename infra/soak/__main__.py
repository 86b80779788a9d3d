"""``python -m infra.soak soak --minutes 30``: kills under load. ``… backlog --count 10000``: no webhook for a day."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path

from infra.local.stack import StackError
from infra.soak.backlog import backlog
from infra.soak.soak import soak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.soak", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    killing = commands.add_parser("soak")
    killing.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES") or 5))
    killing.add_argument("--seed", type=int, default=1)
    killing.add_argument("--a-second", type=float, default=2.0, help="documents issued a second")
    lagging = commands.add_parser("backlog")
    lagging.add_argument("--count", type=int, default=10_000)
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="bridge-soak-"))
    work = (
        soak(folder, given.minutes, given.seed, given.a_second)
        if given.command == "soak"
        else backlog(folder, given.count)
    )
    try:
        status = asyncio.run(_stoppable(work))
    except StackError as error:
        print(error, file=sys.stderr)
        status = 1
    if status == 0:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Logs and state are kept in {folder}", file=sys.stderr)
    return status


async def _stoppable(work: Coroutine[object, object, int]) -> int:
    """Let SIGTERM end the work as Ctrl-C does: everything that was started is stopped."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
