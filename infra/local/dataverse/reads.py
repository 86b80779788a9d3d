"""GET: collections, rows, properties and related rows."""

from json.encoder import encode_basestring as json_text

from infra.local.dataverse.addresses import Addresses, segments
from infra.local.dataverse.changes import ChangeTracking
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import not_understood, unknown_property, unknown_segment
from infra.local.dataverse.metadata import reading as metadata
from infra.local.dataverse.metadata.reading import DefinitionReader
from infra.local.dataverse.query import QueryReader, split_options
from infra.local.dataverse.reading import Reader, Reading
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, Preferences, ok
from infra.local.dataverse.schema import Table
from infra.local.dataverse.security import RETRIEVE_PRIVILEGES, USER_ROLES, Security
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.values import writer
from shared.jsontext import loads

DEFINITION_PRIVILEGES = ("prvReadEntity", "prvReadAttribute", "prvReadRelationship")


class ReadApi:
    """Answers reads of one organization."""

    def __init__(
        self, store: Store, clock: Clock, addresses: Addresses, definitions: DefinitionReader, security: Security
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._security = security
        self._addresses = addresses
        self._reader = Reader(store)
        self._changes = ChangeTracking(self._reader, clock)

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer a GET; DataverseError where it is refused."""
        named = segments(request.path)
        special = self._special(request, named)
        if special is not None:
            return special
        table, key = self._addresses.table(named[0])
        if table.name == "systemuser" and key is not None and named[1:] == [USER_ROLES]:
            return self._security.roles_of(request, self._addresses.row(table, key))
        preferences = request.preferences
        reading = Reading(request.base, preferences.page_size, preferences.annotations)
        if key is None:
            return self._get_collection(request, table, named[1:], reading, preferences)
        return self._get_row(request, table, self._addresses.row(table, key), named[1:], reading)

    def _special(self, request: ApiRequest, named: list[str]) -> ApiAnswer | None:
        """Answer what is no read of rows."""
        match named:
            case []:
                return self._service_document(request)
            case ["WhoAmI" | "WhoAmI()" | "Microsoft.Dynamics.CRM.WhoAmI()"]:
                return self._who_am_i(request)
            case [first, *_] if metadata.concerns(first):
                self._security.check_named(request.session.user, DEFINITION_PRIVILEGES)
                return self._definitions.answer(request, named)
            case [first] if first.startswith(f"{RETRIEVE_PRIVILEGES}("):
                return self._security.privileges_of(request, first)
            case [first] if first.startswith("$") or ("(" not in first and first not in self._addresses.sets):
                raise unknown_segment(first)
        return None

    def _service_document(self, request: ApiRequest) -> ApiAnswer:
        sets = [f'{{"name":"{name}","kind":"EntitySet","url":"{name}"}}' for name in sorted(self._addresses.sets)]
        body = f'{{"@odata.context":{json_text(f"{request.base}$metadata")},"value":[{",".join(sets)}]}}'
        return ok(body)

    def _who_am_i(self, request: ApiRequest) -> ApiAnswer:
        user = self._store.tables["systemuser"][request.session.user.ref.id]
        organization = next(iter(self._store.tables["organization"]))
        context = json_text(f"{request.base}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse")
        return ok(
            f'{{"@odata.context":{context},"BusinessUnitId":"{user["businessunitid"].id}",'
            f'"UserId":"{user["systemuserid"]}","OrganizationId":"{organization}"}}'
        )

    def _get_collection(
        self, request: ApiRequest, table: Table, rest: list[str], reading: Reading, preferences: Preferences
    ) -> ApiAnswer:
        if rest not in ([], ["$count"]):
            raise unknown_segment(rest[0])
        query = QueryReader(self._store).read(table, split_options(request.query))
        self._security.check_query(request.session.user, query)
        if rest:
            tracked = query.deltatoken is not None
            number = self._changes.count(query) if tracked else len(list(self._reader.candidates(query)))
            return ApiAnswer(200, str(number), {"Content-Type": "text/plain", "OData-Version": "4.0"})
        if preferences.track_changes or self._changes.concerns(query):
            return ok(self._changes.answer(query, reading), preferences)
        return ok(self._reader.collection(query, reading), preferences)

    def _get_row(self, request: ApiRequest, table: Table, row: Row, rest: list[str], reading: Reading) -> ApiAnswer:
        options = split_options(request.query)
        if not rest:
            etag = f'W/"{row["versionnumber"]}"'
            if request.headers.get("if-none-match", "").strip() == etag:
                return ApiAnswer(304, "", {"OData-Version": "4.0"})
            query = QueryReader(self._store).read(table, options, single=True)
            self._security.check_query(request.session.user, query)
            return ok(self._reader.entity(query, reading, row), request.preferences, etag)
        navigation = table.navigations.get(rest[0])
        if navigation is None:
            return self._property(request, table, row, rest)
        if navigation.table not in self._store.schema:
            raise not_understood(f"The table '{navigation.table}' is not served by this local server.")
        other = self._store.schema[navigation.table]
        if not navigation.many:
            return self._related_row(request, other, row.get(navigation.column), rest[1:], reading)
        if rest[1:] not in ([], ["$count"]):
            raise unknown_segment(rest[1])
        query = QueryReader(self._store).read(other, options)
        self._security.check_query(request.session.user, query)
        rows = self._store.referring(other.name, navigation.column, row[table.key])
        kept = rows if query.condition is None else filter(query.condition.test, rows)
        if rest[1:]:
            return ApiAnswer(200, str(len(list(kept))), {"Content-Type": "text/plain", "OData-Version": "4.0"})
        path = f"{table.set_name}({row[table.key]})/{navigation.name}"
        return ok(self._reader.collection(query, reading, kept, path), request.preferences)

    def _related_row(
        self, request: ApiRequest, other: Table, ref: Ref | None, rest: list[str], reading: Reading
    ) -> ApiAnswer:
        if ref is None or ref.table != other.name:
            return ApiAnswer(204, "", {"OData-Version": "4.0"})
        return self._get_row(request, other, self._store.tables[other.name][ref.id], rest, reading)

    def _property(self, request: ApiRequest, table: Table, row: Row, rest: list[str]) -> ApiAnswer:
        column = table.wire.get(rest[0])
        if column is None or column.secret:
            raise unknown_property(rest[0], table.name)
        value = row.get(column.name)
        if value is None:
            return ApiAnswer(204, "", {"OData-Version": "4.0"})
        text = writer(column)(value)
        if rest[1:] == ["$value"]:
            return ApiAnswer(200, loads(text) if text[0] == '"' else text, {"Content-Type": "text/plain"})
        if rest[1:]:
            raise unknown_segment(rest[1])
        context = json_text(f"{request.base}$metadata#{table.set_name}({row[table.key]})/{rest[0]}")
        return ok(f'{{"@odata.context":{context},"value":{text}}}')
