"""Service Layer itself: one operation in, one answer out; sessions, addresses, queries, writing out."""

import uuid
from collections.abc import Callable
from hashlib import sha1
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from infra.local.sapb1 import company
from infra.local.sapb1.books import Books
from infra.local.sapb1.changes import DocumentChanges
from infra.local.sapb1.clock import Clock
from infra.local.sapb1.context import Context
from infra.local.sapb1.documents import ApprovalPending, Documents
from infra.local.sapb1.edm import Body, EntityType, plain_double
from infra.local.sapb1.entities import Entities, Found
from infra.local.sapb1.errors import SapError, invalid_property, unsupported
from infra.local.sapb1.filters import EVERYTHING, parse_filter, parse_order, sort_key
from infra.local.sapb1.functions import NOTHING, Functions
from infra.local.sapb1.odata import (
    Answer,
    Call,
    Segment,
    flag,
    options,
    parse_path,
    preferences,
    unrecognized,
    whole,
)
from infra.local.sapb1.settings import Settings
from shared.jsontext import dumps, loads

_RESULT_TYPES = {"CompanyService_GetAdminInfo": "AdminInfo", "CompanyService_GetCompanyInfo": "CompanyInfo"}


def etag(version: int) -> str:
    """Give the weak ETag of a version: the SHA-1 of its number, as the real one makes it."""
    return f'W/"{sha1(str(version).encode(), usedforsecurity=False).hexdigest().upper()}"'


FROZEN_ETAG = etag(1)
"""What a row read with $select carries in its body, whatever its version; the header is left out (observed)."""


