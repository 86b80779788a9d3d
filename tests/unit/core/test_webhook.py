"""What a webhook is answered, and that nothing but a taken event reaches the queue."""

import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest

from shared.bus import CHANGES
from shared.dataverse.events import MAX_BODY, SIZE_HEADER
from shared.errors import Unavailable
from shared.webhook import MAX_BODY_WITH_HEADER, receive
from shared.wiring import Wiring
from tests.builders import INVOICE, ORGANIZATION, OTHER_ORGANIZATION, OUR_USER, SECRETS, environment
from tests.unit.core.fakes import MemoryBus


def event(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "PrimaryEntityName": "invoice",
        "PrimaryEntityId": str(INVOICE),
        "MessageName": "Update",
        "OrganizationId": str(ORGANIZATION),
        "CorrelationId": str(UUID(int=4)),
        "OperationId": str(UUID(int=5)),
        "OperationCreatedOn": "/Date(1527757530151)/",
        "InitiatingUserId": str(UUID(int=6)),
    }
    return json.dumps({name: value for name, value in (values | changes).items() if value is not None}).encode()


def wiring(bus: MemoryBus, **changes: str | None) -> Wiring:
    made = Wiring(environment(**changes))
    vars(made)["bus"] = bus
    return made


@pytest.mark.parametrize("table", ["invoice", "invoicedetail", "account", "contact", "product"])
async def test_an_event_is_one_reference(table: str) -> None:
    bus = MemoryBus()
    reply = await receive(wiring(bus), event(PrimaryEntityName=table), {})
    assert reply.status == HTTPStatus.ACCEPTED
    ((queue, envelope),) = bus.sent
    (reference,) = bus.references()
    assert queue == CHANGES
    assert (reference.table, reference.id, reference.cause) == (table, INVOICE, "event:Update")
    assert reference.organization_id == ORGANIZATION
    assert (reference.attempt, envelope.not_before) == (0, None)
    assert envelope.message_id == reference.message_id
    assert envelope.correlation_id == reference.correlation_id == str(UUID(int=4))


async def test_dataverses_own_retry_is_a_duplicate_and_a_new_event_is_not() -> None:
    bus = MemoryBus()
    for body in (event(), event(), event(OperationId=str(UUID(int=7)))):
        await receive(wiring(bus), body, {})
    first, again, other = (envelope.message_id for envelope in bus.on(CHANGES))
    assert first == again != other


async def test_one_trace_runs_through() -> None:
    bus = MemoryBus()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await receive(wiring(bus), event(), {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    await receive(wiring(bus), event(), {"traceparent": "garbage"})
    given, new = (reference.traceparent for reference in bus.references())
    assert given.split("-")[1] == trace
    assert given.split("-")[2] != "00f067aa0ba902b7"
    assert len(new) == len(given)


async def test_a_long_message_name_still_fits() -> None:
    bus = MemoryBus()
    reply = await receive(wiring(bus), event(MessageName="x" * 128), {})
    assert reply.status == HTTPStatus.ACCEPTED


async def test_a_large_event_with_only_the_ids_that_remain_is_taken() -> None:
    bus = MemoryBus()
    body = event(Depth=1, OperationCreatedOn=None) + b" " * MAX_BODY
    reply = await receive(wiring(bus), body, {SIZE_HEADER: "true"})
    assert reply.status == HTTPStatus.ACCEPTED
    assert len(bus.references()) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"", {}, HTTPStatus.BAD_REQUEST, id="empty"),
        pytest.param(b"{", {}, HTTPStatus.BAD_REQUEST, id="not JSON"),
        pytest.param(b"[]", {}, HTTPStatus.BAD_REQUEST, id="no object"),
        pytest.param(event(PrimaryEntityId="x"), {}, HTTPStatus.BAD_REQUEST, id="no GUID"),
        pytest.param(event(PrimaryEntityName=5), {}, HTTPStatus.BAD_REQUEST, id="number for text"),
        pytest.param(event(MessageName="\ud800"), {}, HTTPStatus.BAD_REQUEST, id="half a character"),
        pytest.param(event(OrganizationId=None), {}, HTTPStatus.BAD_REQUEST, id="organization missing"),
        pytest.param(event(CorrelationId=None), {}, HTTPStatus.BAD_REQUEST, id="correlation missing"),
        pytest.param(event() + b" " * MAX_BODY, {}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, id="too large"),
        pytest.param(
            event() + b" " * MAX_BODY_WITH_HEADER,
            {SIZE_HEADER: "true"},
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            id="too large for anything",
        ),
        pytest.param(event(PrimaryEntityName="lead"), {}, HTTPStatus.UNPROCESSABLE_ENTITY, id="another table"),
        pytest.param(
            event(OrganizationId=str(OTHER_ORGANIZATION)), {}, HTTPStatus.FORBIDDEN, id="another organization"
        ),
        pytest.param(event(InitiatingUserId=str(OUR_USER)), {}, HTTPStatus.ACCEPTED, id="our own change"),
    ],
)
async def test_what_is_not_taken_reaches_no_queue(body: bytes, headers: dict[str, str], status: HTTPStatus) -> None:
    bus = MemoryBus()
    reply = await receive(wiring(bus), body, headers)
    assert reply.status == status
    assert reply.text.endswith(".")
    assert bus.sent == []


async def test_without_a_user_setting_every_user_counts() -> None:
    bus = MemoryBus()
    await receive(wiring(bus, DATAVERSE_USER_ID=None), event(InitiatingUserId=str(OUR_USER)), {})
    await receive(wiring(bus), event(InitiatingUserId=None), {})
    assert len(bus.sent) == 2


@pytest.mark.parametrize("failure", [Unavailable("Service Bus", "away"), RuntimeError("Ivanov")], ids=["away", "a bug"])
async def test_where_the_queue_does_not_take_it_dataverse_is_asked_to_repeat(failure: Exception) -> None:
    reply = await receive(wiring(MemoryBus(failure=failure)), event(), {})
    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE, "a 500 is never repeated"
    assert "Ivanov" not in reply.text


async def test_a_wrong_setting_is_named_and_dataverse_is_asked_to_repeat() -> None:
    bus = MemoryBus()
    reply = await receive(wiring(bus, LANES="many", DATAVERSE_CLIENT_ID=None), event(), {})
    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "LANES" in reply.text
    assert "DATAVERSE_CLIENT_ID" in reply.text
    assert not any(secret in reply.text for secret in (*SECRETS, "many"))
    assert bus.sent == []


@pytest.mark.parametrize("connection", [None, "garbage-never-shown"], ids=["missing", "wrong"])
async def test_a_wrong_queue_connection_is_named(connection: str | None) -> None:
    reply = await receive(Wiring(environment(ServiceBusConnection=connection)), event(), {})
    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "ServiceBusConnection" in reply.text
    assert "never-shown" not in reply.text


async def test_nothing_of_a_wrong_body_is_answered() -> None:
    reply = await receive(wiring(MemoryBus()), event(PrimaryEntityName="Ivanov", PrimaryEntityId="Ivanov"), {})
    assert "Ivanov" not in reply.text
