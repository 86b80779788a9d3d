"""Fresh local servers for the set-ups: an organization in which nothing was ever set up, and who works on it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from infra.dataverse.endpoint import Queue, Webhook
from infra.dataverse.set_up import Plan, set_up
from infra.dataverse.solution import SOLUTION
from infra.dataverse.workshop import Workshop
from infra.findings import Finding, Outcome
from shared.dataverse.client import Credentials
from shared.http import Http
from tests.integration.dataverse.conftest import Organization, Serve, serve

__all__ = ["serve"]

WEBHOOK = Webhook("https://bridge.example/api/dataverse/events", "k3y")
QUEUE = Queue("Endpoint=sb://localhost:5699;SharedAccessKeyName=send;SharedAccessKey=abc;UseDevelopmentEmulator=true")


async def no_pause(_: float) -> None:
    """Wait for nothing."""


def faults_of(findings: list[Finding]) -> dict[str, str]:
    """Give what is wrong: the check, and what was found with what to do."""
    return {
        each.check.en: f"{each.result.en} {each.remedy.en}".strip()
        for each in findings
        if each.outcome is Outcome.WRONG
    }


class Bare:
    """An organization without the solution, and its administrator at work."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._signed_in: list[Workshop] = []
        line = organization.line
        self.workshop = self.sign_in("admin_")
        self.client_id = str(line["client_id"])

    def sign_in(self, kind: str = "") -> Workshop:
        """Sign in as the administrator, or as the application user."""
        line: Any = self.organization.line
        credentials = Credentials(line["token_url"], line[f"{kind}client_id"], SecretStr(line[f"{kind}client_secret"]))
        organization = UUID(line["organization_id"])
        self._signed_in.append(Workshop(Http("Dataverse"), line["url"], credentials, organization, SOLUTION))
        return self._signed_in[-1]

    async def close(self) -> None:
        """Close every connection."""
        for workshop in self._signed_in:
            await workshop.close()

    async def set_up(self, *, check: bool = False, via: str | None = None, **plan: Any) -> list[Finding]:
        """Run the set-up."""
        made = Plan(self.client_id, (WEBHOOK, QUEUE), via, **plan)
        return await set_up(self.workshop, made, check=check, pause=no_pause)


@pytest.fixture
async def bare(serve: Serve) -> AsyncIterator[Bare]:
    """An organization on its first day."""
    made = Bare(await serve(solution="none"))
    yield made
    await made.close()
