"""What the vault holds: secrets with their versions, in SQLite."""

import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    """One version of a secret."""

    version: str
    value: str
    enabled: bool
    expires: int | None
    created: int


class Store:
    """The secrets. The newest version of a name is the one that counts."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, or keep everything in memory where there is none."""
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS secret (number INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, version TEXT,"
            " value TEXT, enabled INTEGER, expires INTEGER, created INTEGER)"
        )

    def put(self, name: str, value: str, *, enabled: bool = True, expires: int | None = None) -> Held:
        """Add a version."""
        held = Held(secrets.token_hex(16), value, enabled, expires, int(time.time()))
        self._connection.execute(
            "INSERT INTO secret (name, version, value, enabled, expires, created) VALUES (?, ?, ?, ?, ?, ?)",
            (name, held.version, held.value, held.enabled, held.expires, held.created),
        )
        return held

    def get(self, name: str, version: str = "") -> Held | None:
        """Give a version, or the newest one."""
        row = self._connection.execute(
            "SELECT version, value, enabled, expires, created FROM secret"
            " WHERE name = ? AND (? = '' OR version = ?) ORDER BY number DESC LIMIT 1",
            (name, version, version),
        ).fetchone()
        return None if row is None else Held(row[0], row[1], bool(row[2]), row[3], row[4])

    def delete(self, name: str) -> None:
        """Forget a secret with all its versions."""
        self._connection.execute("DELETE FROM secret WHERE name = ?", (name,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
