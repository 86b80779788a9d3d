"""What make demo and make run lead to: a file of each kind, and pages that open."""

from pathlib import Path

import httpx
import pytest
from rich.console import Console

from infra.demo import files, pages
from infra.demo.company import sales_by_hand
from infra.demo.world import World


async def test_each_file_is_written_and_each_address_opens(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "FOLDER", tmp_path / "demo")
    by_hand = sales_by_hand(2)
    await world.crm.enter(by_hand)
    await world.crm.issue(by_hand)
    await world.drained()
    console = Console(record=True, width=200)

    problems = await files.hand_out(world, by_hand, console)

    assert problems == []
    written = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert [name.rpartition("_")[2] for name in written] == ["invoices.zip", "services.zip"] * 2
    said = console.export_text()
    assert all(name in said for name in written)
    addresses = pages.addresses(world.stack["host"], by_hand)
    assert len(addresses) == 6
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for address in addresses.values():
            assert (await client.get(address)).status_code == 200
