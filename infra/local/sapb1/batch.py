"""$batch: a multipart body in, its parts done in order, a multipart body out, in the shape that was captured.

It stops at the first failure. A changeset is one transaction; when one of its operations fails, nothing of it
stays, and it is answered once, as a plain part.
"""

import re
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.local.sapb1.answers import protocol
from infra.local.sapb1.errors import SapError, unsupported
from infra.local.sapb1.odata import Answer, Call
from infra.local.sapb1.service import ServiceLayer

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"(GET|POST|PATCH|PUT|DELETE|MERGE)\s+(\S+)\s+HTTP/1\.1")
_REFERENCE = re.compile(r"\$(\w+)")
_PREFIX = re.compile(r"/?b1s/v[12]/")


class _Failed(Exception):
    """An operation of a changeset was refused."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _incomplete() -> SapError:
    return SapError(-1000, "Incomplete Batch Request Body!")


@dataclass(frozen=True)
class _Part:
    """A piece of a multipart body: its headers (lower case) and what follows them."""

    headers: dict[str, str]
    content: bytes


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _incomplete()
        headers[name.strip().lower()] = value.strip()
    return headers


def _head_and_body(data: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = data.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
    return [line for line in head.split(b"\n") if line.strip()], body


def _parts(data: bytes, boundary: str) -> list[_Part]:
    """Split a multipart body. SapError where its last line is missing."""
    mark = b"--" + boundary.encode("latin-1")
    pieces: list[list[bytes]] = []
    ended = False
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        if line.strip() == mark:
            pieces.append([])
        elif line.strip() == mark + b"--":
            ended = True
            break
        elif pieces:
            pieces[-1].append(line)
    if not ended or not pieces:
        raise _incomplete()
    parts = []
    for piece in pieces:
        head, body = _head_and_body(b"\n".join(piece))
        parts.append(_Part(_headers(head), body))
    return parts


def _boundary(content_type: str) -> str:
    match = _BOUNDARY.search(content_type)
    if match is None or not content_type.lower().startswith("multipart/mixed"):
        raise _incomplete()
    return match[1]


def _operation(outer: Call, part: _Part, *, batched: bool) -> Call:
    """Read the request inside a part."""
    if not part.headers.get("content-type", "").lower().startswith("application/http"):
        raise _incomplete()
    lines, body = _head_and_body(part.content)
    match = _REQUEST_LINE.fullmatch(lines[0].decode("latin-1").strip()) if lines else None
    if match is None:
        raise _incomplete()
    address = urlsplit(match[2])
    return Call(
        method="PATCH" if match[1] == "MERGE" else match[1],
        version=outer.version,
        base=outer.base,
        path=unquote(_PREFIX.sub("", address.path, count=1)).lstrip("/"),
        query=parse_qsl(address.query, keep_blank_values=True),
        headers={**_headers(lines[1:]), "cookie": outer.headers.get("cookie", "")},
        body=body.strip(),
        batched=batched,
    )


class Batch:
    """Does batches."""

    def __init__(self, service: ServiceLayer) -> None:
        self._service = service

    def handle(self, call: Call) -> Answer:
        """Do a batch, and answer 200 (v1: 202) whatever became of its parts; refuse what is no batch at all."""
        self._service.stats["POST $batch"] = self._service.stats.get("POST $batch", 0) + 1
        try:
            self._service.check_session(call)
            if call.headers.get("prefer"):
                raise unsupported(f"Preference '{call.headers['prefer']}' with $batch")
            parts = _parts(call.body, _boundary(call.headers.get("content-type", "")))
        except SapError as error:
            return self._service.refusal(call, error)
        mark = uuid.uuid4()
        boundary = f"batchresponse_{mark}"
        written: list[bytes] = []
        for part in parts:
            content, went_well = self._part(call, part, f"changesetresponse_{mark}")
            written.append(b"--" + boundary.encode() + b"\r\n" + content)
            if not went_well:
                break
        body = b"".join(written) + b"--" + boundary.encode() + b"--\r\n"
        headers = {"Content-Type": f"multipart/mixed;boundary={boundary}", **protocol(call)}
        return Answer(200 if call.version == "v2" else 202, headers, body)

    def _part(self, call: Call, part: _Part, boundary: str) -> tuple[bytes, bool]:
        """Do a part; give its answer, and whether the batch goes on."""
        try:
            if part.headers.get("content-type", "").lower().startswith("multipart/mixed"):
                return self._changeset(call, part, boundary), True
            operation = _operation(call, part, batched=False)
        except SapError as error:
            return _written(call, self._service.refusal(call, error)), False
        except _Failed as failed:
            return _written(call, failed.answer), False
        answer = self._service.handle(operation)
        return _written(call, answer, part.headers.get("content-id")), answer.status < 400

    def _changeset(self, call: Call, part: _Part, boundary: str) -> bytes:
        operations: list[tuple[str, Call]] = []
        for inner in _parts(part.content, _boundary(part.headers["content-type"])):
            content_id = inner.headers.get("content-id")
            if not content_id:
                raise SapError(244, "Content ID should be specified in each change set request.")
            operation = _operation(call, inner, batched=True)
            if operation.method == "GET":
                raise SapError(-1000, "GET is not allowed in a change set.")
            if any(content_id == known for known, _ in operations):
                raise SapError(-1000, f"Content ID '{content_id}' is not unique in its change set.")
            operations.append((content_id, operation))
        books, settings = self._service.context.books, self._service.context.settings
        try:
            with books.transaction() if settings.changeset_atomic else nullcontext():
                answers = self._all(operations)
        except _Failed:
            self._service.context.reload_model()
            self._keep_draft()
            raise
        mark = b"--" + boundary.encode()
        lines = b"".join(mark + b"\r\n" + _written(call, answer, content_id) for content_id, answer in answers)
        return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + lines + mark + b"--\r\n"

    def _all(self, operations: list[tuple[str, Call]]) -> list[tuple[str, Answer]]:
        answers: list[tuple[str, Answer]] = []
        created: dict[str, str] = {}
        for content_id, operation in operations:
            call = _resolved(operation, created)
            answer = self._service.handle(call)
            if answer.status >= 400:
                raise _Failed(answer)
            answers.append((content_id, answer))
            location = answer.headers.get("Location")
            if location is not None:
                created[content_id] = unquote(location.removeprefix(f"{call.base}/"))
        return answers

    def _keep_draft(self) -> None:
        """Leave the draft that an approval procedure made, though its changeset is rolled back."""
        pending = self._service.pending
        if pending is not None and self._service.context.settings.approval_draft_survives_changeset:
            self._service.keep_draft(pending)


def _resolved(call: Call, created: dict[str, str]) -> Call:
    """Put what an earlier operation created in the place of ``$1``."""
    match = _REFERENCE.match(call.path)
    if match is None:
        return call
    target = created.get(match[1])
    if target is None:
        raise _Failed(
            Answer(
                400,
                {"Content-Type": "application/json;charset=utf-8"},
                SapError(-1000, f"Content ID '{match[1]}' refers to nothing.").body(call.version),
            )
        )
    return Call(
        call.method,
        call.version,
        call.base,
        target + call.path[match.end() :],
        call.query,
        call.headers,
        call.body,
        batched=call.batched,
    )


def _written(call: Call, answer: Answer, content_id: str | None = None) -> bytes:
    """Write one part, byte for byte in the shape of the captured traffic (v1 has Content-ID inside, v2 outside)."""
    reason = HTTPStatus(answer.status).phrase
    headers = dict(answer.headers)
    outer = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    inner = [f"HTTP/1.1 {answer.status} {reason}"]
    if content_id is not None:
        (outer if call.version == "v2" else inner).append(f"Content-ID: {content_id}")
    if answer.body:
        inner.append(f"Content-Type: {headers['Content-Type']}")
        inner.append(f"Content-Length: {len(answer.body)}")
    inner += [f"{name}: {headers[name]}" for name in sorted(headers) if name not in {"Content-Type", "Set-Cookie"}]
    lines = [*outer, "", *inner, "", ""]
    return "\r\n".join(lines).encode() + answer.body + b"\r\n"
