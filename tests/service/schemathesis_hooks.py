"""What schemathesis cannot know: cursors, whose events are stored, what a result says."""

import json
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure

from .openapi import Json, named

TIMES = {"timestamp", "started_at", "ended_at"}
STUDENT = "ai"
EVENT, REDUCED = named("Event"), named("ReducedEvent")
A_HANDSHAKE = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
}


def a_cursor(seq: int, number: int) -> str:
    """A place in the list of runs, as `next_cursor` writes it."""
    key = f"00000000-0000-0000-0000-{number:012}"
    return f"2026-11-23T03:00:01+00:00~{key}~{seq}~{key}"


schemathesis.openapi.format(
    "cursor", st.builds(a_cursor, st.integers(-1, 2**53 - 1), st.integers(0, 9))
)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """A whole handshake opens a socket, which speaks no HTTP any more: tested elsewhere."""
    headers = {str(name).lower(): value for name, value in (case.headers or {}).items()}
    is_whole = "sec-websocket-key" in headers and A_HANDSHAKE.items() <= headers.items()
    return not (case.path == "/ws" and is_whole)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Most events name the student who sends them, so that they get further than that.

    Whole numbers are written as such: `1.0` is one for JSON Schema, and none for the parser.
    """
    if not isinstance(body, dict):
        return body
    return json.loads(json.dumps(body), object_hook=_named, parse_float=_number)


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _named(found: Json) -> Json:
    return {**found, "student_id": STUDENT} if "student_id" in found else found


@schemathesis.check
def results_say_what_the_schema_says(ctx: Any, response: Any, case: Any) -> None:
    """One result for each event; what fits the schema is stored, what does not is rejected."""
    if case.path != "/events" or response.status_code != 200:
        return
    results = response.json()["results"]
    events = list(_events(json.loads(response.request.body)))
    if len(results) != len(events):
        raise Failure(operation=case.operation.label, title="Results", message="not one an event")
    for event, result in zip(events, results, strict=True):
        if _is_wrong(event, result):
            message = f"{json.dumps(event)[:2000]} → {result}"
            raise Failure(operation=case.operation.label, title="Wrong result", message=message)


def _events(body: Json) -> Iterator[Any]:
    if "event_type" in body or "events" not in body:
        yield body
    else:
        yield from body["events"]


def _is_wrong(event: Any, result: Json) -> bool:
    if REDUCED.is_valid(event):
        return result["status"] not in {"retry", "rejected"}  # its contents are made up
    if not EVENT.is_valid(event):
        return bool(result["status"] != "rejected")
    if result["status"] in {"stored", "duplicate"}:
        return bool(event["student_id"] != STUDENT)
    return result.get("field") not in TIMES and result["code"] not in {"wrong_student", "too_old"}
