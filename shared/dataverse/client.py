"""The Dataverse Web API: a token, requests, batches, and what each error means."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from shared import secrets
from shared.dataverse import batch
from shared.errors import BridgeError, CredentialsRefused, Misconfigured, Unavailable
from shared.http import MAX_SIGN_IN, Answer, Http
from shared.identity import Identity
from shared.secrets import Secret

SYSTEM = "Dataverse"
API = "/api/data/v9.2/"
PAGE = 5000
_TOKEN_MARGIN = 120.0
_SAFE_IN_QUERY = "$(),'=;/:@*.-_~"


class StartOver(BridgeError):
    """A change-tracking link is no longer taken: the table must be read from the beginning."""


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
    ) -> None:
        """``url`` is the environment's address without a path; ``organization_id`` the one that must answer there.

        ``credentials``: those of an application user, or the app's own identity where it is the application user.
        ``page`` is how many rows one answer may hold.
        """
        self._page = page
        self._organization_id = organization_id
        self._http = http
        self._url = url
        self._root = url + API
        self._credentials = credentials
        self._clock = clock
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
        answer = await self._send("GET", address, writes=False, headers=_paged(page))
        if answer.status != 200:
            raise _failure(answer.status, _error_code(answer))
        return self._json(answer)

    async def tracked(self, path: str, columns: Sequence[str]) -> Any:
        """GET the first page of a table with change tracking; the last page has a delta link."""
        address = f"{self._root}{path}?" + urlencode({"$select": ",".join(columns)}, safe=_SAFE_IN_QUERY)
        answer = await self._send("GET", address, writes=False, headers=self._tracking())
        if answer.status != 200:
            raise _failure(answer.status, _error_code(answer))
        return self._json(answer)

    async def follow(self, link: str, *, tracked: bool, page: int | None = None) -> Any:
        """GET a link that was kept from an earlier run: a page, or with ``tracked`` changes since then.

        Raises StartOver where it is no longer taken. A token lives some days; how an expired one is answered is
        documented only as a fault code, so any 400 or 410 on such a link counts.
        """
        headers = self._tracking() if tracked else _paged(page)
        answer = await self._send("GET", self._own(link), writes=False, headers=headers)
        if answer.status in {400, 410}:
            raise StartOver(_error_code(answer))
        if answer.status != 200:
            raise _failure(answer.status, _error_code(answer))
        return self._json(answer)

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
        answer = await self._send(
            "POST",
            self._root + "$batch",
            content=batch.encode(operations, API, boundary),
            headers={
                "Content-Type": f"multipart/mixed; boundary={boundary}",
                "Prefer": "odata.continue-on-error",
            },
            writes=True,
        )
        if answer.status != 200:
            raise _failure(answer.status, _error_code(answer))
        try:
            parts = batch.decode(answer.headers.get("content-type", ""), answer.content)
        except ValueError as error:
            raise Unavailable(SYSTEM, str(error)) from None
        if len(parts) != len(operations):
            raise Unavailable(SYSTEM, f"{len(parts)} answers to {len(operations)} operations of a batch")
        for part in parts:
            if part.status in {401, 429, 503}:
                raise _failure(part.status, "")
        return parts

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _own(self, link: str) -> str:
        """Follow only links into this environment: a link decides where our token goes."""
        if not link.startswith(self._root):
            raise Unavailable(SYSTEM, "a next link leads out of the environment")
        return link

    def _json(self, answer: Answer) -> Any:
        if not answer.is_json:
            raise Unavailable(SYSTEM, "an answer that is not JSON")
        try:
            return answer.json()
        except ValueError:
            raise Unavailable(SYSTEM, "an answer that was cut short") from None

    async def _send(
        self,
        method: str,
        address: str,
        *,
        writes: bool,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
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
            answer = await self._http.send(method, address, headers=sent, content=content, writes=writes)
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
        token = self._json(answer)
        try:
            self._token, seconds = str(token["access_token"]), float(token["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise Unavailable(SYSTEM, "sign-in answered without a token") from None
        self._token_until = self._clock() + seconds - _TOKEN_MARGIN


def _secret_is_refused(answer: Answer) -> bool:
    return answer.status in {400, 401, 403}


def _paged(rows: int | None) -> dict[str, str]:
    return {} if rows is None else {"Prefer": f"odata.maxpagesize={rows}"}


def _error_code(answer: Answer) -> str:
    """Give Dataverse's own error code. Its message may quote personal data, so it stays where it is."""
    if not answer.is_json:
        return ""
    try:
        return str(answer.json()["error"]["code"])[:40]
    except (ValueError, KeyError, TypeError):
        return ""


def _failure(status: int, code: str) -> Unavailable | Misconfigured:
    """Say what a status means: rights and names are for the administrator, everything else passes."""
    detail = f"answered {status}" + (f" ({code})" if code else "")
    if status in {401, 403}:
        return Misconfigured(f"DATAVERSE_CLIENT_ID: {SYSTEM} {detail}: the application user lacks a right")
    if status in {400, 404}:
        return Misconfigured(f"{SYSTEM} {detail}: a table, column or setting named COLUMN_… is not in this environment")
    return Unavailable(SYSTEM, detail)
