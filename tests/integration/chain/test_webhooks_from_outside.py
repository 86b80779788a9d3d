"""What may come to the webhook's address from outside, and what it is answered."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from infra.demo.company import EUROPEAN
from infra.demo.world import World
from tests.integration.chain.conftest import booked, invoice, issue, line, until


def event(world: World, **changes: object) -> dict[str, Any]:
    """Give a body such as Dataverse sends, reduced to what always remains of a large one."""
    body: dict[str, Any] = {
        "MessageName": "Update",
        "PrimaryEntityName": "invoice",
        "PrimaryEntityId": str(uuid.uuid4()),
        "OrganizationId": world.stack["dataverse"]["organization_id"],
        "CorrelationId": str(uuid.uuid4()),
        "OperationId": str(uuid.uuid4()),
        "InitiatingUserId": str(uuid.uuid4()),
        "OperationCreatedOn": "/Date(1764000000000+0000)/",
    }
    return body | changes


async def post(
    world: World, content: bytes, headers: dict[str, str] | None = None, code: str | None = ""
) -> httpx.Response:
    """Send a body to the webhook; ``code`` None sends no key, "" the right one."""
    host = world.stack["host"]
    key = host["function_key"] if code == "" else code
    address = f"{host['url']}/api/dataverse/events" + ("" if key is None else f"?code={key}")
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(address, content=content, headers=headers or {})


@pytest.mark.parametrize("code", [None, "wrong"])
async def test_without_the_right_key_it_is_401(world: World, code: str | None) -> None:
    answer = await post(world, json.dumps(event(world)).encode(), code=code)

    assert answer.status_code == 401


def _not_json(_: World) -> bytes:
    return b"PrimaryEntityName=invoice"


def _a_list(_: World) -> bytes:
    return b"[]"


def _too_large(world: World) -> bytes:
    return json.dumps(event(world, Padding="x" * 262_144)).encode()


def _unknown_table(world: World) -> bytes:
    return json.dumps(event(world, PrimaryEntityName="lead")).encode()


def _no_guid(world: World) -> bytes:
    return json.dumps(event(world, PrimaryEntityId="1' or 1=1")).encode()


def _a_number_for_text(world: World) -> bytes:
    return json.dumps(event(world, PrimaryEntityName=7)).encode()


def _another_organization(world: World) -> bytes:
    return json.dumps(event(world, OrganizationId=str(uuid.uuid4()))).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (_not_json, 400),
        (_a_list, 400),
        (_too_large, 413),
        (_unknown_table, 422),
        (_no_guid, 400),
        (_a_number_for_text, 400),
        (_another_organization, 403),
    ],
)
async def test_what_is_no_event_of_ours_is_refused_in_one_sentence(
    world: World, body: Callable[[World], bytes], status: int
) -> None:
    answer = await post(world, body(world))

    assert answer.status_code == status
    assert answer.text.endswith(".")
    assert answer.text.count("\n") == 0
    assert "1=1" not in answer.text


async def test_a_large_event_is_taken_by_the_ids_that_remain(world: World) -> None:
    document = invoice("EU-LARGE", EUROPEAN, line("10.00"))
    await issue(world, document)
    await until(world, document)
    body = json.dumps(event(world, PrimaryEntityId=str(document.id), Padding="x" * 262_144)).encode()

    answer = await post(world, body, {"x-ms-dynamics-msg-size-exceeded": "true"})

    assert answer.status_code == 202
    assert booked(world, document) == [document.total]


async def test_our_own_change_is_dropped_with_202(world: World) -> None:
    own = event(world, InitiatingUserId=world.stack["dataverse"]["user_id"])

    answer = await post(world, json.dumps(own).encode())

    assert answer.status_code == 202
    assert "nothing to do" in answer.text


async def test_a_get_is_not_answered_as_an_event(world: World) -> None:
    host = world.stack["host"]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{host['url']}/api/dataverse/events?code={host['function_key']}")

    assert answer.status_code in {404, 405}
