"""Logging in, being thrown out, logging out."""

import pytest
from pydantic import ValidationError

from infra.local.sapb1 import company, server
from infra.local.serving import ServeOptions
from tests.integration.sapb1.client import Client
from tests.integration.sapb1.conftest import Start

EXPIRED = (401, "301", "Invalid session or session already timeout.")


def test_the_first_line_names_the_company() -> None:
    service = server.create(ServeOptions())
    assert service.announce("http://127.0.0.1:5") == {
        "service": "sapb1",
        "url": "http://127.0.0.1:5/b1s/v2",
        "company": company.COMPANY,
        "username": company.USERNAME,
        "password": company.PASSWORD,
    }


def test_an_unknown_setting_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="aproval"):
        server.create(ServeOptions(settings={"aproval": "1"}))


async def test_login_gives_a_session_and_both_cookies(b1: Client) -> None:
    reply = await b1.login()
    assert set(reply.body) == {"@odata.context", "SessionId", "Version", "SessionTimeout"}
    assert reply.body["SessionTimeout"] == 30
    cookies = reply.headers["set-cookie"]
    assert f"B1SESSION={reply.body['SessionId']}; HttpOnly" in cookies
    assert "ROUTEID=.node1; path=/" in cookies
    assert "B1SESSION" in b1.http.cookies
    assert next(cookie for cookie in b1.http.cookies.jar if cookie.name == "B1SESSION").path == "/b1s/v2"


async def test_login_is_refused_with_a_wrong_password(b1: Client) -> None:
    wrong = {"CompanyDB": company.COMPANY, "UserName": company.USERNAME, "Password": "no"}
    assert await b1.refused("Login", wrong) == (401, "100000027", "Login failed")


async def test_the_path_of_login_is_case_sensitive(b1: Client) -> None:
    assert (await b1.refused("login", {}))[:2] == (400, "200")


async def test_without_a_session_nothing_is_answered(b1: Client) -> None:
    b1.http.cookies.clear()
    reply = await b1.call("GET", "Invoices")
    assert reply.error == EXPIRED
    assert reply.headers["WWW-Authenticate"].startswith("Basic")


async def test_a_session_expires_after_thirty_idle_minutes(b1: Client) -> None:
    await b1.local("POST", "clock", {"advance": 29 * 60})
    await b1.get("VatGroups")
    await b1.local("POST", "clock", {"advance": 29 * 60})
    await b1.get("VatGroups")
    await b1.local("POST", "clock", {"advance": 31 * 60})
    assert (await b1.call("GET", "VatGroups")).error == EXPIRED
    assert (await b1.call("POST", "$batch", {})).error == EXPIRED


async def test_the_length_of_a_session_is_a_setting(start: Start) -> None:
    client = await start(session_minutes="1")
    await client.local("POST", "clock", {"advance": 61})
    assert (await client.call("GET", "Items")).error == EXPIRED


async def test_logout_ends_the_session(b1: Client) -> None:
    session = b1.http.cookies["B1SESSION"]
    assert (await b1.call("POST", "Logout")).status == 204
    reply = await b1.call("GET", "Items", headers={"Cookie": f"B1SESSION={session}"})
    assert reply.error == EXPIRED


async def test_behind_a_balancer_the_route_must_come_back(start: Start) -> None:
    client = await start(nodes="2")
    session = client.http.cookies["B1SESSION"]
    await client.get("VatGroups")
    client.http.cookies.clear()
    assert (await client.call("GET", "VatGroups", headers={"Cookie": f"B1SESSION={session}"})).error == EXPIRED


async def test_v1_refuses_in_its_own_shape(b1: Client) -> None:
    reply = await b1.call("GET", "Invoices", version="v1")
    assert reply.status == 401
    assert reply.body == {"error": {"code": 301, "message": {"lang": "en-us", "value": EXPIRED[2]}}}


async def test_all_sessions_can_be_made_to_expire(b1: Client) -> None:
    await b1.local("POST", "expire")
    assert (await b1.call("GET", "Items")).error == EXPIRED
