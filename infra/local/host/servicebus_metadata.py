"""A message as the .NET host hands it to a Python worker: body and trigger metadata.

Which fields there are, and their names: ``ServiceBusTriggerBindingStrategy`` of the Service Bus extension 5.x. How each
goes over the wire: ``ToRpc`` of the Functions host. What surprises, and is kept:

* a body is decoded as UTF-8 with replacement, unless the binding says ``dataType: binary``; gzip does not survive it;
* in a batch an array of texts leaves out empty entries (the Python worker does not ask for them), so ``CorrelationId``
  and the like are only to be trusted where every message of the batch has one;
* ``EnqueuedTimeUtc`` and ``ExpiresAtUtc`` carry no zone (they are ``DateTimeOffset.DateTime``): Python sees naive ones;
* the delivery count is the AMQP header's plus one.
"""

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage

from infra.local.host.worker import Datum

Wrap = Callable[[Any, str], Datum]

_FOR_EVER = "9999-12-31T23:59:59.9999999"
_NEVER = datetime.min.replace(tzinfo=UTC)
_TEXTS = "collection_string"


def body_bytes(message: ServiceBusReceivedMessage) -> bytes:
    """Give the body; an AMQP value or sequence section is an error, as it is for .NET's ``Body``."""
    body = message.body
    if isinstance(body, bytes):
        return body
    try:
        return b"".join(body)
    except TypeError:
        raise ValueError("the message's body is not an AMQP data section") from None


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def one_body(body: bytes, wrap: Wrap, *, binary: bool) -> Datum:
    """Give the body of a single message."""
    return wrap(body, "bytes") if binary else wrap(_text(body), "string")


def many_bodies(bodies: Sequence[bytes], wrap: Wrap, *, binary: bool) -> Datum:
    """Give the bodies of a batch; like the real host, texts that are empty are left out."""
    if binary:
        return wrap(SimpleNamespace(bytes=list(bodies)), "collection_bytes")
    return wrap(SimpleNamespace(string=[text for text in map(_text, bodies) if text]), "collection_string")


def one_metadata(message: ServiceBusReceivedMessage, wrap: Wrap) -> dict[str, Datum]:
    """Give the trigger metadata of a single message; what is null is absent."""
    fields = _fields(message)
    metadata = {name: wrap(value, "string") for name, value in fields.texts.items() if value is not None}
    metadata |= {name: wrap(json.dumps(value), "json") for name, value in fields.values.items()}
    metadata["SequenceNumber"] = wrap(json.dumps(fields.sequence_number), "json")
    properties = wrap(json.dumps(fields.properties, default=_plain), "json")
    return metadata | {"ApplicationProperties": properties, "UserProperties": properties}


def many_metadata(messages: Sequence[ServiceBusReceivedMessage], wrap: Wrap) -> dict[str, Datum]:
    """Give the trigger metadata of a batch: arrays over the messages."""
    fields = [_fields(message) for message in messages]
    metadata = {
        f"{name}Array": wrap(SimpleNamespace(string=[text for item in fields if (text := item.texts[name])]), _TEXTS)
        for name in fields[0].texts
    }
    for name in fields[0].values:
        metadata[f"{name}Array"] = wrap(json.dumps([item.values[name] for item in fields]), "json")
    numbers = SimpleNamespace(sint64=[item.sequence_number for item in fields])
    metadata["SequenceNumberArray"] = wrap(numbers, "collection_sint64")
    properties = wrap(json.dumps([item.properties for item in fields], default=_plain), "json")
    return metadata | {"ApplicationPropertiesArray": properties, "UserPropertiesArray": properties}


def bare_message(text: str, wrap: Wrap, *, many: bool, binary: bool) -> tuple[Datum, dict[str, Datum]]:
    """Give a message that never was on a queue, for a run by hand: a body and the values of a new .NET message."""
    body = text.encode()
    properties = wrap(json.dumps([{}] if many else {}), "json")
    values = {"DeliveryCount": 0, "EnqueuedTimeUtc": _iso(_NEVER), "ExpiresAtUtc": _FOR_EVER}
    if many:
        metadata = {f"{name}Array": wrap(json.dumps([value]), "json") for name, value in values.items()}
        data = many_bodies([body], wrap, binary=binary)
        return data, metadata | {"ApplicationPropertiesArray": properties, "UserPropertiesArray": properties}
    metadata = {name: wrap(json.dumps(value), "json") for name, value in values.items()}
    data = one_body(body, wrap, binary=binary)
    return data, metadata | {"ApplicationProperties": properties, "UserProperties": properties}


class _Fields:
    """One message's metadata, by how it travels."""

    __slots__ = ("properties", "sequence_number", "texts", "values")

    def __init__(
        self,
        texts: dict[str, str | None],
        values: dict[str, int | str],
        sequence_number: int,
        properties: dict[str, Any],
    ) -> None:
        self.texts, self.values = texts, values
        self.sequence_number, self.properties = sequence_number, properties


def _fields(message: ServiceBusReceivedMessage) -> _Fields:
    enqueued = message.enqueued_time_utc or _NEVER
    expires = _expiry(enqueued, message.time_to_live)
    return _Fields(
        texts={
            "DeadLetterSource": message.dead_letter_source,
            "LockToken": _named(message.lock_token),
            "MessageId": _named(message.message_id),
            "ContentType": message.content_type,
            "ReplyTo": message.reply_to,
            "To": message.to,
            "Subject": message.subject,
            "Label": message.subject,
            "CorrelationId": _named(message.correlation_id),
            "SessionId": message.session_id,
            "ReplyToSessionId": message.reply_to_session_id,
            "PartitionKey": message.partition_key,
            "TransactionPartitionKey": None,
        },
        values={
            "DeliveryCount": (message.delivery_count or 0) + 1,
            "ExpiresAtUtc": expires,
            "ExpiresAt": f"{expires}+00:00",
            "EnqueuedTimeUtc": _iso(enqueued),
            "EnqueuedTime": f"{_iso(enqueued)}+00:00",
        },
        sequence_number=message.sequence_number or 0,
        properties=application_properties(message),
    )


def application_properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    """Give the application properties with text for the SDK's bytes."""
    properties: Mapping[Any, Any] = message.application_properties or {}
    return {_decoded(key): _decoded(value) for key, value in properties.items()}


def _named(identifier: object) -> str | None:
    # AMQP lets an id be a number, a UUID or bytes as well; .NET gives its text.
    return None if identifier is None else str(_decoded(identifier))


def _decoded(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case uuid.UUID() | timedelta():
            return str(value)
    raise TypeError(f"an application property of type {type(value).__name__} has no JSON form")


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def _expiry(enqueued: datetime, time_to_live: timedelta | None) -> str:
    if time_to_live is None:
        return _FOR_EVER
    try:
        return _iso(enqueued + time_to_live)
    except OverflowError:
        return _FOR_EVER
