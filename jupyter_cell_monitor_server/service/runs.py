"""How a run's start and end, in either order and however often, make one row."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ..contract.events import (
    CellEvent,
    CellExecutionComplete,
    CellExecutionEnd,
    CellExecutionError,
    CellExecutionStart,
    RunError,
)
from ..contract.fields import RunStatus

INTERRUPT = "KeyboardInterrupt"


@dataclass(slots=True)
class Run:
    """A row of `cell_executions`. In a stored run, `code` and `output` are None: not read back.

    `started_at` and `ended_at` are the kernel's times where the client sent them, and
    else the events' timestamps.
    """

    student_id: str
    day: date
    execution_id: uuid.UUID
    execution_label: str | None
    session_id: uuid.UUID
    notebook_id: uuid.UUID
    cell_id: str
    class_id: str | None
    received_at: datetime
    execution_count: int | None = None
    status: RunStatus = "running"
    code: str | None = None
    output: Any = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    kernel_id: str | None = None
    seq: int | None = None
    first_cursor: int = 0
    cursor: int = 0
    start_event_id: uuid.UUID | None = None
    end_event_id: uuid.UUID | None = None
    extra: dict[str, Any] | None = None


def apply_event(run: Run, event: CellEvent, event_id: uuid.UUID, extra: dict[str, Any]) -> bool:
    """Merge one event into its run. False where the run already has it: a duplicate."""
    if isinstance(event, CellExecutionStart):
        changed = _apply_start(run, event, event_id)
    elif isinstance(event, CellExecutionEnd):
        changed = _apply_end(run, event, event_id)
    else:
        raise TypeError(f"{type(event).__name__} is no event of a run")
    if changed:
        run.execution_count = event.execution_count
        run.kernel_id = event.kernel_id or run.kernel_id
        if extra:
            run.extra = {**(run.extra or {}), **extra}
        if event.seq is not None and (run.seq is None or event.seq < run.seq):
            run.seq = event.seq
    return changed


def _apply_start(run: Run, event: CellExecutionStart, event_id: uuid.UUID) -> bool:
    if run.start_event_id is not None:
        return False
    run.start_event_id = event_id
    run.code = event.code
    run.started_at = event.started_at or run.started_at or event.timestamp
    return True


def _apply_end(run: Run, event: CellExecutionEnd, event_id: uuid.UUID) -> bool:
    status = end_status(event)
    if run.end_event_id is not None and (run.status != "unknown" or status == "unknown"):
        return False
    run.end_event_id = event_id
    run.status = status
    run.output = event.output
    run.code = run.code if event.code is None else event.code
    run.started_at = event.started_at or run.started_at
    run.ended_at = event.ended_at or (None if status == "unknown" else event.timestamp)
    run.duration_ms = _duration_ms(event)
    return True


def end_status(event: CellExecutionEnd) -> RunStatus:
    """The status that an end gives its run."""
    if isinstance(event, CellExecutionError):
        return "interrupted" if event.error.name == INTERRUPT else "error"
    if isinstance(event, CellExecutionComplete):
        return event.status or ("completed" if event.success else "error")
    raise TypeError(f"{type(event).__name__} is no end of a run")


def _duration_ms(event: CellExecutionEnd) -> float | None:
    if event.duration_ms is not None:
        return event.duration_ms
    if event.started_at and event.ended_at and event.ended_at >= event.started_at:
        return (event.ended_at - event.started_at) / timedelta(milliseconds=1)
    return None


def traceback_lines(error: RunError) -> list[str]:
    """A traceback as a list, however the client sent it."""
    if isinstance(error.traceback, str):
        return error.traceback.splitlines()
    return error.traceback
