"""Every function of the real app under this Python's worker, with settings: its work done, and its work failing.

The systems are the local ones; there is no host. The tests take its part: they receive what is on the queues and hand
it to the functions, one at a time, so that what each of them did and said can be looked at.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiohttp import web
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from infra.demo.company import EUROPEAN, RUSSIAN, Company, SampleSale
from infra.demo.routes import routes
from infra.demo.world import World, local_settings, systems
from infra.local.faults import FAULTS_PATH
from infra.local.host.servicebus_metadata import body_bytes
from infra.local.keyvault import server as keyvault
from infra.local.serving import ServeOptions, listen
from shared.bus import CHANGES, POISON, RESULTS, TARGET_QUEUES
from shared.messages import Result, State, unpack
from tests.integration.chain.conftest import FAST, STATES, booked, invoice, line
from tests.integration.chain.test_payments import pay
from tests.integration.files.storage import Storage
from tests.integration.host.driving import Answer, DrivenApp, driven
from tests.integration.servicebus.conftest import _impatient_sdk
from tests.unit.files.kit import SAPB1_FILE

__all__ = ["_impatient_sdk"]

__all__ = ["_impatient_sdk"]

BY_HAND = Company("EF", "Adriatic Demo Files d.o.o.", "sapb1", ("EUR",), ("22",))
BOTH = pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])
STORAGE_TOKEN, CONTAINER = "token-of-the-storage", "files"
AWAY: dict[str, Any] = {"kind": "status", "status": 503, "match": "/api/data/", "times": 1000}
"""Dataverse is away; its sign-in is another system."""
NUMBERS = count(1)
PATIENCE = 20
"""Seconds until a message that a test waits for counts as not coming."""


@dataclass
class Bridge:
    """The app, and everything around it."""

    world: World
    app: DrivenApp
    bus: ServiceBusClient
    storage: Storage
    listening: dict[str, ServiceBusReceiver]
    """by queue without sessions"""
    failing: frozenset[str] = frozenset()

    async def issued(self, company: Company, dated: date = date(2026, 10, 5)) -> SampleSale:
        """Enter and issue an invoice that nobody has heard of yet."""
        document = invoice(f"{company.code}-WORK-{next(NUMBERS)}", company, line("100.00", "10"), dated=dated)
        await self.world.crm.enter([document])
        await self.world.crm.issue([document])
        return document

    async def event(self, record: UUID, **changes: object) -> Answer:
        """Send the webhook that Dataverse would."""
        body = {
            "MessageName": "Update",
            "PrimaryEntityName": "invoice",
            "PrimaryEntityId": str(record),
            "OrganizationId": self.world.stack["dataverse"]["organization_id"],
            "CorrelationId": str(uuid4()),
            "OperationId": str(uuid4()),
            "InitiatingUserId": str(uuid4()),
            "OperationCreatedOn": "/Date(1764000000000+0000)/",
        }
        return await self.app.request("dataverse_events", "POST", json.dumps(body | changes).encode())

    async def received(self, queue: str, about: object) -> ServiceBusReceivedMessage:
        """Take the message about a record off a queue, as the host's listener would; others are thrown away."""
        if queue in self.listening:
            return await _found(self.listening[queue], queue, about)
        async with self.bus.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION) as receiver:
            return await _found(receiver, queue, about)

    async def step(self, name: str, queue: str, about: object) -> Answer:
        """Receive a message and hand it to the function that is there for it."""
        return await self.app.deliver(name, [await self.received(queue, about)])

    async def on_its_way(self, document: SampleSale) -> None:
        """Bring a document as far as the queue of its accounting system."""
        assert (await self.event(document.id)).status == 202
        assert (await self.step("export", CHANGES, document.id)).succeeded

    async def carried(self, document: SampleSale) -> None:
        """Bring a document as far as the queue ``results``."""
        await self.on_its_way(document)
        target = document.company.target
        assert (await self.step(f"{target}_connector", TARGET_QUEUES[target], document.id)).succeeded

    async def result(self, document: SampleSale) -> Result:
        """Give what became of a document, off the queue ``results``."""
        return Result.decode(body_bytes(await self.received(RESULTS, document.id)))

    async def state(self, document: SampleSale) -> State:
        """Give what the journal says of a document."""
        return STATES[(await self.world.crm.journal())[document.id]["acx_state"]]

    async def fail(self, name: str, fault: Mapping[str, Any] | None) -> None:
        """Tell a system to fail, or (None) to behave."""
        line = self.world.stack[name]
        address = line["url"] if "url" in line else line["connection_string"].split(";")[0].split("=", 1)[1]
        url = f"http://{address.split('/')[2]}{FAULTS_PATH}"
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await (client.delete(url) if fault is None else client.post(url, json=fault))
            answer.raise_for_status()
        self.failing = self.failing - {name} if fault is None else self.failing | {name}

    async def until_healthy(self) -> None:
        """Wait until the app asks Dataverse again: it leaves a system alone for a while that was down."""
        deadline = time.monotonic() + PATIENCE
        while (await self.app.request("health")).status != 200:
            assert time.monotonic() < deadline, "Dataverse is not asked again"
            await asyncio.sleep(0.05)

    async def spans(self, trace: str) -> set[str]:
        """Give what Application Insights got of a trace: kinds of rows with their names."""
        await self.app.telemetry_sent()
        async with httpx.AsyncClient(base_url=self.world.stack["insights"]["url"], trust_env=False) as client:
            rows = (await client.get("/_local/rows", params={"operation": trace})).raise_for_status().json()
        return {str(row.get("target") or row.get("name") or row.get("message")) for row in rows}


