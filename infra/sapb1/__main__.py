"""``python -m infra.sapb1`` puts a table and fields into the company that SAPB1_* name; ``--check`` only looks."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from pydantic import SecretStr

from infra.sapb1.set_up import set_up
from shared.errors import BridgeError
from shared.http import Http
from shared.sapb1.client import ServiceLayer
from shared.sapb1.meaning import SYSTEM

SETTINGS = ("SAPB1_URL", "SAPB1_COMPANY", "SAPB1_USERNAME", "SAPB1_PASSWORD")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


async def run(environment: Mapping[str, str], *, check: bool) -> int:
    """Set up, or check; give the exit status."""
    missing = [name for name in SETTINGS if not environment.get(name)]
    if missing:
        _say(f"not set: {', '.join(missing)}")
        return 2
    url, company, username, password = (environment[name] for name in SETTINGS)
    client = ServiceLayer(Http(SYSTEM), url, company, username, SecretStr(password))
    try:
        return 0 if await set_up(client, check=check, say=_say) else 1
    except BridgeError as error:
        _say(str(error))
        return 1
    finally:
        await client.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.sapb1", description=__doc__)
    parser.add_argument("--check", action="store_true", help="create nothing; say what is missing")
    options = parser.parse_args(arguments)
    return asyncio.run(run(os.environ, check=options.check))


if __name__ == "__main__":
    sys.exit(main())
