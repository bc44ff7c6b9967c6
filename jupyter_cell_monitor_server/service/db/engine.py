"""Opens the database, brings its tables up to date, and tells an outage from bad data."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, func, make_url, select
from sqlalchemy import Engine as SyncEngine
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from .types import dump_json, load_json

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-65536",
)

TIMEOUT_S = 10.0
_UPGRADE_LOCK = 0x63656C6C  # any number that nobody else locks
# PostgreSQL's: connection, authorisation, no such database, a transaction that lost a race,
# resources, a lock, an operator's intervention, the system; and a server that only reads.
_OUTAGES = ("08", "28", "3D", "40", "53", "55", "57", "58", "25006")


Engine = AsyncEngine


class DatabaseUnavailable(Exception):
    """The database cannot be reached or cannot write now; nothing of the transaction is stored."""


def async_url(database_url: str) -> str:
    """The URL with the driver that the service uses: `sqlite:///…` → `sqlite+aiosqlite:///…`."""
    url = make_url(database_url)
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ValueError(f"database_url: only SQLite and PostgreSQL, not {url.drivername!r}")
    return url.set(drivername=driver).render_as_string(hide_password=False)


def sqlite_file(database_url: str) -> str | None:
    """The file of a SQLite database; None for one in memory, and for any other."""
    url = make_url(database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return url.database if is_file else None


def create_engine(database_url: str, timeout_s: float = TIMEOUT_S) -> AsyncEngine:
    """An engine for a SQLite or PostgreSQL URL. Opens nothing yet.

    `timeout_s` bounds how long PostgreSQL may take to connect, and to answer one statement.
    """
    engine = create_async_engine(
        async_url(database_url),
        **(_within(timeout_s) if database_url.startswith("postgresql") else {}),
        json_serializer=dump_json,
        json_deserializer=load_json,
        # What students wrote belongs into no log and no error text.
        hide_parameters=True,
    )
    if engine.dialect.name == "sqlite":
        _listen(engine.sync_engine)
    return engine


def _within(timeout_s: float) -> dict[str, Any]:
    # A server that hears no more of a transaction must not hold its locks for hours.
    server = {"idle_in_transaction_session_timeout": str(int(3000 * timeout_s))}
    connecting = {"timeout": timeout_s, "command_timeout": timeout_s, "server_settings": server}
    return {"pool_timeout": timeout_s, "connect_args": connecting}


def _listen(engine: SyncEngine) -> None:
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


T = TypeVar("T")


class Transactions:
    """Runs whole transactions that write, each in one go.

    SQLite's run in a thread of their own: with a hop between threads for each statement, the
    hops would cost more than the statements.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._thread: ThreadPoolExecutor | None = None
        if engine.dialect.name == "sqlite":
            self._thread = ThreadPoolExecutor(1, "sqlite-writer")
            self._sqlite = create_sync_engine(
                engine.url.set(drivername="sqlite"), hide_parameters=True
            ).execution_options(cell_monitor_writes=True)
            _listen(self._sqlite)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, after the commit. Raises `DatabaseUnavailable`."""
        if self._thread is None:
            async with writing(self._engine) as connection:
                return await connection.run_sync(work)
        loop = asyncio.get_running_loop()
        with _outages_named():
            return await loop.run_in_executor(self._thread, self._run_in_sqlite, work)

    def _run_in_sqlite(self, work: Callable[[Connection], T]) -> T:
        with self._sqlite.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Wait for the transaction that runs, and close the connection."""
        if self._thread is not None:
            self._thread.shutdown()
            self._sqlite.dispose()


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions itself: it would take the write lock too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("cell_monitor_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction that writes.

    Raises `DatabaseUnavailable` where the database is away, locked or full.
    """
    with_options = engine.execution_options(cell_monitor_writes=True)
    with _outages_named():
        async with with_options.begin() as connection:
            yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction that reads a single state of the database."""
    with _outages_named():
        async with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _is_outage(error):
            raise DatabaseUnavailable(_first_line(error)) from error
        raise


def _is_outage(error: Exception) -> bool:
    if isinstance(error, TimeoutError | OSError | sqlite3.OperationalError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    # A connection that cannot be opened raises the driver's own error.
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_OUTAGES)
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error, InterfaceError) and isinstance(
        getattr(error.orig, "__cause__", None), ValueError
    ):
        return False  # the driver refused a value
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _first_line(error: Exception) -> str:
    # The lines below it can hold rows.
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).partition("\n")[0] or type(cause).__name__


def _alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def upgrade(database_url: str) -> None:
    """Bring the tables to this release's state; safe to run again."""
    file = sqlite_file(database_url)
    if file is not None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(database_url)
    try:
        async with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                # Until the commit, since replicas may start at the same time.
                await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            await connection.run_sync(lambda sync: command.upgrade(_alembic_config(sync), "head"))
    finally:
        await engine.dispose()


async def is_up_to_date(database_url: str) -> bool:
    """Whether the tables are this release's. Raises `DatabaseUnavailable`."""
    engine = create_engine(database_url)
    try:
        async with reading(engine) as connection:
            return await connection.run_sync(_is_at_head)
    finally:
        await engine.dispose()


def _is_at_head(connection: Connection) -> bool:
    head = ScriptDirectory.from_config(_alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head
