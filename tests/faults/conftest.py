"""One set of running systems for all runs; each run has its own broker, clock, processes, customers and invoices."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.faults import systems as running
from tests.faults.systems import Systems

SEEDS = int(os.environ.get("FAULT_SEEDS", "2"))


@pytest.fixture(scope="session")
async def systems() -> AsyncIterator[Systems]:
    """Everything that the bridge stands between."""
    async with running.systems() as started:
        yield started


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many seeded runs there were."""
    passed = [report for report in terminalreporter.stats.get("passed", []) if "test_matrix" in report.nodeid]
    runs = sum("seed" in report.nodeid for report in passed)
    if runs:
        terminalreporter.write_line(f"fault matrix: {runs} seeded runs passed")
