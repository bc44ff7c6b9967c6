"""Notebooks and cells of one transaction: read when first needed, written at its end."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from ...contract.events import Cell
from ..cell_keys import KnownCell, copy_cell, opened_cells, unannounced
from ..class_of_notebook import ClassOfNotebook, Resolve
from ..people import Person
from ..places import Position
from .cell_rows import CELL_COLUMNS, row_of
from .record_sessions import SessionKey, Sessions
from .rows import find, upsert
from .tables import cells, notebook_openings, notebooks


@dataclass(slots=True)
class Notebook:
    """A student's notebook. `notebook_key`: its path at its first opening.

    `class_session_id` and `class_place`: runs before that place are not the class's, None: all
    are. `newest_…`: the last of the openings that its cells are made of.
    """

    notebook_id: uuid.UUID
    student_id: str
    path: str
    name: str
    notebook_key: str
    class_id: str | None = None
    assignment: str | None = None
    opened_at: datetime | None = None
    last_activity_at: datetime | None = None
    class_session_id: uuid.UUID | None = None
    class_place: int | None = None
    newest_session_id: uuid.UUID | None = None
    newest_place: int | None = None
    newest_event_id: uuid.UUID | None = None
    keeps_cells: bool = False
    cells: dict[str, KnownCell] = field(default_factory=dict)

    @property
    def newest(self) -> Position | None:
        """The place of its newest opening; None where none is stored."""
        if self.newest_session_id is None:
            return None
        assert self.newest_place is not None
        assert self.newest_event_id is not None
        return self.newest_session_id, self.newest_place, self.newest_event_id

    def class_at(self, session_id: uuid.UUID, seq: int | None) -> str | None:
        """The class that a run at this place belongs to."""
        if self.class_session_id is None or self.class_place is None or seq is None:
            return self.class_id
        is_later = (session_id, seq) >= (self.class_session_id, self.class_place)
        return self.class_id if is_later else None


COLUMNS = tuple(name for name in Notebook.__slots__ if name != "cells")
CHANGING = tuple(name for name in COLUMNS if name not in {"notebook_id", "student_id"})


class Notebooks:
    """The notebooks that one transaction touches."""

    def __init__(
        self, connection: Connection, sessions: Sessions, resolve: Resolve, now: datetime
    ) -> None:
        self._connection = connection
        self._sessions = sessions
        self._resolve = resolve
        self._now = now
        self._by_path: dict[tuple[str, str], Notebook] = {}
        self._by_id: dict[uuid.UUID, Notebook] = {}
        self._of_place: dict[tuple[SessionKey, str], Notebook] = {}
        self._wanted: set[tuple[SessionKey, str]] = set()
        self._touched: dict[uuid.UUID, Notebook] = {}
        self._changed_cells: dict[tuple[uuid.UUID, str], KnownCell] = {}
        self._read_cells: set[tuple[uuid.UUID, str]] = set()
        self._read_whole: set[uuid.UUID] = set()

    def load(self, wanted: Iterable[tuple[SessionKey, str]]) -> None:
        """Read what is known of `((student_id, session_id), notebook_path)`."""
        keys = set(wanted)
        self._wanted |= keys
        self._sessions.load({key for key, _ in keys})
        self._load(("student_id", "path"), {(student, path) for (student, _), path in keys})
        rows = (self._sessions.get(key) for key, _ in keys)
        self.load_ids(row["notebook_id"] for row in rows if row is not None)

    def load_ids(self, notebook_ids: Iterable[uuid.UUID]) -> None:
        """Read these notebooks."""
        unknown = set(notebook_ids) - self._by_id.keys()
        self._load(("notebook_id",), {(notebook_id,) for notebook_id in unknown})

    def _load(self, key: tuple[str, ...], values: Iterable[tuple[Any, ...]]) -> None:
        for row in find(self._connection, notebooks, key, values):
            if row["notebook_id"] not in self._by_id:
                notebook = Notebook(**row)
                self._by_id[notebook.notebook_id] = notebook
                self._by_path[notebook.student_id, notebook.path] = notebook

    def forget(self, student_id: str) -> None:
        """Drop what was read or made of a student's notebooks."""
        for notebook in [n for n in self._by_id.values() if n.student_id == student_id]:
            del self._by_id[notebook.notebook_id]
            self._by_path.pop((student_id, notebook.path), None)
            self._touched.pop(notebook.notebook_id, None)
            self._read_whole.discard(notebook.notebook_id)
            for cell_id in notebook.cells:
                self._changed_cells.pop((notebook.notebook_id, cell_id), None)
            self._read_cells = {k for k in self._read_cells if k[0] != notebook.notebook_id}
        self._of_place = {k: n for k, n in self._of_place.items() if k[0][0] != student_id}

    def reload(self, student_id: str) -> None:
        """Read again what `forget` has dropped."""
        self.load([place for place in self._wanted if place[0][0] == student_id])

    def load_cells(self, pairs: Iterable[tuple[uuid.UUID, str]]) -> None:
        """Read the cells `(notebook_id, cell_id)`; the others of their notebooks stay unread."""
        wanted = {p for p in pairs if p[0] not in self._read_whole} - self._read_cells
        if not wanted:
            return
        self._read_cells |= wanted
        for row in find(self._connection, cells, ("notebook_id", "cell_id"), wanted):
            self._keep(row)

    def _keep(self, row: dict[str, Any]) -> None:
        notebook = self._by_id[row.pop("notebook_id")]
        notebook.cells.setdefault(row["cell_id"], KnownCell(**row))

    def all_cells(self, notebook: Notebook) -> dict[str, KnownCell]:
        """All cells of a notebook, with what this transaction has changed."""
        if notebook.notebook_id not in self._read_whole:
            self._read_whole.add(notebook.notebook_id)
            for row in find(self._connection, cells, ("notebook_id",), {(notebook.notebook_id,)}):
                self._keep(row)
        return notebook.cells

    def cell(self, notebook: Notebook, cell_id: str) -> KnownCell:
        """A cell; one that nobody announced is its own key."""
        if cell_id not in notebook.cells:
            self.load_cells([(notebook.notebook_id, cell_id)])
        if cell_id not in notebook.cells:
            notebook.cells[cell_id] = unannounced(cell_id)
            self.changed(notebook, notebook.cells[cell_id])
        return notebook.cells[cell_id]

    def changed(self, notebook: Notebook, cell: KnownCell) -> None:
        """Write this cell at the end."""
        self._changed_cells[notebook.notebook_id, cell.cell_id] = cell

    def touch(self, notebook: Notebook) -> None:
        """Write this notebook at the end: something happened in it."""
        notebook.last_activity_at = self._now
        self._touched[notebook.notebook_id] = notebook

    def of_id(self, notebook_id: uuid.UUID) -> Notebook:
        """A notebook that `load_ids` has read."""
        return self._by_id[notebook_id]

    def at_path(self, student_id: str, path: str) -> Notebook | None:
        """The notebook that has this path now."""
        return self._by_path.get((student_id, path))

    def unopened(self) -> list[Notebook]:
        """Those at hand that nobody has opened yet."""
        return [notebook for notebook in self._by_id.values() if notebook.opened_at is None]

    def find(self, key: SessionKey, path: str) -> Notebook | None:
        """Where a run of a session belongs, as `places.Placing.add` has it; None: nowhere yet."""
        session = self._sessions.get(key)
        if session is not None and session["opened"]:
            of_session = self._by_id[session["notebook_id"]]
            if session["notebook_path"] == path:
                return of_session
            return self._opened_at(key, path) or of_session
        return self._by_path.get((key[0], path))

    def of_run(self, key: SessionKey, path: str, person: Person) -> Notebook:
        """The same, or a new notebook."""
        found = self.find(key, path) or self._formerly_at(key[0], path)
        return found or self.new(key[0], path, self.class_of(path, person))

    def class_of(self, path: str, person: Person) -> ClassOfNotebook | None:
        """The class of a notebook that nobody has opened yet."""
        return self._resolve(path, {}, None, person.classes)

    def _opened_at(self, key: SessionKey, path: str) -> Notebook | None:
        known = self._of_place.get((key, path))
        if known is None:
            known = self._newest_at(key[0], path, notebook_openings.c.session_id == key[1])
            if known is not None:
                self._of_place[key, path] = known
        return known

    def _formerly_at(self, student_id: str, path: str) -> Notebook | None:
        return self._newest_at(student_id, path)

    def _newest_at(self, student_id: str, path: str, *more: Any) -> Notebook | None:
        opening = notebook_openings.c
        query = (
            select(opening.notebook_id)
            .where(opening.student_id == student_id, *more)
            .where(or_(opening.notebook_path == path, opening.renamed_from == path))
            .order_by(opening.session_id.desc(), opening.place.desc(), opening.event_id.desc())
        )
        notebook_id = self._connection.execute(query.limit(1)).scalar()
        if notebook_id is None:
            return None
        self.load_ids([notebook_id])
        return self._by_id[notebook_id]

    def new(self, student_id: str, path: str, found: ClassOfNotebook | None) -> Notebook:
        """A notebook at a path where none is."""
        notebook = Notebook(
            notebook_id=uuid.uuid4(),
            student_id=student_id,
            path=path,
            name=name_of(path),
            notebook_key=path,
            class_id=None if found is None else found.class_id,
            assignment=None if found is None else found.assignment,
        )
        self._read_whole.add(notebook.notebook_id)
        self._by_id[notebook.notebook_id] = notebook
        self._by_path[student_id, path] = notebook
        self.touch(notebook)
        return notebook

    def move(self, notebook: Notebook, path: str) -> None:
        """Give a notebook another path, where none is."""
        del self._by_path[notebook.student_id, notebook.path]
        notebook.path = path
        self._by_path[notebook.student_id, path] = notebook

    def open_cells(
        self, notebook: Notebook, opened: Iterable[Cell], nbformat_minor: int | None
    ) -> bool:
        """Take the cells of a newer opening; whether that changed any."""
        known = self.all_cells(notebook)
        changed = False
        for cell in opened_cells(opened, known, nbformat_minor):
            old = known.setdefault(cell.cell_id, cell)
            cell.completed_at = cell.completed_at or old.completed_at
            if old is cell or old != cell:
                # In place, since the runs of this transaction hold the cell that was there.
                copy_cell(cell, old)
                self.changed(notebook, old)
                changed = True
        return changed

    def save(self) -> None:
        """Write all that was touched. A renamed notebook leaves its old path first."""
        rows = [{name: getattr(n, name) for name in COLUMNS} for n in self._touched.values()]
        upsert(self._connection, notebooks, rows, CHANGING)
        changed = [
            {"notebook_id": notebook_id, **row_of(cell)}
            for (notebook_id, _), cell in self._changed_cells.items()
        ]
        upsert(self._connection, cells, changed, CELL_COLUMNS)


def name_of(path: str) -> str:
    """The name of a notebook that nobody has opened yet."""
    return path.rsplit("/", 1)[-1][:200]
