"""Tables, columns, keys and relationships as the Web API describes them (EntityMetadata, AttributeMetadata …).

Of Microsoft's own tables the labels and the spelling of schema names are not known here: DisplayName has no label, and
a column's SchemaName is null. Properties that this server doesn't know are refused when they are asked for by name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.local.dataverse.schema import CHOICES, FRACTIONS, TEXTS, Column, Kind, Navigation, Schema, Table

Json = dict[str, Any]

ENGLISH = 1033
NAMESPACE = "Microsoft.Dynamics.CRM"
RIGHTS = ("Create", "Read", "Write", "Delete", "Assign", "Share", "Append", "AppendTo")
"""PrivilegeType of the privileges of a table."""

_OWNERSHIP = {"user": "UserOwned", "parent": "None", "organization": "OrganizationOwned", "none": "OrganizationOwned"}
_TYPES = {Kind.GUID: "Uniqueidentifier", Kind.DATE: "DateTime"}
_CUSTOMERS = frozenset({"customerid", "parentcustomerid"})
_PRIVILEGE_NAMES = {"salesorder": "Order", "systemuser": "User", "savedquery": "Query", "uom": "UoM"}
"""Tables whose privileges carry another name than the table's (Microsoft's table reference)."""

_PRIVILEGES_OF = {"invoicedetail": "invoice", "salesorderdetail": "salesorder", "uom": "uomschedule"}
"""Tables without privileges of their own: those of the table they hang under count."""


def identity(*parts: str) -> str:
    """Give the MetadataId of what these names name; it lasts as long as they do."""
    return str(uuid5(NAMESPACE_URL, "/".join(("metadata", *parts))))


def label(text: str) -> Json:
    """Give a Label in English; without a text it has no labels."""
    if not text:
        return {"LocalizedLabels": [], "UserLocalizedLabel": None}
    given = {"Label": text, "LanguageCode": ENGLISH, "IsManaged": False, "MetadataId": identity("label", text)}
    return {"LocalizedLabels": [given], "UserLocalizedLabel": given}


def type_name(column: Column) -> str:
    """Give a column's AttributeType."""
    if column.name == "ownerid":
        return "Owner"
    if column.name in _CUSTOMERS:
        return "Customer"
    return _TYPES.get(column.kind, column.kind.value)


def odata_type(column: Column) -> str:
    """Give the derived type of a column's definition."""
    name = {"Uniqueidentifier": "", "Customer": "Lookup", "Owner": "Lookup"}.get(type_name(column), type_name(column))
    return f"{NAMESPACE}.{name}AttributeMetadata"


