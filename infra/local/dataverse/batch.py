"""``$batch``: a multipart body of requests, and the multipart body of their answers."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from infra.local.dataverse.api import Api, tag_of
from infra.local.dataverse.errors import DataverseError, not_understood
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, new_session, parse_preferences, refusal
from infra.local.dataverse.session import User
from infra.local.dataverse.store import Ref

MAX_OPERATIONS = 1000
_BREATHE = 20
"""Operations between two moments in which other requests get their turn."""

_BOUNDARY = re.compile(r'multipart/mixed\s*;.*?boundary\s*=\s*"?([^";\s]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"([A-Z]+) (.+) HTTP/1\.1\Z")
_CRLF = b"\r\n"


@dataclass(frozen=True)
class Operation:
    """One request as it stands in a batch."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_id: str | None


Part = Operation | list[Operation]
"""A request of its own, or a changeset."""


def boundary_of(content_type: str) -> str:
    """Give the boundary of a multipart/mixed content type."""
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise not_understood(f"The content type '{content_type}' is not multipart/mixed with a boundary.")
    return match[1]


def _headers(text: bytes) -> dict[str, str]:
    headers = {}
    for line in text.split(_CRLF):
        if line:
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.strip().lower()] = value.strip()
    return headers


def _split(body: bytes, boundary: str) -> list[tuple[dict[str, str], bytes]]:
    delimiter = b"--" + boundary.encode()
    # The first delimiter has no line before it.
    pieces = (_CRLF + body).split(_CRLF + delimiter)
    if len(pieces) < 2:
        raise not_understood("The batch has no part, or its lines don't end in CRLF.")
    if not pieces[-1].startswith(b"--"):
        raise not_understood("The batch doesn't end with its closing boundary, or its lines don't end in CRLF.")
    parts = []
    for piece in pieces[1:-1]:
        if not piece.startswith(_CRLF):
            raise not_understood("A boundary of the batch is not followed by CRLF.")
        head, separator, content = piece.removeprefix(_CRLF).partition(_CRLF + _CRLF)
        if not separator:
            raise not_understood("A part of the batch has no empty line between its headers and its content.")
        parts.append((_headers(head), content))
    return parts


def _operation(headers: Mapping[str, str], content: bytes) -> Operation:
    if not headers.get("content-type", "").startswith("application/http"):
        raise not_understood("A part of the batch must have the content type application/http.")
    line, _, rest = content.partition(_CRLF)
    text = line.decode("utf-8", "replace").strip()
    match = _REQUEST_LINE.match(text)
    if match is None:
        raise not_understood(f"The request line '{text}' can't be read.")
    if rest.startswith(_CRLF):
        head, body = b"", rest.removeprefix(_CRLF)
    else:
        head, _, body = rest.partition(_CRLF + _CRLF)
    return Operation(match[1], match[2], _headers(head), body.strip(), headers.get("content-id"))


def parse(body: bytes, content_type: str) -> list[Part]:
    """Take a batch apart; DataverseError where it doesn't follow the form."""
    parts: list[Part] = []
    for headers, content in _split(body, boundary_of(content_type)):
        if headers.get("content-type", "").startswith("multipart/mixed"):
            changeset = [_operation(*part) for part in _split(content, boundary_of(headers["content-type"]))]
            if not changeset:
                raise not_understood("A change set of the batch is empty.")
            if any(operation.method == "GET" for operation in changeset):
                raise not_understood(
                    "An invalid HTTP method 'GET' was detected for a request in a change set. Requests in change sets "
                    "only support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'."
                )
            parts.append(changeset)
        else:
            parts.append(_operation(headers, content))
    number = sum(len(part) if isinstance(part, list) else 1 for part in parts)
    if number > MAX_OPERATIONS:
        raise not_understood(f"The batch contains {number} operations; the maximum is {MAX_OPERATIONS}.")
    return parts


def _response(answer: ApiAnswer, content_id: str | None) -> str:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", answer.body, ""])


class BatchRunner:
    """Runs batches."""

    def __init__(self, api: Api, count: Callable[[str, str], None]) -> None:
        self._api = api
        self._count = count
        """Told the user and the kind of every operation."""

    async def run(self, user: User, base: str, headers: Mapping[str, str], body: bytes) -> ApiAnswer:
        """Run a batch; give its answer."""
        parts = parse(body, headers.get("content-type", ""))
        go_on = parse_preferences(headers.get("prefer", "")).continue_on_error
        boundary, texts, status = f"batchresponse_{uuid4()}", [], 200
        for number, part in enumerate(parts):
            if number % _BREATHE == _BREATHE - 1:
                await asyncio.sleep(0)
            failed, text = self._part(part, user, base)
            texts.append(text)
            if failed and not go_on:
                status = failed
                break
        joined = "".join(f"--{boundary}\r\n{text}" for text in texts)
        return ApiAnswer(
            status,
            f"{joined}--{boundary}--\r\n",
            {"Content-Type": f"multipart/mixed; boundary={boundary}", "OData-Version": "4.0"},
        )

    def _part(self, part: Part, user: User, base: str) -> tuple[int, str]:
        """Run a part; give the status it failed with (0: it did not) and the text of its answer."""
        if isinstance(part, Operation):
            try:
                answer = self._api.handle(self._request(part, user, base, {}))
            except DataverseError as error:
                answer = refusal(error)
            return answer.status if answer.status >= 400 else 0, _response(answer, part.content_id)
        return self._changeset(part, user, base)

    def _changeset(self, changeset: list[Operation], user: User, base: str) -> tuple[int, str]:
        references: dict[str, Ref] = {}
        boundary, texts = f"changesetresponse_{uuid4()}", []
        jobs: list[str] = []
        try:
            requests = [self._request(operation, user, base, references) for operation in changeset]
            for request in requests:
                request.session.jobs = jobs
            with self._api.transaction(requests[0]):
                for request in requests:
                    answer = self._api.handle(request, in_changeset=True)
                    texts.append(f"--{boundary}\r\n{_response(answer, request.content_id)}")
        except DataverseError as error:
            return error.status, _response(refusal(error), None)
        head = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
        return 0, f"{head}{''.join(texts)}--{boundary}--\r\n"

    def _request(self, operation: Operation, user: User, base: str, references: dict[str, Ref]) -> ApiRequest:
        url = operation.url
        root = base[base.index("/api/") :]
        for prefix in (base, root):
            if url.startswith(prefix):
                url = url.removeprefix(prefix)
                break
        else:
            if url.startswith(("/", "http:", "https:")):
                raise not_understood(f"The address '{url}' in the batch is not below {base}.")
        path, _, query = url.partition("?")
        self._count(user.ref.id, f"{operation.method} {path.partition('(')[0]} in $batch")
        session = new_session(user, operation.headers, tag_of(query))
        return ApiRequest(
            operation.method,
            path,
            query,
            operation.headers,
            operation.body,
            base,
            session,
            references,
            operation.content_id,
        )
