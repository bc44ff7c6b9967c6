"""What a teacher reads of a class: its notebooks, members and errors."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ...contract.classes import (
    ClassDetail,
    ClassError,
    ClassErrors,
    ClassList,
    ClassNotebook,
    ClassSummary,
    Student,
    StudentList,
)
from ...contract.people import Role
from ...contract.updates import class_channel, error_summary
from ..lesson import lesson_start
from .reads import newest_cursors, seen_in
from .tables import (
    cell_executions,
    cells,
    class_members,
    classes,
    error_logs,
    notebooks,
    students,
)

ACTIVE_WITHIN = timedelta(minutes=5)
LESSON_WITHIN = timedelta(hours=12)


async def read_classes(
    connection: AsyncConnection, roles: Mapping[str, Role], now: datetime
) -> ClassList:
    """The classes of these roles, with how many students they have and how many are active."""
    titles, counts = await _titles(connection, roles), await _student_counts(connection, roles)
    active = await _active_counts(connection, roles, now - ACTIVE_WITHIN)
    return ClassList(
        classes=[
            ClassSummary(
                class_id=class_id,
                title=titles.get(class_id) or class_id,
                role=roles[class_id],
                student_count=counts.get(class_id, 0),
                active_students=active.get(class_id, 0),
            )
            for class_id in sorted(roles)
        ]
    )


async def _titles(connection: AsyncConnection, class_ids: Any) -> dict[str, str | None]:
    query = select(classes.c.class_id, classes.c.title).where(classes.c.class_id.in_(class_ids))
    return dict((await connection.execute(query)).all())


async def _student_counts(connection: AsyncConnection, class_ids: Any) -> dict[str, int]:
    query = (
        select(class_members.c.class_id, func.count())
        .where(class_members.c.class_id.in_(class_ids), class_members.c.role == "student")
        .group_by(class_members.c.class_id)
    )
    return dict((await connection.execute(query)).all())


async def _active_counts(
    connection: AsyncConnection, class_ids: Any, since: datetime
) -> dict[str, int]:
    query = (
        select(notebooks.c.class_id, func.count(distinct(notebooks.c.student_id)))
        .join(
            class_members,
            and_(
                class_members.c.class_id == notebooks.c.class_id,
                class_members.c.student_id == notebooks.c.student_id,
                class_members.c.role == "student",
            ),
        )
        .where(notebooks.c.class_id.in_(class_ids), notebooks.c.last_activity_at >= since)
        .group_by(notebooks.c.class_id)
    )
    return {str(class_id): n for class_id, n in (await connection.execute(query))}


async def read_class(
    connection: AsyncConnection, class_id: str, role: Role, now: datetime
) -> ClassDetail:
    """A class with its notebooks, the one used last first."""
    query = (
        select(
            notebooks.c.notebook_key,
            func.min(notebooks.c.name).label("name"),
            func.min(notebooks.c.assignment).label("assignment"),
            func.count(distinct(notebooks.c.student_id)).label("student_count"),
            func.max(notebooks.c.last_activity_at).label("last_activity_at"),
        )
        .where(notebooks.c.class_id == class_id)
        .group_by(notebooks.c.notebook_key)
        .order_by(func.max(notebooks.c.last_activity_at).desc(), notebooks.c.notebook_key)
    )
    rows = (await connection.execute(query)).mappings().all()
    channel = class_channel(class_id)
    return ClassDetail(
        class_id=class_id,
        title=(await _titles(connection, [class_id])).get(class_id) or class_id,
        role=role,
        student_count=(await _student_counts(connection, [class_id])).get(class_id, 0),
        notebooks=[ClassNotebook(**row) for row in rows],
        lesson_started_at=await _lesson_start(connection, class_id, now),
        cursor=(await newest_cursors(connection, [channel]))[channel],
    )


async def _lesson_start(
    connection: AsyncConnection, class_id: str, now: datetime
) -> datetime | None:
    of_class = select(notebooks.c.notebook_id).where(notebooks.c.class_id == class_id)
    run = cell_executions.c
    # A wrong clock's time that has not come yet would hide the lesson.
    query = select(run.started_at).where(
        run.notebook_id.in_(of_class),
        run.class_id == class_id,
        run.started_at.between(now - LESSON_WITHIN, now),
    )
    return lesson_start(m for m in (await connection.execute(query)).scalars() if m)


async def read_students(
    connection: AsyncConnection, class_id: str, after: str, limit: int
) -> StudentList:
    """The students of a class by name of user, after one of them."""
    seen = seen_in(class_id)
    query = (
        select(students.c.user_id, students.c.name, students.c.number, seen.c.last_seen_at)
        .join(class_members, class_members.c.student_id == students.c.user_id)
        .outerjoin(seen, seen.c.student_id == students.c.user_id)
        .where(
            class_members.c.class_id == class_id,
            class_members.c.role == "student",
            students.c.user_id > after,
        )
        .order_by(students.c.user_id)
        .limit(limit + 1)
    )
    rows = (await connection.execute(query)).mappings().all()
    shown = rows[:limit]
    return StudentList(
        students=[_student(row) for row in shown],
        next_cursor=shown[-1]["user_id"] if len(rows) > limit else None,
    )


def _student(row: Any) -> Student:
    return Student(
        student_id=row["user_id"],
        name=row["name"],
        number=row["number"],
        last_seen_at=row["last_seen_at"],
    )


async def read_errors(
    connection: AsyncConnection,
    class_id: str,
    *,
    notebook_key: str | None,
    since: datetime | None,
    before: int | None,
    limit: int,
) -> ClassErrors:
    """The errors of a class, newest first; `before`: the cursor of the last one read."""
    table = error_logs.c
    query = _errors_query().where(table.class_id == class_id).limit(limit + 1)
    if notebook_key is not None:
        query = query.where(notebooks.c.notebook_key == notebook_key)
    if since is not None:
        query = query.where(table.occurred_at >= since)
    if before is not None:
        query = query.where(table.cursor < before)
    rows = (await connection.execute(query)).mappings().all()
    channel = class_channel(class_id)
    return ClassErrors(
        errors=[_error(row) for row in rows[:limit]],
        cursor=(await newest_cursors(connection, [channel]))[channel],
        next_cursor=str(rows[limit - 1]["cursor"]) if len(rows) > limit else None,
    )


def _errors_query() -> Select[Any]:
    table = error_logs.c
    same_cell = and_(cells.c.notebook_id == table.notebook_id, cells.c.cell_id == table.cell_id)
    return (
        select(error_logs, students.c.name.label("student_name"))
        .add_columns(notebooks.c.notebook_key, cells.c.cell_key)
        .join(notebooks, notebooks.c.notebook_id == table.notebook_id)
        .join(cells, same_cell)
        .outerjoin(students, students.c.user_id == table.student_id)
        .order_by(table.cursor.desc())
    )


def _error(row: Any) -> ClassError:
    return ClassError(
        execution_id=str(row["execution_id"]),
        student_id=row["student_id"],
        student_name=row["student_name"],
        notebook_key=row["notebook_key"],
        cell_id=row["cell_id"],
        cell_key=row["cell_key"],
        error=error_summary(row["name"], row["message"]),
        occurred_at=row["occurred_at"],
    )
