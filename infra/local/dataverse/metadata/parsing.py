"""Bodies that define tables, columns, relationships and keys: read, checked, turned into the server's own schema.

Wordings are Dataverse's where they are known. A property that a definition doesn't have, a name without a publisher's
prefix, a missing label, a length or a range outside the documented one: each is refused.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from infra.local.dataverse.errors import invalid_argument, not_understood
from infra.local.dataverse.metadata.describing import NAMESPACE, Json
from infra.local.dataverse.schema import DECIMAL_DIGITS, Column, Kind, Schema, Table, Target

_COMMON = frozenset(
    {"AttributeType", "AttributeTypeName", "SchemaName", "DisplayName", "Description", "RequiredLevel", "IsPrimaryName"}
)
_OWN: Mapping[str, frozenset[str]] = {
    "String": frozenset({"MaxLength", "FormatName"}),
    "Memo": frozenset({"MaxLength", "Format", "ImeMode"}),
    "Integer": frozenset({"MinValue", "MaxValue", "Format"}),
    "Decimal": frozenset({"MinValue", "MaxValue", "Precision"}),
    "Boolean": frozenset({"DefaultValue", "OptionSet"}),
    "Picklist": frozenset({"OptionSet", "DefaultFormValue", "SourceTypeMask"}),
    "DateTime": frozenset({"Format", "DateTimeBehavior"}),
    "Lookup": frozenset({"Targets"}),
}
_ENTITY = frozenset(
    {
        "SchemaName",
        "DisplayName",
        "DisplayCollectionName",
        "Description",
        "OwnershipType",
        "IsActivity",
        "HasActivities",
        "HasNotes",
        "ChangeTrackingEnabled",
        "Attributes",
    }
)
_RELATIONSHIP = frozenset(
    {
        "SchemaName",
        "ReferencedEntity",
        "ReferencedAttribute",
        "ReferencingEntity",
        "CascadeConfiguration",
        "AssociatedMenuConfiguration",
        "Lookup",
    }
)
_KEY = frozenset({"SchemaName", "DisplayName", "KeyAttributes"})
_IN_KEYS = frozenset({Kind.STRING, Kind.INTEGER, Kind.DECIMAL, Kind.DATETIME, Kind.PICKLIST, Kind.LOOKUP})
_LONGEST = {"String": 4000, "Memo": 1_048_576}
_MOST = Decimal(100_000_000_000)
_INT32 = 2**31 - 1
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z")
_CASCADES = frozenset({"Assign", "Delete", "Merge", "Reparent", "Share", "Unshare", "RollupView", "Archive"})


@dataclass(frozen=True)
class NewTable:
    """A table to be: its own part, and its columns with the primary name among them."""

    schema_name: str
    label: str
    collection_label: str
    change_tracking: bool
    owned: str
    primary_name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class NewLookup:
    """A lookup to be, with its relationship."""

    table: str
    column: Column


@dataclass(frozen=True)
class NewKey:
    """An alternate key to be."""

    name: str
    column: str


def _known(body: object, kind: str, names: Collection[str]) -> Json:
    if not isinstance(body, dict):
        raise not_understood(f"A definition of {kind} was expected.", "0x80048d19")
    for name in body:
        if "@" not in name and name not in names:
            raise not_understood(
                f"The property '{name}' does not exist on type '{NAMESPACE}.{kind}'. Make sure to only use property "
                "names that are defined by the type.",
                "0x80048d19",
            )
    return body


def _label(body: Json, name: str, language: int, *, required: bool = True) -> str:
    given = body.get(name)
    labels = given.get("LocalizedLabels") if isinstance(given, dict) else None
    for each in labels or ():
        if each.get("LanguageCode") == language and each.get("Label"):
            return str(each["Label"])
        if each.get("LanguageCode") != language:
            raise invalid_argument(f"The language code {each.get('LanguageCode')} is not a language of this server.")
    if required:
        raise invalid_argument(f"The property {name} needs a label in the organization's base language ({language}).")
    return ""


def _schema_name(body: Json, prefixes: Collection[str], what: str) -> str:
    name = body.get("SchemaName")
    if not isinstance(name, str) or not _NAME.match(name) or name.partition("_")[0] not in prefixes:
        raise invalid_argument(
            f"{name or what} is invalid or missing and must start with a valid customization prefix. The prefix for a "
            "solution component should match the prefix that is specified for the publisher of the solution."
        )
    return name


def _number(body: Json, name: str, low: Decimal | int, high: Decimal | int, default: Decimal | int) -> Decimal:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not low <= value <= high:
        raise invalid_argument(f"{name} must be between {low} and {high}, not {value}.")
    return Decimal(value)


def column(body: object, prefixes: Collection[str], language: int) -> Column:
    """Read the definition of a column; a lookup comes with its relationship and nowhere else."""
    kind = str(body.get("@odata.type", "") if isinstance(body, dict) else "")
    kind = kind.removeprefix("#").removeprefix(f"{NAMESPACE}.").removesuffix("AttributeMetadata")
    if kind not in _OWN or kind == "Lookup":
        raise not_understood(f"A column of the type '{kind}' can't be defined here.", "0x80048d19")
    given = _known(body, f"{kind}AttributeMetadata", _COMMON | _OWN[kind])
    name = _schema_name(given, prefixes, "The column's SchemaName")
    label = _label(given, "DisplayName", language)
    _label(given, "Description", language, required=False)
    made = _typed(name.lower(), kind, given, language)
    return Column(**{**made, "schema_name": name, "label": label})


def _typed(name: str, kind: str, given: Json, language: int) -> dict[str, Any]:
    common: dict[str, Any] = {"name": name}
    match kind:
        case "String" | "Memo":
            length = int(_number(given, "MaxLength", 1, _LONGEST[kind], 100))
            return common | {"kind": Kind(kind), "maximum_length": length}
        case "Integer":
            low, high = _number(given, "MinValue", -_INT32 - 1, _INT32, -_INT32 - 1), None
            high = _number(given, "MaxValue", low, _INT32, _INT32)
            return common | {"kind": Kind.INTEGER, "minimum": low, "maximum": high}
        case "Decimal":
            low = _number(given, "MinValue", -_MOST, _MOST, -_MOST)
            high = _number(given, "MaxValue", low, _MOST, _MOST)
            precision = int(_number(given, "Precision", 0, DECIMAL_DIGITS, 2))
            bounds = {"digits": DECIMAL_DIGITS, "precision": precision, "minimum": low, "maximum": high}
            return common | {"kind": Kind.DECIMAL} | bounds
        case "DateTime":
            return common | {"kind": _moment(given)}
        case "Boolean":
            options = given.get("OptionSet")
            for side in ("TrueOption", "FalseOption"):
                option = options.get(side) if isinstance(options, dict) else None
                if not isinstance(option, dict):
                    raise invalid_argument(f"A column of the type Boolean needs OptionSet.{side}.")
                _label(option, "Label", language)
            return common | {"kind": Kind.BOOLEAN, "default": "true" if given.get("DefaultValue") else None}
    return common | {"kind": Kind.PICKLIST, "options": _options(given, language)}


def _moment(given: Json) -> Kind:
    behavior = (given.get("DateTimeBehavior") or {"Value": "UserLocal"}).get("Value")
    shape = given.get("Format", "DateOnly")
    if shape not in {"DateOnly", "DateAndTime"} or behavior not in {"UserLocal", "DateOnly", "TimeZoneIndependent"}:
        raise invalid_argument(f"A column of the type DateTime can't be {shape} with the behavior {behavior}.")
    return Kind.DATE if behavior == "DateOnly" else Kind.DATETIME


def _options(given: Json, language: int) -> dict[int, str]:
    choice = given.get("OptionSet")
    items = choice.get("Options") if isinstance(choice, dict) else None
    if not items or choice is None or choice.get("IsGlobal"):
        raise invalid_argument("A column of the type Picklist needs the Options of its own OptionSet.")
    options: dict[int, str] = {}
    for item in items:
        value = item.get("Value")
        if not isinstance(value, int) or value in options:
            raise invalid_argument(f"The option value {value} is not a number, or is there already.")
        options[value] = _label(item, "Label", language)
    return options


def option(body: Json, table: Table, language: int) -> Column:
    """Read InsertOptionValue; give the choice column with the further option."""
    _known(body, "InsertOptionValue", {"EntityLogicalName", "AttributeLogicalName", "Value", "Label"})
    held = table.columns.get(str(body.get("AttributeLogicalName")))
    if held is None or held.kind is not Kind.PICKLIST:
        raise invalid_argument(f"The column {body.get('AttributeLogicalName')} is not there, or is no choice.")
    value = body.get("Value")
    if not isinstance(value, int) or value in held.options:
        raise invalid_argument(f"The option value {value} is not a number, or is there already.")
    return replace(held, options={**held.options, value: _label(body, "Label", language)})


def table(body: object, schema: Schema, prefixes: Collection[str], language: int) -> NewTable:
    """Read the definition of a table. It needs exactly one column that is the primary name."""
    given = _known(body, "EntityMetadata", _ENTITY)
    name = _schema_name(given, prefixes, "The table's SchemaName")
    if name.lower() in schema:
        raise invalid_argument(f"An entity with the specified name {name.lower()} already exists. Specify a new name.")
    if given.get("OwnershipType") not in {"UserOwned", "OrganizationOwned"}:
        raise invalid_argument("The specified ownership type mask is not valid for this operation")
    for flag in ("HasActivities", "HasNotes"):
        if not isinstance(given.get(flag), bool):
            raise invalid_argument(f"Required field '{flag}' is missing")
    columns = [column(each, prefixes, language) for each in given.get("Attributes") or ()]
    if not columns:
        raise invalid_argument("No attributes for Create Entity action.")
    primary = [each for each, raw in zip(columns, given["Attributes"], strict=True) if raw.get("IsPrimaryName")]
    if len(primary) != 1 or primary[0].kind is not Kind.STRING:
        raise invalid_argument("Primary UI Attribute has to be of type String")
    if len({each.name for each in columns}) != len(columns):
        raise invalid_argument("An attribute with the specified name already exists")
    return NewTable(
        schema_name=name,
        label=_label(given, "DisplayName", language),
        collection_label=_label(given, "DisplayCollectionName", language),
        change_tracking=bool(given.get("ChangeTrackingEnabled", False)),
        owned="user" if given["OwnershipType"] == "UserOwned" else "organization",
        primary_name=primary[0].name,
        columns=tuple(columns),
    )


def lookup(body: object, schema: Schema, prefixes: Collection[str], language: int) -> NewLookup:
    """Read the definition of a one-to-many relationship with its lookup."""
    given = _known(body, "OneToManyRelationshipMetadata", _RELATIONSHIP)
    if str(given.get("@odata.type", "")).removeprefix("#") != f"{NAMESPACE}.OneToManyRelationshipMetadata":
        raise not_understood("Only one-to-many relationships are defined here.", "0x80048d19")
    name = _schema_name(given, prefixes, "The relationship's SchemaName")
    for side in ("ReferencedEntity", "ReferencingEntity"):
        if given.get(side) not in schema:
            raise invalid_argument(f"The entity with a name = '{given.get(side)}' was not found in the MetadataCache.")
    referenced, referencing = schema[given["ReferencedEntity"]], schema[given["ReferencingEntity"]]
    if given.get("ReferencedAttribute", referenced.key) != referenced.key:
        raise invalid_argument(f"ReferencedAttribute must be {referenced.key}.")
    if name in referenced.navigations:
        raise invalid_argument(f"A relationship with the name {name} already exists.")
    cascades = given.get("CascadeConfiguration") or {}
    if set(cascades) - _CASCADES or cascades.get("Delete") not in {None, "RemoveLink", "Restrict", "Cascade"}:
        raise invalid_argument("The CascadeConfiguration is not valid for this relationship.")
    inner = _known(given.get("Lookup"), "LookupAttributeMetadata", _COMMON | _OWN["Lookup"])
    column_name = _schema_name(inner, prefixes, "The lookup's SchemaName")
    if column_name.lower() in referencing.columns:
        raise invalid_argument("An attribute with the specified name already exists")
    target = Target(referenced.name, column_name, name, str(cascades.get("Delete", "RemoveLink")).lower())
    made = Column(
        column_name.lower(),
        Kind.LOOKUP,
        targets=(target,),
        schema_name=column_name,
        label=_label(inner, "DisplayName", language),
    )
    return NewLookup(referencing.name, made)


def key(
    body: object,
    columns: Mapping[str, Column],
    held: Mapping[str, str],
    *,
    prefixes: Collection[str],
    language: int,
) -> NewKey:
    """Read the definition of an alternate key; ``held`` are the keys that are there, by column."""
    given = _known(body, "EntityKeyMetadata", _KEY)
    name = _schema_name(given, prefixes, "The key's SchemaName").lower()
    _label(given, "DisplayName", language)
    names = given.get("KeyAttributes")
    if not isinstance(names, list) or len(names) != 1:
        raise not_understood("Alternate keys of one column are served here, no others.")
    if names[0] not in columns or columns[names[0]].kind not in _IN_KEYS:
        raise invalid_argument(f"The column {names[0]} is not there, or its type can't be part of a key.")
    if name in held.values() or names[0] in held:
        raise invalid_argument(f"An entity key with the name {name} or these attributes already exists.")
    return NewKey(name, names[0])
