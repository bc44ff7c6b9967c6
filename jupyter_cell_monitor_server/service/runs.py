"""How a run's start and end, in either order and however often, make one row."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from ..contract.events import (
    CellEvent,
    CellExecutionComplete,
    CellExecutionEnd,
    CellExecutionError,
    CellExecutionStart,
    RunError,
)
from ..contract.fields import RunStatus
from .clocks import corrected
from .ids import uuid_of

INTERRUPT = "KeyboardInterrupt"
_INCOMPLETE = "output_incomplete"
# A client without run ids can give one run several ends: the one that tells most stays.
_RANK: dict[RunStatus, int] = {
    "running": 0,
    "unknown": 0,
    "completed": 1,
    "interrupted": 2,
    "error": 3,
}

Taken = Literal["stored", "duplicate", "conflict"]
"""What became of an event. `conflict`: another one was stored under its key."""


@dataclass(slots=True)
class Arrival:
    """What is known of an event besides what it says itself. `sha256` is over its bytes."""

    event_id: uuid.UUID
    sha256: bytes
    extra: dict[str, Any]
    sent_at: datetime | None
    received_at: datetime


@dataclass(slots=True)
class Run:
    """A row of `cell_executions`. In a stored run, `code` and `output` are None: not read back.

    `started_at` and `ended_at` are the kernel's times where the client sent them, and
    else the events' timestamps. `client_at`, `sent_at`, `received_at` and `corrected_at` are of
    the end, or else of the start.
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
    notebook_path: str | None = None
    execution_count: int | None = None
    status: RunStatus = "running"
    code: str | None = None
    output: Any = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    kernel_id: str | None = None
    seq: int | None = None
    end_session_id: uuid.UUID | None = None
    end_seq: int | None = None
    first_cursor: int = 0
    cursor: int = 0
    start_event_id: uuid.UUID | None = None
    end_event_id: uuid.UUID | None = None
    extra: dict[str, Any] | None = None
    client_at: datetime | None = None
    sent_at: datetime | None = None
    corrected_at: datetime | None = None
    start_sha256: bytes | None = None
    end_sha256: bytes | None = None
    former_end_sha256: bytes | None = None
    start_part: dict[str, Any] | None = None


def apply_event(run: Run, event: CellEvent, arrival: Arrival) -> Taken:
    """Merge one event into its run.

    What both ends of a run say is taken from its start for place, `seq` and code, and from its
    end for the rest, in whichever order they come.
    """
    if isinstance(event, CellExecutionStart):
        return _apply_start(run, event, arrival)
    if isinstance(event, CellExecutionEnd):
        return _apply_end(run, event, arrival)
    raise TypeError(f"{type(event).__name__} is no event of a run")


def _apply_start(run: Run, event: CellExecutionStart, arrival: Arrival) -> Taken:
    if run.start_event_id is not None:
        return _same(arrival, run.start_sha256)
    run.start_event_id, run.start_sha256 = arrival.event_id, arrival.sha256
    _place(run, event)
    run.code = event.code
    started_at = event.started_at or event.timestamp
    # That of an output is said by an end alone.
    extra = {name: value for name, value in arrival.extra.items() if name != _INCOMPLETE}
    if gives_way(run):
        values = (started_at, event.kernel_id, event.execution_count, extra)
        run.start_part = _start_part(*values)
    run.started_at = run.started_at or started_at
    run.kernel_id = run.kernel_id or event.kernel_id
    if run.execution_count is None:
        run.execution_count = event.execution_count
    if extra:
        run.extra = {**extra, **(run.extra or {})}
    if run.end_event_id is None:
        _date(run, event, arrival)
    return "stored"


