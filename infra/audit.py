"""``make check``: are there published advisories against the packages that are deployed? pip-audit asks PyPI.

An advisory against a deployed package fails, unless a line of ``audit-justified.txt`` says why it doesn't matter; one
against a package of development is told. Where the advisories can't be reached, one line says so and nothing fails.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
JUSTIFIED = Path(__file__).with_name("audit-justified.txt")
OUT_OF_REACH = "The advisories at PyPI can't be reached from here: no package was audited."
TIMEOUT = 300.0
"""Seconds for all packages."""


@dataclass(frozen=True)
class Verdict:
    """What came of an audit, line by line, and whether it may pass."""

    passes: bool
    lines: tuple[str, ...]


def judge(report: Mapping[str, Any] | None, deployed: Collection[str], justified: Mapping[str, str]) -> Verdict:
    """Judge pip-audit's report (None: there is none). ``justified`` gives a reason by an advisory's id."""
    packages = report["dependencies"] if report is not None else []
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        return Verdict(True, (OUT_OF_REACH,))
    lines, passes, used = [], True, set()
    for package in audited:
        for advisory in package["vulns"]:
            named = {advisory["id"], *advisory.get("aliases", ())}
            about = f"{package['name']} {package['version']}: {advisory['id']}"
            if known := named & justified.keys():
                used |= known
                lines.append(f"{about}, justified: {justified[min(known)]}")
            elif canonicalize_name(package["name"]) in deployed:
                passes = False
                fixed = ", ".join(advisory.get("fix_versions", ())) or "no version yet"
                lines.append(f"{about}, mended in {fixed}; justify it in infra/{JUSTIFIED.name} or update")
            else:
                lines.append(f"{about}, of development alone: not deployed")
    for stale in sorted(justified.keys() - used):
        passes = False
        lines.append(f"{stale}: nothing to justify any more; take its line out of infra/{JUSTIFIED.name}")
    skipped = len(packages) - len(audited)
    lines.append(f"{len(audited)} packages audited" + (f", {skipped} unknown to PyPI" if skipped else ""))
    return Verdict(passes, tuple(lines))


def read_justified(text: str) -> dict[str, str]:
    """Read lines ``ID reason``; # begins a comment. ValueError for an id without a reason."""
    found = {}
    for line in text.splitlines():
        content = line.partition("#")[0].strip()
        if not content:
            continue
        advisory, _, reason = content.partition(" ")
        if not reason.strip():
            raise ValueError(f"{advisory}: without a reason")
        found[advisory] = reason.strip()
    return found


def deployed(requirements: str) -> frozenset[str]:
    """Give what a requirements file brings, and what that needs in turn, by canonical names."""
    waiting = [Requirement(line) for raw in requirements.splitlines() if (line := raw.partition("#")[0].strip())]
    found: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue  # for another platform or version of Python: it is not installed here, so it can't be audited
        waiting += [Requirement(need) for need in needs]
    return frozenset(found)


def _report() -> dict[str, Any] | None:
    """Run pip-audit over this environment; None where it could not do its work."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)  # noqa: S603 -- ours
        report: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return report


def main() -> int:
    """Audit, print what was found, give the exit status."""
    needed = deployed((ROOT / "requirements.txt").read_text())
    verdict = judge(_report(), needed, read_justified(JUSTIFIED.read_text()))
    for line in verdict.lines:
        sys.stdout.write(f"audit: {line}\n")
    return 0 if verdict.passes else 1


if __name__ == "__main__":
    sys.exit(main())
