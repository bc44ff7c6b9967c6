"""What every answer of the service has, and the routes by who may read them."""

from typing import Any

from jupyter_cell_monitor_server.contract.problems import PROBLEM_TYPE
from jupyter_cell_monitor_server.service.handlers.answers import SECURITY_HEADERS

from .made import CLASS

CLASS_ROUTES = [
    f"classes/{CLASS}",
    *(f"classes/{CLASS}/{p}" for p in ("students", "progress", "errors")),
]
TEACHER_ROUTES = ["classes", *CLASS_ROUTES]
OWN_ROUTES = ["me", "executions", "progress"]


def problem(response: Any, body: Any, status: int, code: str) -> str:
    """The detail of a problem document, which must be one."""
    assert (response.status, body.get("status"), body.get("code")) == (status, status, code)
    assert response.headers["Content-Type"] == PROBLEM_TYPE
    assert body["title"]
    assert_safe(response)
    return str(body["detail"])


def assert_safe(response: Any) -> None:
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert response.headers[name] == SECURITY_HEADERS[name], name
    assert "Cache-Control" in response.headers


class Nothing:
    """What the routes are told where nobody asks anything."""

    prefix = "/"
    hub_auth = None

    @property
    def identity(self) -> "Nothing":
        return self
