"""``python -m infra.dataverse`` puts tables, views, a role and the events into a Dataverse environment.

It takes DATAVERSE_URL, DATAVERSE_ORGANIZATION_ID and DATAVERSE_CLIENT_ID (the bridge's own user) from the environment,
and signs in as an administrator: with DATAVERSE_ADMIN_TOKEN (``az account get-access-token --resource DATAVERSE_URL``),
or DATAVERSE_TOKEN_URL, DATAVERSE_ADMIN_CLIENT_ID and DATAVERSE_ADMIN_CLIENT_SECRET. Events: WEBHOOK_URL and
WEBHOOK_KEY, or with ``--via servicebus`` SERVICEBUS_SEND_CONNECTION.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from pydantic import SecretStr

from infra import command
from infra.dataverse.endpoint import Queue, Webhook
from infra.dataverse.set_up import SYSTEM, Plan, set_up
from infra.dataverse.solution import SOLUTION
from infra.dataverse.workshop import Workshop
from infra.findings import Finding
from shared.dataverse.client import Credentials
from shared.errors import Misconfigured
from shared.http import Http

SETTINGS = ("DATAVERSE_URL", "DATAVERSE_ORGANIZATION_ID", "DATAVERSE_CLIENT_ID")
SIGN_IN = "DATAVERSE_TOKEN_URL"
TOKEN, CLIENT, SECRET = "DATAVERSE_ADMIN_TOKEN", "DATAVERSE_ADMIN_CLIENT_ID", "DATAVERSE_ADMIN_CLIENT_SECRET"
KEYS = ("WEBHOOK_KEY", "SERVICEBUS_SEND_CONNECTION")
"""what Dataverse is given to reach the bridge with"""


async def workshop_of(environment: Mapping[str, str], *, check: bool) -> Workshop:
    """Sign in as an administrator; a check is content with the bridge's own user. Misconfigured names what is wrong."""
    credentials: Credentials | SecretStr
    if environment.get(TOKEN):
        credentials = await command.secret(environment, TOKEN)
    else:
        client, secret = (CLIENT, SECRET)
        if check and not environment.get(CLIENT):
            client, secret = ("DATAVERSE_CLIENT_ID", "DATAVERSE_CLIENT_SECRET")
        for name in (SIGN_IN, client, secret):
            if not environment.get(name):
                raise Misconfigured(f"{TOKEN}, or {name}: is missing")
        held = await command.secret(environment, secret)
        credentials = Credentials(command.address(environment, SIGN_IN), environment[client], held)
    organization = command.guid(environment, "DATAVERSE_ORGANIZATION_ID")
    return Workshop(Http(SYSTEM), command.address(environment, "DATAVERSE_URL"), credentials, organization, SOLUTION)


def plan_of(environment: Mapping[str, str], via: str | None = None, *, new_key: bool = False) -> Plan:
    """Read what a company decided."""
    webhook = Webhook(environment.get("WEBHOOK_URL", ""), environment.get("WEBHOOK_KEY", ""))
    queue = Queue(environment.get("SERVICEBUS_SEND_CONNECTION", ""))
    marks_paid = environment.get("MARK_INVOICES_PAID", "").lower() == "true"
    client, user = (
        command.guid(environment, name) if environment.get(name) else None
        for name in ("DATAVERSE_CLIENT_ID", "DATAVERSE_USER_ID")
    )
    return Plan(None if client is None else str(client), (webhook, queue), via, marks_paid, new_key, user)


async def run(environment: Mapping[str, str], *, check: bool, via: str | None, new_key: bool) -> int:
    """Set up, or check; give the exit status."""

    async def look() -> list[Finding]:
        keys = {name: await command.secret(environment, name) for name in KEYS if environment.get(name)}
        given = {**environment, **{name: key.get_secret_value() for name, key in keys.items()}}
        workshop = await workshop_of(environment, check=check)
        try:
            return await set_up(workshop, plan_of(given, via, new_key=new_key), check=check)
        finally:
            await workshop.close()

    return await command.report(environment, SETTINGS, look)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.dataverse", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; say what is missing")
    parser.add_argument("--via", choices=("webhook", "servicebus"), help="how events arrive (default: as now)")
    parser.add_argument("--new-key", action="store_true", help="send the key of the environment to Dataverse again")
    options = parser.parse_args(arguments)
    return asyncio.run(run(os.environ, check=options.check, via=options.via, new_key=options.new_key))


if __name__ == "__main__":
    sys.exit(main())
