"""`POST /events`: takes what a student's browser recorded."""

import asyncio

from tornado.web import HTTPError, stream_request_body

from ...contract.dictionaries import ENCODING
from ...contract.fields import MAX_BODY_BYTES, MAX_INFLATED_BYTES
from ...contract.results import EventResult, EventResults
from ..bounds import Busy
from ..dictionaries import DictionaryNeeded, Opened
from ..hub_questions import HubUnavailable
from ..inflating import BodyTooLarge, gunzip
from ..quota import Charge, TooMany, cost_of
from .answers import ApiError
from .base import BaseHandler

# What comes above the bound is read and forgotten up to here: a client that is cut off while it
# still sends would not read why.
MAX_READ_BYTES = 4 * MAX_BODY_BYTES
REFUSAL_TAKES_S = 0.5
MAX_DIGITS = 18
_REFUSALS = (ApiError, HTTPError, BodyTooLarge, Busy, TooMany, HubUnavailable)


@stream_request_body
class EventsHandler(BaseHandler):
    """The body is counted while it comes in; what is refused is never kept or parsed."""

    # A connection may be gone before anything is prepared.
    _held_bytes = 0
    _is_taken = False

    async def prepare(self) -> None:
        """Refuse what is too large, what nobody sent, and what there is no room for."""
        self._body = bytearray()
        self._refusal: Exception | None = None
        if self.request.method != "POST":
            await super().prepare()
            return
        self._check_length(MAX_READ_BYTES)
        try:
            await super().prepare()
            self._check_length(MAX_BODY_BYTES)
            self._check_room()
        except _REFUSALS as error:
            self._refusal = error

    def _announced_bytes(self) -> int:
        announced = self.request.headers.get("Content-Length", "0")
        # The framework refuses what is no number; more digits than these are too many bytes.
        is_number = announced.isascii() and announced.isdigit()
        return int(announced[:MAX_DIGITS]) if is_number else 0

    def _check_length(self, limit: int) -> None:
        if self._announced_bytes() > limit:
            raise BodyTooLarge(f"A request holds at most {MAX_BODY_BYTES} bytes.")

    def _check_room(self) -> None:
        self.refuse_while_stopping()
        name, bytes_ = self.person.name, self._announced_bytes()
        self.state.bounds.quota.check(name, cost_of(1, bytes_))
        self.state.writer.require_room(name)
        self.state.bounds.in_flight.check(name, bytes_)

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, within the bounds."""
        if self._refusal is not None:
            return
        piece = chunk[: MAX_BODY_BYTES + 1 - len(self._body)]
        try:
            self._hold(len(piece))
        except (Busy, TooMany) as error:
            self._refuse(error)
        else:
            self._body += piece

    async def post(self) -> None:
        """Store the events; one result for each."""
        self._is_taken = True
        try:
            results = await self._take()
        except TooMany:
            self._let_go()
            # Who heeds no `Retry-After` can ask so much less often on each connection.
            await asyncio.sleep(REFUSAL_TAKES_S)
            raise
        finally:
            self._let_go()
        self.write_json(EventResults(results))

    async def _take(self) -> list[EventResult]:
        if self._refusal is not None:
            raise self._refusal
        if len(self._body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"A request holds at most {MAX_BODY_BYTES} bytes.")
        charge = self.state.bounds.quota.charge(self.person.name)
        text, dictionary = self._open(charge)
        charge.at_least(cost_of(1, len(text)))
        self._hold(len(text) - self._held_bytes)
        self._body.clear()
        return await self.state.ingest.take(self.person, text, charge.at_least, dictionary)

    def _open(self, charge: Charge) -> Opened:
        try:
            return self._decoded()
        except BodyTooLarge:
            # To find that out took as much time as the largest body does.
            charge.forfeit(cost_of(1, MAX_INFLATED_BYTES))
            raise
        except DictionaryNeeded as error:
            charge.forfeit(cost_of(1, error.inflated_bytes))
            raise ApiError(409, "content_needed", str(error)) from error
        except ValueError as error:
            raise ApiError(400, "invalid", str(error)) from error

    def _decoded(self) -> Opened:
        body = bytes(self._body)
        encoding = self.request.headers.get("Content-Encoding", "identity").lower()
        if encoding == "identity":
            return Opened(body)
        if encoding == "gzip":
            return Opened(gunzip(body, MAX_INFLATED_BYTES))
        if encoding == ENCODING:
            known = self.state.ingest.dictionaries
            return known.open(self.person.name, body, MAX_INFLATED_BYTES)
        raise ValueError(f"Content-Encoding is gzip, {ENCODING} or nothing.")

    def _refuse(self, error: Exception) -> None:
        self._refusal = error
        self._body.clear()
        self._let_go()

    def _hold(self, more_bytes: int) -> None:
        if more_bytes > 0:
            self.state.bounds.in_flight.take(self.person.name, more_bytes)
            self._held_bytes += more_bytes

    def _let_go(self) -> None:
        if self._held_bytes:
            self.state.bounds.in_flight.give(self.person.name, self._held_bytes)
            self._held_bytes = 0

    def on_connection_close(self) -> None:
        """Whoever sent it has gone in the midst of the body."""
        super().on_connection_close()
        if not self._is_taken:
            self._let_go()
