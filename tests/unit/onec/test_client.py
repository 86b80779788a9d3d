"""The client against answers that a base can give: what each means, and what is sent."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import AnswerLost, BridgeError, CredentialsRefused, Misconfigured, Refused, Unavailable
from shared.http import Http
from shared.onec.client import OnecClient

KEY = UUID("00000000-0000-0000-0000-0000000000a1")
ENTITY = "Catalog_Контрагенты"
PERSONAL = "Иванов Иван"
Handler = Callable[[httpx.Request], httpx.Response]


def error(code: int, status: int = 400, message: str = PERSONAL) -> httpx.Response:
    """Give an error in 1C's shape."""
    body = {"odata.error": {"code": str(code), "message": {"lang": "ru", "value": message}}}
    return httpx.Response(status, json=body)


class Base:
    """Answers in turn; remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> OnecClient:
        """Give a client whose network is this."""
        http = Http("onec", httpx.MockTransport(self))
        return OnecClient(http, "https://1c.example/base/odata/standard.odata/", "Обмен", SecretStr("пароль"))

    @property
    def lines(self) -> list[str]:
        """Give method and address of every request."""
        return [f"{each.method} {unquote(each.url.raw_path.decode())}" for each in self.requests]


def made(**fields: Any) -> httpx.Response:
    """Give the answer to a creation."""
    return httpx.Response(201, json={"Ref_Key": str(KEY), **fields})


FOUND = httpx.Response(200, json={"Ref_Key": str(KEY), "Code": "1"})
NOT_FOUND = error(9, 404)
PAGE = httpx.Response(200, html="<html><body>1cfresh</body></html>")
CUT = httpx.Response(200, content=b'{"Ref_Key": "0000', headers={"content-type": "application/json"})


async def test_a_request_carries_utf8_credentials_and_opens_a_session() -> None:
    base = Base(FOUND)

    assert await base.client().find(ENTITY, KEY) == {"Ref_Key": str(KEY), "Code": "1"}

    [request] = base.requests
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == "Обмен:пароль"
    assert request.headers["ibsession"] == "start"
    assert base.lines == [f"GET /base/odata/standard.odata/{ENTITY}(guid'{KEY}')"]


async def test_a_session_is_used_again_until_it_is_stale_and_ended_at_last() -> None:
    opened = {"set-cookie": "ibsession=one; path=/base; HttpOnly"}
    base = Base(
        httpx.Response(200, json={"value": []}, headers=opened),
        httpx.Response(200, json={"value": []}),
        httpx.Response(400, text="Сеанс не найден"),
        httpx.Response(200, json={"value": []}, headers={"set-cookie": "ibsession=two"}),
        httpx.Response(200, json={}),
    )
    client = base.client()

    for _ in range(3):
        await client.rows(ENTITY, select=("Code",), where="Code eq '1'")
    await client.close()

    sent = [(each.headers.get("ibsession"), each.headers.get("cookie")) for each in base.requests]
    assert sent == [
        ("start", ""),
        (None, "ibsession=one"),
        (None, "ibsession=one"),
        ("start", ""),
        ("finish", "ibsession=two"),
    ]


async def test_a_write_is_repeated_only_because_its_session_was_stale() -> None:
    base = Base(
        httpx.Response(200, json={"value": []}, headers={"set-cookie": "ibsession=one"}),
        httpx.Response(400, text="Сеанс не найден"),
        made(),
    )
    client = base.client()
    await client.rows(ENTITY, select=("Code",), where="Code eq '1'")

    assert await client.create(ENTITY, KEY, {"ИНН": "1"}) == ({"Ref_Key": str(KEY)}, True)

    assert [json.loads(each.content) for each in base.requests[1:]] == [{"Ref_Key": str(KEY), "ИНН": "1"}] * 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        PAGE,
        CUT,
        httpx.Response(500, text="oops"),
        httpx.Response(502),
        httpx.Response(504, html="<html></html>"),
        error(-1, 503),
        error(15, 400),
        error(15, 409),
        error(-1, 500, "Элемент с таким ключом уже существует"),
        error(-1, 500, "Ошибка СУБД: 23505"),
        error(4, 400),
    ],
)
async def test_after_an_unclear_creation_the_key_is_looked_up(answer: httpx.Response | Exception) -> None:
    base = Base(answer, FOUND)

    assert await base.client().create(ENTITY, KEY, {}) == ({"Ref_Key": str(KEY), "Code": "1"}, False)

    assert [each.method for each in base.requests] == ["POST", "GET"]


async def test_json_that_is_no_object_of_1c_is_no_document_that_stands() -> None:
    base = Base(*[httpx.Response(200, json={"status": "ok"})] * 3)
    with pytest.raises(Unavailable, match="without the object"):
        await base.client().create(ENTITY, KEY, {})
    with pytest.raises(Unavailable, match="without the object"):
        await base.client().find(ENTITY, KEY)


@pytest.mark.parametrize("body", [{}, {"status": "ok"}, {"Ref_Key": None}, {"Ref_Key": ""}])
async def test_an_answer_without_a_key_says_nothing_of_what_the_base_keeps(body: dict[str, Any]) -> None:
    """A gateway's own JSON with 200 must not stop all writing until the process is restarted."""
    base = Base(httpx.Response(200, json=body), NOT_FOUND, made())
    client = base.client()
    with pytest.raises(AnswerLost):
        await client.create(ENTITY, KEY, {})

    assert (await client.create(ENTITY, KEY, {}))[1]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ReadTimeout("x"), AnswerLost),
        (PAGE, AnswerLost),
        (CUT, AnswerLost),
        (httpx.Response(500), AnswerLost),
        (error(-1, 500, "Конфликт блокировок при выполнении транзакции"), AnswerLost),
        (error(-1, 500, "Сеанс работы завершен администратором"), AnswerLost),
        (error(-1, 500, "Соединение с сервером баз данных разорвано администратором"), AnswerLost),
        (error(-1, 500, "Документ не может быть записан"), Refused),
        (error(5), Refused),
        (error(15), Refused),
    ],
)
async def test_where_the_key_is_absent_the_answer_says_what_happened(
    answer: httpx.Response | Exception, kind: type[BridgeError]
) -> None:
    base = Base(answer, NOT_FOUND)

    with pytest.raises(BridgeError) as raised:
        await base.client().create(ENTITY, KEY, {})

    assert type(raised.value) is kind
    assert [each.method for each in base.requests] == ["POST", "GET"]


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (httpx.ConnectError("x"), Unavailable, "no connection"),
        (httpx.Response(401), CredentialsRefused, "ONEC_PASSWORD"),
        (error(20, 401), CredentialsRefused, "ONEC_PASSWORD"),
        (httpx.Response(403, text="no"), Misconfigured, ENTITY),
        (httpx.Response(404, html="<html>nginx</html>"), Misconfigured, "ONEC_URL"),
        (httpx.Response(406), Unavailable, "session"),
        (httpx.Response(429, headers={"retry-after": "9"}), Unavailable, "429"),
        (error(8, 404), Misconfigured, ENTITY),
        (error(10), Misconfigured, ENTITY),
        (error(20, 403), Misconfigured, ENTITY),
    ],
)
async def test_what_speaks_of_the_set_up_writes_nothing_and_looks_nothing_up(
    answer: httpx.Response | Exception, kind: type[BridgeError], word: str
) -> None:
    base = Base(answer)

    with pytest.raises(BridgeError, match=word) as raised:
        await base.client().create(ENTITY, KEY, {})

    assert type(raised.value) is kind
    assert len(base.requests) == 1


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("x"), PAGE, CUT, httpx.Response(503), error(-1, 500), error(4), httpx.Response(302)]
)
async def test_a_failed_read_is_an_outage_and_names_nobody(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Unavailable) as raised:
        await Base(answer).client().find(ENTITY, KEY)

    assert type(raised.value) is Unavailable
    assert PERSONAL not in str(raised.value)


