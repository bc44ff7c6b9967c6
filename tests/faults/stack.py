"""The real thing, from the Hub's proxy to the database, with fault proxies in between."""

import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from service.postgres import AS_POSTGRES

from jupyter_cell_monitor_server.demo import processes
from jupyter_cell_monitor_server.demo.settings import MARK_VARIABLE
from jupyter_cell_monitor_server.demo.simulated_students.client import Tokens
from jupyter_cell_monitor_server.service.class_of_notebook import resolver
from jupyter_cell_monitor_server.service.clock import utcnow
from jupyter_cell_monitor_server.service.db.engine import (
    DatabaseUnavailable,
    create_engine,
    upgrade,
)
from jupyter_cell_monitor_server.service.db.store import Store

from .actors import Actor, Database, Process, UserServer, guarded
from .proxy import HOST, FaultProxy

PREFIX = "/services/cell-monitor/"
ACCESS_SCOPE = "access:services!service=cell-monitor"
WIRE_STUDENTS = ("wire-1", "wire-2", "wire-3")
LAB_STUDENTS = ("lab-1",)
RELAY_TIMEOUT_S = 2.0
UP_S = 180
POLL_S = 0.05
SERVICE = ("-m", "jupyter_cell_monitor_server.cli", "service")
SETTINGS = """
c.CellMonitorService.hub_cache_s = 1
c.CellMonitorService.hub_timeout_s = 2.0
"""
HTTP_HEAD_END = b"\r\n\r\n"


