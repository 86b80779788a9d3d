"""Microsoft's own language service finds nothing wrong with the queries of workbook and alerts."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from infra.local.insights.tables import SCHEMA
from tests.kql import ALERTS, QUERIES, ROOT, text

PACKAGE = "@kusto/language-service-next@12.4.1"
SCRIPT = Path(__file__).with_name("check_queries.cjs")


async def _run(*command: str, given: str = "") -> tuple[int, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    out, err = await process.communicate(given.encode())
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture(scope="module")
async def package() -> Path:
    """The folder the language service is installed in."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not installed")
    folder = ROOT / ".cache" / "kusto-language-service-12.4.1"
    if not (folder / "node_modules" / "@kusto").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        status, _, err = await _run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE)
        if status:
            pytest.skip(f"{PACKAGE} can't be installed: {err.strip().splitlines()[-1:]}")
    return folder


async def test_every_query_is_right_by_the_schema(package: Path) -> None:
    queries = {name: text(path) for name, path in QUERIES.items()}
    queries |= {f"alerts/{name}": text(path) for name, path in ALERTS.items()}
    queries["wrong"] = "customMetrics | where nome == 1"
    given = json.dumps({"schema": SCHEMA, "queries": queries})
    status, out, err = await _run("node", str(SCRIPT), str(package), given=given)
    assert status == 0, err
    problems = {name: found for name, found in json.loads(out).items() if found}
    assert list(problems) == ["wrong"], problems
