"""HTTP at the edge: what went wrong decides whether a write may have been carried out."""

from collections.abc import Callable

import httpx
import pytest

from shared.errors import AnswerLost, Unavailable
from shared.http import MAX_ANSWER, Http


def made(handler: Callable[[httpx.Request], httpx.Response]) -> Http:
    return Http("1C", httpx.MockTransport(handler))


def failing(error: Exception) -> Http:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return made(fail)


def damaged(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Bytes(b"this is no gzip"))


def endless(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Bytes(*[b" " * (MAX_ANSWER // 4)] * 5))


def told_to_wait(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"Retry-After": "120"})


class Bytes(httpx.AsyncByteStream):
    """A body in parts."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    async def __aiter__(self):  # type: ignore[no-untyped-def] # httpx leaves it untyped too
        for part in self.parts:
            yield part


@pytest.mark.parametrize(
    ("http", "reading", "writing"),
    [
        pytest.param(failing(httpx.ConnectError("x")), Unavailable, Unavailable, id="no connection"),
        pytest.param(failing(httpx.ConnectTimeout("x")), Unavailable, Unavailable, id="connecting takes too long"),
        pytest.param(failing(httpx.PoolTimeout("x")), Unavailable, Unavailable, id="no connection is free"),
        pytest.param(failing(httpx.ReadTimeout("x")), Unavailable, AnswerLost, id="answering takes too long"),
        pytest.param(failing(httpx.ReadError("x")), Unavailable, AnswerLost, id="dropped while reading"),
        pytest.param(failing(httpx.WriteError("x")), Unavailable, AnswerLost, id="dropped while writing"),
        pytest.param(failing(httpx.RemoteProtocolError("x")), Unavailable, AnswerLost, id="no HTTP"),
        pytest.param(made(damaged), Unavailable, AnswerLost, id="a damaged body"),
        pytest.param(made(endless), Unavailable, AnswerLost, id="a body without end"),
        pytest.param(made(lambda request: httpx.Response(429)), Unavailable, Unavailable, id="throttled"),
        pytest.param(made(told_to_wait), Unavailable, AnswerLost, id="told to come later"),
        pytest.param(made(lambda request: httpx.Response(302)), Unavailable, Unavailable, id="sent elsewhere"),
    ],
)
@pytest.mark.parametrize("writes", [False, True], ids=["reading", "writing"])
async def test_what_went_wrong(http: Http, reading: type, writing: type, writes: bool) -> None:
    with pytest.raises(Unavailable) as caught:
        await http.send("POST", "https://1c.example/", headers={}, writes=writes)
    assert type(caught.value) is (writing if writes else reading)
    assert caught.value.system == "1C"
    assert "1c.example" not in str(caught.value)


@pytest.mark.parametrize("writes", [False, True], ids=["reading", "writing"])
async def test_a_time_that_is_named_with_503_is_kept(writes: bool) -> None:
    with pytest.raises(Unavailable) as caught:
        await made(told_to_wait).send("POST", "https://1c.example/", headers={}, writes=writes)
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 412, 500, 503])
async def test_any_other_answer_is_given_whole(status: int) -> None:
    http = made(lambda request: httpx.Response(status, headers={"etag": "1"}, content=request.content))
    answer = await http.send("PATCH", "https://1c.example/", headers={"If-Match": "1"}, content=b"body", writes=True)
    await http.close()
    assert (answer.status, answer.headers["ETag"], answer.content) == (status, "1", b"body")
    assert http.round_trips == 1


async def test_nothing_is_repeated() -> None:
    http = failing(httpx.ConnectError("x"))
    with pytest.raises(Unavailable):
        await http.send("GET", "https://1c.example/", headers={}, writes=False)
    assert http.round_trips == 1
    await http.close()
