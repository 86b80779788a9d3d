"""The bridge where something around it is wrong: another organization, no queue, a broken setting."""

import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from infra.demo.company import EUROPEAN, RUSSIAN
from infra.demo.world import local_settings, running
from infra.local.stack import ROOT, Stack
from tests.integration.chain.conftest import FAST, booked, invoice, issue, journal_of, line

OTHER_ORGANIZATION = "11111111-2222-3333-4444-555555555555"


async def test_nothing_is_written_when_another_organization_answers(tmp_path: Path) -> None:
    changes = {**FAST, "DATAVERSE_ORGANIZATION_ID": OTHER_ORGANIZATION}
    async with running(tmp_path, lambda _: None, changes) as world:
        documents = [invoice(f"{company.code}-ORG", company, line("10.00")) for company in (RUSSIAN, EUROPEAN)]
        before = {target: books.count() for target, books in world.books.items()}
        await issue(world, *documents)
        await world.refer_again(documents, organization=OTHER_ORGANIZATION)
        log = await _log_with(world.stack, "DATAVERSE_ORGANIZATION_ID")

        assert "nothing is exported, nothing is written" in log
        assert "another organization" in log
        for document in documents:
            assert await journal_of(world, document) == {}
            assert booked(world, document) == []
        assert {target: books.count() for target, books in world.books.items()} == before


async def test_a_webhook_is_answered_503_while_the_queue_is_away(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack:
        host = await _host(stack, ServiceBusConnection=_nowhere())
        started = time.monotonic()
        answer = await _post_event(host)

        assert answer.status_code == 503
        assert answer.text == "The queue does not take messages now."
        assert time.monotonic() - started < 50, "Dataverse waits for 60 seconds"


async def test_a_wrong_setting_is_named_while_the_functions_still_index(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack:
        host = await _host(stack, ROUTES='[{"name": "ru"}]', DATAVERSE_URL="")
        answer = await _post_event(host)
        async with httpx.AsyncClient(trust_env=False) as client:
            health = await client.get(f"{host['url']}/api/health?code={host['function_key']}")

        assert answer.status_code == 503
        assert health.status_code == 503
        problems = health.json()["problems"]
        assert "DATAVERSE_URL: is missing" in problems
        assert "ROUTES: route “ru”, field start_date: is missing" in problems


def _nowhere() -> str:
    return "Endpoint=sb://localhost:9;SharedAccessKeyName=k;SharedAccessKey=none;UseDevelopmentEmulator=true;"


async def _host(stack: Stack, **changes: str) -> dict[str, Any]:
    first_lines = {
        "servicebus": {"connection_string": _nowhere()},
        "dataverse": {
            "url": "http://127.0.0.1:9",
            "organization_id": OTHER_ORGANIZATION,
            "token_url": "http://127.0.0.1:9/token",
            "client_id": "c",
            "client_secret": "none",
            "user_id": OTHER_ORGANIZATION,
        },
        "onec": {"url": "http://127.0.0.1:9", "username": "u", "password": "none"},
        "sapb1": {"url": "http://127.0.0.1:9", "company": "c", "username": "u", "password": "none"},
    }
    file = stack.folder / "local.settings.json"
    file.write_text(json.dumps(local_settings(first_lines, changes)))
    return await stack.start("host", {"app": str(ROOT), "settings": str(file), "drain_seconds": "1"})


async def _post_event(host: dict[str, Any]) -> httpx.Response:
    event = {
        "MessageName": "Update",
        "PrimaryEntityName": "invoice",
        "PrimaryEntityId": str(uuid.uuid4()),
        "OrganizationId": OTHER_ORGANIZATION,
        "CorrelationId": str(uuid.uuid4()),
    }
    address = f"{host['url']}/api/dataverse/events?code={host['function_key']}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(address, json=event)


async def _log_with(stack: Stack, words: str) -> str:
    """Wait until the host's log says these words; give all of it."""
    deadline = time.monotonic() + 40
    file = stack.servers["host"].log
    async with httpx.AsyncClient(trust_env=False) as client:
        while words not in (text := file.read_text()):
            assert time.monotonic() < deadline, text[-2000:]
            await client.get(f"{stack['host']['url']}/api/health?code={stack['host']['function_key']}")
    return text
