"""The real local servers over real sockets in this process, with the sample company in them; shared by all runs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from aiohttp import web
from pydantic import SecretStr

from infra.dataverse.steps import register
from infra.demo.books import OnecBooks, Sapb1Books
from infra.demo.crm import Crm
from infra.demo.world import administrator, local_settings
from infra.findings import all_right
from infra.local.dataverse import server as dataverse
from infra.local.faults import Fault
from infra.local.onec import server as onec
from infra.local.sapb1 import server as sapb1
from infra.local.serving import FAULTS, ServeOptions, Service, listen
from infra.sapb1.set_up import set_up as set_up_sapb1
from shared.dataverse.client import Dataverse
from shared.http import Http
from shared.sapb1.client import ServiceLayer

UNLIMITED = {"webhook_concurrency": "1", "requests": "1000000", "execution_seconds": "1000000"}
BROKER = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;"

Event = tuple[bytes, dict[str, str]]


@dataclass
class Systems:
    """What the bridge stands between, and its back doors."""

    first_lines: dict[str, dict[str, Any]]
    services: dict[str, Service]
    admin: Dataverse
    door: httpx.AsyncClient
    events: list[Event] = field(default_factory=list)
    """webhooks that came and were answered with 202; the test says what becomes of them"""
    serial: Callable[[], int] = count(1).__next__
    runs: int = 0

    def fault(self, name: str, kind: str, **more: Any) -> None:
        """Let a server fail."""
        self.services[name].app[FAULTS].add(Fault.model_validate({"kind": kind, **more}))

    def behave(self, name: str) -> None:
        """Let a server fail no more."""
        self.services[name].app[FAULTS].clear()

    async def local(self, name: str, path: str, method: str = "POST", **body: Any) -> Any:
        """Use a back door; give what it answers."""
        scheme, _, host, *_ = self.first_lines[name]["url"].split("/")
        answer = await self.door.request(method, f"{scheme}//{host}/_local/{path}", json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def environment(self, *, generous: bool = False, **changes: str) -> dict[str, str]:
        """Give the bridge's app settings; ``generous``: whatever a company may allow the bridge to do, it allows."""
        values: dict[str, str] = local_settings(self.first_lines, changes)["Values"]
        if generous:
            values["ROUTES"] = json.dumps([_generous(route) for route in json.loads(values["ROUTES"])])
        return values


def _generous(route: dict[str, Any]) -> dict[str, Any]:
    allowed = {
        "onec": {"realizatsiya": True, "schet_faktura": "accountant", "rewrite_realizatsiya": True},
        "sapb1": {"cancel": True, "recreate": True, "cancellation_date": "document"},
    }
    return {**route, route["target"]: {**route[route["target"]], **allowed[route["target"]]}}


@asynccontextmanager
async def systems() -> AsyncIterator[Systems]:
    """Start everything, enter the sample company, register the webhooks."""
    services = {
        "dataverse": dataverse.create(ServeOptions(settings=UNLIMITED)),
        "onec": onec.create(ServeOptions()),
        "sapb1": sapb1.create(ServeOptions()),
    }
    runners: list[web.AppRunner] = []
    first_lines: dict[str, dict[str, Any]] = {"servicebus": {"connection_string": BROKER}}
    for name, service in services.items():
        runner, url = await listen(service)
        runners.append(runner)
        first_lines[name] = dict(service.announce(url))
    async with httpx.AsyncClient(trust_env=False, timeout=60) as door:
        made = Systems(first_lines, services, administrator(first_lines["dataverse"]), door)
        try:
            runners.append(await _enter(made))
            yield made
        finally:
            await made.admin.close()
            for runner in reversed(runners):
                await runner.cleanup()


def _type_by_hand(kind: type[OnecBooks] | type[Sapb1Books], first_line: dict[str, Any]) -> None:
    books = kind(first_line)
    books.type_by_hand()
    books.close()


async def _enter(made: Systems) -> web.AppRunner:
    for kind, name in ((OnecBooks, "onec"), (Sapb1Books, "sapb1")):
        await asyncio.to_thread(_type_by_hand, kind, made.first_lines[name])
    line = made.first_lines["sapb1"]
    http = Http("SAP Business One")
    client = ServiceLayer(http, line["url"], line["company"], line["username"], SecretStr(line["password"]))
    findings = await set_up_sapb1(client, check=False)
    assert all_right(findings), findings
    await client.close()
    await Crm(made.admin).set_up()

    async def take(request: web.Request) -> web.Response:
        made.events.append((await request.read(), {name.lower(): value for name, value in request.headers.items()}))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/events", take)
    runner, url = await listen(Service(app, lambda _: {}))
    await register(made.admin, f"{url}/events", "key")
    return runner
