"""``$batch`` of OData v4 as Service Layer speaks it: one changeset out, its answers in.

Content-ID stands on every operation, because v2 refuses a changeset without (error 244). A changeset that fails
answers once, outside the inner multipart; one that succeeds answers once an operation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from shared import jsontext

CRLF = "\r\n"
_BOUNDARY = re.compile(r'boundary="?([^";]+)', re.IGNORECASE)
_FOLD = re.compile(r"\n[ \t]+")


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
    boundary = _boundary(content_type)
    if boundary is None:
        raise ValueError("a batch answer that is not multipart")
    # Line ends inside JSON are escaped, so this touches none of the content.
    parts = _leaves(boundary, content.replace(b"\r\n", b"\n"))
    if not parts:
        raise ValueError("a batch answer without parts")
    return parts


def _boundary(content_type: str) -> bytes | None:
    """Give what separates the parts; None where the type is no multipart."""
    if not content_type.lower().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("a batch answer without a boundary")
    return found[1].strip().encode()


def _leaves(boundary: bytes, content: bytes) -> list[Part]:
    found: list[Part] = []
    for part in _split(boundary, content):
        head, _, body = part.partition(b"\n\n")
        headers = _headers(head)
        inner = _boundary(headers.get("content-type", ""))
        found += [_part(headers, body)] if inner is None else _leaves(inner, body)
    return found


def _split(boundary: bytes, content: bytes) -> list[bytes]:
    """Give what stands between the delimiter lines. ValueError where the closing one is missing."""
    delimiter, parts, begin = b"--" + boundary, [], -1
    at = content.find(delimiter)
    while at >= 0:
        end = at + len(delimiter)
        closes = content.startswith(b"--", end)
        begins_line = at == 0 or content[at - 1 : at] == b"\n"
        if begins_line and (closes or not content[end : end + 1].strip()):
            if begin >= 0:
                parts.append(content[begin:at])
            if closes:
                return parts
            begin = end
        at = content.find(delimiter, end)
    raise ValueError("a batch answer that is cut short")


def _headers(head: bytes) -> dict[str, str]:
    unfolded = _FOLD.sub(" ", head.decode("latin-1"))
    named = (line.partition(":") for line in unfolded.split("\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in named if colon}


def _part(headers: Mapping[str, str], body: bytes) -> Part:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/http":
        raise ValueError("a batch answer with a part that is not HTTP")
    head, _, content = body.lstrip().partition(b"\n\n")
    status_line, _, rest = head.partition(b"\n")
    words = status_line.decode("latin-1").strip().split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise ValueError("a batch answer without a status")
    # v2 writes Content-ID on the part, v1 inside it
    content_id = headers.get("content-id") or _headers(rest).get("content-id", "")
    return Part(content_id, int(words[1]), content.strip())
