"""While Dataverse is known to be down nothing is asked of it, whatever it is asked for; one request looks."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from shared.breaker import DOWN, REFUSED
from shared.dataverse.answers import StartOver
from shared.dataverse.batch import Operation
from shared.dataverse.client import Dataverse
from shared.errors import BridgeError, CredentialsRefused, Misconfigured, Unavailable
from tests.unit.dataverse.test_client import API, Server, page, server

__all__ = ["server"]

ASKED: list[Callable[[Dataverse], Awaitable[object]]] = [
    lambda client: client.get("invoices"),
    lambda client: client.rows("invoices", {"$select": "name"}),
    lambda client: client.tracked("invoices", ["name"]),
    lambda client: client.follow(f"{API}invoices?$deltatoken=1", tracked=True),
    lambda client: client.batch([Operation("PATCH", "invoices(1)", {})]),
]


async def fails(server: Server, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await server.client.get("invoices")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"}),
        httpx.Response(200, text='{"value": [', headers={"Content-Type": "application/json"}),
    ],
    ids=["5xx", "429", "HTML", "cut short"],
)
@pytest.mark.parametrize("ask", ASKED, ids=["get", "rows", "tracked", "follow", "batch"])
async def test_three_failures_in_a_row_spare_every_further_call(
    server: Server, answer: httpx.Response, ask: Callable[[Dataverse], Awaitable[object]]
) -> None:
    server.answer = lambda _: answer
    await fails(server, 3)

    for _ in range(20):
        with pytest.raises(Unavailable, match=DOWN) as told:
            await ask(server.client)
        assert told.value.retry_after is not None

    assert len(server.requests) == 3


async def test_one_request_looks_and_when_it_is_back_all_go_through(server: Server) -> None:
    server.answer = lambda _: httpx.Response(503)
    await fails(server, 3)
    server.seconds += 61
    await fails(server, 5)
    assert len(server.requests) == 4

    server.answer = lambda _: page()
    server.seconds += 61
    for _ in range(3):
        await server.client.get("invoices")
    assert len(server.requests) == 7


async def test_a_refused_sign_in_is_not_repeated_for_a_minute(server: Server) -> None:
    server.token_answer = lambda _: httpx.Response(401)
    with pytest.raises(CredentialsRefused):
        await server.client.get("invoices")
    for _ in range(5):
        with pytest.raises(Unavailable, match=REFUSED):
            await server.client.get("invoices")
    assert len(server.sign_ins) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(403, Misconfigured), (404, Misconfigured), (410, StartOver)], ids=["right", "name", "link"]
)
async def test_what_dataverse_refuses_is_an_answer(server: Server, status: int, error: type[BridgeError]) -> None:
    server.answer = lambda _: httpx.Response(status)
    for _ in range(5):
        with pytest.raises(error):
            await server.client.follow(f"{API}invoices?$deltatoken=1", tracked=True)
    assert len(server.requests) == 5
