"""Runs of one transaction: events merged in memory, then one row for each run."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from ...contract.events import (
    CellEvent,
    CellExecutionError,
    CellExecutionStart,
    ParsedEvent,
)
from ...contract.updates import class_channel, progress_channel
from ..cell_keys import KnownCell
from ..ids import content_uuid, day_of, execution_uuid, label_of, uuid_of
from ..runs import Run, apply_event, traceback_lines
from .channels import Cursors
from .record_notebooks import Notebook
from .rows import find, insert, update, upsert
from .tables import cell_executions, error_logs, student_progress

_FIELDS = tuple(Run.__dataclass_fields__)
_READ_BACK = [name for name in _FIELDS if name not in {"code", "output"}]
_values = attrgetter(*_FIELDS)
_KEY = ("student_id", "day", "execution_id")

RunKey = tuple[str, date, uuid.UUID]


@dataclass(slots=True)
class ChangedRun:
    """A run that this transaction changed, with its notebook, cell and, if it failed, its error.

    `alert_cursor` is the error's own place in the class channel.
    """

    run: Run
    notebook: Notebook
    cell: KnownCell
    is_new: bool
    failed: CellExecutionError | None = None
    alert_cursor: int | None = None
    statuses: list[str] = field(default_factory=list)


def run_key(event: CellEvent) -> tuple[RunKey, str | None]:
    """The key of an event's run, and the client's own id where that is no UUID."""
    if event.execution_id is None:
        key = execution_uuid(
            event.session_id, event.notebook_path, event.cell_id, event.execution_count
        )
        return (event.student_id, day_of(key), key), None
    key = uuid_of(event.execution_id)
    return (event.student_id, day_of(key), key), label_of(event.execution_id)


def event_uuid(parsed: ParsedEvent) -> uuid.UUID:
    """The event's id, or one made from its bytes."""
    given = parsed.event.event_id
    return content_uuid(parsed.raw) if given is None else uuid_of(given)


def read_runs(connection: Connection, keys: Iterable[RunKey]) -> dict[RunKey, Run]:
    """The stored runs of these keys, without their code and output."""
    rows = find(connection, cell_executions, _KEY, keys, _READ_BACK)
    return {(row["student_id"], row["day"], row["execution_id"]): Run(**row) for row in rows}


def apply_to(changed: ChangedRun, parsed: ParsedEvent, event_id: uuid.UUID) -> bool:
    """Merge an event into a run. False for a duplicate."""
    event = parsed.event
    assert isinstance(event, CellEvent)
    if not apply_event(changed.run, event, event_id, parsed.extra):
        return False
    is_start = isinstance(event, CellExecutionStart)
    changed.statuses.append("running" if is_start else changed.run.status)
    if isinstance(event, CellExecutionError) and changed.run.status == "error":
        changed.failed = event
    return True


def save_runs(connection: Connection, changed: Sequence[ChangedRun], cursors: Cursors) -> None:
    """Give each changed run its cursor and write it, with its error and its points in time."""
    for item in changed:
        run = item.run
        channel = channel_of(run)
        run.cursor = cursors.next(channel)
        if item.is_new:
            run.first_cursor = run.cursor
        if item.failed is not None:
            item.alert_cursor = cursors.next(channel)
    insert(connection, cell_executions, [_row(item.run) for item in changed if item.is_new])
    old = [_row(item.run) for item in changed if not item.is_new]
    update(connection, cell_executions, old, unless_null=("code", "output"))
    errors = [_error_row(item) for item in changed if item.failed is not None]
    upsert(connection, error_logs, errors, ("name", "message", "traceback", "context", "cursor"))
    points = [point for item in changed for point in _points(item)]
    upsert(connection, student_progress, points, ("time", "duration_ms"))


def channel_of(run: Run) -> str:
    """The channel whose cursor a run carries: its class's, or else its student's."""
    if run.class_id is None:
        return progress_channel(run.student_id)
    return class_channel(run.class_id)


def _row(run: Run) -> dict[str, Any]:
    return dict(zip(_FIELDS, _values(run), strict=True))


def _error_row(item: ChangedRun) -> dict[str, Any]:
    run, event = item.run, item.failed
    assert event is not None
    context = event.error.context
    return {
        "student_id": run.student_id,
        "day": run.day,
        "execution_id": run.execution_id,
        "class_id": run.class_id,
        "notebook_id": run.notebook_id,
        "cell_id": run.cell_id,
        "name": event.error.name,
        "message": event.error.message,
        "traceback": traceback_lines(event.error),
        "context": None if context is None else {"variables": context.variables},
        "occurred_at": run.ended_at or event.timestamp,
        "cursor": item.alert_cursor,
    }


def _points(item: ChangedRun) -> list[dict[str, Any]]:
    run = item.run
    return [
        {
            "student_id": run.student_id,
            "day": run.day,
            "execution_id": run.execution_id,
            "status": status,
            "time": (run.started_at if status == "running" else run.ended_at) or run.received_at,
            "class_id": run.class_id,
            "assignment": item.notebook.assignment,
            "notebook_id": run.notebook_id,
            "cell_id": run.cell_id,
            "duration_ms": None if status == "running" else run.duration_ms,
            "completed_cells": None,
            "total_cells": None,
        }
        for status in item.statuses
    ]
