"""GET below ``EntityDefinitions`` and ``RelationshipDefinitions``: one definition or many, $select, $filter, $expand.

As in the real Web API, a collection of columns answers the derived types, a $select names properties of the base type
alone, and a cast (``…/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata``) brings those of one type and its
OptionSet. $filter takes eq with and/or; $top, $orderby and paging don't exist for definitions.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from infra.local.dataverse.errors import DataverseError, not_understood, unknown_segment
from infra.local.dataverse.metadata import describing
from infra.local.dataverse.metadata.describing import NAMESPACE, Json
from infra.local.dataverse.query import split_options, split_outside
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, ok
from infra.local.dataverse.schema import CHOICES, Column, Schema, Table
from infra.local.dataverse.values import guid
from shared.jsontext import dumps

ENTITIES, RELATIONSHIPS = "EntityDefinitions", "RelationshipDefinitions"
_KEY = re.compile(r"\(\s*(?:(LogicalName|SchemaName)\s*=\s*'([^']*)'|([0-9A-Fa-f-]{36}))\s*\)\Z")
_COMPARISON = re.compile(r"\s*([A-Za-z]+)\s+eq\s+('(?:[^']|'')*'|true|false|\d+|[0-9a-fA-F-]{36})\s*\Z")
_OPTIONS = frozenset({"$select", "$filter", "$expand", "LabelLanguages"})

Describe = Callable[[], Json]


def concerns(segment: str) -> bool:
    """Say whether an address's first segment leads to definitions."""
    return segment.partition("(")[0] in {ENTITIES, RELATIONSHIPS}


def no_such_definition(name: str) -> DataverseError:
    """Give the refusal of a name or id without a definition."""
    return DataverseError(404, "0x80060888", f"Could not find an entity with the specified key: {name}.")


def given_key(segment: str) -> tuple[str, str]:
    """Read what stands between the brackets of a segment: the property that it names, and the value."""
    _, bracket, rest = segment.partition("(")
    match = _KEY.match(bracket + rest)
    if match is None:
        raise not_understood(f"The key in the request URI '{segment}' is not valid.")
    return (match[1], match[2]) if match[1] else ("MetadataId", match[3].lower())


def find_table(schema: Schema, segment: str) -> Table:
    """Give the table that ``EntityDefinitions(…)`` names."""
    name, value = given_key(segment)
    if name == "LogicalName" and value in schema:
        return schema[value]
    for table in schema.values():
        if name == "MetadataId" and describing.identity(table.name) == value:
            return table
    raise no_such_definition(value)


