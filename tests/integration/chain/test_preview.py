"""The dry run, over HTTP, as an administrator sees it: it tells the truth beforehand, and writes nothing."""

import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.demo.company import EUROPEAN, EUROPEAN_SERVICES, RUSSIAN, RUSSIAN_SERVICES, Company, SampleSale
from infra.demo.world import World
from shared.messages import State
from tests.integration.chain.conftest import STATES, entries, invoice, issue, line, trigger, until
from tests.integration.chain.test_lost_events import lose_events

EVERYWHERE = pytest.mark.parametrize(
    "company", [RUSSIAN, EUROPEAN, RUSSIAN_SERVICES, EUROPEAN_SERVICES], ids=["1C-2B", "SAP-2B", "1C-2A", "SAP-2A"]
)
KEPT = {
    "dataverse": ("rows", "deleted"),
    "onec": ("instance", "meta"),
    "sapb1": ("rows", "counters"),
    "servicebus": ("message",),
}
"""What each server keeps, without its sessions."""


async def look(world: World, document: SampleSale, **headers: str) -> httpx.Response:
    """Open the dry run of a document."""
    host = world.stack["host"]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.get(
            f"{host['url']}/api/preview/{document.table.name}/{document.id}",
            headers={"x-functions-key": host["function_key"], **headers},
        )


def everything(world: World, copies: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Give the whole state of all servers. They lock their files, so copies are read."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for server, tables in KEPT.items():
        for file in world.stack.folder.glob(f"{server}.sqlite*"):
            shutil.copy(file, copies)
        with closing(sqlite3.connect(copies / f"{server}.sqlite")) as state:
            for table in tables:
                found[f"{server}.{table}"] = sorted(state.execute(f"SELECT * FROM {table}"))  # noqa: S608 - names of ours
    return found


async def entered_unseen(world: World, document: SampleSale) -> None:
    """Issue an invoice, or fulfil an order, without the bridge's hearing of it."""
    await world.drained()
    await lose_events(world, 1000)
    await issue(world, document)
    await world.drained()
    await lose_events(world, 0)


@EVERYWHERE
async def test_what_it_says_is_what_happens_and_it_writes_nothing(
    world: World, company: Company, tmp_path: Path
) -> None:
    document = invoice(f"{company.code}-SEEN", company, line("100.00"), line("50.10", "10", product=None))
    await entered_unseen(world, document)
    before = everything(world, tmp_path)

    seen = (await look(world, document)).json()

    assert everything(world, tmp_path) == before
    assert seen["verdict"] == "created", seen["why"]
    created = [call["address"] for call in seen["calls"] if call["method"] == "POST" and "(" not in call["address"]]
    assert all(field["mark"] == "created" for call in seen["calls"] for field in call["fields"])
    assert Decimal(str(seen["sale"]["total"])) == document.total

    await trigger(world, "dataverse_sweep")
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.POSTED
    assert {entry.kind for entry in entries(world, document)} <= set(created)
    again = (await look(world, document)).json()
    assert (again["verdict"], again["calls"]) == ("nothing", [])


@pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])
async def test_a_change_is_shown_beside_what_accounting_holds(world: World, company: Company, tmp_path: Path) -> None:
    document = invoice(f"{company.code}-SEEN-CHANGED", company, line("100.00"))
    await issue(world, document)
    await until(world, document)
    await world.drained()
    await lose_events(world, 1000)
    await world.crm.correct_line(document, 1, {"priceperunit": 200.0, "tax": 44.0})
    await world.drained()
    await lose_events(world, 0)
    before = everything(world, tmp_path)

    seen = (await look(world, document)).json()

    assert everything(world, tmp_path) == before
    if company is EUROPEAN:
        assert (seen["verdict"], seen["code"]) == ("refused", "changed_after_export")
        return
    assert seen["verdict"] == "changed", seen["why"]
    (change,) = [call for call in seen["calls"] if call["method"] == "PATCH"]
    price = next(field for field in change["fields"] if field["name"] == "Товары[1].Цена")
    assert (price["mark"], Decimal(price["held"]), Decimal(price["value"])) == ("changed", Decimal(100), Decimal(200))


async def test_script_in_a_name_stays_text(world: World) -> None:
    evil = "<script>alert(1)</script>"
    document = invoice("EU-SEEN-EVIL", EUROPEAN, line("10.00"))
    await entered_unseen(world, document)
    await world.crm.correct_line(document, 1, {"description": evil})

    page = await look(world, document, Accept="text/html,*/*;q=0.8")

    assert page.headers["content-type"].startswith("text/html")
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert document.number in page.text


@pytest.mark.parametrize(("path", "status"), [("lead/x", 400), ("invoice/x", 400), (f"invoice/{UUID(int=7)}", 404)])
async def test_what_is_not_there_is_said(world: World, path: str, status: int) -> None:
    host = world.stack["host"]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{host['url']}/api/preview/{path}", headers={"x-functions-key": host["function_key"]}
        )
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
