"""What students and the service itself read: runs, progress, missed updates, newest cursors."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Subquery, Text, and_, cast, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ...contract.executions import (
    CellExecution,
    CellExecutionList,
    NotebookProgress,
    ProgressList,
    RecordedError,
)
from ...contract.fields import MAX_INT53
from ...contract.updates import progress_channel
from .tables import (
    assignment_progress,
    cell_executions,
    cells,
    channels,
    error_logs,
    notebooks,
)

_RUN_MOMENT = func.coalesce(
    cell_executions.c.started_at, cell_executions.c.ended_at, cell_executions.c.received_at
)
_RUN_CHARACTERS = func.coalesce(func.length(cell_executions.c.code), 0) + func.coalesce(
    func.length(cast(cell_executions.c.output, Text)), 0
)
_RUN_ORDER = (
    _RUN_MOMENT,
    cell_executions.c.session_id,
    func.coalesce(cell_executions.c.seq, -1),
    cell_executions.c.execution_id,
)
MAX_PAGE_CHARACTERS = 8 * 1024 * 1024
Position = tuple[datetime, uuid.UUID, int, uuid.UUID]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to read. `class_id` None: whatever class; `after`: the key of the last one read.

    `since` and `until` bound the start of a run.
    """

    student_id: str | None = None
    class_id: str | None = None
    notebook_path: str | None = None
    notebook_key: str | None = None
    cell_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Position | None = None
    limit: int = 100


async def read_executions(connection: AsyncConnection, chosen: RunFilter) -> CellExecutionList:
    """Runs in the order of the kernel's times, and where to go on.

    At most `limit`, and fewer where they are large: at least one, then up to 8 Mi characters.
    """
    result = await connection.stream(_executions_query(chosen))
    found: list[CellExecution] = []
    characters, last = 0, None
    async for row in result.mappings():
        characters += row["characters"]
        if found and (len(found) == chosen.limit or characters > MAX_PAGE_CHARACTERS):
            await result.close()
            return CellExecutionList(executions=found, next_cursor=_position(last))
        found.append(_execution(row))
        last = row
    return CellExecutionList(executions=found)


def _executions_query(chosen: RunFilter) -> Select[Any]:
    run = cell_executions.c
    same_run = and_(
        error_logs.c.student_id == run.student_id,
        error_logs.c.day == run.day,
        error_logs.c.execution_id == run.execution_id,
    )
    same_cell = and_(cells.c.notebook_id == run.notebook_id, cells.c.cell_id == run.cell_id)
    return (
        select(
            cell_executions,
            _RUN_MOMENT.label("moment"),
            _RUN_CHARACTERS.label("characters"),
            notebooks.c.path,
            notebooks.c.notebook_key,
            cells.c.cell_key,
            error_logs.c.name.label("error_name"),
            error_logs.c.message.label("error_message"),
            error_logs.c.traceback,
            error_logs.c.context,
        )
        .join(notebooks, notebooks.c.notebook_id == run.notebook_id)
        .join(cells, same_cell)
        .outerjoin(error_logs, same_run)
        .where(*_conditions(chosen))
        .order_by(*_RUN_ORDER)
        .limit(chosen.limit + 1)
    )


def _conditions(chosen: RunFilter) -> Iterable[Any]:
    run = cell_executions.c
    equal = {
        run.student_id: chosen.student_id,
        run.class_id: chosen.class_id,
        notebooks.c.path: chosen.notebook_path,
        notebooks.c.notebook_key: chosen.notebook_key,
        run.cell_id: chosen.cell_id,
    }
    for column, value in equal.items():
        if value is not None:
            yield column == value
    if chosen.student_id is not None:
        yield notebooks.c.student_id == chosen.student_id
    if chosen.since is not None:
        yield chosen.since <= _RUN_MOMENT
    if chosen.until is not None:
        yield chosen.until > _RUN_MOMENT
    if chosen.after is not None:
        yield tuple_(*_RUN_ORDER) > tuple_(*_typed(chosen.after))


def _typed(position: Position) -> Iterable[Any]:
    return (literal(value, column.type) for value, column in zip(position, _RUN_ORDER, strict=True))


def _position(row: Any) -> str:
    seq = -1 if row["seq"] is None else row["seq"]
    return f"{row['moment'].isoformat()}~{row['session_id']}~{seq}~{row['execution_id']}"


def parse_position(text: str) -> Position:
    """The place in a list that a `next_cursor` stands for. Raises `ValueError`."""
    moment, session_id, seq, execution_id = text.split("~")
    when, number = datetime.fromisoformat(moment), int(seq)
    if when.utcoffset() != timedelta(0) or not -1 <= number <= MAX_INT53:
        raise ValueError("a cursor's time is UTC, its number one of a session")
    return when, uuid.UUID(session_id), number, uuid.UUID(execution_id)


def _execution(row: Any) -> CellExecution:
    error = None
    if row["error_name"] is not None:
        error = RecordedError(
            name=row["error_name"],
            message=row["error_message"],
            traceback=row["traceback"] or [],
            context=row["context"],
        )
    return CellExecution(
        execution_id=row["execution_label"] or str(row["execution_id"]),
        student_id=row["student_id"],
        class_id=row["class_id"],
        notebook_path=row["path"],
        notebook_key=row["notebook_key"],
        cell_id=row["cell_id"],
        cell_key=row["cell_key"],
        execution_count=row["execution_count"],
        status=row["status"],
        code=row["code"],
        output=row["output"],
        error=error,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_ms=row["duration_ms"],
        received_at=row["received_at"],
    )


async def read_progress(
    connection: AsyncConnection, student_id: str, notebook_path: str | None
) -> ProgressList:
    """A student's progress on one notebook, or on all."""
    table = assignment_progress
    query = (
        select(table.c.completed_cells, table.c.total_cells, table.c.progress_rate)
        .add_columns(notebooks.c.path, notebooks.c.notebook_key, notebooks.c.class_id)
        .select_from(table)
        .join(notebooks, notebooks.c.notebook_id == table.c.notebook_id)
        .where(table.c.student_id == student_id)
        .order_by(notebooks.c.path)
    )
    if notebook_path is not None:
        query = query.where(notebooks.c.path == notebook_path)
    rows = (await connection.execute(query)).mappings().all()
    channel = progress_channel(student_id)
    return ProgressList(
        progress=[_progress(row) for row in rows],
        cursor=(await newest_cursors(connection, [channel]))[channel],
    )


def _progress(row: Any) -> NotebookProgress:
    return NotebookProgress(
        notebook_path=row["path"],
        notebook_key=row["notebook_key"],
        class_id=row["class_id"],
        completed_cells=row["completed_cells"],
        total_cells=row["total_cells"],
        progress_rate=row["progress_rate"],
    )


def seen_in(class_id: str) -> Subquery:
    """When each student was last active in a class.

    What they do in another class is not its teacher's to see.
    """
    return (
        select(notebooks.c.student_id, func.max(notebooks.c.last_activity_at).label("last_seen_at"))
        .where(notebooks.c.class_id == class_id)
        .group_by(notebooks.c.student_id)
        .subquery()
    )


async def newest_cursors(connection: AsyncConnection, names: Sequence[str]) -> dict[str, int]:
    """The newest cursor of each channel; 0 where nothing has happened."""
    query = select(channels.c.channel, channels.c.cursor).where(channels.c.channel.in_(names))
    found = dict((await connection.execute(query)).all())
    return {name: found.get(name, 0) for name in names}
