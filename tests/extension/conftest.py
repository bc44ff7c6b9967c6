"""A real Jupyter server with the relay, and a stand-in for the service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_server.auth import IdentityProvider, User
from jupyter_server.serverapp import ServerApp
from pytest_jupyter.jupyter_core import (  # noqa: F401
    echo_kernel_spec,
    jp_config_dir,
    jp_data_dir,
    jp_env_config_path,
    jp_env_jupyter_path,
    jp_environ,
    jp_home_dir,
    jp_kernel_dir,
    jp_runtime_dir,
    jp_system_config_path,
    jp_system_jupyter_path,
)
from pytest_jupyter.jupyter_server import (  # noqa: F401
    jp_argv,
    jp_base_url,
    jp_configurable_serverapp,
    jp_http_port,
    jp_logging_stream,
    jp_nbconvert_templates,
    jp_root_dir,
)
from pytest_jupyter.pytest_tornasync import http_server_port  # noqa: F401
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClientConnection, websocket_connect

from .service_standin import StandIn

OWNER = "student-01"
OWNERS_TOKEN = "owners-hub-token"
BASE_URL = "/a%40b/"


class NamedTokens(IdentityProvider):
    """Logs `NAME-login` in as NAME, so that tests can come as different people."""

    async def get_user_token(self, handler: RequestHandler) -> User | None:
        token = self.get_token(handler) or ""
        return User(token.removesuffix("-login")) if token.endswith("-login") else None


@dataclass
class Lab:
    """A running Jupyter server, and requests to it."""

    app: ServerApp
    port: int
    client: AsyncHTTPClient

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE_URL}"

    async def fetch(
        self,
        route: str,
        user: str | None = OWNER,
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> HTTPResponse:
        login = {"Authorization": f"token {user}-login"} if user else {}
        request = HTTPRequest(
            f"{self.address}api/v1/{route}",
            headers={**login, **(headers or {})},
            decompress_response=False,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            **how,
        )
        return await self.client.fetch(request, raise_error=False)

    async def post(self, body: bytes, **how: Any) -> HTTPResponse:
        headers = {"Content-Type": "application/json", **how.pop("headers", {})}
        return await self.fetch("events", method="POST", body=body, headers=headers, **how)

    async def socket(
        self, user: str | None = OWNER, headers: dict[str, str] | None = None
    ) -> WebSocketClientConnection:
        login = {"Authorization": f"token {user}-login"} if user else {}
        url = f"ws{self.address.removeprefix('http')}api/v1/ws"
        return await websocket_connect(HTTPRequest(url, headers={**login, **(headers or {})}))

    async def refused_socket(self, **how: Any) -> int:
        """The status that a socket is refused with."""
        try:
            socket = await self.socket(**how)
        except HTTPClientError as error:
            return error.code
        socket.close()
        return 101


@pytest.fixture
async def jp_asyncio_loop() -> asyncio.AbstractEventLoop:
    """The test's own loop, where pytest-jupyter would make another."""
    return asyncio.get_running_loop()


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {}


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    standin = StandIn()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
def at_the_hub(monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> None:
    """The environment that a Hub gives to a server of `student-01`."""
    monkeypatch.setenv("JUPYTERHUB_USER", OWNER)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", OWNERS_TOKEN)
    monkeypatch.setenv("CELL_MONITOR_SERVICE_URL", standin.url)


@pytest.fixture
async def start_lab(
    jp_configurable_serverapp: Callable[..., ServerApp],  # noqa: F811
    http_server_port: Any,  # noqa: F811
) -> AsyncIterator[Callable[..., Lab]]:
    """Starts the one Jupyter server of a test; its arguments are the relay's settings."""
    async with contextlib.AsyncExitStack() as stack:

        def start(**settings: Any) -> Lab:
            config = {
                "ServerApp": {
                    "jpserver_extensions": {"jupyter_cell_monitor_server": True},
                    "identity_provider_class": NamedTokens,
                },
                "CellMonitorExtension": settings,
            }
            app = jp_configurable_serverapp(config=config)
            server = HTTPServer(app.web_app)
            server.add_socket(http_server_port[0])
            client = AsyncHTTPClient(force_instance=True)
            stack.callback(ServerApp.clear_instance)
            stack.push_async_callback(app._cleanup)
            stack.push_async_callback(server.close_all_connections)
            stack.callback(server.stop)
            stack.callback(client.close)
            return Lab(app, urlsplit(f"//x:{http_server_port[1]}").port or 0, client)

        yield start


@pytest.fixture
async def lab(at_the_hub: None, start_lab: Callable[..., Lab]) -> Lab:
    return start_lab()
