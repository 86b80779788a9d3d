"""Where the company's rows are kept: one SQLite table of JSON bodies by kind and key, and counters.

A kind is an entity set ("Invoices"), a user table ("U_ACX_CLAIM") or, with an underscore first, something the
company keeps to itself: _stock, _rates, _periods, _series.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import Duplicate
from shared.jsontext import dumps, loads

_NAME = re.compile(r"[A-Za-z_]\w*")

_TABLES = """
CREATE TABLE IF NOT EXISTS rows (
    kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_in_order ON rows (kind, number, id);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, node TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
"""


def key_text(*parts: object) -> str:
    """Give the stored form of a key."""
    return "\x1f".join(str(part) for part in parts)


@dataclass(frozen=True)
class Where:
    """A condition in SQL over the properties of rows, with its values."""

    text: str
    values: tuple[object, ...] = ()

    def __and__(self, other: "Where") -> "Where":
        """Both."""
        return Where(f"({self.text} AND {other.text})", self.values + other.values)

    def __or__(self, other: "Where") -> "Where":
        """Either."""
        return Where(f"({self.text} OR {other.text})", self.values + other.values)


def property_where(name: str, operator: str, value: str | int, default: str | None = None) -> Where:
    """Compare a property with a text or a whole number; ``default`` stands in for nothing."""
    if default is None:
        return Where(f"{_extract(name)} {operator} ?", (value,))
    return Where(f"coalesce({_extract(name)}, ?) {operator} ?", (default, value))


class Books:
    """The store. Every write happens inside :meth:`transaction`; transactions nest."""

    def __init__(self, path: Path | None) -> None:
        self._sql = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        self._sql.executescript(_TABLES)
        self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside when it ends well, forget it when it raises."""
        name = f"level{self._depth}"
        self._sql.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self._sql.execute("ROLLBACK" if self._depth == 0 else f"ROLLBACK TO {name}")
            if self._depth:
                self._sql.execute(f"RELEASE {name}")
            raise
        self._depth -= 1
        self._sql.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def get(self, kind: str, key: str) -> Body | None:
        """Give a row, or None."""
        row = self._sql.execute("SELECT body FROM rows WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return None if row is None else _body(row[0])

    def version(self, kind: str, key: str) -> int:
        """Give how often a row was written (1: once); 0 where there is none."""
        row = self._sql.execute("SELECT version FROM rows WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return 0 if row is None else int(row[0])

    def insert(self, kind: str, key: str, body: Body, number: int = 0) -> None:
        """Add a row. Duplicate where the key is taken. ``number`` orders the rows of a kind."""
        try:
            self._sql.execute("INSERT INTO rows VALUES (?, ?, ?, 1, ?)", (kind, key, number, dumps(body)))
        except sqlite3.IntegrityError as error:
            raise Duplicate(kind, key) from error

    def update(self, kind: str, key: str, body: Body) -> None:
        """Replace a row's body and raise its version."""
        self._sql.execute(
            "UPDATE rows SET body = ?, version = version + 1 WHERE kind = ? AND id = ?", (dumps(body), kind, key)
        )

    def set(self, kind: str, key: str, body: Body, number: int = 0) -> None:
        """Insert or replace."""
        if self.get(kind, key) is None:
            self.insert(kind, key, body, number)
        else:
            self.update(kind, key, body)

    def delete(self, kind: str, key: str) -> None:
        """Take a row away."""
        self._sql.execute("DELETE FROM rows WHERE kind = ? AND id = ?", (kind, key))

    def rows(
        self, kind: str, where: Where | None = None, *, offset: int = 0, limit: int = -1
    ) -> Iterator[tuple[str, int, Body]]:
        """Give key, version and body of the rows of a kind, in order; only those that ``where`` lets through."""
        condition = f" AND {where.text}" if where else ""
        values = [kind, *(where.values if where else ()), limit, offset]
        text = f"SELECT id, version, body FROM rows WHERE kind = ?{condition} ORDER BY number, id LIMIT ? OFFSET ?"  # noqa: S608 - names are checked by _safe
        for key, version, body in self._sql.execute(text, values).fetchall():
            yield key, version, _body(body)

    def count(self, kind: str) -> int:
        """Give how many rows of a kind there are."""
        return int(self._sql.execute("SELECT count(*) FROM rows WHERE kind = ?", (kind,)).fetchone()[0])

    def exists(self, kind: str, key: str) -> bool:
        """Tell whether a row is there."""
        return self.version(kind, key) > 0

    def index(self, name: str) -> None:
        """Make look-ups by a text property quick."""
        self._sql.execute(f"CREATE INDEX IF NOT EXISTS by_{_safe(name)} ON rows (kind, {_extract(name)})")

    def next(self, counter: str, start: int = 1) -> int:
        """Give the next number of a counter."""
        row = self._sql.execute("SELECT value FROM counters WHERE name = ?", (counter,)).fetchone()
        value = start if row is None else int(row[0]) + 1
        self._sql.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (counter, value))
        return value

    def dump(self) -> dict[str, dict[str, Body]]:
        """Give everything there is, for a comparison of whole states. Sessions are left out."""
        state: dict[str, dict[str, Body]] = {}
        for kind, key, body in self._sql.execute("SELECT kind, id, body FROM rows ORDER BY kind, number, id"):
            state.setdefault(kind, {})[key.replace("\x1f", "|")] = _body(body)
        return state

    def is_empty(self) -> bool:
        """Tell whether no company was ever set up here."""
        return self._sql.execute("SELECT 1 FROM rows LIMIT 1").fetchone() is None

    def save_session(self, session: str, node: str, expires: float) -> None:
        """Store a session or its new end (seconds since the epoch)."""
        with self.transaction():
            self._sql.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (session, node, expires))

    def session(self, session: str) -> tuple[str, float] | None:
        """Give node and end of a session, or None."""
        row = self._sql.execute("SELECT node, expires FROM sessions WHERE id = ?", (session,)).fetchone()
        return None if row is None else (str(row[0]), float(row[1]))

    def drop_session(self, session: str | None = None) -> None:
        """Forget one session, or all."""
        with self.transaction():
            if session is None:
                self._sql.execute("DELETE FROM sessions")
            else:
                self._sql.execute("DELETE FROM sessions WHERE id = ?", (session,))


def _body(text: str) -> Body:
    body: Body = loads(text)
    return body


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name} is no property name")
    return name


def _extract(name: str) -> str:
    return f"json_extract(body, '$.{_safe(name)}')"


def amount(row: Mapping[str, Any], name: str) -> Decimal:
    """Give a number of a row; zero where there is none."""
    value = row.get(name)
    return Decimal(0) if value is None else Decimal(value)
