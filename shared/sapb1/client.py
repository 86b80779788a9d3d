"""HTTP to Service Layer v2: log-in, reads, single creations and changesets. What it answers is told by ``meaning``.

Nothing here repeats a write, except where SAP said with 401 that it did nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit
from uuid import UUID

from shared import jsontext, secrets
from shared.errors import AnswerLost, CredentialsRefused, Misconfigured, Unavailable
from shared.http import MAX_ANSWER, MAX_RECORD, MAX_SIGN_IN, Answer, Http
from shared.sapb1 import batch
from shared.sapb1.batch import Create, Part
from shared.sapb1.meaning import SYSTEM, Meaning, failure, read_error
from shared.secrets import Secret

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
PAGES = {**JSON, "Prefer": "odata.maxpagesize=100"}
"""SAP's own page has 20 rows, which would be two calls for what one can hold."""
COOKIES = ("B1SESSION", "ROUTEID")
"""The session, and the balancer's node that holds it."""

Row = dict[str, Any]


def literal(value: str | int | UUID) -> str:
    """Write a value as OData does: a string in quotes, its own quotes doubled."""
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def one_of(field: str, values: Sequence[str]) -> str:
    """Write a condition that a field is one of these."""
    return "(" + " or ".join(f"{field} eq {literal(value)}" for value in values) + ")"


def entity(name: str, key: str | int | UUID) -> str:
    """Address one record, its key encoded."""
    return f"{name}({quote(literal(key), safe='')})"


