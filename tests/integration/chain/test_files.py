"""Ways 1A and 1B, as an accountant takes them: a file over HTTP, a word in the journal, nothing in the books."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from infra.demo.company import BY_HAND, Company, SampleSale
from infra.demo.routes import routes
from infra.demo.world import World
from shared.messages import State
from tests.integration.chain.conftest import STATES, entries, invoice, issue, journal_of, line, until
from tests.integration.chain.test_preview import everything, look

EACH = pytest.mark.parametrize("company", BY_HAND, ids=["1C-1B", "SAP-1B", "1C-1A", "SAP-1A"])
DOCUMENTS = {"RH": "Документ.СчетПокупателю", "RHS": "Документ.РеализацияТоваровУслуг", "EH": "3_OINV", "EHS": "3_ODLN"}
LINES = {"EH": "3_INV1", "EHS": "3_DLN1"}


async def ask(world: World, company: Company, day: date, **more: Any) -> httpx.Response:
    """Ask for a company's file of a day."""
    host, route = world.stack["host"], route_of(company)
    kind = "services" if company.way == "1A" else "invoices"
    query = {"from": str(day), "to": str(day), "entity": route, "code": host["function_key"]} | more
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.get(f"{host['url']}/api/files/{kind}", params=query)


def route_of(company: Company) -> str:
    """Give the name of the route that leads from a company."""
    return str(next(route["name"] for route in routes() if route["business_unit"] == str(company.business_unit)))


def unpacked(answer: httpx.Response) -> dict[str, str]:
    """Give what is in a file, as text, without the folder."""
    with ZipFile(io.BytesIO(answer.content)) as archive:
        return {name.partition("/")[2]: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def amounts(files: dict[str, str], company: Company) -> list[tuple[str, Decimal]]:
    """Give each document of a file: the text that holds its CRM number, and its total (1C), or before tax (SAP)."""
    if company.target == "onec":
        root = etree.fromstring(files["enterprise_data.xml"].encode())
        found = root.iter(f"{{*}}{DOCUMENTS[company.code]}")
        return [(each.findtext(".//{*}Комментарий"), Decimal(each.findtext("{*}Сумма"))) for each in found]
    lines = sheet(files[f"{LINES[company.code]}.csv"])
    nets = {row["ParentKey"]: Decimal(0) for row in lines}
    for row in lines:
        nets[row["ParentKey"]] += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    return [(each["Comments"], nets[each["DocNum"]]) for each in sheet(files[f"{DOCUMENTS[company.code]}.csv"])]


def sheet(text: str) -> list[dict[str, str]]:
    """Read a file for Workbench: names first, then headings for people."""
    names, _, *rows = csv.reader(io.StringIO(text))
    return [dict(zip(names, row, strict=True)) for row in rows]


def name_of(answer: httpx.Response) -> str:
    """Give a file's name."""
    return answer.headers["Content-Disposition"].partition('"')[2].rstrip('"')


def without_time(answer: httpx.Response) -> list[tuple[str, str]]:
    """Give everything in a file but when it was made."""
    stamp = name_of(answer).rpartition("_")[2]
    day, time = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}", f"{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}"
    return [
        (name, content.replace(f"{day}T{time}Z", "THEN").replace(f"{day} {time} UTC", "THEN"))
        for name, content in unpacked(answer).items()
    ]


async def handed_out(world: World, document: SampleSale) -> httpx.Response:
    """Issue a document and take its file."""
    await issue(world, document)
    await world.drained()
    answer = await ask(world, document.company, document.dated)
    assert answer.status_code == 200, answer.text
    return answer


@EACH
async def test_a_document_is_handed_out_twice_alike_and_the_journal_says_in_which_file(
    world: World, company: Company
) -> None:
    document = invoice(f"{company.code}-FILE", company, line("100.00"), line("50.10", "10"), dated=date(2026, 8, 3))
    assert await journal_of(world, document) == {}

    answer = await handed_out(world, document)
    row = await until(world, document)

    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/zip", "no-store")
    files = unpacked(answer)
    assert files["refused.csv"].splitlines() == ["number,table,id,state,reason"]
    ((comment, amount),) = amounts(files, company)
    assert document.number in comment
    assert amount == {"onec": Decimal("177.11"), "sapb1": Decimal("150.10")}[company.target]
    assert STATES[row["acx_state"]] is State.EXPORTED
    assert name_of(answer) in row["acx_message"]
    await world.drained()
    assert entries(world, document) == [], "somebody imports the file; nothing else writes the document"

    second = answer
    while name_of(second) == name_of(answer):  # it holds the second in which the file was made
        second = await ask(world, company, document.dated)
    await world.drained()
    assert without_time(second) == without_time(answer)
    said = (await journal_of(world, document))["acx_message"]
    assert f"it was handed out once more, in the file {name_of(second)}" in said


@EACH
async def test_a_refused_document_is_listed_with_the_sentence_of_the_journal(world: World, company: Company) -> None:
    wrong = invoice(f"{company.code}-LEFT-OUT", company, line("10.00"), line("-5.00"), dated=date(2026, 8, 5))

    files = unpacked(await handed_out(world, wrong))
    row = await until(world, wrong)

    ((number, table, identity, state, reason),) = list(csv.reader(io.StringIO(files["refused.csv"])))[1:]
    assert (number, table, identity, state) == (wrong.number, wrong.table.name, str(wrong.id), "Refused")
    assert STATES[row["acx_state"]] is State.REFUSED
    assert reason == row["acx_message"]


async def test_what_cannot_be_asked_is_refused_in_a_sentence(world: World) -> None:
    company, day = BY_HAND[0], date(2026, 8, 3)
    for wrong, name in (({"from": "yesterday"}, "from"), ({"to": "2026-08-01"}, "to"), ({"entity": "ru"}, "entity")):
        answer = await ask(world, company, day, **wrong)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(f"{name}: ")
    assert (await ask(world, company, day, code="wrong")).status_code == 401


@pytest.mark.parametrize("company", [BY_HAND[0], BY_HAND[3]], ids=["1C-1B", "SAP-1A"])
async def test_the_dry_run_shows_what_the_file_holds_and_writes_nothing(
    world: World, company: Company, tmp_path: Path
) -> None:
    document = invoice(f"{company.code}-FILE-AHEAD", company, line("20.00"), dated=date(2026, 8, 6))
    await issue(world, document)
    await world.drained()
    before = everything(world, tmp_path)

    seen = (await look(world, document)).json()

    assert everything(world, tmp_path) == before
    assert (seen["verdict"], seen["calls"], seen["state"]) == ("by_file", [], None)
    shown = {part["file"]: dict(part["fields"]) for part in seen["parts"]}
    files = unpacked(await ask(world, company, document.dated))
    assert set(shown) | {"refused.csv", "README.txt"} == set(files)
    ((comment, amount),) = amounts(files, company)
    name = "enterprise_data.xml" if company.target == "onec" else f"{LINES[company.code]}.csv"
    price = "Услуги[1].Цена" if company.target == "onec" else "UnitPrice"
    assert Decimal(shown[name][price]) == Decimal("20.00")
    assert comment in {value for fields in shown.values() for value in fields.values()}
    assert amount in {Decimal("20.00"), Decimal("24.40")}
