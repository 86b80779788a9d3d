"""``python -m infra.onec`` looks at the base that ONEC_* name; ``--check`` without the probe, which writes an item.

With ROUTES in the environment only what these routes need is asked for.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from pydantic import SecretStr

from infra.findings import all_right, line
from infra.onec.set_up import SYSTEM, Base, set_up
from shared import settings
from shared.errors import Misconfigured
from shared.http import Http
from shared.refusals import Language
from shared.routes import Route

SETTINGS = ("ONEC_URL", "ONEC_USERNAME", "ONEC_PASSWORD")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def routes_of(environment: Mapping[str, str]) -> list[Route]:
    """Give the routes to 1C; none where the app's settings are not (all) there."""
    try:
        return [route for route in settings.load(environment).routes if route.target == "onec"]
    except Misconfigured:
        return []


async def run(environment: Mapping[str, str], *, check: bool) -> int:
    """Look at the base; give the exit status."""
    language: Language = "ru" if environment.get("LANGUAGE") == "ru" else "en"
    missing = [name for name in SETTINGS if not environment.get(name)]
    if missing:
        _say(f"not set: {', '.join(missing)}")
        return 2
    url, username, password = (environment[name] for name in SETTINGS)
    http = Http(SYSTEM, authorities=environment.get("CA_BUNDLE", ""))
    base = Base(http, url, username, SecretStr(password))
    try:
        findings = await set_up(base, routes_of(environment), check=check)
    finally:
        await base.close()
    for finding in findings:
        _say(line(finding, language))
    return 0 if all_right(findings) else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.onec", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, not even the probe")
    options = parser.parse_args(arguments)
    return asyncio.run(run(os.environ, check=options.check))


if __name__ == "__main__":
    sys.exit(main())
