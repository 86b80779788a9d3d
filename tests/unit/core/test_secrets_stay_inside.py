"""Whatever a system answers, no secret is in an exception, in its chain, in its traceback, or in the log."""

import base64
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import quote_plus
from uuid import UUID

import httpx
import pytest
from azure.core.credentials import AccessToken
from pydantic import SecretStr

from shared.dataverse.client import Credentials, Dataverse
from shared.errors import BridgeError
from shared.http import Http
from shared.identity import Identity
from shared.onec.client import OnecClient
from shared.refusals import Refusal
from shared.sapb1.client import ServiceLayer
from shared.secrets import Vault, VaultSecret
from shared.settings import load
from tests.builders import SECRETS, environment

WORD = "s3cret+wörd/of=ours"
TOKEN = "token-of-ours"
SESSION = "session-of-ours"
BASIC = base64.b64encode(f"bridge:{WORD}".encode()).decode()
HIDDEN = (WORD, quote_plus(WORD), json.dumps(WORD)[1:-1], TOKEN, SESSION, BASIC)
ECHO = json.dumps({"error": {"code": "0x1", "message": {"value": " ".join(HIDDEN)}}, "odata.error": {"x": WORD}})

Answer = Callable[[httpx.Request], httpx.Response]


class Source:
    """An identity that has a token."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return AccessToken(TOKEN, 2**31)

    def close(self) -> None:
        """Nothing is open."""


def failing(error: type[httpx.RequestError]) -> Answer:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error(f"{request.headers} {request.content!r}", request=request)

    return fail


def echoing(status: int, kind: str = "application/json", text: str = ECHO) -> Answer:
    return lambda request: httpx.Response(status, headers={"content-type": kind}, text=text)


ANSWERS = {
    "no connection": failing(httpx.ConnectError),
    "no answer": failing(httpx.ReadTimeout),
    "no HTTP": failing(httpx.RemoteProtocolError),
    **{f"{status}": echoing(status) for status in (302, 400, 401, 403, 404, 409, 412, 429, 500, 503)},
    "HTML": echoing(200, "text/html", f"<html>{' '.join(HIDDEN)}</html>"),
    "cut short": echoing(200, text=f'{{"value": "{WORD}'),
}


def after_sign_in(answer: Answer) -> Answer:
    """Sign in as usual; what follows is answered so."""

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
        if request.url.path.endswith("/Login"):
            return httpx.Response(200, json={"SessionId": SESSION}, headers={"set-cookie": f"B1SESSION={SESSION}"})
        return answer(request)

    return respond


async def dataverse(http: Http) -> object:
    credentials = Credentials("https://login.example/token", "bridge", SecretStr(WORD))
    return await Dataverse(http, "https://crm.example", credentials, UUID(int=1)).get("WhoAmI")


async def onec(http: Http) -> object:
    client = OnecClient(http, "https://1c.example/odata/standard.odata", "bridge", SecretStr(WORD))
    return await client.create("Document_СчетНаОплатуПокупателю", UUID(int=1), {"Номер": "1"})


async def sapb1(http: Http) -> object:
    client = ServiceLayer(http, "https://sap.example/b1s/v2", "SBO", "bridge", SecretStr(WORD))
    return await client.create("Invoices", {"DocEntry": 1})


async def vault(http: Http) -> object:
    there = Vault(http, "https://contoso.vault.azure.net", Identity(Source()))
    return await VaultSecret(there, "name", "ONEC_PASSWORD").read()


def everything(error: BaseException) -> Iterator[str]:
    """Give all that a log, a debugger or a monitor may show of an exception."""
    yield from traceback.format_exception(error)
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BridgeError):
            # What httpx raised stays in __context__, with a text of its own making; ours must hold nothing anywhere.
            # A refusal is what accounting says of a document, for the CRM record and for nobody's log.
            own = {name: value for name, value in vars(one).items() if not isinstance(value, Refusal)}
            yield from (str(one), repr(one), repr(one.args), repr(own))
        if not one.__suppress_context__ and one.__context__ is not None:
            yield repr(one.__context__)


@pytest.mark.parametrize("signed_in", [False, True], ids=["signing in", "signed in"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("act", [dataverse, onec, sapb1, vault])
async def test_no_answer_brings_a_secret_out(
    act: Callable[[Http], Awaitable[object]], answer: Answer, signed_in: bool, caplog: pytest.LogCaptureFixture
) -> None:
    http = Http("the system", httpx.MockTransport(after_sign_in(answer) if signed_in else answer))
    caplog.set_level(logging.DEBUG)
    with pytest.raises(BridgeError) as caught:
        await act(http)
    await http.close()
    logging.getLogger("somebody").error("it failed", exc_info=caught.value)

    shown = [*everything(caught.value), caplog.text]
    assert [word for word in HIDDEN if any(word in text for text in shown)] == []


def test_settings_show_no_secret() -> None:
    settings = load(environment())
    for text in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert not any(secret in text for secret in SECRETS)
