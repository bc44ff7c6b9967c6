"""What the commands that open the service's database share: where it is, and whether it fits."""

import argparse
import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .service.app import CellMonitorService
from .service.class_of_notebook import resolver
from .service.clock import utcnow
from .service.db.engine import DatabaseUnavailable, create_engine, is_up_to_date
from .service.db.store import Store

T = TypeVar("T")
_DRIVER = "_connection_worker_thread"
OLD = "The database is not of this version. First run `jupyter cell-monitor upgrade-db`."


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """A parser with the options that say which database it is."""
    found = argparse.ArgumentParser(prog=f"jupyter cell-monitor {name}", description=text)
    found.add_argument("--config", metavar="FILE", help="the service's file of settings")
    found.add_argument(
        "--database-url",
        metavar="URL",
        help="the database (default: the service's own: $CELL_MONITOR_DATABASE_URL)",
    )
    return found


def with_store(options: argparse.Namespace, work: Callable[[Store], Awaitable[T]]) -> T:
    """What `work` returns. Exits with a message where the database is away or too old."""
    service = CellMonitorService()
    service.initialize([f"--config={options.config}"] if options.config else [])
    url = options.database_url or service.database_url
    try:
        return asyncio.run(_with_store(url, service.notebook_patterns, work))
    except (DatabaseUnavailable, ValueError) as error:
        raise SystemExit(f"The database cannot be used: {error}") from error


async def _with_store(url: str, patterns: list[str], work: Callable[[Store], Awaitable[T]]) -> T:
    try:
        if not await is_up_to_date(url):
            raise SystemExit(OLD)
    finally:
        await _end_of_drivers()
    engine = create_engine(url)
    store = Store(engine, resolver(patterns), utcnow)
    try:
        return await work(store)
    finally:
        store.close()
        await engine.dispose()
        await _end_of_drivers()


async def _end_of_drivers() -> None:
    """Wait for the threads of SQLite's driver.

    aiosqlite 0.22 does not wait for that of a connection that could not be opened; one that ends
    after the loop prints a traceback.
    """
    for thread in threading.enumerate():
        if _DRIVER in thread.name:
            await asyncio.to_thread(thread.join, 1)
