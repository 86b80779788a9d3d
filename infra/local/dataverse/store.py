"""The rows: in memory to be read, in SQLite to last; a transaction is committed before it is answered.

A row is a mapping of logical column names to values, never changed once it is stored (a change stores a new one):
text, whole numbers, Decimal, bool, dates as the Web API writes them, and :class:`Ref` for a lookup. Every stored row
carries the next value of the organization's one version counter, as rowversion does.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.dataverse.schema import FRACTIONS, Column, Kind, Schema, Table
from shared.jsontext import dumps

Row = Mapping[str, Any]


class Ref(NamedTuple):
    """Where a lookup points to."""

    table: str
    id: str


@dataclass(frozen=True)
class Deletion:
    """A row that is gone, as change tracking tells it."""

    version: int
    id: str
    at: float


def _lookups_of(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns.values() if column.kind is Kind.LOOKUP)


def peek(path: Path | None, *names: str) -> list[str | None]:
    """Read settings of a state that is not open; None for each that it doesn't have."""
    if path is None or not path.exists():
        return [None for _ in names]
    with closing(sqlite3.connect(path)) as database:
        try:
            kept = dict(database.execute("SELECT name, value FROM meta").fetchall())
        except sqlite3.OperationalError:
            kept = {}
    return [kept.get(name) for name in names]


_TABLES = """
CREATE TABLE IF NOT EXISTS rows (tbl TEXT, id TEXT, data TEXT, PRIMARY KEY (tbl, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deleted (version INTEGER PRIMARY KEY, tbl TEXT, id TEXT, at REAL);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    job TEXT PRIMARY KEY, step TEXT, endpoint TEXT, headers TEXT, body BLOB) WITHOUT ROWID;
"""

FIRST_VERSION = 1_000_000
"""A real organization's counter has come a long way before its first invoice."""


