"""What a follower of a class has missed since a cursor, as the messages it would have got."""

from typing import Any

import msgspec
from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ...contract.updates import (
    ErrorAlert,
    ExecutionUpdate,
    NotebookUpdate,
    Update,
    class_channel,
    error_summary,
    message_status,
)
from .tables import cell_executions, cells, error_logs, notebooks, updates


async def read_missed(
    connection: AsyncConnection, class_id: str, since: int, limit: int
) -> list[Update] | None:
    """The updates of a class after the cursor `since`, in order; None where they are too many.

    A run comes once, as it is now; `is_new` where it began after `since`.
    """
    runs = await _runs(connection, class_id, since, limit)
    alerts = await _alerts(connection, class_id, since, limit)
    others = await _others(connection, class_id, since, limit)
    found: list[Update] = [*runs, *alerts, *others]
    if len(found) > limit:
        return None
    return sorted(found, key=lambda message: message.cursor)


async def _runs(
    connection: AsyncConnection, class_id: str, since: int, limit: int
) -> list[ExecutionUpdate]:
    run = cell_executions.c
    columns = [c for c in run if c.name not in {"code", "output", "extra"}]
    query = (
        _joined(select(*columns, error_logs.c.name, error_logs.c.message), cell_executions)
        .outerjoin(
            error_logs,
            and_(
                error_logs.c.student_id == run.student_id,
                error_logs.c.day == run.day,
                error_logs.c.execution_id == run.execution_id,
            ),
        )
        .where(run.class_id == class_id, run.cursor > since)
        .order_by(run.cursor)
        .limit(limit + 1)
    )
    rows = (await connection.execute(query)).mappings()
    return [_run_message(row, class_id, since) for row in rows]


def _joined(query: Any, table: Any) -> Any:
    same_cell = and_(cells.c.notebook_id == table.c.notebook_id, cells.c.cell_id == table.c.cell_id)
    return (
        query.add_columns(notebooks.c.path, notebooks.c.notebook_key, cells.c.cell_key)
        .select_from(table)
        .join(notebooks, notebooks.c.notebook_id == table.c.notebook_id)
        .join(cells, same_cell)
    )


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


async def _alerts(
    connection: AsyncConnection, class_id: str, since: int, limit: int
) -> list[ErrorAlert]:
    table = error_logs
    query = (
        _joined(select(table), table)
        .where(table.c.class_id == class_id, table.c.cursor > since)
        .order_by(table.c.cursor)
        .limit(limit + 1)
    )
    return [
        ErrorAlert(
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
        for row in (await connection.execute(query)).mappings()
    ]


async def _others(
    connection: AsyncConnection, class_id: str, since: int, limit: int
) -> list[NotebookUpdate]:
    query = (
        select(updates.c.payload)
        .where(updates.c.channel == class_channel(class_id), updates.c.cursor > since)
        .order_by(updates.c.cursor)
        .limit(limit + 1)
    )
    payloads = (await connection.execute(query)).scalars()
    return [msgspec.convert(payload, NotebookUpdate) for payload in payloads]