async def test_a_refusal_carries_the_message_and_its_exception_does_not() -> None:
    long = f"{PERSONAL} \n {'а' * 1000}"

    with pytest.raises(Refused) as raised:
        await Base(error(-1, 500, long), NOT_FOUND).client().create(ENTITY, KEY, {})

    assert raised.value.refusal.values["message"].startswith(f"{PERSONAL} ааа")
    assert len(raised.value.refusal.values["message"]) == 300
    assert PERSONAL not in str(raised.value)


async def test_a_key_that_the_base_replaced_stops_all_writing() -> None:
    base = Base(httpx.Response(201, json={"Ref_Key": "00000000-0000-0000-0000-0000000000ff"}))
    client = base.client()

    for _ in range(2):
        with pytest.raises(Misconfigured, match="Ref_Key"):
            await client.create(ENTITY, KEY, {})

    assert len(base.requests) == 1


@pytest.mark.parametrize("answer", [httpx.Response(200), httpx.Response(204), httpx.Response(200, json={"value": ""})])
async def test_posting_takes_one_call(answer: httpx.Response) -> None:
    base = Base(answer)

    await base.client().post("Document_А", KEY)

    assert base.lines == [f"POST /base/odata/standard.odata/Document_А(guid'{KEY}')/Post?PostingModeOperational=false"]
    assert base.requests[0].content == b""


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("x"), PAGE, httpx.Response(502)])
async def test_a_lost_answer_to_posting_is_looked_up(answer: httpx.Response | Exception) -> None:
    posted = httpx.Response(200, json={"Ref_Key": str(KEY), "Posted": True})
    await Base(answer, posted).client().post("Document_А", KEY)

    for held in (httpx.Response(200, json={"Ref_Key": str(KEY), "Posted": False}), NOT_FOUND):
        with pytest.raises(AnswerLost):
            await Base(answer, held).client().post("Document_А", KEY)


async def test_closing_does_not_mind_a_base_that_is_away() -> None:
    base = Base(
        httpx.Response(200, json={"value": []}, headers={"set-cookie": "ibsession=one"}), httpx.ConnectError("x")
    )
    client = base.client()
    await client.rows(ENTITY, select=("Code",), where="Code eq '1'")

    await client.close()

    assert base.answers == []


async def test_an_answer_without_its_list_is_an_outage() -> None:
    with pytest.raises(Unavailable):
        await Base(httpx.Response(200, json={})).client().rows(ENTITY, select=("Code",), where="Code eq '1'")
