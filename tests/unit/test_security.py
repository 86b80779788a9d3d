"""Each threat of infra/azure/SECURITY.md has a test, and that test exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "infra" / "azure" / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "|---"))]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip()[:60] for row in ROWS])
def test_every_threat_names_a_test(row: str) -> None:
    _, threat, measure, tests, _ = row.split("|")
    assert threat.strip()
    assert measure.strip()
    assert re.search(r"`tests/[^`]+`", tests)


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_exists(name: str) -> None:
    file, _, function = name.partition("::")
    defined = {
        node.name
        for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    assert function in defined if function else defined


def test_the_page_is_one_page() -> None:
    assert len(ROWS) > 10
    assert len(PAGE.splitlines()) < 60
