"""What an administrator defines: tables, columns, lookups, keys, change tracking; and PublishXml.

A definition is kept as it was sent and read again at the next start. The index of an alternate key is built in the
background, as in Dataverse: its status is Pending the first time it is asked for and Active from then on, and until
it is Active the key neither finds a row nor keeps two apart. Change tracking takes effect with PublishXml.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from infra.local.dataverse.addresses import Addresses
from infra.local.dataverse.errors import DataverseError, invalid_argument, not_understood
from infra.local.dataverse.metadata import describing, parsing
from infra.local.dataverse.metadata.customizing import Customizing
from infra.local.dataverse.metadata.reading import ENTITIES, RELATIONSHIPS, find_table
from infra.local.dataverse.model import define_lookup, define_table
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, ok
from infra.local.dataverse.schema import Column, Schema, Table
from infra.local.dataverse.store import Store
from shared.jsontext import dumps, loads

PUBLISH, INSERT_OPTION = "PublishXml", "InsertOptionValue"
_KEPT = "definitions"
_AT_THE_TOP = {ENTITIES: ("table", 1), RELATIONSHIPS: ("lookup", 10)}
_BELOW = {"Attributes": ("column", 2), "Keys": ("key", 14)}
"""What is defined where, and its solutioncomponent.componenttype"""
_PUBLISHABLE = frozenset({"entities", "entity", "importexportxml"})


def apply(schema: Schema, kept: str | None) -> None:
    """Define in a fresh schema what was defined in an organization before it was stopped."""
    for item in loads(kept or "[]"):
        _Definition(schema, item["prefixes"], item["language"]).apply(item["what"], item["table"], item["body"])


class _Definition:
    """One definition, applied to a schema."""

    def __init__(self, schema: Schema, prefixes: list[str], language: int) -> None:
        self._schema = schema
        self._prefixes, self._language = prefixes, language

    def apply(self, what: str, name: str, body: Any) -> tuple[Table, Column | None, str]:
        """Give the table concerned, the column that came, and the MetadataId of what was defined."""
        match what:
            case "table":
                new = parsing.table(body, self._schema, self._prefixes, self._language)
                table = define_table(self._schema, new)
                return table, None, describing.identity(table.name)
            case "column":
                table = self._schema[name]
                column = parsing.column(body, self._prefixes, self._language)
                if column.name in table.columns:
                    raise invalid_argument("An attribute with the specified name already exists")
                table.add(column)
                return table, column, describing.identity(table.name, column.name)
            case "lookup":
                made = parsing.lookup(body, self._schema, self._prefixes, self._language)
                table = define_lookup(self._schema, made.table, made.column)
                return table, made.column, describing.identity("relationship", made.column.targets[0].collection)
            case "key":
                table = self._schema[name]
                held = table.alternate_keys | table.pending_keys
                key = parsing.key(body, table.columns, held, prefixes=self._prefixes, language=self._language)
                table.pending_keys[key.column] = key.name
                return table, None, describing.identity(table.name, "key", key.name)
            case "option":
                table = self._schema[name]
                table.add(parsing.option(body, table, self._language))
            case "tracking":
                self._schema[name].change_tracking = bool(body)
            case "index":
                table = self._schema[name]
                table.alternate_keys[body] = table.pending_keys.pop(body)
        return self._schema[name], None, ""


class DefinitionWriter:
    """Carries out definitions in one organization."""

    def __init__(self, store: Store, addresses: Addresses, customizing: Customizing) -> None:
        self._store = store
        self._addresses = addresses
        self._customizing = customizing
        self._unpublished: dict[str, bool] = {}
        self._read_once: set[tuple[str, str]] = set()

    def concerns(self, named: list[str]) -> bool:
        """Say whether an address leads to definitions, or publishes them."""
        return bool(named) and (
            named[0].partition("(")[0] in {ENTITIES, RELATIONSHIPS} or named in ([PUBLISH], [INSERT_OPTION])
        )

    def answer(self, request: ApiRequest, named: list[str], read: Callable[[], Any]) -> ApiAnswer:
        """Carry out one request; ``read`` gives its body as JSON."""
        if not request.session.user.is_admin:
            raise DataverseError(403, "0x80040220", "Principal user is missing prvWriteEntity privilege")
        body = read()
        actions = {PUBLISH: self._publish, INSERT_OPTION: self._insert_option}
        match request.method, named:
            case "POST", [name] if name in actions:
                return actions[name](body)
            case "POST", [name] if name in _AT_THE_TOP:
                what, component = _AT_THE_TOP[name]
                return self._define(request, what, "", body, component=component)
            case "POST", [entity, below] if below in _BELOW:
                what, component = _BELOW[below]
                name = find_table(self._store.schema, entity).name
                return self._define(request, what, name, body, component=component)
            case "PUT", [entity]:
                return self._replace(find_table(self._store.schema, entity), body)
        raise DataverseError(405, "0x80060888", f"Definitions don't take {request.method} at '{request.path}' here.")

    def _define(self, request: ApiRequest, what: str, name: str, body: Any, *, component: int) -> ApiAnswer:
        prefixes, language = self._customizing.prefixes(request), self._customizing.language
        definition = _Definition(self._store.schema, prefixes, language)
        table, column, identity = definition.apply(what, name, body)
        if what == "table":
            self._store.add_table(table)
            self._addresses.sets[table.set_name] = table
            self._customizing.table_added(table)
        elif column is not None:
            self._store.add_column(table, column)
        self._keep({"what": what, "table": name, "body": body, "prefixes": prefixes, "language": language})
        self._customizing.add_component(request, component, identity)
        set_name = RELATIONSHIPS if what == "lookup" else ENTITIES
        below = {"column": "/Attributes", "key": "/Keys"}.get(what, "")
        place = f"{set_name}(LogicalName='{table.name}'){below}" if below else set_name
        return ApiAnswer(204, "", {"OData-Version": "4.0", "OData-EntityId": f"{request.base}{place}({identity})"})

    def _insert_option(self, body: Any) -> ApiAnswer:
        name = body.get("EntityLogicalName") if isinstance(body, dict) else None
        if name not in self._store.schema:
            raise invalid_argument(f"The entity with a name = '{name}' was not found in the MetadataCache.")
        language = self._customizing.language
        _Definition(self._store.schema, [], language).apply("option", name, body)
        self._keep({"what": "option", "table": name, "body": body, "prefixes": [], "language": language})
        return ok(dumps({"NewOptionValue": body["Value"]}))

    def _keep(self, definition: dict[str, Any]) -> None:
        kept = loads(self._store.meta(_KEPT) or "[]")
        self._store.set_meta(_KEPT, dumps([*kept, definition]))

    def _replace(self, table: Table, body: Any) -> ApiAnswer:
        """PUT replaces a definition, so a property that is left out would be reset; only change tracking is served."""
        described = describing.entity(self._store.schema, table)
        given = {name: value for name, value in body.items() if "@" not in name} if isinstance(body, dict) else {}
        lacking = sorted(set(described) - set(given))
        if lacking:
            raise not_understood(f"A PUT without {', '.join(lacking)} would reset it; this server refuses it.")
        for name, value in given.items():
            if name != "ChangeTrackingEnabled" and json.dumps(described.get(name)) != json.dumps(value):
                raise not_understood(f"This server changes ChangeTrackingEnabled of a definition, not {name}.")
        if not isinstance(given["ChangeTrackingEnabled"], bool):
            raise invalid_argument("ChangeTrackingEnabled must be true or false.")
        self._unpublished[table.name] = given["ChangeTrackingEnabled"]
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _publish(self, body: Any) -> ApiAnswer:
        text = body.get("ParameterXml") if isinstance(body, dict) and set(body) == {"ParameterXml"} else None
        try:
            root = ET.fromstring(text or "")  # noqa: S314 -- only programs on this machine send it
        except ET.ParseError as error:
            raise invalid_argument(f"ParameterXml can't be read: {error}") from error
        if {each.tag for each in root.iter()} - _PUBLISHABLE or root.tag != "importexportxml":
            raise not_understood("Only entities are published here.")
        for each in root.iter("entity"):
            name = (each.text or "").strip()
            if name not in self._store.schema:
                raise invalid_argument(f"The entity with a name = '{name}' was not found in the MetadataCache.")
            self._set_tracking(name)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _set_tracking(self, name: str) -> None:
        if name in self._unpublished:
            wanted = self._unpublished.pop(name)
            _Definition(self._store.schema, [], 0).apply("tracking", name, wanted)
            self._keep({"what": "tracking", "table": name, "body": wanted, "prefixes": [], "language": 0})

    def key_is_read(self, table: Table, column: str) -> None:
        """Go on with the index of a key; where rows stand against it, it fails."""
        if (table.name, column) not in self._read_once:
            self._read_once.add((table.name, column))
            return
        if not self._store.build_key(table.name, column):
            table.failed_keys.add(column)
            return
        _Definition(self._store.schema, [], 0).apply("index", table.name, column)
        with self._store.transaction():
            self._keep({"what": "index", "table": table.name, "body": column, "prefixes": [], "language": 0})
