"""What a user of azure-servicebus sees: sending, receiving and settling without sessions."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSender,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusError,
)

from tests.integration.servicebus.namespaces import NOTHING, WAIT, Namespace


def one(receiver: ServiceBusReceiver) -> ServiceBusReceivedMessage:
    """Receive the one message that must be there."""
    messages = receiver.receive_messages(1, max_wait_time=WAIT)
    assert len(messages) == 1
    return messages[0]


def bodies(messages: list[ServiceBusReceivedMessage]) -> list[str]:
    """Give the bodies as text."""
    return [str(message) for message in messages]


@pytest.fixture
def sender(namespace: Namespace) -> ServiceBusSender:
    """A sender to ``plain``."""
    return namespace.client().get_queue_sender("plain")


@pytest.fixture
def receiver(namespace: Namespace) -> ServiceBusReceiver:
    """A receiver of ``plain`` that locks."""
    return namespace.client().get_queue_receiver("plain")


def test_a_message_arrives_as_it_was_sent(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    before = datetime.now(UTC)
    sender.send_messages(
        ServiceBusMessage(
            b'{"number": "INV-1", "price": 0.10}',
            message_id="m1",
            correlation_id="c1",
            content_type="application/json",
            subject="invoice",
            to="accounting",
            reply_to="results",
            application_properties={"text": "счёт", "whole": 7, "yes": True, "part": 0.5},
        )
    )
    message = one(receiver)
    assert b"".join(message.body) == b'{"number": "INV-1", "price": 0.10}'
    assert (message.message_id, message.correlation_id, message.subject) == ("m1", "c1", "invoice")
    assert (message.content_type, message.to, message.reply_to) == ("application/json", "accounting", "results")
    assert message.application_properties == {b"text": "счёт".encode(), b"whole": 7, b"yes": True, b"part": 0.5}
    assert message.delivery_count == 0
    assert message.sequence_number
    assert message.enqueued_time_utc is not None
    assert message.locked_until_utc is not None
    assert before - timedelta(seconds=5) < message.enqueued_time_utc < message.locked_until_utc
    receiver.complete_message(message)
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []


def test_a_message_without_an_id_is_given_one(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    ids = {message.message_id for message in receiver.receive_messages(2, max_wait_time=WAIT)}
    assert len(ids) == 2
    assert None not in ids


def test_a_batch_arrives_in_order(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    batch = sender.create_message_batch()
    for number in range(50):
        batch.add_message(ServiceBusMessage(f"{number}", message_id=f"m{number}"))
    sender.send_messages(batch)
    sender.send_messages([ServiceBusMessage("alone in its batch")])
    received: list[str] = []
    while len(received) < 51:
        for message in receiver.receive_messages(20, max_wait_time=WAIT):
            received.append(str(message))
            receiver.complete_message(message)
    assert received == [*(str(number) for number in range(50)), "alone in its batch"]


def test_an_abandoned_message_comes_back_and_counts(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    sender.send_messages([ServiceBusMessage("first"), ServiceBusMessage("second")])
    for count in range(2):
        message = one(receiver)
        assert (str(message), message.delivery_count) == ("first", count)
        receiver.abandon_message(message)


def test_too_many_deliveries_end_in_the_dead_letters(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(ServiceBusMessage("poison", message_id="p"))
    for _ in range(3):
        receiver.abandon_message(one(receiver))
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []
    dead = one(namespace.client().get_queue_receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER))
    assert (dead.message_id, dead.dead_letter_reason) == ("p", "MaxDeliveryCountExceeded")
    assert dead.dead_letter_error_description == "Message could not be consumed after 3 delivery attempts."


def test_a_dead_letter_keeps_its_reason(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(ServiceBusMessage("bad", application_properties={"own": 1}))
    receiver.dead_letter_message(one(receiver), reason="Unreadable", error_description="it has no number")
    graves = namespace.client().get_queue_receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    assert bodies(graves.peek_messages(5)) == ["bad"]
    dead = one(graves)
    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("Unreadable", "it has no number")
    assert dead.application_properties is not None
    assert dead.application_properties[b"own"] == 1
    graves.complete_message(dead)
    assert graves.receive_messages(1, max_wait_time=NOTHING) == []


def test_a_deferred_message_is_received_by_its_number(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    sender.send_messages([ServiceBusMessage("later"), ServiceBusMessage("now")])
    first = one(receiver)
    assert first.sequence_number is not None
    receiver.defer_message(first)
    second = one(receiver)
    assert str(second) == "now"
    receiver.complete_message(second)
    (deferred,) = receiver.receive_deferred_messages(first.sequence_number)
    assert str(deferred) == "later"
    receiver.complete_message(deferred)
    with pytest.raises(ServiceBusError):
        receiver.receive_deferred_messages(first.sequence_number)


def test_receive_and_delete_leaves_nothing(namespace: Namespace, sender: ServiceBusSender) -> None:
    receiver = namespace.client().get_queue_receiver("plain", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE)
    sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    received: list[ServiceBusReceivedMessage] = []
    while len(received) < 2:
        received += receiver.receive_messages(2, max_wait_time=WAIT)
    assert bodies(received) == ["a", "b"]
    assert receiver.peek_messages(5, sequence_number=1) == []


def test_peeking_shows_messages_in_every_state_and_locks_none(
    sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages([ServiceBusMessage("locked"), ServiceBusMessage("deferred"), ServiceBusMessage("active")])
    sender.schedule_messages(ServiceBusMessage("scheduled"), datetime.now(UTC) + timedelta(minutes=20))
    locked, deferred = one(receiver), one(receiver)
    receiver.defer_message(deferred)
    peeked = receiver.peek_messages(10, sequence_number=1)
    assert [(str(message), message.state.name) for message in peeked] == [
        ("locked", "ACTIVE"),
        ("deferred", "DEFERRED"),
        ("active", "ACTIVE"),
        ("scheduled", "SCHEDULED"),
    ]
    assert bodies(receiver.peek_messages(2, sequence_number=1)) == ["locked", "deferred"]
    receiver.complete_message(locked)


def test_a_message_in_the_hands_of_one_receiver_is_not_given_to_another(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    other = namespace.client().get_queue_receiver("plain")
    assert {str(one(receiver)), str(one(other))} == {"a", "b"}
    assert other.receive_messages(1, max_wait_time=NOTHING) == []


def test_a_lock_that_runs_out_gives_the_message_back_and_counts(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(ServiceBusMessage("slow"))
    late = one(receiver)
    namespace.turn_clock(31)
    with pytest.raises(MessageLockLostError):
        receiver.complete_message(late)
    again = one(receiver)
    assert (str(again), again.delivery_count) == ("slow", 1)
    receiver.complete_message(again)


def test_a_renewed_lock_holds(namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    sender.send_messages(ServiceBusMessage("slow"))
    message = one(receiver)
    namespace.turn_clock(20)
    before = message.locked_until_utc
    after = receiver.renew_message_lock(message)
    assert before is not None
    assert timedelta(seconds=19) < after - before < timedelta(seconds=25)
    namespace.turn_clock(20)
    receiver.complete_message(message)
    assert receiver.peek_messages(1, sequence_number=1) == []


def test_a_lock_that_ran_out_cannot_be_renewed(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(ServiceBusMessage("slow"))
    message = one(receiver)
    namespace.turn_clock(31)
    with pytest.raises(MessageLockLostError):
        receiver.renew_message_lock(message)


def test_a_closed_receiver_leaves_its_messages_locked_until_the_lock_runs_out(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(ServiceBusMessage("held"))
    one(receiver)
    receiver.close()
    other = namespace.client().get_queue_receiver("plain")
    assert other.receive_messages(1, max_wait_time=2 * NOTHING) == []
    namespace.turn_clock(31)
    assert one(other).delivery_count == 1


def test_a_message_sent_for_later_comes_later(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    at = datetime.now(UTC) + timedelta(minutes=20)
    sender.send_messages(ServiceBusMessage("later", scheduled_enqueue_time_utc=at))
    assert receiver.receive_messages(1, max_wait_time=NOTHING) == []
    namespace.turn_clock(1801)
    message = one(receiver)
    assert str(message) == "later"
    assert message.enqueued_time_utc is not None
    assert message.enqueued_time_utc >= at.replace(microsecond=0)


def test_a_scheduled_message_can_be_cancelled(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    at = datetime.now(UTC) + timedelta(minutes=20)
    numbers = sender.schedule_messages([ServiceBusMessage("a"), ServiceBusMessage("b")], at)
    sender.cancel_scheduled_messages(numbers[0])
    with pytest.raises(MessageNotFoundError):
        sender.cancel_scheduled_messages(numbers[0])
    namespace.turn_clock(1801)
    assert str(one(receiver)) == "b"


def test_a_duplicate_within_the_window_is_dropped(namespace: Namespace) -> None:
    client = namespace.client()
    sender = client.get_queue_sender("unique")
    receiver = client.get_queue_receiver("unique", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE)
    for body in ("first", "again"):
        sender.send_messages(ServiceBusMessage(body, message_id="same"))
    sender.send_messages([ServiceBusMessage("twice in", message_id="x"), ServiceBusMessage("a batch", message_id="x")])
    received: list[str] = []
    while messages := receiver.receive_messages(5, max_wait_time=2 * NOTHING):
        received += bodies(messages)
    assert received == ["first", "twice in"]
    namespace.turn_clock(601)
    sender.send_messages(ServiceBusMessage("after the window", message_id="same"))
    assert str(one(receiver)) == "after the window"


def test_a_message_that_outlives_its_time_is_dead_lettered_where_the_queue_says_so(
    namespace: Namespace, sender: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    sender.send_messages(
        [ServiceBusMessage("short", time_to_live=timedelta(seconds=60)), ServiceBusMessage("long")],
    )
    namespace.turn_clock(61)
    assert str(one(receiver)) == "long"
    dead = one(namespace.client().get_queue_receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER))
    assert (str(dead), dead.dead_letter_reason) == ("short", "TTLExpiredException")


def test_a_message_that_outlives_its_queues_time_is_dropped_otherwise(namespace: Namespace) -> None:
    client = namespace.client()
    client.get_queue_sender("unique").send_messages(ServiceBusMessage("short"))
    namespace.turn_clock(1801)
    assert client.get_queue_receiver("unique").peek_messages(1) == []
    assert client.get_queue_receiver("unique", sub_queue=ServiceBusSubQueue.DEAD_LETTER).peek_messages(1) == []


def test_an_unknown_queue_is_refused(namespace: Namespace) -> None:
    client = namespace.client()
    with pytest.raises(MessagingEntityNotFoundError):
        client.get_queue_sender("nowhere").send_messages(ServiceBusMessage("x"))
    with pytest.raises(MessagingEntityNotFoundError):
        client.get_queue_receiver("nowhere").receive_messages(1, max_wait_time=WAIT)


def test_queue_names_are_compared_without_case(namespace: Namespace, receiver: ServiceBusReceiver) -> None:
    namespace.client().get_queue_sender("PLAIN").send_messages(ServiceBusMessage("x"))
    assert str(one(receiver)) == "x"


def test_a_message_that_is_too_large_is_refused(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> None:
    with pytest.raises(MessageSizeExceededError):
        sender.send_messages(ServiceBusMessage(b"x" * 2 * 1024 * 1024))
    sender.send_messages(ServiceBusMessage(b"x" * 200 * 1024))
    assert len(str(one(receiver))) == 200 * 1024


def test_a_wrong_key_is_refused(namespace: Namespace) -> None:
    key = namespace.connection_string.split("SharedAccessKey=")[1].split(";")[0]
    stranger = Namespace(namespace.connection_string.replace(key, "bm90LXRoZS1rZXk="))
    with stranger.client() as client, pytest.raises(ServiceBusAuthenticationError):
        client.get_queue_sender("plain").send_messages(ServiceBusMessage("x"))


def test_an_unknown_management_operation_is_refused(namespace: Namespace, receiver: ServiceBusReceiver) -> None:
    if namespace.local is None:
        pytest.skip("how a real namespace words it is not our matter")
    with receiver, pytest.raises(ServiceBusError, match="paint-it-black"):
        receiver._mgmt_request_response_with_retry(b"com.microsoft:paint-it-black", {"colour": "black"}, _raise)


def _raise(status: int, message: object, description: bytes, **_: object) -> None:
    raise ServiceBusError(f"{status} {description.decode()}", retryable=False)
