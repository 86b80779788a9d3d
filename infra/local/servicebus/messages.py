"""A message as the broker keeps it: the sender's bytes by section, and what the broker knows about it.

Sections are those of OASIS AMQP 1.0, part 3, "Message Format". Header and message annotations are written anew
for every delivery; properties, application properties and body stay as the sender wrote them.
"""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from infra.local.servicebus import codec
from infra.local.servicebus.codec import MalformedError

HEADER, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES = 0x70, 0x71, 0x72, 0x73, 0x74
DATA, SEQUENCE, VALUE, FOOTER = 0x75, 0x76, 0x77, 0x78

SCHEDULED_ENQUEUE_TIME = "x-opt-scheduled-enqueue-time"
OWN_ANNOTATIONS = frozenset(
    {
        "x-opt-enqueued-time",
        "x-opt-sequence-number",
        "x-opt-enqueue-sequence-number",
        "x-opt-locked-until",
        "x-opt-lock-token",
        "x-opt-message-state",
        SCHEDULED_ENQUEUE_TIME,
    }
)
"""What the broker writes itself, whatever a sender says. The scheduled time is kept only while it lies ahead."""


class State(enum.IntEnum):
    """The state of a message, as ``x-opt-message-state`` writes it."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(frozen=True, slots=True)
class Sections:
    """A message's bytes by section. Absent sections are empty."""

    header: bytes = b""
    message_annotations: bytes = b""
    properties: bytes = b""
    application_properties: bytes = b""
    body: bytes = b""
    """Data, sequence or value sections and the footer, with their descriptors."""

    def to_bytes(self) -> bytes:
        """Write the sections as they were read."""
        values = {
            HEADER: self.header,
            MESSAGE_ANNOTATIONS: self.message_annotations,
            PROPERTIES: self.properties,
            APPLICATION_PROPERTIES: self.application_properties,
        }
        return b"".join(codec.described(key, value) for key, value in values.items() if value) + self.body


def _sections(data: bytes) -> list[tuple[int, int, int]]:
    """Give (descriptor, start of the value, end) of each section."""
    found = []
    at = 0
    while at < len(data):
        if data[at] != 0:
            raise MalformedError("a message section has no descriptor")
        descriptor, start = codec.decode(data, at + 1)
        if not isinstance(descriptor, int) or not HEADER <= descriptor <= FOOTER:
            raise MalformedError(f"{descriptor!r} is not a message section")
        at = codec.skip(data, start)
        found.append((descriptor, start, at))
    return found


def split(data: bytes) -> Sections:
    """Take a message apart. MalformedError where it is none."""
    values = {HEADER: b"", MESSAGE_ANNOTATIONS: b"", PROPERTIES: b"", APPLICATION_PROPERTIES: b""}
    body_from = len(data)
    end = 0
    for descriptor, start, after in _sections(data):
        if descriptor in values:
            values[descriptor] = data[start:after]
        elif descriptor >= DATA:
            body_from = min(body_from, end)
        end = after
    return Sections(
        header=values[HEADER],
        message_annotations=values[MESSAGE_ANNOTATIONS],
        properties=values[PROPERTIES],
        application_properties=values[APPLICATION_PROPERTIES],
        body=data[body_from:],
    )


def unpack(data: bytes) -> list[bytes]:
    """Give the messages in one transfer: several where it is a batch, otherwise the transfer itself.

    A batch has message format 0x80013700, which the engine does not show. It is known by its form: nothing but
    data sections (with at most properties and annotations that the SDKs copy from the first message), each of
    which is a whole message in its turn.
    """
    inner = []
    for descriptor, start, end in _sections(data):
        if descriptor == APPLICATION_PROPERTIES or descriptor > DATA:
            return [data]
        if descriptor != DATA:
            continue
        content, _ = codec.decode(data[start:end])
        if content[:2] != b"\x00\x53" and content[:2] != b"\x00\x80":
            return [data]
        try:
            sections = _sections(content)
        except MalformedError:
            return [data]
        if not any(found >= DATA for found, _, _ in sections):
            return [data]
        inner.append(content)
    return inner or [data]