async def _found(receiver: ServiceBusReceiver, queue: str, about: object) -> ServiceBusReceivedMessage:
    while batch := await receiver.receive_messages(1, max_wait_time=PATIENCE):
        await receiver.complete_message(batch[0])
        if str(about).encode() in unpack(body_bytes(batch[0])):
            return batch[0]
    raise AssertionError(f"nothing about {about} came to {queue}")


def _all_routes() -> list[dict[str, Any]]:
    european = next(route for route in routes() if route["name"] == "eu")
    files = {"name": "files", "way": "1B", "business_unit": str(BY_HAND.business_unit), "start_date": "2020-01-01"}
    return [*routes(), european | files | {"sapb1": european["sapb1"] | {"file": SAPB1_FILE}}]


@pytest.fixture(scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bridge]:
    """Everything running, once."""
    storage = Storage(STORAGE_TOKEN, CONTAINER)
    service = keyvault.create(ServeOptions())
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(systems(tmp_path_factory.mktemp("at_work"), lambda _: None))
        await world.crm.add(BY_HAND)
        runner, url = await listen(service)
        stack.push_async_callback(runner.cleanup)
        identity: Any = service.announce(url)
        blobs = web.AppRunner(storage.app())
        await blobs.setup()
        stack.push_async_callback(blobs.cleanup)
        await web.TCPSite(blobs, "127.0.0.1", 0).start()
        async with httpx.AsyncClient(trust_env=False) as client:
            known = {"resource": "https://storage.azure.com", "token": STORAGE_TOKEN}
            (await client.post(f"{url}/_local/tokens", json=known)).raise_for_status()
        host, port = blobs.addresses[0][:2]
        changes = {
            **FAST,
            "ROUTES": json.dumps(_all_routes(), ensure_ascii=False),
            "FILES_CONTAINER_URL": f"http://{host}:{port}/{CONTAINER}",
            "IDENTITY_ENDPOINT": identity["identity_endpoint"],
            "IDENTITY_HEADER": identity["identity_header"],
        }
        app = await stack.enter_async_context(driven(local_settings(world.stack.first_lines(), changes)["Values"]))
        connection = world.stack["servicebus"]["connection_string"]
        bus = await stack.enter_async_context(ServiceBusClient.from_connection_string(connection, retry_total=0))
        listening = {queue: bus.get_queue_receiver(queue) for queue in (CHANGES, RESULTS, POISON)}
        await asyncio.gather(*(receiver.__aenter__() for receiver in listening.values()))
        yield Bridge(world, app, bus, storage, listening)
        await asyncio.gather(*(receiver.close() for receiver in listening.values()))


