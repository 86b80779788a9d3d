"""The broker does wrong what it is told to, and nothing else; whatever a client does, the broker lives."""

import gc
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import cproton  # type: ignore[import-untyped]  # the engine's C interface has no types
import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError, ServiceBusServerBusyError

from infra.local.faults import FAULTS_PATH
from infra.local.servicebus.connection import AmqpConnection
from tests.integration.servicebus.namespaces import NOTHING, REAL, LocalBroker, Namespace, cuts_connections
from tests.integration.servicebus.test_sync_sdk import bodies, one

pytestmark = pytest.mark.skipif(REAL is not None, reason="a real namespace can't be told to fail")

Tell = Callable[..., None]


@pytest.fixture
def local(namespace: Namespace) -> LocalBroker:
    """The local broker behind the namespace."""
    assert namespace.local is not None
    return namespace.local


@pytest.fixture
def tell(local: LocalBroker) -> Iterator[Tell]:
    """Tell the broker to fail, over HTTP on its own port."""
    url = f"http://127.0.0.1:{local.running.port}{FAULTS_PATH}"

    def _tell(kind: str, match: str, **fields: object) -> None:
        httpx.post(url, json={"kind": kind, "match": match, **fields}).raise_for_status()

    yield _tell
    assert httpx.get(url).json() == [], "a fault was never met"


def test_a_queue_that_is_away_refuses_and_comes_back(namespace: Namespace, tell: Tell) -> None:
    sender = namespace.client().get_queue_sender("plain")
    sender.send_messages(ServiceBusMessage("before"))
    tell("status", "SEND plain", status=503, times=2)
    for _ in range(2):
        with pytest.raises(ServiceBusServerBusyError):
            sender.send_messages(ServiceBusMessage("refused"))
    sender.send_messages(ServiceBusMessage("after"))
    receiver = namespace.client().get_queue_receiver("plain")
    assert [str(one(receiver)), str(one(receiver))] == ["before", "after"]


def test_a_delayed_message_comes_behind_a_later_one(namespace: Namespace, tell: Tell) -> None:
    sender = namespace.client().get_queue_sender("plain")
    tell("delay", "SEND plain", seconds=5)
    sender.send_messages(ServiceBusMessage("sent first"))
    sender.send_messages(ServiceBusMessage("sent second"))
    namespace.turn_clock(6)
    receiver = namespace.client().get_queue_receiver("plain")
    assert [str(one(receiver)), str(one(receiver))] == ["sent second", "sent first"]


def test_a_duplicate_passes_duplicate_detection_when_it_is_forced(namespace: Namespace, tell: Tell) -> None:
    tell("duplicate", "SEND unique")
    sender = namespace.client().get_queue_sender("unique")
    for _ in range(2):
        sender.send_messages(ServiceBusMessage("x", message_id="same"))
    receiver = namespace.client().get_queue_receiver("unique")
    assert [one(receiver).message_id, one(receiver).message_id] == ["same", "same"]
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []


@cuts_connections
@pytest.mark.parametrize(("kind", "arrived"), [("drop_before", []), ("drop_after", ["x"])])
def test_a_connection_can_be_cut_around_a_send(namespace: Namespace, tell: Tell, kind: str, arrived: list[str]) -> None:
    client = namespace.client()
    sender = client.get_queue_sender("plain")
    tell(kind, "SEND plain")
    with pytest.raises(ServiceBusError):
        sender.send_messages(ServiceBusMessage("x"))
    assert bodies(namespace.client().get_queue_receiver("plain").peek_messages(5)) == arrived


@pytest.mark.parametrize("bad", [{"kind": "html"}, {"kind": "status", "status": 418}, {"kind": "delay", "match": "("}])
def test_a_fault_that_the_broker_does_not_have_is_refused(local: LocalBroker, bad: dict[str, object]) -> None:
    url = f"http://127.0.0.1:{local.running.port}{FAULTS_PATH}"
    assert httpx.post(url, json=bad).status_code == 400
    assert httpx.get(url).json() == []


def test_a_defect_costs_one_connection_and_not_the_broker(
    namespace: Namespace, local: LocalBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = namespace.client()
    sender = client.get_queue_sender("plain")
    sender.send_messages(ServiceBusMessage("before"))
    with monkeypatch.context() as patch:
        patch.setattr(local.running.broker.entity("plain").queue, "send", lambda *_: 1 / 0)
        with pytest.raises(ServiceBusError):
            sender.send_messages(ServiceBusMessage("defect"))
    assert "ZeroDivisionError" in caplog.text
    receiver = namespace.client().get_queue_receiver("plain")
    namespace.client().get_queue_sender("plain").send_messages(ServiceBusMessage("after"))
    assert [str(one(receiver)), str(one(receiver))] == ["before", "after"]
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []


@pytest.mark.parametrize("words", [b"\x16\x03\x01\x02\x00\x01\x00", b"AMQP\x00\x09\x09\x09" * 40, b"\x00" * 5000])
def test_a_client_that_speaks_something_else_is_dropped(local: LocalBroker, words: bytes) -> None:
    with socket.create_connection(("127.0.0.1", local.running.port), timeout=5) as stranger:
        stranger.sendall(words)
        stranger.shutdown(socket.SHUT_WR)
        while stranger.recv(65536):
            pass


# Half of the clients die: their sockets are cut without a word.
COME_AND_GO = """
import sys
from proton.utils import BlockingConnection
for number in range(40):
    connection = BlockingConnection("127.0.0.1:" + sys.argv[1], allowed_mechs="ANONYMOUS", timeout=5)
    receiver = connection.create_receiver("$cbs")
    if number % 2:
        receiver.close()
        connection.close()
    else:
        connection.conn.transport._selectable._delegate.close()
"""


def test_connections_that_come_and_go_leave_nothing(local: LocalBroker) -> None:
    command = [sys.executable, "-c", COME_AND_GO, str(local.running.port)]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - our own
    local.wait_until_gone(list(local.running.connections))
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, AmqpConnection)] == []
    assert cproton.retained_count() == 0


@cuts_connections
def test_links_that_come_and_go_leave_nothing(namespace: Namespace, local: LocalBroker) -> None:
    client = namespace.client()
    for number in range(6):
        with client.get_queue_sender("sessions") as sender:
            sender.send_messages([ServiceBusMessage(f"{number}", session_id="s") for _ in range(3)])
        with client.get_queue_receiver("sessions", session_id="s", max_wait_time=5) as receiver:
            receiver.complete_message(one(receiver))
            receiver.peek_messages(1)
            one(receiver)
        if number % 2:
            local.cut_connections()
    client.close()
    local.wait_until_gone(list(local.running.connections))
    entity = local.running.broker.entity("sessions")
    assert (len(entity.consumers), len(entity.candidates)) == (0, 0)
    gc.collect()
    assert cproton.retained_count() == 0
