"""The base itself: every instance in memory for reading, in SQLite for surviving. Committed before it is answered."""

import base64
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.onec.values import Body
from shared.jsontext import dumps, loads


def _indexed(value: Any) -> Any:
    return value.rstrip().casefold() if isinstance(value, str) else "" if value is None else value


class Store:
    """Instances by entity and key, plus a few settings (``meta``). One process, one thread."""

    def __init__(self, path: Path | None) -> None:
        self._sql = sqlite3.connect(path or ":memory:", isolation_level=None)
        # A killed process loses nothing this way; only a machine that loses power could.
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS instance (entity TEXT, key TEXT, body TEXT, PRIMARY KEY (entity, key))"
        )
        self._sql.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)")
        self._instances: dict[str, dict[str, Body]] = {}
        self._indexes: dict[tuple[str, str], dict[Any, set[str]]] = {}
        self._undo: list[tuple[str, str, Body | None]] | None = None
        for entity, key, body in self._sql.execute("SELECT entity, key, body FROM instance"):
            self._instances.setdefault(entity, {})[key] = loads(body)
        self._meta: dict[str, Any] = {
            name: json.loads(value) for name, value in self._sql.execute("SELECT name, value FROM meta")
        }

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in memory and in the file."""
        self._undo, meta = [], dict(self._meta)
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._sql.execute("ROLLBACK")
            for entity, key, before in reversed(self._undo):
                self._set(entity, key, before)
            self._meta = meta
            raise
        else:
            self._sql.execute("COMMIT")
        finally:
            self._undo = None

    def _set(self, entity: str, key: str, body: Body | None) -> None:
        instances = self._instances.setdefault(entity, {})
        before = instances.pop(key, None)
        for (owner, name), index in self._indexes.items():
            if owner != entity:
                continue
            if before is not None:
                index.get(_indexed(before.get(name)), set()).discard(key)
            if body is not None:
                index.setdefault(_indexed(body.get(name)), set()).add(key)
        if body is not None:
            instances[key] = body

    def put(self, entity: str, key: str, body: Body) -> None:
        """Write an instance (inside a transaction)."""
        self._change(entity, key, body)
        self._sql.execute(
            "INSERT INTO instance VALUES (?, ?, ?) ON CONFLICT (entity, key) DO UPDATE SET body = excluded.body",
            (entity, key, dumps(body)),
        )

    def delete(self, entity: str, key: str) -> None:
        """Remove an instance (inside a transaction)."""
        self._change(entity, key, None)
        self._sql.execute("DELETE FROM instance WHERE entity = ? AND key = ?", (entity, key))

    def _change(self, entity: str, key: str, body: Body | None) -> None:
        if self._undo is None:
            raise RuntimeError("a change outside a transaction")
        self._undo.append((entity, key, self._instances.get(entity, {}).get(key)))
        self._set(entity, key, body)

    def get(self, entity: str, key: str) -> Body | None:
        """Give an instance. It belongs to the base: copy it before changing it."""
        return self._instances.get(entity, {}).get(key)

    def all(self, entity: str) -> Mapping[str, Body]:
        """Give every instance of an entity by key."""
        return self._instances.get(entity, {})

    def equal(self, entity: str, name: str, value: Any) -> list[Body]:
        """Give the instances whose property has this value (texts as 1C compares them), through an index."""
        index = self._indexes.get((entity, name))
        if index is None:
            index = self._indexes[entity, name] = {}
            for key, body in self.all(entity).items():
                index.setdefault(_indexed(body.get(name)), set()).add(key)
        instances = self.all(entity)
        return [instances[key] for key in index.get(_indexed(value), ())]

    def meta(self, name: str, default: Any = None) -> Any:
        """Give a setting."""
        return self._meta.get(name, default)

    def set_meta(self, name: str, value: Any) -> None:
        """Write a setting (inside a transaction)."""
        self._meta[name] = value
        self._sql.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value, ensure_ascii=False)),
        )

    def next_version(self) -> str:
        """Give the next DataVersion: eight bytes, growing, in Base64 (inside a transaction)."""
        number = self.meta("version", 0) + 1
        self.set_meta("version", number)
        return base64.b64encode(number.to_bytes(8, "big")).decode()