@pytest.fixture
async def bridge(started: Bridge) -> AsyncIterator[Bridge]:
    """Everything running; whatever a test told a system to do wrong is over with the test, and the app knows it."""
    yield started
    started.storage.token = STORAGE_TOKEN
    for name in started.failing:
        await started.fail(name, None)
    await started.until_healthy()


# --- their work done


@BOTH
async def test_an_invoice_goes_from_function_to_function_into_the_books_in_one_trace(
    bridge: Bridge, company: Company
) -> None:
    document = await bridge.issued(company)
    target = company.target

    event = await bridge.event(document.id)
    assert (event.status, event.text) == (202, "Taken.")
    for name, queue in (("export", CHANGES), (f"{target}_connector", TARGET_QUEUES[target]), ("writeback", RESULTS)):
        answer = await bridge.step(name, queue, document.id)
        assert answer.succeeded, answer.error

    assert await bridge.state(document) in {State.POSTED, State.EXPORTED}
    assert booked(bridge.world, document) == [document.total]
    system = {"onec": "1C", "sapb1": "SAP Business One"}[target]
    hops = {"export", f"{target}_connector", "writeback"}
    assert await bridge.spans(event.trace) >= {*hops, CHANGES, RESULTS, TARGET_QUEUES[target], "Dataverse", system}


async def test_a_batch_of_references_is_exported_in_one_invocation(bridge: Bridge) -> None:
    documents = [await bridge.issued(RUSSIAN) for _ in range(3)]
    messages = []
    for document in documents:
        assert (await bridge.event(document.id)).status == 202
        messages.append(await bridge.received(CHANGES, document.id))
    answer = await bridge.app.deliver("export", messages)
    assert answer.succeeded, answer.error
    for document in documents:
        assert (await bridge.step("onec_connector", TARGET_QUEUES["onec"], document.id)).succeeded
        assert (await bridge.result(document)).state.in_accounting


@pytest.mark.parametrize("name", ["dataverse_sweep", "dataverse_reconcile"])
async def test_a_timer_finds_what_no_webhook_told_of(bridge: Bridge, name: str) -> None:
    document = await bridge.issued(EUROPEAN)
    answer = await bridge.app.timer(name)
    assert answer.succeeded, answer.error
    assert (await bridge.step("export", CHANGES, document.id)).succeeded
    assert (await bridge.step("sapb1_connector", TARGET_QUEUES["sapb1"], document.id)).succeeded
    assert (await bridge.result(document)).state.in_accounting
    assert "Dataverse" in await bridge.spans(answer.trace)


@BOTH
async def test_a_payment_is_read_back_by_its_timer(bridge: Bridge, company: Company) -> None:
    document = await bridge.issued(company)
    await bridge.carried(document)
    assert (await bridge.step("writeback", RESULTS, document.id)).succeeded
    await pay(bridge.world, (await bridge.world.crm.journal())[document.id], document.total)

    answer = await bridge.app.timer("payments")

    assert answer.succeeded, answer.error
    assert (await bridge.step("writeback", RESULTS, document.id)).succeeded
    assert await bridge.state(document) is State.PAID


async def test_the_files_of_a_day_wait_for_a_container_that_refuses_them(bridge: Bridge) -> None:
    documents = await _issued_these_days(bridge)
    bridge.storage.token = "another"
    refused = await bridge.app.timer("exchange_files_daily")
    bridge.storage.token = STORAGE_TOKEN
    taken = await bridge.app.timer("exchange_files_daily")

    assert not refused.succeeded
    assert "Storage Blob Data Contributor" in refused.error
    assert taken.succeeded, taken.error
    name, late = sorted(bridge.storage.blobs)
    assert (name[:15], late[:20]) == ("files/invoices_", "files/invoices_late_")
    assert {content[:2] for content in bridge.storage.blobs.values()} == {b"PK"}
    assert "Dataverse" in await bridge.spans(taken.trace)
    inside = next(document for document in documents if name == f"files/invoices_{document.dated}.zip")
    assert (await bridge.step("writeback", RESULTS, inside.id)).succeeded
    assert await bridge.state(inside) is State.EXPORTED


