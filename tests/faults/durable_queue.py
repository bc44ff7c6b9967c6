"""A simulated browser's queue in a SQLite file: what IndexedDB is to a real one."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_cell_monitor_server.demo.simulated_students.session import RunInProgress

_TABLES = """
CREATE TABLE IF NOT EXISTS events (key INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT,
    session_id TEXT, seq INTEGER, event_type TEXT, execution_id TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS runs (execution_id TEXT PRIMARY KEY, run TEXT);
CREATE TABLE IF NOT EXISTS pages (page INTEGER PRIMARY KEY);
"""


@dataclass(frozen=True)
class Queued:
    """An event that waits; `body` is its JSON text as it was queued."""

    key: int
    event_id: str
    session_id: str
    seq: int | None
    event_type: str
    body: str


class DurableQueue:
    """Each method is a transaction that is on the disk when it returns."""

    def __init__(self, file: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)

    def next_page(self) -> int:
        """The number of this page load, from 0."""
        with self._transaction():
            [(page,)] = self._db.execute("SELECT count(*) FROM pages")
            self._db.execute("INSERT INTO pages VALUES (?)", (page,))
        return int(page)

    def add(self, events: Iterable[dict[str, Any]], bodies: Sequence[str]) -> None:
        """Keep events behind those that wait."""
        rows = [
            (
                e["event_id"],
                e["session_id"],
                e.get("seq"),
                e["event_type"],
                e.get("execution_id"),
                b,
            )
            for e, b in zip(events, bodies, strict=True)
        ]
        columns = "event_id, session_id, seq, event_type, execution_id, body"
        with self._transaction():
            sql = f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?)"
            self._db.executemany(sql, rows)

    def replace(
        self, keys: Iterable[int], events: Sequence[dict[str, Any]], bodies: Sequence[str]
    ) -> None:
        """Delete events, and in the same transaction keep what tells of them."""
        with self._transaction():
            self.remove(keys)
            self.add(events, bodies)

    def take(self, count: int, skip: Iterable[int] = ()) -> list[Queued]:
        """The oldest events, without those in `skip`."""
        passed_over = json.dumps(list(skip))
        sql = (
            "SELECT key, event_id, session_id, seq, event_type, body FROM events "
            "WHERE key NOT IN (SELECT value FROM json_each(?)) ORDER BY key LIMIT ?"
        )
        with self._lock:
            return [Queued(*row) for row in self._db.execute(sql, (passed_over, count))]

    def remove(self, keys: Iterable[int]) -> None:
        """Delete events."""
        with self._transaction():
            self._db.executemany("DELETE FROM events WHERE key = ?", [(key,) for key in keys])

    def count(self) -> int:
        """How many events wait."""
        with self._lock:
            [(count,)] = self._db.execute("SELECT count(*) FROM events")
        return int(count)

    def surplus(self, limit: int) -> list[Queued]:
        """What goes where more than `limit` wait: activity, then starts that have their end."""
        sql = (
            "SELECT key, event_id, session_id, seq, event_type, body FROM events e "
            "WHERE event_type = 'activity' OR event_type = 'cell_execution_start' AND EXISTS "
            "(SELECT 1 FROM events o WHERE o.execution_id = e.execution_id AND o.key <> e.key) "
            "ORDER BY event_type, key LIMIT ?"
        )
        with self._lock:
            count = max(0, self.count() - limit)
            return [Queued(*row) for row in self._db.execute(sql, (count,))]

    def keep_run(self, run: RunInProgress) -> None:
        """Remember an open run through a reload."""
        told = json.dumps([run.fields, run.started_at.isoformat(), run.label])
        with self._transaction():
            row = (run.fields["execution_id"], told)
            self._db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", row)

    def forget_run(self, run: RunInProgress) -> None:
        """The run's end is in the queue."""
        with self._transaction():
            key = (run.fields["execution_id"],)
            self._db.execute("DELETE FROM runs WHERE execution_id = ?", key)

    def left_runs(self) -> list[RunInProgress]:
        """Runs whose end is not in the queue."""
        found = []
        with self._lock:
            for (told,) in self._db.execute("SELECT run FROM runs ORDER BY execution_id"):
                fields, started_at, label = json.loads(told)
                found.append(RunInProgress(fields, datetime.fromisoformat(started_at), label))
        return found

    def _transaction(self) -> AbstractContextManager[None]:
        return _Transaction(self._db, self._lock)


class _Transaction(AbstractContextManager[None]):
    """Holds the lock; the outermost one commits."""

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock) -> None:
        self._db = db
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()
        self._is_outermost = not self._db.in_transaction
        if self._is_outermost:
            self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            if self._is_outermost:
                self._db.execute("ROLLBACK" if kind else "COMMIT")
        finally:
            self._lock.release()
