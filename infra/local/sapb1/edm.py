"""The entity data model: which properties a type has, what a value must be, and how it is written out.

The data is ``schema.txt``, beside this module. Values have one canonical form inside the company: str, int,
Decimal, ISO dates (``2026-01-31``), times (``14:05:00``), enum members by name, lists and dicts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.sapb1.errors import invalid_property, invalid_value, too_long, unsupported

Body = dict[str, Any]

PRIMITIVES = frozenset({"String", "Int32", "Double", "Date", "Time"})
_TYPE = re.compile(r"(\w+?)(?:\((\d+)\))?(\[\])?")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T00:00:00(?:\.0+)?Z?)?")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Property:
    """One property. ``type`` is a primitive, an enum or a complex type; ``length`` counts characters."""

    name: str
    type: str
    collection: bool = False
    length: int | None = None
    read_only: bool = False
    refused: bool = False
    default: str | None = None


@dataclass(frozen=True)
class EntityType:
    """A type: its key properties and all properties by name. ``udf_table`` is the table its U_ fields belong to."""

    name: str
    key: tuple[str, ...]
    properties: Mapping[str, Property]
    udf_table: str | None = None

    def extended(self, fields: Iterable[Property]) -> "EntityType":
        """Give the type with user-defined fields added."""
        added = {prop.name: prop for prop in fields}
        if not added:
            return self
        return EntityType(self.name, self.key, {**self.properties, **added}, self.udf_table)


@dataclass(frozen=True)
class Schema:
    """All types, enums (member → database value) and entity sets (name → type)."""

    types: Mapping[str, EntityType]
    enums: Mapping[str, Mapping[str, str]]
    sets: Mapping[str, str]


@dataclass
class _Reading:
    types: dict[str, EntityType] = field(default_factory=dict)
    enums: dict[str, dict[str, str]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)


def _property(words: list[str]) -> Property:
    match = _TYPE.fullmatch(words[1])
    if match is None:
        raise ValueError(f"schema.txt: {words[1]} is no type")
    flags = words[2:]
    return Property(
        name=words[0],
        type=match[1],
        collection=match[3] is not None,
        length=int(match[2]) if match[2] else None,
        read_only="ro" in flags,
        refused="no" in flags,
        default=next((flag[1:] for flag in flags if flag.startswith("=")), None),
    )


@cache
def schema() -> Schema:
    """Read ``schema.txt`` once."""
    reading = _Reading()
    properties: dict[str, Property] = {}
    for line in Path(__file__).with_name("schema.txt").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith("  "):
            prop = _property(words)
            properties[prop.name] = prop
        elif words[0] == "enum":
            reading.enums[words[1]] = dict(word.split("=", 1) for word in words[2:])
        elif words[0] == "set":
            reading.sets[words[1]] = words[2]
        else:
            properties = {}
            options = dict(word.split("=", 1) for word in words[2:])
            key = tuple(options["key"].split(",")) if "key" in options else ()
            reading.types[words[1]] = EntityType(words[1], key, properties, options.get("udf"))
    return Schema(reading.types, reading.enums, reading.sets)


def day_of(value: str) -> str | None:
    """Give an ISO day for the forms Service Layer takes (2026-01-31, 20260131, with midnight); None for others."""
    match = _DAY.fullmatch(value)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return None


def _time_of(value: str) -> str | None:
    try:
        return time.fromisoformat(value).isoformat("seconds")
    except ValueError:
        return None


def _number(raw: Any) -> Decimal | None:
    """Service Layer's manual sends numbers as strings, too: "Quantity": "100"."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, (int, Decimal)):
        return Decimal(raw)
    if isinstance(raw, str) and _NUMBER.fullmatch(raw):
        try:
            return Decimal(raw)
        except InvalidOperation:
            return None
    return None


def member_of(enum: Mapping[str, str], raw: Any) -> str | None:
    """Give the member's name for a name or a database value; None where it is neither."""
    if not isinstance(raw, str):
        return None
    if raw in enum:
        return raw
    return next((name for name, value in enum.items() if value == raw and value), None)


