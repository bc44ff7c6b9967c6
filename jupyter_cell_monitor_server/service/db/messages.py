"""The update messages that follow from what a transaction stored."""

from datetime import datetime

from ...contract.updates import (
    ErrorAlert,
    ErrorSummary,
    ExecutionUpdate,
    NotebookUpdate,
    ProgressUpdate,
    Update,
    class_channel,
    error_summary,
    message_status,
    progress_channel,
)
from .channels import Cursors
from .record_notebooks import Notebook
from .record_progress import ProgressChange
from .record_runs import ChangedRun


def of_run(item: ChangedRun, cursors: Cursors) -> list[Update]:
    """A changed run, for its class and for its student; a failed one with its alert."""
    run = item.run
    own = progress_channel(run.student_id)
    if run.class_id is None:
        return [_execution(item, own, run.cursor)]
    sent: list[Update] = [_execution(item, class_channel(run.class_id), run.cursor)]
    if item.failed is not None and item.alert_cursor is not None:
        sent.append(_alert(item, class_channel(run.class_id), item.alert_cursor))
    sent.append(_execution(item, own, cursors.next(own)))
    return sent


def _summary(item: ChangedRun) -> ErrorSummary | None:
    if item.failed is None:
        return None
    return error_summary(item.failed.error.name, item.failed.error.message)


def _execution(item: ChangedRun, channel: str, cursor: int) -> ExecutionUpdate:
    run = item.run
    return ExecutionUpdate(
        channel=channel,
        cursor=cursor,
        student_id=run.student_id,
        notebook_path=item.notebook.path,
        notebook_key=item.notebook.notebook_key,
        timestamp=run.ended_at or run.started_at or run.received_at,
        cell_id=run.cell_id,
        cell_key=item.cell.cell_key,
        status=message_status(run.status),
        execution_id=str(run.execution_id),
        execution_count=run.execution_count,
        session_id=str(run.session_id),
        seq=run.seq,
        started_at=run.started_at,
        ended_at=run.ended_at,
        duration_ms=run.duration_ms,
        error=_summary(item),
        is_new=item.is_new,
    )


def _alert(item: ChangedRun, channel: str, cursor: int) -> ErrorAlert:
    error = _summary(item)
    assert error is not None
    run = item.run
    return ErrorAlert(
        channel=channel,
        cursor=cursor,
        student_id=run.student_id,
        notebook_path=item.notebook.path,
        notebook_key=item.notebook.notebook_key,
        timestamp=run.ended_at or run.received_at,
        cell_id=run.cell_id,
        cell_key=item.cell.cell_key,
        execution_id=str(run.execution_id),
        error=error,
    )


def of_progress(change: ProgressChange, cursors: Cursors, now: datetime) -> ProgressUpdate:
    """A student's new progress, for the student."""
    channel = progress_channel(change.notebook.student_id)
    return ProgressUpdate(
        channel=channel,
        cursor=cursors.next(channel),
        student_id=change.notebook.student_id,
        notebook_path=change.notebook.path,
        notebook_key=change.notebook.notebook_key,
        timestamp=now,
        completed_cells=change.completed_cells,
        total_cells=change.total_cells,
        progress_rate=change.progress_rate,
    )


def of_opening(notebook: Notebook, cursors: Cursors, now: datetime) -> NotebookUpdate:
    """A notebook that a student opened or that changed its cells, for the class."""
    assert notebook.class_id is not None
    channel = class_channel(notebook.class_id)
    return NotebookUpdate(
        channel=channel,
        cursor=cursors.next(channel),
        student_id=notebook.student_id,
        notebook_path=notebook.path,
        notebook_key=notebook.notebook_key,
        timestamp=now,
    )
