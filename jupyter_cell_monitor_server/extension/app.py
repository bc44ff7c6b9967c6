"""The server extension: its settings, its wiring and its end."""

import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Int, Unicode, default

from jupyter_cell_monitor_server.contract.fields import MAX_BODY_BYTES

from .guard import OWNER_VARIABLE
from .handlers import EventsHandler, ReadHandler
from .service_client import TOKEN_VARIABLE, Limits, ServiceClient, is_service_url
from .socket import OpenSockets, UpdatesSocket
from .under_way import UnderWay

READ_ROUTES = ("me", "executions", "progress")
HEADROOM_BYTES = 64 * 1024


class CellMonitorExtension(ExtensionApp):
    """Relays a student's requests from JupyterLab to the cell monitor service of the Hub."""

    name = "jupyter_cell_monitor_server"

    service_url = Unicode(
        help="The service's address, e.g. http://127.0.0.1:8000/services/cell-monitor/. "
        "Default: the environment variable CELL_MONITOR_SERVICE_URL, which the Hub sets."
    ).tag(config=True)
    connect_timeout_s = Float(
        5.0, min=0.1, help="Seconds to wait for a connection to the service. Default: 5."
    ).tag(config=True)
    request_timeout_s = Float(
        20.0, min=0.1, help="Seconds to wait for the service's whole answer. Default: 20."
    ).tag(config=True)
    max_body_bytes = Int(
        MAX_BODY_BYTES + HEADROOM_BYTES,
        min=1,
        help="Bytes of the largest request that is passed on; a larger one gets 413. "
        "Default: 1114112 (the service's own limit of 1 MiB, and 64 KiB more).",
    ).tag(config=True)
    max_response_bytes = Int(
        32 * 1024 * 1024,
        min=1,
        help="Bytes of the largest answer or message that is taken from the service. "
        "Default: 33554432 (32 MiB).",
    ).tag(config=True)
    max_requests = Int(
        16,
        min=1,
        help="Number of requests to the service at the same time; one more gets 503. Default: 16.",
    ).tag(config=True)
    max_in_flight_bytes = Int(
        8 * 1024 * 1024,
        min=1,
        help="Bytes of all requests that are held at the same time; more gets 503. "
        "Default: 8388608 (8 MiB).",
    ).tag(config=True)
    max_sockets = Int(
        32,
        min=1,
        help="Number of pages that follow the updates at the same time. Default: 32.",
    ).tag(config=True)

    @default("service_url")
    def _service_url(self) -> str:
        return os.environ.get("CELL_MONITOR_SERVICE_URL", "")

    def initialize_handlers(self) -> None:
        """Register the student's routes below `api/v1/`."""
        self.service = self._service()
        self.sockets = OpenSockets(self.max_sockets)
        relay = {
            "service": self.service,
            "max_body_bytes": self.max_body_bytes,
            "under_way": UnderWay(self.max_in_flight_bytes),
        }
        routes: list[tuple[Any, ...]] = [
            (rf"/api/v1/{route}", ReadHandler, {**relay, "route": route}) for route in READ_ROUTES
        ]
        routes.append((r"/api/v1/events", EventsHandler, {**relay, "route": "events"}))
        socket = {"service": self.service, "sockets": self.sockets}
        routes.append((r"/api/v1/ws", UpdatesSocket, socket))
        self.handlers.extend(routes)

    def _service(self) -> ServiceClient | None:
        missing = self._missing()
        if missing:
            assert self.serverapp is not None
            self.serverapp.log.warning("The cell monitor records nothing here: %s.", missing)
            return None
        limits = Limits(
            connect_timeout_s=self.connect_timeout_s,
            request_timeout_s=self.request_timeout_s,
            max_response_bytes=self.max_response_bytes,
            max_requests=self.max_requests,
        )
        return ServiceClient(self.service_url, limits)

    def _missing(self) -> str | None:
        if not os.environ.get(OWNER_VARIABLE) or not os.environ.get(TOKEN_VARIABLE):
            return "this Jupyter server was not started by a JupyterHub"
        if not self.service_url:
            return "no service_url is set, and CELL_MONITOR_SERVICE_URL is empty"
        if not is_service_url(self.service_url):
            return f"service_url {self.service_url!r} is no http or https address"
        return None

    async def stop_extension(self) -> None:
        """Close the sockets and the connections to the service."""
        await self.sockets.close()
        if self.service is not None:
            self.service.close()
