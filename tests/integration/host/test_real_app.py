"""The real app under this Python's worker (Microsoft's own from Python 3.13 on): every function, called once.

Nothing is set, which is the first thing that goes wrong in a new environment: each function must say so and lose
nothing, whatever it is given.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.host.processes import ROOT

CONNECTION = "ServiceBusConnection"
QUEUES = {
    "export": ["queue", "changes", CONNECTION, True, False, True],
    "onec_connector": ["queue", "onec", CONNECTION, False, True, True],
    "sapb1_connector": ["queue", "sapb1", CONNECTION, False, True, True],
    "writeback": ["queue", "results", CONNECTION, True, False, True],
}
TIMERS = ("dataverse_sweep", "dataverse_reconcile", "payments", "exchange_files_daily")
HTTP: dict[str, tuple[str, ...]] = {
    "dataverse_events": ("dataverse/events", "POST"),
    "health": ("health", "GET"),
    "operations_messages": ("operations/messages", "GET"),
    "operations_resend": ("operations/resend", "POST"),
    "operations_page": ("operations", "GET", "POST"),
    "preview": ("preview/{table}/{id}", "GET"),
    "exchange_files": ("files/{kind}", "GET"),
}


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """Give what every function did without a single setting."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "PYTHONPATH"}}
    command = [sys.executable, "-m", "tests.integration.host.invoke_everything"]
    options: dict[str, Any] = {"cwd": ROOT, "env": kept, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run(command, **options, check=False)  # noqa: S603 -- our own command
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def test_the_worker_is_the_one_of_azure_where_it_runs(said: dict[str, Any]) -> None:
    assert said["worker"] == ("NativeWorker" if sys.version_info >= (3, 13) else "DirectWorker")


def test_the_set_of_functions_and_their_bindings_is_exact(said: dict[str, Any]) -> None:
    shapes = {name: each["shape"] for name, each in said["functions"].items()}
    wanted: dict[str, Any] = {
        name: ["http", route, "function", list(methods)] for name, (route, *methods) in HTTP.items()
    }
    assert shapes == wanted | QUEUES | {name: ["timer", False] for name in TIMERS}


@pytest.mark.parametrize("name", sorted(HTTP))
def test_a_call_without_settings_is_answered_and_never_breaks(said: dict[str, Any], name: str) -> None:
    each = said["functions"][name]
    assert each["succeeded"], each["error"]
    assert 400 <= int(each["status"]) < 600
    assert int(each["status"]) != 500
    assert "Traceback" not in each["body"]


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_a_message_without_settings_stays_on_its_queue(said: dict[str, Any], name: str) -> None:
    """A function that raises abandons its message: the broker keeps it."""
    each = said["functions"][name]
    assert not each["succeeded"]
    assert "ServiceBusConnection" in each["error"]


@pytest.mark.parametrize("name", TIMERS)
def test_a_timer_without_settings_ends_by_itself_or_names_what_is_missing(said: dict[str, Any], name: str) -> None:
    each = said["functions"][name]
    assert each["succeeded"] or "DATAVERSE_URL" in each["error"], each["error"]
