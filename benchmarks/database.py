"""The service's SQLite file, read and written beside the service with the standard `sqlite3`."""

import sqlite3
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from .load import groups

RAW_GROUP_ROWS = 1_000
_END_TYPES = {"cell_execution_complete", "cell_execution_error"}
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536")

TableRows = dict[str, list[tuple[Any, ...]]]


def check_runs(database: Path, events: Iterable[dict[str, Any]]) -> int:
    """How many runs are stored. Raises `RuntimeError` unless they are those of `events`."""
    expected: dict[str, bool] = {}
    for event in events:
        if run := event.get("execution_id"):
            expected[run] = expected.get(run, False) or event["event_type"] in _END_TYPES
    with closing(_open(database)) as connection:
        rows = connection.execute("SELECT execution_id, status FROM cell_executions").fetchall()
    stored = {str(uuid.UUID(run)): status != "running" for run, status in rows}
    if len(rows) != len(stored) or stored != expected:
        wrong = set(stored.items()) ^ set(expected.items())
        raise RuntimeError(f"{len(wrong)} runs are missing, too many or in a wrong state.")
    return len(stored)


def read_rows(database: Path) -> TableRows:
    """All rows that the service stored, by table, in the order of their insertion."""
    with closing(_open(database)) as connection:
        return {
            table: rows
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            if (rows := connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid').fetchall())
        }


def write_raw_s(schema_of: Path, target: Path, rows: TableRows) -> float:
    """Seconds to write `rows` into the new file `target` in transactions of 1,000 rows.

    It has the tables and indexes of `schema_of`, and is written in WAL mode, `synchronous=FULL`.
    """
    with closing(_open(schema_of)) as source:
        schema = source.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC"
        ).fetchall()
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        for (statement,) in schema:
            connection.execute(statement)
        began = time.perf_counter()
        for table, of_table in rows.items():
            _write(connection, table, of_table)
        return time.perf_counter() - began


def _write(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    places = ",".join("?" * len(rows[0]))
    for group in groups(rows, RAW_GROUP_ROWS):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', group)
        connection.execute("COMMIT")


def _open(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True)
