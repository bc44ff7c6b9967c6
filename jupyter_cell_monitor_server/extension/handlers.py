"""Relays a student's requests to the service, byte for byte."""

from collections.abc import Awaitable
from urllib.parse import unquote_plus

from jupyter_server.base.handlers import APIHandler
from tornado.web import authenticated, stream_request_body

from .guard import RETRY_AFTER_S, Guarded, RefusalError
from .service_client import Answer, AnswerTooLargeError, ServiceClient, ServiceUnavailableError
from .under_way import UnderWay

PASSED_ON = ("Content-Type", "Content-Encoding")


@stream_request_body
class RelayHandler(Guarded, APIHandler):
    """Passes one route on. `service` is None where there is no service to call."""

    # Recording is no work of its own: the kernels' activity alone keeps a server from being culled.
    _track_activity = False
    is_relaying = False

    def initialize(
        self, service: ServiceClient | None, route: str, max_body_bytes: int, under_way: UnderWay
    ) -> None:
        """Take what the extension knows; Tornado calls this for each request."""
        self.service = service
        self.route = route
        self.max_body_bytes = max_body_bytes
        self.under_way = under_way
        self.body = bytearray()
        self.held_bytes = 0
        self.refusal: RefusalError | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse what can be refused before the body is read."""
        await super().prepare()
        self.refuse_others_or_absence()
        length = self.request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise self._too_large()

    def refuse_others_or_absence(self) -> None:
        """Raise `RefusalError` for another user, and where there is no service."""
        if self.service is None:
            if not self.current_user:
                raise RefusalError(403, "You are not signed in.")
            raise RefusalError(503, "This Jupyter server has no cell monitor.", "no_service")
        self.refuse_others()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Keep the body up to its bounds; a chunked one does not say its size before."""
        if self.refusal is None:
            try:
                self._keep(chunk)
            except RefusalError as error:
                self.refusal = error
                self.let_go()
        return None

    def _keep(self, chunk: bytes) -> None:
        if len(self.body) + len(chunk) > self.max_body_bytes:
            raise self._too_large()
        self.under_way.take(len(chunk))
        self.held_bytes += len(chunk)
        self.body += chunk

    def let_go(self) -> None:
        """Hold nothing of the body any more."""
        self.under_way.give(self.held_bytes)
        self.held_bytes = 0
        self.body.clear()

    def on_finish(self) -> None:
        """The request is answered."""
        super().on_finish()
        self.let_go()

    def on_connection_close(self) -> None:
        """Whoever asked has gone; a call to the service that runs still holds the body."""
        super().on_connection_close()
        if not self.is_relaying:
            self.let_go()

    async def relay(self) -> None:
        """Pass the request on and answer what the service answered."""
        if self.refusal is not None:
            raise self.refusal
        self.is_relaying = True
        assert self.service is not None
        headers = {name: self.request.headers[name] for name in PASSED_ON if self._has(name)}
        body = bytes(self.body) if self.request.method == "POST" else None
        try:
            answer = await self.service.fetch(
                str(self.request.method), self.route, _query(self.request.query), headers, body
            )
        except ServiceUnavailableError as error:
            self.log.info("The cell monitor service is away: %s", error)
            raise RefusalError(503, "Please try again.", None, RETRY_AFTER_S) from error
        except AnswerTooLargeError as error:
            raise RefusalError(500, f"{error} Ask for less.") from error
        self._pass_back(answer)

    def _pass_back(self, answer: Answer) -> None:
        self.set_status(answer.status)
        if answer.retry_after:
            self.set_header("Retry-After", answer.retry_after)
        self.answer(answer.body, answer.content_type)

    def answer(self, body: bytes, content_type: str) -> None:
        """Finish with the content type given: Jupyter Server's `finish` sets its own."""
        self.finish(body, set_content_type=content_type)

    def _has(self, name: str) -> bool:
        return name in self.request.headers

    def _too_large(self) -> RefusalError:
        return RefusalError(413, f"A request holds at most {self.max_body_bytes} bytes.")


class ReadHandler(RelayHandler):
    """A route that is read."""

    SUPPORTED_METHODS = ("GET",)

    @authenticated
    async def get(self) -> None:
        """Relay a read."""
        await self.relay()


class EventsHandler(RelayHandler):
    """The route that takes events."""

    SUPPORTED_METHODS = ("POST",)

    @authenticated
    async def post(self) -> None:
        """Relay a batch of events."""
        await self.relay()


def _query(query: str) -> str:
    """The query without a login to this server (`token`), which is nobody else's business."""
    parts = [part for part in query.split("&") if part]
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) != "token")
