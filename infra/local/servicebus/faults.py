"""What the broker can be told to do wrong, over HTTP on its own port: ``/_local/faults``, as every local server.

``match`` is a regular expression over what a client does:

    ATTACH onec                      a sender or receiver is opened
    SEND changes                     a message or a batch comes in
    SETTLE onec                      a message is completed, abandoned, deferred or dead-lettered
    MANAGE onec com.microsoft:…      a ``$management`` request

``status`` refuses it (503: server busy), ``drop_before`` and ``drop_after`` cut the connection before or after the
work is done; on SEND, ``delay`` lets the message appear ``seconds`` later, behind those sent after it, and
``duplicate`` puts it in twice, whatever duplicate detection says.
"""

import json
import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.servicebus import errors
from infra.local.servicebus.errors import RefusedError
from infra.local.serving import FAULTS_PATH

Kind = Literal["status", "drop_before", "drop_after", "delay", "duplicate"]


class Fault(BaseModel):
    """One failure to come; the fields are those of :class:`infra.local.serving.Fault`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    match: str = ""
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    status: Literal[401, 404, 500, 503] = 503
    retry_after: None = None
    body: None = None

    def refusal(self) -> RefusedError:
        """Give what a ``status`` fault answers."""
        condition = {
            401: errors.UNAUTHORIZED,
            404: errors.NOT_FOUND,
            500: errors.INTERNAL_ERROR,
            503: errors.SERVER_BUSY,
        }[self.status]
        return RefusedError(condition, "The broker was told to refuse this.")


class Faults:
    """The failures to come, in order."""

    def __init__(self) -> None:
        self._pending: list[tuple[Fault, int, int]] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
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


def answer(faults: Faults, method: str, path: str, body: bytes) -> tuple[HTTPStatus, bytes]:
    """Answer a request about the faults with a status and a JSON body."""
    if path != FAULTS_PATH:
        return HTTPStatus.NOT_FOUND, b"{}"
    match method:
        case "GET":
            return HTTPStatus.OK, json.dumps([fault.model_dump() for fault in faults.pending()]).encode()
        case "DELETE":
            faults.clear()
            return HTTPStatus.NO_CONTENT, b""
        case "POST":
            try:
                fault = Fault.model_validate_json(body)
                re.compile(fault.match)
            except (ValidationError, re.error) as error:
                return HTTPStatus.BAD_REQUEST, json.dumps({"error": str(error)}).encode()
            faults.add(fault)
            return HTTPStatus.NO_CONTENT, b""
    return HTTPStatus.METHOD_NOT_ALLOWED, b"{}"