class ServiceLayer:
    """Answers operations. ``handle`` commits before it answers, and takes back everything when it refuses."""

    def __init__(self, books: Books, settings: Settings, clock: Clock) -> None:
        self.context = Context(books, settings, clock)
        self.documents = Documents(self.context)
        changes = DocumentChanges(self.context, self.documents)
        self._entities = Entities(self.context, self.documents, changes)
        self._functions = Functions(self.context, self.documents, changes)
        self.stats: dict[str, int] = {}
        self.pending: ApprovalPending | None = None
        """The draft of the operation that was refused last, for a changeset to keep once it is rolled back."""
        if books.is_empty():
            with books.transaction():
                company.found(books)
                for partner in company.partners():
                    self._entities.create("BusinessPartners", partner)
                for item in company.items():
                    self._entities.create("Items", item)

    def handle(self, call: Call) -> Answer:
        """Do one operation."""
        try:
            segments = parse_path(call.path)
            self._count(call, segments[0].name)
            self.pending = None
            if segments[0].name == "Login" and len(segments) == 1:
                return self._login(call)
            if not call.batched:
                session = self.check_session(call)
                if segments[0].name == "Logout" and len(segments) == 1 and call.method == "POST":
                    self.context.books.drop_session(session)
                    return Answer(204, {**_protocol(call), "Set-Cookie": "B1SESSION=; Max-Age=0"})
            return self._operate(call, segments)
        except SapError as error:
            return self.refusal(call, error)

    def _operate(self, call: Call, segments: list[Segment]) -> Answer:
        try:
            with self.context.books.transaction():
                return self._route(call, segments)
        except ApprovalPending as pending:
            self.pending = pending
            if not call.batched:
                self.keep_draft(pending)
            raise
        except SapError:
            self.context.reload_model()
            raise

    def keep_draft(self, pending: ApprovalPending) -> None:
        """Store the draft that an approval procedure made of a document."""
        with self.context.books.transaction():
            self.documents.store_draft(pending.draft)

    def refusal(self, call: Call, error: SapError) -> Answer:
        """Write a refusal out."""
        headers = {"Content-Type": "application/json;charset=utf-8", **_protocol(call)}
        if error.status == 401:
            headers["WWW-Authenticate"] = f"Basic realm=/b1s/{call.version}/{call.path}"
        return Answer(error.status, headers, error.body(call.version))

    def _count(self, call: Call, name: str) -> None:
        key = f"{call.method} {name}"
        self.stats[key] = self.stats.get(key, 0) + 1

    def _login(self, call: Call) -> Answer:
        if call.method != "POST":
            raise unrecognized()
        body = _json(call)
        for name in body:
            if name not in {"CompanyDB", "UserName", "Password", "Language"}:
                raise invalid_property(name, "Login")
        given = (body.get("CompanyDB"), body.get("UserName"), body.get("Password"))
        if given != (company.COMPANY, company.USERNAME, company.PASSWORD):
            raise SapError(100000027, "Login failed", status=401)
        session = str(uuid.uuid4())
        node = f".node{1 + self.stats['POST Login'] % self.context.settings.nodes}"
        self.context.books.save_session(session, node, self._session_end())
        answer = _with_context(
            call,
            "B1Sessions/$entity",
            {
                "SessionId": session,
                "Version": company.VERSION,
                "SessionTimeout": self.context.settings.session_minutes,
            },
        )
        # B1SESSION has no Path, so that a client keeps it for the version it logged in to.
        cookies = f"B1SESSION={session}; HttpOnly; SameSite=None\nROUTEID={node}; path=/; SameSite=None"
        return Answer(200, {**_content(call), "Set-Cookie": cookies}, dumps(answer).encode())

    def _session_end(self) -> float:
        return self.context.clock.now().timestamp() + self.context.settings.session_minutes * 60

    def check_session(self, call: Call) -> str:
        """Refuse a caller without a living session; let a living one live on, and give it."""
        invalid = SapError(301, "Invalid session or session already timeout.", status=401)
        try:
            cookies = SimpleCookie(call.headers.get("cookie", ""))
        except CookieError:
            raise invalid from None
        session = cookies["B1SESSION"].value if "B1SESSION" in cookies else ""
        stored = self.context.books.session(session)
        if stored is None or stored[1] <= self.context.clock.now().timestamp():
            raise invalid
        if self.context.settings.nodes > 1 and ("ROUTEID" not in cookies or cookies["ROUTEID"].value != stored[0]):
            raise invalid
        self.context.books.save_session(session, stored[0], self._session_end())
        return session

    def _route(self, call: Call, segments: list[Segment]) -> Answer:
        first = segments[0]
        if self._functions.knows(first.name) and len(segments) == 1 and first.key is None:
            return self._call_function(call, first.name)
        if first.key is None:
            return self._set_operation(call, segments)
        return self._row_operation(call, segments)

    def _call_function(self, call: Call, name: str) -> Answer:
        options(call)
        result = self._functions.call(name, call.method, _json(call) if call.body else {})
        if result is NOTHING:
            return Answer(204, _protocol(call))
        model = self.context.model
        if name in _RESULT_TYPES:
            kind = model.type(_RESULT_TYPES[name])
            return _answer(
                call, 200, _with_context(call, f"SAPB1.{kind.name}", model.write(kind, result, call.version))
            )
        if isinstance(result, list):
            rows = [model.write(model.type("Series"), row, call.version) for row in result]
            return _answer(call, 200, _with_context(call, "Collection(SAPB1.Series)", {"value": rows}))
        if isinstance(result, str):
            # A primitive is answered bare: the manual's example is the one character $.
            return Answer(200, {"Content-Type": "text/plain;charset=utf-8", **_protocol(call)}, result.encode())
        return Answer(
            200, {"Content-Type": "text/plain;charset=utf-8", **_protocol(call)}, dumps(plain_double(result)).encode()
        )

    def _set_operation(self, call: Call, segments: list[Segment]) -> Answer:
        name = segments[0].name
        if len(segments) == 2 and segments[1].name == "$count" and call.method == "GET":
            rows, _ = self._query(call, name)
            return Answer(200, {"Content-Type": "text/plain;charset=utf-8", **_protocol(call)}, str(len(rows)).encode())
        if len(segments) != 1:
            raise unrecognized()
        if call.method == "GET":
            return self._list(call, name)
        if call.method != "POST":
            raise unrecognized()
        if options(call):
            raise unsupported("A query option with POST")
        wants = preferences(call.headers)
        return self._created(call, self._entities.create(name, _json(call)), no_content=wants.no_content)

    def _created(self, call: Call, found: Found, *, no_content: bool) -> Answer:
        headers = {"Location": _location(call, found), "ETag": etag(found.version)}
        if no_content:
            return Answer(204, {**_protocol(call), **headers, "Preference-Applied": "return-no-content"})
        body = _with_context(call, f"{found.set}/$entity", self._written(call, found))
        return Answer(201, {**_content(call), **headers}, dumps(body).encode())

    def _written(self, call: Call, found: Found) -> Body:
        row = self.context.model.write(found.kind, self._entities.shown(found), call.version)
        return {_note(call, "etag"): etag(found.version), **row}

    def _query(self, call: Call, name: str) -> tuple[list[Found], dict[str, str]]:
        kind = self._entities.type_of(name)
        chosen = options(call)
        condition = parse_filter(kind, chosen["$filter"]) if "$filter" in chosen else EVERYTHING
        rows = [
            Found(kind, name, key, row, version)
            for key, version, row in self.context.books.rows(name, condition.equal)
            if condition.accepts(row)
        ]
        for prop, down in reversed(parse_order(kind, chosen["$orderby"]) if "$orderby" in chosen else []):
            rows.sort(key=_by(sort_key(prop)), reverse=down)
        return rows, chosen

    def _list(self, call: Call, name: str) -> Answer:
        rows, chosen = self._query(call, name)
        wants = preferences(call.headers)
        kind = self._entities.type_of(name)
        selected = _selected(kind, chosen.get("$select"))
        skip = whole("$skip", chosen.get("$skip", "0"))
        window = rows[skip:]
        if "$top" in chosen:
            window = window[: whole("$top", chosen["$top"])]
        size = self.context.settings.page_size if wants.page_size is None else wants.page_size
        page = window[:size] if size else window
        body: Body = {}
        if any(flag(option, chosen[option]) for option in ("$count", "$inlinecount") if option in chosen):
            body[_note(call, "count")] = len(rows)
        body["value"] = [self._projected(call, found, selected) for found in page]
        if len(page) < len(window):
            body[_note(call, "nextLink")] = _next_link(name, chosen, skip + len(page))
        headers = {} if wants.page_size is None else {"Preference-Applied": f"odata.maxpagesize={wants.page_size}"}
        answer = _answer(call, 200, _with_context(call, name, body))
        return Answer(200, {**answer.headers, **headers}, answer.body)

    def _projected(self, call: Call, found: Found, selected: list[str] | None) -> Body:
        row = self._written(call, found)
        if selected is None:
            return row
        return {_note(call, "etag"): FROZEN_ETAG, **{name: row[name] for name in selected}}

    def _row_operation(self, call: Call, segments: list[Segment]) -> Answer:
        found = self._entities.find(segments[0])
        if len(segments) == 2 and call.method == "POST" and segments[1].key is None:
            self._entities.check_version(found, call.headers.get("if-match"), etag)
            twin = self._entities.act(found, segments[1].name)
            if twin is None:
                return Answer(204, _protocol(call))
            kind = self._entities.type_of(found.set)
            return _answer(
                call,
                200,
                _with_context(call, f"{found.set}/$entity", self.context.model.write(kind, twin, call.version)),
            )
        if len(segments) != 1:
            raise unrecognized()
        if call.method == "GET":
            return self._read(call, found)
        self._entities.check_version(found, call.headers.get("if-match"), etag)
        replace = call.headers.get("b1s-replacecollectionsonpatch", "").lower() == "true"
        match call.method:
            case "PATCH" | "PUT":
                preferences(call.headers)
                self._entities.change(found, _json(call), replace=replace, put=call.method == "PUT")
            case "DELETE":
                self._entities.delete(found)
            case _:
                raise unrecognized()
        return Answer(204, _protocol(call))

    def _read(self, call: Call, found: Found) -> Answer:
        chosen = options(call)
        if set(chosen) - {"$select"}:
            raise unsupported("A query option other than $select with a key")
        selected = _selected(found.kind, chosen.get("$select"))
        tag = etag(found.version)
        if selected is None and call.headers.get("if-none-match") == tag:
            return Answer(304, {**_protocol(call), "ETag": tag})
        body = _with_context(call, f"{found.set}/$entity", self._projected(call, found, selected))
        answer = _answer(call, 200, body)
        return answer if selected is not None else Answer(200, {**answer.headers, "ETag": tag}, answer.body)