class DefinitionReader:
    """Answers reads of the definitions of one organization."""

    def __init__(self, schema: Schema, key_is_read: Callable[[Table, str], None]) -> None:
        """``key_is_read`` is told whenever the status of a key that is not built yet is asked for."""
        self._schema = schema
        self._key_is_read = key_is_read

    def answer(self, request: ApiRequest, named: list[str]) -> ApiAnswer:
        """Answer a GET; DataverseError where it is refused."""
        options = split_options(request.query)
        for name in options:
            if name not in _OPTIONS:
                raise not_understood(f"The query parameter {name} is not supported")
        set_name, bracket, _ = named[0].partition("(")
        if not bracket:
            if named[1:]:
                raise unknown_segment(named[1])
            return self._collection(request, set_name, self._top(set_name), options)
        if set_name == RELATIONSHIPS:
            found = [each for each in self._top(set_name) if each["MetadataId"] == given_key(named[0])[1]]
            found += [each for each in self._top(set_name) if each["SchemaName"] == given_key(named[0])[1]]
            if not found:
                raise no_such_definition(named[0])
            return self._single(request, RELATIONSHIPS, _selected(found[0], options))
        table = find_table(self._schema, named[0])
        if not named[1:]:
            return self._single(request, ENTITIES, self._with_expanded(table, options))
        return self._below(request, table, named[1:], options)

    def _top(self, set_name: str) -> list[Json]:
        if set_name == ENTITIES:
            return [describing.entity(self._schema, table) for table in self._schema.values()]
        return [each for table in self._schema.values() for each in describing.many_to_one(self._schema, table)]

    def _collection(self, request: ApiRequest, name: str, items: Iterable[Json], options: dict[str, str]) -> ApiAnswer:
        kept = _filtered(items, options.get("$filter"))
        if name == ENTITIES:
            shown = [self._with_expanded(self._schema[item["LogicalName"]], options) for item in kept]
        else:
            shown = [_selected(item, options) for item in kept]
        return ok(dumps({"@odata.context": f"{request.base}$metadata#{name}", "value": shown}))

    @staticmethod
    def _single(request: ApiRequest, name: str, described: Json) -> ApiAnswer:
        return ok(dumps({"@odata.context": f"{request.base}$metadata#{name}/$entity", **described}))

    def _with_expanded(self, table: Table, options: dict[str, str]) -> Json:
        described = _selected(describing.entity(self._schema, table), options)
        for item in split_outside(options.get("$expand", ""), ","):
            name, _, inner = item.partition("(")
            nested = dict(part.split("=", 1) for part in split_outside(inner.removesuffix(")"), ";"))
            if set(nested) - {"$select", "$filter", "$expand"}:
                raise not_understood(f"The query options of $expand={item} are not supported.")
            described[name] = self._hanging(table, name, nested)
        return described

    def _hanging(self, table: Table, name: str, options: dict[str, str]) -> list[Json]:
        if name == "Attributes":
            return [
                _selected(self._attribute(table, column, base="$select" in options), options)
                for column in self._columns(table, options)
            ]
        described = self._navigated(table, name)
        return [_selected(each, options) for each in _filtered(described, options.get("$filter"))]

    def _navigated(self, table: Table, name: str) -> list[Json]:
        match name:
            case "Keys":
                for column in list(table.pending_keys):
                    self._key_is_read(table, column)
                return [describing.key(table, column) for column in table.alternate_keys | table.pending_keys]
            case "ManyToOneRelationships":
                return describing.many_to_one(self._schema, table)
            case "OneToManyRelationships":
                return describing.one_to_many(self._schema, table)
        raise not_understood(f"Could not find a property named '{name}' on type '{NAMESPACE}.EntityMetadata'.")

    @staticmethod
    def _columns(table: Table, options: dict[str, str]) -> list[Column]:
        described = [describing.attribute(table, column, base=True) for column in table.columns.values()]
        kept = _filtered(described, options.get("$filter"))
        return [table.columns[each["LogicalName"]] for each in kept]

    @staticmethod
    def _attribute(table: Table, column: Column, *, base: bool) -> Json:
        return {
            "@odata.type": f"#{describing.odata_type(column)}",
            **describing.attribute(table, column, base=base),
        }

    def _below(self, request: ApiRequest, table: Table, rest: list[str], options: dict[str, str]) -> ApiAnswer:
        name, bracket, _ = rest[0].partition("(")
        context = f"{ENTITIES}('{table.name}')/{name}"
        if name != "Attributes":
            found = _filtered(self._navigated(table, name), options.get("$filter"))
            if bracket:
                prop, value = given_key(rest[0])
                found = [each for each in found if each[prop] == value]
                if not found:
                    raise no_such_definition(value)
                return self._single(request, context, _selected(found[0], options))
            return self._collection(request, context, found, options | {"$filter": ""})
        cast = rest[1] if rest[1:] else None
        if bracket:
            prop, value = given_key(rest[0])
            columns = [each for each in self._columns(table, {}) if _named(table, each, prop, value)]
            if not columns:
                raise no_such_definition(value)
            return self._single(request, context, self._cast(table, columns[0], cast, options))
        columns = self._columns(table, options)
        if cast is not None:
            columns = [column for column in columns if describing.odata_type(column) == cast]
        shown = [self._cast(table, column, cast, options) for column in columns]
        return ok(dumps({"@odata.context": f"{request.base}$metadata#{context}", "value": shown}))

    def _cast(self, table: Table, column: Column, cast: str | None, options: dict[str, str]) -> Json:
        if cast is None:
            if "$expand" in options:
                raise not_understood(f"Could not find a property named '{options['$expand']}' on AttributeMetadata.")
            return _selected(self._attribute(table, column, base="$select" in options), options)
        if describing.odata_type(column) != cast:
            raise no_such_definition(f"{column.name} as {cast}")
        described = _selected(describing.attribute(table, column, base=False), options)
        for item in split_outside(options.get("$expand", ""), ","):
            if item.partition("(")[0] not in {"OptionSet", "GlobalOptionSet"} or column.kind not in CHOICES:
                raise not_understood(f"Could not find a property named '{item}' on type '{cast}'.")
            described[item] = describing.option_set(table, column) if item.startswith("OptionSet") else None
        return described


def _named(table: Table, column: Column, prop: str, value: str) -> bool:
    described = describing.attribute(table, column, base=True)
    return bool(described[prop] == value) or (prop == "MetadataId" and guid(value) == described[prop])


def _selected(described: Json, options: dict[str, str]) -> Json:
    if "$select" not in options:
        return dict(described)
    names = [name.strip() for name in options["$select"].split(",") if name.strip()]
    for name in names:
        if name not in described:
            raise not_understood(f"Could not find a property named '{name}' on this type of definition.")
    kept = describing.chosen(described, names)
    return {"@odata.type": described["@odata.type"], **kept} if "@odata.type" in described else kept


def _filtered(items: Iterable[Json], text: str | None) -> list[Json]:
    if not text:
        return list(items)
    alternatives = [
        [_comparison(each) for each in re.split(r"\s+and\s+", part)] for part in re.split(r"\s+or\s+", text)
    ]
    return [
        item
        for item in items
        if any(all(_value(item, name) == value for name, value in every) for every in alternatives)
    ]


def _comparison(text: str) -> tuple[str, Any]:
    match = _COMPARISON.match(text.strip().removeprefix("(").removesuffix(")"))
    if match is None:
        raise not_understood(f"Definitions can be filtered by eq with and/or only here, not by '{text}'.")
    value = match[2]
    if value.startswith("'"):
        return match[1], value[1:-1].replace("''", "'")
    return match[1], {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value.lower())


def _value(item: Json, name: str) -> Any:
    if name not in item:
        raise not_understood(f"Could not find a property named '{name}' on this type of definition.")
    return item[name]
