"""``python -m infra.doctor`` runs every check with the app's settings from the environment and prints a table.

Nothing is changed. Exit status 1 where something is wrong. The language is LANGUAGE's (ru or en).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from infra.doctor.checks import examine
from infra.findings import all_right, table
from shared.refusals import Language


async def run(environment: Mapping[str, str]) -> int:
    """Examine everything, print the table, give the exit status."""
    language: Language = "ru" if environment.get("LANGUAGE") == "ru" else "en"
    findings = await examine(environment)
    sys.stdout.write(table(findings, language) + "\n")
    return 0 if all_right(findings) else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    argparse.ArgumentParser(prog="python -m infra.doctor", description=__doc__).parse_args(arguments)
    return asyncio.run(run(os.environ))


if __name__ == "__main__":
    sys.exit(main())
