"""``make fuzz``: mutated webhook bodies and HTTP calls against the real functions; exit 1 where an answer is wrong."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.fuzz.running import Figures, fuzzed


async def _run(calls: int, seed: int, only: int | None) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        async with fuzzed(Path(folder)) as running:
            mutator = running.mutator(seed)
            if only is not None:
                sys.stdout.write(f"{mutator.call(only)}\n")
            return await running.run(mutator, range(calls) if only is None else [only])


def main() -> int:
    """Make as many calls as are asked for, and print what they were answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of the one call to make and to show")
    given = parser.parse_args()
    figures = asyncio.run(_run(given.calls, given.seed, given.only))
    for name, count in sorted(figures.statuses.items()):
        sys.stdout.write(f"{count:>9,}  {name}\n")
    for problem in figures.problems:
        sys.stdout.write(f"{problem}\n")
    found = len(figures.problems)
    sys.stdout.write(f"{figures.calls:,} calls, {found} wrong; seed {given.seed}, {figures.seconds:.0f} s\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
