"""A connection that lets reads pass and answers writes by itself, so that nothing is ever written through it.

What a write would leave behind is remembered, so that whoever reads it afterwards finds it. How the two systems speak
is told in ``onec`` and ``sapb1``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import httpx

from shared import jsontext
from shared.cache import Cache
from shared.documents import Sale
from shared.rehearsal.calls import Call, call

Row = dict[str, Any]

METADATA_SECONDS = 900.0
_OF_A_BODY = {"content-length", "content-type", "if-match", "transfer-encoding"}

Metadata = Cache[tuple[bytes, str]]
"""``$metadata`` by its address, with its content type: on a real 1C it has tens of megabytes."""


def metadata() -> Metadata:
    """Give an empty memory of ``$metadata``, to be shared by the rehearsals of a process."""
    return Cache(limit=4, seconds=METADATA_SECONDS)


class Rehearsal(httpx.AsyncBaseTransport, ABC):
    """A connection to one accounting system, for the rehearsal of one sale after the other."""

    def __init__(self, inner: httpx.AsyncBaseTransport, known: Metadata) -> None:
        """``inner`` leads to the system; ``known`` outlives the rehearsal."""
        self._inner = inner
        self._metadata = known
        self.calls: list[Call] = []
        self.sale: Sale | None = None
        self._made: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}

    def begin(self, sale: Sale) -> None:
        """Turn to a sale. Cards that an earlier one would have created stay: they would be there by then."""
        self.calls, self.sale = [], sale
        self._made = {address: row for address, row in self._made.items() if not self.is_document(address)}
        self._changed = {address: row for address, row in self._changed.items() if not self.is_document(address)}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a read on; keep a write."""
        if not self.reads(request):
            return await self.write(request, await request.aread())
        address = self.address(request.url)
        if (made := self._made.get(address)) is not None:
            return _json(made)
        if address == "$metadata":
            return await self._read_metadata(request)
        response = await self._inner.handle_async_request(request)
        return await self._seen(request, response) if self._changed else response

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    @abstractmethod
    def reads(self, request: httpx.Request) -> bool:
        """Say whether a request changes nothing that anybody keeps: whatever is not certain to be a read is none."""

    @abstractmethod
    def address(self, url: httpx.URL) -> str:
        """Give an address below the service's root, decoded, without its query."""

    @abstractmethod
    def is_document(self, address: str) -> bool:
        """Say whether an address is a document's rather than a card's."""

    @abstractmethod
    def address_of(self, entity: str, row: Row) -> str:
        """Give the address of a row of an entity set."""

    @abstractmethod
    async def write(self, request: httpx.Request, content: bytes) -> httpx.Response:
        """Note a write and answer it as the system would, had it done it."""

    def note(self, method: str, address: str, body: Row | None, held: Mapping[str, Any] | None = None) -> None:
        """Note a call that would be made."""
        self.calls.append(call(method, address, body, held))

    def made(self, address: str, row: Row) -> None:
        """Let a record be found that would have been created."""
        self._made[address] = row

    def changed(self, address: str, changes: Row) -> None:
        """Let a record show what would have been changed in it."""
        if address in self._made:
            self._made[address] |= changes
        else:
            self._changed.setdefault(address, {}).update(changes)

    async def held(self, request: httpx.Request) -> tuple[httpx.Response, Row | None]:
        """Read what stands where a change leads; no row where the system has none, or says that it can't tell now."""
        address = self.address(request.url)
        if (made := self._made.get(address)) is not None:
            return _json(made), dict(made)
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in _OF_A_BODY]
        url = request.url.copy_with(query=None)
        response = await self._inner.handle_async_request(httpx.Request("GET", url, headers=headers))
        content = await _whole(response)
        row = _row(content) if response.status_code == 200 else None
        if row is not None:
            row |= self._changed.get(address, {})
        return _copy(response, content), row

    async def _read_metadata(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        if (known := self._metadata.get(address)) is None:
            response = await self._inner.handle_async_request(request)
            content = await _whole(response)
            if response.status_code == 200:
                self._metadata.put(address, (content, response.headers.get("content-type", "")))
            return _copy(response, content)
        return httpx.Response(200, headers={"content-type": known[1]}, content=known[0])

    async def _seen(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Show in an answer what was changed before."""
        content = await _whole(response)
        body = _row(content) if response.status_code == 200 else None
        if body is None:
            return _copy(response, content)
        entity = self.address(request.url).partition("(")[0]
        for row in body["value"] if isinstance(body.get("value"), list) else [body]:
            row.update(self._changed.get(self.address_of(entity, row), {}))
        return _copy(response, jsontext.dumps(body).encode())


def _json(row: Mapping[str, Any], status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": "application/json"}, content=jsontext.dumps(row).encode())


def answer(row: Mapping[str, Any] | None, status: int) -> httpx.Response:
    """Answer a write: with a row, or without a word."""
    return httpx.Response(status) if row is None else _json(row, status)


def _copy(response: httpx.Response, content: bytes) -> httpx.Response:
    left_out = {"content-length", "content-encoding", "transfer-encoding"}
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in left_out]
    return httpx.Response(response.status_code, headers=headers, content=content)


async def _whole(response: httpx.Response) -> bytes:
    content = await response.aread()
    await response.aclose()
    return content


def _row(content: bytes) -> Row | None:
    try:
        body = jsontext.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
