"""Sessions, as a user of azure-servicebus sees them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import (
    OperationTimeoutError,
    ServiceBusError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from tests.integration.servicebus.namespaces import NOTHING, WAIT, Namespace, cuts_connections
from tests.integration.servicebus.test_sync_sdk import bodies, one

Accept = Callable[..., ServiceBusReceiver]


@pytest.fixture
def sender(namespace: Namespace) -> ServiceBusSender:
    """A sender to ``sessions``."""
    return namespace.client().get_queue_sender("sessions")


@pytest.fixture
def accept(namespace: Namespace) -> Accept:
    """Accept a session, by its id or the next available one."""
    client = namespace.client()

    def _accept(session_id: object = NEXT_AVAILABLE_SESSION, wait: float = WAIT) -> ServiceBusReceiver:
        receiver = client.get_queue_receiver("sessions", session_id=session_id, max_wait_time=wait)  # type: ignore[arg-type]  # the enum member is not in the annotation
        receiver.__enter__()
        return receiver

    return _accept


def message(body: str, session_id: str) -> ServiceBusMessage:
    """Give a message of a session."""
    return ServiceBusMessage(body, session_id=session_id)


def test_a_session_is_received_in_order_and_alone(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages([message("a1", "a"), message("b1", "b"), message("a2", "a"), message("b2", "b")])
    receiver = accept("a")
    assert receiver.session.session_id == "a"
    received = receiver.receive_messages(5, max_wait_time=2 * NOTHING)
    assert bodies(received) == ["a1", "a2"]
    assert {each.session_id for each in received} == {"a"}
    receiver.abandon_message(received[0])
    again = one(receiver)
    assert (str(again), again.delivery_count) == ("a1", 1)


def test_each_receiver_is_given_another_session(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages([message("1", "first"), message("2", "second"), message("3", "first")])
    assert accept().session.session_id == "first"
    assert accept().session.session_id == "second"
    with pytest.raises(OperationTimeoutError):
        accept(wait=NOTHING)


def test_receivers_that_wait_share_the_sessions_that_come(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("warm-up", "warm-up"))
    accept().close()
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(accept) for _ in range(3)]
        sender.send_messages([message(name, name) for name in ("x", "y")])
        taken = {future.result(10).session.session_id for future in waiting}
    assert taken == {"warm-up", "x", "y"}


def test_an_attach_that_was_given_up_takes_no_session(
    namespace: Namespace, sender: ServiceBusSender, accept: Accept
) -> None:
    with pytest.raises(OperationTimeoutError):
        accept(wait=NOTHING)
    if namespace.local is not None:
        entity = namespace.local.running.broker.entity("sessions")
        assert namespace.local.call(lambda: len(entity.candidates)) == 0
    sender.send_messages(message("1", "s"))
    assert accept().session.session_id == "s"


@cuts_connections
def test_an_attach_whose_client_died_takes_no_session(
    namespace: Namespace, sender: ServiceBusSender, accept: Accept
) -> None:
    if namespace.local is None:
        pytest.skip("a real namespace's end of the connection is out of reach")
    local = namespace.local
    entity = local.running.broker.entity("sessions")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(accept, wait=30)
        while not local.call(lambda: len(entity.candidates)):
            assert not waiting.done()
        local.cut_connections()
        with pytest.raises(ServiceBusError):
            waiting.result(20)
    assert local.call(lambda: len(entity.candidates)) == 0
    namespace.client().get_queue_sender("sessions").send_messages(message("1", "s"))
    fresh = namespace.client().get_queue_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT)
    assert str(one(fresh)) == "1"


def test_a_held_session_cannot_be_taken(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("1", "s"))
    accept("s")
    with pytest.raises(SessionCannotBeLockedError):
        accept("s")


def test_closing_frees_a_session_and_counts_nothing(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("1", "s"))
    first = accept("s")
    one(first)
    first.close()
    again = one(accept())
    assert (str(again), again.delivery_count) == ("1", 0)


@cuts_connections
def test_a_broken_connection_frees_its_session(namespace: Namespace, sender: ServiceBusSender, accept: Accept) -> None:
    if namespace.local is None:
        pytest.skip("a real namespace's end of the connection is out of reach")
    sender.send_messages(message("1", "s"))
    holder = accept("s")
    one(holder)
    namespace.local.cut_connections()
    fresh = namespace.client().get_queue_receiver("sessions", session_id="s", max_wait_time=WAIT)
    assert str(one(fresh)) == "1"


def test_a_session_lock_that_runs_out_frees_the_session_and_counts(
    namespace: Namespace, sender: ServiceBusSender, accept: Accept
) -> None:
    sender.send_messages(message("slow", "s"))
    late = accept("s")
    held = one(late)
    namespace.turn_clock(31)
    with pytest.raises((SessionLockLostError, ServiceBusError)):
        late.complete_message(held)
    again = one(accept())
    assert (str(again), again.delivery_count) == ("slow", 1)


def test_a_renewed_session_holds(namespace: Namespace, sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("slow", "s"))
    receiver = accept("s")
    held = one(receiver)
    before = receiver.session.locked_until_utc
    namespace.turn_clock(20)
    assert before is not None
    assert timedelta(seconds=19) < receiver.session.renew_lock() - before < timedelta(seconds=25)
    namespace.turn_clock(20)
    receiver.complete_message(held)
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []


def test_a_sessions_state_outlives_its_receiver(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("1", "s"))
    receiver = accept("s")
    assert receiver.session.get_state() is None
    state = bytes(range(256)) * 40
    receiver.session.set_state(state)
    receiver.close()
    again = accept("s")
    assert again.session.get_state() == state
    again.session.set_state(None)
    assert again.session.get_state() is None


def test_a_sessions_state_stays_whole_under_load(sender: ServiceBusSender, accept: Accept) -> None:
    receiver = accept("busy")
    for round_number in range(50):
        state = f"{round_number}".encode() * 500
        sender.send_messages(message("x", "busy"))
        receiver.session.set_state(state)
        assert receiver.session.get_state() == state


def test_a_deferred_message_of_a_session_is_received_by_its_number(sender: ServiceBusSender, accept: Accept) -> None:
    sender.send_messages(message("later", "s"))
    receiver = accept("s")
    held = one(receiver)
    assert held.sequence_number is not None
    receiver.defer_message(held)
    (deferred,) = receiver.receive_deferred_messages([held.sequence_number])
    assert str(deferred) == "later"
    receiver.complete_message(deferred)


def test_a_dead_letter_of_a_session_queue_is_read_without_a_session(
    namespace: Namespace, sender: ServiceBusSender, accept: Accept
) -> None:
    sender.send_messages(message("bad", "s"))
    receiver = accept("s")
    receiver.dead_letter_message(one(receiver), reason="Unreadable")
    dead = one(namespace.client().get_queue_receiver("sessions", sub_queue="deadletter"))
    assert (str(dead), dead.session_id, dead.dead_letter_reason) == ("bad", "s", "Unreadable")


def test_a_message_without_a_session_is_refused(sender: ServiceBusSender, accept: Accept) -> None:
    with pytest.raises(ServiceBusError, match="SessionId was not set"):
        sender.send_messages(ServiceBusMessage("x"))
    with pytest.raises(ServiceBusError, match="SessionId was not set"):
        sender.send_messages([message("with", "s"), ServiceBusMessage("without")])
    with pytest.raises(OperationTimeoutError):
        accept(wait=NOTHING)


def test_a_receiver_without_a_session_is_refused(namespace: Namespace) -> None:
    receiver = namespace.client().get_queue_receiver("sessions")
    with pytest.raises(ServiceBusError, match="requires sessions"):
        receiver.receive_messages(1, max_wait_time=WAIT)


def test_a_session_of_a_queue_without_sessions_is_refused(namespace: Namespace) -> None:
    receiver = namespace.client().get_queue_receiver("plain", session_id="s")
    with pytest.raises(ServiceBusError, match="does not require sessions"):
        receiver.receive_messages(1, max_wait_time=WAIT)


def test_one_receiver_at_a_time_holds_a_session(sender: ServiceBusSender, accept: Accept) -> None:
    """Lanes under load: whatever many receivers do, no two of them are in one session at once."""
    sender.send_messages([message(f"{number}", f"lane {number % 3}") for number in range(60)])
    inside: set[str] = set()
    done: list[str] = []
    clashes: list[str] = []
    guard = threading.Lock()

    def work() -> None:
        while True:
            try:
                receiver = accept(wait=2 * NOTHING)
            except OperationTimeoutError:
                return
            name = str(receiver.session.session_id)
            with guard:
                if name in inside:
                    clashes.append(name)
                inside.add(name)
            for each in receiver.receive_messages(7, max_wait_time=0.3):
                receiver.complete_message(each)
                with guard:
                    done.append(str(each))
            with guard:
                inside.discard(name)
            receiver.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for _ in range(4)]:
            future.result(30)
    assert clashes == []
    assert sorted(map(int, done)) == list(range(60))
    for lane in range(3):
        numbers = [int(number) for number in done if int(number) % 3 == lane]
        assert numbers == sorted(numbers)
