"""A small Hub for a service in a process of its own: it knows `token-NAME`, a student."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from .made import CLASS

SCOPES = ["access:services!service=cell-monitor"]


class User(RequestHandler):
    """Whose token asks."""

    def get(self) -> None:
        token = self.request.headers.get("Authorization", "").removeprefix("token ")
        if not token.startswith("token-"):
            self.set_status(403)
            return
        name = token.removeprefix("token-")
        groups = [f"nbgrader-{CLASS}"]
        self.write({"kind": "user", "name": name, "groups": groups, "scopes": SCOPES})


@asynccontextmanager
async def hub_standin() -> AsyncIterator[str]:
    """The URL of its API."""
    listening, port = bind_unused_port()
    server = HTTPServer(Application([("/hub/api/user", User)]))
    server.add_socket(listening)
    yield f"http://127.0.0.1:{port}/hub/api"
    server.stop()
    await server.close_all_connections()
