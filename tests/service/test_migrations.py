"""The tables that the migrations make."""

import asyncio
import sys

from sqlalchemy import Connection, inspect

from jupyter_cell_monitor_server.service.db.engine import async_url, is_up_to_date, reading, upgrade
from jupyter_cell_monitor_server.service.db.tables import metadata

from .database import Database
from .made import opened
from .postgres import Cluster


async def test_upgrading_again_changes_nothing(db: Database) -> None:
    """And keeps every row."""
    await db.send(opened())
    await upgrade(db.url)
    assert len(await db.rows("notebooks")) == 1
    assert await is_up_to_date(db.url)


async def test_an_empty_database_is_not_up_to_date(tmp_path: object) -> None:
    """Until it is upgraded, which makes its folder too."""
    url = f"sqlite:///{tmp_path}/new/folder/x.sqlite"
    await upgrade(url)
    assert await is_up_to_date(url)
    assert not await is_up_to_date("sqlite:///:memory:")


async def test_replicas_that_start_at_once_upgrade_one_after_the_other(postgres: Cluster) -> None:
    """None of them fails."""
    postgres.sql("CREATE DATABASE fresh")
    url = postgres.url("fresh")
    command = (
        f"import asyncio; from {upgrade.__module__} import upgrade as u; asyncio.run(u({url!r}))"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", command) for _ in range(3)
    ]
    assert [await process.wait() for process in started] == [0, 0, 0]
    assert await is_up_to_date(url)


def shape(connection: Connection) -> dict[str, object]:
    """Columns, keys and indexes as the database has them."""
    found = inspect(connection)
    return {
        table: (
            {column["name"]: column["nullable"] for column in found.get_columns(table)},
            found.get_pk_constraint(table)["constrained_columns"],
            {tuple(index["column_names"]) for index in found.get_indexes(table)},
        )
        for table in metadata.tables
    }


async def test_migrations_make_what_the_tables_say(db: Database) -> None:
    """The same columns, keys and indexes as `metadata.create_all`."""
    made = Database("sqlite:///:memory:" if db.engine.dialect.name == "sqlite" else db.url)
    async with reading(db.engine) as connection:
        migrated = await connection.run_sync(shape)
    async with made.engine.connect() as connection:
        if db.engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("CREATE SCHEMA made")
            await connection.exec_driver_sql("SET search_path TO made")
        await connection.run_sync(metadata.create_all)
        assert await connection.run_sync(shape) == migrated
        await connection.rollback()
    await made.close()


def test_a_database_url_names_no_driver() -> None:
    """The service knows its own."""
    assert async_url("sqlite:///x.sqlite") == "sqlite+aiosqlite:///x.sqlite"
    assert async_url("postgresql://a:b@h/n") == "postgresql+asyncpg://a:b@h/n"