class ServiceLayer:
    """One company's Service Layer, one session shared by everybody in this process."""

    def __init__(self, http: Http, url: str, company: str, username: str, password: Secret) -> None:
        """``url`` ends in ``/b1s/v2``, which is case-sensitive."""
        self._http = http
        self._url = url.rstrip("/")
        self._root = urlsplit(self._url).path
        self._company = company
        self._username = username
        self._password = password
        self._cookie = ""
        self._lock = asyncio.Lock()

    # --- reads

    async def get(self, name: str, key: str | int | UUID, *, select: Sequence[str] = ()) -> Row | None:
        """Read one record by its key; None where there is none."""
        query = f"?{self._query({'$select': ','.join(select)})}" if select else ""
        answer = await self._send("GET", f"{self._url}/{entity(name, key)}{query}", writes=False)
        if answer.status >= 400:
            error = read_error(answer.status, answer.content)
            if error.not_found:
                return None
            raise failure(error, writes=False)
        return _object(answer)

    async def rows(
        self, name: str, *, select: Sequence[str], where: str, order: str = "", top: int | None = None
    ) -> list[Row]:
        """Read the records of an entity set that fulfil a condition, every page of them."""
        return [
            row async for page in self.pages(name, select=select, where=where, order=order, top=top) for row in page
        ]

    async def pages(
        self, name: str, *, select: Sequence[str], where: str, order: str = "", top: int | None = None
    ) -> AsyncIterator[list[Row]]:
        """Read the same page by page, for as many records as memory should not hold at once."""
        query = {"$select": ",".join(select)}
        if where:
            query["$filter"] = where
        if order:
            query["$orderby"] = order
        if top is not None:
            query["$top"] = str(top)
        url: str | None = f"{self._url}/{name}?{self._query(query)}"
        while url is not None:
            page = _object(_accepted(await self._send("GET", url, headers=PAGES, writes=False), writes=False))
            values = page.get("value")
            if not isinstance(values, list):
                raise Unavailable(SYSTEM, "a page without its rows")
            yield values
            link = page.get("@odata.nextLink") or page.get("odata.nextLink")
            url = self._next(str(link)) if link else None

    async def ask(self, function: str) -> Row:
        """Call a function that only reads, though SAP wants a POST for it."""
        answer = await self._send("POST", f"{self._url}/{function}", writes=False)
        return _object(_accepted(answer, writes=False))

    async def metadata(self) -> bytes:
        """Give ``$metadata``: every type with its properties, a company's own fields among them, as EDMX."""
        headers = {"Accept": "application/xml"}
        answer = await self._send("GET", f"{self._url}/$metadata", headers=headers, writes=False)
        return _accepted(answer, writes=False).content

    # --- writes

    async def create(self, name: str, body: Row) -> Row:
        """Create one record and give it back. AnswerLost where it may or may not be there now."""
        content = jsontext.dumps(body).encode()
        answer = _accepted(await self._send("POST", f"{self._url}/{name}", content, writes=True), writes=True)
        try:
            return _object(answer)
        except Unavailable as error:
            raise AnswerLost(SYSTEM, error.cause) from None

    async def update(self, name: str, key: str | int | UUID, body: Row) -> None:
        """Change the properties of one record that the body names. AnswerLost where they may be changed or not."""
        content = jsontext.dumps(body).encode()
        _done(await self._send("PATCH", f"{self._url}/{entity(name, key)}", content, writes=True))

    async def act(self, action: str, body: Row | None = None) -> None:
        """Run an action that changes something. AnswerLost where it may be done or not."""
        content = None if body is None else jsontext.dumps(body).encode()
        _done(await self._send("POST", f"{self._url}/{action}", content, writes=True))

    async def delete(self, name: str, key: str | int | UUID) -> None:
        """Delete one record; nothing happens where there is none."""
        answer = await self._send("DELETE", f"{self._url}/{entity(name, key)}", writes=True)
        if answer.status < 400 or not read_error(answer.status, answer.content).not_found:
            _done(answer)

    async def changeset(self, operations: Sequence[Create]) -> list[Part]:
        """Create several records, all or none, and give the answers in the order of the operations.

        AnswerLost where they may or may not be there now; otherwise an error means that nothing was done.
        """
        content_type, body = batch.encode(self._root, operations)
        headers = {"Content-Type": content_type, "Accept": "multipart/mixed"}
        parts = await self._batch(headers, body)
        for part in parts:
            if part.status >= 400:
                raise failure(read_error(part.status, part.content), writes=True)
        by_id = {part.content_id: part for part in parts}
        wanted = [str(number) for number in range(1, len(operations) + 1)]
        if len(parts) != len(operations) or sorted(by_id) != sorted(wanted):
            raise AnswerLost(SYSTEM, "a batch answer that doesn't fit its operations")
        return [by_id[number] for number in wanted]

    async def _batch(self, headers: Mapping[str, str], body: bytes) -> list[Part]:
        answer = await self._send("POST", f"{self._url}/$batch", body, headers=headers, writes=True)
        if answer.status >= 400:
            raise failure(read_error(answer.status, answer.content), writes=True)
        try:
            return batch.decode(answer.headers.get("content-type", ""), answer.content)
        except ValueError as error:
            raise AnswerLost(SYSTEM, str(error)) from None

    async def close(self) -> None:
        """Log out where there is a session, and close the connections."""
        try:
            if self._cookie:
                headers = {**JSON, "Cookie": self._cookie}
                self._cookie = ""
                await self._http.send("POST", f"{self._url}/Logout", headers=headers, writes=False)
        except Unavailable:
            # A session that can't be ended ends by itself after its minutes.
            return
        finally:
            await self._http.close()

    # --- how it is sent

    async def _send(
        self, method: str, url: str, content: bytes | None = None, *, headers: Mapping[str, str] = JSON, writes: bool
    ) -> Answer:
        async def attempt(cookie: str) -> Answer:
            sent = {**headers, "Cookie": cookie}
            limit = MAX_RECORD if writes else MAX_ANSWER
            return await self._http.send(method, url, headers=sent, content=content, writes=writes, limit=limit)

        cookie = await self._log_in()
        answer = await attempt(cookie)
        if not _session_is_over(answer):
            return answer
        return await attempt(await self._log_in_again(cookie))

    async def _log_in(self) -> str:
        async with self._lock:
            if not self._cookie:
                self._cookie = await self._new_session()
            return self._cookie

    async def _log_in_again(self, expired: str) -> str:
        """Replace an expired session, unless somebody else has done it meanwhile."""
        async with self._lock:
            if self._cookie in {"", expired}:
                self._cookie = ""
                self._cookie = await self._new_session()
            return self._cookie

    async def _new_session(self) -> str:
        answer = await secrets.offer(self._password, self._try_password, _login_is_refused)
        if answer.status >= 400:
            error = read_error(answer.status, answer.content)
            if error.meaning is Meaning.AMBIGUOUS:
                raise Unavailable(SYSTEM, f"the log-in failed (HTTP {answer.status})")
            raise CredentialsRefused(
                f"{SYSTEM}: the log-in was refused (HTTP {answer.status}, code {error.code or 'none'}); "
                "check SAPB1_COMPANY, SAPB1_USERNAME and SAPB1_PASSWORD"
            )
        login = _object(answer)
        cookies = _cookies(answer)
        if "B1SESSION" not in cookies and login.get("SessionId"):
            cookies["B1SESSION"] = str(login["SessionId"])
        if "B1SESSION" not in cookies:
            raise Misconfigured(f"{SYSTEM}: the log-in gave no session; SAPB1_URL must end in /b1s/v2")
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    async def _try_password(self, password: str) -> Answer:
        body = {"CompanyDB": self._company, "UserName": self._username, "Password": password}
        content = jsontext.dumps(body).encode()
        return await self._http.send(
            "POST", f"{self._url}/Login", headers=JSON, content=content, writes=False, limit=MAX_SIGN_IN
        )

    def _query(self, parameters: Mapping[str, str]) -> str:
        return urlencode(parameters, quote_via=quote, safe="$,")

    def _next(self, link: str) -> str:
        """Resolve a next link, which SAP gives relative to the service's root; never to another host."""
        base = f"{self._url}/"
        url = urljoin(base, link)
        if not url.startswith(base):
            raise Unavailable(SYSTEM, "a next link that leads elsewhere")
        return url


