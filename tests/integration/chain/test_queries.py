"""Workbook and alerts on what the whole stack really sent: their queries find what happened to documents.

The figures at which an alert fires are held in tests/unit/telemetry; here they are lowered, so that few documents do.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from infra.demo.company import EUROPEAN, RUSSIAN, SampleSale
from infra.demo.world import World
from shared.bus import CHANGES, POISON
from shared.messages import State
from tests.integration.chain.conftest import PATIENCE, faults, invoice, issue, line, trigger, until
from tests.integration.chain.test_operations import poisoned
from tests.integration.chain.test_webhooks_from_outside import event, post
from tests.kql import ALERTS, QUERIES, Rows, text

AWAY = {"kind": "status", "status": 503, "times": 1000}
FAILED = 3
LOWERED = {
    "backlog": ("most = 100.0", "most = 0.0"),
    "oldest_waiting": ("longest = 30.0", "longest = -1.0"),
    "refusals": ("fewest = 10.0", "fewest = 0.0", "share = 0.2", "share = 0.0"),
    "target_fails": ("fewest = 10.0", "fewest = 0.0", "share = 0.2", "share = 0.0"),
    "slow": ("longest = 300.0", "longest = -1.0"),
    "credentials": ("days = 30.0", "days = 100000.0"),
    "webhooks_fail": ("fewest = 5", "fewest = 1"),
}
"""Figures by alert, and what stands in their place here."""
QUIET = {"no_sweep", "nothing_exported"}
"""Alerts about what did not happen."""
Found = list[dict[str, Any]]


@dataclass
class Captured:
    """What Application Insights was sent, and what it was about."""

    rows: Rows
    now: datetime
    documents: dict[str, SampleSale]

    def run(self, query: str, **parameters: str) -> Found:
        """Run a query at the end of the story."""
        return self.rows.run(query, self.now, **parameters)

    def part(self, name: str) -> Found:
        """Run a part of the workbook."""
        return self.run(text(QUERIES[name]).replace("{document}", str(self.documents["plain"].id)))

    def alert(self, name: str) -> Found:
        """Run an alert with its figures lowered."""
        query, figures = text(ALERTS[name]), iter(LOWERED.get(name, ()))
        for figure, lowered in zip(figures, figures, strict=True):
            assert f"let {figure};" in query
            query = query.replace(f"let {figure};", f"let {lowered};")
        return self.run(query)


async def _sent(world: World, *wanted: tuple[str, str, int]) -> Found:
    """Wait until Application Insights has so many rows of a table by a name or a message; give all rows."""
    deadline = time.monotonic() + PATIENCE
    async with httpx.AsyncClient(base_url=world.stack["insights"]["url"], trust_env=False) as client:
        while True:
            rows: Found = (await client.get("/_local/rows")).raise_for_status().json()
            lacking = [each for each in wanted if _count(rows, *each[:2]) < each[2]]
            if not lacking:
                return rows
            assert time.monotonic() < deadline, f"not sent: {lacking}"
            await asyncio.sleep(0.2)


def _count(rows: Found, table: str, name: str) -> int:
    return sum(1 for row in rows if row["table"] == table and name in {row.get("name"), row.get("message")})


@pytest.fixture(scope="module")
async def captured(world: World) -> AsyncIterator[Captured]:
    """A day's work in seconds: one invoice each goes through, waits and is refused; poison; Dataverse goes away."""
    plain = {
        "plain": invoice("RU-QUERIES", RUSSIAN, line("10.00", "10")),
        "sap": invoice("EU-QUERIES", EUROPEAN, line("10.00", "10")),
        "waits": invoice("RU-QUERIES-WAITS", RUSSIAN, line("10.00", "10")),
    }
    wrong = replace(line("10.00", "10"), tax=Decimal("3.33"))
    refused = replace(invoice("RU-QUERIES-REFUSED", RUSSIAN, line("10.00", "10")), lines=(wrong,))

    async with httpx.AsyncClient(base_url=world.stack["insights"]["url"], trust_env=False) as client:
        # What the tests before had sent would be fetched and searched again and again.
        (await client.delete("/_local/rows")).raise_for_status()
    await issue(world, plain["plain"], plain["sap"], refused)
    for document in (plain["plain"], plain["sap"], refused):
        await until(world, document)
    await faults(world, "onec", AWAY)
    await issue(world, plain["waits"])
    await until(world, plain["waits"], {State.RETRYING})
    connection = world.stack["servicebus"]["connection_string"]
    async with ServiceBusClient.from_connection_string(connection) as client:
        async with client.get_queue_sender(CHANGES) as sender:
            await sender.send_messages(ServiceBusMessage("garbage", message_id=str(uuid4())))
        await poisoned(world)
        assert (await post(world, _another_organization(world))).status_code == 403
        kinds = (("requests", "dataverse_sweep"), ("customMetrics", "waiting"), ("customMetrics", "set_aside"))
        rows = await _sent(world)
        before = {kind: _count(rows, *kind) for kind in kinds}
        await trigger(world, "dataverse_sweep")
        await _sent(world, *((*kind, number + 1) for kind, number in before.items()))
        async with client.get_queue_receiver(POISON) as receiver:
            for message in await receiver.receive_messages(10, max_wait_time=PATIENCE):
                await receiver.complete_message(message)
    await faults(world, "onec", None)
    await until(world, plain["waits"])
    await world.drained()
    await faults(world, "dataverse", AWAY | {"match": "/api/data/"})
    reconciled = _count(await _sent(world), "requests", "dataverse_reconcile")
    for _ in range(FAILED):
        await trigger(world, "dataverse_reconcile")
    await _sent(world, ("requests", "dataverse_reconcile", reconciled + FAILED))
    await faults(world, "dataverse", None)
    names = ("documents", "seconds_to_posted", "waiting_seconds", "retries", "round_trips", "credential_days_left")
    found = await _sent(world, *(("customMetrics", name, 1) for name in names))

    tables = Rows(found)
    yield Captured(tables, datetime.now(UTC) + timedelta(seconds=1), plain | {"refused": refused})
    tables.close()


