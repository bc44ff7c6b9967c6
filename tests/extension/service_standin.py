"""A small service for the relay's tests; tests/browser runs the relay against the real one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol13


@dataclass
class Seen:
    """A request as it reached the service."""

    method: str
    path: str
    query: str
    headers: HTTPHeaders
    body: bytes


@dataclass
class StandIn:
    """What the service shall answer, and what it has seen."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b'{"ok": true}'
    accepts_token: bool = True
    seen: list[Seen] = field(default_factory=list)
    messages: list[str | bytes] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list["Updates"] = field(default_factory=list)
    closed_with: list[int | None] = field(default_factory=list)
    url: str = ""
    server: HTTPServer | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self.may_answer.set()
        listening, port = bind_unused_port()
        root = "/services/cell-monitor/"
        routes: list[Any] = [
            (root + "api/v1/ws", Updates, {"standin": self}),
            (root + "api/v1/.*", Anything, {"standin": self}),
        ]
        self.server = HTTPServer(Application(routes))
        self.server.add_socket(listening)
        self.url = f"http://127.0.0.1:{port}{root}"

    async def stop(self) -> None:
        """Close the port and all connections."""
        self.may_answer.set()
        if self.server is not None:
            self.server.stop()
            await self.server.close_all_connections()
            self._break_sockets_off()
            self.server = None

    def _break_sockets_off(self) -> None:
        """End the connections without a word, as a killed process does."""
        for socket in self.sockets:
            if isinstance(socket.ws_connection, WebSocketProtocol13):
                socket.ws_connection.stream.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was seen fulfils the condition."""
        async with self.arrived, asyncio.timeout(10):
            await self.arrived.wait_for(condition)

    async def note(self) -> None:
        """Wake those who wait."""
        async with self.arrived:
            self.arrived.notify_all()


class Anything(RequestHandler):
    """Answers each route as the stand-in was told."""

    def initialize(self, standin: StandIn) -> None:
        self.standin = standin

    async def prepare(self) -> None:
        request = self.request
        self.standin.seen.append(
            Seen(str(request.method), request.path, request.query, request.headers, request.body)
        )
        await self.standin.note()
        await self.standin.may_answer.wait()
        self.set_status(self.standin.status)
        for name, value in self.standin.headers.items():
            self.set_header(name, value)
        self.finish(self.standin.body)


class Updates(WebSocketHandler):
    """Says hello and keeps what it hears."""

    def initialize(self, standin: StandIn) -> None:
        self.standin = standin

    async def get(self, *args: str, **kwargs: str) -> None:
        self.standin.seen.append(
            Seen("GET", self.request.path, self.request.query, self.request.headers, b"")
        )
        if self.standin.accepts_token:
            await super().get(*args, **kwargs)
        else:
            self.set_status(401)

    async def open(self, *args: str, **kwargs: str) -> None:
        self.standin.sockets.append(self)
        await self.write_message('{"event": "hello", "cursors": {}}')
        await self.standin.note()

    async def on_message(self, message: str | bytes) -> None:
        self.standin.messages.append(message)
        await self.standin.note()

    def on_close(self) -> None:
        self.standin.closed_with.append(self.close_code)
        asyncio.ensure_future(self.standin.note())  # noqa: RUF006 - it ends within this test
