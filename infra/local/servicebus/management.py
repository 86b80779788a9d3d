"""``$management``: what the SDKs ask of a queue beside sending and receiving.

Requests and replies are those of
https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.servicebus import codec, errors
from infra.local.servicebus.codec import MalformedError
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.messages import VALUE, Message, split
from infra.local.servicebus.queues import Queue


@dataclass(frozen=True)
class Reply:
    """The answer to a request: a status, and a body that is already encoded."""

    status: int = 200
    description: str = "OK"
    condition: str | None = None
    body: bytes = codec.NULL


NO_CONTENT = 204


def refusal(refused: RefusedError) -> Reply:
    """Give a refusal as an answer."""
    return Reply(refused.status, refused.description, refused.condition)


def handle(queue: Queue, operation: str, body: Any) -> Reply:
    """Do what is asked; a refusal is a reply as well."""
    try:
        return _perform(queue, operation, body)
    except RefusedError as refused:
        return refusal(refused)
    except (LookupError, TypeError, ValueError) as error:
        # A field that is missing or has another type; MalformedError is a ValueError.
        return Reply(400, f"The request '{operation}' cannot be read: {error!r}", errors.INVALID_FIELD)


def _perform(queue: Queue, operation: str, body: Any) -> Reply:
    known = _OPERATIONS.get(operation)
    if known is None:
        raise RefusedError(errors.NOT_IMPLEMENTED, f"The operation '{operation}' is not supported by this broker.")
    handler, fields = known
    if not isinstance(body, dict):
        raise RefusedError(errors.INVALID_FIELD, "The request's body is not a map.")
    unknown = sorted(str(field) for field in body.keys() - fields)
    if unknown:
        raise RefusedError(errors.INVALID_FIELD, f"'{operation}' has no field '{unknown[0]}'.")
    return handler(queue, body)


def _mapping(**entries: bytes) -> bytes:
    return codec.mapping((codec.string(key.replace("_", "-")), value) for key, value in entries.items())


def _messages(found: list[bytes]) -> Reply:
    return Reply(body=_mapping(messages=codec.listing(found)))


def _peek(queue: Queue, body: dict[str, Any]) -> Reply:
    messages = queue.peek(body["from-sequence-number"], body["message-count"], body.get("session-id"))
    found = [_mapping(message=codec.binary(message.to_bytes(peeked=True))) for message in messages]
    return _messages(found) if found else Reply(NO_CONTENT, "No messages.", errors.MESSAGE_NOT_FOUND)


def _receive_deferred(queue: Queue, body: dict[str, Any]) -> Reply:
    session_id = body.get("session-id")
    session = None
    if queue.requires_session:
        if session_id is None:
            raise RefusedError(errors.NOT_ALLOWED, "A queue that requires sessions is read with a session id.")
        session = queue.sessions.held(session_id)
    delete = body["receiver-settle-mode"] == 0
    found = []
    for message, lock in queue.receive_deferred(body["sequence-numbers"], session, delete=delete):
        if lock is None:
            found.append(_mapping(message=codec.binary(message.to_bytes())))
        else:
            payload = message.to_bytes(locked_until=lock.expires_at)
            found.append(_mapping(message=codec.binary(payload), lock_token=codec.identifier(lock.token)))
    return _messages(found)


def _update_disposition(queue: Queue, body: dict[str, Any]) -> Reply:
    properties = body.get("properties-to-modify") or {}
    modified = {str(key): codec.encode(value) for key, value in properties.items()}
    for token in body["lock-tokens"]:
        match body["disposition-status"]:
            case "completed":
                queue.complete(token)
            case "abandoned":
                queue.abandon(token, modified)
            case "defered":  # the service's own spelling
                queue.defer(token, modified)
            case "suspended":
                reason, description = body.get("deadletter-reason"), body.get("deadletter-description")
                queue.dead_letter(token, reason, description, modified)
            case other:
                raise RefusedError(errors.ARGUMENT_ERROR, f"'{other}' is not a disposition.")
    return Reply()


def _renew_lock(queue: Queue, body: dict[str, Any]) -> Reply:
    expirations = [queue.renew(token) for token in body["lock-tokens"]]
    return Reply(body=_mapping(expirations=codec.array(0x83, [codec.timestamp(at)[1:] for at in expirations])))


def _schedule(queue: Queue, body: dict[str, Any]) -> Reply:
    messages = [Message.from_bytes(entry["message"]) for entry in body["messages"]]
    for message in messages:
        queue.check(message)
        if message.scheduled_for is None:
            raise RefusedError(errors.INVALID_FIELD, "A message to schedule has no x-opt-scheduled-enqueue-time.")
    numbers = [queue.send(message) for message in messages]
    return Reply(body=_mapping(sequence_numbers=codec.array(0x81, [codec.long(number)[1:] for number in numbers])))


def _cancel_scheduled(queue: Queue, body: dict[str, Any]) -> Reply:
    for number in body["sequence-numbers"]:
        queue.cancel_scheduled(number)
    return Reply()


def _session_id(queue: Queue, body: dict[str, Any]) -> str:
    if not queue.requires_session:
        raise RefusedError(errors.NOT_ALLOWED, f"The queue '{queue.name}' does not require sessions.")
    return str(body["session-id"])


def _renew_session(queue: Queue, body: dict[str, Any]) -> Reply:
    return Reply(body=_mapping(expiration=codec.timestamp(queue.sessions.renew(_session_id(queue, body)))))


def _get_state(queue: Queue, body: dict[str, Any]) -> Reply:
    session = queue.sessions.held(_session_id(queue, body))
    state = queue.sessions.state(session.session_id)
    return Reply(
        body=codec.mapping([(codec.string("session-state"), codec.NULL if state is None else codec.binary(state))])
    )


def _set_state(queue: Queue, body: dict[str, Any]) -> Reply:
    session = queue.sessions.held(_session_id(queue, body))
    queue.sessions.set_state(session.session_id, body["session-state"])
    return Reply()


def _list_sessions(queue: Queue, body: dict[str, Any]) -> Reply:
    found = queue.session_ids()[body["skip"] :][: body["top"]]
    if not found:
        return Reply(NO_CONTENT, "No sessions.", "com.microsoft:session-not-found")
    return Reply(
        body=codec.mapping(
            [
                (codec.string("skip"), codec.integer(body["skip"])),
                (codec.string("sessions-ids"), codec.array(0xB1, [_long_string(session_id) for session_id in found])),
            ]
        )
    )


def _long_string(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(4, "big") + content


_Handler = Callable[[Queue, dict[str, Any]], Reply]
_OPERATIONS: dict[str, tuple[_Handler, frozenset[str]]] = {
    f"com.microsoft:{name}": (handler, frozenset(fields))
    for name, handler, fields in (
        ("peek-message", _peek, {"from-sequence-number", "message-count", "session-id"}),
        (
            "receive-by-sequence-number",
            _receive_deferred,
            {"sequence-numbers", "receiver-settle-mode", "session-id"},
        ),
        (
            "update-disposition",
            _update_disposition,
            {
                "disposition-status",
                "lock-tokens",
                "session-id",
                "deadletter-reason",
                "deadletter-description",
                "properties-to-modify",
            },
        ),
        ("renew-lock", _renew_lock, {"lock-tokens"}),
        ("schedule-message", _schedule, {"messages"}),
        ("cancel-scheduled-message", _cancel_scheduled, {"sequence-numbers"}),
        ("renew-session-lock", _renew_session, {"session-id"}),
        ("get-session-state", _get_state, {"session-id"}),
        ("set-session-state", _set_state, {"session-id", "session-state"}),
        ("get-message-sessions", _list_sessions, {"last-updated-time", "skip", "top"}),
    )
}


@dataclass(frozen=True)
class Request:
    """A request as it came over a link."""

    message_id: bytes
    """Still encoded: it goes back as the correlation id."""
    reply_to: str | None
    properties: dict[str, Any]
    body: Any


def read_request(data: bytes) -> Request:
    """Read a request. MalformedError where it is none."""
    sections = split(data)
    properties = codec.list_items(sections.properties) if sections.properties else []
    properties = [*properties, *[codec.NULL] * 5]
    named = codec.decode(sections.application_properties)[0] if sections.application_properties else {}
    body, _ = codec.decode(sections.body) if sections.body else (None, 0)
    if not isinstance(body, codec.Described) or body.descriptor != VALUE:
        raise MalformedError("a request's body is a value")
    return Request(properties[0], codec.decode(properties[4])[0], named, body.value)


Names = tuple[str, str, str | None]
"""What a reply calls its status, its description and its condition; None leaves the condition out."""


def write_reply(request: Request, reply: Reply, names: Names) -> bytes:
    """Write an answer."""
    status, description, condition = names
    entries = [
        (codec.string(status), codec.integer(reply.status)),
        (codec.string(description), codec.string(reply.description)),
    ]
    if reply.condition is not None and condition is not None:
        entries.append((codec.string(condition), codec.symbol(reply.condition)))
    return b"".join(
        (
            codec.described(0x73, codec.listing([*[codec.NULL] * 5, request.message_id])),
            codec.described(0x74, codec.mapping(entries)),
            codec.described(0x77, reply.body),
        )
    )