class Stack:
    """All parts, by name in `actors`, and the proxies between them, by name in `hops`."""

    def __init__(self, folder: Path, home: Path, students: Sequence[str]) -> None:
        self.folder = folder
        self.students = students
        self.public, self.hub_port, proxy_api, self.service_port = processes.free_ports(4)
        self.token, self.service_token = secrets.token_hex(32), secrets.token_hex(32)
        self.password = secrets.token_hex(8)
        self.database = Database(home)
        self.hops = {
            "browser-hub_proxy": self._http_hop(self.public),
            "server-service": self._http_hop(self.service_port),
            "service-database": FaultProxy(self.database.port, marker=b"COMMIT"),
            "service-hub": FaultProxy(self.hub_port, marker=b"/hub/api/user"),
        }
        self._proxy_api = f"http://{HOST}:{proxy_api}"
        self._proxy_token = secrets.token_hex(32)
        self.servers = {name: UserServer(folder, name) for name in students}
        self.hub, self.hub_proxy = self._hub(), self._hub_proxy(proxy_api)
        self.tokens: dict[str, str] = {}

    @staticmethod
    def _http_hop(port: int) -> FaultProxy:
        return FaultProxy(port, marker=b"/api/v1/events", head_end=HTTP_HEAD_END)

    @property
    def actors(self) -> dict[str, Actor]:
        """What a schedule may kill and stop."""
        return {
            "database": self.database,
            "hub_proxy": self.hub_proxy,
            "hub": self.hub,
            "service": self.service,
            **{f"server:{name}": server for name, server in self.servers.items()},
        }

    @property
    def url(self) -> str:
        """Where browsers find the Hub."""
        return f"http://{HOST}:{self.hops['browser-hub_proxy'].port}/"

    @property
    def service_address(self) -> str:
        """The service itself, past all proxies."""
        return f"http://{HOST}:{self.service_port}"

    def database_url(self, name: str = "faults") -> str:
        """A database, as the checker reads it: past the proxy."""
        return self.database.url(name)

    async def start(self) -> None:
        """Start everything and wait until it is ready."""
        for hop in self.hops.values():
            await hop.start()
        self.service = self.service_with("faults")
        self.database.start()
        await self._database_up()
        await self.new_database("faults")
        self.hub.variables["CELL_MONITOR_FAULTS"] = json.dumps(self._given())
        await self.heal()
        async with aiohttp.ClientSession() as http:
            tokens = Tokens(http, f"http://{HOST}:{self.hub_port}/hub/api", self.token)
            for name in self.students:
                scopes = [f"access:servers!user={name}"]
                self.tokens[name] = await tokens.new(name, scopes)

    def _hub(self) -> Process:
        config = Path(__file__).with_name("jupyterhub_config.py")
        # Alone: the servers that it has started go on without it.
        return Process(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            {},
            self.folder,
            "hub.log",
            alone=True,
        )

    def _hub_proxy(self, api_port: int) -> Process:
        run_proxy = "from configurable_http_proxy.cli import main; main()"
        command = [
            *(sys.executable, "-c", run_proxy, "--ip", HOST, "--port", str(self.public)),
            *("--api-ip", HOST, "--api-port", str(api_port)),
            *("--default-target", f"http://{HOST}:{self.hub_port}"),
        ]
        variables = {"CONFIGPROXY_AUTH_TOKEN": self._proxy_token}
        return Process(command, variables, self.folder, "hub-proxy.log")

    async def new_database(self, name: str) -> None:
        """Make an empty database with the product's tables."""
        await asyncio.to_thread(self.database.sql, f"CREATE DATABASE {name}")
        await upgrade(self.database_url(name))

    def service_with(
        self, database: str, command: Sequence[str] = SERVICE, url: str = ""
    ) -> Process:
        """A service on one of the databases, behind the proxy, or on another `url`."""
        settings = self.folder / "service_config.py"
        settings.write_text(SETTINGS)
        through = f"postgresql://tester@{HOST}:{self.hops['service-database'].port}/{database}"
        variables = {
            "CELL_MONITOR_DATABASE_URL": url or through,
            "JUPYTERHUB_API_TOKEN": self.service_token,
            "JUPYTERHUB_API_URL": f"http://{HOST}:{self.hops['service-hub'].port}/hub/api",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "service-cell-monitor",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS_SCOPE]),
            "JUPYTERHUB_OAUTH_SCOPES": json.dumps([ACCESS_SCOPE]),
            "JUPYTERHUB_SERVICE_NAME": "cell-monitor",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_SERVICE_URL": self.service_address,
        }
        whole = [sys.executable, *command, "--config", str(settings)]
        return Process(whole, variables, self.folder, "service.log")

    def _given(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "mark": MARK_VARIABLE,
            "lab": "lab-",
            "url": f"http://{HOST}:{self.public}",
            "hub_url": f"http://{HOST}:{self.hub_port}",
            "proxy_api_url": self._proxy_api,
            "proxy_token": self._proxy_token,
            "service_url": self.service_address,
            "service_token": self.service_token,
            "relay_url": f"http://{HOST}:{self.hops['server-service'].port}",
            "relay_timeout_s": RELAY_TIMEOUT_S,
            "token": self.token,
            "students": list(self.students),
            "password": self.password,
        }

    async def heal(self) -> None:
        """End all faults, start what is dead, and return when everything answers."""
        for hop in self.hops.values():
            hop.heal()
        for actor in self.actors.values():
            actor.resume()
        parts = (self.database, self.hub_proxy, self.hub, self.service)
        dead = [part for part in parts if not part.is_alive]
        for process in dead:
            process.start()
        await self._database_up()
        await self._up(f"http://{HOST}:{self.hub_port}/hub/api", self.hub.log)
        await self._up(f"{self.service_address}{PREFIX}api/v1/health", self.service.log)
        if {id(self.hub_proxy), id(self.hub)} & {id(process) for process in dead}:
            await self._up(f"http://{HOST}:{self.public}/hub/api", self.hub_proxy.log)
            assert (await self.hub_api("POST", "proxy"))[0] == 200
        gone = [name for name, server in self.servers.items() if not server.is_alive]
        await asyncio.gather(*(self._start_server(name) for name in gone))
        addresses = (f"{self.url}user/{name}/api" for name in self.servers)
        await asyncio.gather(*(self._up(address, self.hub.log) for address in addresses))

    async def _start_server(self, name: str) -> None:
        status, answer = await self.hub_api("POST", f"users/{name}/server", json={})
        assert status in (201, 202), (status, answer)
        await poll(partial(self._is_ready, name), f"the server of {name}")

    async def _is_ready(self, name: str) -> bool:
        _, user = await self.hub_api("GET", f"users/{name}")
        server = user["servers"].get("", {})
        return bool(server.get("ready"))

    async def hub_api(self, method: str, path: str, **how: Any) -> tuple[int, Any]:
        """Call the Hub's own API, past all proxies: the status and the answer."""
        headers = {"Authorization": f"token {self.token}"}
        url = f"http://{HOST}:{self.hub_port}/hub/api/{path}"
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, url, **how) as answer,
        ):
            text = await answer.text()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def _database_up(self) -> None:
        engine = create_engine(self.database_url("postgres"))
        store = Store(engine, resolver([]), utcnow)
        try:
            await poll(partial(_pings, store), "the database")
        finally:
            await engine.dispose()

    async def _up(self, url: str, log: Path) -> None:
        async with aiohttp.ClientSession() as http:
            try:
                await poll(partial(_answers, http, url), url)
            except TimeoutError:
                said = await asyncio.to_thread(log.read_text)
                raise AssertionError(f"{url} does not answer:\n{said[-3000:]}") from None

    async def close(self) -> None:
        """End everything."""
        for hop in self.hops.values():
            await hop.close()
        for actor in self.actors.values():
            actor.resume()
        for process in (self.service, self.hub, self.hub_proxy):
            await asyncio.to_thread(process.kill)
        await asyncio.to_thread(processes.end_all, str(self.folder), 0.5)
        self.database.kill()


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        # Where a server is not reached, the Hub sends to its login page.
        async with http.get(url, timeout=timeout, allow_redirects=False) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _pings(store: Store) -> bool:
    try:
        await store.ping()
    except DatabaseUnavailable:
        return False
    return True


async def poll(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask another process again and again until it says yes. Raises `TimeoutError`."""
    deadline = time.monotonic() + UP_S
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def running_stack(students: Sequence[str]) -> AsyncIterator[Stack]:
    """A stack in a folder of its own, ended and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cell-monitor-faults-"))
    with guarded(folder) as guard:
        stack = Stack(folder, _home_of_postgres(folder), students)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.close()
            await asyncio.to_thread(guard.communicate)


def _home_of_postgres(folder: Path) -> Path:
    home = folder / "postgres"
    home.mkdir(mode=0o700)
    if AS_POSTGRES:
        folder.chmod(0o755)
        shutil.chown(home, "postgres", "postgres")
    return home
