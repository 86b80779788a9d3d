"""The multipart shape of OData ``$batch``: operations in, answers out. Pure text, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import jsontext

MAX_OPERATIONS = 1000
"""Dataverse takes no more in one batch."""


@dataclass(frozen=True)
class Operation:
    """One request inside a batch; ``path`` is relative to the service root."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One answer inside a batch."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Parse the body; an empty one is None."""
        return jsontext.loads(self.content) if self.content else None


def encode(operations: Sequence[Operation], root: str, boundary: str) -> bytes:
    """Write the operations, each a part of its own (no changeset: every one settles by itself)."""
    if len(operations) > MAX_OPERATIONS:
        raise ValueError(f"{len(operations)} operations in a batch, at most {MAX_OPERATIONS}")
    lines: list[str] = []
    for number, operation in enumerate(operations, start=1):
        lines += [
            f"--{boundary}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: {number}",
            "",
            f"{operation.method} {root}{operation.path} HTTP/1.1",
            "Accept: application/json",
        ]
        lines += [f"{name}: {value}" for name, value in operation.headers.items()]
        if operation.body is None:
            lines += ["", ""]
        else:
            lines += ["Content-Type: application/json; charset=utf-8", "", jsontext.dumps(operation.body)]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode()


def decode(content_type: str, content: bytes) -> list[Part]:
    """Read the answers in order. ValueError where the answer is no multipart or was cut short."""
    boundary = _boundary(content_type)
    sections = content.split(b"--" + boundary)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise ValueError("the answer to a batch was cut short")
    return [_part(section) for section in sections[1:-1]]


def _boundary(content_type: str) -> bytes:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"').encode()
    raise ValueError("the answer to a batch is no multipart")


def _part(section: bytes) -> Part:
    _, _, http = section.partition(b"\r\n\r\n")
    head, _, body = http.partition(b"\r\n\r\n")
    status_line, *header_lines = head.decode().split("\r\n")
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[1].isdecimal():
        raise ValueError("a part of a batch's answer has no status")
    headers = {}
    for line in header_lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(int(words[1]), headers, body.rstrip(b"\r\n"))