def _another_organization(world: World) -> bytes:
    return json.dumps(event(world, OrganizationId=str(uuid4()))).encode()


def values(found: Found, *columns: str) -> set[tuple[Any, ...]]:
    """Give what columns hold."""
    return {tuple(row[column] for column in columns) for row in found}


def test_no_part_of_the_workbook_is_empty(captured: Captured) -> None:
    assert [name for name in QUERIES if not captured.part(name)] == []


def test_the_workbook_tells_what_became_of_documents(captured: Captured) -> None:
    states = values(captured.part("documents_by_state"), "target", "state")
    assert states >= {("onec", "Posted"), ("sapb1", "Posted"), ("onec", "Refused")}
    assert ("onec", "tax_differs") in values(captured.part("refusals_by_reason"), "target", "reason")
    assert values(captured.part("seconds_to_posted"), "target") == {("onec",), ("sapb1",)}
    assert ("webhook",) in values(captured.part("found_by"), "found_by")


def test_the_workbook_tells_what_waits_and_why(captured: Captured) -> None:
    waiting = captured.part("backlog")
    assert max(row["documents"] for row in waiting if (row["target"], row["state"]) == ("onec", "Retrying")) >= 1
    assert ("onec_connector",) in values(captured.part("retries"), "step")
    assert ("1C", "503") in values(captured.part("failures_by_target"), "target", "resultCode")
    assert max(row["messages"] for row in captured.part("set_aside") if row["queue"] == "poison") >= 1
    assert ("another organization",) in values(captured.part("settings"), "message")


def test_the_workbook_tells_round_trips_by_step_and_system(captured: Captured) -> None:
    steps = values(captured.part("round_trips"), "step", "target")
    assert steps >= {
        ("export", "Dataverse"),
        ("onec_connector", "1C"),
        ("sapb1_connector", "SAP Business One"),
        ("writeback", "Dataverse"),
    }


def test_the_workbook_tells_of_every_function_that_ran(captured: Captured) -> None:
    functions = {row["name"]: row for row in captured.part("functions")}
    chain = {"dataverse_events", "export", "onec_connector", "sapb1_connector", "writeback", "dataverse_sweep"}
    assert set(functions) >= chain
    assert functions["dataverse_reconcile"]["failed"] >= FAILED


def test_one_documents_trace_is_found_by_its_id(captured: Captured) -> None:
    found = captured.part("trace_of_document")
    assert {row["name"] for row in found} >= {"dataverse_events", "export", "onec_connector", "writeback"}
    spans = {row["id"] for row in found}
    assert any(row["operation_ParentId"] in spans for row in found)


@pytest.mark.parametrize("name", sorted(set(ALERTS) - QUIET))
def test_an_alert_finds_what_the_code_sent(captured: Captured, name: str) -> None:
    assert captured.alert(name)


def test_silence_is_an_alert_after_a_while_and_not_before(captured: Captured) -> None:
    assert captured.run(text(ALERTS["no_sweep"])) == []
    later = captured.now + timedelta(minutes=31)
    assert captured.rows.run(text(ALERTS["no_sweep"]), later)
    next_monday = captured.now + timedelta(days=7 - captured.now.weekday())
    afternoon = next_monday.replace(hour=12)
    assert captured.rows.run(text(ALERTS["nothing_exported"]), afternoon)
