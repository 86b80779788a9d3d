"""Health says what is wrong in one sentence each, settings first."""

import httpx
import pytest
from pydantic import SecretStr

from shared.dataverse.client import Credentials, Dataverse
from shared.errors import Misconfigured, Unavailable
from shared.health import check
from shared.http import Http
from shared.wiring import Wiring
from tests.builders import ORGANIZATION, OTHER_ORGANIZATION, SECRETS, URL, environment
from tests.unit.core.fakes import FakeDataverse

CONNECTION = "Endpoint=sb://x.example/;SharedAccessKeyName=key;SharedAccessKey=bm9uZQ=="


def wiring(dataverse: Dataverse | None = None, **changes: str | None) -> Wiring:
    made = Wiring(environment(**{"ServiceBusConnection": CONNECTION, **changes}))
    if dataverse is not None:
        vars(made)["dataverse"] = dataverse
    return made


async def test_nothing_is_wrong() -> None:
    assert await check(wiring(FakeDataverse())) == []


async def test_each_wrong_setting_is_a_sentence() -> None:
    problems = await check(wiring(LANES="x", ONEC_URL="gopher://x", DATAVERSE_URL=None))
    assert sorted(problem.split(":")[0] for problem in problems) == ["DATAVERSE_URL", "LANES", "ONEC_URL"]
    assert not any(secret in problem for secret in SECRETS for problem in problems)


async def test_a_missing_connection_is_named_beside_the_rest() -> None:
    problems = await check(wiring(ServiceBusConnection=None, LANES="x"))
    assert [problem.split(":")[0] for problem in problems] == ["ServiceBusConnection", "LANES"]


@pytest.mark.parametrize(
    ("failure", "problems"),
    [
        (Unavailable("Dataverse", "no connection"), ["Dataverse: no connection"]),
        (Misconfigured("A: is wrong", "B: is wrong"), ["A: is wrong", "B: is wrong"]),
    ],
    ids=["away", "misconfigured"],
)
async def test_what_dataverse_says_is_told(failure: Exception, problems: list[str]) -> None:
    dataverse = FakeDataverse()
    dataverse.failure = failure
    assert await check(wiring(dataverse)) == problems


async def test_another_organization_is_told() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        return httpx.Response(200, json={"OrganizationId": str(OTHER_ORGANIZATION)})

    http = Http("Dataverse", httpx.MockTransport(answer))
    credentials = Credentials("https://login.example/token", "bridge", SecretStr(SECRETS[0]))
    dataverse = Dataverse(http, URL, credentials, ORGANIZATION)
    (problem,) = await check(wiring(dataverse))
    await dataverse.close()
    assert problem.startswith("DATAVERSE_ORGANIZATION_ID: ")
    assert str(OTHER_ORGANIZATION) in problem


async def test_dataverse_is_asked_each_time_whatever_it_said_before() -> None:
    statuses = iter((200, 503))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        if request.url.path.endswith("/WhoAmI"):
            return httpx.Response(next(statuses), json={"OrganizationId": str(ORGANIZATION)})
        return httpx.Response(403)  # no right to read definitions: columns are not looked up

    credentials = Credentials("https://login.example/token", "bridge", SecretStr(SECRETS[0]))
    dataverse = Dataverse(Http("Dataverse", httpx.MockTransport(answer)), URL, credentials, ORGANIZATION)
    made = wiring(dataverse)
    assert [await check(made), await check(made)] == [[], ["Dataverse: answered 503"]]
    await dataverse.close()
