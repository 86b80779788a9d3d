"""From the solution as data to the bodies of the Web API (EntityMetadata, AttributeMetadata, relationships, keys).

Pure. The shapes are Microsoft's: "Create and update table (column, relationship) definitions using the Web API".
"""

from decimal import Decimal
from typing import Any

from infra.dataverse.labels import label
from infra.dataverse.solution import Column, Table

Json = dict[str, Any]

_CRM = "Microsoft.Dynamics.CRM"
_MOST = Decimal(100_000_000_000)
_INT32 = 2**31 - 1


def attribute(column: Column, language: int, *, primary: bool = False) -> Json:
    """Give the definition of a column that is no lookup."""
    return {
        "@odata.type": f"{_CRM}.{column.type}AttributeMetadata",
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": f"{column.type}Type"},
        "SchemaName": column.name,
        "DisplayName": label(column.label, language),
        "RequiredLevel": _not_required(),
        **({"IsPrimaryName": True} if primary else {}),
        **_of_type(column, language),
    }


def _not_required() -> Json:
    return {"Value": "None", "CanBeChanged": True, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"}


def _of_type(column: Column, language: int) -> Json:
    match column.type:
        case "String" | "Memo":
            memo = {"Format": "TextArea", "ImeMode": "Disabled"}
            shape = memo if column.type == "Memo" else {"FormatName": {"Value": "Text"}}
            return {"MaxLength": column.max_length, **shape}
        case "Integer":
            return {"MinValue": -_INT32 - 1, "MaxValue": _INT32, "Format": "None"}
        case "Decimal":
            return {"MinValue": -_MOST, "MaxValue": _MOST, "Precision": column.precision}
        case "DateTime":
            return {"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}}
        case "Boolean":
            sides = {"TrueOption": (1, "Yes"), "FalseOption": (0, "No")}
            options = {name: {"Value": value, "Label": label(text, language)} for name, (value, text) in sides.items()}
            return {"DefaultValue": False, "OptionSet": {**options, "OptionSetType": "Boolean"}}
    return {
        "OptionSet": {
            "@odata.type": f"{_CRM}.OptionSetMetadata",
            "IsGlobal": False,
            "OptionSetType": "Picklist",
            "Options": [{"Value": value, "Label": label(text, language)} for value, text in column.options],
        }
    }


def table(wanted: Table, language: int) -> Json:
    """Give the definition of a table with all its columns but the lookups."""
    columns = [column for column in wanted.columns if column.type != "Lookup"]
    return {
        "@odata.type": f"{_CRM}.EntityMetadata",
        "SchemaName": wanted.name,
        "DisplayName": label(wanted.label, language),
        "DisplayCollectionName": label(f"{wanted.label}s", language),
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": False,
        "Attributes": [attribute(column, language, primary=column.name == wanted.primary_name) for column in columns],
    }


def relationship(wanted: Table, column: Column, language: int) -> Json:
    """Give the one-to-many relationship of a lookup.

    Referential: deleting, assigning or merging the CRM's record never touches the journal but for its link.
    """
    cascades = dict.fromkeys(("Assign", "Merge", "Reparent", "Share", "Unshare"), "NoCascade")
    return {
        "@odata.type": f"{_CRM}.OneToManyRelationshipMetadata",
        "SchemaName": column.relationship,
        "ReferencedEntity": column.target,
        "ReferencedAttribute": f"{column.target}id",
        "ReferencingEntity": wanted.name,
        "CascadeConfiguration": {**cascades, "Delete": "RemoveLink"},
        "AssociatedMenuConfiguration": {
            "Behavior": "UseLabel",
            "Group": "Details",
            "Label": label(f"{wanted.label}s", language),
            "Order": 10000,
        },
        "Lookup": {
            "@odata.type": f"{_CRM}.LookupAttributeMetadata",
            "AttributeType": "Lookup",
            "AttributeTypeName": {"Value": "LookupType"},
            "SchemaName": column.name,
            "DisplayName": label(column.label, language),
            "RequiredLevel": _not_required(),
        },
    }


def key_name(wanted: Table) -> str:
    """Give the schema name of a table's alternate key."""
    return f"{wanted.key}key"


def key(wanted: Table, language: int) -> Json:
    """Give the alternate key of a table."""
    return {"SchemaName": key_name(wanted), "DisplayName": label("Key", language), "KeyAttributes": [wanted.key]}


def option(wanted: Table, column: Column, value: int, text: str, *, language: int) -> Json:
    """Give the body of InsertOptionValue: a state that a later version added."""
    return {
        "EntityLogicalName": wanted.name,
        "AttributeLogicalName": column.name,
        "Value": value,
        "Label": label(text, language),
    }


def publish(*names: str) -> Json:
    """Give the body of PublishXml."""
    entities = "".join(f"<entity>{name}</entity>" for name in names)
    return {"ParameterXml": f"<importexportxml><entities>{entities}</entities></importexportxml>"}
