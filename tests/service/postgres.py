"""A PostgreSQL cluster of the tests' own, in a new folder and on a free port."""

import contextlib
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil

BIN = Path("/usr/lib/postgresql/15/bin")
# PostgreSQL refuses to run as root.
AS_POSTGRES = (
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    if os.geteuid() == 0
    else []
)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A server that can be stopped and started again.

    Its settings are PostgreSQL's defaults, but that it starts no process by itself now and then.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._data = folder / "data"
        self._log = folder / "log"
        self._run(BIN / "initdb", "-D", self._data, "-U", "tester", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            " -c autovacuum=off"
        )
        self._run(BIN / "pg_ctl", "-D", self._data, "-l", self._log, "-o", options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; connections that are open break. `immediate` leaves the data as a crash does."""
        self._run(BIN / "pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def pids(self) -> list[int]:
        """Its processes: the first is the one that takes connections."""
        first = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        return [first.pid, *(child.pid for child in first.children())]

    @property
    def pid(self) -> int:
        """Its first process, which started all others."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://tester@127.0.0.1:{self.port}/{database}"

    def copy_of(self, template: str) -> str:
        """The URL of a new database with what the template holds."""
        name = f"test_{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Run statements as the administrator."""
        self._run(BIN / "psql", "-q", self.url(database), "-c", statement)

    @staticmethod
    def _run(*command: object) -> None:
        subprocess.run(
            [*AS_POSTGRES, *map(str, command)],
            cwd="/",
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A running cluster below `folder`; stopped at the end."""
    home = folder / "postgres"
    home.mkdir()
    if AS_POSTGRES:
        # The tests' folders are closed to other users.
        home = Path("/tmp") / f"cell-monitor-postgres-{uuid.uuid4().hex}"
        home.mkdir()
        shutil.chown(home, "postgres", "postgres")
    server = Cluster(home)
    server.start()
    server.sql("CREATE ROLE student LOGIN")
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(home)
