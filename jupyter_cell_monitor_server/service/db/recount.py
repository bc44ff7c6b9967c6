"""Counts again what follows from the stored openings and runs of one notebook.

Each function writes only what differs from what is there.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, case, delete, func, literal, select, tuple_

from ...contract.events import NotebookOpened, ParsedEvent, parse_event
from ...contract.times import CHECKED
from ...contract.updates import class_channel, progress_channel
from ..cell_keys import KnownCell, opened_cells, unannounced
from ..progress import progress_of
from .cell_rows import CELL_COLUMNS, row_of
from .channels import Cursors
from .record_notebooks import Notebook
from .record_progress import ProgressChange, save_whole
from .record_runs import POINT_CHANGING, RUN_KEY, RunKey, delete_point, point_of_run
from .rows import find, update, upsert
from .tables import cell_executions, cells, error_logs, notebook_openings, student_progress


@dataclass(slots=True)
class Recounted:
    """What a recount moved: the classes whose patterns are to be counted again, the new cursors of
    runs and errors in the notebook's class, and the last run that it looked at."""

    classes: set[str] = field(default_factory=set)
    cursors: set[int] = field(default_factory=set)
    last: RunKey | None = None


def recount_cells(connection: Connection, notebook: Notebook) -> dict[str, KnownCell]:
    """Fold the notebook's cells from its openings, and their first successes from its runs."""
    found = find(connection, cells, ("notebook_id",), {(notebook.notebook_id,)})
    stored = {row["cell_id"]: _cell(row) for row in found}
    folded: dict[str, KnownCell] = {}
    if notebook.keeps_cells:
        folded = {cell_id: _without_success(cell) for cell_id, cell in stored.items()}
    for event in _openings(connection, notebook.notebook_id):
        for cell in opened_cells(event.cells, folded, event.nbformat_minor):
            folded[cell.cell_id] = cell
    for cell_id, completed_at in _successes(connection, notebook.notebook_id):
        folded.setdefault(cell_id, unannounced(cell_id)).completed_at = completed_at
    rows = [
        {"notebook_id": notebook.notebook_id, **row_of(cell)}
        for cell_id, cell in folded.items()
        if stored.get(cell_id) != cell
    ]
    upsert(connection, cells, rows, CELL_COLUMNS)
    for cell_id in stored.keys() - folded.keys():
        same = (cells.c.notebook_id == notebook.notebook_id, cells.c.cell_id == cell_id)
        connection.execute(delete(cells).where(*same))
    return folded


def _cell(row: dict[str, Any]) -> KnownCell:
    return KnownCell(**{name: row[name] for name in KnownCell.__slots__})


def _without_success(cell: KnownCell) -> KnownCell:
    return KnownCell(**row_of(cell) | {"completed_at": None})


def _openings(connection: Connection, notebook_id: uuid.UUID) -> Sequence[NotebookOpened]:
    opening = notebook_openings.c
    query = (
        select(opening.raw)
        .where(opening.notebook_id == notebook_id)
        .order_by(opening.session_id, opening.place, opening.event_id)
    )
    parsed = [parse_event(raw, CHECKED) for raw in connection.execute(query).scalars()]
    events = [item.event for item in parsed if isinstance(item, ParsedEvent)]
    return [event for event in events if isinstance(event, NotebookOpened)]


def _successes(connection: Connection, notebook_id: uuid.UUID) -> Any:
    run = cell_executions.c
    first = func.min(case((run.status == "completed", run.ended_at)))
    query = select(run.cell_id, first).where(run.notebook_id == notebook_id).group_by(run.cell_id)
    return connection.execute(query).all()


def recount_progress(
    connection: Connection, notebook: Notebook, of_cells: dict[str, KnownCell]
) -> ProgressChange | None:
    """Store the progress on a notebook with these cells; None where it is what it was."""
    return save_whole(connection, notebook, progress_of(of_cells.values()))


def recount_runs(
    connection: Connection,
    notebook: Notebook,
    cursors: Cursors,
    after: RunKey | None = None,
    limit: int | None = None,
) -> Recounted:
    """Give the notebook's runs their class, with new cursors where it is another one.

    Their errors and points in time follow. `after` and `limit`: a part of the runs, by key.
    """
    rows, recounted = _runs(connection, notebook.notebook_id, after, limit), Recounted()
    moved: dict[RunKey, Any] = {}
    for row in rows:
        key = recounted.last = _key_of(row)
        wanted = _class_of(notebook, row)
        if wanted != row.class_id:
            moved[key] = wanted
            recounted.classes |= {c for c in (wanted, row.class_id) if c is not None}
    classes = {_key_of(row): _class_of(notebook, row) for row in rows}
    changes = [_moved_run(key, class_id, cursors) for key, class_id in moved.items()]
    update(connection, cell_executions, changes)
    errors = _recount_errors(connection, notebook, rows, classes, cursors)
    for row, old_class in errors:
        recounted.classes |= {c for c in (row["class_id"], old_class) if c is not None}
        changes.append(row)
    mine = notebook.class_id
    recounted.cursors = {row["cursor"] for row in changes if mine and row["class_id"] == mine}
    _recount_points(connection, notebook, rows, classes)
    return recounted


