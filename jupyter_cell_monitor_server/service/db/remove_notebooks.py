"""Notebooks that nothing is in, and their removal with all that was counted for them."""

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, exists, select

from .record_notebooks import Notebook
from .tables import (
    assignment_progress,
    cell_executions,
    cells,
    dropped_events,
    notebooks,
    sessions,
    student_progress,
)

# By the columns that an index of theirs begins with.
_IN_NOTEBOOKS = (
    (sessions, ("student_id", "notebook_id")),
    (cell_executions, ("notebook_id",)),
    (dropped_events, ("student_id", "notebook_id")),
)


def remove_empty(connection: Connection, unopened: Iterable[Notebook]) -> None:
    """Remove those of these notebooks, that nobody has opened, where nothing ran or was lost."""
    mine = {notebook.notebook_id: notebook.student_id for notebook in unopened}
    if not mine:
        return
    notebook = notebooks.c
    query = select(notebook.notebook_id).where(notebook.notebook_id.in_(mine))
    for table, names in _IN_NOTEBOOKS:
        same = (table.c[name] == notebook[name] for name in names)
        query = query.where(~exists().where(*same))
    for notebook_id in connection.execute(query).scalars().all():
        remove_notebooks(connection, mine[notebook_id], [notebook_id])


def remove_notebooks(
    connection: Connection, student_id: str, notebook_ids: Collection[uuid.UUID]
) -> None:
    """Remove notebooks of a student."""
    for notebook_id in notebook_ids:
        for table in (cells, assignment_progress, student_progress, notebooks):
            statement = delete(table).where(table.c.notebook_id == notebook_id)
            if "student_id" in table.c:
                statement = statement.where(table.c.student_id == student_id)
            connection.execute(statement)
