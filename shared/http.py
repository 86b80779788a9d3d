"""HTTP to the systems at the edge: one client a system, bounded answers, errors by what they mean for a write.

Nothing here repeats a request, and nothing follows a redirect: it would carry a password to wherever it leads. Whoever
calls knows whether repeating is safe.
"""

import asyncio
import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from shared import jsontext, tls
from shared.errors import AnswerLost, Unavailable
from shared.telemetry import call

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes: thousands of rows, or 1C's ``$metadata``."""
MAX_RECORD = 16 * 1024 * 1024
"""Bytes: what a write gives back; an invoice of a thousand lines has some six million in SAP Business One."""
MAX_SIGN_IN = 256 * 1024
"""Bytes: a token, a session, a secret."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
DEADLINE = 300.0
"""Seconds for a whole answer, however slowly it drips; well inside ``functionTimeout``."""
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


class _TooLarge(Exception):
    """An answer of more bytes than its use allows."""


class Http:
    """One system's client and connection pool."""

    def __init__(
        self,
        system: str,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        authorities: str = "",
        deadline: float = DEADLINE,
    ) -> None:
        """``system`` is the name that errors carry; a transport replaces the network in tests.

        ``authorities``: PEM text of certificates to trust beside the public ones. ``deadline``: seconds for an answer.
        """
        self.system = system
        self.round_trips = 0
        self._deadline = deadline
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT,
            transport=transport,
            verify=tls.context(authorities),
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=60.0),
        )
        # Sessions are the callers' own headers: a jar would send one caller's session with another's request.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        writes: bool,
        limit: int = MAX_ANSWER,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status, up to ``limit`` bytes.

        Raises Unavailable where nothing was sent (or nothing can have been changed), AnswerLost where a write may
        have been carried out, and Unavailable for a redirect or a 429 (with its time). So for a 503 that names a time:
        whoever is in the way of the request may have let it through. No error holds what was sent.
        """
        self.round_trips += 1
        lost = AnswerLost if writes else Unavailable
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._exchange(method, url, headers, content, limit)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            certificate = tls.untrusted(error)
            cause = f"its certificate is refused: {certificate}" if certificate else type(error).__name__
            raise Unavailable(self.system, f"no connection ({cause})") from None
        except (httpx.RequestError, TimeoutError) as error:
            raise lost(self.system, f"no answer ({type(error).__name__})") from None
        except _TooLarge:
            size = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} KB"
            raise lost(self.system, f"an answer of more than {size}") from None
        if answer.status == 429:
            raise Unavailable(self.system, "too many requests (429)", retry_after(answer.headers))
        if answer.status == 503 and (named := retry_after(answer.headers)) is not None:
            raise lost(self.system, "not available for now (503)", named)
        if answer.status in REDIRECTS:
            raise Unavailable(self.system, f"a redirect ({answer.status}): the address in the settings is not its own")
        return answer

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, limit: int
    ) -> Answer:
        """Make the one round trip: the only place where a request leaves."""
        with call(self.system, method, url) as seen:
            async with self._client.stream(method, url, headers=dict(headers), content=content) as response:
                seen.status = response.status_code
                return Answer(response.status_code, response.headers, await _read(response, limit))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _read(response: httpx.Response, limit: int) -> bytes:
    """Read a body as it is after unpacking. Raises _TooLarge as soon as it is longer than it may be."""
    parts = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > limit:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)
