"""A local company of SAP Business One, set up for the bridge, and a connector to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from infra.findings import all_right
from infra.local import serving
from infra.local.sapb1 import server
from infra.local.serving import ServeOptions
from infra.sapb1.set_up import set_up
from shared.accounting import Bindings, Outcome
from shared.errors import Refused
from shared.fieldmap import FieldRule
from shared.http import Http
from shared.jsontext import loads
from shared.messages import Document
from shared.routes import Route
from shared.sapb1.client import ServiceLayer
from shared.sapb1.connector import Sapb1Connector
from tests.unit.sapb1.examples import ORGANIZATION, key_of
from tests.unit.sapb1.examples import route as example_route

TODAY = datetime(2026, 2, 20, 9, tzinfo=UTC)
"""The bridge's day, some after the documents'."""


@dataclass
class Company:
    """The local company, its back door, and how to connect to it."""

    origin: str
    login: Mapping[str, Any]
    door: httpx.AsyncClient
    http: list[Http] = field(default_factory=list)
    connectors: list[Sapb1Connector] = field(default_factory=list)

    def client(self) -> ServiceLayer:
        """Give a client with a session of its own."""
        self.http.append(Http("SAP Business One"))
        return ServiceLayer(self.http[-1], *self._settings())

    def connector(self, *rules: FieldRule) -> Sapb1Connector:
        """Give a connector as a process would have it, with a company's field map."""
        self.http.append(Http("SAP Business One"))
        settings = (*self._settings(), ORGANIZATION, lambda: TODAY)
        self.connectors.append(Sapb1Connector(self.http[-1], *settings, field_map=rules))
        return self.connectors[-1]

    def _settings(self) -> tuple[str, str, str, SecretStr]:
        login = self.login
        return login["url"], login["company"], login["username"], SecretStr(login["password"])

    async def fault(self, kind: str, match: str, **more: Any) -> None:
        """Let a request to come fail."""
        answer = await self.door.post("/_local/faults", json={"kind": kind, "match": match, **more})
        answer.raise_for_status()

    async def turn(self, **settings: Any) -> None:
        """Change settings of the company."""
        (await self.door.post("/_local/settings", json=settings)).raise_for_status()

    async def tell(self, what: str, **body: Any) -> None:
        """Use the back door."""
        (await self.door.post(f"/_local/{what}", json=body)).raise_for_status()

    async def accountant(self, path: str, method: str = "POST", **body: Any) -> None:
        """Do something as the accountant does it, in a session of their own."""
        login = {"CompanyDB": self.login["company"], "UserName": self.login["username"]}
        session = await self.door.post("/b1s/v2/Login", json=login | {"Password": self.login["password"]})
        cookies = "; ".join(header.split(";")[0] for header in session.headers.get_list("set-cookie"))
        answer = await self.door.request(method, f"/b1s/v2/{path}", json=body, headers={"Cookie": cookies})
        answer.raise_for_status()

    async def rows(self, kind: str) -> list[dict[str, Any]]:
        """Give every row of a kind."""
        state = loads((await self.door.get("/_local/state")).content)
        return list(state.get(kind, {}).values())

    async def live(self, kind: str) -> list[dict[str, Any]]:
        """Give the documents of a kind that were not cancelled."""
        return [row for row in await self.rows(kind) if row["CancelStatus"] == "csNo"]

    async def invoices(self) -> list[dict[str, Any]]:
        """Give the invoices that the company holds."""
        return await self.rows("Invoices")


@dataclass
class Bridge:
    """Exports documents, with bindings kept as the journal keeps them."""

    company: Company
    connector: Sapb1Connector
    known: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)

    async def export(self, document: Document, route: Route | None = None) -> Outcome:
        """Export a document; what was bound stays bound, even where it fails."""
        bindings = Bindings(self.known, self.cards)
        try:
            return await self.connector.export(document, route or example_route(), key_of(document), bindings)
        finally:
            self.known |= {f"{made.table}:{made.id}": made.accounting_id for made in bindings.made}
            self.cards |= {f"{made.table}:{made.id}": made.card for made in bindings.made}

    async def cancel(self, document: Document, route: Route) -> Outcome:
        """Take a document back."""
        return await self.connector.cancel(document, route, key_of(document))

    async def refused(self, document: Document, route: Route | None = None) -> Refused:
        """Export what must be refused."""
        with pytest.raises(Refused) as raised:
            await self.export(document, route)
        return raised.value


@asynccontextmanager
async def running(*, prepared: bool = True) -> AsyncIterator[Company]:
    """Start a fresh company; ``prepared``: the bridge's set-up was run in it."""
    service = server.create(ServeOptions(settings={"now": "2026-02-10T10:00:00"}))
    runner, origin = await serving.listen(service)
    async with httpx.AsyncClient(base_url=origin) as door:
        company = Company(origin, service.announce(origin), door)
        try:
            if prepared:
                findings = await set_up(company.client(), check=False)
                assert all_right(findings), findings
            yield company
        finally:
            for http in company.http:
                await http.close()
            await runner.cleanup()


@pytest.fixture
async def bare() -> AsyncIterator[Company]:
    """A company as it is before the set-up."""
    async with running(prepared=False) as company:
        yield company


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """A company that was set up."""
    async with running() as company:
        yield company


@pytest.fixture
def bridge(company: Company) -> Bridge:
    """A bridge into the company."""
    return Bridge(company, company.connector())
