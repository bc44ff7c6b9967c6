"""Places a student anew: which of their sessions and paths are one notebook."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, exists, func, literal, or_, select, union
from sqlalchemy import update as sql_update

from ..class_of_notebook import ClassOfNotebook
from ..places import Opening, Place, Placed, Placing
from .record_notebooks import CHANGING, COLUMNS, Notebook, name_of
from .recount import recount_cells
from .remove_notebooks import remove_notebooks
from .rows import upsert
from .tables import (
    cell_executions,
    dropped_events,
    error_logs,
    notebook_openings,
    notebooks,
    sessions,
    student_progress,
)

ClassOfPath = Callable[[str], ClassOfNotebook | None]
_RUN_KEY = ("student_id", "day", "execution_id")
_PLACED = ("notebook_id", "notebook_path", "opened")


@dataclass(slots=True)
class Refolded:
    """The notebooks that changed; the notebook and newest path of each session with openings."""

    affected: set[uuid.UUID] = field(default_factory=set)
    of_sessions: dict[uuid.UUID, tuple[uuid.UUID, str]] = field(default_factory=dict)


def refold(
    connection: Connection, student_id: str, class_of_path: ClassOfPath, now: datetime
) -> Refolded:
    """Place all of a student's openings and runs, and fold the cells of notebooks that changed.

    What follows from the runs (class, progress, patterns) is `recount`'s.
    """
    return _Refold(connection, student_id, class_of_path, now).run()


class _Refold:
    def __init__(
        self, connection: Connection, student_id: str, class_of_path: ClassOfPath, now: datetime
    ) -> None:
        self._connection = connection
        self._student_id = student_id
        self._class_of_path = class_of_path
        self._now = now
        self._stored = {row.notebook_id: row for row in map(_notebook, self._read(notebooks))}
        columns = (sessions.c[name] for name in ("session_id", *_PLACED))
        self._sessions = {row["session_id"]: row for row in self._read(sessions, *columns)}
        self._done = Refolded()

    def run(self) -> Refolded:
        placing = Placing(self._openings())
        found = [(place, placing.add(place), known) for place, known in self._places()]
        chosen = choose_ids(placing.found, [(p, n) for _, n, p in found], self._stored)
        moves = [
            (place, known, chosen[placed])
            for place, placed, known in found
            if known != chosen[placed]
        ]
        for placed, notebook_id in chosen.items():
            self._set_notebook(placed, notebook_id)
        self._done.of_sessions = _of_sessions(chosen)
        self._done.affected |= {new for _, _, new in moves}
        left = {old for _, old, _ in moves} | _left_by_openings(chosen)
        self._done.affected |= left & set(chosen.values())
        self._write(chosen, moves)
        for notebook_id in sorted(self._done.affected):
            recount_cells(self._connection, self._stored[notebook_id])
        return self._done

    def _read(self, table: Table, *columns: Any) -> Iterable[Any]:
        query = select(*(columns or table.columns))
        query = query.where(table.c.student_id == self._student_id)
        return self._connection.execute(query).mappings().all()

    def _openings(self) -> list[Opening]:
        names = [notebook_openings.c[name] for name in Opening.__slots__]
        found = [Opening(**row) for row in self._read(notebook_openings, *names)]
        known = {opening.session_id for opening in found}
        for row in self._sessions.values():
            notebook = self._stored.get(row["notebook_id"])
            if row["opened"] and row["session_id"] not in known and notebook is not None:
                found.append(_opening_before(row["session_id"], notebook))
        return found

    def _places(self) -> list[tuple[Place, uuid.UUID]]:
        """Where things ran or were lost, with the notebook that they are in now."""
        run, lost, session = cell_executions.c, dropped_events.c, sessions.c
        path = func.coalesce(run.notebook_path, notebooks.c.path, type_=run.notebook_path.type)
        query = union(
            select(run.session_id, path.label("path"), run.notebook_id)
            .join(notebooks, notebooks.c.notebook_id == run.notebook_id)
            .where(run.student_id == self._student_id),
            select(lost.session_id, lost.notebook_path, lost.notebook_id).where(
                lost.student_id == self._student_id
            ),
            select(session.session_id, session.notebook_path, session.notebook_id).where(
                session.student_id == self._student_id, session.opened.is_(False)
            ),
        )
        rows = self._connection.execute(query).all()
        return sorted(((row[0], row[1]), row[2]) for row in rows)

    def _set_notebook(self, placed: Placed, notebook_id: uuid.UUID) -> None:
        old = self._stored.get(notebook_id)
        new = _copy(old) if old else self._made(placed, notebook_id)
        new.path = placed.path
        if not new.keeps_cells:
            new.notebook_key = placed.notebook_key
            new.name = name_of(placed.path)
            new.class_session_id = new.class_place = None
        if placed.openings:
            self._set_opened(new, placed)
        self._stored[notebook_id] = new
        moved = any(opening.notebook_id != notebook_id for opening in placed.openings)
        if moved or old is None or any(getattr(old, n) != getattr(new, n) for n in COLUMNS):
            self._done.affected.add(notebook_id)

    def _made(self, placed: Placed, notebook_id: uuid.UUID) -> Notebook:
        found = self._class_of_path(placed.path)
        return Notebook(
            notebook_id=notebook_id,
            student_id=self._student_id,
            path=placed.path,
            name=name_of(placed.path),
            notebook_key=placed.notebook_key,
            class_id=None if found is None else found.class_id,
            assignment=None if found is None else found.assignment,
            last_activity_at=self._now,
        )

    def _set_opened(self, new: Notebook, placed: Placed) -> None:
        new.opened_at = new.opened_at or self._now
        new.name = placed.openings[-1].notebook_name
        stored = [opening for opening in placed.openings if opening.place >= 0]
        position = stored[-1].position if stored else (None, None, None)
        new.newest_session_id, new.newest_place, new.newest_event_id = position
        if not new.keeps_cells or new.class_id is None:
            _set_class(new, placed.openings)

    def _write(
        self,
        chosen: dict[Placed, uuid.UUID],
        moves: Iterable[tuple[Place, uuid.UUID, uuid.UUID]],
    ) -> None:
        changed = [self._stored[notebook_id] for notebook_id in sorted(self._done.affected)]
        gone = self._stored.keys() - set(chosen.values())
        for notebook_id in (*self._done.affected, *gone):
            # Two may swap their paths, and each path is one notebook\'s at any time.
            self._change(notebooks, {"path": notebook_id.hex}, notebook_id=notebook_id)
        rows = [{name: getattr(n, name) for name in COLUMNS} for n in changed]
        upsert(self._connection, notebooks, rows, CHANGING)
        for (session_id, path), old, new in moves:
            self._move(session_id, path, old, new)
        for placed, notebook_id in chosen.items():
            for opening in placed.openings:
                if opening.notebook_id != notebook_id:
                    self._change(
                        notebook_openings, {"notebook_id": notebook_id}, event_id=opening.event_id
                    )
        self._write_sessions()
        remove_notebooks(self._connection, self._student_id, gone)

    def _write_sessions(self) -> None:
        for session_id, (notebook_id, path) in self._done.of_sessions.items():
            row = self._sessions.get(session_id)
            values = dict(zip(_PLACED, (notebook_id, path, True), strict=True))
            if row is not None and any(row[name] != value for name, value in values.items()):
                self._change(sessions, values, session_id=session_id)

    def _change(self, table: Table, values: dict[str, Any], **equal: Any) -> None:
        same = (table.c[name] == value for name, value in equal.items())
        statement = sql_update(table).where(table.c.student_id == self._student_id, *same)
        self._connection.execute(statement.values(values))

    def _move(self, session_id: uuid.UUID, path: str, old: uuid.UUID, new: uuid.UUID) -> None:
        place = {"session_id": session_id, "notebook_id": old}
        values = {"notebook_id": new}
        run = cell_executions.c
        here = (run.student_id == self._student_id, run.session_id == session_id)
        same_path = literal(path, run.notebook_path.type)
        at_path = or_(run.notebook_path.is_(None), run.notebook_path == same_path)
        moving = (*here, run.notebook_id == old, at_path)
        for table in (error_logs, student_progress):
            same_run = (table.c[name] == run[name] for name in _RUN_KEY)
            self._connection.execute(
                sql_update(table)
                .where(table.c.student_id == self._student_id)
                .where(exists().where(*same_run, *moving))
                .values(values)
            )
        self._connection.execute(sql_update(cell_executions).where(*moving).values(values))
        self._change(dropped_events, values, notebook_path=path, **place)
        self._change(sessions, values, notebook_path=path, opened=False, **place)


def _left_by_openings(chosen: dict[Placed, uuid.UUID]) -> set[uuid.UUID]:
    found = (
        (opening.notebook_id, i) for placed, i in chosen.items() for opening in placed.openings
    )
    return {old for old, new in found if old != new}


def _of_sessions(chosen: dict[Placed, uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    # A session can have openings in two notebooks: where the last one of all is, it is.
    found = [(opening, i) for placed, i in chosen.items() for opening in placed.openings]
    found.sort(key=lambda item: item[0].position)
    return {opening.session_id: (i, opening.notebook_path) for opening, i in found}


def choose_ids(
    found: Iterable[Placed],
    known: Iterable[tuple[uuid.UUID, Placed]],
    stored: Container[uuid.UUID],
) -> dict[Placed, uuid.UUID]:
    """Each notebook goes on under an id that its parts have, where one is stored and free."""
    chosen: dict[Placed, uuid.UUID] = {}
    taken: set[uuid.UUID] = set()
    known_of: dict[Placed, list[uuid.UUID]] = defaultdict(list)
    for notebook_id, placed in known:
        known_of[placed].append(notebook_id)
    for placed in found:
        ids = [opening.notebook_id for opening in placed.openings] + known_of[placed]
        free = (i for i in ids if i in stored and i not in taken)
        chosen[placed] = next(free, None) or uuid.uuid4()
        taken.add(chosen[placed])
    return chosen


def _notebook(row: Any) -> Notebook:
    return Notebook(**row)


def _set_class(new: Notebook, openings: Sequence[Opening]) -> None:
    new.class_id = new.assignment = None
    giver = next((opening for opening in openings if opening.class_id is not None), None)
    if giver is not None:
        new.class_id, new.assignment = giver.class_id, giver.assignment
        if giver is not openings[0] or giver.by_choice:
            new.class_session_id, new.class_place, _ = giver.position


def _copy(notebook: Notebook) -> Notebook:
    return Notebook(**{name: getattr(notebook, name) for name in COLUMNS})


def _opening_before(session_id: uuid.UUID, notebook: Notebook) -> Opening:
    """What stands for the openings of a session that came before openings were stored."""
    return Opening(
        event_id=session_id,
        session_id=session_id,
        place=-1,
        notebook_id=notebook.notebook_id,
        notebook_path=notebook.path,
        renamed_from=None,
        notebook_name=notebook.name,
        class_id=None,
        assignment=None,
        by_choice=False,
    )