def _primitive(prop: Property, raw: Any) -> Any:
    result: Any = None
    match prop.type:
        case "String":
            result = raw if isinstance(raw, str) else None
        case "Int32":
            number = _number(raw)
            if number is not None and number == number.to_integral_value() and abs(number) < 2**31:
                result = int(number)
        case "Double":
            result = _number(raw)
        case "Date":
            result = day_of(raw) if isinstance(raw, str) else None
        case "Time":
            result = _time_of(raw) if isinstance(raw, str) else None
        case enum:
            result = member_of(schema().enums[enum], raw)
    return result


class Model:
    """The schema together with the user-defined fields that are in force."""

    def __init__(self, user_fields: Mapping[str, Iterable[Property]]) -> None:
        self._user_fields = {table: tuple(fields) for table, fields in user_fields.items()}

    def type(self, name: str) -> EntityType:
        """Give a type with its U_ fields."""
        plain = schema().types[name]
        return plain.extended(self._user_fields.get(plain.udf_table or "", ()))

    def user_table(self, table: str) -> EntityType:
        """Give the type of the rows of user table ``table`` (without the @)."""
        columns = (Property("Code", "String", length=50), Property("Name", "String", length=100))
        fields = {prop.name: prop for prop in (*columns, *self._user_fields.get(f"@{table}", ()))}
        return EntityType(f"U_{table}", ("Code",), fields, f"@{table}")

    def check(self, kind: EntityType, body: object) -> Body:
        """Give the canonical form of a body somebody sent. SapError for an unknown name, a wrong type, a long string.

        Read-only properties are dropped silently, as Service Layer does; annotations (``@odata.…``) as well.
        """
        if not isinstance(body, dict):
            raise invalid_value(kind.name, kind.name)
        checked: Body = {}
        for name, raw in body.items():
            if "@odata." in name or name.startswith("odata."):
                continue
            prop = kind.properties.get(name)
            if prop is None:
                raise invalid_property(name, kind.name)
            if prop.read_only:
                continue
            if prop.refused and raw is not None and raw != prop.default:
                raise unsupported(f"Writing property '{name}' of '{kind.name}'")
            if not prop.refused:
                checked[name] = self._value(kind, prop, raw)
        return checked

    def defaults(self, kind: EntityType) -> Body:
        """Give what a new row holds where nothing was said."""
        return {name: prop.default for name, prop in kind.properties.items() if prop.default is not None}

    def _value(self, kind: EntityType, prop: Property, raw: Any) -> Any:
        if prop.collection:
            if not isinstance(raw, list):
                raise invalid_value(prop.name, kind.name)
            return [self.check(self.type(prop.type), item) for item in raw]
        if raw is None:
            return None
        if prop.type in schema().types:
            return self.check(self.type(prop.type), raw)
        value = _primitive(prop, raw)
        if value is None:
            raise invalid_value(prop.name, kind.name)
        if prop.length is not None and len(value) > prop.length:
            raise too_long(prop.name, kind.name)
        return value

    def write(self, kind: EntityType, row: Mapping[str, Any], version: str) -> Body:
        """Give the JSON of a stored row: every property of the type, in order; dates as ``v1`` or ``v2`` has them."""
        return {name: self._written(prop, row.get(name), version) for name, prop in kind.properties.items()}

    def _written(self, prop: Property, value: Any, version: str) -> Any:
        if prop.collection:
            kind = self.type(prop.type)
            return [self.write(kind, item, version) for item in value or ()]
        if prop.type in schema().types:
            return self.write(self.type(prop.type), value, version) if value else {}
        if value is None:
            return prop.default
        if prop.type == "Date" and version == "v2":
            return f"{value}T00:00:00Z"
        if prop.type == "Double":
            return plain_double(Decimal(value))
        return value


def plain_double(value: Decimal) -> Decimal:
    """Give the number as Service Layer prints doubles: no trailing zeros but one, 12.50 → 12.5, 12 → 12.0."""
    if value == value.to_integral_value():
        return value.quantize(Decimal("0.1"))
    return value.normalize()
