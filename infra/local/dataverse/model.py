"""The tables of the organization: the standard ones, and those of the imported solution."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

from infra.dataverse.solution import SAMPLE_COLUMNS, TABLES
from infra.dataverse.solution import Column as SolutionColumn
from infra.dataverse.solution import Table as SolutionTable
from infra.local.dataverse.descriptions import parse_table
from infra.local.dataverse.schema import DECIMAL_DIGITS, Column, Kind, Navigation, Schema, Table, Target
from infra.local.dataverse.tables import STANDARD_TABLES


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


def fresh_schema() -> Schema:
    """Give a schema of one's own: what is defined in one organization is not there in another."""
    return {
        table.name: replace(
            table,
            columns=dict(table.columns),
            navigations=dict(table.navigations),
            alternate_keys=dict(table.alternate_keys),
            wire=dict(table.wire),
            pending_keys={},
        )
        for table in load_schema().values()
    }


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
