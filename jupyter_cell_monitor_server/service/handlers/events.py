"""`POST /events`: takes what a student's browser recorded."""

from tornado.web import HTTPError, stream_request_body

from ...contract.fields import MAX_BODY_BYTES, MAX_INFLATED_BYTES
from ...contract.results import EventResults
from ..ingest import BodyTooLarge, gunzip
from ..writer import QueueFull
from .base import ApiError, BaseHandler

# What comes above the bound is read and forgotten up to here: a client that is cut off while it
# still sends would not read why.
MAX_READ_BYTES = 4 * MAX_BODY_BYTES


@stream_request_body
class EventsHandler(BaseHandler):
    """The body is counted while it comes in; what is refused is never kept or parsed."""

    async def prepare(self) -> None:
        """Refuse what is too large, what nobody sent, and all while the queue is full."""
        self._body = bytearray()
        self._refusal: Exception | None = None
        if self.request.method != "POST":
            await super().prepare()
            return
        self._check_length(MAX_READ_BYTES)
        try:
            await super().prepare()
            self._check_length(MAX_BODY_BYTES)
            if not self.state.ingest.has_room():
                raise QueueFull
        except (ApiError, HTTPError, BodyTooLarge, QueueFull) as error:
            self._refusal = error

    def _check_length(self, limit: int) -> None:
        announced = self.request.headers.get("Content-Length", "0")
        if announced.isdigit() and int(announced) > limit:
            raise BodyTooLarge(f"A request holds at most {MAX_BODY_BYTES} bytes.")

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, within the bound."""
        if self._refusal is None:
            self._body += chunk[: MAX_BODY_BYTES + 1 - len(self._body)]

    async def post(self) -> None:
        """Store the events; one result for each."""
        if self._refusal is not None:
            raise self._refusal
        if len(self._body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"A request holds at most {MAX_BODY_BYTES} bytes.")
        results = await self.state.ingest.take(self.person, self._plain_body())
        self.write_json(EventResults(results))

    def _plain_body(self) -> bytes:
        encoding = self.request.headers.get("Content-Encoding", "identity").lower()
        body = bytes(self._body)
        if encoding == "identity":
            return body
        if encoding != "gzip":
            raise ApiError(400, "invalid", "Content-Encoding is gzip or nothing.")
        try:
            return gunzip(body, MAX_INFLATED_BYTES)
        except BodyTooLarge:
            raise
        except ValueError as error:
            raise ApiError(400, "invalid", str(error)) from error
