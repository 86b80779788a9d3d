"""Taking messages from a queue: ours are read, others' go where they block nobody."""

import json
from typing import Any

import pytest

from shared import intake
from shared.bus import CHANGES, POISON
from shared.errors import Unavailable
from shared.intake import Incoming
from shared.messages import SCHEMA, Document, Message, Reference, Result
from tests.builders import ORGANIZATION, OTHER_ORGANIZATION, document, reference, result
from tests.unit.core.fakes import MemoryBus, incoming


@pytest.mark.parametrize("message", [reference(), document(), result()], ids=["reference", "document", "result"])
async def test_our_own_message_is_given(message: Message) -> None:
    bus = MemoryBus()
    assert await intake.read(type(message), incoming("q", message), ORGANIZATION, bus) == message
    assert bus.sent == []


async def test_what_can_not_be_read_is_poison_with_a_reason() -> None:
    bus = MemoryBus()
    assert await intake.read(Document, incoming("onec", b"not json", "m7"), ORGANIZATION, bus) is None
    (poison,) = bus.on(POISON)
    assert poison.body == b"not json"
    assert poison.properties == {"queue": "onec", "reason": "Document: body: json_invalid"}
    assert len(bus.sent) == 1


@pytest.mark.parametrize("body", [b"[" * 200_000, b"\x1f\x8b\x00", b"\xff\xfe", b""], ids=["nested", "gzip", "bom", ""])
async def test_hostile_bodies_are_poison_too(body: bytes) -> None:
    bus = MemoryBus()
    assert await intake.read(Reference, incoming(CHANGES, body), ORGANIZATION, bus) is None
    assert [queue for queue, _ in bus.sent] == [POISON]


@pytest.mark.parametrize("kind", [Reference, Document, Result], ids=lambda kind: kind.__name__)
async def test_a_message_for_another_organization_is_poison(kind: type[Message]) -> None:
    makers: dict[type[Message], Any] = {Reference: reference, Document: document, Result: result}
    message = makers[kind](organization_id=OTHER_ORGANIZATION)
    bus = MemoryBus()
    assert await intake.read(kind, incoming("q", message), ORGANIZATION, bus) is None
    assert [queue for queue, _ in bus.sent] == [POISON]
    assert "another Dataverse organization" in bus.on(POISON)[0].properties["reason"]


def of_another_schema(message: Message) -> bytes:
    return json.dumps(json.loads(message.encode()) | {"schema_version": SCHEMA + 1, "new": 1}).encode()


@pytest.mark.parametrize("kind", [Reference, Document, Result], ids=lambda kind: kind.__name__)
async def test_what_another_version_wrote_is_a_reference_again(kind: type[Message]) -> None:
    sent: dict[type[Message], Message] = {Reference: reference(), Document: document(), Result: result()}
    bus = MemoryBus()
    assert await intake.read(kind, incoming("q", of_another_schema(sent[kind])), ORGANIZATION, bus) is None
    (again,) = bus.references()
    assert (again.table, again.id) == ("invoice", reference().id)
    assert again.message_id != reference().message_id, "else duplicate detection would swallow it"
    assert bus.on(CHANGES)[0].message_id == again.message_id
    assert len(bus.sent) == 1


async def test_two_messages_of_another_version_are_two_references() -> None:
    bus = MemoryBus()
    for name in ("m1", "m2", "m2"):
        await intake.read(Document, incoming("q", of_another_schema(document()), name), ORGANIZATION, bus)
    assert len({envelope.message_id for envelope in bus.on(CHANGES)}) == 2


async def test_another_version_and_another_organization_is_poison() -> None:
    bus = MemoryBus()
    body = of_another_schema(reference(organization_id=OTHER_ORGANIZATION))
    assert await intake.read(Reference, incoming("q", body), ORGANIZATION, bus) is None
    assert [queue for queue, _ in bus.sent] == [POISON]


async def test_where_the_bus_does_not_take_it_the_message_stays_in_its_queue() -> None:
    bus = MemoryBus(failure=Unavailable("Service Bus", "away"))
    with pytest.raises(Unavailable):
        await intake.read(Reference, Incoming(CHANGES, b"?", "m1"), ORGANIZATION, bus)
