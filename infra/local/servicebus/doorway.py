"""One port, two protocols: a client that speaks AMQP is served, one that speaks HTTP asks about the broker.

GET /_local/queues   how many messages each queue and its dead letters hold, locked and scheduled ones too
/_local/faults       see :mod:`infra.local.servicebus.faults`
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from infra.local.faults import FAULTS_PATH, Faults, answer

METHODS = (b"GET ", b"POST ", b"DELETE ", b"PUT ", b"HEAD ")
LONGEST_REQUEST = 65536
QUEUES_PATH = "/_local/queues"

Counts = Callable[[], dict[str, int]]


class Doorway(asyncio.Protocol):
    """Looks at a client's first bytes, and hands it on."""

    def __init__(self, amqp: Callable[[], asyncio.Protocol], faults: Faults, counts: Counts) -> None:
        self._amqp = amqp
        self._faults = faults
        self._counts = counts
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The client has said its first words."""
        if self._transport is None:
            return
        speaks_http = data.startswith(METHODS)
        protocol = LocalEndpoint(self._faults, self._counts) if speaks_http else self._amqp()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)


class LocalEndpoint(asyncio.Protocol):
    """One HTTP request about the broker; the connection is closed after it."""

    def __init__(self, faults: Faults, counts: Counts) -> None:
        self._faults = faults
        self._counts = counts
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer as soon as the request is whole."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if len(self._received) > LONGEST_REQUEST:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"{}")
        if not separator:
            return
        request, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "0")
        method, path, *_ = [*request.split(" "), "", ""]
        if not length.isdigit():
            self._answer(HTTPStatus.BAD_REQUEST, b"{}")
        elif path == QUEUES_PATH and method == "GET":
            self._answer(HTTPStatus.OK, json.dumps(self._counts()).encode())
        elif path != FAULTS_PATH:
            self._answer(HTTPStatus.NOT_FOUND, b"{}")
        elif len(body) >= int(length):
            self._answer(*answer(self._faults, method, body))

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        if self._transport is None:
            return
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        self._transport.close()
        self._transport = None
