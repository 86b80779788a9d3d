"""1C's standard OData interface over HTTP: log-in, sessions, reading, creating, posting. No knowledge of invoices.

A session is reused because opening one costs ten times a request (the vendor's test). Each session serves one request
at a time; a stale one answers 400 before anything is done, so the request is sent again in a new session, once.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from shared import jsontext, secrets
from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
from shared.http import MAX_ANSWER, MAX_RECORD, Answer, Http
from shared.onec import answers, odata
from shared.onec.odata import Row
from shared.secrets import Secret

KEYS_IGNORED = (
    "1C: the base does not keep the Ref_Key that the bridge chooses; without it a document could be written twice, so"
    " nothing more is written"
)
COOKIE = "ibsession"
HEADER = "IBSession"
NO_HEADERS: Mapping[str, str] = {}
PAGE = 1000
OVERLAP = 10
"""Rows of the page before with which a page begins, to see whether rows before it went away meanwhile."""
ROUNDS = 5


class OnecClient:
    """One base of 1C. Methods raise Refused, Unavailable (AnswerLost) or Misconfigured."""

    def __init__(self, http: Http, url: str, username: str, password: Secret) -> None:
        """``url`` ends in ``/odata/standard.odata``."""
        self._http = http
        self._url = url.rstrip("/")
        self._username, self._password = username, password
        self._idle: list[str] = []
        self._keeps_keys = True

    async def rows(
        self,
        entity: str,
        *,
        select: Sequence[str],
        where: str,
        order_by: str = "",
        top: int | None = None,
    ) -> list[Row]:
        """Give the objects that fulfil a condition (literals: see :mod:`shared.onec.odata`)."""
        return await self._list(
            entity, odata.collection(entity, select=select, where=where, order_by=order_by, top=top)
        )

    async def pages(
        self, entity: str, *, select: Sequence[str], where: str, size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        """Give the objects that fulfil a condition, some at a time, in the order of their keys; ``select`` has Ref_Key.

        1C has no links to a next page, it only counts rows ($top, $skip), and people go on working meanwhile. What is
        entered only moves rows down, so that some come twice; what is deleted would let others be missed. So each page
        begins with the end of the one before, and where that is not there the reading begins anew: a row may come
        twice, none is missed. Unavailable where rows never stay in their places.
        """
        for _ in range(ROUNDS):
            last, skip = "", 0
            while True:
                path = odata.collection(
                    entity, select=select, where=where, order_by="Ref_Key", top=size + OVERLAP, skip=skip
                )
                rows = await self._list(entity, path)
                if last and last not in (str(row["Ref_Key"]) for row in rows):
                    break
                yield rows
                if len(rows) < size + OVERLAP:
                    return
                last, skip = str(rows[-1]["Ref_Key"]), skip + size
        raise Unavailable(self._http.system, f"documents of {entity} were deleted again and again while they were read")

    async def find(self, entity: str, key: UUID, *, select: Sequence[str] = ()) -> Row | None:
        """Give one object by its key, or None where there is none."""
        answer = await self._send("GET", odata.instance(entity, key, select), None, writes=False)
        error = answers.problem(answer)
        if answer.status == 404 and error is not None and error.code == answers.NO_SUCH_INSTANCE:
            return None
        answers.judge(answer, self._http.system, entity, writes=False)
        return answers.record(answer, self._http.system, writes=False)

    async def create(self, entity: str, key: UUID, body: Mapping[str, object]) -> tuple[Row, bool]:
        """Create an object under a key of ours, at most once; give it, and whether it was made now.

        1C refuses a second object of the same key. Which status it answers then is not documented, so after any
        refusal, and after a lost answer, the object is looked up by its key: where it stands, that is the answer.
        """
        if not self._keeps_keys:
            raise Misconfigured(KEYS_IGNORED)
        content = jsontext.dumps({"Ref_Key": str(key), **body}).encode()
        try:
            answer = await self._send("POST", odata.collection(entity), content, writes=True)
            answers.judge(answer, self._http.system, entity, writes=True)
            row = answers.record(answer, self._http.system, writes=True)
        except (Refused, AnswerLost):
            held = await self.find(entity, key)
            if held is None:
                raise
            return held, False
        if str(row["Ref_Key"]).lower() != str(key):
            self._keeps_keys = False
            raise Misconfigured(KEYS_IGNORED)
        return row, True

    async def change(self, entity: str, key: UUID, body: Mapping[str, object], version: str) -> Row:
        """Change an object that still has this DataVersion, at most once; give it as it is now.

        After a lost answer it is looked up: where it holds what was sent, that is the answer. Unavailable where
        somebody else changed it meanwhile: whoever calls has to look at it anew.
        """
        headers = {"If-Match": version}
        content = jsontext.dumps(body).encode()
        try:
            answer = await self._send("PATCH", odata.instance(entity, key), content, writes=True, headers=headers)
            if answer.status == 412:
                raise Unavailable(self._http.system, "a record was changed by somebody else meanwhile", answered=True)
            answers.judge(answer, self._http.system, entity, writes=True)
            return answers.record(answer, self._http.system, writes=True)
        except AnswerLost:
            held = await self.find(entity, key)
            if held is None or any(held.get(name) != value for name, value in body.items() if _is_plain(value)):
                raise
            return held

    async def put_record(self, entity: str, address: str, body: Mapping[str, object]) -> None:
        """Make an independent register hold a record. ``address`` names its key; doing it twice changes nothing."""
        content = jsontext.dumps(body).encode()
        try:
            answer = await self._send("POST", odata.collection(entity), content, writes=True)
            answers.judge(answer, self._http.system, entity, writes=True)
            answers.no_page(answer, self._http.system)
        except (Refused, AnswerLost):
            answer = await self._send("PATCH", address, content, writes=True)
            error = answers.problem(answer)
            if error is not None and error.code == answers.NO_SUCH_INSTANCE:
                raise
            answers.judge(answer, self._http.system, entity, writes=True)
            answers.no_page(answer, self._http.system)

    async def post(self, entity: str, key: UUID, *, again: bool = False) -> None:
        """Post a document. After a lost answer the document is looked up; AnswerLost where it is not posted.

        ``again``: it is posted already, and its entries are to follow its content. Nothing tells then whether an
        answer was lost before or after the work: AnswerLost, and the next attempt does it once more.
        """
        await self._posting(entity, key, "Post?PostingModeOperational=false", posted=None if again else True)

    async def unpost(self, entity: str, key: UUID) -> None:
        """Take a document's posting back. After a lost answer the document is looked up."""
        await self._posting(entity, key, "Unpost", posted=False)

    async def _posting(self, entity: str, key: UUID, action: str, *, posted: bool | None) -> None:
        path = f"{odata.instance(entity, key)}/{action}"
        try:
            answer = await self._send("POST", path, b"", writes=True)
            answers.judge(answer, self._http.system, entity, writes=True)
            answers.no_page(answer, self._http.system)
        except AnswerLost:
            held = None if posted is None else await self.find(entity, key, select=("Ref_Key", "Posted"))
            if held is None or held.get("Posted") is not posted:
                raise

    async def metadata(self) -> bytes:
        """Give ``$metadata``: what the base publishes, as EDMX. Tens of megabytes on a real base."""
        answer = await self._send("GET", "$metadata", None, writes=False, accept="application/xml")
        answers.judge(answer, self._http.system, "$metadata", writes=False)
        return answer.content

    async def close(self) -> None:
        """End our sessions and close the connections."""
        while self._idle:
            try:
                await self._exchange("GET", "", None, self._idle.pop(), "finish", writes=False)
            except Unavailable:
                self._idle.clear()  # an unreachable base ends idle sessions by itself, after their lifetime
        await self._http.close()

    async def _list(self, entity: str, path: str) -> list[Row]:
        rows = (await self._read(path, entity)).get("value")
        if not isinstance(rows, list):
            raise Unavailable(self._http.system, "an answer without its list")
        return rows

    async def _read(self, path: str, entity: str) -> Row:
        answer = await self._send("GET", path, None, writes=False)
        answers.judge(answer, self._http.system, entity, writes=False)
        return answers.content(answer, self._http.system, writes=False)

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        *,
        writes: bool,
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        session = self._idle.pop() if self._idle else None
        command = "" if session else "start"
        more = {"Accept": accept, **headers}
        answer = await self._exchange(method, path, content, session, command, writes=writes, more=more)
        if session and answers.session_is_stale(answer):
            self._idle.clear()  # the others have been idle for longer
            session = None
            answer = await self._exchange(method, path, content, None, "start", writes=writes, more=more)
        session = _new_session(answer) or session
        if session:
            self._idle.append(session)
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        content: bytes | None,
        session: str | None,
        command: str,
        *,
        writes: bool,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        # The Cookie header is always ours, even empty: a client's own cookie jar would send a session in use elsewhere.
        headers = {
            "Accept": "application/json",
            **more,
            "Cookie": f"{COOKIE}={session}" if session else "",
        }
        if command:
            headers[HEADER] = command
        if content:
            headers["Content-Type"] = "application/json"

        async def attempt(password: str) -> Answer:
            return await self._http.send(
                method,
                f"{self._url}/{path}",
                headers={**headers, "Authorization": self._authorization(password)},
                content=content,
                writes=writes,
                limit=MAX_RECORD if writes else MAX_ANSWER,
            )

        # 401 comes before the request is looked at: nothing was done.
        return await secrets.offer(self._password, attempt, lambda answer: answer.status == 401)

    def _authorization(self, password: str) -> str:
        # 1C takes credentials in UTF-8; names are often Cyrillic.
        return "Basic " + base64.b64encode(f"{self._username}:{password}".encode()).decode()


def _is_plain(value: object) -> bool:
    """Say whether 1C gives a value back exactly as it was sent."""
    return isinstance(value, str | bool)


def _new_session(answer: Answer) -> str | None:
    """Read the session that an answer opens."""
    for value in answer.headers.get_list("set-cookie"):
        try:
            morsel = SimpleCookie(value).get(COOKIE)
        except CookieError:
            continue  # somebody else's cookie: a balancer's may not follow the grammar
        if morsel is not None and morsel.value:
            return morsel.value
    return None
