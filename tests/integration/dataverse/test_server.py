"""Limits, faults, and a server that goes on where it was killed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from infra.local.dataverse.server import create
from infra.local.serving import ServeOptions, Service, listen
from tests.conftest import ROOT
from tests.integration.dataverse.conftest import Client, Organization, Serve, make_goods
from tests.integration.dataverse.test_webhooks import Receiver, register, settle


async def test_too_many_requests_are_told_when_to_come_back(serve: Serve) -> None:
    organization = await serve(requests=3, window_seconds=100)
    client = await organization.client()
    for _ in range(3):
        await client.get("WhoAmI")
    answer = await client.send("GET", "WhoAmI")
    assert answer.status_code == 429
    assert 95 <= int(answer.headers["Retry-After"]) <= 100
    error = answer.json()["error"]
    assert error["code"] == "0x80072322"
    assert error["message"] == "Number of requests exceeded the limit of 3 over time window of 100 seconds."
    assert (await (await organization.client("admin_")).send("GET", "WhoAmI")).status_code == 200


async def test_execution_time_and_concurrency_are_limited(serve: Serve) -> None:
    by_time = await (await serve(execution_seconds=0.0001, latency_seconds=0.01)).client()
    await by_time.get("WhoAmI")
    assert (await by_time.refused("GET", "WhoAmI"))[:2] == (429, "0x80072321")
    at_once = await (await serve(concurrent=0)).client()
    assert (await at_once.refused("GET", "WhoAmI"))[:2] == (429, "0x80072326")


async def test_a_restarted_server_goes_on(serve: Serve, tmp_path: Path) -> None:
    state = tmp_path / "dataverse.sqlite"
    organization = await serve(state)
    admin = await organization.client("admin_")
    goods = await make_goods(admin)
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    gone = await admin.create("accounts", {"name": "gone"})
    link = (await admin.get("accounts?$select=name", Prefer="odata.track-changes"))["@odata.deltaLink"]
    await admin.send("DELETE", f"accounts({gone})")
    before = await admin.get(f"invoices({invoice})?$expand=invoice_details")
    await organization.stop()

    again = await serve(state)
    assert {**again.line, "url": "", "token_url": ""} == {**organization.line, "url": "", "token_url": ""}
    admin = await again.client("admin_")
    after = await admin.get(f"invoices({invoice})?$expand=invoice_details")
    assert {**after, "@odata.context": ""} == {**before, "@odata.context": ""}
    delta = await admin.get(link.replace(organization.line["url"], again.line["url"]))
    assert [row["id"] for row in delta["value"]] == [gone]
    await admin.patch(f"invoices({invoice})", {"name": "next"})
    assert (await admin.get(f"invoices({invoice})"))["versionnumber"] > before["versionnumber"]


async def _process(state: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """Start the server as its own process; give it and its first line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.local", "serve", "dataverse", "--state", str(state)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "dataverse.sqlite"
    process, line = await _process(state)
    async with httpx.AsyncClient(timeout=20) as http:
        client = await Organization(line, http).client()
        ids = [await client.create("accounts", {"name": str(number)}) for number in range(5)]
        process.kill()
        await process.wait()
        process, line = await _process(state)
        client = await Organization(line, http).client()
        rows = (await client.get("accounts?$select=accountid"))["value"]
        assert {row["accountid"] for row in rows} == set(ids)
    process.terminate()
    assert await process.wait() == 0


async def test_events_that_were_not_delivered_are_delivered_after_a_restart(serve: Serve, tmp_path: Path) -> None:
    state, calls = tmp_path / "dataverse.sqlite", []

    async def hook(request: web.Request) -> web.Response:
        calls.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner, url = await listen(Service(app, lambda _: {}))
    organization = await serve(state, webhook_concurrency=0)
    admin = await organization.client("admin_")
    await register(admin, Receiver(f"{url}/hook"), "Create", "account")
    account = await admin.create("accounts", {"name": "A"})
    assert calls == []
    await organization.stop()

    again = await serve(state)
    await settle(again)
    assert [call["PrimaryEntityId"] for call in calls] == [account]
    await runner.cleanup()


async def test_a_page_can_be_cut_and_a_session_end(organization: Organization, bridge: Client) -> None:
    await organization.http.post(organization.line["url"] + "/_local/faults", json={"kind": "cut"})
    assert not (await bridge.send("GET", "accounts")).text.endswith("}")
    assert (await bridge.get("accounts"))["value"] == []
    await organization.http.post(organization.line["url"] + "/_local/faults", json={"kind": "expire"})
    assert (await bridge.send("GET", "accounts")).status_code == 401
    assert (await (await organization.client()).send("GET", "accounts")).status_code == 200


async def test_requests_are_counted_per_user_and_kind(organization: Organization, bridge: Client) -> None:
    await bridge.create("accounts", {"name": "A"})
    await bridge.get("accounts?$select=name")
    address = organization.line["url"] + "/_local/stats"
    stats = (await organization.http.get(address)).json()
    assert stats["requests"] == {"app": {"GET accounts": 1, "POST accounts": 1}}
    await organization.http.delete(address)
    assert (await organization.http.get(address)).json()["requests"] == {}


async def test_a_lost_answer_leaves_the_work_done(organization: Organization, bridge: Client) -> None:
    fault = {"kind": "drop_after", "match": "POST /api/data/v9.2/accounts"}
    await organization.http.post(organization.line["url"] + "/_local/faults", json=fault)
    with pytest.raises(Exception, match="disconnected"):
        await bridge.send("POST", "accounts", {"name": "A"})
    assert [row["name"] for row in (await bridge.get("accounts?$select=name"))["value"]] == ["A"]


async def test_a_state_keeps_its_identity(serve: Serve, tmp_path: Path) -> None:
    state = tmp_path / "dataverse.sqlite"
    await (await serve(state, client_id="one")).stop()
    with pytest.raises(ValueError, match="client_id"):
        create(ServeOptions(state=state, settings={"client_id": "two"}))


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown settings"):
        create(ServeOptions(settings={"organisation_id": "x"}))
    with pytest.raises(ValueError, match="hexadecimal"):
        create(ServeOptions(settings={"organization_id": "x"}))
