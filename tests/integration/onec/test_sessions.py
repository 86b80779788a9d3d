"""Who may speak, in which session, and how the base can be told to fail."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from infra.local.onec.sessions import SessionError, Sessions
from infra.local.onec.settings import parse_settings
from tests.integration.onec.conftest import Start
from tests.integration.onec.kit import CUSTOMER, CUSTOMERS, INVOICE, INVOICES, Client, add_customer, at, invoice

CURRENCIES = "Catalog_Валюты"


def _basic(user: str, password: str, encoding: str = "utf-8") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()}


async def test_only_the_right_password_in_utf8_opens_the_base(onec: Client) -> None:
    wrong = (
        _basic("ОбменCRM", "другой"),
        _basic("ОбменCRM", "Учебный-Пароль-1С", "cp1251"),
        {"Authorization": "Basic ***"},
        {"Authorization": "Bearer token"},
    )
    async with httpx.AsyncClient(headers={"Accept": "application/json"}) as http:
        for headers in ({}, *wrong):
            answer = await http.get(onec.url + CURRENCIES, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
        right = _basic("ОбменCRM", "Учебный-Пароль-1С")
        assert (await http.get(onec.url + CURRENCIES, headers=right)).status_code == 200


async def test_a_session_of_ones_own_lives_until_it_is_finished_or_stale(onec: Client) -> None:
    assert (await onec.call("GET", CURRENCIES, headers={"IBSession": "start"})).status == 200
    assert onec.http.cookies["ibsession"]
    assert (await onec.get(CURRENCIES)).status == 200
    await onec.local("sessions/expire", {})
    stale = await onec.get(CURRENCIES)
    assert stale.status == 400
    assert (await onec.call("GET", CURRENCIES, headers={"IBSession": "start"})).status == 200
    assert (await onec.call("GET", CURRENCIES, headers={"IBSession": "finish"})).status == 200
    assert (await onec.get(CURRENCIES)).status == 400


async def test_one_session_too_many_is_refused(start: Start) -> None:
    onec = await start(pool="2", work_seconds="0.05")
    answers = await asyncio.gather(*(onec.get(CURRENCIES) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 200, 406, 406, 406]
    assert (await onec.get(CURRENCIES)).status == 200
    assert (await onec.local("stats"))["refused_sessions"] == 3


def test_an_unused_session_goes_stale_after_its_time() -> None:
    now = [0.0]
    sessions = Sessions(limit=1, seconds=20, clock=lambda: now[0])
    with sessions.use("start", None) as name:
        assert name is not None
    now[0] = 20
    with sessions.use(None, name):
        assert sessions.in_use == 1
    now[0] = 41
    with pytest.raises(SessionError, match="Сеанс не найден") as refusal, sessions.use(None, name):
        pass
    assert refusal.value.status == 400
    assert sessions.in_use == 0


async def test_switching_the_configurations_logic_off_is_refused_loudly(onec: Client) -> None:
    answer = await onec.call("POST", INVOICES, invoice(), headers={"1C_OData-DataLoadMode": "true"})
    assert (answer.status, answer.code) == (400, "17")
    assert (await onec.get(INVOICES)).value == []
    prefer = await onec.call("GET", INVOICES, headers={"Prefer": "return=minimal"})
    assert (prefer.status, prefer.code) == (501, "0")


async def test_an_answer_lost_after_the_work_leaves_the_work_done(onec: Client) -> None:
    fault = {"kind": "drop_after", "match": f"POST .*{CUSTOMERS}"}
    assert (await onec.http.post(f"{onec.root}/_local/faults", json=fault)).status_code == 204
    with pytest.raises(httpx.TransportError):
        await add_customer(onec)
    assert (await onec.get(at(CUSTOMERS, CUSTOMER))).status == 200


async def test_requests_are_counted_by_what_they_do(onec: Client) -> None:
    await add_customer(onec)
    await onec.get(CUSTOMERS, filter="ИНН eq '7799000020'")
    await onec.get(at(CUSTOMERS, CUSTOMER))
    await onec.call("POST", f"{at(INVOICES, CUSTOMER)}/Post?PostingModeOperational=false")
    assert (await onec.local("stats"))["requests"] == {
        f"GET {CUSTOMERS}": 1,
        f"GET {CUSTOMERS}()": 1,
        f"POST {CUSTOMERS}": 1,
        f"POST {INVOICES}()/Post": 1,
    }


async def test_a_wrong_use_of_the_back_door_is_said(onec: Client) -> None:
    answer = await onec.http.post(f"{onec.root}/_local/closed_until", json={"until": "2026-01-01"})
    assert answer.status_code == 400
    unknown = await onec.http.post(f"{onec.root}/_local/payments", json={"invoice": CUSTOMER, "amount": 1})
    assert unknown.status_code == 404


def test_an_unknown_setting_stops_the_start() -> None:
    with pytest.raises(SystemExit, match="posted_in_body"):
        parse_settings({"posted_in_body": "perhaps"})
    with pytest.raises(SystemExit, match="colour"):
        parse_settings({"colour": "red"})


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    command = (sys.executable, "-m", "infra.local", "serve", "onec", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _client(line: dict[str, str]) -> httpx.AsyncClient:
    auth = (line["username"], line["password"])
    return httpx.AsyncClient(base_url=line["url"], auth=auth, headers={"Accept": "application/json"})


async def test_the_first_line_says_where_and_as_whom() -> None:
    async with _process() as (process, line):
        assert line.keys() == {"service", "url", "username", "password"}
        assert line["url"].endswith("/odata/standard.odata/")
        async with _client(line) as http:
            assert {row["Code"] for row in (await http.get(CURRENCIES)).json()["value"]} == {"643", "978", "840"}
    assert process.returncode == 0


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "onec.sqlite"))
    async with _process(*state) as (process, line), _client(line) as http:
        created = await http.post(INVOICES, json=invoice())
        assert created.status_code == 201
        process.kill()
        await process.wait()
    async with _process(*state) as (_, line), _client(line) as http:
        read = (await http.get(at(INVOICES, INVOICE))).json()
        assert read["Number"] == created.json()["Number"]
        assert (await http.post(INVOICES, json=invoice())).json()["odata.error"]["code"] == "15"
