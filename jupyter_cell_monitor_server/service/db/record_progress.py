"""Progress of one transaction: how many expected cells of a notebook have had a success."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from ..cell_keys import KnownCell
from ..ids import NO_DAY
from ..progress import Progress, point_id, progress_of
from .record_notebooks import Notebook, Notebooks
from .record_runs import POINT_CHANGING
from .rows import find, insert, upsert
from .tables import assignment_progress, notebook_openings, student_progress

_CHANGING = (
    "class_id",
    "assignment",
    "completed_cells",
    "total_cells",
    "progress_rate",
    "updated_at",
)
_POINT_KEY = ("student_id", "day", "status", "notebook_id")
_FIRST_OPENING = (
    select(notebook_openings.c.timestamp)
    .where(notebook_openings.c.notebook_id == bindparam("notebook"))
    .order_by(*(notebook_openings.c[name] for name in ("session_id", "place", "event_id")))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class ProgressChange:
    """The new progress of a student on a notebook."""

    notebook: Notebook
    progress: Progress


@dataclass(frozen=True, slots=True)
class Success:
    """A run of a cell ended well at `moment`."""

    notebook: Notebook
    cell: KnownCell
    moment: datetime


def save_progress(
    connection: Connection,
    notebooks: Notebooks,
    successes: Iterable[Success],
    opened: Mapping[uuid.UUID, Notebook],
    began: Mapping[uuid.UUID, datetime],
) -> list[ProgressChange]:
    """Mark cells that ran with success, and store the progress that this changed.

    `opened`: whose cells are others; `began`: when, of those that nothing is stored of.
    """
    changes: list[ProgressChange] = []
    rows, points = [], []
    for several in _by_notebook(successes):
        notebook = several[0].notebook
        before = progress_of(notebooks.all_cells(notebook).values())
        _mark(notebooks, several)
        after = progress_of(notebooks.all_cells(notebook).values())
        if notebook.notebook_id not in opened and after != before:
            rows.append(_progress_row(notebook, after, after.successes[-1]))
            points += _steps(notebook, before, after)
            if len(after.successes) != len(before.successes):
                changes.append(ProgressChange(notebook, after))
    upsert(connection, assignment_progress, rows, _CHANGING)
    upsert(connection, student_progress, points, POINT_CHANGING)
    for notebook in opened.values():
        after = progress_of(notebooks.all_cells(notebook).values())
        if change := save_whole(connection, notebook, after, began.get(notebook.notebook_id)):
            changes.append(change)
    return changes


def _by_notebook(successes: Iterable[Success]) -> Iterable[list[Success]]:
    found: dict[uuid.UUID, list[Success]] = defaultdict(list)
    for success in successes:
        known = success.cell.completed_at
        if known is None or success.moment < known:
            found[success.notebook.notebook_id].append(success)
    return found.values()


def _mark(notebooks: Notebooks, successes: Iterable[Success]) -> None:
    for success in successes:
        known = success.cell.completed_at
        if known is None or success.moment < known:
            success.cell.completed_at = success.moment
            notebooks.changed(success.notebook, success.cell)


def _steps(notebook: Notebook, before: Progress, after: Progress) -> list[dict[str, Any]]:
    """The points that are new in a progress whose expected cells are what they were."""
    return [
        _point(notebook, after, number, moment)
        for number, moment in enumerate(after.successes, start=1)
        if before.successes[number - 1 : number] != (moment,)
    ]


def save_whole(
    connection: Connection, notebook: Notebook, progress: Progress, began: datetime | None = None
) -> ProgressChange | None:
    """Make the stored progress and all its points these; None where the counts stay.

    `began`: when the notebook was first opened, where nothing is stored of it.
    """
    key = {(notebook.student_id, notebook.notebook_id)} if began is None else set()
    [stored] = [*find(connection, assignment_progress, ("student_id", "notebook_id"), key)] or [{}]
    moments = [began or _opened_at(connection, notebook), *progress.successes]
    points = [_point(notebook, progress, n, moment) for n, moment in enumerate(moments)]
    if not progress.total_cells:
        points = []
        _remove(connection, notebook)
    elif (row := _progress_row(notebook, progress, moments[-1])) != stored:
        upsert(connection, assignment_progress, [row], _CHANGING)
    if began is None:
        _save_points(connection, notebook, points)
    else:
        insert(connection, student_progress, points)
    counts = (stored.get("completed_cells", 0), stored.get("total_cells", 0))
    if counts == (progress.completed_cells, progress.total_cells):
        return None
    return ProgressChange(notebook, progress)


def _remove(connection: Connection, notebook: Notebook) -> None:
    progress = assignment_progress.c
    mine = progress.student_id == notebook.student_id
    same = progress.notebook_id == notebook.notebook_id
    connection.execute(delete(assignment_progress).where(mine, same))


def _save_points(
    connection: Connection, notebook: Notebook, points: Sequence[dict[str, Any]]
) -> None:
    """The points of a notebook's progress are these and no others."""
    student_id, key = notebook.student_id, _POINT_KEY
    values = {(student_id, NO_DAY, "progress", notebook.notebook_id)}
    stored = {row["execution_id"]: row for row in find(connection, student_progress, key, values)}
    changed = [row for row in points if stored.pop(row["execution_id"], None) != row]
    upsert(connection, student_progress, changed, POINT_CHANGING)
    for execution_id in stored:
        point = student_progress.c
        same = (point.student_id == student_id, point.day == NO_DAY, point.status == "progress")
        gone = delete(student_progress).where(*same, point.execution_id == execution_id)
        connection.execute(gone)


def _opened_at(connection: Connection, notebook: Notebook) -> datetime | None:
    values = {"notebook": notebook.notebook_id}
    found: datetime | None = connection.execute(_FIRST_OPENING, values).scalar()
    return found or notebook.opened_at


def _progress_row(
    notebook: Notebook, progress: Progress, moment: datetime | None
) -> dict[str, Any]:
    return {
        "student_id": notebook.student_id,
        "notebook_id": notebook.notebook_id,
        "class_id": notebook.class_id,
        "assignment": notebook.assignment,
        "completed_cells": progress.completed_cells,
        "total_cells": progress.total_cells,
        "progress_rate": progress.progress_rate,
        "updated_at": moment,
    }


def _point(
    notebook: Notebook, progress: Progress, completed_cells: int, moment: datetime | None
) -> dict[str, Any]:
    return {
        "student_id": notebook.student_id,
        "day": NO_DAY,
        "execution_id": point_id(notebook.notebook_id, completed_cells),
        "status": "progress",
        "time": moment,
        "class_id": notebook.class_id,
        "assignment": notebook.assignment,
        "notebook_id": notebook.notebook_id,
        "cell_id": "",
        "duration_ms": None,
        "completed_cells": completed_cells,
        "total_cells": progress.total_cells,
    }
