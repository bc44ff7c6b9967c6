"""Whom the relay serves, and the problem documents that it answers itself."""

import os
from typing import Any

import msgspec
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from jupyter_cell_monitor_server.contract.problems import PROBLEM_TYPE, problem

OWNER_VARIABLE = "JUPYTERHUB_USER"
RETRY_AFTER_S = 5
_TITLES = {
    400: ("invalid", "The request is not valid"),
    401: ("not_signed_in", "You are not signed in"),
    403: ("forbidden", "This is not allowed"),
    404: ("not_found", "There is no such page"),
    405: ("not_allowed", "This method is not allowed here"),
    413: ("too_large", "The request is too large"),
    500: ("internal", "Something went wrong in the Jupyter server"),
    503: ("unavailable", "The cell monitor service is away"),
}


class RefusalError(HTTPError):
    """An answer of the relay's own; `detail` is for people."""

    def __init__(
        self, status: int, detail: str, code: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(status, "%s", detail)
        self.detail = detail
        self.code = code
        self.retry_after_s = retry_after_s


class Guarded(JupyterHandler):
    """A handler that serves the server's owner only, and whose errors are RFC 9457 problems."""

    def refuse_others(self) -> None:
        """Raise `RefusalError` unless the current user owns this Jupyter server."""
        owner = os.environ.get(OWNER_VARIABLE)
        user: Any = self.current_user
        if user is None or not owner:
            raise RefusalError(403, "Only the owner of this Jupyter server may do this.")
        kind = getattr(user, "hub_user", {}).get("kind", "user")
        if user.username != owner or kind != "user":
            raise RefusalError(403, "Only the owner of this Jupyter server may do this.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a problem document instead of a page."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if status_code == 403 and not getattr(self, "_jupyter_current_user", None):
            status_code, error = 401, None
        self._write_problem(status_code, error if isinstance(error, RefusalError) else None)

    def _write_problem(self, status: int, refusal: RefusalError | None) -> None:
        code, title = _TITLES.get(status, ("internal" if status >= 500 else "invalid", "Error"))
        detail = None
        if refusal:
            code, detail = refusal.code or code, refusal.detail
            if refusal.retry_after_s is not None:
                self.set_header("Retry-After", str(refusal.retry_after_s))
        self.set_status(status)
        body = msgspec.json.encode(problem(status, title, code, detail))
        self.answer(body, PROBLEM_TYPE)

    def answer(self, body: bytes, content_type: str) -> None:
        """Finish the request with `body`."""
        self.set_header("Content-Type", content_type)
        self.finish(body)
