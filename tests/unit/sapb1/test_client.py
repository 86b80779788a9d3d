"""The client against a scripted Service Layer: sessions, pages, and what was or was not done."""

import asyncio
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
from shared.http import Http
from shared.sapb1.batch import Create
from shared.sapb1.client import ServiceLayer, entity, literal, one_of
from shared.sapb1.meaning import AlreadyThere
from tests.unit.sapb1.scripted import URL, Handler, Scripted, batch_of, error


def client(server: Handler) -> ServiceLayer:
    """Give a client of a scripted Service Layer."""
    http = Http("SAP Business One", httpx.MockTransport(server))
    return ServiceLayer(http, URL, "SBO", "bridge", SecretStr("secret-word"))


async def test_both_cookies_are_sent_back_and_the_session_is_ended() -> None:
    server = Scripted(httpx.Response(200, json={"DocEntry": 1}))
    sap = client(server)
    assert await sap.get("Invoices", 1) == {"DocEntry": 1}
    await sap.close()
    assert [request.headers["Cookie"] for request in server.requests] == ["B1SESSION=s1; ROUTEID=.node2"] * 2
    assert server.requests[-1].url.path == "/b1s/v2/Logout"


async def test_an_expired_session_is_renewed_once_for_everybody() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "s1" in request.headers["Cookie"]:
            return error(401, "301", "Invalid session or session already timeout.")
        return httpx.Response(200, json={"ok": True})

    server = Scripted(*[answer] * 20)
    sap = client(server)
    answers = await asyncio.gather(*(sap.get("Items", str(number)) for number in range(10)))
    assert answers == [{"ok": True}] * 10
    assert server.logins == 2


async def test_a_session_that_is_refused_twice_is_an_outage() -> None:
    server = Scripted(*[error(401, "301")] * 2)
    with pytest.raises(Unavailable) as raised:
        await client(server).get("Items", "A")
    assert not isinstance(raised.value, AnswerLost)
    assert server.logins == 2


async def test_an_expired_session_inside_a_batch_is_renewed_because_nothing_was_done() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        expired = '{"error":{"code":"301","message":"Invalid session"}}'
        return batch_of((1, 401, expired)) if "s1" in request.headers["Cookie"] else batch_of((1, 201, '{"a":1}'))

    server = Scripted(answer, answer)
    parts = await client(server).changeset([Create("Items", {})])
    assert [part.content for part in parts] == [b'{"a":1}']
    assert server.logins == 2


async def test_a_wrong_password_is_a_setting_to_correct_and_is_not_told() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        return error(401, "100000027", "Login failed")

    with pytest.raises(Misconfigured, match="SAPB1_PASSWORD") as raised:
        await client(server).get("Items", "A")
    assert "secret-word" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502),
        httpx.Response(200, html="<html></html>"),
        httpx.Response(200, content=b'{"cut', headers={"Content-Type": "application/json"}),
    ],
)
async def test_a_log_in_that_fails_otherwise_is_an_outage(answer: httpx.Response) -> None:
    with pytest.raises(Unavailable):
        await client(lambda request: answer).get("Items", "A")


async def test_every_page_is_read_and_no_other_host_is_asked() -> None:
    first = {"value": [{"n": 1}], "@odata.nextLink": "Items?$skip=1"}
    server = Scripted(httpx.Response(200, json=first), httpx.Response(200, json={"value": [{"n": 2}]}))
    rows = await client(server).rows("Items", select=("n",), where="ItemName eq 'a & b'", order="n")
    assert rows == [{"n": 1}, {"n": 2}]
    assert dict(server.requests[0].url.params) == {"$select": "n", "$filter": "ItemName eq 'a & b'", "$orderby": "n"}
    assert str(server.requests[1].url) == f"{URL}/Items?$skip=1"

    foreign = {"value": [], "@odata.nextLink": "https://elsewhere.example/b1s/v2/Items"}
    with pytest.raises(Unavailable, match="elsewhere"):
        await client(Scripted(httpx.Response(200, json=foreign))).rows("Items", select=("n",), where="")


async def test_what_is_not_there_is_none() -> None:
    server = Scripted(error(404, "-2028", "No matching records found (ODBC -2028)"))
    assert await client(server).get("Items", "A/1") is None
    assert server.requests[0].url.raw_path == b"/b1s/v2/Items(%27A%2F1%27)"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ReadError("gone"), AnswerLost),
        (httpx.ReadTimeout("slow"), AnswerLost),
        (httpx.ConnectError("no"), Unavailable),
        (httpx.Response(429, headers={"Retry-After": "7"}), Unavailable),
        (httpx.Response(503), AnswerLost),
        (httpx.Response(200, html="<html></html>"), AnswerLost),
        (error(400, "-1000", "Incomplete Batch Request Body!"), Refused),
        (batch_of((1, 400, '{"error":{"code":"-2035","message":"exists"}}')), AlreadyThere),
        (batch_of((1, 404, '{"error":{"code":"-2028","message":"none"}}')), AnswerLost),
        (batch_of((2, 201, "{}")), AnswerLost),
        (batch_of((1, 201, "{}")), AnswerLost),
        (batch_of((1, 201, "{}"), (2, 201, "{}"), (3, 201, "{}")), AnswerLost),
    ],
)
async def test_what_became_of_a_changeset(answer: httpx.Response | Exception, expected: type[Exception]) -> None:
    server = Scripted(answer)
    with pytest.raises(expected) as raised:
        await client(server).changeset([Create("U_ACX_CLAIM", {}), Create("Invoices", {})])
    assert type(raised.value) is expected
    assert len(server.requests) == 1


async def test_the_answers_of_a_changeset_are_given_in_the_order_of_its_operations() -> None:
    server = Scripted(batch_of((2, 201, '{"n":2}'), (1, 204, "")))
    parts = await client(server).changeset([Create("U_ACX_CLAIM", {}), Create("Invoices", {})])
    assert [part.status for part in parts] == [204, 201]


async def test_a_creation_without_a_readable_answer_may_have_been_done() -> None:
    with pytest.raises(AnswerLost):
        await client(Scripted(httpx.Response(201, html="<html></html>"))).create("Items", {})


async def test_a_session_that_can_not_be_ended_does_not_disturb() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/Logout"):
            raise httpx.ConnectError("gone")
        return httpx.Response(200, json={"SessionId": "s1"})

    sap = client(server)
    await sap.get("Items", "A")
    await sap.close()


def test_values_are_quoted_as_odata_quotes_them() -> None:
    assert literal("O'Neill") == "'O''Neill'"
    assert literal(7) == "7"
    assert literal(UUID(int=1)) == "'00000000-0000-0000-0000-000000000001'"
    assert one_of("ItemCode", ["a", "b'"]) == "(ItemCode eq 'a' or ItemCode eq 'b''')"
    assert entity("Items", "a b/c'") == "Items(%27a%20b%2Fc%27%27%27)"
