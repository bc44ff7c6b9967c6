"""Events as a browser sends them, made for a test."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_cell_monitor_server.contract.events import ParsedEvent, parse_event

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CLASS = "python-intro"
PATH = f"assignments/{CLASS}/01-hello/01-hello.ipynb"

Json = dict[str, Any]


def at(seconds: float) -> str:
    """A time so many seconds after noon."""
    return (NOON + timedelta(seconds=seconds)).isoformat()


def uuid7(moment: datetime = NOON, number: int = 0) -> str:
    """The UUIDv7 of a moment; another one for each number."""
    milliseconds = int(moment.timestamp() * 1000)
    return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | number))


def sha(source: str) -> str:
    """A source's hash, as in `notebook_opened`."""
    return hashlib.sha256(source.encode()).hexdigest()


def a_cell(cell_id: str, index: int, source: str = "print(1)", **more: Any) -> Json:
    """A cell of a `notebook_opened`."""
    return {
        "cell_id": cell_id,
        "cell_type": "code",
        "index": index,
        "source_sha256": sha(source),
        **more,
    }


def some_cells(count: int = 3) -> list[Json]:
    """Code cells `c0`, `c1`, … with sources of their own."""
    return [a_cell(f"c{n}", n, f"print({n})") for n in range(count)]


def opened(student: str = "ai", cells: Sequence[Json] | None = None, **more: Any) -> Json:
    """A notebook was opened."""
    return {
        "event_type": "notebook_opened",
        "student_id": student,
        "session_id": "session-1",
        "notebook_path": PATH,
        "notebook_name": "01-hello.ipynb",
        "nbformat_minor": 5,
        "cells": some_cells() if cells is None else list(cells),
        "timestamp": at(0),
        **more,
    }


def _of_run(student: str, run: str, second: float, **more: Any) -> Json:
    return {
        "student_id": student,
        "session_id": "session-1",
        "notebook_path": PATH,
        "cell_id": "c0",
        "execution_count": 1,
        "execution_id": run,
        "timestamp": at(second),
        **more,
    }


def start(student: str = "ai", run: str = "run-1", second: float = 1, **more: Any) -> Json:
    """A run began."""
    kind = {"event_type": "cell_execution_start", "code": "print(0)"}
    return kind | _of_run(student, run, second, started_at=at(second), **more)


def end(student: str = "ai", run: str = "run-1", second: float = 2, **more: Any) -> Json:
    """A run ended well."""
    kind = {"event_type": "cell_execution_complete", "output": [{"text": "0"}]}
    return kind | _of_run(student, run, second, ended_at=at(second), **more)


def unknown(student: str = "ai", run: str = "run-1", second: float = 2, **more: Any) -> Json:
    """A run ended unseen."""
    kind = {"event_type": "cell_execution_complete", "status": "unknown", "success": False}
    return kind | _of_run(student, run, second, **more)


def failed(
    student: str = "ai", run: str = "run-1", second: float = 2, name: str = "NameError", **more: Any
) -> Json:
    """A run ended with an error."""
    error = {"name": name, "message": "name 'x' is not defined", "traceback": ["a", "b"]}
    kind = {"event_type": "cell_execution_error", "error": error}
    return kind | _of_run(student, run, second, ended_at=at(second), **more)


def dropped(student: str = "ai", ranges: Any = ((0, 0),), **more: Any) -> Json:
    """A browser gave up events of a session."""
    return {
        "event_type": "events_dropped",
        "student_id": student,
        "session_id": "session-1",
        "notebook_path": PATH,
        "ranges": [list(pair) for pair in ranges],
        "count": sum(high - low + 1 for low, high in ranges),
        "reason": "queue_full",
        "timestamp": at(0),
        **more,
    }


def other(student: str = "ai", **more: Any) -> Json:
    """An event of a type that this release does not use."""
    kind = {"event_type": "activity", "active_time_ms": 5}
    return kind | {"student_id": student, "timestamp": at(0), **more}


def parsed(*events: Json) -> list[ParsedEvent]:
    """The events as the writer gets them; all must be valid."""
    found = [parse_event(json.dumps(event, ensure_ascii=False).encode(), NOON) for event in events]
    for item in found:
        assert isinstance(item, ParsedEvent), item
    return [item for item in found if isinstance(item, ParsedEvent)]
