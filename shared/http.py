"""HTTP to the systems at the edge: one client a system, bounded answers, errors by what they mean for a write.

Nothing here repeats a request. Whoever calls knows whether repeating is safe.
"""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from shared import jsontext
from shared.errors import AnswerLost, Unavailable

MAX_ANSWER = 64 * 1024 * 1024
TIMEOUT = httpx.Timeout(connect=10.0, read=100.0, write=30.0, pool=30.0)
"""A Service Layer under load takes seconds for one invoice; a lock on Service Bus is renewed meanwhile."""


@dataclass(frozen=True)
class Answer:
    """A whole answer of a system."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON. 1cfresh can answer HTML with 200."""
        return "json" in self.headers.get("content-type", "").lower()

    def json(self) -> Any:
        """Parse the body, numbers as Decimal. ValueError where it is not JSON."""
        return jsontext.loads(self.content)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` in seconds, whether it holds seconds or a date; None where it says nothing usable."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())


class Http:
    """One system's client and connection pool."""

    def __init__(self, system: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``system`` is the name that errors carry; a transport replaces the network in tests."""
        self.system = system
        self.round_trips = 0
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT,
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=60.0),
        )
        # Sessions are the callers' own headers: a jar would send one caller's session with another's request.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, writes: bool
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Raises Unavailable where nothing was sent (or nothing can have been changed), AnswerLost where a write may
        have been carried out, and Unavailable with its time for a 429.
        """
        self.round_trips += 1
        lost = AnswerLost if writes else Unavailable
        try:
            async with self._client.stream(method, url, headers=dict(headers), content=content) as response:
                body = await _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(self.system, f"no connection ({type(error).__name__})") from None
        except httpx.RequestError as error:
            raise lost(self.system, f"no answer ({type(error).__name__})") from None
        if body is None:
            raise lost(self.system, f"an answer of more than {MAX_ANSWER >> 20} MB")
        if response.status_code == 429:
            raise Unavailable(self.system, "too many requests (429)", retry_after(response.headers))
        return Answer(response.status_code, response.headers, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _read(response: httpx.Response) -> bytes | None:
    """Read a body; None where it is larger than an answer may be."""
    parts = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_ANSWER:
            return None
        parts.append(part)
    return b"".join(parts)
