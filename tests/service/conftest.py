"""Databases for these tests: SQLite files and a PostgreSQL cluster, each test with its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from jupyter_cell_monitor_server.service.db.engine import upgrade
from jupyter_cell_monitor_server.service.db.tables import metadata

from .app import Service, serving
from .database import Database
from .postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    postgres.sql("CREATE DATABASE template_of_tests")
    asyncio.run(upgrade(postgres.url("template_of_tests")))
    return "template_of_tests"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    path = tmp_path / "test.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_shared(postgres: Cluster, postgres_template: str) -> str:
    postgres.sql(f"CREATE DATABASE shared TEMPLATE {postgres_template}")
    return "shared"


@pytest.fixture
def postgres_url(postgres: Cluster, postgres_shared: str) -> str:
    """One database whose rows go before each test: to make one takes half a second."""
    tables = ";".join(f"DELETE FROM {name}" for name in metadata.tables)
    postgres.sql(tables, postgres_shared)
    return postgres.url(postgres_shared)


@pytest.fixture
def own_postgres_url(postgres: Cluster, postgres_template: str) -> str:
    """A database of the test's own, for one that changes its tables."""
    return postgres.copy_of(postgres_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The rules hold on both databases."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def service(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    database = Database(sqlite_url)
    async with serving(database, tmp_path) as found:
        yield found
    await database.close()
