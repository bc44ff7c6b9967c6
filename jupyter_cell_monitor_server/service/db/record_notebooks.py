"""Sessions, notebooks and cells of one transaction: read when first needed, written at its end."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ...contract.events import Cell, CellEvent, NotebookOpened
from ..cell_keys import KnownCell, copy_cell, first_cells, later_cells
from ..class_of_notebook import Resolve
from ..ids import label_of, uuid_of
from ..people import Person
from .rows import find, upsert
from .tables import cells, notebooks, sessions

_CELL_COLUMNS = (
    "cell_type",
    "cell_key",
    "cell_index",
    "grade_id",
    "source_sha256",
    "at_first_opening",
    "expected",
    "completed_at",
)


@dataclass(slots=True)
class Notebook:
    """A student's notebook. `notebook_key`: its path when it was first seen."""

    notebook_id: uuid.UUID
    student_id: str
    path: str
    name: str
    notebook_key: str
    class_id: str | None
    assignment: str | None
    opened_at: datetime | None
    last_activity_at: datetime | None
    cells: dict[str, KnownCell] = field(default_factory=dict)


class Notebooks:
    """The notebooks that one transaction touches."""

    def __init__(self, connection: Connection, resolve: Resolve, now: datetime) -> None:
        self._connection = connection
        self._resolve = resolve
        self._now = now
        self._by_path: dict[tuple[str, str], Notebook] = {}
        self._by_id: dict[uuid.UUID, Notebook] = {}
        self._sessions: dict[tuple[str, uuid.UUID], dict[str, Any]] = {}
        self._touched: dict[uuid.UUID, Notebook] = {}
        self._changed_cells: dict[tuple[uuid.UUID, str], KnownCell] = {}
        self._read_cells: set[tuple[uuid.UUID, str]] = set()
        self._read_whole: set[uuid.UUID] = set()
        self._last_sight: tuple[Any, ...] = ()

    def load(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """Read what is known of `(student_id, session_id, notebook_path)`."""
        keys = set(wanted)
        session_keys = {(student, uuid_of(session)) for student, session, _ in keys}
        for row in find(self._connection, sessions, ("student_id", "session_id"), session_keys):
            self._sessions[row["student_id"], row["session_id"]] = row
        self._load(("student_id", "path"), {(student, path) for student, _, path in keys})
        self.load_ids(row["notebook_id"] for row in self._sessions.values())

    def load_ids(self, notebook_ids: Iterable[uuid.UUID]) -> None:
        """Read these notebooks."""
        unknown = set(notebook_ids) - self._by_id.keys()
        self._load(("notebook_id",), {(notebook_id,) for notebook_id in unknown})

    def _load(self, key: tuple[str, ...], values: Iterable[tuple[Any, ...]]) -> None:
        for row in find(self._connection, notebooks, key, values):
            notebook = Notebook(**row)
            self._by_id[notebook.notebook_id] = notebook
            self._by_path[notebook.student_id, notebook.path] = notebook

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
        """A cell that `load_cells` has read; one that nobody announced is its own key."""
        if cell_id not in notebook.cells:
            notebook.cells[cell_id] = KnownCell(
                cell_id, "code", cell_id, None, None, None, at_first_opening=False, expected=False
            )
            self.changed(notebook, notebook.cells[cell_id])
        return notebook.cells[cell_id]

    def changed(self, notebook: Notebook, cell: KnownCell) -> None:
        """Write this cell at the end."""
        self._changed_cells[notebook.notebook_id, cell.cell_id] = cell

    def of_run(self, event: CellEvent, person: Person) -> Notebook:
        """The notebook that a run belongs to: by path, else by session, else a new one."""
        found = self.find(event)
        return found or self._new(event.student_id, event.notebook_path, person, {}, None)

    def of_id(self, notebook_id: uuid.UUID) -> Notebook:
        """A notebook that `load_ids` has read."""
        return self._by_id[notebook_id]

    def see(self, event: CellEvent, notebook: Notebook) -> None:
        """An event of this notebook's session has come."""
        self._see(event.student_id, event.session_id, event.notebook_path, notebook, opened=False)

    def find(self, event: CellEvent) -> Notebook | None:
        """The notebook of a run, where it is known already."""
        notebook = self._by_path.get((event.student_id, event.notebook_path))
        if notebook is not None:
            return notebook
        session = self._sessions.get((event.student_id, uuid_of(event.session_id)))
        if session is None or not session["opened"]:
            return None
        return self._by_id.get(session["notebook_id"])

    def open(self, event: NotebookOpened, person: Person) -> tuple[Notebook, bool]:
        """The notebook that was opened, and whether its cells, class or path are new."""
        known = self._by_path.get((event.student_id, event.notebook_path))
        notebook = known or self._renamed(event)
        if notebook is None:
            notebook = self._new(
                event.student_id, event.notebook_path, person, event.metadata, event.class_id
            )
        before = (notebook.name, notebook.class_id, notebook.opened_at)
        notebook.name = event.notebook_name
        if notebook.class_id is None:
            self._set_class(notebook, event.metadata, event.class_id, person)
        cells_changed = self._open_cells(notebook, event)
        notebook.opened_at = notebook.opened_at or self._now
        self._see(event.student_id, event.session_id, event.notebook_path, notebook, opened=True)
        changed = before != (notebook.name, notebook.class_id, notebook.opened_at)
        return notebook, cells_changed or changed or known is None

    def _renamed(self, event: NotebookOpened) -> Notebook | None:
        if event.renamed_from is None:
            return None
        notebook = self._by_path.pop((event.student_id, event.renamed_from), None)
        if notebook is not None:
            notebook.path = event.notebook_path
            self._by_path[event.student_id, notebook.path] = notebook
        return notebook

    def _new(
        self,
        student_id: str,
        path: str,
        person: Person,
        metadata: dict[str, Any],
        choice: str | None,
    ) -> Notebook:
        notebook = Notebook(
            notebook_id=uuid.uuid4(),
            student_id=student_id,
            path=path,
            name=path.rsplit("/", 1)[-1][:200],
            notebook_key=path,
            class_id=None,
            assignment=None,
            opened_at=None,
            last_activity_at=self._now,
        )
        self._read_whole.add(notebook.notebook_id)
        self._by_id[notebook.notebook_id] = notebook
        self._set_class(notebook, metadata, choice, person)
        self._by_path[student_id, path] = notebook
        return notebook

    def _set_class(
        self, notebook: Notebook, metadata: dict[str, Any], choice: str | None, person: Person
    ) -> None:
        found = self._resolve(notebook.path, metadata, choice, person.classes)
        if found is not None:
            notebook.class_id, notebook.assignment = found.class_id, found.assignment

    def _open_cells(self, notebook: Notebook, event: NotebookOpened) -> bool:
        known = self.all_cells(notebook)
        cells_there = _without_repetitions(event.cells)
        announced = [c for c in known.values() if c.cell_index is not None]
        if announced:
            found = later_cells(cells_there, announced, event.nbformat_minor)
        else:
            found = first_cells(cells_there, event.nbformat_minor)
        changed = False
        for cell in found:
            old = known.setdefault(cell.cell_id, cell)
            cell.completed_at = cell.completed_at or old.completed_at
            if old is cell or old != cell:
                # In place, since the runs of this transaction hold the cell that was there.
                copy_cell(cell, old)
                self.changed(notebook, old)
                changed = True
        return changed

    def _see(
        self, student_id: str, session: str, path: str, notebook: Notebook, *, opened: bool
    ) -> None:
        sight = (student_id, session, path, notebook.notebook_id, opened)
        if sight == self._last_sight:
            return
        self._last_sight = sight
        key = uuid_of(session)
        row = self._sessions.get((student_id, key))
        if row is None:
            row = {
                "student_id": student_id,
                "session_id": key,
                "session_label": label_of(session),
                "opened": opened,
                "started_at": self._now,
            }
            self._sessions[student_id, key] = row
        row["notebook_id"] = notebook.notebook_id
        row["notebook_path"] = path
        row["opened"] = row["opened"] or opened
        row["last_seen_at"] = self._now
        notebook.last_activity_at = self._now
        self._touched[notebook.notebook_id] = notebook

    def save(self) -> None:
        """Write all that was touched. A renamed notebook leaves its old path first."""
        rows = [
            {key: value for key, value in _fields_of(n).items() if key != "cells"}
            for n in self._touched.values()
        ]
        columns = ("path", "name", "class_id", "assignment", "opened_at", "last_activity_at")
        upsert(self._connection, notebooks, rows, columns)
        seen = [row for row in self._sessions.values() if row["last_seen_at"] == self._now]
        upsert(
            self._connection,
            sessions,
            seen,
            ("notebook_id", "notebook_path", "opened", "last_seen_at"),
        )
        upsert(
            self._connection,
            cells,
            [
                {"notebook_id": notebook_id, **_fields_of(cell)}
                for (notebook_id, _), cell in self._changed_cells.items()
            ],
            _CELL_COLUMNS,
        )


def _without_repetitions(found: Iterable[Cell]) -> list[Cell]:
    # A broken notebook can hold one cell id twice.
    by_id: dict[str, Cell] = {}
    for cell in found:
        by_id.setdefault(cell.cell_id, cell)
    return list(by_id.values())


def _fields_of(row: Notebook | KnownCell) -> dict[str, Any]:
    # `dataclasses.asdict` copies all that is in the fields, which takes longer than to store it.
    return {name: getattr(row, name) for name in row.__slots__}