class Store:
    """All rows of one organization, with the indexes that lookups and alternate keys need."""

    def __init__(self, schema: Schema, path: Path | None) -> None:
        self.schema = schema
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in schema}
        self.deletions: dict[str, list[Deletion]] = {name: [] for name in schema}
        self._lookups: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self._lookup_columns = {name: _lookups_of(table) for name, table in schema.items()}
        self._undo: list[tuple[str, str, Row | None]] = []
        self._new_deletions: list[tuple[str, Deletion]] = []
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)
        self.version = int(self.meta("version") or FIRST_VERSION)
        self._load()

    def add_table(self, table: Table) -> None:
        """Make room for a table that was defined just now."""
        self.tables[table.name], self.deletions[table.name] = {}, []
        self._lookup_columns[table.name] = _lookups_of(table)

    def add_column(self, table: Table, column: Column) -> None:
        """Give every row of a table a column that was defined just now, without a value."""
        self._lookup_columns[table.name] = _lookups_of(table)
        rows = self.tables[table.name]
        for row_id, row in rows.items():
            rows[row_id] = {**row, column.name: None}

    def build_key(self, table: str, column: str) -> bool:
        """Index an alternate key; False where two rows have one value."""
        index: dict[str, str] = {}
        for row_id, row in self.tables[table].items():
            value = row.get(column)
            if value is not None and index.setdefault(value.casefold(), row_id) != row_id:
                return False
        self._keys[table, column] = index
        return True

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def meta(self, name: str) -> str | None:
        """Give a setting of the state itself."""
        found = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def set_meta(self, name: str, value: str) -> None:
        """Keep a setting of the state itself."""
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _load(self) -> None:
        for table, row_id, data in self._database.execute("SELECT tbl, id, data FROM rows"):
            row = self._decode(table, json.loads(data))
            self.tables[table][row_id] = row
            self._index(table, row_id, row)
        for version, table, row_id, at in self._database.execute("SELECT * FROM deleted ORDER BY version"):
            self.deletions[table].append(Deletion(version, row_id, at))

    def _decode(self, table: str, data: dict[str, Any]) -> Row:
        columns = self.schema[table].columns
        for name, value in data.items():
            if value is None:
                continue
            kind = columns[name].kind
            if kind is Kind.LOOKUP:
                data[name] = Ref(*value)
            elif kind in FRACTIONS:
                data[name] = Decimal(value)
        return data

    @staticmethod
    def _encode(row: Row) -> str:
        return dumps({name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()})

    def _index(self, table: str, row_id: str, row: Row) -> None:
        for name in self._lookup_columns[table]:
            ref = row.get(name)
            if ref is not None:
                self._lookups.setdefault((table, name), {}).setdefault(ref.id, {})[row_id] = None
        for name in self.schema[table].alternate_keys:
            value = row.get(name)
            if value is not None:
                self._keys.setdefault((table, name), {})[value.casefold()] = row_id

    def _unindex(self, table: str, row_id: str, row: Row) -> None:
        for name in self._lookup_columns[table]:
            ref = row.get(name)
            if ref is not None:
                self._lookups[table, name][ref.id].pop(row_id, None)
        for name in self.schema[table].alternate_keys:
            value = row.get(name)
            if value is not None:
                self._keys[table, name].pop(value.casefold(), None)

    def get(self, table: str, row_id: str) -> Row | None:
        """Give a row by its id."""
        return self.tables[table].get(row_id)

    def by_key(self, table: str, column: str, value: str) -> str | None:
        """Give the id of the row with this alternate key; keys differ in more than upper and lower case."""
        return self._keys.get((table, column), {}).get(value.casefold())

    def referring(self, table: str, column: str, row_id: str) -> Iterator[Row]:
        """Give the rows of a table whose lookup points to this id, oldest first."""
        rows = self.tables[table]
        for found in tuple(self._lookups.get((table, column), {}).get(row_id, ())):
            yield rows[found]

    def next_version(self) -> int:
        """Count one change of the organization."""
        self.version += 1
        return self.version

    def put(self, table: str, row: dict[str, Any]) -> Row:
        """Store a row under its id with the next version; give it back."""
        row_id = row[self.schema[table].key]
        old = self.tables[table].get(row_id)
        if old is not None:
            self._unindex(table, row_id, old)
        row["versionnumber"] = self.next_version()
        self._undo.append((table, row_id, old))
        self.tables[table][row_id] = row
        self._index(table, row_id, row)
        return row

    def remove(self, table: str, row_id: str, at: float) -> None:
        """Delete a row, and remember that it was there."""
        old = self.tables[table].pop(row_id)
        self._unindex(table, row_id, old)
        self._undo.append((table, row_id, old))
        if table == "asyncoperation":
            # System jobs come and go by the thousand, and are not tracked.
            return
        deletion = Deletion(self.next_version(), row_id, at)
        self.deletions[table].append(deletion)
        self._new_deletions.append((table, deletion))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything that is done inside, or nothing of it."""
        version = self.version
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._write()
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            self._roll_back(version)
            raise
        finally:
            self._undo.clear()
            self._new_deletions.clear()

    def _write(self) -> None:
        touched = {(table, row_id) for table, row_id, _ in self._undo}
        gone = [(table, row_id) for table, row_id in touched if row_id not in self.tables[table]]
        kept = [
            (table, row_id, self._encode(self.tables[table][row_id]))
            for table, row_id in touched
            if row_id in self.tables[table]
        ]
        self._database.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", kept)
        self._database.executemany("DELETE FROM rows WHERE tbl = ? AND id = ?", gone)
        self._database.executemany(
            "INSERT INTO deleted VALUES (?, ?, ?, ?)",
            [(deletion.version, table, deletion.id, deletion.at) for table, deletion in self._new_deletions],
        )
        self.set_meta("version", str(self.version))

    def _roll_back(self, version: int) -> None:
        for table, row_id, old in reversed(self._undo):
            new = self.tables[table].pop(row_id, None)
            if new is not None:
                self._unindex(table, row_id, new)
            if old is not None:
                self.tables[table][row_id] = old
                self._index(table, row_id, old)
        for table, deletion in self._new_deletions:
            self.deletions[table].remove(deletion)
        self.version = version

    def keep_event(self, job: str, step: str, endpoint: str, headers: str, body: bytes) -> None:
        """Keep what a step has to send, inside the transaction that caused it."""
        self._database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (job, step, endpoint, headers, body))

    def event(self, job: str) -> tuple[str, str, str, bytes] | None:
        """Give the step, the endpoint, the headers and the body of an event."""
        found = self._database.execute(
            "SELECT step, endpoint, headers, body FROM events WHERE job = ?", (job,)
        ).fetchone()
        return None if found is None else (found[0], found[1], found[2], found[3])

    def event_jobs(self) -> Iterable[str]:
        """Give the job of every event that was ever fired."""
        return [job for (job,) in self._database.execute("SELECT job FROM events")]