def _runs(
    connection: Connection, notebook_id: uuid.UUID, after: RunKey | None, limit: int | None
) -> Sequence[Any]:
    run = cell_executions.c
    key = tuple_(*(run[name] for name in RUN_KEY))
    query = (
        select(
            *(run[name] for name in RUN_KEY),
            *(
                run.notebook_id,
                run.notebook_path,
                run.session_id,
                run.seq,
                run.class_id,
                run.cell_id,
                run.status,
                run.started_at,
            ),
            *(run.ended_at, run.duration_ms, run.received_at, run.client_at),
            run.start_event_id.is_not(None).label("has_start"),
            run.end_event_id.is_not(None).label("has_end"),
        )
        .where(run.notebook_id == notebook_id)
        .order_by(*(run[name] for name in RUN_KEY))
        .limit(limit)
    )
    if after is not None:
        query = query.where(key > tuple_(*_literals(after)))
    return connection.execute(query).all()


def _key_of(run: Any) -> RunKey:
    return run.student_id, run.day, run.execution_id


def _literals(key: RunKey) -> Any:
    types = (cell_executions.c[name].type for name in RUN_KEY)
    return [literal(value, type_) for value, type_ in zip(key, types, strict=True)]


def _class_of(notebook: Notebook, run: Any) -> str | None:
    if run.notebook_path is None:
        return cast("str | None", run.class_id)  # of a release that did not say where it ran
    if notebook.class_session_id is not None and run.seq is None:
        # It has no place among the openings: what it was when it came, it stays.
        return None if run.class_id is None else notebook.class_id
    return notebook.class_at(run.session_id, run.seq)


def _channel(student_id: str, class_id: str | None) -> str:
    return progress_channel(student_id) if class_id is None else class_channel(class_id)


def _moved_run(key: RunKey, class_id: str | None, cursors: Cursors) -> dict[str, Any]:
    cursor = cursors.next(_channel(key[0], class_id))
    places = {"class_id": class_id, "first_cursor": cursor, "cursor": cursor}
    return dict(zip(RUN_KEY, key, strict=True)) | places


def _recount_errors(
    connection: Connection,
    notebook: Notebook,
    runs: Sequence[Any],
    classes: dict[RunKey, str | None],
    cursors: Cursors,
) -> list[tuple[dict[str, Any], str | None]]:
    """The rows of errors whose class is another one, each with the class that it had."""
    names = (*RUN_KEY, "class_id", "notebook_id", "cell_id", "cursor")
    changed, moved = [], []
    cells_of = {_key_of(run): run.cell_id for run in runs}
    for row in find(connection, error_logs, RUN_KEY, classes.keys(), names):
        key = (row["student_id"], row["day"], row["execution_id"])
        wanted = row | {
            "class_id": classes[key],
            "notebook_id": notebook.notebook_id,
            "cell_id": cells_of[key],
        }
        if wanted["class_id"] != row["class_id"]:
            wanted["cursor"] = cursors.next(_channel(key[0], wanted["class_id"]))
            moved.append((wanted, row["class_id"]))
        if wanted != row:
            changed.append(wanted)
    update(connection, error_logs, changed)
    return moved


def _recount_points(
    connection: Connection, notebook: Notebook, runs: Sequence[Any], classes: dict[RunKey, Any]
) -> None:
    stored = {
        (row["student_id"], row["day"], row["execution_id"], row["status"]): row
        for row in find(connection, student_progress, RUN_KEY, classes.keys())
    }
    wanted = [point for run in runs for point in _points(notebook, run, classes[_key_of(run)])]
    changed = [
        point
        for point in wanted
        if stored.pop((*(point[name] for name in RUN_KEY), point["status"]), None) != point
    ]
    upsert(connection, student_progress, changed, POINT_CHANGING)
    for student_id, day, execution_id, status in stored:
        if status == "unknown":
            delete_point(connection, (student_id, day, execution_id))


def _points(notebook: Notebook, run: Any, class_id: str | None) -> list[dict[str, Any]]:
    statuses = ["running"] if run.has_start else []
    if run.has_end:
        statuses.append(run.status)
    return [
        point_of_run(run, status, notebook.assignment) | {"class_id": class_id}
        for status in statuses
    ]
