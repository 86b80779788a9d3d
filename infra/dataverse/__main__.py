"""``python -m infra.dataverse`` puts tables, views, a role and the events into a Dataverse environment.

It takes DATAVERSE_URL, DATAVERSE_ORGANIZATION_ID, DATAVERSE_TOKEN_URL and DATAVERSE_CLIENT_ID (the bridge's own user)
from the environment, and signs in as an administrator: with DATAVERSE_ADMIN_TOKEN (``az account get-access-token
--resource DATAVERSE_URL``), or DATAVERSE_ADMIN_CLIENT_ID and DATAVERSE_ADMIN_CLIENT_SECRET. Events: WEBHOOK_URL and
WEBHOOK_KEY, or with ``--via servicebus`` SERVICEBUS_SEND_CONNECTION.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from uuid import UUID

from pydantic import SecretStr

from infra.dataverse.endpoint import Queue, Webhook
from infra.dataverse.set_up import Plan, set_up
from infra.dataverse.solution import SOLUTION
from infra.dataverse.workshop import Workshop
from infra.findings import all_right, line
from shared.dataverse.client import Credentials
from shared.http import Http
from shared.refusals import Language

SETTINGS = ("DATAVERSE_URL", "DATAVERSE_ORGANIZATION_ID", "DATAVERSE_TOKEN_URL", "DATAVERSE_CLIENT_ID")
TOKEN, CLIENT, SECRET = "DATAVERSE_ADMIN_TOKEN", "DATAVERSE_ADMIN_CLIENT_ID", "DATAVERSE_ADMIN_CLIENT_SECRET"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def workshop_of(environment: Mapping[str, str], *, check: bool) -> Workshop:
    """Sign in as an administrator; a check is content with the bridge's own user. KeyError names what is missing."""
    credentials: Credentials | SecretStr
    if token := environment.get(TOKEN):
        credentials = SecretStr(token)
    else:
        names = (CLIENT, SECRET)
        if check and not environment.get(CLIENT):
            names = ("DATAVERSE_CLIENT_ID", "DATAVERSE_CLIENT_SECRET")
        client, secret = (environment[name] for name in names)
        credentials = Credentials(environment["DATAVERSE_TOKEN_URL"], client, SecretStr(secret))
    organization = UUID(environment["DATAVERSE_ORGANIZATION_ID"])
    return Workshop(Http("Dataverse"), environment["DATAVERSE_URL"].rstrip("/"), credentials, organization, SOLUTION)


def plan_of(environment: Mapping[str, str], via: str | None = None, *, new_key: bool = False) -> Plan:
    """Read what a company decided."""
    webhook = Webhook(environment.get("WEBHOOK_URL", ""), environment.get("WEBHOOK_KEY", ""))
    queue = Queue(environment.get("SERVICEBUS_SEND_CONNECTION", ""))
    marks_paid = environment.get("MARK_INVOICES_PAID", "").lower() == "true"
    client = environment.get("DATAVERSE_CLIENT_ID")
    user = environment.get("DATAVERSE_USER_ID")
    return Plan(
        None if client is None else str(UUID(client)),
        (webhook, queue),
        via,
        marks_paid,
        new_key,
        UUID(user) if user else None,
    )


async def run(environment: Mapping[str, str], *, check: bool, via: str | None, new_key: bool) -> int:
    """Set up, or check; give the exit status."""
    language: Language = "ru" if environment.get("LANGUAGE") == "ru" else "en"
    missing = [name for name in SETTINGS if not environment.get(name)]
    if missing:
        _say(f"not set: {', '.join(missing)}")
        return 2
    try:
        workshop = workshop_of(environment, check=check)
    except KeyError as error:
        _say(f"not set: {TOKEN}, or {error.args[0]}")
        return 2
    try:
        findings = await set_up(workshop, plan_of(environment, via, new_key=new_key), check=check)
    finally:
        await workshop.close()
    for finding in findings:
        _say(line(finding, language))
    return 0 if all_right(findings) else 1


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
