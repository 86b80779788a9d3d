"""What survives a kill: messages, sequence numbers, session state and the ids seen, in one SQLite file.

Changes are gathered and committed together (:meth:`Store.commit`); the broker acknowledges nothing before.
Write-ahead logging without a sync for every commit: a killed process loses nothing that was acknowledged,
a machine that loses its power may.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from infra.local.servicebus import codec
from infra.local.servicebus.messages import Message, State
from infra.local.servicebus.queues import Queue

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    queue TEXT NOT NULL, sequence_number INTEGER NOT NULL, state INTEGER NOT NULL, delivery_count INTEGER NOT NULL,
    enqueued_at REAL NOT NULL, scheduled_for REAL, expires_at REAL, added BLOB, bytes BLOB NOT NULL,
    PRIMARY KEY (queue, sequence_number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    queue TEXT NOT NULL, session_id TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (queue, session_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    queue TEXT NOT NULL, message_id TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (queue, message_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_at ON seen (queue, at);
CREATE TABLE IF NOT EXISTS sequence (queue TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
"""


class Memory:
    """No file: everything is gone with the process."""

    def put(self, queue: str, message: Message) -> None:
        """Nothing to do: the queue itself holds the message."""

    def remove(self, queue: str, sequence_number: int) -> None:
        """Nothing to do."""

    def put_session_state(self, queue: str, session_id: str, state: bytes | None) -> None:
        """Nothing to do."""

    def put_seen(self, queue: str, message_id: str, at: float) -> None:
        """Nothing to do."""

    def forget_seen(self, queue: str, before: float) -> None:
        """Nothing to do."""

    def put_next_sequence(self, queue: str, number: int) -> None:
        """Nothing to do."""

    def commit(self) -> None:
        """Nothing to do."""

    def load(self, queue: Queue) -> None:
        """Nothing to do: a new process starts empty."""

    def close(self) -> None:
        """Nothing to do."""


class Store:
    """The journal in a file. Not for use by several processes at once: a second one is refused."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.executescript(_SCHEMA)
        self._messages: dict[tuple[str, int], Message | None] = {}
        self._sequences: dict[str, int] = {}
        self._states: dict[tuple[str, str], bytes | None] = {}
        self._seen: list[tuple[str, str, float]] = []
        self._forgotten: dict[str, float] = {}

    def put(self, queue: str, message: Message) -> None:
        """Keep a message as it is when the next commit comes."""
        self._messages[queue, message.sequence_number] = message

    def remove(self, queue: str, sequence_number: int) -> None:
        """Forget a message."""
        self._messages[queue, sequence_number] = None

    def put_session_state(self, queue: str, session_id: str, state: bytes | None) -> None:
        """Keep a session's state; None forgets it."""
        self._states[queue, session_id] = state

    def put_seen(self, queue: str, message_id: str, at: float) -> None:
        """Remember a message id."""
        self._seen.append((queue, message_id, at))

    def forget_seen(self, queue: str, before: float) -> None:
        """Forget the message ids seen before a time."""
        self._forgotten[queue] = before

    def put_next_sequence(self, queue: str, number: int) -> None:
        """Keep the next sequence number."""
        self._sequences[queue] = number

    def commit(self) -> None:
        """Write everything gathered, in one transaction."""
        if not (self._messages or self._sequences or self._states or self._seen or self._forgotten):
            return
        run = self._run
        self._connection.execute("BEGIN")
        run(
            "DELETE FROM message WHERE queue = ? AND sequence_number = ?",
            [key for key, message in self._messages.items() if message is None],
        )
        run(
            "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(key[0], message) for key, message in self._messages.items() if message is not None],
        )
        run("INSERT OR REPLACE INTO sequence VALUES (?, ?)", list(self._sequences.items()))
        run(
            "DELETE FROM session WHERE queue = ? AND session_id = ?",
            [key for key, state in self._states.items() if state is None],
        )
        run(
            "INSERT OR REPLACE INTO session VALUES (?, ?, ?)",
            [(*key, state) for key, state in self._states.items() if state is not None],
        )
        run("DELETE FROM seen WHERE queue = ? AND at <= ?", list(self._forgotten.items()))
        run("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", self._seen)
        self._connection.execute("COMMIT")
        for gathered in (self._messages, self._sequences, self._states, self._seen, self._forgotten):
            gathered.clear()

    def _run(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            self._connection.executemany(statement, rows)

    def load(self, queue: Queue) -> None:
        """Fill a queue with what a former run left."""
        run = self._connection.execute
        name = (queue.name,)
        messages = [
            _message(row)
            for row in run("SELECT * FROM message WHERE queue = ? ORDER BY sequence_number", name).fetchall()
        ]
        states = dict(run("SELECT session_id, state FROM session WHERE queue = ?", name).fetchall())
        seen = dict(run("SELECT message_id, at FROM seen WHERE queue = ? ORDER BY at", name).fetchall())
        found = run("SELECT next FROM sequence WHERE queue = ?", name).fetchone()
        queue.restore(messages, states, seen, 1 if found is None else found[0])

    def close(self) -> None:
        """Write what is left and close the file."""
        self.commit()
        self._connection.close()


Row = tuple[str, int, int, int, float, float | None, float | None, bytes | None, bytes]


def _row(queue: str, message: Message) -> Row:
    added = codec.mapping((codec.string(key), value) for key, value in message.added.items()) if message.added else None
    return (
        queue,
        message.sequence_number,
        int(message.state),
        message.delivery_count,
        message.enqueued_at,
        message.scheduled_for,
        message.expires_at,
        added,
        message.sections.to_bytes(),
    )


def _message(row: Row) -> Message:
    _, number, state, count, enqueued_at, scheduled_for, expires_at, added, data = row
    message = Message.from_bytes(data)
    message.sequence_number = number
    message.state = State(state)
    message.delivery_count = count
    message.enqueued_at = enqueued_at
    message.scheduled_for = scheduled_for
    message.expires_at = expires_at
    message.added = codec.map_entries(added) if added else {}
    return message
