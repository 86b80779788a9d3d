"""What survives when the broker is killed, and how it starts and stops as a command."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError

from tests.integration.servicebus.namespaces import CONFIG, NOTHING, REAL, WAIT, Client, cuts_connections
from tests.integration.servicebus.test_sync_sdk import bodies, one

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(REAL is not None, reason="a real namespace is not ours to start and kill")


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Serve as a command; give the process and its first line."""
    command = [sys.executable, "-m", "infra.local", "serve", "servicebus", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def connect(line: dict[str, str]) -> ServiceBusClient:
    """Give a client of a served broker."""
    return Client.from_connection_string(line["connection_string"], retry_total=0, socket_timeout=0.02)


@contextmanager
def kept(state: Path) -> Iterator[ServiceBusClient]:
    """Serve with a state file, and kill the broker at the end, while the client is still connected."""
    with served("--state", str(state), "--set", f"config={CONFIG}") as (process, line), connect(line) as client:
        yield client
        os.kill(process.pid, signal.SIGKILL)


@cuts_connections
def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "servicebus.sqlite"
    with kept(state) as client:
        sender, receiver = client.get_queue_sender("plain"), client.get_queue_receiver("plain")
        sender.send_messages([ServiceBusMessage(name) for name in ("completed", "deferred", "dead", "abandoned")])
        receiver.complete_message(one(receiver))
        deferred = one(receiver)
        receiver.defer_message(deferred)
        receiver.dead_letter_message(one(receiver), reason="Unreadable", error_description="no number")
        receiver.abandon_message(one(receiver))
        sender.send_messages(ServiceBusMessage("locked", application_properties={"text": "счёт"}))
        held = [one(receiver), one(receiver)]
        sender.schedule_messages(ServiceBusMessage("later"), datetime.now(UTC) + timedelta(hours=1))
        last_number = held[-1].sequence_number
        client.get_queue_sender("unique").send_messages(ServiceBusMessage("first", message_id="same"))
        client.get_queue_sender("sessions").send_messages(ServiceBusMessage("in a session", session_id="s"))
        with client.get_queue_receiver("sessions", session_id="s") as session_receiver:
            session_receiver.session.set_state(b"halfway\0")
    with kept(state) as client:
        receiver = client.get_queue_receiver("plain")
        peeked = receiver.peek_messages(10, sequence_number=1)
        assert [(str(message), message.state.name) for message in peeked] == [
            ("deferred", "DEFERRED"),
            ("abandoned", "ACTIVE"),
            ("locked", "ACTIVE"),
            ("later", "SCHEDULED"),
        ]
        messages = [one(receiver), one(receiver)]
        assert [(str(message), message.delivery_count) for message in messages] == [("abandoned", 1), ("locked", 0)]
        assert messages[1].application_properties == {b"text": "счёт".encode()}
        dead = one(client.get_queue_receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER))
        assert (str(dead), dead.dead_letter_reason) == ("dead", "Unreadable")
        assert dead.dead_letter_error_description == "no number"
        assert deferred.sequence_number is not None
        assert bodies(receiver.receive_deferred_messages(deferred.sequence_number)) == ["deferred"]
        client.get_queue_sender("unique").send_messages(ServiceBusMessage("again", message_id="same"))
        assert bodies(client.get_queue_receiver("unique").receive_messages(5, max_wait_time=1)) == ["first"]
        with client.get_queue_receiver("sessions", session_id="s") as session_receiver:
            assert session_receiver.session.get_state() == b"halfway\0"
            assert str(one(session_receiver)) == "in a session"
        client.get_queue_sender("plain").send_messages(ServiceBusMessage("new"))
        newest = one(receiver)
        assert str(newest) == "new"
        assert last_number is not None
        assert newest.sequence_number is not None
        assert newest.sequence_number > last_number


def test_the_apps_queues_are_declared_and_sigterm_stops_the_broker() -> None:
    with served("--port", "0") as (process, line):
        assert line["service"] == "servicebus"
        with connect(line) as client:
            for name in ("changes", "results", "poison"):
                assert client.get_queue_receiver(name).receive_messages(1, max_wait_time=NOTHING) == []
            for name in ("onec", "sapb1"):
                with client.get_queue_receiver(name, session_id="lane 0", max_wait_time=WAIT) as receiver:
                    assert receiver.session.session_id == "lane 0"
            sender = client.get_queue_sender("changes")
            for _ in range(2):
                sender.send_messages(ServiceBusMessage("a webhook and its retry", message_id="event"))
            assert len(client.get_queue_receiver("changes").peek_messages(5)) == 1
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--set", "colour=black"], "servicebus has no setting 'colour'"),
        (["--set", "config=/nowhere/Config.json"], "cannot be read"),
        (["--set", "max_message_bytes=plenty"], "max_message_bytes"),
    ],
)
def test_a_setting_that_cannot_be_served_is_refused(arguments: list[str], reason: str) -> None:
    command = [sys.executable, "-m", "infra.local", "serve", "servicebus", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - our own
    assert done.returncode != 0
    assert reason in done.stderr


@cuts_connections
def test_whatever_was_acknowledged_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    state = tmp_path / "servicebus.sqlite"
    arguments = ["--state", str(state), "--set", f"config={CONFIG}"]
    acknowledged: list[str] = []
    completed: list[str] = []
    with served(*arguments) as (process, line), connect(line) as client:
        sender, receiver = client.get_queue_sender("plain"), client.get_queue_receiver("plain", prefetch_count=10)
        sender.send_messages(ServiceBusMessage("0"))
        acknowledged.append("0")

        def send() -> None:
            with pytest.raises(ServiceBusError):
                while True:
                    body = str(len(acknowledged))
                    sender.send_messages(ServiceBusMessage(body))
                    acknowledged.append(body)

        def complete() -> None:
            with pytest.raises((ServiceBusError, ValueError)):
                while True:
                    for message in receiver.receive_messages(5, max_wait_time=WAIT):
                        receiver.complete_message(message)
                        completed.append(str(message))
                        if len(completed) == 200:
                            process.kill()

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(send), pool.submit(complete)]:
                future.result(60)
    assert len(completed) >= 200
    with served(*arguments) as (_, line), connect(line) as client:
        receiver = client.get_queue_receiver("plain")
        left: list[str] = []
        number = 1
        while peeked := receiver.peek_messages(200, sequence_number=number):
            left += bodies(peeked)
            number = (peeked[-1].sequence_number or 0) + 1
    # The last send and the last completion may have been done and not acknowledged.
    assert len(set(acknowledged) - set(completed) - set(left)) <= 1
    assert set(completed) & set(left) == set()
