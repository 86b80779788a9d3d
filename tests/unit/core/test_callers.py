"""Who may call the administrator's functions where a role in Entra ID is asked for."""

import base64
import json
from typing import Any

import azure.functions as func
import pytest

import function_app
from shared.callers import refusal
from tests.unit.telemetry.test_recorder import context

ROLE = "Bridge.Operate"
ON = {"WEBSITE_AUTH_ENABLED": "True"}
OPEN_TO_DATAVERSE = {"dataverse_events"}
"""Dataverse has no token of Entra ID to show; the webhook has its function key alone."""


def principal(**changes: Any) -> dict[str, str]:
    told = {
        "auth_typ": "aad",
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        "claims": [{"typ": "appid", "val": "1"}, {"typ": "roles", "val": "Other"}, {"typ": "roles", "val": ROLE}],
        **changes,
    }
    return {"x-ms-client-principal": base64.b64encode(json.dumps(told).encode()).decode()}


def test_without_the_setting_the_function_key_is_enough() -> None:
    assert refusal("", {}, {}) is None


def test_a_caller_with_the_role_goes_on() -> None:
    assert refusal(ROLE, ON, principal()) is None
    long = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    assert refusal(ROLE, ON, principal(claims=[{"typ": long, "val": ROLE}])) is None


@pytest.mark.parametrize("flag", [{}, {"WEBSITE_AUTH_ENABLED": "False"}, {"WEBSITE_AUTH_ENABLED": ""}])
def test_a_header_that_anybody_may_write_counts_for_nothing(flag: dict[str, str]) -> None:
    assert "Authentication is off" in str(refusal(ROLE, flag, principal()))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param(principal(claims=[]), id="no claims"),
        pytest.param(principal(claims=[{"typ": "name", "val": ROLE}]), id="the role as a name"),
        pytest.param(principal(claims=[{"typ": "roles", "val": "bridge.operate"}]), id="another case"),
        pytest.param(principal(auth_typ="github"), id="another provider"),
        pytest.param(principal(claims=ROLE), id="no list"),
        pytest.param(principal(claims=[{"typ": "roles", "val": [ROLE]}]), id="no text"),
        pytest.param(principal(claims=[ROLE]), id="no pairs"),
        pytest.param({"x-ms-client-principal": "not base64"}, id="no base64"),
        pytest.param({"x-ms-client-principal": "ИИ=="}, id="no ASCII"),
        pytest.param({"x-ms-client-principal": base64.b64encode(b"\xff\xfe").decode()}, id="no text inside"),
        pytest.param({"x-ms-client-principal": base64.b64encode(b"[" * 100_000).decode()}, id="deep"),
        pytest.param({"x-ms-client-principal": base64.b64encode(b"[]").decode()}, id="a list"),
    ],
)
def test_anybody_else_is_turned_away_without_a_word_of_what_they_sent(headers: dict[str, str]) -> None:
    assert refusal(ROLE, ON, headers) == "The caller's token does not have the role that OPERATIONS_ROLE names."


def _http_functions() -> dict[str, Any]:
    """Give the HTTP functions. An app can be indexed once a process, so this is another one of the same rooms."""
    app = func.FunctionApp()
    for room in function_app.rooms:
        app.register_functions(room.blueprint)
    functions: dict[str, Any] = {str(each.get_function_name()): each for each in app.get_functions()}
    return {name: each for name, each in functions.items() if each.get_trigger().type == "httpTrigger"}


HTTP = _http_functions()


@pytest.mark.parametrize("name", sorted(HTTP))
async def test_every_http_function_asks_for_a_key_and_all_but_the_webhook_for_the_role(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATIONS_ROLE", ROLE)
    monkeypatch.setenv("LANES", "a broken setting opens no door")
    function = HTTP[name]
    assert function.get_trigger().auth_level in {func.AuthLevel.FUNCTION, "function"}
    if name in OPEN_TO_DATAVERSE:
        return
    request = func.HttpRequest("POST", "https://bridge.example/", headers=principal(), body=b"{}")
    answer = await function.get_user_function()(request, context())
    assert (answer.status_code, answer.get_body()[:15]) == (403, b"OPERATIONS_ROLE")
