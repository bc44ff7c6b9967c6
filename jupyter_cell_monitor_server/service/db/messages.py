"""The update messages that follow from what a transaction stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from ...contract.updates import (
    DeliveryUpdate,
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
from .deliveries import deliveries_of
from .missed import moved_messages
from .record_notebooks import Notebook
from .record_progress import ProgressChange
from .record_runs import RUN_KEY, ChangedRun, RunKey
from .recount import Recounted
from .rows import find, insert
from .tables import error_logs, updates

_NOTHING_LOST: dict[str, Any] = {"missing_events": 0, "dropped_events": 0, "clock_skew_ms": None}


class Announcing:
    """Collects the messages of a transaction; those without a row of their own go to `updates`."""

    def __init__(self, connection: Connection, cursors: Cursors, now: datetime) -> None:
        self._connection = connection
        self._cursors = cursors
        self._now = now
        self._sent: list[Update] = []

    def openings(self, notebooks: Iterable[Notebook]) -> None:
        """Notebooks that were opened, for their classes."""
        of_class = [n for n in notebooks if n.class_id is not None]
        self._keep([of_opening(n, self._cursors, self._now) for n in of_class])

    def runs(self, changed: Iterable[ChangedRun]) -> None:
        """Runs that changed."""
        changed = list(changed)
        errors = self._stored_errors(changed)
        for item in changed:
            run = item.run
            error = errors.get((run.student_id, run.day, run.execution_id))
            self._sent.extend(of_run(item, self._cursors, error))

    def _stored_errors(self, changed: Iterable[ChangedRun]) -> dict[RunKey, ErrorSummary]:
        """The errors of runs that failed before: whatever else is new of them, they failed."""
        keys = [
            (item.run.student_id, item.run.day, item.run.execution_id)
            for item in changed
            if item.run.status == "error" and item.failed is None
        ]
        names = (*RUN_KEY, "name", "message")
        rows = find(self._connection, error_logs, RUN_KEY, keys, names)
        return {
            (row["student_id"], row["day"], row["execution_id"]): error_summary(
                row["name"], row["message"]
            )
            for row in rows
        }

    def progress(self, changes: Iterable[ProgressChange]) -> None:
        """Progress that changed, for its student."""
        self._sent.extend(of_progress(change, self._cursors, self._now) for change in changes)

    def deliveries(self, notebooks: Iterable[Notebook]) -> None:
        """What is missing of the students of these notebooks, for their classes, once each."""
        told = {(n.student_id, n.class_id): n for n in notebooks if n.class_id is not None}
        self._keep([self._delivery(notebook) for _, notebook in sorted(told.items())])

    def recounted(self, notebook: Notebook, moved: Recounted) -> None:
        """Runs that belong to the notebook's class from now on."""
        if notebook.class_id is None or not moved.cursors:
            return
        self._sent += moved_messages(self._connection, notebook.class_id, moved.cursors)
        delivery = self._delivery(notebook)
        if delivery.missing_events or delivery.dropped_events:
            self._keep([delivery])

    def in_order(self) -> list[Update]:
        """All messages, by channel and cursor."""
        return sorted(self._sent, key=lambda update: (update.channel, update.cursor))

    def _delivery(self, notebook: Notebook) -> DeliveryUpdate:
        assert notebook.class_id is not None
        query = deliveries_of(notebook.class_id, notebook.student_id)
        found = self._connection.execute(query).mappings().one_or_none() or _NOTHING_LOST
        channel = class_channel(notebook.class_id)
        return DeliveryUpdate(
            channel=channel,
            cursor=self._cursors.next(channel),
            student_id=notebook.student_id,
            notebook_path=notebook.path,
            notebook_key=notebook.notebook_key,
            timestamp=self._now,
            missing_events=int(found["missing_events"]),
            dropped_events=int(found["dropped_events"]),
            clock_skew_ms=found["clock_skew_ms"],
        )

    def _keep(self, messages: Iterable[Update]) -> None:
        rows = [
            {
                "channel": message.channel,
                "cursor": message.cursor,
                "event": message.event,
                "payload": msgspec.to_builtins(message),
                "created_at": self._now,
            }
            for message in messages
        ]
        insert(self._connection, updates, rows)
        self._sent += messages


def of_run(item: ChangedRun, cursors: Cursors, error: ErrorSummary | None) -> list[Update]:
    """A changed run, for its class and for its student; a failed one with its alert.

    `error`: the one that is stored already.
    """
    run = item.run
    error = _summary(item) or error
    own = progress_channel(run.student_id)
    if run.class_id is None:
        return [_execution(item, own, run.cursor, error)]
    sent: list[Update] = [_execution(item, class_channel(run.class_id), run.cursor, error)]
    if item.failed is not None and item.alert_cursor is not None:
        sent.append(_alert(item, class_channel(run.class_id), item.alert_cursor))
    sent.append(_execution(item, own, cursors.next(own), error))
    return sent


def _summary(item: ChangedRun) -> ErrorSummary | None:
    if item.failed is None:
        return None
    return error_summary(item.failed.error.name, item.failed.error.message)


def _execution(
    item: ChangedRun, channel: str, cursor: int, error: ErrorSummary | None
) -> ExecutionUpdate:
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
        error=error,
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
        completed_cells=change.progress.completed_cells,
        total_cells=change.progress.total_cells,
        progress_rate=change.progress.progress_rate,
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