async def test_the_files_of_a_period_go_to_whoever_asks(bridge: Bridge) -> None:
    days = sorted(str(document.dated) for document in await _issued_these_days(bridge))
    period = {"from": days[0], "to": days[-1]}
    answer = await bridge.app.request("exchange_files", route={"kind": "invoices"}, query=period)
    assert (answer.status, answer.body[:2]) == (200, b"PK")
    assert "attachment" in dict(answer.headers or {})["Content-Disposition"]
    assert "Dataverse" in await bridge.spans(answer.trace)


async def _issued_these_days(bridge: Bridge) -> list[SampleSale]:
    """Issue invoices of the last days, so that yesterday has one whichever day it is by then."""
    today = datetime.now(UTC).date()
    return [await bridge.issued(BY_HAND, dated=today - timedelta(days=number)) for number in range(3)]


async def test_health_says_that_all_is_well(bridge: Bridge) -> None:
    answer = await bridge.app.request("health")
    assert (answer.status, answer.json) == (200, {"healthy": True, "problems": []})
    assert "Dataverse" in await bridge.spans(answer.trace)


async def test_what_was_set_aside_is_listed_and_sent_again(bridge: Bridge) -> None:
    assert (await bridge.app.deliver_text("export", "Ivan Petrov")).succeeded

    listed = await bridge.app.request("operations_messages", query={"queue": POISON})
    assert listed.status == 200
    assert "Ivan" not in listed.text
    one = {"queue": POISON, "sequence_number": listed.json["messages"][-1]["sequence_number"]}
    resent = await bridge.app.request("operations_resend", "POST", json.dumps(one).encode())

    assert (resent.status, resent.json) == (200, {"sent": 1, "more": False})
    assert await bridge.received(CHANGES, "Ivan Petrov")
    assert "sent again" in await bridge.spans(resent.trace)


async def test_the_pages_are_shown(bridge: Bridge) -> None:
    document = await bridge.issued(RUSSIAN)
    browser = {"Accept": "text/html"}
    where = {"table": "invoice", "id": str(document.id)}
    dry = await bridge.app.request("preview", route=where)
    pages = [
        await bridge.app.request("operations_page", headers=browser),
        await bridge.app.request("preview", route=where, headers=browser),
    ]
    assert (dry.status, dry.json["verdict"]) == (200, "created")
    for page in pages:
        assert (page.status, page.body[:9].lower()) == (200, b"<!doctype"), page.text[:200]
    for answer in (dry, *pages):
        assert "Dataverse" in await bridge.spans(answer.trace)


# --- their work failing


async def test_a_webhook_that_is_none_of_ours_is_refused_in_a_sentence(bridge: Bridge) -> None:
    other = await bridge.event(uuid4(), OrganizationId=str(uuid4()))
    garbage = await bridge.app.request("dataverse_events", "POST", b"Ivan Petrov")
    assert [other.status, garbage.status] == [403, 400]
    assert "Ivan" not in garbage.text


async def test_export_without_dataverse_puts_the_reference_back(bridge: Bridge) -> None:
    document = await bridge.issued(RUSSIAN)
    assert (await bridge.event(document.id)).status == 202
    await bridge.fail("dataverse", AWAY)
    answer = await bridge.step("export", CHANGES, document.id)
    assert answer.succeeded, answer.error
    await bridge.fail("dataverse", None)
    assert (await bridge.step("export", CHANGES, document.id)).succeeded
    assert await bridge.received(TARGET_QUEUES["onec"], document.id)


