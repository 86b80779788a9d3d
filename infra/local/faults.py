"""What every local server can be told to do wrong: one queue of faults, told by command, over HTTP or in a test.

    python -m infra.local faults --url http://127.0.0.1:8080 --add '{"kind": "status", "match": "POST", "status": 503}'
    POST /_local/faults   the same JSON;   GET gives the faults still to come, DELETE forgets them

A fault strikes the next ``times`` actions that its ``match`` finds, after letting ``skip`` of them pass. ``match`` is a
regular expression over what is done:

    POST /b1s/v2/Invoices?…          a request to an HTTP server, its address decoded
    ROW PATCH acx_accountingexports  one row, document or card to be written, alone or inside a batch
    DELIVER Update invoice           a webhook that the local Dataverse is about to send
    ATTACH, SEND, SETTLE, MANAGE     what a client does at the broker, with the queue's name

=============  ===================================================================================================
``delay``      the work begins ``seconds`` later; a message or an event comes behind those sent after it
``status``     a refusal with ``status`` (429 with ``retry_after``, 5xx …) and, in the system's own shape, ``body``
``drop_before``  the connection breaks before the work is done; of an event: it is lost
``drop_after``   … after the work was done
``html``       HTML with 200
``cut``        an answer is cut in the middle
``expire``     every session, or token, is over before the work begins
``reject``     a row is refused in the system's own words, its neighbours are not
``close``      the books are closed up to ``until`` before the work begins, until they are opened by the back door
``duplicate``  a message or an event comes twice
=============  ===================================================================================================

A server refuses a kind that can't happen to it.
"""

import json
import re
from collections.abc import Collection, Iterable
from datetime import date
from http import HTTPStatus
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

FAULTS_PATH = "/_local/faults"

Kind = Literal["delay", "status", "drop_before", "drop_after", "html", "cut", "expire", "reject", "close", "duplicate"]
HTTP_KINDS: frozenset[Kind] = frozenset({"delay", "status", "drop_before", "drop_after", "html", "cut"})
"""What can happen to a request to any HTTP server."""


class Fault(BaseModel):
    """One failure to come."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    match: str = ""
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    """how many matching actions pass first"""
    seconds: float = Field(default=0.0, ge=0)
    """delay: how long"""
    status: int = Field(default=503, ge=400, le=599)
    retry_after: int | None = None
    body: Any = None
    """status: the JSON body to answer with"""
    until: date | None = None
    """close: the last closed day"""

    @field_validator("match")
    @classmethod
    def _is_expression(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return match

    @model_validator(mode="after")
    def _names_the_day(self) -> Self:
        if (self.kind == "close") != (self.until is not None):
            raise ValueError("“close” names the day in “until”, and nothing else does")
        return self


class Faults:
    """The faults of one server, in their order."""

    def __init__(self, kinds: Iterable[Kind], statuses: Collection[int] = range(400, 600)) -> None:
        """``kinds`` are those that can happen to this server, ``statuses`` those that it knows."""
        self.kinds = frozenset(kinds)
        self._statuses = statuses
        self._pending: list[tuple[Fault, int, int]] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault. Raises ValueError for one that can't happen here."""
        if fault.kind not in self.kinds:
            raise ValueError(f"“{fault.kind}” can't happen to this server; it takes {', '.join(sorted(self.kinds))}")
        if fault.kind == "status" and fault.status not in self._statuses:
            raise ValueError(f"this server answers no status {fault.status}")
        self._pending.append((fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Forget every fault."""
        self._pending.clear()

    def pending(self) -> list[Fault]:
        """Give the faults that are not used up."""
        return [fault for fault, _, _ in self._pending]

    def take(self, action: str, kinds: Collection[Kind]) -> Fault | None:
        """Give the fault that strikes this action, if one does, and count it. ``kinds`` are those that can."""
        for index, (fault, skip, times) in enumerate(self._pending):
            if fault.kind not in kinds or not re.search(fault.match, action):
                continue
            if skip:
                self._pending[index] = (fault, skip - 1, times)
                continue
            if times == 1:
                del self._pending[index]
            else:
                self._pending[index] = (fault, 0, times - 1)
            return fault
        return None


def answer(faults: Faults, method: str, body: bytes) -> tuple[HTTPStatus, bytes]:
    """Answer a request about a server's faults with a status and a JSON body."""
    match method:
        case "GET":
            told = [fault.model_dump(mode="json") for fault in faults.pending()]
            return HTTPStatus.OK, json.dumps(told).encode()
        case "DELETE":
            faults.clear()
            return HTTPStatus.NO_CONTENT, b""
        case "POST":
            try:
                faults.add(Fault.model_validate_json(body))
            except (ValidationError, ValueError) as error:
                return HTTPStatus.BAD_REQUEST, json.dumps({"error": str(error)}).encode()
            return HTTPStatus.NO_CONTENT, b""
    return HTTPStatus.METHOD_NOT_ALLOWED, b"{}"
