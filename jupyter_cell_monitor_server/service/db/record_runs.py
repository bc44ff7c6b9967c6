"""Runs of one transaction: events merged in memory, then one row for each run."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, delete

from ...contract.events import (
    CellEvent,
    CellExecutionError,
    CellExecutionStart,
    ParsedEvent,
)
from ...contract.updates import class_channel, progress_channel
from ..cell_keys import KnownCell
from ..ids import content_uuid, day_of, execution_key, execution_uuid, new_uuid_of
from ..runs import Arrival, Run, Taken, apply_event, gives_way, traceback_lines
from .channels import Cursors
from .record_notebooks import Notebook
from .rows import find, insert, update, upsert
from .tables import cell_executions, error_logs, student_progress

_FIELDS = tuple(Run.__dataclass_fields__)
_READ_BACK = [name for name in _FIELDS if name not in {"code", "output"}]
_values = attrgetter(*_FIELDS)
RUN_KEY = ("student_id", "day", "execution_id")

_ERROR_CHANGING = (
    "class_id",
    "notebook_id",
    "cell_id",
    "name",
    "message",
    "traceback",
    "context",
    "occurred_at",
    "cursor",
)
POINT_CHANGING = (
    "time",
    "class_id",
    "assignment",
    "notebook_id",
    "cell_id",
    "duration_ms",
    "completed_cells",
    "total_cells",
)

RunKey = tuple[str, date, uuid.UUID]
Place = tuple[uuid.UUID, str | None, str, int | None]


@dataclass(slots=True)
class ChangedRun:
    """A run that this transaction changed, with its notebook, cell and, if it failed, its error.

    `place`: where `notebook` and `cell` are looked up. `alert_cursor`: the error's own place in
    the class channel. `takes_back`: an end came for one that gives way. `is_recounted`: what its
    cell counts is not only more than before. `had_failed`: its error was there, and was counted.
    """

    run: Run
    notebook: Notebook
    cell: KnownCell
    is_new: bool
    place: Place
    failed: CellExecutionError | None = None
    alert_cursor: int | None = None
    statuses: set[str] = field(default_factory=set)
    takes_back: bool = False
    has_other_class: bool = False
    is_recounted: bool = False
    had_failed: bool = False


def run_key(event: CellEvent) -> tuple[RunKey, str | None]:
    """The key of an event's run, and the client's own id where that is no UUID."""
    if event.execution_id is None:
        key = execution_uuid(
            event.session_id, event.notebook_path, event.cell_id, event.execution_count
        )
        return (event.student_id, day_of(key), key), None
    day, key, label = execution_key(event.execution_id)
    return (event.student_id, day, key), label


def place_of(run: Run) -> Place:
    """What decides where a run belongs: session, path, cell and `seq`."""
    return run.session_id, run.notebook_path, run.cell_id, run.seq


def event_uuid(parsed: ParsedEvent) -> uuid.UUID:
    """The event's id, or one made from its bytes."""
    given = parsed.event.event_id
    return content_uuid(parsed.raw) if given is None else new_uuid_of(given)


def read_runs(connection: Connection, keys: Iterable[RunKey]) -> dict[RunKey, Run]:
    """The stored runs of these keys, without their code and output."""
    rows = find(connection, cell_executions, RUN_KEY, keys, _READ_BACK)
    return {(row["student_id"], row["day"], row["execution_id"]): Run(**row) for row in rows}


def apply_to(changed: ChangedRun, parsed: ParsedEvent, arrival: Arrival) -> Taken:
    """Merge an event into a run."""
    event, run = parsed.event, changed.run
    assert isinstance(event, CellEvent)
    before = (run.status, run.started_at, gives_way(run))
    taken = apply_event(run, event, arrival)
    if taken != "stored":
        return taken
    is_start = isinstance(event, CellExecutionStart)
    status, started_at, gave_way = before
    if not is_start and gave_way:
        changed.takes_back = True
    if not is_start and status == "completed":
        changed.is_recounted = True
    if is_start or (run.start_event_id is not None and run.started_at != started_at):
        changed.statuses.add("running")
    if not is_start:
        changed.statuses.discard("unknown")
        changed.statuses.add(run.status)
    if isinstance(event, CellExecutionError) and run.status == "error":
        changed.failed = event
        changed.had_failed |= status == "error"
    return taken


def save_runs(connection: Connection, changed: Sequence[ChangedRun], cursors: Cursors) -> None:
    """Give each changed run its cursor and write it, with its error and its points in time."""
    for item in changed:
        run = item.run
        channel = channel_of(run)
        run.cursor = cursors.next(channel)
        if item.is_new or item.has_other_class:
            run.first_cursor = run.cursor
        if item.failed is not None:
            item.alert_cursor = cursors.next(channel)
    insert(connection, cell_executions, [_row(item.run) for item in changed if item.is_new])
    old = [item for item in changed if not item.is_new]
    for item in old:
        if item.takes_back:
            # What the former end gave goes with it, also where this one has none.
            kept = ("code",) if item.run.start_event_id is not None else ()
            update(connection, cell_executions, [_row(item.run)], unless_null=kept)
            delete_point(connection, (item.run.student_id, item.run.day, item.run.execution_id))
    rows = [_row(item.run) for item in old if not item.takes_back]
    update(connection, cell_executions, rows, unless_null=("code", "output"))
    errors = [_error_row(item) for item in changed if item.failed is not None]
    upsert(connection, error_logs, errors, _ERROR_CHANGING)
    points = [
        point_of_run(item.run, status, item.notebook.assignment)
        for item in changed
        for status in sorted(item.statuses)
    ]
    upsert(connection, student_progress, points, POINT_CHANGING)


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


def point_of_run(run: Any, status: str, assignment: str | None) -> dict[str, Any]:
    """The row of `student_progress` for the start (`running`) or the end of a run."""
    began = status == "running"
    moment = run.started_at if began else run.ended_at
    return {
        "student_id": run.student_id,
        "day": run.day,
        "execution_id": run.execution_id,
        "status": status,
        "time": moment or run.client_at or run.received_at,
        "class_id": run.class_id,
        "assignment": assignment,
        "notebook_id": run.notebook_id,
        "cell_id": run.cell_id,
        "duration_ms": None if began else run.duration_ms,
        "completed_cells": None,
        "total_cells": None,
    }


def delete_point(connection: Connection, key: RunKey) -> None:
    """Take back the point in time of an `unknown` end, when the real one is there."""
    point = student_progress.c
    same = (point[name] == value for name, value in zip(RUN_KEY, key, strict=True))
    connection.execute(delete(student_progress).where(*same, point.status == "unknown"))
