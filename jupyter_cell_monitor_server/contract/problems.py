"""Errors as RFC 9457 problem documents (`application/problem+json`)."""

from msgspec import Struct

PROBLEM_TYPE = "application/problem+json"


class Problem(Struct, kw_only=True, omit_defaults=True):
    """What went wrong and what to do. `code` is for programs, `detail` for people.

    Codes: `not_signed_in` (401), `forbidden` (403), `not_found` (404), `not_allowed` (405),
    `too_large` (413), `invalid` (400), `too_many` (429), `internal` (500), `unavailable` (503).
    `content_needed` (409): the batch refers to what the service does not know; send it by itself.
    `no_service` (503): a Jupyter server that knows no service; there is nothing to wait for.
    """

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None


def problem(status: int, title: str, code: str, detail: str | None = None) -> Problem:
    """A problem document; `type` is RFC 9457's default, `about:blank`, and is left out."""
    return Problem(status=status, title=title, code=code, detail=detail)
