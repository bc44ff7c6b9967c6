"""What every answer has, whoever asks: security headers, problem documents, a quiet log."""

import math
from asyncio import Future
from http.client import responses
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler

from ...contract.batches import BatchError
from ...contract.json_text import encode_json
from ...contract.problems import PROBLEM_TYPE, problem
from ..bounds import Busy
from ..db.engine import DatabaseUnavailable
from ..hub_questions import HubUnavailable
from ..inflating import BodyTooLarge
from ..quota import TooMany

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
# The setting of the web application that holds the requests whose answers are not sent yet.
UNANSWERED = "unanswered"
_BOUNDS = (413, 429, 503)


class ApiError(Exception):
    """An answer that is a problem document. `reason` is a word for the metrics."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retry_after_s: int | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.reason = reason or code


class Answers(RequestHandler):
    """The base of all routes, those of the login and of the page's files too."""

    def __init__(self, application: Application, request: HTTPServerRequest, **given: Any) -> None:
        super().__init__(application, request, **given)
        application.settings[UNANSWERED].add(request)

    def finish(self, chunk: Any = None) -> "Future[None]":
        """Answer; the request counts as answered when all of it is sent."""
        sent = super().finish(chunk)
        sent.add_done_callback(lambda _: self.forget())
        return sent

    def forget(self) -> None:
        """Nobody waits for an answer any more."""
        self.settings[UNANSWERED].discard(self.request)

    def on_connection_close(self) -> None:
        """Whoever asked has gone."""
        super().on_connection_close()
        self.forget()

    def set_default_headers(self) -> None:
        """The security headers are on every answer."""
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    def _request_summary(self) -> str:
        # The query may name people: it stays out of the log.
        return f"{self.request.method} {self.request.path} ({self.request.remote_ip})"

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is the service's own fault only."""
        if not isinstance(value, HTTPError) and as_api_error(value) is None:
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error becomes a problem document, here and nowhere else."""
        raised = kwargs.get("exc_info", (None, None, None))[1]
        error = as_api_error(raised) or _of_status(status_code)
        if error.status in _BOUNDS:
            self.on_refusal(error.reason)
        self.set_status(error.status)
        self.set_header("Content-Type", PROBLEM_TYPE)
        if error.status == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(error.retry_after_s))
        title = responses.get(error.status, "Error")
        self.finish(encode_json(problem(error.status, title, error.code, str(error))))

    def on_refusal(self, _reason: str) -> None:
        """Hear why a request was refused because of a bound or an outage."""

    def _methods(self) -> list[str]:
        names = self.SUPPORTED_METHODS
        missing = RequestHandler._unimplemented_method
        return [name for name in names if getattr(type(self), name.lower()) is not missing]


def as_api_error(raised: BaseException | None) -> ApiError | None:
    """The answer to what the service's rooms raise; None for what they never should."""
    if isinstance(raised, ApiError):
        return raised
    if isinstance(raised, BodyTooLarge):
        return ApiError(413, "too_large", str(raised))
    if isinstance(raised, BatchError):
        return ApiError(400, "invalid", str(raised))
    if isinstance(raised, TooMany):
        # Rounded up, so that the same is taken when it comes again.
        wait_s = max(1, math.ceil(raised.retry_after_s))
        return ApiError(429, "too_many", str(raised), retry_after_s=wait_s, reason=raised.reason)
    return _as_outage(raised)


def _as_outage(raised: BaseException | None) -> ApiError | None:
    if isinstance(raised, Busy):
        return unavailable(str(raised), raised.reason)
    if isinstance(raised, HubUnavailable):
        return unavailable("The Hub does not say who you are. Try again.", raised.reason)
    if isinstance(raised, DatabaseUnavailable):
        return unavailable("The database is not available. Try again.", "database_away")
    return None


def unavailable(detail: str, reason: str) -> ApiError:
    """Come again a little later."""
    return ApiError(503, "unavailable", detail, retry_after_s=RETRY_AFTER_S, reason=reason)


_CODES = {400: "invalid", 401: "not_signed_in", 403: "forbidden", 404: "not_found"}


def _of_status(status: int) -> ApiError:
    if status == 405:
        return ApiError(405, "not_allowed", "This route does not know this method.")
    if status in _CODES:
        return ApiError(status, _CODES[status], responses.get(status, "Error"))
    return ApiError(500, "internal", "Something went wrong in the service. It is in its log.")