def _by(key: Callable[[Any], Any]) -> Callable[[Found], Any]:
    return lambda found: key(found.row)


def _json(call: Call) -> Body:
    try:
        body = loads(call.body)
    except ValueError:
        raise SapError(-1000, "Invalid JSON format") from None
    if not isinstance(body, dict):
        raise SapError(-1000, "Invalid JSON format")
    return body


def _protocol(call: Call) -> dict[str, str]:
    return {"OData-Version": "4.0"} if call.version == "v2" else {"DataServiceVersion": "3.0"}


def _content(call: Call) -> dict[str, str]:
    metadata = "odata.metadata=minimal" if call.version == "v2" else "odata=minimalmetadata"
    return {"Content-Type": f"application/json;{metadata};charset=utf-8", **_protocol(call)}


def _note(call: Call, name: str) -> str:
    return f"@odata.{name}" if call.version == "v2" else f"odata.{name}"


def _with_context(call: Call, fragment: str, body: Body) -> Body:
    name = "@odata.context" if call.version == "v2" else "odata.metadata"
    fragment = fragment if call.version == "v2" else fragment.replace("/$entity", "/@Element")
    return {name: f"{call.base}/$metadata#{fragment}", **body}


def _answer(call: Call, status: int, body: Body) -> Answer:
    return Answer(status, _content(call), dumps(body).encode())


def _selected(kind: EntityType, text: str | None) -> list[str] | None:
    if text is None or text.strip() == "*":
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in kind.properties:
            raise invalid_property(name, kind.name)
    return names


def _location(call: Call, found: Found) -> str:
    def literal(name: str) -> str:
        value = found.row[name]
        return str(value) if isinstance(value, int) else "'" + quote(str(value).replace("'", "''"), safe="") + "'"

    keys = found.kind.key
    text = literal(keys[0]) if len(keys) == 1 else ",".join(f"{name}={literal(name)}" for name in keys)
    return f"{call.base}/{found.set}({text})"


def _next_link(name: str, chosen: dict[str, str], skip: int) -> str:
    parts = [f"{option}={quote(value)}" for option, value in chosen.items() if option not in {"$skip", "$top"}]
    if "$top" in chosen:
        parts.append(f"$top={int(chosen['$top']) - (skip - int(chosen.get('$skip', '0')))}")
    return f"{name}?{'&'.join([*parts, f'$skip={skip}'])}"
