"""A local Dataverse per test, clients that are logged in, and the rows that most tests begin with."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from infra.local.dataverse.server import create
from infra.local.serving import ServeOptions, listen
from shared.jsontext import dumps, loads


class Organization:
    """A running server: its first line, and clients of the Web API."""

    def __init__(self, line: Mapping[str, Any], http: httpx.AsyncClient, runner: web.AppRunner | None = None) -> None:
        self.line = line
        self.http = http
        self._runner = runner
        self.root = f"{line['url']}/api/data/v9.2/"

    async def stop(self) -> None:
        """Stop the server; what it kept stays."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def token(self, kind: str = "") -> str:
        """Log in as the application user, or as the administrator (``admin_``)."""
        answer = await self.http.post(
            self.line["token_url"],
            data={
                "grant_type": "client_credentials",
                "client_id": self.line[f"{kind}client_id"],
                "client_secret": self.line[f"{kind}client_secret"],
                "scope": f"{self.line['url']}/.default",
            },
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def client(self, kind: str = "") -> "Client":
        """Give a client that is logged in."""
        return Client(self, {"Authorization": f"Bearer {await self.token(kind)}"})


@dataclass
class Client:
    """Speaks to the Web API as one user."""

    organization: Organization
    headers: dict[str, str]

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named.setdefault("Content-Type", "application/json")
        url = path if path.startswith("http") else self.organization.root + path
        content = None if body is None else body if isinstance(body, bytes) else dumps(body).encode()
        return await self.organization.http.request(method, url, content=content, headers=self.headers | named)

    async def get(self, path: str, **headers: str) -> Any:
        """Read JSON; the request must succeed."""
        answer = await self.send("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return loads(answer.content)

    async def create(self, table_set: str, body: Any) -> str:
        """Create a row; give its id."""
        answer = await self.send("POST", table_set, body)
        assert answer.status_code == 204, answer.text
        return answer.headers["OData-EntityId"].partition("(")[2].rstrip(")")

    async def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Change a row; the request must succeed."""
        answer = await self.send("PATCH", path, body, **headers)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, str]:
        """Send what must be refused; give status, code and message."""
        answer = await self.send(method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["message"]


Serve = Callable[..., Awaitable[Organization]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers; all of them are stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(state: Path | None = None, **settings: object) -> Organization:
            service = create(ServeOptions(state=state, settings={name: str(value) for name, value in settings.items()}))
            runner, url = await listen(service)
            stack.push_async_callback(runner.cleanup)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
            return Organization(service.announce(url), http, runner)

        yield start


@pytest.fixture
async def organization(serve: Serve) -> Organization:
    """A fresh organization."""
    return await serve()


@pytest.fixture
async def admin(organization: Organization) -> Client:
    """Its administrator."""
    return await organization.client("admin_")


@pytest.fixture
async def bridge(organization: Organization) -> Client:
    """Its application user."""
    return await organization.client()


@dataclass(frozen=True)
class Goods:
    """A customer, a unit and a product."""

    account: str
    unit: str
    schedule: str
    product: str
    currency: str

    def line(self, **values: Any) -> dict[str, Any]:
        """Give the body of a line with the product at its own price."""
        return {
            "productid@odata.bind": f"/products({self.product})",
            "uomid@odata.bind": f"/uoms({self.unit})",
            "ispriceoverridden": True,
            "quantity": 2,
            "priceperunit": 10,
            **values,
        }

    def invoice(self, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        """Give the body of an invoice."""
        body = {"name": "Invoice", "customerid_account@odata.bind": f"/accounts({self.account})", **values}
        return {**body, "invoice_details": list(lines)} if lines else body


async def make_goods(admin: Client) -> Goods:
    """Create what an invoice needs."""
    account = await admin.create("accounts", {"name": "Vector LLC", "accountnumber": "V-1"})
    schedule = await admin.create("uomschedules", {"name": "Pieces", "baseuomname": "piece"})
    units = await admin.get(f"uoms?$select=uomid&$filter=_uomscheduleid_value eq {schedule}")
    unit = units["value"][0]["uomid"]
    product = await admin.create(
        "products",
        {
            "name": "Bolt",
            "productnumber": "B-1",
            "quantitydecimal": 2,
            "defaultuomid@odata.bind": f"/uoms({unit})",
            "defaultuomscheduleid@odata.bind": f"/uomschedules({schedule})",
        },
    )
    currencies = await admin.get("transactioncurrencies?$select=transactioncurrencyid")
    return Goods(account, unit, schedule, product, currencies["value"][0]["transactioncurrencyid"])


@pytest.fixture
async def goods(admin: Client) -> Goods:
    """A customer, a unit and a product."""
    return await make_goods(admin)
