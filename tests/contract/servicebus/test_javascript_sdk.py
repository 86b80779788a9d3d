"""Microsoft's JavaScript SDK, another client of the same wire, finds in the broker what it expects."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.servicebus.namespaces import namespace_for_a_test

ROOT = Path(__file__).parents[3]
SCENARIO = Path(__file__).with_name("scenario.cjs")
PACKAGE = "@azure/service-bus@7.9.5"


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The SDK, installed under ``.cache``; skips where it can't be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are needed for Microsoft's JavaScript SDK")
    home = ROOT / ".cache" / "js" / "servicebus"
    module = home / "node_modules" / "@azure" / "service-bus"
    if not module.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(home), PACKAGE]
        done = subprocess.run(install, capture_output=True, text=True, timeout=110, check=False)  # noqa: S603 - a pinned package
        if done.returncode != 0:
            pytest.skip(f"npm could not install {PACKAGE}: {done.stderr.strip()[-200:]}")
    return module


@pytest.fixture(scope="module")
def told(sdk: Path) -> dict[str, Any]:
    """What the SDK has to tell of a namespace."""
    with namespace_for_a_test() as namespace:
        command = ["node", str(SCENARIO), str(sdk), namespace.connection_string]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - our own script
    told: dict[str, Any] = json.loads(done.stdout)
    assert "error" not in told, told["error"]
    return told


def test_a_message_arrives_as_it_was_sent(told: dict[str, Any]) -> None:
    assert told["first"] == {
        "body": {"number": "INV-1"},
        "messageId": "m1",
        "subject": "invoice",
        "properties": {"n": 7},
        "deliveryCount": 0,
        "locked": True,
        "state": "active",
    }


def test_settling_does_what_it_says(told: dict[str, Any]) -> None:
    assert told["abandoned"] == {"deliveryCount": 1, "properties": {"n": 7, "seen": "once"}}
    assert told["deferred"] == "m1"
    assert told["dead"] == {"reason": "Unreadable", "description": "no number", "messageId": "m1"}


def test_batches_peeking_and_subscribing(told: dict[str, Any]) -> None:
    everything = [*range(25), "a", "b"]
    assert told["peeked"] == everything
    assert told["batch"] == everything
    assert told["empty"] == 0
    assert told["subscribed"] == [1, 2, 3]


def test_scheduling_and_cancelling(told: dict[str, Any]) -> None:
    assert told["scheduled"] == [["later", "scheduled"]]
    assert told["cancelled"] == 0


def test_sessions(told: dict[str, Any]) -> None:
    assert told["lanes"] == {
        "a": {"bodies": ["a1", "a2"], "state": {"seen": "a"}},
        "b": {"bodies": ["b1"], "state": {"seen": "b"}},
    }
    assert told["stateLater"] == {"seen": "a"}
    assert told["taken"] == "SessionCannotBeLocked"


def test_duplicates_are_dropped(told: dict[str, Any]) -> None:
    assert told["unique"] == [1, 3]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("unknown", "MessagingEntityNotFound"),
        ("withoutSession", "GeneralError"),
        ("noSession", "GeneralError"),
        ("notSessions", "SessionCannotBeLocked"),
        ("tooLarge", "MessageSizeExceeded"),
        ("wrongKey", "UnauthorizedAccess"),
    ],
)
def test_refusals_are_the_services_own(told: dict[str, Any], what: str, code: str) -> None:
    """Where the service has no name for it, the SDK says GeneralError."""
    assert told[what] == code
