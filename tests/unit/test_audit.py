"""The audit of dependencies: what fails, what is told, and that nothing passes for audited that was not."""

from pathlib import Path
from typing import Any

import pytest

from infra.audit import JUSTIFIED, OUT_OF_REACH, deployed, judge, read_justified

ROOT = Path(__file__).resolve().parents[2]
ADVISORY = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0"]}


def report(**vulnerable: list[dict[str, Any]]) -> dict[str, Any]:
    packages = {"httpx": [], "pytest": [], **vulnerable}
    found = [{"name": name, "version": "1.0", "vulns": vulns} for name, vulns in packages.items()]
    return {"dependencies": [*found, {"name": "ours", "skip_reason": "Dependency not found on PyPI"}]}


def test_without_advisories_it_passes() -> None:
    verdict = judge(report(), {"httpx"}, {})
    assert verdict.passes
    assert verdict.lines == ("2 packages audited, 1 unknown to PyPI",)


def test_an_advisory_against_a_deployed_package_fails_and_says_what_mends_it() -> None:
    verdict = judge(report(httpx=[ADVISORY]), {"httpx"}, {})
    assert not verdict.passes
    assert verdict.lines[0].startswith("httpx 1.0: PYSEC-2026-1, mended in 2.0")


def test_one_against_a_package_of_development_is_told() -> None:
    verdict = judge(report(pytest=[ADVISORY]), {"httpx"}, {})
    assert verdict.passes
    assert "not deployed" in verdict.lines[0]


@pytest.mark.parametrize("named", ["PYSEC-2026-1", "CVE-2026-1"])
def test_a_justified_one_passes_with_its_reason(named: str) -> None:
    verdict = judge(report(httpx=[ADVISORY]), {"httpx"}, read_justified(f"# why\n{named} never called here # a remark"))
    assert verdict.passes
    assert verdict.lines[0].endswith("justified: never called here")


def test_a_justification_without_an_advisory_must_go() -> None:
    verdict = judge(report(), {"httpx"}, {"CVE-2020-1": "old"})
    assert not verdict.passes


def test_a_justification_without_a_reason_is_none() -> None:
    with pytest.raises(ValueError, match="CVE-2026-1"):
        read_justified("CVE-2026-1")


@pytest.mark.parametrize("nothing", [None, {"dependencies": [{"name": "httpx", "skip_reason": "not found"}]}])
def test_out_of_reach_is_said_and_is_no_failure(nothing: dict[str, Any] | None) -> None:
    verdict = judge(nothing, {"httpx"}, {"CVE-2020-1": "old"})
    assert (verdict.passes, verdict.lines) == (True, (OUT_OF_REACH,))


def test_what_is_deployed_is_known_with_all_that_it_needs() -> None:
    found = deployed((ROOT / "requirements.txt").read_text())
    assert {"httpx", "azure-identity", "certifi", "pydantic-core"} <= found
    assert not {"pytest", "aiohttp", "mypy"} & found


def test_the_projects_own_justifications_have_reasons() -> None:
    read_justified(JUSTIFIED.read_text())
