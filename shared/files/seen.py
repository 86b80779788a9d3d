"""What a file holds already. On disk, because a file may name more customers than memory should hold."""

import sqlite3
from types import TracebackType
from typing import Self


class Seen:
    """Names that were met; gone when it is closed."""

    def __init__(self) -> None:
        # An empty name is a private database on disk, with a small cache in memory.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, whose TEXT) WITHOUT ROWID")

    def is_new(self, name: str) -> bool:
        """Say whether a name is met for the first time."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, '')", (name,)).rowcount == 1

    def first(self, name: str, whose: str) -> str:
        """Say whose a name was when it was met for the first time: this one's, where it is new."""
        self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, whose))
        (found,) = self._database.execute("SELECT whose FROM seen WHERE name = ?", (name,)).fetchone()
        return str(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
