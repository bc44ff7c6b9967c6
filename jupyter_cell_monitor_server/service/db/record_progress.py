"""Progress of one transaction: how many expected cells of a notebook have had a success."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..cell_keys import progress_of
from ..ids import NO_DAY
from .record_notebooks import Notebook, Notebooks
from .record_runs import ChangedRun
from .rows import find, insert, upsert
from .tables import assignment_progress, student_progress


@dataclass(frozen=True, slots=True)
class ProgressChange:
    """The new progress of a student on a notebook."""

    notebook: Notebook
    completed_cells: int
    total_cells: int

    @property
    def progress_rate(self) -> float:
        """0.0 to 1.0; 0.0 where nothing is expected."""
        return self.completed_cells / self.total_cells if self.total_cells else 0.0


def save_progress(
    connection: Connection,
    notebooks: Notebooks,
    changed: Sequence[ChangedRun],
    opened: Mapping[uuid.UUID, Notebook],
    now: datetime,
) -> list[ProgressChange]:
    """Mark the cells that ran with success, and store the progress that this changed."""
    touched = {**opened, **_mark(notebooks, changed, now)}
    if not touched:
        return []
    stored = _stored(connection, touched)
    counted = (
        ProgressChange(notebook, *progress_of(notebooks.all_cells(notebook).values()))
        for notebook in touched.values()
    )
    changes = [
        change
        for change in counted
        if stored.get(change.notebook.notebook_id) != (change.completed_cells, change.total_cells)
        and change.total_cells
    ]
    _save(connection, changes, now)
    insert(connection, student_progress, [_point(change, now) for change in changes])
    return changes


def _mark(
    notebooks: Notebooks, changed: Sequence[ChangedRun], now: datetime
) -> dict[uuid.UUID, Notebook]:
    touched = {}
    for item in changed:
        if "completed" not in item.statuses:
            continue
        moment = item.run.ended_at or now
        if item.cell.completed_at is None or moment < item.cell.completed_at:
            item.cell.completed_at = moment
            notebooks.changed(item.notebook, item.cell)
            touched[item.notebook.notebook_id] = item.notebook
    return touched


def _stored(
    connection: Connection, touched: Mapping[uuid.UUID, Notebook]
) -> dict[uuid.UUID, tuple[int, int]]:
    keys = {(notebook.student_id, notebook.notebook_id) for notebook in touched.values()}
    rows = find(connection, assignment_progress, ("student_id", "notebook_id"), keys)
    return {row["notebook_id"]: (row["completed_cells"], row["total_cells"]) for row in rows}


def _save(connection: Connection, changes: Sequence[ProgressChange], now: datetime) -> None:
    rows = [
        {
            "student_id": change.notebook.student_id,
            "notebook_id": change.notebook.notebook_id,
            "class_id": change.notebook.class_id,
            "assignment": change.notebook.assignment,
            "completed_cells": change.completed_cells,
            "total_cells": change.total_cells,
            "progress_rate": change.progress_rate,
            "updated_at": now,
        }
        for change in changes
    ]
    columns = ("class_id", "completed_cells", "total_cells", "progress_rate", "updated_at")
    upsert(connection, assignment_progress, rows, columns)


def _point(change: ProgressChange, now: datetime) -> dict[str, Any]:
    return {
        "student_id": change.notebook.student_id,
        "day": NO_DAY,
        "execution_id": uuid.uuid4(),
        "status": "progress",
        "time": now,
        "class_id": change.notebook.class_id,
        "assignment": change.notebook.assignment,
        "notebook_id": change.notebook.notebook_id,
        "cell_id": "",
        "completed_cells": change.completed_cells,
        "total_cells": change.total_cells,
    }
