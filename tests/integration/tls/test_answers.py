"""What a system may do to the bridge with its answer: nothing. Real sockets."""

import gzip

import pytest

from shared.errors import AnswerLost, Unavailable
from shared.http import MAX_ANSWER, MAX_RECORD, MAX_SIGN_IN, Http
from tests.integration.tls.conftest import Serve

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def test_a_redirect_is_not_followed(serve: Serve) -> None:
    async with serve() as elsewhere:
        answer = (
            f"HTTP/1.1 307 T\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        async with serve(answer=answer) as listener:
            http = Http("1C")
            with pytest.raises(Unavailable, match="redirect") as caught:
                await http.send("POST", listener.url, headers={"Authorization": "Basic x"}, content=b"{}", writes=True)
            await http.close()
        assert not isinstance(caught.value, AnswerLost), "nothing was done"
        assert elsewhere.requests == []


@pytest.mark.parametrize("limit", [MAX_SIGN_IN, MAX_RECORD])
async def test_an_answer_that_unpacks_to_more_than_its_use_allows_is_not_read(serve: Serve, limit: int) -> None:
    bomb = gzip.compress(b" " * (limit + 1))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    assert len(bomb) < limit // 100
    async with serve(answer=head + bomb) as listener:
        http = Http("SAP Business One")
        with pytest.raises(AnswerLost, match="an answer of more than"):
            await http.send("POST", listener.url, headers={}, writes=True, limit=limit)
        answer = await http.send("POST", listener.url, headers={}, writes=True, limit=MAX_ANSWER)
        await http.close()
    assert len(answer.content) == limit + 1


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{}"], ids=["nothing", "head", "part"])
async def test_an_answer_that_never_ends_is_given_up(serve: Serve, sent: bytes) -> None:
    async with serve(answer=sent, stays=True) as listener:
        http = Http("Dataverse", deadline=0.2)
        with pytest.raises(Unavailable, match="no answer"):
            await http.send("GET", listener.url, headers={}, writes=False)
        with pytest.raises(AnswerLost):
            await http.send("POST", listener.url, headers={}, writes=True)
        await http.close()
