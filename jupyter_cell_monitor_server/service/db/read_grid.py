"""Reads the grid of a class: students × cells of one notebook, within a chosen time."""

import uuid
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ...contract.classes import ClassProgress, GridRow
from ...contract.updates import class_channel, error_summary
from ..grid import PlacedCell, RunOfCell, cells_of, columns_of
from .deliveries import deliveries_of
from .reads import newest_cursors, seen_in
from .tables import (
    assignment_progress,
    cell_executions,
    cells,
    class_members,
    error_logs,
    notebooks,
    students,
)

_MOMENT = func.coalesce(
    cell_executions.c.started_at, cell_executions.c.ended_at, cell_executions.c.received_at
)


async def read_grid(
    connection: AsyncConnection,
    class_id: str,
    notebook_key: str | None,
    since: datetime | None,
    until: datetime | None,
) -> ClassProgress:
    """All students of the class, also those who have not begun. Without a notebook: no columns."""
    opened = await _notebooks(connection, class_id, notebook_key)
    placed = await _placed(connection, class_id, notebook_key)
    runs = await _runs(connection, class_id, notebook_key, since, until)
    members = await _members(connection, class_id)
    told = (await connection.execute(deliveries_of(class_id))).mappings()
    deliveries = {row["student_id"]: row for row in told}
    channel = class_channel(class_id)
    return ClassProgress(
        class_id=class_id,
        notebook_key=notebook_key,
        since=since,
        until=until,
        columns=columns_of(placed, len(opened)),
        students=[
            _row(member, opened, runs, deliveries.get(member["user_id"])) for member in members
        ],
        cursor=(await newest_cursors(connection, [channel]))[channel],
    )


async def _members(connection: AsyncConnection, class_id: str) -> list[Any]:
    seen = seen_in(class_id)
    query = (
        select(students.c.user_id, students.c.name, students.c.number, seen.c.last_seen_at)
        .join(class_members, class_members.c.student_id == students.c.user_id)
        .outerjoin(seen, seen.c.student_id == students.c.user_id)
        .where(class_members.c.class_id == class_id, class_members.c.role == "student")
        .order_by(students.c.user_id)
    )
    return list((await connection.execute(query)).mappings())


async def _notebooks(
    connection: AsyncConnection, class_id: str, notebook_key: str | None
) -> dict[str, Any]:
    table = assignment_progress.c
    query = (
        select(
            notebooks.c.student_id,
            notebooks.c.notebook_id,
            table.completed_cells,
            table.total_cells,
        )
        .outerjoin(
            assignment_progress,
            and_(
                table.student_id == notebooks.c.student_id,
                table.notebook_id == notebooks.c.notebook_id,
            ),
        )
        .where(notebooks.c.class_id == class_id, notebooks.c.notebook_key == notebook_key)
        # Of several, after renames, the one used last is kept.
        .order_by(notebooks.c.last_activity_at, notebooks.c.notebook_id)
    )
    return {row["student_id"]: row for row in (await connection.execute(query)).mappings()}


async def _placed(
    connection: AsyncConnection, class_id: str, notebook_key: str | None
) -> list[PlacedCell]:
    query = (
        select(cells.c.cell_key, cells.c.cell_index, cells.c.expected)
        .join(notebooks, notebooks.c.notebook_id == cells.c.notebook_id)
        .where(
            notebooks.c.class_id == class_id,
            notebooks.c.notebook_key == notebook_key,
            cells.c.at_first_opening,
            cells.c.cell_type == "code",
        )
    )
    return [PlacedCell(*row) for row in (await connection.execute(query))]


async def _runs(
    connection: AsyncConnection,
    class_id: str,
    notebook_key: str | None,
    since: datetime | None,
    until: datetime | None,
) -> dict[uuid.UUID, list[RunOfCell]]:
    query = _runs_query().where(
        notebooks.c.class_id == class_id,
        notebooks.c.notebook_key == notebook_key,
        cell_executions.c.class_id == class_id,  # not what ran before it was of the class
    )
    if since is not None:
        query = query.where(since <= _MOMENT)
    if until is not None:
        query = query.where(until > _MOMENT)
    found: dict[uuid.UUID, list[RunOfCell]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        found[row["notebook_id"]].append(_run(row))
    return found


def _runs_query() -> Select[Any]:
    run, error = cell_executions.c, error_logs.c
    same_cell = and_(cells.c.notebook_id == run.notebook_id, cells.c.cell_id == run.cell_id)
    same_run = and_(
        error.student_id == run.student_id,
        error.day == run.day,
        error.execution_id == run.execution_id,
    )
    return (
        select(run.notebook_id, cells.c.cell_key, run.execution_id, run.status)
        .add_columns(run.started_at, run.ended_at, error.name, error.message)
        .select_from(notebooks)
        .join(cell_executions, run.notebook_id == notebooks.c.notebook_id)
        .join(cells, same_cell)
        .outerjoin(error_logs, same_run)
        .order_by(_MOMENT, run.session_id, run.seq, run.execution_id)
    )


def _run(row: Any) -> RunOfCell:
    error = None
    if row["name"] is not None:
        error = error_summary(row["name"], row["message"])
    return RunOfCell(
        cell_key=row["cell_key"],
        execution_id=str(row["execution_id"]),
        status=row["status"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        error=error,
    )


def _row(
    member: Any,
    opened: dict[str, Any],
    runs: dict[uuid.UUID, list[RunOfCell]],
    delivery: Any | None,
) -> GridRow:
    notebook = opened.get(member["user_id"])
    return GridRow(
        student_id=member["user_id"],
        name=member["name"],
        number=member["number"],
        opened=notebook is not None,
        last_seen_at=member["last_seen_at"],
        completed_cells=(notebook["completed_cells"] or 0) if notebook else 0,
        total_cells=(notebook["total_cells"] or 0) if notebook else 0,
        cells=cells_of(runs.get(notebook["notebook_id"], [])) if notebook else {},
        missing_events=int(delivery["missing_events"]) if delivery else 0,
        dropped_events=int(delivery["dropped_events"]) if delivery else 0,
        clock_skew_ms=delivery["clock_skew_ms"] if delivery else None,
    )