@dataclass(slots=True)
class Message:
    """One message in a queue. Times are seconds since 1970, UTC."""

    sections: Sections
    message_id: str
    sequence_number: int = 0
    state: State = State.ACTIVE
    session_id: str | None = None
    time_to_live: float | None = None
    """Seconds, as the sender asked; None: for ever."""
    enqueued_at: float = 0.0
    scheduled_for: float | None = None
    expires_at: float | None = None
    delivery_count: int = 0
    added: Mapping[str, bytes] = field(default_factory=dict)
    """Application properties that a settlement put there, such as DeadLetterReason; still encoded."""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Message":
        """Read what the broker must know. MalformedError where it is no message."""
        sections = split(data)
        properties = codec.list_items(sections.properties) if sections.properties else []
        if not properties or properties[0] == codec.NULL:
            # The service gives an id to what has none; Microsoft's JavaScript SDK can't settle a message without.
            properties = [codec.string(uuid.uuid4().hex), *properties[1:]]
            sections = replace(sections, properties=codec.listing(properties))
        message = cls(sections, _key(codec.decode(properties[0])[0]))
        if len(properties) > 10 and properties[10] != codec.NULL:
            message.session_id = str(codec.decode(properties[10])[0])
        if sections.header:
            header = codec.list_items(sections.header)
            if len(header) > 2 and header[2] != codec.NULL:
                message.time_to_live = codec.decode(header[2])[0] / 1000
        if sections.message_annotations:
            scheduled = codec.map_entries(sections.message_annotations).get(SCHEDULED_ENQUEUE_TIME)
            if scheduled is not None and scheduled != codec.NULL:
                message.scheduled_for = codec.decode(scheduled)[0] / 1000
        return message

    def to_bytes(self, *, locked_until: float | None = None, peeked: bool = False) -> bytes:
        """Write the message for a receiver."""
        annotations = [
            (codec.symbol("x-opt-enqueued-time"), codec.timestamp(self.enqueued_at)),
            (codec.symbol("x-opt-sequence-number"), codec.long(self.sequence_number)),
            (codec.symbol("x-opt-enqueue-sequence-number"), codec.long(self.sequence_number)),
        ]
        if locked_until is not None:
            annotations.append((codec.symbol("x-opt-locked-until"), codec.timestamp(locked_until)))
        if peeked or self.state is State.DEFERRED:
            annotations.append((codec.symbol("x-opt-message-state"), codec.integer(self.state)))
        if self.state is State.SCHEDULED and self.scheduled_for is not None:
            annotations.append((codec.symbol(SCHEDULED_ENQUEUE_TIME), codec.timestamp(self.scheduled_for)))
        if self.sections.message_annotations:
            annotations += [
                (codec.symbol(key), value)
                for key, value in codec.map_entries(self.sections.message_annotations).items()
                if key not in OWN_ANNOTATIONS
            ]
        parts = [
            codec.described(HEADER, self._header()),
            codec.described(MESSAGE_ANNOTATIONS, codec.mapping(annotations)),
        ]
        if self.sections.properties:
            parts.append(codec.described(PROPERTIES, self.sections.properties))
        application_properties = self._application_properties()
        if application_properties:
            parts.append(codec.described(APPLICATION_PROPERTIES, application_properties))
        parts.append(self.sections.body)
        return b"".join(parts)

    def _header(self) -> bytes:
        fields = codec.list_items(self.sections.header) if self.sections.header else []
        fields = [*fields, *[codec.NULL] * 5][:5]
        fields[4] = codec.uint(self.delivery_count)
        return codec.listing(fields)

    def _application_properties(self) -> bytes:
        if not self.added:
            return self.sections.application_properties
        own = self.sections.application_properties
        entries = {**(codec.map_entries(own) if own else {}), **self.added}
        return codec.mapping((codec.string(key), value) for key, value in entries.items())


def _key(message_id: str | int | bytes | uuid.UUID) -> str:
    """Give a message id as text, so that 1 and "1" stay different ids."""
    return message_id if isinstance(message_id, str) else f"{type(message_id).__name__}:{message_id!r}"
