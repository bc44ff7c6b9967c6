"""Runs and progress as they are read: by the student who owns them and by the class's teacher."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from .fields import RunStatus


class RecordedError(Struct, kw_only=True):
    """An error with its whole traceback, one string for each entry."""

    name: str
    message: str
    traceback: list[str]
    context: dict[str, Any] | None = None


class CellExecution(Struct, kw_only=True):
    """One run, as it was recorded. `started_at` and `ended_at` are the kernel's times."""

    execution_id: str
    student_id: str
    class_id: str | None
    notebook_path: str
    notebook_key: str
    cell_id: str
    cell_key: str
    execution_count: int | None
    status: RunStatus
    code: str | None
    output: Any
    error: RecordedError | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: float | None
    received_at: datetime


class CellExecutionList(Struct, kw_only=True):
    """The answer to `GET /executions`, in the order of the kernel's times."""

    executions: list[CellExecution]
    next_cursor: str | None = None


class NotebookProgress(Struct, kw_only=True):
    """A student's progress on one notebook. `progress_rate` is 0.0 to 1.0."""

    notebook_path: str
    notebook_key: str
    class_id: str | None
    completed_cells: int
    total_cells: int
    progress_rate: float


class ProgressList(Struct, kw_only=True):
    """The answer to `GET /progress`. `cursor` is that of the student's progress channel."""

    progress: list[NotebookProgress]
    cursor: int
    next_cursor: str | None = None