async def test_nothing_is_lost_where_nothing_can_be_sent_on(bridge: Bridge) -> None:
    document = await bridge.issued(RUSSIAN)
    assert (await bridge.event(document.id)).status == 202
    await bridge.fail("servicebus", {"kind": "status", "status": 404, "match": "SEND (onec|changes)", "times": 20})
    event, exported = await bridge.event(uuid4()), await bridge.step("export", CHANGES, document.id)
    assert event.status == 503, "Dataverse repeats it"
    assert not exported.succeeded, "a function that raises abandons its message: it stays"
    assert "Service Bus" in exported.error


@BOTH
async def test_a_connector_without_its_system_puts_the_reference_back(bridge: Bridge, company: Company) -> None:
    document = await bridge.issued(company)
    await bridge.on_its_way(document)
    target = company.target
    await bridge.fail(target, {"kind": "status", "status": 503, "times": 1000})
    answer = await bridge.step(f"{target}_connector", TARGET_QUEUES[target], document.id)
    assert answer.succeeded, answer.error
    assert (await bridge.result(document)).state is State.RETRYING
    assert await bridge.received(CHANGES, document.id)
    await bridge.fail(target, None)
    assert booked(bridge.world, document) == []


async def test_writeback_without_dataverse_keeps_what_accounting_said(bridge: Bridge) -> None:
    document = await bridge.issued(EUROPEAN)
    await bridge.carried(document)
    await bridge.fail("dataverse", AWAY)
    answer = await bridge.step("writeback", RESULTS, document.id)
    assert answer.succeeded, answer.error
    await bridge.fail("dataverse", None)
    assert (await bridge.step("writeback", RESULTS, document.id)).succeeded
    assert (await bridge.state(document)).in_accounting


@pytest.mark.parametrize("name", ["export", "writeback", "onec_connector", "sapb1_connector"])
async def test_what_nobody_can_read_is_set_aside(bridge: Bridge, name: str) -> None:
    mark = f"unreadable {uuid4()}"
    answer = await bridge.app.deliver_text(name, mark)
    assert answer.succeeded, answer.error
    assert await bridge.received(POISON, mark)


@pytest.mark.parametrize("name", ["dataverse_sweep", "dataverse_reconcile"])
async def test_a_timer_without_dataverse_fails_by_its_name(bridge: Bridge, name: str) -> None:
    await bridge.fail("dataverse", AWAY)
    answer = await bridge.app.timer(name)
    assert not answer.succeeded
    assert "Dataverse" in answer.error
    assert "Dataverse" in await bridge.spans(answer.trace)


async def test_payments_wait_for_dataverse(bridge: Bridge) -> None:
    await bridge.fail("dataverse", AWAY)
    answer = await bridge.app.timer("payments")
    assert answer.succeeded, answer.error
    assert "payments wait" in await bridge.spans(answer.trace)


@pytest.mark.parametrize(
    ("name", "body", "route", "status"),
    [
        ("operations_resend", b"{}", {}, 400),
        ("operations_page", b"queue=poison&which=all", {}, 403),
        ("preview", b"", {"table": "invoice", "id": "1' or 1=1"}, 400),
        ("preview", b"", {"table": "invoice", "id": str(uuid4())}, 404),
        ("exchange_files", b"", {"kind": "others"}, 400),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence(
    bridge: Bridge, name: str, body: bytes, route: dict[str, str], status: int
) -> None:
    answer = await bridge.app.request(name, "POST" if body else "GET", body, route=route)
    assert answer.status == status, answer.text
    assert "1=1" not in answer.text


async def test_a_queue_of_others_is_not_listed(bridge: Bridge) -> None:
    assert (await bridge.app.request("operations_messages", query={"queue": "others"})).status == 400


async def test_without_dataverse_each_call_says_so(bridge: Bridge) -> None:
    await bridge.fail("dataverse", AWAY)
    day = {"from": "2026-10-01", "to": "2026-10-02"}
    answers = {
        "health": await bridge.app.request("health"),
        "preview": await bridge.app.request("preview", route={"table": "invoice", "id": str(uuid4())}),
        "exchange_files": await bridge.app.request("exchange_files", route={"kind": "invoices"}, query=day),
    }
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert all("Dataverse" in answer.text for answer in answers.values())
