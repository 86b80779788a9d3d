"""Rule 2 of the books: after a restore of the CRM, what accounting holds beyond it is listed, with nothing written.

The CRM is put back to an older state by hand: records and journal rows that came later are deleted, others set back.
"""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.demo.company import EUROPEAN, EUROPEAN_SERVICES, RUSSIAN, RUSSIAN_SERVICES, Company, SampleSale
from infra.demo.world import World
from infra.restore import __main__ as restore
from shared.dataverse import journal
from shared.dataverse.batch import Operation
from shared.messages import State
from shared.wiring import Wiring
from tests.integration.chain.conftest import STATES, entries, invoice, issue, journal_of, line, trigger, until
from tests.integration.chain.test_lost_events import lose_events
from tests.integration.chain.test_preview import everything

DAYS = {"onec": date(2026, 11, 11), "sapb1": date(2026, 11, 12)}
"""No other test has documents of these days: what the stack holds besides is not listed."""


async def set_back(world: World, document: SampleSale, columns: dict[str, Any] | None) -> None:
    """Delete a document's journal row (None), or write what it said before."""
    address = f"{journal.SET}({(await journal_of(world, document))['acx_accountingexportid']})"
    operation = Operation("DELETE", address) if columns is None else Operation("PATCH", address, columns)
    (part,) = await world.dataverse.batch([operation])
    assert part.status < 300, part.content


async def listed(world: World, day: date, folder: Path, language: str) -> tuple[int, list[dict[str, str]], str]:
    """Run the command for a day; give the exit status, the list, and what it printed."""
    settings = json.loads((world.stack.folder / "local.settings.json").read_text())["Values"]
    wiring = Wiring({**settings, "LANGUAGE": language})
    console, path = Console(record=True, width=300), folder / "lost.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        status = await restore.run(wiring, day, day, out, console.print)
    await wiring.dataverse.close()
    with path.open(encoding="utf-8", newline="") as file:
        return status, list(csv.DictReader(file)), console.export_text()


@pytest.mark.parametrize(
    ("companies", "language", "said"),
    [
        ((RUSSIAN, RUSSIAN_SERVICES), "ru", "такой записи в CRM нет: 4\n"),
        ((EUROPEAN, EUROPEAN_SERVICES), "en", "the CRM has no such record: 3\n"),
    ],
    ids=["1C", "SAP"],
)
async def test_rule_02_what_a_restored_crm_lost_is_listed(
    world: World,
    companies: tuple[Company, Company],
    language: str,
    said: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invoices, orders = companies
    day = DAYS[invoices.target]
    kept, lost, unknown, older, other = (
        invoice(f"{invoices.code}-BACK-{name}", invoices, line("10.00"), dated=day)
        for name in ("KEPT", "LOST", "UNKNOWN", "OLDER", "OTHER")
    )
    order, whole = (
        invoice(f"{orders.code}-BACK-{name}", orders, line("10.00"), dated=day) for name in ("LOST", "KEPT")
    )
    everyone = (kept, lost, unknown, older, other, order, whole)
    await issue(world, *everyone)
    states = {STATES[(await until(world, document))["acx_state"]].value for document in everyone}
    assert states == {"Posted"}
    await world.drained()
    status, found, text = await listed(world, day, tmp_path, language)
    assert (status, found) == (0, []), text

    await lose_events(world, 1000)
    for document in (lost, order, unknown):
        await set_back(world, document, None)
    await world.crm.delete(lost)
    await world.crm.delete(order)
    await set_back(world, older, {"acx_version": "1"})
    await set_back(world, other, {"acx_accountingid": (await journal_of(world, kept))["acx_accountingid"]})
    await world.drained()
    await lose_events(world, 0)
    before = everything(world, tmp_path)

    status, found, text = await listed(world, day, tmp_path, language)

    assert everything(world, tmp_path) == before
    assert status == 1
    books = {(entry.reference, entry.number) for document in everyone for entry in entries(world, document)}
    named = {(row["crm_number"], row["number"]) for row in found if row["document"] != "СчетФактураВыданный"}
    assert named == {each for each in books if each[0] not in {kept.number, whole.number}}
    assert {(row["crm_number"], row["missing"], row["id"]) for row in found} == {
        (lost.number, "record", ""),
        (order.number, "record", ""),
        (unknown.number, "journal", str(unknown.id)),
        (older.number, "version", str(older.id)),
        (other.number, "document", str(other.id)),
    }
    assert {(row["date"], row["target"]) for row in found} == {(str(day), invoices.target)}
    assert all(row["customer"] and row["key"] and row["do"] for row in found)
    assert {row["total"].rstrip("0") for row in found} == {"12.2"}
    assert said in text

    monkeypatch.setattr(restore, "AT_ONCE", 2)
    assert sorted((await listed(world, day, tmp_path, language))[1], key=str) == sorted(found, key=str)

    await trigger(world, "dataverse_reconcile")
    row = await until(world, unknown)

    assert STATES[row["acx_state"]] is State.POSTED
    assert books == {(entry.reference, entry.number) for document in everyone for entry in entries(world, document)}
    _, found, _ = await listed(world, day, tmp_path, language)
    assert unknown.number not in {each["crm_number"] for each in found}
