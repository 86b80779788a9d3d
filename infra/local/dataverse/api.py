"""One operation of the Web API: which row or collection an address names, and what the method does to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json.encoder import encode_basestring as json_text
from typing import Any
from urllib.parse import unquote, unquote_plus

from infra.local.dataverse.body import Address, Body, BodyReader, parse_key
from infra.local.dataverse.changes import ChangeTracking
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import (
    DataverseError,
    bad_payload,
    does_not_exist,
    duplicate_record,
    no_such_key,
    not_understood,
    unknown_property,
    unknown_segment,
    version_mismatch,
)
from infra.local.dataverse.query import QueryReader, split_options, split_outside
from infra.local.dataverse.reading import Reader, Reading
from infra.local.dataverse.requests import JSON_TYPE, ApiAnswer, ApiRequest, Preferences
from infra.local.dataverse.schema import Navigation, Table
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.values import parse, writer
from infra.local.dataverse.writing import RowEditor
from shared.jsontext import loads

_STREAMED = "application/json; odata.metadata=minimal; odata.streaming=true"


class Api:
    """Carries out operations against one organization."""

    def __init__(
        self, store: Store, clock: Clock, editor: RowEditor, after_commit: Callable[[list[str]], None]
    ) -> None:
        self._store = store
        self._editor = editor
        self._after_commit = after_commit
        self._reader = Reader(store)
        self._changes = ChangeTracking(self._reader, clock)
        self._sets = {table.set_name: table for table in store.schema.values()}

    @contextmanager
    def transaction(self, request: ApiRequest) -> Iterator[None]:
        """Commit what is done inside, then let its system jobs run."""
        jobs = request.session.jobs
        with self._store.transaction():
            yield
        self._after_commit(jobs)
        jobs.clear()

    def handle(self, request: ApiRequest, *, in_changeset: bool = False) -> ApiAnswer:
        """Carry out one operation; DataverseError where it is refused."""
        if request.method == "GET":
            return self._get(request)
        if in_changeset:
            return self._write(request)
        try:
            with self.transaction(request):
                return self._write(request)
        except BaseException:
            request.session.jobs.clear()
            raise

    # Addresses

    def _table(self, segment: str) -> tuple[Table, str | None]:
        name, bracket, rest = segment.partition("(")
        table = self._sets.get(name)
        if table is None:
            raise unknown_segment(name)
        if not bracket:
            return table, None
        if not rest.endswith(")"):
            raise not_understood(f"Syntax error in '{segment}'.")
        return table, rest[:-1]

    def _find(self, address: Address) -> Row | None:
        row_id = address.id
        if address.key is not None:
            row_id = self._store.by_key(address.table.name, *address.key)
        return None if row_id is None else self._store.get(address.table.name, row_id)

    def _row(self, table: Table, key: str) -> Row:
        address = parse_key(table, key)
        row = self._find(address)
        if row is not None:
            return row
        if address.key is not None:
            raise no_such_key(table.name)
        raise does_not_exist(table.name, str(address.id))

    @staticmethod
    def _segments(request: ApiRequest) -> list[str]:
        return split_outside(unquote(request.path), "/")

    # Reading

    def _get(self, request: ApiRequest) -> ApiAnswer:
        segments = self._segments(request)
        match segments:
            case []:
                return self._service_document(request)
            case ["WhoAmI" | "WhoAmI()" | "Microsoft.Dynamics.CRM.WhoAmI()"]:
                return self._who_am_i(request)
            case [first] if first.startswith("$") or ("(" not in first and first not in self._sets):
                raise unknown_segment(first)
        table, key = self._table(segments[0])
        preferences = request.preferences
        reading = Reading(request.base, preferences.page_size, preferences.annotations)
        if key is None:
            return self._get_collection(request, table, segments[1:], reading, preferences)
        return self._get_row(request, table, self._row(table, key), segments[1:], reading)

    def _service_document(self, request: ApiRequest) -> ApiAnswer:
        sets = [f'{{"name":"{name}","kind":"EntitySet","url":"{name}"}}' for name in sorted(self._sets)]
        body = f'{{"@odata.context":{json_text(f"{request.base}$metadata")},"value":[{",".join(sets)}]}}'
        return self._ok(body)

    def _who_am_i(self, request: ApiRequest) -> ApiAnswer:
        user = self._store.tables["systemuser"][request.session.user.ref.id]
        organization = next(iter(self._store.tables["organization"]))
        context = json_text(f"{request.base}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse")
        return self._ok(
            f'{{"@odata.context":{context},"BusinessUnitId":"{user["businessunitid"].id}",'
            f'"UserId":"{user["systemuserid"]}","OrganizationId":"{organization}"}}'
        )

    def _get_collection(
        self, request: ApiRequest, table: Table, rest: list[str], reading: Reading, preferences: Preferences
    ) -> ApiAnswer:
        if rest not in ([], ["$count"]):
            raise unknown_segment(rest[0])
        query = QueryReader(self._store).read(table, split_options(request.query))
        if rest:
            tracked = query.deltatoken is not None
            number = self._changes.count(query) if tracked else len(list(self._reader.candidates(query)))
            return ApiAnswer(200, str(number), {"Content-Type": "text/plain", "OData-Version": "4.0"})
        if preferences.track_changes or query.deltatoken is not None:
            return self._ok(self._changes.answer(query, reading), preferences)
        return self._ok(self._reader.collection(query, reading), preferences)

    def _get_row(self, request: ApiRequest, table: Table, row: Row, rest: list[str], reading: Reading) -> ApiAnswer:
        options = split_options(request.query)
        if not rest:
            etag = f'W/"{row["versionnumber"]}"'
            if request.headers.get("if-none-match", "").strip() == etag:
                return ApiAnswer(304, "", {"OData-Version": "4.0"})
            query = QueryReader(self._store).read(table, options, single=True)
            return self._ok(self._reader.entity(query, reading, row), request.preferences, etag)
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
        rows = self._store.referring(other.name, navigation.column, row[table.key])
        kept = rows if query.condition is None else filter(query.condition.test, rows)
        if rest[1:]:
            return ApiAnswer(200, str(len(list(kept))), {"Content-Type": "text/plain", "OData-Version": "4.0"})
        path = f"{table.set_name}({row[table.key]})/{navigation.name}"
        return self._ok(self._reader.collection(query, reading, kept, path), request.preferences)

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
        return self._ok(f'{{"@odata.context":{context},"value":{text}}}')

    @staticmethod
    def _ok(body: str, preferences: Preferences | None = None, etag: str | None = None, status: int = 200) -> ApiAnswer:
        headers = {"Content-Type": _STREAMED, "OData-Version": "4.0"}
        if etag is not None:
            headers["ETag"] = etag
        if preferences is not None and preferences.applied:
            headers["Preference-Applied"] = ", ".join(preferences.applied)
        return ApiAnswer(status, body, headers)

    # Writing

    def _write(self, request: ApiRequest) -> ApiAnswer:
        segments = self._segments(request)
        if segments and segments[0] in request.references:
            ref = request.references[segments[0]]
            segments[0] = f"{self._store.schema[ref.table].set_name}({ref.id})"
        if not segments:
            raise not_understood(f"The HTTP method {request.method} is not supported here.")
        table, key = self._table(segments[0])
        match request.method, key, segments[1:]:
            case "POST", None, []:
                return self._create(request, table, Address(table), self._body(request, table, creating=True))
            case "PATCH", str(), []:
                return self._patch(request, table, parse_key(table, key))
            case "DELETE", str(), []:
                return self._delete(request, table, self._row(table, key))
            case "PUT" | "DELETE", str(), [name]:
                return self._set_property(request, table, self._row(table, key), name)
            case "PUT" | "POST" | "DELETE", str(), [name, "$ref"] if name in table.navigations:
                return self._associate(request, table, self._row(table, key), table.navigations[name])
        raise DataverseError(
            405, "0x80060888", f"The HTTP method {request.method} is not supported at '{request.path}' by this server."
        )

    @staticmethod
    def _json(request: ApiRequest, table: Table) -> Any:
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().casefold() != "application/json":
            raise DataverseError(
                415, "0x80060888", f"A supported MIME type could not be found that matches '{content_type}'."
            )
        try:
            return loads(request.body)
        except ValueError as error:
            raise bad_payload(table.set_name, f"The body is not JSON: {error}") from error

    def _body(self, request: ApiRequest, table: Table, *, creating: bool) -> Body:
        return BodyReader(self._store, request.references).read(table, self._json(request, table), creating=creating)

    def _create(self, request: ApiRequest, table: Table, address: Address, body: Body) -> ApiAnswer:
        if address.id is not None:
            body.values[table.key] = address.id
        if address.key is not None:
            body.values[address.key[0]] = parse(table, table.columns[address.key[0]], address.key[1])
        reader = BodyReader(self._store, request.references)
        row = self._editor.create(table, body, request.session, reader)
        if request.content_id is not None:
            request.references[f"${request.content_id}"] = Ref(table.name, row[table.key])
        return self._written(request, table, row, 201)

    def _patch(self, request: ApiRequest, table: Table, address: Address) -> ApiAnswer:
        row = self._find(address)
        match_header = request.headers.get("if-match", "").strip()
        if row is None:
            if match_header:
                raise no_such_key(table.name) if address.key else does_not_exist(table.name, str(address.id))
            body = self._body(request, table, creating=True)
            self._check_key_in_body(table, address, body)
            return self._create(request, table, address, body)
        if request.headers.get("if-none-match", "").strip() == "*":
            raise duplicate_record()
        self._check_version(row, match_header)
        body = self._body(request, table, creating=False)
        self._check_key_in_body(table, address, body)
        changed = self._editor.update(table, row[table.key], body, request.session)
        return self._written(request, table, changed, 200)

    @staticmethod
    def _check_key_in_body(table: Table, address: Address, body: Body) -> None:
        if address.key is not None:
            column, value = address.key
            given = body.values.get(column, value)
            if str(given).casefold() != value.casefold():
                raise bad_payload(
                    table.set_name, f"The key '{column}' in the body differs from the one in the address."
                )

    @staticmethod
    def _check_version(row: Row, header: str) -> None:
        if header and header != "*" and header != f'W/"{row["versionnumber"]}"':
            raise version_mismatch()

    def _delete(self, request: ApiRequest, table: Table, row: Row) -> ApiAnswer:
        self._check_version(row, request.headers.get("if-match", "").strip())
        self._editor.delete(table, row[table.key], request.session)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _written(self, request: ApiRequest, table: Table, row: Row, status: int) -> ApiAnswer:
        preferences = request.preferences
        address = f"{request.base}{table.set_name}({row[table.key]})"
        located = {"Location": address, "OData-EntityId": address}
        if not preferences.representation:
            return ApiAnswer(204, "", {"OData-Version": "4.0", **located})
        query = QueryReader(self._store).read(table, split_options(request.query), single=True)
        reading = Reading(request.base, preferences.page_size, preferences.annotations)
        body = self._reader.entity(query, reading, row)
        answer = self._ok(body, preferences, f'W/"{row["versionnumber"]}"', status)
        answer.headers |= {"Content-Type": _STREAMED, **located}
        return answer

    def _set_property(self, request: ApiRequest, table: Table, row: Row, name: str) -> ApiAnswer:
        column = table.wire.get(name)
        if column is None:
            raise unknown_property(name, table.name)
        self._check_version(row, request.headers.get("if-match", "").strip())
        value = None
        if request.method == "PUT":
            data = self._json(request, table)
            if not isinstance(data, dict) or set(data) != {"value"}:
                raise bad_payload(table.set_name, "A body with the one property 'value' was expected.")
            value = data["value"]
        body = BodyReader(self._store, request.references).read(table, {name: value}, creating=False)
        self._editor.update(table, row[table.key], body, request.session)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _associate(self, request: ApiRequest, table: Table, row: Row, navigation: Navigation) -> ApiAnswer:
        if request.method not in ({"POST"} if navigation.many else {"PUT", "DELETE"}):
            raise DataverseError(405, "0x80060888", f"The HTTP method {request.method} is not supported here.")
        ref = None
        if request.method != "DELETE":
            data = self._json(request, table)
            if not isinstance(data, dict) or not isinstance(data.get("@odata.id"), str):
                raise bad_payload(table.set_name, "A body with '@odata.id' was expected.")
            ref = BodyReader(self._store, request.references).resolve(data["@odata.id"])
        if navigation.many:
            other = self._store.schema[navigation.table]
            if ref is None or ref.table != other.name:
                raise bad_payload(table.set_name, f"'{navigation.name}' holds rows of {other.name}.")
            link = Body({navigation.column: Ref(table.name, row[table.key])})
            self._editor.update(other, ref.id, link, request.session)
        else:
            self._editor.update(table, row[table.key], Body({navigation.column: ref}), request.session)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})


def tag_of(query: str) -> str | None:
    """Give the value of the query option ``tag``, which becomes a shared variable of events."""
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name == "tag":
            return unquote_plus(value)
    return None


__all__ = ["JSON_TYPE", "Api", "tag_of"]
