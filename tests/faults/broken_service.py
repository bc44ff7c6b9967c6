"""Starts the service with a promise broken on purpose, to see that the checker notices.

`synchronous=OFF` is not among them: what a killed process has written is in the system's memory and
reaches the disk all the same, so that only a power cut would show it. That each commit waits for
the disk is seen in the service's system calls instead.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service import app
from jupyter_cell_monitor_server.service.db import record
from jupyter_cell_monitor_server.service.db.engine import create_engine, writing
from jupyter_cell_monitor_server.service.writer import Writer


def acknowledge_before_commit() -> None:
    """Say `stored` as soon as an event waits to be stored."""
    store = Writer.write
    stored_later: set[asyncio.Task[Any]] = set()

    async def write(self: Writer, delivery: Any) -> list[EventResult]:
        task = asyncio.create_task(store(self, delivery))
        stored_later.add(task)
        return [EventResult(event_id=p.event.event_id, status="stored") for p in delivery.events]

    Writer.write = write  # type: ignore[method-assign]


def no_unique_key() -> None:
    """Take each delivery for new, in a table that lets a run in twice."""
    upgrade = vars(app)["upgrade"]

    async def upgrade_and_drop(database_url: str) -> None:
        await upgrade(database_url)
        engine = create_engine(database_url)
        async with writing(engine) as connection:
            drop = "ALTER TABLE cell_executions DROP CONSTRAINT IF EXISTS pk_cell_executions"
            await connection.execute(text(drop))
        await engine.dispose()

    assert "read_runs" in vars(record)
    vars(app)["upgrade"] = upgrade_and_drop
    vars(record)["read_runs"] = lambda _connection, _keys: {}


VARIANTS: dict[str, Callable[[], None]] = {
    "acknowledge_before_commit": acknowledge_before_commit,
    "no_unique_key": no_unique_key,
}

if __name__ == "__main__":
    VARIANTS[sys.argv.pop(1)]()
    app.CellMonitorService.launch_instance()
