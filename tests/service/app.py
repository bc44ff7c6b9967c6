"""The service in this process, on a real port and database, with people that need no Hub."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from jupyter_cell_monitor_server.service.announce import Announcer
from jupyter_cell_monitor_server.service.app import CellMonitorService
from jupyter_cell_monitor_server.service.bus.memory import MemoryBus
from jupyter_cell_monitor_server.service.handlers.base import State
from jupyter_cell_monitor_server.service.handlers.events import MAX_READ_BYTES
from jupyter_cell_monitor_server.service.hub_questions import HubUnavailable
from jupyter_cell_monitor_server.service.ingest import Ingest
from jupyter_cell_monitor_server.service.metrics import Metrics
from jupyter_cell_monitor_server.service.people import GroupRoles, Person
from jupyter_cell_monitor_server.service.readiness import Readiness
from jupyter_cell_monitor_server.service.roster import Roster
from jupyter_cell_monitor_server.service.writer import Writer, WriterLimits

from .database import Database
from .made import CLASS
from .postgres import free_port

PREFIX = "/services/cell-monitor/"
PEOPLE = {
    "ai": Person("ai", {CLASS: "student"}, may_teach=True),
    "ken": Person("ken", {CLASS: "student"}, may_teach=True),
    "sensei": Person("sensei", {CLASS: "teacher"}, may_teach=True),
    "kocho": Person("kocho", {"statistics": "teacher"}, may_teach=True),
    "senseis-server": Person("sensei", {CLASS: "teacher"}, may_teach=False),
}
GROUPS = {f"nbgrader-{CLASS}": ["ai", "ken"], f"formgrade-{CLASS}": ["sensei"]}


class People:
    """The twin of `Identity`: `token NAME`, or `cookie NAME`. The real Hub is tested besides."""

    hub_auth = None

    def __init__(self) -> None:
        self.known: dict[str, Person] = dict(PEOPLE)
        self.is_hub_away = False
        self.asked_again = asyncio.Event()

    async def person_of(self, handler: RequestHandler) -> Person | None:
        """Whose token is in the header."""
        if self.is_hub_away:
            raise HubUnavailable("away")
        kind, _, name = handler.request.headers.get("Authorization", "").partition(" ")
        handler._token_authenticated = kind == "token"  # type: ignore[attr-defined]
        return self.known.get(name)

    async def recheck(self, handler: RequestHandler) -> Person | None:
        """The same."""
        self.asked_again.set()
        return await self.person_of(handler)


class Groups:
    """The twin of `HubGroups`."""

    async def read(self) -> dict[str, list[str]]:
        """The tests' class."""
        return GROUPS


@dataclass
class Service:
    """A running service, and requests to it."""

    url: str
    state: State
    people: People
    bus: MemoryBus
    writer: Writer
    web: Application
    session: ClientSession
    database: Database
    opened: list[ClientWebSocketResponse] = field(default_factory=list)

    async def call(
        self, method: str, route: str, who: str | None = "ai", **how: Any
    ) -> tuple[ClientResponse, Any]:
        """The answer and what it holds."""
        headers = {"Authorization": f"token {who}"} if who else {}
        headers |= how.pop("headers", {})
        query = how.pop("query", None)
        url = f"{self.url}api/v1/{route}" + (f"?{urlencode(query)}" if query else "")
        async with self.session.request(method, url, headers=headers, **how) as response:
            body = await response.read()
        is_json = "json" in response.headers.get("Content-Type", "")
        return response, json.loads(body) if is_json else body

    async def post(self, *events: Any, who: str = "ai", **how: Any) -> tuple[ClientResponse, Any]:
        """Send events."""
        body = json.dumps({"events": events}).encode()
        return await self.call("POST", "events", who, data=body, **how)

    async def socket(self, who: str | None = "ai", **headers: str) -> ClientWebSocketResponse:
        """An open WebSocket."""
        headers = ({"Authorization": f"token {who}"} if who else {}) | headers
        socket = await self.session.ws_connect(f"{self.url}api/v1/ws", headers=headers)
        self.opened.append(socket)
        return socket


@asynccontextmanager
async def serving(database: Database, folder: Path, **settings: Any) -> AsyncIterator[Service]:
    """The service on `database`; `settings` are its traits and more."""
    bus = MemoryBus()
    store = settings.pop("store", database.store)
    limits = settings.pop("writer_limits", WriterLimits(1000, 100))
    contents = settings.pop("contents", None)
    metrics = Metrics()
    writer = Writer(store, Announcer(bus), limits, metrics.transaction)
    application = CellMonitorService(
        database_url=database.url, cookie_secret_file=str(folder / "cookie-secret")
    )
    people = People()
    roles = GroupRoles({"student": ["nbgrader-{class_id}"], "teacher": ["formgrade-{class_id}"]})
    state = State(
        identity=people,  # type: ignore[arg-type]
        ingest=Ingest(writer, database.now, metrics.event, contents=contents),
        writer=writer,
        readiness=Readiness(
            database.store.ping, writer.has_room, lambda: people.is_hub_away, for_s=0, patience_s=60
        ),
        metrics=metrics,
        store=database.store,
        engine=database.engine,
        bus=bus,
        roster=Roster(Groups(), roles, database.store.replace_members, 60, patience_s=60),
        me=application._me(),
        prefix=PREFIX,
        hub_prefix="/hub/",
        now=database.now,
        **{"max_missed_updates": 100, "max_socket_messages": 50, "recheck_s": 60.0} | settings,
    )
    web = application.web_application(state)
    application._watch(state, web)
    server = HTTPServer(web, xheaders=True, max_body_size=MAX_READ_BYTES)
    port = free_port()
    server.listen(port, "127.0.0.1")
    writer.start()
    async with ClientSession() as session:
        service = Service(
            f"http://127.0.0.1:{port}{PREFIX}", state, people, bus, writer, web, session, database
        )
        yield service
        for socket in service.opened:
            await socket.close()
    server.stop()
    await writer.close(1)
    await server.close_all_connections()
