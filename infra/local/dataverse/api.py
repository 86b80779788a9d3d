"""One operation of the Web API: which row or collection an address names, and what the method does to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

from infra.local.dataverse.actions import FULFILL, fulfill_sales_order
from infra.local.dataverse.addresses import Address, Addresses, parse_key, segments
from infra.local.dataverse.body import Body, BodyReader
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import (
    DataverseError,
    bad_payload,
    does_not_exist,
    duplicate_record,
    no_such_key,
    not_understood,
    unknown_property,
    version_mismatch,
)
from infra.local.dataverse.merging import MERGE, merge
from infra.local.dataverse.metadata.customizing import COMPONENTS, Customizing
from infra.local.dataverse.metadata.reading import DefinitionReader
from infra.local.dataverse.metadata.writing import DefinitionWriter
from infra.local.dataverse.query import QueryReader, split_options
from infra.local.dataverse.reading import Reader, Reading
from infra.local.dataverse.reads import ReadApi
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, ok
from infra.local.dataverse.schema import Navigation, Table
from infra.local.dataverse.security import ADD_PRIVILEGES, USER_ROLES, Security
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.values import parse
from infra.local.dataverse.writing import RowEditor
from infra.local.faults import Faults
from shared.jsontext import loads

_ACTIONS = {FULFILL: fulfill_sales_order, MERGE: merge}


class Api:
    """Carries out operations against one organization."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        editor: RowEditor,
        after_commit: Callable[[list[str]], None],
        *,
        roles_count: bool = False,
        faults: Faults,
    ) -> None:
        """``roles_count``: the application user may do what its roles allow, and nothing else."""
        self._store = store
        self._faults = faults
        self._editor = editor
        self._after_commit = after_commit
        self._reader = Reader(store)
        self._addresses = Addresses(store)
        self._security = Security(store, enforced=roles_count)
        self._customizing = Customizing(store, clock)
        self._definitions = DefinitionWriter(store, self._addresses, self._customizing)
        definitions = DefinitionReader(store.schema, self._definitions.key_is_read)
        self._reads = ReadApi(store, clock, self._addresses, definitions, self._security)

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
            return self._reads.answer(request)
        if in_changeset:
            return self._write(request)
        try:
            with self.transaction(request):
                return self._write(request)
        except BaseException:
            request.session.jobs.clear()
            raise

    def _write(self, request: ApiRequest) -> ApiAnswer:
        if self._faults.take(f"ROW {request.method} {unquote_plus(request.path)}", {"reject"}):
            raise DataverseError(400, "0x80040265", "This row is refused, as was told.")
        named = segments(request.path)
        if named and named[0] in request.references:
            ref = request.references[named[0]]
            named[0] = f"{self._store.schema[ref.table].set_name}({ref.id})"
        special = self._special(request, named)
        if special is not None:
            return special
        if not named:
            raise not_understood(f"The HTTP method {request.method} is not supported here.")
        table, key = self._addresses.table(named[0])
        match request.method, key, named[1:]:
            case "POST", None, []:
                return self._create(request, table, Address(table), self._body(request, table, creating=True))
            case "PATCH", str(), []:
                return self._patch(request, table, parse_key(table, key))
            case "DELETE", str(), []:
                return self._delete(request, table, self._addresses.row(table, key))
            case "PUT" | "DELETE", str(), [name]:
                return self._set_property(request, table, self._addresses.row(table, key), name)
            case "PUT" | "POST" | "DELETE", str(), [name, "$ref"] if name in table.navigations:
                return self._associate(request, table, self._addresses.row(table, key), table.navigations[name])
        raise DataverseError(
            405, "0x80060888", f"The HTTP method {request.method} is not supported at '{request.path}' by this server."
        )

    def _special(self, request: ApiRequest, named: list[str]) -> ApiAnswer | None:
        """Carry out what is no write of a row: actions, definitions, roles."""
        if request.method == "POST" and len(named) == 1 and named[0] in _ACTIONS:
            return self._act(request, named[0])
        if self._definitions.concerns(named):
            return self._definitions.answer(request, named, lambda: self._json(request, "definition"))
        if request.method != "POST" or named[1:] not in ([ADD_PRIVILEGES], [USER_ROLES, "$ref"]):
            return None
        table, key = self._addresses.table(named[0])
        self._security.check(request.session.user, "Write", table)
        row, body = self._addresses.row(table, key or ""), self._json(request, table.set_name)
        if table.name == "role" and named[1:] == [ADD_PRIVILEGES]:
            return self._security.add_privileges(row, body)
        return self._security.assign(self._addresses, row, body) if table.name == "systemuser" else None

    @staticmethod
    def _json(request: ApiRequest, name: str) -> Any:
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().casefold() != "application/json":
            raise DataverseError(
                415, "0x80060888", f"A supported MIME type could not be found that matches '{content_type}'."
            )
        try:
            return loads(request.body)
        except ValueError as error:
            raise bad_payload(name, f"The body is not JSON: {error}") from error

    def _act(self, request: ApiRequest, name: str) -> ApiAnswer:
        reader = BodyReader(self._store, request.references)
        _ACTIONS[name](self._store, self._editor, reader, self._json(request, name), request.session)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _body(self, request: ApiRequest, table: Table, *, creating: bool) -> Body:
        return BodyReader(self._store, request.references).read(
            table, self._json(request, table.set_name), creating=creating
        )

    def _create(self, request: ApiRequest, table: Table, address: Address, body: Body) -> ApiAnswer:
        if address.id is not None:
            body.values[table.key] = address.id
        if address.key is not None:
            body.values[address.key[0]] = parse(table, table.columns[address.key[0]], address.key[1])
        reader = BodyReader(self._store, request.references)
        self._security.check_write(request.session.user, "Create", table, body.values)
        row = self._editor.create(table, body, request.session, reader)
        if table.name in COMPONENTS:
            self._customizing.add_component(request, COMPONENTS[table.name], row[table.key])
        if request.content_id is not None:
            request.references[f"${request.content_id}"] = Ref(table.name, row[table.key])
        return self._written(request, table, row, 201)

    def _patch(self, request: ApiRequest, table: Table, address: Address) -> ApiAnswer:
        row = self._addresses.find(address)
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
        self._security.check_write(request.session.user, "Write", table, body.values)
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
        self._security.check(request.session.user, "Delete", table)
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
        answer = ok(body, preferences, f'W/"{row["versionnumber"]}"', status)
        answer.headers |= located
        return answer

    def _set_property(self, request: ApiRequest, table: Table, row: Row, name: str) -> ApiAnswer:
        column = table.wire.get(name)
        if column is None:
            raise unknown_property(name, table.name)
        self._check_version(row, request.headers.get("if-match", "").strip())
        value = None
        if request.method == "PUT":
            data = self._json(request, table.set_name)
            if not isinstance(data, dict) or set(data) != {"value"}:
                raise bad_payload(table.set_name, "A body with the one property 'value' was expected.")
            value = data["value"]
        self._security.check(request.session.user, "Write", table)
        body = BodyReader(self._store, request.references).read(table, {name: value}, creating=False)
        self._editor.update(table, row[table.key], body, request.session)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _associate(self, request: ApiRequest, table: Table, row: Row, navigation: Navigation) -> ApiAnswer:
        if request.method not in ({"POST"} if navigation.many else {"PUT", "DELETE"}):
            raise DataverseError(405, "0x80060888", f"The HTTP method {request.method} is not supported here.")
        ref = None
        if request.method != "DELETE":
            data = self._json(request, table.set_name)
            if not isinstance(data, dict) or not isinstance(data.get("@odata.id"), str):
                raise bad_payload(table.set_name, "A body with '@odata.id' was expected.")
            ref = BodyReader(self._store, request.references).resolve(data["@odata.id"])
        if ref is not None and ref.table != navigation.table:
            raise bad_payload(table.set_name, f"'{navigation.name}' leads to rows of {navigation.table}.")
        self._security.check(request.session.user, "Write", table)
        if navigation.many and ref is not None:
            other = self._store.schema[navigation.table]
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
