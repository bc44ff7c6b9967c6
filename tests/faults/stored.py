"""What the real database holds of one schedule, read beside the service."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table

from jupyter_cell_monitor_server.service.db import tables
from jupyter_cell_monitor_server.service.db.engine import create_engine, reading
from jupyter_cell_monitor_server.service.ids import uuid_of

Row = dict[str, Any]


@dataclass
class Stored:
    """Rows by table: those of the notebooks and sessions of one schedule."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def of(self, table: str) -> list[Row]:
        """The rows of a table."""
        return self.rows.get(table, [])


async def read_stored(url: str, sessions: Iterable[str], ids: Iterable[str]) -> Stored:
    """All that tells of these sessions and of the events with these `ids`."""
    wanted = {"session_id": {uuid_of(session) for session in sessions}}
    wanted["event_id"] = {uuid_of(event_id) for event_id in ids}
    engine = create_engine(url)
    try:
        async with reading(engine) as connection:
            return await connection.run_sync(_read, wanted)
    finally:
        await engine.dispose()


async def read_all(url: str) -> Stored:
    """Every row of every table, in an order of its own."""
    engine = create_engine(url)
    try:
        async with reading(engine) as connection:
            return await connection.run_sync(_read_all)
    finally:
        await engine.dispose()


def _read_all(connection: Connection) -> Stored:
    found = {}
    for name, table in tables.metadata.tables.items():
        rows = connection.execute(table.select()).mappings()
        found[name] = sorted((dict(row) for row in rows), key=repr)
    return Stored(found)


def _read(connection: Connection, wanted: dict[str, set[uuid.UUID]]) -> Stored:
    stored = Stored()
    sessions = _find(connection, tables.sessions, "session_id", wanted["session_id"])
    stored.rows["sessions"] = sessions
    notebooks = {row["notebook_id"] for row in sessions}
    classes: set[str] = set()
    for name, table in tables.metadata.tables.items():
        if "notebook_id" in table.c and name != "sessions":
            stored.rows[name] = _find(connection, table, "notebook_id", notebooks)
        elif "event_id" in table.c:
            stored.rows[name] = _find(connection, table, "event_id", wanted["event_id"])
        classes |= {row["class_id"] for row in stored.of(name) if row.get("class_id")}
    for table in (tables.error_patterns, tables.error_logs):
        rows = _find(connection, table, "class_id", classes)
        stored.rows[f"{table.name} of the class"] = rows
    return stored


def _find(connection: Connection, table: Table, column: str, values: Iterable[Any]) -> list[Row]:
    query = table.select().where(table.c[column].in_(list(values)))
    return [dict(row) for row in connection.execute(query).mappings()]
