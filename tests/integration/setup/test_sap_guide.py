"""The guide for the administrator of SAP: its addresses are answered, its fields and names exist."""

import re

import httpx
import pytest

from infra.local.sapb1 import server
from infra.local.serving import ServeOptions, listen
from shared.books import Sapb1Books
from shared.routes import Route
from shared.sapb1 import fence
from tests.unit.azure.templates import ROOT
from tests.unit.azure.test_guides import runs

GUIDE = (ROOT / "infra" / "sapb1" / "GUIDE.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`[^|]+) \|[^|]+\| ([^|]+) \|$", GUIDE, flags=re.MULTILINE)


def test_the_fields_of_a_route_exist() -> None:
    known = {*Sapb1Books.model_fields, *Route.model_fields}
    fields = {name for cell, _ in ROWS for name in re.findall(r"`(\w+)`", cell)}
    assert len(fields) > 10
    assert fields <= known


async def test_every_address_is_answered_with_rows() -> None:
    addresses = [address for _, where in ROWS for address in re.findall(r"`(/[^`]+)`", where)]
    assert len(addresses) > 10
    service = server.create(ServeOptions())
    runner, url = await listen(service)
    line = {name: str(value) for name, value in service.announce(url).items()}
    login = {"CompanyDB": line["company"], "UserName": line["username"], "Password": line["password"]}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{line['url']}/Login", json=login)).raise_for_status()
        answers = {address: await client.get(line["url"] + address) for address in addresses}
    await runner.cleanup()
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(addresses, 200)
    assert all(answer.json()["value"] for answer in answers.values())


def test_every_command_exists() -> None:
    commands = set(re.findall(r"python -m ([\w.]+)", GUIDE))
    assert commands == {"infra.sapb1", "infra.doctor"}
    assert all(map(runs, commands))


@pytest.mark.parametrize("name", [f"@{fence.TABLE}", *fence.FIELDS])
def test_what_the_set_up_creates_is_named(name: str) -> None:
    assert f"`{name}`" in GUIDE
