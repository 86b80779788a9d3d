"""Service Layer itself: one operation in, one answer out. Sessions, addresses, and what each method does."""

import uuid
from datetime import date
from http.cookies import CookieError, SimpleCookie

from infra.local.faults import Faults
from infra.local.sapb1 import company, metadata, seed
from infra.local.sapb1.answers import answer, content, etag, has_version, location, plain, protocol, with_context
from infra.local.sapb1.books import Books
from infra.local.sapb1.changes import DocumentChanges
from infra.local.sapb1.clock import Clock
from infra.local.sapb1.context import Context
from infra.local.sapb1.documents import ApprovalPending, Documents
from infra.local.sapb1.edm import Body, plain_double
from infra.local.sapb1.entities import Entities, Found
from infra.local.sapb1.errors import SapError, invalid_property, unsupported
from infra.local.sapb1.functions import NOTHING, Functions
from infra.local.sapb1.odata import Answer, Call, Segment, options, parse_path, preferences, unrecognized
from infra.local.sapb1.reading import Reading
from infra.local.sapb1.settings import Settings
from shared.jsontext import dumps, loads

_RESULT_TYPES = {"CompanyService_GetAdminInfo": "AdminInfo", "CompanyService_GetCompanyInfo": "CompanyInfo"}


class ServiceLayer:
    """Answers operations. ``handle`` commits before it answers, and takes back everything when it refuses."""

    def __init__(self, books: Books, settings: Settings, clock: Clock, faults: Faults) -> None:
        self.faults = faults
        self.context = Context(books, settings, clock)
        self.documents = Documents(self.context)
        changes = DocumentChanges(self.context, self.documents)
        self._entities = Entities(self.context, self.documents, changes)
        self._functions = Functions(self.context, self.documents, changes)
        self._reading = Reading(self.context, self._entities)
        self.stats: dict[str, int] = {}
        self.pending: ApprovalPending | None = None
        """The draft of the operation that was refused last, for a changeset to keep once it is rolled back."""
        if books.is_empty():
            with books.transaction():
                seed.found(books)
                for partner in seed.partners():
                    self._entities.create("BusinessPartners", partner)
                for item in seed.items():
                    self._entities.create("Items", item)

    def close_books(self, until: date) -> None:
        """Lock every posting period up to a day."""
        books = self.context.books
        with books.transaction():
            for month, period in books.dump().get("_periods", {}).items():
                if month <= f"{until:%Y-%m}":
                    books.update("_periods", month, {**period, "status": "locked"})

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
                    return Answer(204, {**protocol(call), "Set-Cookie": "B1SESSION=; Max-Age=0"})
            return self._operate(call, segments)
        except SapError as error:
            return self.refusal(call, error)

    def _operate(self, call: Call, segments: list[Segment]) -> Answer:
        try:
            with self.context.books.transaction():
                self._check_told(call)
                return self._route(call, segments)
        except ApprovalPending as pending:
            self.pending = pending
            if not call.batched:
                self.keep_draft(pending)
            raise
        except SapError:
            self.context.reload_model()
            raise

    def _check_told(self, call: Call) -> None:
        if call.method != "GET" and self.faults.take(f"ROW {call.method} {call.path}", {"reject"}):
            raise SapError(-5002, "This row is refused, as was told")

    def keep_draft(self, pending: ApprovalPending) -> None:
        """Store the draft that an approval procedure made of a document."""
        with self.context.books.transaction():
            self.documents.store_draft(pending.draft)

    def refusal(self, call: Call, error: SapError) -> Answer:
        """Write a refusal out."""
        headers = {"Content-Type": "application/json;charset=utf-8", **protocol(call)}
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
        if given != (company.COMPANY, company.USERNAME, self.context.settings.password):
            raise SapError(100000027, "Login failed", status=401)
        session = str(uuid.uuid4())
        node = f".node{1 + self.stats['POST Login'] % self.context.settings.nodes}"
        self.context.books.save_session(session, node, self._session_end())
        minutes = self.context.settings.session_minutes
        reply = {"SessionId": session, "Version": company.VERSION, "SessionTimeout": minutes}
        # B1SESSION has no Path, so that a client keeps it for the version it logged in to.
        cookies = f"B1SESSION={session}; HttpOnly; SameSite=None\nROUTEID={node}; path=/; SameSite=None"
        headers = {**content(call), "Set-Cookie": cookies}
        return Answer(200, headers, dumps(with_context(call, "B1Sessions/$entity", reply)).encode())

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
        if first.name == "$metadata" and len(segments) == 1 and call.method == "GET":
            return plain(call, metadata.document(self.context), "application/xml")
        if self._functions.knows(first.name) and len(segments) == 1 and first.key is None:
            return self._call_function(call, first.name)
        if first.key is None:
            return self._set_operation(call, segments)
        return self._row_operation(call, segments)

    def _call_function(self, call: Call, name: str) -> Answer:
        options(call)
        result = self._functions.call(name, call.method, _json(call) if call.body else {})
        if result is NOTHING:
            return Answer(204, protocol(call))
        model = self.context.model
        if name in _RESULT_TYPES:
            kind = model.type(_RESULT_TYPES[name])
            body = model.write(kind, result, call.version)
            return answer(call, 200, with_context(call, f"SAPB1.{kind.name}", body))
        if isinstance(result, list):
            rows = [model.write(model.type("Series"), row, call.version) for row in result]
            return answer(call, 200, with_context(call, "Collection(SAPB1.Series)", {"value": rows}))
        # A primitive is answered bare: the manual's example is the one character $.
        return plain(call, result if isinstance(result, str) else dumps(plain_double(result)))

    def _set_operation(self, call: Call, segments: list[Segment]) -> Answer:
        name = segments[0].name
        if len(segments) == 2 and segments[1] == Segment("$count") and call.method == "GET":
            return self._reading.count(call, name)
        if len(segments) != 1:
            raise unrecognized()
        if call.method == "GET":
            return self._reading.page(call, name)
        if call.method != "POST":
            raise unrecognized()
        if options(call):
            raise unsupported("A query option with POST")
        no_content = preferences(call.headers).no_content
        return self._created(call, self._entities.create(name, _json(call)), no_content=no_content)

    def _created(self, call: Call, found: Found, *, no_content: bool) -> Answer:
        headers = {"Location": location(call, found)}
        if has_version(found.kind):
            headers["ETag"] = etag(found.version)
        if no_content:
            return Answer(204, {**protocol(call), **headers, "Preference-Applied": "return-no-content"})
        body = with_context(call, f"{found.set}/$entity", self._reading.written(call, found))
        return Answer(201, {**content(call), **headers}, dumps(body).encode())

    def _row_operation(self, call: Call, segments: list[Segment]) -> Answer:
        found = self._entities.find(segments[0])
        if len(segments) == 1 and call.method == "GET":
            return self._reading.row(call, found)
        if has_version(found.kind):
            self._entities.check_version(found, call.headers.get("if-match"), etag)
        if len(segments) == 2 and call.method == "POST" and segments[1].key is None:
            return self._action(call, found, segments[1].name)
        if len(segments) != 1:
            raise unrecognized()
        replace = call.headers.get("b1s-replacecollectionsonpatch", "").lower() == "true"
        match call.method:
            case "PATCH" | "PUT":
                preferences(call.headers)
                self._entities.change(found, _json(call), replace=replace, put=call.method == "PUT")
            case "DELETE":
                self._entities.delete(found)
            case _:
                raise unrecognized()
        return Answer(204, protocol(call))

    def _action(self, call: Call, found: Found, name: str) -> Answer:
        twin = self._entities.act(found, name)
        if twin is None:
            return Answer(204, protocol(call))
        body = self.context.model.write(found.kind, twin, call.version)
        return answer(call, 200, with_context(call, f"{found.set}/$entity", body))


def _json(call: Call) -> Body:
    try:
        body = loads(call.body)
    except ValueError:
        raise SapError(-1000, "Invalid JSON format") from None
    if not isinstance(body, dict):
        raise SapError(-1000, "Invalid JSON format")
    return body
