"""``$batch`` of OData v4 as Service Layer speaks it: one changeset out, its answers in.

Content-ID stands on every operation, because v2 refuses a changeset without (error 244). A changeset that fails
answers once, outside the inner multipart; one that succeeds answers once an operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any
from uuid import uuid4

from shared import jsontext

CRLF = "\r\n"


@dataclass(frozen=True)
class Create:
    """A POST to an entity set."""

    entity: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One answer inside a batch."""

    content_id: str
    status: int
    content: bytes


def encode(root: str, operations: Sequence[Create]) -> tuple[str, bytes]:
    """Give the Content-Type and the body of a batch with one changeset; ``root`` is the path such as ``/b1s/v2``."""
    outer, inner = f"batch_{uuid4()}", f"changeset_{uuid4()}"
    lines = [f"--{outer}", f"Content-Type: multipart/mixed; boundary={inner}", ""]
    for number, operation in enumerate(operations, 1):
        lines += [
            f"--{inner}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: {number}",
            "",
            f"POST {root}/{operation.entity} HTTP/1.1",
            "Content-Type: application/json",
            "",
            jsontext.dumps(operation.body),
        ]
    lines += [f"--{inner}--", f"--{outer}--", ""]
    return f"multipart/mixed; boundary={outer}", CRLF.join(lines).encode()


def decode(content_type: str, content: bytes) -> list[Part]:
    """Read a batch answer. ValueError where it is not one, or is cut short: then nobody knows what was done."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
    parts = list(_leaves(message))
    if not parts:
        raise ValueError("a batch answer without parts")
    return parts


def _leaves(message: Message) -> list[Part]:
    if message.defects:
        raise ValueError("a batch answer that is cut short")
    if not message.is_multipart():
        return [_part(message)]
    found: list[Part] = []
    for inner in message.get_payload():
        if not isinstance(inner, Message):
            raise TypeError("the parser gave a multipart without parts")
        found += _leaves(inner)
    return found


def _part(message: Message) -> Part:
    raw = message.get_payload(decode=True)
    if message.get_content_type() != "application/http" or not isinstance(raw, bytes):
        raise ValueError("a batch answer with a part that is not HTTP")
    head, _, content = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    status_line, *headers = head.decode("latin-1").strip().split("\n")
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise ValueError("a batch answer without a status")
    named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in headers)}
    # v2 writes Content-ID on the part, v1 inside it
    content_id = str(message.get("Content-ID") or named.get("content-id", ""))
    return Part(content_id, int(words[1]), content.strip())