def _apply_end(run: Run, event: CellExecutionEnd, arrival: Arrival) -> Taken:
    status = end_status(event)
    if run.end_event_id is not None:
        taken = _take_another_end(run, event, status, arrival)
        if taken is not None:
            return taken
    has_start = run.start_event_id is not None
    if has_start and (status == "unknown" or _is_incomplete(arrival.extra)):
        values = (run.started_at, run.kernel_id, run.execution_count, run.extra)
        run.start_part = _start_part(*values)
    run.end_event_id, run.end_sha256 = arrival.event_id, arrival.sha256
    run.end_session_id, run.end_seq = uuid_of(event.session_id), event.seq
    run.status = status
    run.output = run.output if event.output is None else event.output
    if not has_start:
        _place(run, event)
        run.code = run.code if event.code is None else event.code
    run.started_at = event.started_at or run.started_at
    run.ended_at = event.ended_at or (None if status == "unknown" else event.timestamp)
    run.duration_ms = _duration_ms(event, run.duration_ms)
    run.kernel_id = event.kernel_id or run.kernel_id
    run.execution_count = event.execution_count
    if arrival.extra:
        run.extra = {**(run.extra or {}), **arrival.extra}
    _date(run, event, arrival)
    return "stored"


def _take_another_end(
    run: Run, event: CellExecutionEnd, status: RunStatus, arrival: Arrival
) -> Taken | None:
    """What to answer to one more end of a run; None where it takes the place of the stored one."""
    if status != "unknown" and run.status != "unknown":
        return _take_another_seen_end(run, event, status, arrival)
    is_first = run.status == "unknown" and _is_before_end(run, event, arrival)
    if status == "unknown" and not is_first:
        return "duplicate"
    _take_back_end(run)
    return None


def _take_another_seen_end(
    run: Run, event: CellExecutionEnd, status: RunStatus, arrival: Arrival
) -> Taken | None:
    if event.execution_id is None and _RANK[status] > _RANK[run.status]:
        run.former_end_sha256 = run.end_sha256
        return None
    is_incomplete = _is_incomplete(arrival.extra)
    if status != run.status or not (is_incomplete or _is_incomplete(run.extra)):
        return _same(arrival, run.end_sha256, run.former_end_sha256)
    # Two pages saw one end; the page that came late to the run has not all of its output.
    if not gives_way(run) or (is_incomplete and not _is_before_end(run, event, arrival)):
        return "duplicate"
    _take_back_end(run)
    return None


def gives_way(run: Run) -> bool:
    """Whether the end that is stored, if any, goes when one comes that tells more."""
    return run.status == "unknown" or _is_incomplete(run.extra)


def _is_incomplete(extra: dict[str, Any] | None) -> bool:
    return (extra or {}).get(_INCOMPLETE) is True


def _is_before_end(run: Run, event: CellExecutionEnd, arrival: Arrival) -> bool:
    """Of two ends that are worth the same, the first by session and `seq` stays."""
    if run.end_session_id is None or run.end_sha256 is None:
        return False
    stored = (run.end_session_id, run.end_seq or 0, run.end_sha256)
    return (uuid_of(event.session_id), event.seq or 0, arrival.sha256) < stored


def _same(arrival: Arrival, *stored: bytes | None) -> Taken:
    # What was stored before hashes were is not called another event.
    return "duplicate" if arrival.sha256 in stored or stored[0] is None else "conflict"


def _take_back_end(run: Run) -> None:
    """Make the run what it was before an end that gives way."""
    part = run.start_part or {}
    started_at = part.get("started_at")
    run.started_at = None if started_at is None else datetime.fromisoformat(started_at)
    run.kernel_id = part.get("kernel_id")
    run.execution_count = part.get("execution_count")
    run.extra = part.get("extra")
    run.start_part = None
    run.output = run.ended_at = run.duration_ms = None
    if run.start_event_id is None:
        run.code = None


def _start_part(
    started_at: datetime | None,
    kernel_id: str | None,
    execution_count: int | None,
    extra: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "started_at": None if started_at is None else started_at.isoformat(),
        "kernel_id": kernel_id,
        "execution_count": execution_count,
        "extra": extra or None,
    }


def _place(run: Run, event: CellEvent) -> None:
    run.session_id = uuid_of(event.session_id)
    run.seq = event.seq
    run.notebook_path = event.notebook_path
    run.cell_id = event.cell_id


def _date(run: Run, event: CellEvent, arrival: Arrival) -> None:
    run.client_at, run.sent_at = event.timestamp, arrival.sent_at
    run.received_at = arrival.received_at
    run.corrected_at = corrected(event.timestamp, arrival.sent_at, arrival.received_at)


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
