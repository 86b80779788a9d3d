"""$metadata of OData v4: the part of the real one that the local company knows, user-defined fields with it."""

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import EntityType, Model, Property, schema

_TYPES = {
    "String": "Edm.String",
    "Int32": "Edm.Int32",
    "Double": "Edm.Double",
    "Date": "Edm.DateTimeOffset",
    "Time": "Edm.TimeOfDay",
}


def _property(prop: Property) -> str:
    plain = _TYPES.get(prop.type, f"SAPB1.{prop.type}")
    name = f"Collection({plain})" if prop.collection else plain
    return f"<Property Name={quoteattr(prop.name)} Type={quoteattr(name)}/>"


def _type(kind: EntityType) -> str:
    tag = "EntityType" if kind.key else "ComplexType"
    keys = "".join(f"<PropertyRef Name={quoteattr(name)}/>" for name in kind.key)
    properties = "".join(_property(prop) for prop in kind.properties.values())
    opened = f'<{tag} Name={quoteattr(kind.name)} OpenType="true">'
    return f"{opened}{f'<Key>{keys}</Key>' if keys else ''}{properties}</{tag}>"


def _enum(name: str, members: Iterable[str]) -> str:
    inside = "".join(f"<Member Name={quoteattr(member)}/>" for member in members)
    return f"<EnumType Name={quoteattr(name)}>{inside}</EnumType>"


def document(context: Context) -> str:
    """Write the metadata document of a company."""
    return edmx(context.model, context.user_tables())


def edmx(model: Model, user_tables: Iterable[str] = ()) -> str:
    """Write the metadata document of a model."""
    tables = [model.user_table(name) for name in user_tables]
    types = [_type(model.type(name)) for name in schema().types]
    sets = [
        f"<EntitySet EntityType={quoteattr(f'SAPB1.{kind}')} Name={quoteattr(name)}/>"
        for name, kind in [*schema().sets.items(), *((table.name, table.name) for table in tables)]
    ]
    enums = [_enum(name, members) for name, members in schema().enums.items()]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="SAPB1" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f"{''.join(enums)}{''.join(types)}{''.join(_type(table) for table in tables)}"
        f'<EntityContainer Name="ServiceLayer">{"".join(sets)}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )
