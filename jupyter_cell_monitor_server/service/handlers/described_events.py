"""The body of `POST /events` as the OpenAPI document has it, with examples."""

import hashlib

import msgspec

from ..openapi import Body
from ..openapi_schemas import Json, ref

_OF_RUN: Json = {
    "student_id": "student-01",
    "session_id": "019d4000-0000-7000-8000-000000000001",
    "notebook_path": "assignments/python-intro/01-variables/variables.ipynb",
    "cell_id": "cell-1",
    "execution_count": 1,
    "execution_id": "019d4000-0000-7000-8000-000000000003",
}
_START: Json = {
    "event_type": "cell_execution_start",
    "event_id": "019d4000-0000-7000-8000-000000000004",
    "seq": 1,
    **_OF_RUN,
    "timestamp": "2026-04-01T09:00:01.250Z",
    "started_at": "2026-04-01T09:00:01.212345Z",
    "code": "squares = [n * n for n in range(10)]\n" * 4,
}
_END: Json = {
    "event_type": "cell_execution_complete",
    "event_id": "019d4000-0000-7000-8000-000000000005",
    "seq": 2,
    **_OF_RUN,
    "timestamp": "2026-04-01T09:00:01.300Z",
    "ended_at": "2026-04-01T09:00:01.262345Z",
    "duration_ms": 50.0,
    "success": True,
    "output": [],
}
_OLD: Json = {
    "event_type": "cell_execution_start",
    "student_id": "student-01",
    "session_id": "sess-abc",
    "notebook_path": "/lesson1.ipynb",
    "cell_id": "cell-1",
    "execution_count": 1,
    "code": "print(1)",
    "timestamp": "2026-04-01T09:00:00Z",
}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _reduced(event: Json) -> Json:
    """The event with its code by hash, as it travels when the service has that code already."""
    body = msgspec.json.encode(event).decode()
    code = msgspec.json.encode(event["code"]).decode()
    before, _, after = body.partition(code)
    return {
        "event_id": event["event_id"],
        "session_id": event["session_id"],
        "sha256": _sha256(body),
        "pieces": [before, {"sha256": _sha256(code)}, after],
    }


_AGAIN = {**_START, "event_id": "019d4000-0000-7000-8000-000000000006", "seq": 3}
_AGAIN |= {"execution_id": "019d4000-0000-7000-8000-000000000007", "execution_count": 2}

EVENTS_BODY = Body(
    "One event, or an envelope with a batch of them.",
    {"anyOf": [ref("Event"), ref("ReducedEvent"), ref("EventBatch")]},
    {
        "one_event": _OLD,
        "batch": {
            "events": [_START, _END, _reduced(_AGAIN)],
            "sent_at": "2026-04-01T09:00:01.400Z",
            "contents": True,
        },
    },
)
