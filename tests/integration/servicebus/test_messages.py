"""AMQP by hand against AMQP by Qpid Proton: what one writes the other reads, bit for bit."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proton import Data, symbol
from proton import Message as ProtonMessage

from infra.local.servicebus import codec
from infra.local.servicebus.codec import MalformedError
from infra.local.servicebus.messages import Message, split, unpack

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
    | st.binary(max_size=300)
    | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def by_proton(value: Any) -> bytes:
    """Write a value with the engine."""
    data = Data()
    data.put_object(value)
    return bytes(data.encode())


@given(VALUES)
def test_what_the_engine_writes_is_read(value: Any) -> None:
    data = by_proton(value)
    assert codec.skip(data, 0) == len(data)
    assert codec.decode(data) == (value, len(data))


@given(VALUES.filter(lambda value: not isinstance(value, (list, dict))))
def test_what_is_written_the_engine_reads(value: Any) -> None:
    data = Data()
    data.decode(codec.encode(value))
    data.next()
    found = data.get_object()
    assert (bytes(found) if isinstance(found, memoryview) else found) == value


@given(st.dictionaries(st.text(max_size=300), st.integers(0, 2**31), max_size=300))
def test_maps_and_lists_of_any_size(entries: dict[str, int]) -> None:
    written = codec.mapping((codec.string(key), codec.long(value)) for key, value in entries.items())
    assert codec.decode(written) == (entries, len(written))
    assert {key: codec.decode(value)[0] for key, value in codec.map_entries(written).items()} == entries
    listed = codec.listing(codec.long(value) for value in entries.values())
    assert codec.decode(listed)[0] == list(entries.values())
    assert [codec.decode(item)[0] for item in codec.list_items(listed)] == list(entries.values())


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=300))
def test_arrays(numbers: list[int]) -> None:
    written = codec.array(0x81, [codec.long(number)[1:] for number in numbers])
    assert codec.decode(written) == (numbers, len(written))


@given(st.binary(max_size=60))
def test_rubbish_is_malformed_or_a_value_and_never_an_accident(data: bytes) -> None:
    try:
        _, end = codec.decode(data)
    except (MalformedError, ValueError):
        return
    assert 0 < end <= len(data)


def sample(**fields: Any) -> ProtonMessage:
    """Give a message made by the engine."""
    return ProtonMessage(
        id="m1",
        body=b"\x00\x01body",
        inferred=True,
        properties={"text": "счёт", "id": uuid.UUID(int=7)},
        annotations={symbol("x-opt-partition-key"): "p", symbol("x-opt-sequence-number"): 99},
        **fields,
    )


def test_a_message_is_given_back_as_it_was_with_the_brokers_words_added() -> None:
    message = Message.from_bytes(bytes(sample(ttl=90.0, durable=True, group_id="s").encode()))
    assert (message.message_id, message.session_id, message.time_to_live) == ("m1", "s", 90.0)
    message.sequence_number, message.enqueued_at, message.delivery_count = 5, 1_700_000_000.25, 2
    message.added = {"DeadLetterReason": codec.string("why")}
    back: Any = ProtonMessage()
    back.decode(message.to_bytes(locked_until=1_700_000_060.0))
    assert (back.id, back.group_id, back.ttl, back.durable, back.delivery_count) == ("m1", "s", 90.0, True, 2)
    assert bytes(back.body) == b"\x00\x01body"
    assert back.properties == {"text": "счёт", "id": uuid.UUID(int=7), "DeadLetterReason": "why"}
    assert back.annotations[symbol("x-opt-sequence-number")] == 5
    assert back.annotations[symbol("x-opt-enqueued-time")] == 1_700_000_000_250
    assert back.annotations[symbol("x-opt-locked-until")] == 1_700_000_060_000
    assert back.annotations[symbol("x-opt-partition-key")] == "p"


@pytest.mark.parametrize("message_id", ["1", 1, uuid.UUID(int=1), b"1"])
def test_ids_of_different_types_are_different(message_id: Any) -> None:
    keys = {
        Message.from_bytes(bytes(ProtonMessage(id=other).encode())).message_id
        for other in ("1", 1, uuid.UUID(int=1), b"1")
    }
    assert len(keys) == 4
    assert Message.from_bytes(bytes(ProtonMessage(id=message_id).encode())).message_id in keys


def test_a_batch_is_taken_apart_and_a_message_is_not() -> None:
    inner = [bytes(sample(subject=f"{number}").encode()) for number in range(3)]
    envelope = codec.described(0x73, codec.listing([codec.string("m1")]))
    batch = envelope + b"".join(codec.described(0x75, codec.binary(each)) for each in inner)
    assert unpack(batch) == inner
    for single in (inner[0], bytes(ProtonMessage(body="a string").encode()), bytes(ProtonMessage().encode())):
        assert unpack(single) == [single]
    looks_alike = bytes(ProtonMessage(body=inner[0], inferred=True, properties={"own": 1}).encode())
    assert unpack(looks_alike) == [looks_alike]


@pytest.mark.parametrize("data", [b"x", b"\x00\x53\x75", b"\x00\x53\x10\x40", b"\x00\x53\x75\xb0\xff\xff\xff\xff"])
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        split(data)
