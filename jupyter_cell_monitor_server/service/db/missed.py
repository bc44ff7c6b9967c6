"""What a follower of a class has missed since a cursor, as the messages it would have got."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ...contract.updates import (
    DeliveryUpdate,
    ErrorAlert,
    ExecutionUpdate,
    NotebookUpdate,
    Update,
    class_channel,
    error_summary,
    message_status,
)
from .tables import cell_executions, cells, error_logs, notebooks, updates

_RUN_COLUMNS = (
    "student_id",
    "execution_id",
    "session_id",
    "execution_count",
    "status",
    "cell_id",
    "seq",
    "started_at",
    "ended_at",
    "duration_ms",
    "received_at",
    "cursor",
    "first_cursor",
)
_KINDS: dict[str, type[Update]] = {
    "notebook_opened": NotebookUpdate,
    "delivery_update": DeliveryUpdate,
}


async def read_missed(
    connection: AsyncConnection, class_id: str, since: int, limit: int
) -> list[Update] | None:
    """The updates of a class after the cursor `since`, in order; None where they are too many.

    A run comes once, as it is now; `is_new` where it began after `since`.
    """
    runs = await _rows(connection, _runs(class_id, since), limit)
    alerts = await _rows(connection, _alerts(class_id, since), limit)
    others = await _rows(connection, _others(class_id, since), limit)
    found: list[Update] = [_run_message(row, class_id, since) for row in runs]
    found += [_alert_message(row, class_id) for row in alerts]
    found += [msgspec.convert(row["payload"], _KINDS[row["event"]]) for row in others]
    if len(found) > limit:
        return None
    return sorted(found, key=lambda message: message.cursor)


async def _rows(connection: AsyncConnection, query: Select[Any], limit: int) -> Sequence[Any]:
    found: Sequence[Any] = (await connection.execute(query.limit(limit + 1))).mappings().all()
    return found


def moved_messages(
    connection: Connection, class_id: str, cursors: Collection[int]
) -> Iterator[Update]:
    """The runs and errors that came into a class under these cursors, as messages."""
    since = min(cursors) - 1
    for row in connection.execute(_runs(class_id, since)).mappings():
        if row["cursor"] in cursors:
            yield _run_message(row, class_id, since)
    for row in connection.execute(_alerts(class_id, since)).mappings():
        if row["cursor"] in cursors:
            yield _alert_message(row, class_id)


def _runs(class_id: str, since: int) -> Select[Any]:
    run = cell_executions.c
    columns = [run[name] for name in _RUN_COLUMNS]
    query = _joined(select(*columns, error_logs.c.name, error_logs.c.message), cell_executions)
    return (
        query.outerjoin(
            error_logs,
            and_(
                error_logs.c.student_id == run.student_id,
                error_logs.c.day == run.day,
                error_logs.c.execution_id == run.execution_id,
            ),
        )
        .where(run.class_id == class_id, run.cursor > since)
        .order_by(run.cursor)
    )


def _joined(query: Any, table: Any) -> Select[Any]:
    same_cell = and_(cells.c.notebook_id == table.c.notebook_id, cells.c.cell_id == table.c.cell_id)
    joined: Select[Any] = (
        query.add_columns(notebooks.c.path, notebooks.c.notebook_key, cells.c.cell_key)
        .select_from(table)
        .join(notebooks, notebooks.c.notebook_id == table.c.notebook_id)
        .join(cells, same_cell)
    )
    return joined


def _run_message(row: Any, class_id: str, since: int) -> ExecutionUpdate:
    error = None
    if row["name"] is not None:
        error = error_summary(row["name"], row["message"])
    return ExecutionUpdate(
        channel=class_channel(class_id),
        cursor=row["cursor"],
        student_id=row["student_id"],
        notebook_path=row["path"],
        notebook_key=row["notebook_key"],
        timestamp=row["ended_at"] or row["started_at"] or row["received_at"],
        cell_id=row["cell_id"],
        cell_key=row["cell_key"],
        status=message_status(row["status"]),
        execution_id=str(row["execution_id"]),
        execution_count=row["execution_count"],
        session_id=str(row["session_id"]),
        seq=row["seq"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_ms=row["duration_ms"],
        error=error,
        is_new=row["first_cursor"] > since,
    )


def _alerts(class_id: str, since: int) -> Select[Any]:
    table = error_logs
    query = _joined(select(table), table)
    return query.where(table.c.class_id == class_id, table.c.cursor > since).order_by(
        table.c.cursor
    )


def _alert_message(row: Any, class_id: str) -> ErrorAlert:
    return ErrorAlert(
        channel=class_channel(class_id),
        cursor=row["cursor"],
        student_id=row["student_id"],
        notebook_path=row["path"],
        notebook_key=row["notebook_key"],
        timestamp=row["occurred_at"],
        cell_id=row["cell_id"],
        cell_key=row["cell_key"],
        execution_id=str(row["execution_id"]),
        error=error_summary(row["name"], row["message"]),
    )


def _others(class_id: str, since: int) -> Select[Any]:
    return (
        select(updates.c.event, updates.c.payload)
        .where(updates.c.channel == class_channel(class_id), updates.c.cursor > since)
        .order_by(updates.c.cursor)
    )
