"""What all routes share: who is asking, JSON in and out, errors as problem documents."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import responses
from typing import Any

import msgspec
from jupyterhub.services.auth import HubOAuthenticated
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler

from ...contract.batches import BatchError
from ...contract.fields import Timestamp
from ...contract.paths import clean_path
from ...contract.people import Me
from ...contract.problems import PROBLEM_TYPE, problem
from ..auth import Identity, NotAllowed
from ..bus import Bus
from ..db.engine import DatabaseUnavailable, Engine
from ..db.store import Store
from ..hub_questions import HubUnavailable
from ..ingest import BodyTooLarge, Ingest
from ..people import Person
from ..roster import Roster
from ..writer import QueueFull

log = logging.getLogger(__name__)
RETRY_AFTER_S = 2
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ApiError(Exception):
    """An answer that is a problem document."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


@dataclass
class State:
    """What the handlers need; built by the application."""

    identity: Identity
    ingest: Ingest
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
    stopping: bool = False


class Answers(RequestHandler):
    """What every answer has, whoever asks: security headers, problem documents, a quiet log."""

    def set_default_headers(self) -> None:
        """The security headers are on every answer."""
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    def _request_summary(self) -> str:
        # The query may name people: it stays out of the log.
        return f"{self.request.method} {self.request.path} ({self.request.remote_ip})"

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is the service's own fault only."""
        if not isinstance(value, HTTPError) and _as_api_error(value) is None:
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error becomes a problem document, here and nowhere else."""
        raised = kwargs.get("exc_info", (None, None, None))[1]
        error = _as_api_error(raised) or _of_status(status_code)
        self.set_status(error.status)
        self.set_header("Content-Type", PROBLEM_TYPE)
        if error.status == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(error.retry_after_s))
        title = responses.get(error.status, "Error")
        self.finish(msgspec.json.encode(problem(error.status, title, error.code, str(error))))

    def _methods(self) -> list[str]:
        names = self.SUPPORTED_METHODS
        missing = RequestHandler._unimplemented_method
        return [name for name in names if getattr(type(self), name.lower()) is not missing]


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

    def get_current_user(self) -> None:
        """Nobody: handlers use `self.person`, which is found without blocking."""
        return

    def write_json(self, answer: Any) -> None:
        """Answer with a struct as JSON."""
        self.set_header("Content-Type", "application/json")
        self.write(msgspec.json.encode(answer))

    def text(self, name: str) -> str | None:
        """A query argument as it is, also where it is empty, or None."""
        value: str | None = self.get_query_argument(name, None, strip=False)
        return value

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


def _unavailable(detail: str) -> ApiError:
    return ApiError(503, "unavailable", detail, retry_after_s=RETRY_AFTER_S)


_AWAY = {
    HubUnavailable: "The Hub does not say who you are. Try again.",
    QueueFull: "Too much waits to be stored. Try again.",
    DatabaseUnavailable: "The database is not available. Try again.",
}


def _as_api_error(raised: BaseException | None) -> ApiError | None:
    if isinstance(raised, ApiError):
        return raised
    if isinstance(raised, BodyTooLarge):
        return ApiError(413, "too_large", str(raised))
    if isinstance(raised, BatchError):
        return ApiError(400, "invalid", str(raised))
    for kind, detail in _AWAY.items():
        if isinstance(raised, kind):
            return _unavailable(detail)
    return None


_CODES = {400: "invalid", 401: "not_signed_in", 403: "forbidden", 404: "not_found"}


def _of_status(status: int) -> ApiError:
    if status == 405:
        return ApiError(405, "not_allowed", "This route does not know this method.")
    if status in _CODES:
        return ApiError(status, _CODES[status], responses.get(status, "Error"))
    return ApiError(500, "internal", "Something went wrong in the service. It is in its log.")
