"""Running KQL queries on rows as Application Insights would have them: translated for DuckDB by duckdb-kql."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb_kql

from infra.local.insights.tables import SCHEMA

TYPES = {
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
    "int": "INTEGER",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
}
ROOT = Path(__file__).resolve().parents[1]
QUERIES = {path.stem: path for path in sorted((ROOT / "infra/azure/queries").glob("*.kql"))}
ALERTS = {path.stem: path for path in sorted((ROOT / "infra/azure/queries/alerts").glob("*.kql"))}


def text(path: Path) -> str:
    """Give a query without the comments in front of it."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith("//"))


class Rows:
    """Tables in memory, filled with rows as the local insights server gives them."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Fill every table; a row may leave columns out."""
        self._connection = duckdb_kql.connect()
        for table, columns in SCHEMA.items():
            declared = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
            self._connection.execute(f'CREATE TABLE "{table}" ({declared})')
        by_table: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_table.setdefault(row["table"], []).append(row)
        for table, found in by_table.items():
            values = [[_value(row.get(name), kind) for name, kind in SCHEMA[table].items()] for row in found]
            places = ", ".join("?" for _ in SCHEMA[table])
            self._connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', values)  # noqa: S608 -- our own names

    def run(self, query: str, now: datetime, **parameters: str) -> list[dict[str, Any]]:
        """Run a query at a time; give its rows."""
        relation = duckdb_kql.query(self._connection, query, parameters or None, query_now=now)
        names = relation.columns
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]

    def close(self) -> None:
        """Let go of the tables."""
        self._connection.close()


def _value(value: Any, kind: str) -> Any:
    if kind == "dynamic":
        return json.dumps(value or {})
    if kind == "datetime" and isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return value


def columns(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Give the names of the columns that rows have."""
    return {name for row in rows for name in row}
