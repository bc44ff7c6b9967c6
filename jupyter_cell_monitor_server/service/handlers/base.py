"""What all routes share: who is asking, JSON in and out, errors as problem documents."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from jupyterhub.services.auth import HubOAuthenticated
from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from ...contract.fields import Timestamp
from ...contract.json_text import encode_json, escape_text
from ...contract.paths import clean_path
from ...contract.people import Me
from ..auth import Identity, NotAllowed
from ..bounds import Bounds
from ..bus import Bus
from ..db.engine import Engine
from ..db.store import Store
from ..ingest import Ingest
from ..metrics import Metrics
from ..people import Person
from ..readiness import Readiness
from ..roster import Roster
from ..writer import Writer
from .answers import Answers, ApiError, unavailable


@dataclass
class State:
    """What the handlers need; built by the application."""

    identity: Identity
    ingest: Ingest
    writer: Writer
    readiness: Readiness
    store: Store
    engine: Engine
    bus: Bus
    roster: Roster
    me: Me
    prefix: str
    hub_prefix: str
    now: Any
    max_missed_updates: int
    max_socket_messages: int
    recheck_s: float
    bounds: Bounds = field(default_factory=Bounds)
    metrics: Metrics = field(default_factory=Metrics)
    stopping: bool = False


class BaseHandler(HubOAuthenticated, Answers):
    """Every route. Subclasses find the person in `self.person`."""

    person: Person

    def __init__(
        self, application: Application, request: HTTPServerRequest, *, state: State
    ) -> None:
        self.state = state
        super().__init__(application, request)
        self.hub_auth = state.identity.hub_auth

    async def prepare(self) -> None:
        """Find out who is asking before anything else."""
        person = await self.find_person()
        if person is None:
            await self.refuse_stranger()
        else:
            self.person = person
            # The Hub's XSRF cookie of a stranger ends after an hour.
            self.current_user = person

    async def find_person(self) -> Person | None:
        """The person behind this request."""
        try:
            return await self.state.identity.person_of(self)
        except NotAllowed as error:
            raise ApiError(403, "forbidden", str(error)) from error

    async def refuse_stranger(self) -> None:
        """Nobody is logged in."""
        raise ApiError(401, "not_signed_in", "Sign in to the Hub again.")

    def refuse_while_stopping(self) -> None:
        """What begins now would not end."""
        if self.state.stopping:
            raise unavailable("The service is stopping. Try again.", "stopping")

    def on_refusal(self, reason: str) -> None:
        """Count it."""
        self.state.metrics.refused(reason)

    def get_current_user(self) -> None:
        """Nobody: handlers use `self.person`, which is found without blocking."""
        return

    def write_json(self, answer: Any) -> None:
        """Answer with a struct as JSON."""
        self.set_header("Content-Type", "application/json")
        self.write(encode_json(answer))

    def text(self, name: str) -> str | None:
        """A query argument as it is, also where it is empty, or None."""
        # The framework's own reading puts a space in the place of each control character.
        values = self.request.query_arguments.get(name)
        return escape_text(self.decode_argument(values[-1], name)) if values else None

    def path_argument(self, name: str = "notebook_path") -> str | None:
        """A notebook's path as it is stored, or None."""
        value = self.text(name)
        try:
            return None if value is None else clean_path(value, name)
        except ValueError as error:
            raise ApiError(400, "invalid", str(error)) from error

    def moment(self, name: str) -> datetime | None:
        """A query argument that is an RFC 3339 time, or None."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = msgspec.convert(value, Timestamp)
        except msgspec.ValidationError as error:
            detail = f"{name} is no RFC 3339 time with its zone."
            raise ApiError(400, "invalid", detail) from error
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise ApiError(400, "invalid", f"{name} is out of range.") from error

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A query argument that is a whole number within bounds."""
        value = self.text(name)
        try:
            number = default if value is None else int(value)
        except ValueError as error:
            raise ApiError(400, "invalid", f"{name} is no whole number.") from error
        if not low <= number <= high:
            raise ApiError(400, "invalid", f"{name} lies between {low} and {high}.")
        return number

    def require_teacher(self, class_id: str) -> None:
        """First the scope (403), then the class: an unknown or foreign one is not there (404)."""
        self.require_scope()
        if not self.person.teaches(class_id):
            raise ApiError(404, "not_found", "There is no such class of yours.")

    def require_scope(self) -> None:
        """The token must be one that may teach; a Jupyter server's never is."""
        if not self.person.may_teach:
            raise ApiError(403, "forbidden", "This is for teachers, from the Hub's own page.")


class NotFoundHandler(BaseHandler):
    """Any route that is not there; nobody has to be logged in to learn that."""

    async def prepare(self) -> None:
        """Refuse."""
        raise ApiError(404, "not_found", "There is nothing here.")
