"""``python -m infra.onec`` looks at the base that ONEC_* name; ``--check`` without the probe, which writes an item.

With ROUTES in the environment only what these routes need is asked for.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from infra import command
from infra.findings import Finding
from infra.onec.set_up import SYSTEM, Base, set_up
from shared import settings
from shared.errors import Misconfigured
from shared.routes import Route

SETTINGS = ("ONEC_URL", "ONEC_USERNAME", "ONEC_PASSWORD")


def routes_of(environment: Mapping[str, str]) -> list[Route]:
    """Give the routes to 1C; none where the app's settings are not (all) there."""
    try:
        return [route for route in settings.load(environment).routes if route.target == "onec"]
    except Misconfigured:
        return []


async def run(environment: Mapping[str, str], *, check: bool) -> int:
    """Look at the base; give the exit status."""

    async def look() -> list[Finding]:
        url, password = command.address(environment, "ONEC_URL"), await command.secret(environment, "ONEC_PASSWORD")
        base = Base(command.connections(environment, SYSTEM), url, environment["ONEC_USERNAME"], password)
        try:
            return await set_up(base, routes_of(environment), check=check)
        finally:
            await base.close()

    return await command.report(environment, SETTINGS, look)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.onec", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, not even the probe")
    options = parser.parse_args(arguments)
    return asyncio.run(run(os.environ, check=options.check))


if __name__ == "__main__":
    sys.exit(main())
