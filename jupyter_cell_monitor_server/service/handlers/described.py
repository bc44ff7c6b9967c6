"""What each route takes and answers: the one place that the OpenAPI document is made from."""

from typing import Literal

from ...contract.classes import ClassDetail, ClassErrors, ClassList, ClassProgress, StudentList
from ...contract.dictionaries import ENCODING
from ...contract.executions import CellExecutionList, ProgressList
from ...contract.fields import MAX_BODY_BYTES, MAX_INFLATED_BYTES
from ...contract.people import Me
from ...contract.problems import Problem
from ...contract.results import EventResults
from ..auth import TEACH_SCOPE
from ..openapi import Answer, Api, Operation, Parameter
from ..openapi_events import EVENT_STRUCTS, event_schemas
from ..openapi_schemas import PATH_PATTERN, Json
from ..readiness import HUB_AWAY, REASONS
from .classes import MAX_ERRORS, MAX_STUDENTS
from .described_events import EVENTS_BODY
from .described_problems import PROBLEMS
from .described_socket import GIVEN_BY_SOCKET, SOCKET, SOCKET_SCHEMAS, TAKEN_BY_SOCKET
from .people import MAX_EXECUTIONS

_LOGGED_IN = (401, 403, 405, 429, 503)
_OF_CLASS = (400, 401, 403, 404, 405, 429, 503)


def _text(name: str, description: str, **schema: object) -> Parameter:
    return Parameter(name, description, {"type": "string", **schema})


def _moment(name: str, description: str) -> Parameter:
    return _text(name, description, format="date-time")


def _limit(most: int, default: int) -> Parameter:
    schema: Json = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", "How many the answer holds at most.", schema)


_CLASS_ID = Parameter(
    "class_id",
    "A class of the teacher.",
    {"type": "string", "minLength": 1, "examples": ["python-intro"]},
    where="path",
)
_NOTEBOOK_PATH = _text(
    "notebook_path",
    "The student's own path of a notebook, below their home folder.",
    minLength=1,
    maxLength=500,
    pattern=PATH_PATTERN,
)
_NOTEBOOK_KEY = _text("notebook_key", "A notebook of the class, the same for all its students.")
_SINCE = _moment("since", "No runs that began before.")
_UNTIL = _moment("until", "No runs that began then or later.")
_NEXT = "`next_cursor` of the page before."


def _get(
    path: str,
    summary: str,
    answer: type,
    *parameters: Parameter,
    who: Literal["person", "teacher"] = "person",
    problems: tuple[int, ...] = _LOGGED_IN,
) -> Operation:
    answers = {200: Answer(_first_line(answer), answer)}
    return Operation("get", path, who, summary, answers, problems, parameters)


def _of_class(path: str, summary: str, answer: type, *parameters: Parameter) -> Operation:
    path = "/classes/{class_id}" + path
    found = (_CLASS_ID, *parameters)
    return _get(path, summary, answer, *found, who="teacher", problems=_OF_CLASS)


def _first_line(struct: type) -> str:
    return (struct.__doc__ or "").partition("\n")[0]


_POST_EVENTS = Operation(
    "post",
    "/events",
    "person",
    "Store what a student's browser recorded",
    {200: Answer("One result for each event, in the order sent.", EventResults)},
    (400, 401, 403, 405, 409, 413, 429, 503),
    body=EVENTS_BODY,
    description=f"One event, or a batch. At most {MAX_BODY_BYTES} bytes on the wire, plain, gzip "
    f"or {ENCODING} (`Content-Encoding`), and {MAX_INFLATED_BYTES} inflated. A result says "
    "`stored` or `duplicate` only after the commit. An event that does not fit its schema is "
    "`rejected` by itself: it costs no other event, and the answer is 200 still.",
)
_HEALTH_REPORT: Json = {
    "type": "object",
    "properties": {
        "live": {"const": True},
        "ready": {"type": "boolean"},
        "reason": {"type": ["string", "null"]},
        "reasons": {"type": "array", "items": {"enum": [*REASONS, HUB_AWAY]}},
    },
    "required": ["live", "ready", "reason", "reasons"],
}
_HEALTH = Operation(
    "get",
    "/health",
    "anyone",
    "Whether the service lives, and whether it is ready",
    {200: Answer("It is.", _HEALTH_REPORT), 503: Answer("Not ready.", _HEALTH_REPORT)},
    (405,),
)
_METRICS = Operation(
    "get",
    "/metrics",
    "anyone",
    "What the service has counted, for Prometheus",
    {200: Answer("Prometheus' text format.", {"type": "string"}, "text/plain")},
    (405,),
)
_DOCUMENT = Operation(
    "get",
    "/openapi.json",
    "anyone",
    "This document",
    {200: Answer("The document.", {"type": "object", "required": ["openapi", "paths"]})},
    (405,),
)
OPERATIONS = (
    _POST_EVENTS,
    _get("/me", "Who is logged in, and what the lab needs to know at its start", Me),
    _get(
        "/executions",
        "A student's own runs; with `class_id`, those of a class of the teacher",
        CellExecutionList,
        _text("class_id", "A class of the teacher."),
        _text("student_id", "A student of the class; without `class_id` only oneself."),
        _NOTEBOOK_PATH,
        _NOTEBOOK_KEY,
        _text("cell_id", "A cell of the notebook."),
        _SINCE,
        _UNTIL,
        _limit(MAX_EXECUTIONS, 100),
        _text("cursor", _NEXT, format="cursor"),
        problems=_OF_CLASS,
    ),
    _get(
        "/progress",
        "A student's own progress",
        ProgressList,
        _NOTEBOOK_PATH,
        problems=(400, *_LOGGED_IN),
    ),
    _get("/classes", "The teacher's own classes", ClassList, who="teacher"),
    _of_class("", "A class: its notebooks, the start of its lesson", ClassDetail),
    _of_class(
        "/students",
        "The students of a class",
        StudentList,
        _limit(MAX_STUDENTS, MAX_STUDENTS),
        _text("cursor", _NEXT),
    ),
    _of_class(
        "/progress",
        "The grid: students × cells of one notebook",
        ClassProgress,
        _NOTEBOOK_KEY,
        _SINCE,
        _UNTIL,
    ),
    _of_class(
        "/errors",
        "The errors of a class, newest first",
        ClassErrors,
        _NOTEBOOK_KEY,
        _SINCE,
        _limit(MAX_ERRORS, 50),
        Parameter("cursor", _NEXT, {"type": "integer", "minimum": 1, "maximum": 2**62}),
    ),
    SOCKET,
    _HEALTH,
    _METRICS,
    _DOCUMENT,
)
API = Api(
    OPERATIONS,
    PROBLEMS,
    (*EVENT_STRUCTS, *TAKEN_BY_SOCKET),
    (*GIVEN_BY_SOCKET, Problem),
    event_schemas() | SOCKET_SCHEMAS,
    TEACH_SCOPE,
)
