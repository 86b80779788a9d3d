"""``python -m infra.sapb1`` puts a table and fields into the company that SAPB1_* name; ``--check`` only looks."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from infra import command
from infra.findings import Finding
from infra.sapb1.set_up import set_up
from shared.sapb1.client import ServiceLayer
from shared.sapb1.meaning import SYSTEM

SETTINGS = ("SAPB1_URL", "SAPB1_COMPANY", "SAPB1_USERNAME", "SAPB1_PASSWORD")


async def run(environment: Mapping[str, str], *, check: bool) -> int:
    """Set up, or check; give the exit status."""

    async def look() -> list[Finding]:
        url, password = command.address(environment, "SAPB1_URL"), await command.secret(environment, "SAPB1_PASSWORD")
        company, username = environment["SAPB1_COMPANY"], environment["SAPB1_USERNAME"]
        client = ServiceLayer(command.connections(environment, SYSTEM), url, company, username, password)
        try:
            return await set_up(client, check=check)
        finally:
            await client.close()

    return await command.report(environment, SETTINGS, look)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.sapb1", description=__doc__)
    parser.add_argument("--check", action="store_true", help="create nothing; say what is missing")
    options = parser.parse_args(arguments)
    return asyncio.run(run(os.environ, check=options.check))


if __name__ == "__main__":
    sys.exit(main())
