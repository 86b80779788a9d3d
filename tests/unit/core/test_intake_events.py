"""What Dataverse's own Service Bus endpoint wrote to ``changes`` counts as its webhook would."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared import intake
from shared.bus import CHANGES, POISON
from shared.dataverse.events import MAX_BODY, from_queue
from shared.messages import Reference
from tests.builders import INVOICE, ORGANIZATION, OTHER_ORGANIZATION, OUR_USER, reference, settings
from tests.unit.core.fakes import MemoryBus, incoming
from tests.unit.core.test_webhook import event

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


async def taken(body: bytes | Reference, bus: MemoryBus | None = None, **changes: Any) -> Reference | None:
    return await intake.read_change(incoming(CHANGES, body), settings(**changes), bus or MemoryBus(), NOW)


async def test_an_event_is_the_reference_that_its_webhook_would_have_been() -> None:
    made = await taken(event())
    assert made is not None
    assert (made.table, made.id, made.cause, made.attempt) == ("invoice", INVOICE, "event:Update", 0)
    assert (made.organization_id, made.correlation_id, made.occurred_at) == (ORGANIZATION, str(UUID(int=4)), NOW)
    again = await taken(event())
    other = await taken(event(OperationId=str(UUID(int=7))))
    assert again is not None
    assert other is not None
    assert made.message_id == again.message_id != other.message_id


async def test_our_own_reference_is_read_as_before() -> None:
    assert await taken(reference()) == reference()


async def test_our_own_change_and_a_table_without_an_export_are_nothing() -> None:
    bus = MemoryBus()
    assert await taken(event(InitiatingUserId=str(OUR_USER)), bus) is None
    assert await taken(event(PrimaryEntityName="lead"), bus) is None
    assert bus.sent == []


async def test_an_event_of_another_organization_is_poison() -> None:
    bus = MemoryBus()
    assert await taken(event(OrganizationId=str(OTHER_ORGANIZATION)), bus) is None
    assert "another Dataverse organization" in bus.on(POISON)[0].properties["reason"]


@pytest.mark.parametrize(
    "body",
    [event(PrimaryEntityId="no guid"), event(MessageName=None), event()[:-1], event(Padding="x" * MAX_BODY)],
    ids=["id", "message", "cut", "too large"],
)
async def test_an_event_that_can_not_be_read_is_poison_and_blocks_nobody(body: bytes) -> None:
    bus = MemoryBus()
    assert await taken(body, bus) is None
    assert [queue for queue, _ in bus.sent] == [POISON]


async def test_a_large_event_has_lost_its_parts_and_is_still_read() -> None:
    context = json.loads(event()) | {"ParentContext": None, "InputParameters": [], "PostEntityImages": []}
    made = await taken(json.dumps(context).encode())
    assert made is not None
    assert made.id == INVOICE


def test_real_bodies_are_known_for_events(contracts: Path) -> None:
    bodies = [path.read_bytes() for path in sorted((contracts / "dataverse" / "events").glob("*.json"))]
    assert bodies
    assert all(from_queue(body) is not None for body in bodies)
