"""``make properties``: random documents through the transformation and both mappings; exit 1 at the first wrong one."""

import argparse
import sys
import time

from tests.properties.checking import Checker
from tests.properties.drawing import Drawer


def main() -> int:
    """Check as many documents as are asked for, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    checker, drawer, began = Checker(), Drawer(given.seed), time.monotonic()
    for number in range(1, given.documents + 1):
        case = drawer.draw()
        try:
            checker.check(case)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the document that caused it must be named
            sys.stderr.write(f"document {number} of seed {given.seed}: {type(error).__name__}: {error}\n")
            return 1
    seconds = time.monotonic() - began
    for name, count in sorted(checker.figures.items()):
        sys.stdout.write(f"{count:>9,}  {name}\n")
    sys.stdout.write(f"0 wrong, 0 other exceptions; seed {given.seed}, {seconds:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