def attribute(table: Table, column: Column, *, base: bool) -> Json:
    """Describe a column; ``base``: with the properties of AttributeMetadata alone."""
    own = table.key == column.name
    described: Json = {
        "LogicalName": column.name,
        "SchemaName": column.schema_name or None,
        "EntityLogicalName": table.name,
        "AttributeType": type_name(column),
        "AttributeTypeName": {"Value": f"{type_name(column)}Type"},
        "DisplayName": label(column.label),
        "RequiredLevel": {
            "Value": "SystemRequired" if column.required or own else "None",
            "CanBeChanged": not column.required and not own,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "IsCustomAttribute": bool(column.schema_name),
        "IsPrimaryId": own,
        "IsPrimaryName": table.primary_name == column.name,
        "IsValidForCreate": not column.read_only,
        "IsValidForRead": not column.secret,
        "IsValidForUpdate": not column.read_only and not column.create_only,
        "MetadataId": identity(table.name, column.name),
    }
    return described if base else described | _details(column)


def _details(column: Column) -> Json:
    bounds = {"MinValue": column.minimum, "MaxValue": column.maximum}
    by_kind: dict[Kind, Callable[[], Json]] = {
        Kind.INTEGER: lambda: bounds,
        Kind.BIGINT: lambda: bounds,
        Kind.LOOKUP: lambda: {"Targets": [target.table for target in column.targets]},
        Kind.BOOLEAN: lambda: {"DefaultValue": column.default == "true"},
        Kind.DATE: lambda: _moment(column),
        Kind.DATETIME: lambda: _moment(column),
        Kind.GUID: lambda: {},
        **dict.fromkeys(TEXTS, lambda: {"MaxLength": column.maximum_length}),
        **dict.fromkeys(FRACTIONS, lambda: bounds | {"Precision": column.precision}),
        **dict.fromkeys(CHOICES, lambda: {"DefaultFormValue": int(column.default or -1)}),
    }
    return by_kind[column.kind]()


def _moment(column: Column) -> Json:
    day = column.kind is Kind.DATE
    return {
        "Format": "DateOnly" if day else "DateAndTime",
        "DateTimeBehavior": {"Value": "DateOnly" if day else "UserLocal"},
    }


def option_set(table: Table, column: Column) -> Json:
    """Describe the options of a choice column, as its navigation property OptionSet gives them."""
    name = f"{table.name}_{column.name}"
    return {
        "Name": name,
        "IsGlobal": False,
        "OptionSetType": "Picklist" if column.kind is Kind.PICKLIST else column.kind.value,
        "Options": [{"Value": value, "Label": label(text)} for value, text in column.options.items()],
        "MetadataId": identity("optionset", name),
    }


def key(table: Table, column: str) -> Json:
    """Describe an alternate key."""
    name = (table.alternate_keys | table.pending_keys)[column]
    status = "Active" if column in table.alternate_keys else "Failed" if column in table.failed_keys else "Pending"
    return {
        "LogicalName": name,
        "SchemaName": name,
        "EntityLogicalName": table.name,
        "DisplayName": label(name),
        "KeyAttributes": [column],
        "EntityKeyIndexStatus": status,
        "MetadataId": identity(table.name, "key", name),
    }


def _relationship(schema: Schema, table: Table, column: Column, forward: Navigation) -> Json:
    target = next(target for target in column.targets if target.navigation == forward.name)
    other = schema.get(target.table)
    name = target.collection or f"{target.table}_{table.name}_{column.name}"
    return {
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencedEntity": target.table,
        "ReferencedAttribute": f"{target.table}id" if other is None else other.key,
        "ReferencingEntity": table.name,
        "ReferencingAttribute": column.name,
        "ReferencedEntityNavigationPropertyName": name,
        "ReferencingEntityNavigationPropertyName": forward.name,
        "IsCustomRelationship": bool(column.schema_name),
        "CascadeConfiguration": {"Delete": target.on_delete.title().replace("Removelink", "RemoveLink")},
        "MetadataId": identity("relationship", name),
    }


def many_to_one(schema: Schema, table: Table) -> list[Json]:
    """Describe the lookups of a table, one relationship for each table that a lookup may point to."""
    return [
        _relationship(schema, table, table.columns[navigation.column], navigation)
        for navigation in table.navigations.values()
        if not navigation.many
    ]


def one_to_many(schema: Schema, table: Table) -> list[Json]:
    """Describe the relationships that other tables' lookups make with this one."""
    return [
        relationship
        for other in schema.values()
        for relationship in many_to_one(schema, other)
        if relationship["ReferencedEntity"] == table.name
    ]


def privilege_name(table: Table, right: str) -> str:
    """Give the name of a privilege, such as prvReadInvoice."""
    return f"prv{right}{_PRIVILEGE_NAMES.get(table.name, table.schema_name)}"


def guardian(schema: Schema, table: Table) -> Table:
    """Give the table whose privileges protect a table: itself, or the one it hangs under."""
    return schema[_PRIVILEGES_OF.get(table.name, table.name)]


def privileges(schema: Schema, table: Table) -> list[Json]:
    """Describe the privileges that protect a table."""
    protecting = guardian(schema, table)
    return [
        {
            "Name": privilege_name(protecting, right),
            "PrivilegeId": identity("privilege", privilege_name(protecting, right)),
            "PrivilegeType": right,
            "CanBeBasic": protecting.owned == "user",
            "CanBeLocal": protecting.owned == "user",
            "CanBeDeep": protecting.owned == "user",
            "CanBeGlobal": True,
        }
        for right in RIGHTS
    ]


def type_code(schema: Schema, table: Table) -> int:
    """Give a number for a table; Microsoft's own ones are not known here, and no client should rely on them."""
    return 10_000 + list(schema).index(table.name)


def entity(schema: Schema, table: Table) -> Json:
    """Describe a table without what hangs on it."""
    return {
        "LogicalName": table.name,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set_name,
        "LogicalCollectionName": table.set_name,
        "DisplayName": label(table.label),
        "DisplayCollectionName": label(table.collection_label),
        "Description": label(""),
        "PrimaryIdAttribute": table.key,
        "PrimaryNameAttribute": table.primary_name or None,
        "ObjectTypeCode": type_code(schema, table),
        "OwnershipType": _OWNERSHIP[table.owned],
        "IsCustomEntity": table.custom,
        "IsActivity": False,
        "ChangeTrackingEnabled": table.change_tracking,
        "CanChangeTrackingBeEnabled": {
            "Value": True,
            "CanBeChanged": False,
            "ManagedPropertyLogicalName": "canchangetrackingbeenabled",
        },
        "Privileges": privileges(schema, table),
        "MetadataId": identity(table.name),
    }


def chosen(described: Mapping[str, Any], names: Iterable[str]) -> Json:
    """Give the selected properties; MetadataId always comes along."""
    wanted = {*names, "MetadataId"}
    return {name: value for name, value in described.items() if name in wanted}
