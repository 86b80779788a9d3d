"""Every local server fails as it is told, in one language, over HTTP and by command; the broker's own are beside it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infra.local.__main__ import main
from infra.local.dataverse import server as dataverse
from infra.local.onec import server as onec
from infra.local.sapb1 import server as sapb1
from infra.local.serving import ServeOptions, listen

SERVERS = {"dataverse": dataverse, "onec": onec, "sapb1": sapb1}
READ = {"dataverse": "accounts", "onec": "Catalog_Контрагенты?$format=json", "sapb1": "BusinessPartners"}
WRITE: dict[str, tuple[str, dict[str, Any]]] = {
    "dataverse": ("accounts", {"name": "A"}),
    "onec": ("Catalog_Контрагенты?$format=json", {"Description": "A"}),
    "sapb1": ("BusinessPartners", {"CardCode": "C-1", "CardName": "A", "CardType": "cCustomer"}),
}


@dataclass
class Server:
    """A running server, and somebody who is logged in there."""

    name: str
    url: str
    line: dict[str, Any]
    http: httpx.AsyncClient
    headers: dict[str, str]

    async def login(self) -> None:
        """Log in."""
        if self.name == "onec":
            user = f"{self.line['username']}:{self.line['password']}".encode()
            self.headers = {"Authorization": f"Basic {base64.b64encode(user).decode()}"}
            started = await self.http.get(self.root + READ["onec"], headers=self.headers | {"IBSession": "start"})
            self.headers["Cookie"] = started.headers["set-cookie"].split(";")[0]
        elif self.name == "sapb1":
            body = {"CompanyDB": self.line["company"], "UserName": self.line["username"]}
            answer = await self.http.post(self.root + "Login", json=body | {"Password": self.line["password"]})
            self.headers = {"Cookie": f"B1SESSION={answer.json()['SessionId']}"}
        else:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.line["client_id"],
                "client_secret": self.line["client_secret"],
                "scope": f"{self.line['url']}/.default",
            }
            answer = await self.http.post(self.line["token_url"], data=form)
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.http.cookies.clear()

    @property
    def root(self) -> str:
        """Give the address of the API."""
        tail = "/api/data/v9.2/" if self.name == "dataverse" else ""
        return f"{str(self.line['url']).rstrip('/')}{tail or '/'}"

    async def read(self) -> httpx.Response:
        """Read a collection."""
        return await self.http.get(self.root + READ[self.name], headers=self.headers)

    async def write(self) -> httpx.Response:
        """Create a row."""
        path, body = WRITE[self.name]
        return await self.http.post(self.root + path, json=body, headers=self.headers)

    async def tell(self, kind: str, **more: Any) -> httpx.Response:
        """Tell it to fail."""
        return await self.http.post(f"{self.url}/_local/faults", json={"kind": kind, **more})

    async def pending(self) -> list[dict[str, Any]]:
        """Give the faults still to come."""
        told: list[dict[str, Any]] = (await self.http.get(f"{self.url}/_local/faults")).json()
        return told


@pytest.fixture(params=list(SERVERS))
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    service = SERVERS[request.param].create(ServeOptions())
    runner, url = await listen(service)
    async with httpx.AsyncClient(trust_env=False) as http:
        made = Server(request.param, url, dict(service.announce(url)), http, {})
        await made.login()
        yield made
    await runner.cleanup()


@pytest.mark.parametrize(("status", "more"), [(503, {}), (429, {"retry_after": 7})])
async def test_a_status_is_answered_with_its_wait_as_often_as_told(
    server: Server, status: int, more: dict[str, Any]
) -> None:
    await server.tell("status", match="GET", status=status, skip=1, times=2, **more)
    answers = [await server.read() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert answers[1].headers.get("Retry-After") == (str(more["retry_after"]) if more else None)
    assert await server.pending() == []


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_connection_breaks_before_or_after_the_work(server: Server, kind: str, done: int) -> None:
    async def named() -> int:
        return (await server.read()).text.count('"A"')

    before = await named()
    await server.tell(kind, match="POST")
    with pytest.raises(httpx.TransportError):
        await server.write()
    assert (await named() > before) is bool(done)


async def test_something_else_answers_or_an_answer_is_cut(server: Server) -> None:
    whole = (await server.read()).text
    await server.tell("html")
    answer = await server.read()
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    await server.tell("cut")
    answer = await server.read()
    assert answer.status_code == 200
    assert whole.startswith(answer.text)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert (await server.read()).text == whole


async def test_a_session_ends_and_a_new_one_is_given(server: Server) -> None:
    await server.tell("expire", match="GET")
    assert (await server.read()).status_code in {400, 401, 404}
    await server.login()
    assert (await server.read()).status_code == 200


async def test_a_row_is_refused_in_the_systems_own_words(server: Server) -> None:
    await server.tell("reject", match="ROW POST")
    answer = await server.write()
    assert answer.status_code in {400, 500}
    assert "error" in json.dumps(answer.json())
    assert (await server.write()).status_code in {201, 204}


async def test_a_request_that_is_delayed_is_answered(server: Server) -> None:
    await server.tell("delay", seconds=0.05)
    assert (await server.read()).status_code == 200
    assert await server.pending() == []


async def test_the_books_are_closed_where_there_are_any(server: Server) -> None:
    told = await server.tell("close", until="2026-03-31")
    assert told.status_code == (400 if server.name == "dataverse" else 204)
    await server.read()
    state = (await server.http.get(f"{server.url}/_local/state")).json() if server.name != "dataverse" else {}
    if server.name == "onec":
        assert state["closed_until"] == "2026-03-31"
    if server.name == "sapb1":
        periods = {month: period["status"] for month, period in state["_periods"].items()}
        assert (periods["2026-03"], periods["2026-04"]) == ("locked", "open")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "status", "match": "("}, "regular expression"),
        ({"kind": "close"}, "until"),
        ({"kind": "html", "until": "2026-03-31"}, "until"),
        ({"kind": "status", "status": 200}, "status"),
    ],
)
async def test_what_makes_no_sense_is_refused(server: Server, fault: dict[str, Any], sentence: str) -> None:
    answer = await server.tell(**fault)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert await server.pending() == []


async def test_by_command(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    fault = '{"kind": "status", "match": "GET", "status": 502}'
    assert await asyncio.to_thread(main, ["faults", "--url", server.url, "--add", fault]) == 0
    assert json.loads(capsys.readouterr().out)[0]["status"] == 502
    assert (await server.read()).status_code == 502
    await asyncio.to_thread(main, ["faults", "--url", server.url, "--add", fault])
    await asyncio.to_thread(main, ["faults", "--url", server.url, "--clear"])
    assert (await server.read()).status_code == 200
    if server.name != "dataverse":
        with pytest.raises(SystemExit, match="can't happen to this server"):
            await asyncio.to_thread(main, ["faults", "--url", server.url, "--add", '{"kind": "duplicate"}'])
