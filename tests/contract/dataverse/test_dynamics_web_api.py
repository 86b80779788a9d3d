"""A client that others wrote for the real Dataverse works against the local one unchanged."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.dataverse.conftest import Client, Goods

PACKAGE = "dynamics-web-api@2.5.0"
SCRIPT = Path(__file__).with_name("dynamics_web_api.mjs")


async def _run(*command: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture(scope="module")
async def package() -> Path:
    """The folder the package is installed in."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not installed")
    folder = ROOT / ".cache" / PACKAGE.replace("@", "-")
    if not (folder / "node_modules" / "dynamics-web-api").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        status, _, err = await _run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE)
        if status:
            pytest.skip(f"{PACKAGE} can't be installed: {err.strip().splitlines()[-1:]}")
    return folder


async def test_dynamics_web_api_works_unchanged(package: Path, admin: Client, bridge: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line(), goods.line()))
    organization = bridge.organization
    token = bridge.headers["Authorization"].removeprefix("Bearer ")
    status, out, err = await _run("node", str(SCRIPT), str(package), organization.line["url"], token, invoice)
    assert status == 0, err
    seen = json.loads(out)
    assert seen["who"]["UserId"] == organization.line["user_id"]
    assert seen["created"]["name"] == "One"
    assert seen["created"]["etag"].startswith('W/"')
    assert seen["secondIsAnId"]
    assert seen["selected"]["telephone1"] == "1"
    assert [row["name"] for row in seen["filtered"]] == ["Two"]
    assert seen["formatted"] == "Active"
    assert seen["expanded"]["totalamount"] == 40
    assert [line["productid"]["name"] for line in seen["expanded"]["invoice_details"]] == ["Bolt", "Bolt"]
    assert seen["expanded"]["customerid_account"]["name"] == "Vector LLC"
    assert seen["paged"] == ["One", "Two", "Vector LLC"]
    assert seen["trackedAtFirst"] == 3
    assert seen["stale"]["status"] == 412
    changed, deleted = seen["delta"]
    assert changed["name"] == "One"
    assert deleted["reason"] == "deleted"
    assert seen["upserted"][0]["acx_attempts"] == 2
    assert len(seen["upserted"]) == 1
    assert seen["batch"] == 3
    assert seen["batchRead"] == "A-1"
    assert seen["unknownColumn"]["code"] == "0x80060888"
    assert "Could not find a property named 'taxnumber'" in seen["unknownColumn"]["message"]
    assert seen["filteredTracking"]["status"] == 400
    assert "isn't supported when Change Tracking is enabled" in seen["filteredTracking"]["message"]
    assert seen["noToken"]["status"] == 401
