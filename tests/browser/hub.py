"""A whole JupyterHub for these tests, the people who use it, and what it has stored."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
from aiohttp import ClientResponse, ClientSession, CookieJar

from jupyter_cell_monitor_server.demo import processes

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.05
# A build machine may be several times slower than this one, or stand still for seconds.
PATIENCE_S = 120
Result = TypeVar("Result")
TEACH = ["access:services!service=cell-monitor", "custom:cell-monitor:teach"]


async def until(
    condition: Callable[[], Result], timeout_s: float = PATIENCE_S, what: str = ""
) -> Result:
    """Wait until `condition` is true, and return what it gave."""
    try:
        async with asyncio.timeout(timeout_s):
            # What is waited for is another process's: nothing here could be told of it.
            while not (result := condition()):  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            return result
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {what or condition}") from None


@dataclass
class Hub:
    """A running Hub and its data folder."""

    folder: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def service_url(self) -> str:
        return f"{self.url}services/cell-monitor/"

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def home(self, name: str) -> Path:
        return self.folder / "home" / name

    def rows(self, sql: str, *values: str) -> list[dict[str, Any]]:
        """What the database holds, read beside the service."""
        address = f"file:{self.folder / 'cell-monitor.sqlite'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def executions(self, student_id: str, path: str | None = None) -> list[dict[str, Any]]:
        """A student's runs in the kernel's order, of one notebook or of all."""
        runs = self.rows(
            "SELECT e.*, n.path, n.class_id AS of_class, l.name AS error_name"
            " FROM cell_executions e"
            " JOIN notebooks n USING (notebook_id)"
            " LEFT JOIN error_logs l USING (student_id, day, execution_id)"
            " WHERE e.student_id = ? ORDER BY e.started_at",
            student_id,
        )
        return [run for run in runs if path in (None, run["path"])]

    def service(self) -> psutil.Process | None:
        """The service's process, if it runs."""
        for process in processes.of_demo(str(self.folder)):
            with suppress(psutil.NoSuchProcess):
                if "service" in process.cmdline()[-1:]:
                    return process
        return None

    def server_token(self, name: str) -> str:
        """The token that the code in somebody's notebooks finds in its environment."""
        for process in processes.of_demo(str(self.folder)):
            environment = process.environ()
            if environment.get("JUPYTERHUB_USER") == name:
                return str(environment["JUPYTERHUB_API_TOKEN"])
        raise AssertionError(f"{name} has no running server")

    @asynccontextmanager
    async def signed_in(self, name: str) -> AsyncIterator["Visitor"]:
        """Somebody who has just logged in to the Hub."""
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            visitor = Visitor(self, name, session)
            await visitor.log_in()
            yield visitor

    def stop(self) -> None:
        """End all, as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE_S)


@dataclass
class Visitor:
    """A person's HTTP session with the Hub."""

    hub: Hub
    name: str
    session: ClientSession

    async def log_in(self) -> None:
        login = self.hub.url + "hub/login"
        async with self.session.get(login):
            form = {"username": self.name, "password": self.hub.password, "_xsrf": self.xsrf}
        async with self.session.post(login, data=form, allow_redirects=False) as response:
            assert response.status == 302, await response.text()

    @property
    def xsrf(self) -> str:
        cookies = [cookie for cookie in self.session.cookie_jar if cookie["path"] == "/hub/"]
        return next(cookie.value for cookie in cookies if cookie.key == "_xsrf")

    async def api(self, method: str, path: str, **how: Any) -> ClientResponse:
        """Call the Hub's own API."""
        # The login brings a new XSRF cookie with the next page.
        async with self.session.get(self.hub.url + "hub/token"):
            headers = {"X-XSRFToken": self.xsrf}
        url = f"{self.hub.url}hub/api/{path}"
        return await self.session.request(method, url, headers=headers, **how)

    async def token(self, scopes: Sequence[str] = ("inherit",)) -> str:
        """A token that this person makes on purpose."""
        order = {"note": "a test", "scopes": list(scopes)}
        response = await self.api("POST", f"users/{self.name}/tokens", json=order)
        answer = await response.json()
        assert response.status == 201, answer
        return str(answer["token"])

    async def start_server(self) -> None:
        """Start this person's Jupyter server and wait until it is ready."""
        await self.api("POST", f"users/{self.name}/server", json={})
        async with asyncio.timeout(PATIENCE_S):
            response = await self.api("GET", f"users/{self.name}/server/progress")
            async for line in response.content:
                if line.startswith(b"data:") and json.loads(line[5:]).get("ready"):
                    return
        raise AssertionError(f"the server of {self.name} did not start")


def start_hub(folder: Path, students: int = 0) -> Hub:
    """Start the Hub with all its data in `folder`, and so many simulated students."""
    [port] = processes.free_ports(1)
    command = [sys.executable, str(Path(__file__).with_name("start_hub.py"))]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--data-dir", str(folder), "--students", str(students)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            return Hub(folder, port, process)
    log = folder / "hub.log"
    raise AssertionError("".join(said) + (log.read_text()[-5000:] if log.exists() else ""))
