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
from .ids import uuid_of

INTERRUPT = "KeyboardInterrupt"
# A client without run ids can give one run several ends: the one that tells most stays.
_RANK: dict[RunStatus, int] = {
    "running": 0,
    "unknown": 0,
    "completed": 1,
    "interrupted": 2,
    "error": 3,
}


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
    """Merge one event into its run. False where the run already has it: a duplicate.

    What both ends of a run say is taken from its start for session, `seq` and code, and from its
    end for the rest, in whichever order they come.
    """
    if isinstance(event, CellExecutionStart):
        return _apply_start(run, event, event_id, extra)
    if isinstance(event, CellExecutionEnd):
        return _apply_end(run, event, event_id, extra)
    raise TypeError(f"{type(event).__name__} is no event of a run")


def _apply_start(
    run: Run, event: CellExecutionStart, event_id: uuid.UUID, extra: dict[str, Any]
) -> bool:
    if run.start_event_id is not None:
        return False
    run.start_event_id = event_id
    run.session_id = uuid_of(event.session_id)
    run.seq = run.seq if event.seq is None else event.seq
    run.code = event.code
    run.started_at = run.started_at or event.started_at or event.timestamp
    run.kernel_id = run.kernel_id or event.kernel_id
    if run.execution_count is None:
        run.execution_count = event.execution_count
    run.extra = {**extra, **(run.extra or {})} or None
    return True


def _apply_end(
    run: Run, event: CellExecutionEnd, event_id: uuid.UUID, extra: dict[str, Any]
) -> bool:
    status = end_status(event)
    if run.end_event_id is not None and _RANK[run.status] >= _RANK[status]:
        return False
    run.end_event_id = event_id
    run.status = status
    run.output = run.output if event.output is None else event.output
    if run.start_event_id is None:
        run.session_id = uuid_of(event.session_id)
        run.seq = event.seq
        run.code = run.code if event.code is None else event.code
    run.started_at = event.started_at or run.started_at
    run.ended_at = event.ended_at or (None if status == "unknown" else event.timestamp)
    run.duration_ms = _duration_ms(event, run.duration_ms)
    run.kernel_id = event.kernel_id or run.kernel_id
    run.execution_count = event.execution_count
    run.extra = {**(run.extra or {}), **extra} or None
    return True


def end_status(event: CellExecutionEnd) -> RunStatus:
    """The status that an end gives its run."""
    if isinstance(event, CellExecutionError):
        return "interrupted" if event.error.name == INTERRUPT else "error"
    if isinstance(event, CellExecutionComplete):
        return event.status or ("completed" if event.success else "error")
    raise TypeError(f"{type(event).__name__} is no end of a run")


def _duration_ms(event: CellExecutionEnd, known: float | None) -> float | None:
    if event.duration_ms is not None:
        return event.duration_ms
    if event.started_at and event.ended_at and event.ended_at >= event.started_at:
        return (event.ended_at - event.started_at) / timedelta(milliseconds=1)
    return known


def traceback_lines(error: RunError) -> list[str]:
    """A traceback as a list, however the client sent it."""
    if isinstance(error.traceback, str):
        return error.traceback.splitlines()
    return error.traceback
