"""The Dataverse Web API: a token, requests, batches, and what each error means.

While Dataverse is known to be down nothing is asked of it (see the breaker): whoever is told so at once puts references
and results back with a later time, and an outage costs a bounded number of calls.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from shared import secrets
from shared.breaker import Breaker
from shared.dataverse import answers, batch
from shared.dataverse.answers import SYSTEM
from shared.errors import CredentialsRefused, Misconfigured, Unavailable
from shared.http import MAX_SIGN_IN, Answer, Http
from shared.identity import Identity
from shared.secrets import Secret

Value = TypeVar("Value")

API = "/api/data/v9.2/"
PAGE = 5000
_TOKEN_MARGIN = 120.0
_SAFE_IN_QUERY = "$(),'=;/:@*.-_~"


@dataclass(frozen=True)
class Credentials:
    """How the bridge signs in: OAuth 2 client credentials of an application user."""

    token_url: str
    client_id: str
    client_secret: Secret

    async def ask(self, http: Http, scope: str) -> Answer:
        """Ask for a token; give the answer, whatever its status."""

        async def attempt(client_secret: str) -> Answer:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": client_secret,
                "scope": scope,
            }
            return await http.send(
                "POST",
                self.token_url,
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                content=urlencode(form).encode(),
                writes=False,
                limit=MAX_SIGN_IN,
            )

        return await secrets.offer(self.client_secret, attempt, _secret_is_refused)


class Dataverse:
    """One environment, signed in as one application user."""

    def __init__(
        self,
        http: Http,
        url: str,
        credentials: Credentials | Identity,
        organization_id: UUID,
        *,
        clock: Callable[[], float] = time.monotonic,
        page: int = PAGE,
        breaker: Breaker | None = None,
    ) -> None:
        """``url`` is the environment's address without a path; ``organization_id`` the one that must answer there.

        ``credentials``: those of an application user, or the app's own identity where it is the application user.
        ``page`` is how many rows one answer may hold. ``breaker`` is the process's; by default an ordinary one.
        """
        self._page = page
        self._organization_id = organization_id
        self._http = http
        self._url = url
        self._root = url + API
        self._credentials = credentials
        self._clock = clock
        self._breaker = breaker or Breaker(SYSTEM, clock=clock)
        self._token = ""
        self._token_until = 0.0
        self._signing_in = asyncio.Lock()
        self._answering: UUID | None = None

    def forget_token(self) -> None:
        """Sign in anew with the next request."""
        self._token_until = 0.0

    async def check_organization(self, *, anew: bool = False) -> None:
        """Make sure that the organization of the settings answers at this address; asked once, or ``anew``.

        A copied sandbox carries the same GUIDs and would rewrite live books. Raises Misconfigured.
        """
        if anew or self._answering is None:
            answer = await self.get("WhoAmI")
            try:
                self._answering = UUID(answer["OrganizationId"])
            except (KeyError, TypeError, ValueError, AttributeError):
                raise Unavailable(SYSTEM, "WhoAmI did not say which organization answers") from None
        if self._answering != self._organization_id:
            raise Misconfigured(
                f"DATAVERSE_ORGANIZATION_ID: the organization {self._answering} answers at DATAVERSE_URL; "
                "nothing is exported, nothing is written"
            )

    async def get(self, path: str, query: Mapping[str, str] | None = None, *, page: int | None = None) -> Any:
        """GET a path under the service root; give the parsed body. Unavailable and Misconfigured as their names say.

        ``page``: how many rows the answer may hold, where it is to be other than usual.
        """
        address = path if path.startswith(self._root) else self._root + path
        if query:
            address += "?" + urlencode(query, safe=_SAFE_IN_QUERY, quote_via=quote)
        return await self._ask("GET", address, answers.read, headers=_paged(page))

    async def tracked(self, path: str, columns: Sequence[str]) -> Any:
        """GET the first page of a table with change tracking; the last page has a delta link."""
        address = f"{self._root}{path}?" + urlencode({"$select": ",".join(columns)}, safe=_SAFE_IN_QUERY)
        return await self._ask("GET", address, answers.read, headers=self._tracking())

    async def follow(self, link: str, *, tracked: bool, page: int | None = None) -> Any:
        """GET a link that was kept from an earlier run: a page, or with ``tracked`` changes since then.

        Raises StartOver where it is no longer taken. A token lives some days; how an expired one is answered is
        documented only as a fault code, so any 400 or 410 on such a link counts.
        """
        headers = self._tracking() if tracked else _paged(page)
        return await self._ask("GET", self._own(link), answers.read_link, headers=headers)

    def _tracking(self) -> dict[str, str]:
        return {"Prefer": f"odata.track-changes,odata.maxpagesize={self._page}"}

    async def rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """GET every row of a collection, page by page."""
        page = await self.get(path, query)
        found: list[dict[str, Any]] = page["value"]
        while next_link := page.get("@odata.nextLink"):
            page = await self.get(self._own(next_link))
            found += page["value"]
        return found

    async def more(self, row: dict[str, Any], collection: str) -> None:
        """Complete an expanded collection of a row where Dataverse gave only its first page."""
        while next_link := row.pop(f"{collection}@odata.nextLink", None):
            page = await self.get(self._own(next_link))
            row[collection] += page["value"]
            if further := page.get("@odata.nextLink"):
                row[f"{collection}@odata.nextLink"] = further

    async def batch(self, operations: Sequence[batch.Operation]) -> list[batch.Part]:
        """Send operations in one request, each settled by itself; give their answers in order.

        An answer of a part is the caller's to read, save those that mean the whole system is unavailable.
        """
        boundary = f"batch_{uuid4()}"
        return await self._ask(
            "POST",
            self._root + "$batch",
            lambda answer: answers.read_parts(answer, len(operations)),
            content=batch.encode(operations, API, boundary),
            headers={
                "Content-Type": f"multipart/mixed; boundary={boundary}",
                "Prefer": "odata.continue-on-error",
            },
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _own(self, link: str) -> str:
        """Follow only links into this environment: a link decides where our token goes."""
        if not link.startswith(self._root):
            raise Unavailable(SYSTEM, "a next link leads out of the environment")
        return link

    async def _ask(
        self,
        method: str,
        address: str,
        read: Callable[[Answer], Value],
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Value:
        """Send one request and read its answer, unless Dataverse is known to be down; whatever is no answer counts."""
        with self._breaker.call():
            return read(await self._send(method, address, content=content, headers=headers))

    async def _send(
        self,
        method: str,
        address: str,
        *,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        common = {
            "Accept": "application/json",
            "OData-MaxVersion": "4.0",
            "OData-Version": "4.0",
            # Expanded collections may otherwise come from a cache, without the newest lines.
            "If-None-Match": "null",
            "Prefer": f"odata.maxpagesize={self._page}",
        }
        for last_try in (False, True):
            token = await self._bearer()
            sent = common | dict(headers or {}) | {"Authorization": f"Bearer {token}"}
            answer = await self._http.send(method, address, headers=sent, content=content, writes=method != "GET")
            if answer.status != 401 or last_try:
                break
            # The token was refused before anything was done: a new one, once.
            self.forget_token()
        return answer

    async def _bearer(self) -> str:
        if self._clock() < self._token_until:
            return self._token
        async with self._signing_in:
            if self._clock() >= self._token_until:
                await self._sign_in()
        return self._token

    async def _sign_in(self) -> None:
        if isinstance(self._credentials, Identity):
            given = await self._credentials.token_for(self._url)
            self._token = given.token
            self._token_until = self._clock() + given.expires_on - time.time() - _TOKEN_MARGIN
            return
        answer = await self._credentials.ask(self._http, f"{self._url}/.default")
        if _secret_is_refused(answer):
            raise CredentialsRefused("DATAVERSE_CLIENT_ID, DATAVERSE_CLIENT_SECRET: the sign-in was refused")
        if answer.status != 200:
            raise Unavailable(SYSTEM, f"sign-in answered {answer.status}")
        token = answers.parsed(answer)
        try:
            self._token, seconds = str(token["access_token"]), float(token["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise Unavailable(SYSTEM, "sign-in answered without a token") from None
        self._token_until = self._clock() + seconds - _TOKEN_MARGIN


def _secret_is_refused(answer: Answer) -> bool:
    return answer.status in {400, 401, 403}


def _paged(rows: int | None) -> dict[str, str]:
    return {} if rows is None else {"Prefer": f"odata.maxpagesize={rows}"}