def _cookies(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in answer.headers.get_list("set-cookie"):
        try:
            parsed = SimpleCookie(header)
        except CookieError:
            continue
        found.update({name: morsel.coded_value for name, morsel in parsed.items() if name in COOKIES})
    return found


def _login_is_refused(answer: Answer) -> bool:
    """Whether SAP refused the log-in: some versions do so with 500 and a code of their own (-304)."""
    return answer.status >= 400 and (answer.status < 500 or read_error(answer.status, answer.content).code != "")


def _session_is_over(answer: Answer) -> bool:
    """Whether SAP says that the session is gone and nothing was done, of the request or of the changeset in it."""
    if answer.status == 401:
        return read_error(answer.status, answer.content).meaning is Meaning.SESSION
    content_type = answer.headers.get("content-type", "")
    # An answer without that status anywhere is not taken apart here: reading one of an invoice costs milliseconds.
    if not content_type.startswith("multipart/") or b" 401" not in answer.content:
        return False
    try:
        parts = batch.decode(content_type, answer.content)
    except ValueError:
        return False
    return any(
        part.status == 401 and read_error(part.status, part.content).meaning is Meaning.SESSION for part in parts
    )


def _accepted(answer: Answer, *, writes: bool) -> Answer:
    if answer.status >= 400:
        raise failure(read_error(answer.status, answer.content), writes=writes)
    return answer


def _done(answer: Answer) -> None:
    """Make sure that a write was done: an answer that is no answer of SAP's says nothing about it."""
    _accepted(answer, writes=True)
    if answer.content and not answer.is_json:
        raise AnswerLost(SYSTEM, f"an answer that is not what was asked for (HTTP {answer.status})")


def _object(answer: Answer) -> Row:
    """Read a JSON object; HTML with 200, or a page that is cut short, means that the service is not itself."""
    try:
        content = answer.json() if answer.is_json else None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Unavailable(SYSTEM, f"an answer that is not what was asked for (HTTP {answer.status})")
    return content
