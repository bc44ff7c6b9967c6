"""The problem documents that routes answer with, one for each status."""

from http.client import responses

import msgspec

from ...contract.problems import problem
from ..openapi import ProblemAnswer

_DESCRIBED = {
    400: ("invalid", "The request is not understood; `detail` names what is wrong."),
    401: ("not_signed_in", "Nobody is logged in: no token, or one that is not valid any more."),
    403: ("forbidden", "Somebody is logged in who may not do this, or not with this token."),
    404: ("not_found", "It is not there, or it is not yours: the two are answered alike."),
    405: ("not_allowed", "This route does not know this method; `Allow` names those it knows."),
    409: ("content_needed", "The batch refers to what is not known here: send it by itself."),
    413: ("too_large", "The request holds too many bytes or events: send less at once."),
    429: ("too_many", "You send more than your share: wait."),
    503: ("unavailable", "The database or the Hub does not answer, or too much waits: try again."),
}


def _answer(status: int, code: str, description: str) -> ProblemAnswer:
    example = problem(status, responses[status], code, description)
    return ProblemAnswer(
        description,
        msgspec.to_builtins(example),
        has_retry_after=status in {429, 503},
        has_allow=status == 405,
    )


PROBLEMS = {status: _answer(status, *described) for status, described in _DESCRIBED.items()}
