"""The tables of the organization: the standard ones, and those of the imported solution."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

from infra.dataverse.solution import SAMPLE_COLUMNS, TABLES
from infra.dataverse.solution import Column as SolutionColumn
from infra.dataverse.solution import Table as SolutionTable
from infra.local.dataverse.descriptions import parse_table
from infra.local.dataverse.metadata.parsing import NewTable
from infra.local.dataverse.schema import DECIMAL_DIGITS, Column, Kind, Navigation, Schema, Table, Target
from infra.local.dataverse.tables import STANDARD_TABLES

_TRACKED_BY_DEFAULT = frozenset({"account", "contact"})
"""Which of Microsoft's tables are tracked from the first day differs between environments: few here, so that whoever
relies on it is found out."""


def _solution_column(column: SolutionColumn) -> Column:
    return replace(_typed(column), schema_name=column.name, label=column.label)


def _typed(column: SolutionColumn) -> Column:
    match column.type:
        case "String" | "Memo":
            return Column(column.name, Kind(column.type), column.max_length)
        case "Picklist":
            return Column(column.name, Kind.PICKLIST, options=dict(column.options))
        case "Decimal":
            bound = Decimal(100_000_000_000)
            precision = column.precision or 0
            return Column(column.name, Kind.DECIMAL, None, DECIMAL_DIGITS, precision, -bound, bound)
        case "Lookup":
            target = Target(column.target or "", column.name, column.relationship or "")
            return Column(column.name, Kind.LOOKUP, targets=(target,))
        case "Integer" | "Boolean" | "DateTime":
            return Column(column.name, Kind(column.type))


def _solution_table(table: SolutionTable) -> Table:
    made = parse_table(
        f"table {table.name} {table.set_name} {table.name} key={table.name}id name={table.primary_name} owned=user\n"
        "State: 0/1 Active; 1/2 Inactive\nStatus: 1/0 Active; 2/1 Inactive"
    )
    for column in table.columns:
        made.add(_solution_column(column))
    made.custom, made.label, made.collection_label = True, table.label, f"{table.label}s"
    made.alternate_keys[table.key] = f"{table.key}key"
    return made


def define_table(schema: Schema, new: NewTable) -> Table:
    """Add a table that an administrator defines, with the columns that every table has."""
    name = new.schema_name.lower()
    table = parse_table(
        f"table {name} {name}s {new.schema_name} key={name}id name={new.primary_name} owned={new.owned}\n"
        "State: 0/1 Active; 1/2 Inactive\nStatus: 1/0 Active; 2/1 Inactive"
    )
    for column in new.columns:
        table.add(column)
    table.custom, table.label, table.collection_label = True, new.label, new.collection_label
    table.change_tracking = new.change_tracking
    schema[name] = table
    _link(schema)
    return table


def define_lookup(schema: Schema, name: str, column: Column) -> Table:
    """Add a lookup, and the navigation properties on both sides; give the table that it is a column of."""
    schema[name].add(column)
    _link(schema)
    return schema[name]


def _link(schema: Schema) -> None:
    for table in schema.values():
        for column in table.columns.values():
            for target in column.targets:
                if target.navigation:
                    forward = Navigation(target.navigation, target.table, column.name, many=False)
                    table.navigations[target.navigation] = forward
                if target.collection and target.table in schema:
                    back = Navigation(target.collection, table.name, column.name, many=True, on_delete=target.on_delete)
                    schema[target.table].navigations[target.collection] = back


def fresh_schema(*, imported: bool) -> Schema:
    """Give a schema of one's own: what is defined in one organization is not there in another.

    ``imported``: with the solution's tables and the sample columns; otherwise as on an organization's first day.
    """
    tables = load_schema() if imported else _standard()
    return {
        table.name: replace(
            table,
            columns=dict(table.columns),
            navigations=dict(table.navigations),
            alternate_keys=dict(table.alternate_keys),
            wire=dict(table.wire),
            pending_keys={},
            failed_keys=set(),
            change_tracking=imported or table.name in _TRACKED_BY_DEFAULT,
        )
        for table in tables.values()
    }


def _standard() -> Schema:
    schema = {table.name: table for table in map(parse_table, STANDARD_TABLES)}
    _link(schema)
    return schema


@cache
def load_schema() -> Schema:
    """Give every table by its logical name: the standard ones and those of the imported solution."""
    schema = {table.name: table for table in map(parse_table, STANDARD_TABLES)}
    for name, columns in SAMPLE_COLUMNS.items():
        for column in columns:
            schema[name].add(_solution_column(column))
    for solution_table in TABLES:
        schema[solution_table.name] = _solution_table(solution_table)
    _link(schema)
    return schema
