"""The edge of one process of the bridge: what happens around a request, from a killed process to another one's work."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

import httpx

SENT_TO_ONEC = r"^POST \S*/Document_СчетНаОплатуПокупателю(\?\S*)?\s"
POSTED_IN_ONEC = r"^POST \S*/Document_СчетНаОплатуПокупателю\(\S*/Post"
SENT_TO_SAPB1 = r"^POST \S*/\$batch\s[\s\S]*POST \S*Invoices"
CREATION = {"onec": SENT_TO_ONEC, "sapb1": SENT_TO_SAPB1}
"""The request that brings a document into the books."""
JOURNAL = r"^POST \S*/\$batch\s[\s\S]*acx_accountingexports"
_NO_WRITE = r"^POST \S*(/Login|/Logout|/token)\s"
READING = r"^GET \S*/invoices\?"


class Crashed(BaseException):
    """The process was killed here. No Exception: nothing in the bridge can catch it, as nothing catches a kill."""


async def crash() -> None:
    """Kill the process."""
    raise Crashed


async def lose_answer() -> None:
    """Let the connection break."""
    raise httpx.ReadError("the connection broke")


@dataclass
class Strike:
    """What happens before or after a request that matches: method, decoded address, a line break, the body."""

    system: str
    pattern: str
    when: Literal["before", "after"]
    do: Callable[[], Awaitable[None]]
    skip: int = 0
    times: int = 1


@dataclass
class Script:
    """The strikes still to come, for all processes."""

    strikes: list[Strike] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    """systems that the bridge can't reach, while everybody else can"""
    asked: Counter[str] = field(default_factory=Counter)
    """requests by system"""
    writes: int = 0
    """requests that may change something in the books or the CRM"""

    async def strike(self, system: str, request: str, when: Literal["before", "after"]) -> None:
        """Let the first that matches happen."""
        for each in self.strikes:
            if each.system != system or each.when != when or not re.search(each.pattern, request):
                continue
            if each.skip:
                each.skip -= 1
                continue
            each.times -= 1
            if not each.times:
                self.strikes.remove(each)
            await each.do()
            return


class Edge(httpx.AsyncBaseTransport):
    """Real sockets, with the script around each request."""

    def __init__(self, system: str, script: Script) -> None:
        self._system = system
        self._script = script
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=8, max_keepalive_connections=8))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its answer is whole before anything else happens."""
        body = (await request.aread()).decode(errors="replace")
        # Batches name what they write in their body, percent-encoded or not.
        told = unquote(f"{request.method} {request.url.raw_path.decode()}\n{body}")
        if request.method != "GET" and not re.search(_NO_WRITE, told):
            self._script.writes += 1
        self._script.asked[self._system] += 1
        if self._system in self._script.away:
            return httpx.Response(503)
        await self._script.strike(self._system, told, "before")
        answer = await self._inner.handle_async_request(request)
        content = b"".join([part async for part in answer.aiter_raw()])
        await answer.aclose()
        await self._script.strike(self._system, told, "after")
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=httpx.ByteStream(content),
            extensions={name: value for name, value in answer.extensions.items() if name != "network_stream"},
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
