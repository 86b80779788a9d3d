"""The real app under this Python's worker (Microsoft's own from Python 3.13 on): its functions, and a first day.

Nothing is set, which is the first thing that goes wrong in a new environment: each function must say so and lose
nothing, whatever it is given.
"""

import sys
from collections.abc import AsyncIterator

import pytest

from tests.integration.host.driving import DrivenApp, driven, shape

CONNECTION = "ServiceBusConnection"
QUEUES: dict[str, list[object]] = {
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
async def unset() -> AsyncIterator[DrivenApp]:
    """The app without a single setting."""
    async with driven({}) as app:
        yield app


async def test_the_worker_is_the_one_of_azure_where_it_runs(unset: DrivenApp) -> None:
    assert await unset.worker() == ("NativeWorker" if sys.version_info >= (3, 13) else "DirectWorker")


async def test_the_set_of_functions_and_their_bindings_is_exact(unset: DrivenApp) -> None:
    shapes = {name: shape(trigger) for name, trigger in (await unset.triggers()).items()}
    wanted: dict[str, list[object]] = {
        name: ["http", route, "function", *methods] for name, (route, *methods) in HTTP.items()
    }
    assert shapes == wanted | QUEUES | {name: ["timer", False] for name in TIMERS}


@pytest.mark.parametrize("name", sorted(HTTP))
async def test_a_call_without_settings_is_answered_and_never_breaks(unset: DrivenApp, name: str) -> None:
    route = {"kind": "dtw", "table": "invoice", "id": "no"}
    answer = await unset.request(name, HTTP[name][1], b"not json", route=route)
    assert answer.succeeded, answer.error
    assert 400 <= answer.status < 600
    assert answer.status != 500
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", sorted(QUEUES))
async def test_a_message_without_settings_stays_on_its_queue(unset: DrivenApp, name: str) -> None:
    """A function that raises abandons its message: the broker keeps it."""
    answer = await unset.deliver_text(name, "not json")
    assert not answer.succeeded
    assert "ServiceBusConnection" in answer.error


@pytest.mark.parametrize("name", TIMERS)
async def test_a_timer_without_settings_ends_by_itself_or_names_what_is_missing(unset: DrivenApp, name: str) -> None:
    answer = await unset.timer(name)
    assert answer.succeeded or "DATAVERSE_URL" in answer.error, answer.error
