"""Relays the service's updates to the browser, and the browser's subscriptions to the service."""

import asyncio
from collections.abc import Awaitable

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, WebSocketHandler

from .guard import Guarded, RefusalError
from .service_client import LoginGoneError, ServiceClient, ServiceUnavailableError

MAX_CLIENT_MESSAGE_BYTES = 16 * 1024
LOGIN_GONE = 1008
TRY_AGAIN = 1012
NEVER_SENT = (1004, 1005, 1006, 1015)
"""Codes that only report how a connection ended (RFC 6455, section 7.4.1)."""


class OpenSockets:
    """The open sockets, so that their number is bounded and none outlives the server."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sockets: set[UpdatesSocket] = set()

    def add(self, socket: "UpdatesSocket") -> None:
        """Count one more. Raises `RefusalError` where there are too many."""
        if len(self._sockets) >= self._limit:
            raise RefusalError(503, f"At most {self._limit} pages may follow the updates.")
        self._sockets.add(socket)

    def remove(self, socket: "UpdatesSocket") -> None:
        """Forget one; it may be forgotten already."""
        self._sockets.discard(socket)

    async def close(self) -> None:
        """Close all, and wait until nothing runs for them any more."""
        await asyncio.gather(*(socket.shut() for socket in list(self._sockets)))


class UpdatesSocket(WebSocketMixin, Guarded, WebSocketHandler, JupyterHandler):
    """One browser page's socket with one of its own to the service.

    Nothing is queued here: the next message is read when the one before it is written, so that a
    slow browser is felt by the service, whose queue has a bound.
    """

    SUPPORTED_METHODS = ("GET",)

    def initialize(self, service: ServiceClient | None, sockets: OpenSockets) -> None:
        """Take what the extension knows; Tornado calls this for each request."""
        self.service = service
        self.sockets = sockets
        self.upstream: WebSocketClientConnection | None = None
        self.pump: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """Bytes of the largest message that a browser may send: a subscription is small."""
        return MAX_CLIENT_MESSAGE_BYTES

    @ws_authenticated
    async def get(self) -> None:
        """Accept the owner's socket; a login by cookie needs an `Origin` of this server."""
        if self.service is None:
            raise RefusalError(503, "This Jupyter server has no cell monitor.", "no_service")
        self.refuse_others()
        if not self.token_authenticated and self.get_origin() is None:
            raise RefusalError(403, "A login by cookie needs an Origin.")
        self.sockets.add(self)
        try:
            await super().get()
        finally:
            if self.ws_connection is None:
                self.sockets.remove(self)

    async def open(self) -> None:
        """Connect to the service; until then no message of the browser is read."""
        super().open()
        assert self.service is not None
        try:
            upstream = await self.service.connect()
        except LoginGoneError:
            self.close(LOGIN_GONE, "the login is gone")
        except ServiceUnavailableError as error:
            self.log.info("No updates from the cell monitor service: %s", error)
            self.close(TRY_AGAIN, "the service is away")
        else:
            self.upstream = upstream
            self.pump = asyncio.create_task(self._pass_updates_on(upstream))
            if self.ws_connection is None:
                self.on_close()

    async def on_message(self, message: str | bytes) -> None:
        """Pass a subscription on."""
        if self.upstream is None:
            return
        try:
            await self.upstream.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self.close(TRY_AGAIN, "the service is away")

    async def _pass_updates_on(self, upstream: WebSocketClientConnection) -> None:
        try:
            while (message := await upstream.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            return
        finally:
            upstream.close()
        self.close(_sendable(upstream.close_code, TRY_AGAIN), upstream.close_reason)

    def on_close(self) -> None:
        """End the service's side as the browser ended this one."""
        self.sockets.remove(self)
        if self.upstream is not None:
            self.upstream.close(_sendable(self.close_code, 1001), self.close_reason)
        if self.pump is not None:
            self.pump.cancel()

    def shut(self) -> Awaitable[object]:
        """Close both sides because the Jupyter server stops."""
        self.close(TRY_AGAIN, "the Jupyter server stops")
        self.on_close()
        return asyncio.gather(*([self.pump] if self.pump else []), return_exceptions=True)


def _sendable(code: int | None, otherwise: int) -> int:
    return otherwise if code is None or code in NEVER_SENT else code
