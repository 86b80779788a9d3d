"""The dry run of a period: what go-live would bring, told beforehand, with nothing written."""

import csv
import json
from datetime import date
from pathlib import Path

from rich.console import Console

from infra.demo.company import BY_HAND, EUROPEAN, RUSSIAN, RUSSIAN_SERVICES
from infra.demo.world import World
from infra.rehearse import run
from shared.wiring import Wiring
from tests.integration.chain.conftest import invoice, issue, line, until
from tests.integration.chain.test_preview import entered_unseen, everything

DAY = date(2026, 9, 9)


async def test_a_period_is_told_beforehand_and_nothing_is_written(world: World, tmp_path: Path) -> None:
    new = [
        invoice(f"{company.code}-AHEAD", company, line("10.00"), dated=DAY)
        for company in (RUSSIAN, EUROPEAN, RUSSIAN_SERVICES)
    ]
    wrong = invoice("EU-AHEAD-WRONG", EUROPEAN, line("10.00"), line("-5.00"), dated=DAY)
    by_hand = invoice("RH-AHEAD", BY_HAND[0], line("10.00"), dated=DAY)
    done = invoice("RU-AHEAD-DONE", RUSSIAN, line("10.00"), dated=DAY)
    await issue(world, done)
    await until(world, done)
    for document in (*new, wrong, by_hand):
        await entered_unseen(world, document)
    before = everything(world, tmp_path)
    settings = json.loads((world.stack.folder / "local.settings.json").read_text())["Values"]
    wiring = Wiring(settings)
    console, listed = Console(record=True, width=200), tmp_path / "all.csv"

    with listed.open("w", encoding="utf-8", newline="") as out:
        status = await run(wiring, DAY, DAY, out, console.print)
    await wiring.dataverse.close()

    assert everything(world, tmp_path) == before
    with listed.open(encoding="utf-8", newline="") as file:
        found = {row["number"]: row for row in csv.DictReader(file)}
    verdicts = {number: row["verdict"] for number, row in found.items()}
    assert verdicts == {
        **{document.number: "created" for document in new},
        "EU-AHEAD-WRONG": "refused",
        "RH-AHEAD": "by_file",
        "RU-AHEAD-DONE": "nothing",
    }
    assert found["EU-AHEAD-WRONG"]["reason"] == "amount_negative"
    assert status == 1
    assert "6 documents. Nothing was written." in console.export_text()
