"""The client against a transport that answers as Dataverse does, on its good and bad days."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from shared.dataverse.batch import Operation
from shared.dataverse.client import Credentials, Dataverse
from shared.errors import AnswerLost, Misconfigured, Unavailable
from shared.http import Http
from tests.builders import ORGANIZATION, OTHER_ORGANIZATION, SECRETS, URL

API = f"{URL}/api/data/v9.2/"
Handler = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers sign-ins by itself and everything else by what a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.sign_ins: list[dict[str, list[str]]] = []
        self.requests: list[httpx.Request] = []
        self.token_answer: Handler = lambda request: httpx.Response(
            200, json={"access_token": f"token-{len(self.sign_ins)}", "expires_in": 3600}
        )
        self.answer: Handler = lambda request: httpx.Response(200, json={"value": []})
        self.http = Http("Dataverse", httpx.MockTransport(self._handle))
        credentials = Credentials("https://login.example/token", "bridge", SecretStr(SECRETS[0]))
        self.client = Dataverse(self.http, URL, credentials, ORGANIZATION, clock=lambda: self.seconds)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example":
            self.sign_ins.append(parse_qs(request.content.decode()))
            return self.token_answer(request)
        self.requests.append(request)
        return self.answer(request)

    def answers(self, *answers: httpx.Response) -> None:
        """Give these, one after the other."""
        waiting = iter(answers)
        self.answer = lambda request: next(waiting)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    yield made
    await made.client.close()


def page(*values: Any, **more: Any) -> httpx.Response:
    return httpx.Response(
        200, json={"value": list(values), **{name.replace("__", "@odata."): more[name] for name in more}}
    )


async def test_one_token_serves_many_requests(server: Server) -> None:
    for _ in range(3):
        await server.client.get("WhoAmI")
    assert server.sign_ins == [
        {
            "grant_type": ["client_credentials"],
            "client_id": ["bridge"],
            "client_secret": [SECRETS[0]],
            "scope": [f"{URL}/.default"],
        }
    ]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer token-1"}


async def test_a_token_is_renewed_before_it_expires(server: Server) -> None:
    await server.client.get("WhoAmI")
    server.seconds += 3600 - 121
    await server.client.get("WhoAmI")
    assert len(server.sign_ins) == 1
    server.seconds += 2
    await server.client.get("WhoAmI")
    assert server.requests[-1].headers["authorization"] == "Bearer token-2"


async def test_a_token_that_was_revoked_is_renewed_once(server: Server) -> None:
    server.answers(httpx.Response(401), page(1))
    assert await server.client.get("accounts") == {"value": [1]}
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_refusal_is_a_matter_of_rights(server: Server) -> None:
    server.answer = lambda request: httpx.Response(401)
    with pytest.raises(Misconfigured, match="DATAVERSE_CLIENT_ID"):
        await server.client.get("accounts")
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_wrong_secret_is_a_wrong_setting(server: Server, status: int) -> None:
    server.token_answer = lambda request: httpx.Response(status, json={"error": "invalid_client"})
    with pytest.raises(Misconfigured, match="DATAVERSE_CLIENT_SECRET") as caught:
        await server.client.get("accounts")
    assert SECRETS[0] not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(429, headers={"retry-after": "5"}),
        httpx.Response(200, html="<html>sign in</html>"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"access_token": "x'),
    ],
    ids=["503", "429", "HTML", "cut short"],
)
async def test_a_sign_in_that_does_not_work_is_an_outage(server: Server, answer: httpx.Response) -> None:
    server.token_answer = lambda request: answer
    with pytest.raises(Unavailable):
        await server.client.get("accounts")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "17"}, 17.0), ({}, None), ({"retry-after": "soon"}, None)],
    ids=["seconds", "nothing", "nonsense"],
)
async def test_throttling_names_its_time(server: Server, headers: dict[str, str], seconds: float | None) -> None:
    server.answer = lambda request: httpx.Response(429, headers=headers)
    with pytest.raises(Unavailable) as caught:
        await server.client.get("accounts")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(httpx.Response(500), Unavailable, "answered 500", id="500"),
        pytest.param(httpx.Response(503), Unavailable, "answered 503", id="503"),
        pytest.param(httpx.Response(403), Misconfigured, "lacks a right", id="403"),
        pytest.param(httpx.Response(404), Misconfigured, "COLUMN_", id="404"),
        pytest.param(
            httpx.Response(400, json={"error": {"code": "0x80060888", "message": "Ivanov"}}),
            Misconfigured,
            "0x80060888",
            id="400",
        ),
        pytest.param(httpx.Response(302, headers={"location": "https://evil.example"}), Unavailable, "302", id="302"),
        pytest.param(httpx.Response(200, html="<html>maintenance</html>"), Unavailable, "not JSON", id="HTML with 200"),
        pytest.param(
            httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"value": [{"a"'),
            Unavailable,
            "cut short",
            id="JSON cut short",
        ),
    ],
)
async def test_what_an_answer_means(server: Server, answer: httpx.Response, error: type[Exception], said: str) -> None:
    server.answer = lambda request: answer
    with pytest.raises(error, match=said) as caught:
        await server.client.rows("accounts", {"$select": "name"})
    assert "Ivanov" not in str(caught.value)
    assert len(server.requests) == 1


async def test_numbers_are_read_digit_by_digit(server: Server) -> None:
    content = b'{"value": [{"total": 0.10, "version": 12345678901}]}'
    server.answer = lambda request: httpx.Response(200, headers={"content-type": "application/json"}, content=content)
    (row,) = await server.client.rows("invoices", {})
    assert (str(row["total"]), row["version"]) == ("0.10", 12345678901)


async def test_every_page_is_read(server: Server) -> None:
    server.answers(
        page({"n": 1}, {"n": 2}, __nextLink=f"{API}invoices?$skiptoken=2"), page({"n": 3}, __nextLink=f"{API}x"), page()
    )
    rows = await server.client.rows("invoices", {"$filter": "name eq 'a b&c'"})
    assert rows == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [str(request.url) for request in server.requests][1:] == [f"{API}invoices?$skiptoken=2", f"{API}x"]
    assert server.requests[0].url.params["$filter"] == "name eq 'a b&c'"
    assert server.requests[0].headers["prefer"] == "odata.maxpagesize=5000"
    assert server.requests[0].headers["if-none-match"] == "null"


LINKS = [
    "https://evil.example/api/data/v9.2/invoices",
    f"{URL}.evil.example/api/data/v9.2/invoices",
    "http://contoso.crm4.dynamics.com/api/data/v9.2/invoices",
    "/api/data/v9.2/invoices",
]


@pytest.mark.parametrize("link", LINKS)
async def test_a_link_out_of_the_environment_is_not_followed(server: Server, link: str) -> None:
    server.answers(page(1, __nextLink=link))
    with pytest.raises(Unavailable, match="out of the environment"):
        await server.client.rows("invoices", {})
    assert len(server.requests) == 1


async def test_an_expanded_collection_is_completed(server: Server) -> None:
    server.answers(page(2, __nextLink=f"{API}lines?2"), page(3))
    row: dict[str, Any] = {"lines": [1], "lines@odata.nextLink": f"{API}lines?1"}
    await server.client.more(row, "lines")
    assert row == {"lines": [1, 2, 3]}
    await server.client.more(row, "lines")
    assert len(server.requests) == 2


@pytest.mark.parametrize("link", LINKS)
async def test_an_expanded_collection_does_not_lead_out_either(server: Server, link: str) -> None:
    with pytest.raises(Unavailable, match="out of the environment"):
        await server.client.more({"lines": [], "lines@odata.nextLink": link}, "lines")
    assert server.requests == []


async def test_the_right_organization_is_asked_once(server: Server) -> None:
    server.answer = lambda request: httpx.Response(200, json={"OrganizationId": str(ORGANIZATION).upper()})
    await server.client.check_organization()
    await server.client.check_organization()
    assert [request.url.path for request in server.requests] == ["/api/data/v9.2/WhoAmI"]


async def test_another_organization_stops_everything(server: Server) -> None:
    server.answer = lambda request: httpx.Response(200, json={"OrganizationId": str(OTHER_ORGANIZATION)})
    for _ in range(2):
        with pytest.raises(Misconfigured, match="DATAVERSE_ORGANIZATION_ID"):
            await server.client.check_organization()


# --- batches


def multipart(*parts: bytes, status: int = 200) -> httpx.Response:
    body = b"".join(b"--r\r\nContent-Type: application/http\r\n\r\n" + part + b"\r\n\r\n" for part in parts)
    return httpx.Response(status, headers={"content-type": "multipart/mixed; boundary=r"}, content=body + b"--r--\r\n")


DONE = b"HTTP/1.1 204 No Content\r\n"
CHANGED = b"HTTP/1.1 412 Precondition Failed\r\n"
OPERATIONS = [Operation("PATCH", "things(1)", {"a": 1}), Operation("PATCH", "things(2)", {"a": 2})]


async def test_each_operation_is_settled_by_itself(server: Server) -> None:
    server.answer = lambda request: multipart(DONE, CHANGED)
    assert [part.status for part in await server.client.batch(OPERATIONS)] == [204, 412]
    (request,) = server.requests
    assert (request.method, str(request.url)) == ("POST", f"{API}$batch")
    assert request.headers["prefer"] == "odata.continue-on-error"
    assert b"PATCH /api/data/v9.2/things(2) HTTP/1.1" in request.content


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(multipart(DONE), Unavailable, id="an answer too few"),
        pytest.param(multipart(DONE, DONE, DONE), Unavailable, id="an answer too many"),
        pytest.param(httpx.Response(200, json={}), Unavailable, id="no multipart"),
        pytest.param(httpx.Response(200, html="<html>"), Unavailable, id="HTML with 200"),
        pytest.param(
            httpx.Response(
                200, headers={"content-type": "multipart/mixed; boundary=r"}, content=b"--r\r\n\r\nHTTP/1.1"
            ),
            Unavailable,
            id="cut short",
        ),
        pytest.param(multipart(DONE, b"HTTP/1.1 503 Service Unavailable\r\n"), Unavailable, id="503 inside"),
        pytest.param(multipart(DONE, b"HTTP/1.1 429 Too Many Requests\r\n"), Unavailable, id="429 inside"),
        pytest.param(httpx.Response(500, json={"error": {"code": "1"}}), Unavailable, id="500"),
        pytest.param(httpx.Response(400, json={"error": {"code": "1"}}), Misconfigured, id="400"),
    ],
)
async def test_a_batch_without_a_whole_answer(server: Server, answer: httpx.Response, error: type[Exception]) -> None:
    server.answer = lambda request: answer
    with pytest.raises(error):
        await server.client.batch(OPERATIONS)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(multipart(DONE, b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\n"), id="429 inside"),
        pytest.param(httpx.Response(503, headers={"retry-after": "17"}), id="503"),
    ],
)
async def test_a_batch_that_is_throttled_names_its_time(server: Server, answer: httpx.Response) -> None:
    server.answer = lambda request: answer
    with pytest.raises(Unavailable) as caught:
        await server.client.batch(OPERATIONS)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("failure", "error"),
    [(httpx.ConnectError("x"), Unavailable), (httpx.ReadError("x"), AnswerLost), (httpx.ReadTimeout("x"), AnswerLost)],
    ids=["no connection", "dropped", "timed out"],
)
async def test_a_lost_answer_to_a_write_is_told_apart(server: Server, failure: Exception, error: type) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    server.answer = fail
    with pytest.raises(Unavailable) as caught:
        await server.client.batch(OPERATIONS)
    assert type(caught.value) is error


async def test_a_write_is_sent_again_only_where_the_token_was_refused(server: Server) -> None:
    server.answers(httpx.Response(401), multipart(DONE, DONE))
    await server.client.batch(OPERATIONS)
    assert len(server.requests) == 2
    first, second = (request.content.split(b"\r\n")[1:-2] for request in server.requests)
    assert b'{"a":1}' in first
    assert len(first) == len(second)
