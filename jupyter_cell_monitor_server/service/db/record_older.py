"""Openings that are not the newest of their notebook, where they move nothing.

The fold over all openings (`places.Placing`) comes to the same with and without such a one:

- one right after an opening of its session at the same path, without a rename, finds its session
  and its path where they are already;
- the only one of a session of which nothing is stored joins the notebook that is at its path,
  where that notebook never had another path, and no other notebook ever had this one.

In both cases an opening of the notebook stands before it, so that it gives neither the notebook's
key nor what is expected. It gives no class either, or one of them has given it before.
"""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal, or_, select, tuple_

from ...contract.events import NotebookOpened, ParsedEvent, parse_event
from ...contract.times import CHECKED
from ..cell_keys import FIRST_MINOR_WITH_IDS
from .new_opening import NewOpening
from .record_notebooks import Notebook, Notebooks
from .tables import notebook_openings

_OPENING = notebook_openings.c


class Older:
    """What is stored around an opening that is not the newest."""

    def __init__(self, connection: Connection, notebooks: Notebooks, new: NewOpening) -> None:
        self._connection = connection
        self._notebooks = notebooks
        self._new = new

    def home(self, *, is_new_session: bool) -> tuple[Notebook | None, bool]:
        """The notebook that it joins, and whether it may change cells; None: it may move more."""
        found = self._only_one_at_path() if is_new_session else self._after_same()
        if found is None or self._new.event.renamed_from is not None:
            return None, False
        self._notebooks.load_ids([found])
        notebook = self._notebooks.of_id(found)
        is_newest = notebook.newest is None or notebook.newest < self._new.position
        if is_newest or notebook.keeps_cells or self._changes_class(notebook):
            return None, False
        return notebook, self._changes_cells(notebook)

    def _after_same(self) -> uuid.UUID | None:
        before = self._last(_OPENING.session_id == self._new.key[1])
        if before is None or before.notebook_path != self._new.event.notebook_path:
            return None
        found: uuid.UUID = before.notebook_id
        return found

    def _changes_class(self, notebook: Notebook) -> bool:
        in_it = _OPENING.notebook_id == notebook.notebook_id
        gives_class = self._new.found is not None
        return gives_class and self._last(in_it, _OPENING.class_id.is_not(None)) is None

    def _changes_cells(self, notebook: Notebook) -> bool:
        before = self._last(_OPENING.notebook_id == notebook.notebook_id)
        parsed = None if before is None else parse_event(before.raw, CHECKED)
        if not isinstance(parsed, ParsedEvent) or not isinstance(parsed.event, NotebookOpened):
            return True
        mine, other = self._new.event, parsed.event
        has_ids = mine.nbformat_minor is None or mine.nbformat_minor >= FIRST_MINOR_WITH_IDS
        same = mine.cells == other.cells and mine.nbformat_minor == other.nbformat_minor
        return not (has_ids and same)

    def _only_one_at_path(self) -> uuid.UUID | None:
        path = literal(self._new.event.notebook_path, _OPENING.notebook_path.type)
        before = self._last(_OPENING.notebook_path == path)
        if before is None:
            return None
        home: uuid.UUID = before.notebook_id
        touching = or_(
            _OPENING.notebook_path == path,
            _OPENING.renamed_from == path,
            _OPENING.notebook_id == home,
        )
        others = or_(
            _OPENING.notebook_path != path,
            _OPENING.renamed_from.is_not(None),
            _OPENING.notebook_id != home,
        )
        query = select(_OPENING.event_id).where(self._mine(), touching, others).limit(1)
        return None if self._connection.execute(query).first() is not None else home

    def _mine(self) -> ColumnElement[bool]:
        return _OPENING.student_id == self._new.event.student_id

    def _last(self, *conditions: ColumnElement[bool]) -> Any:
        """The last opening before it of those that fulfil these conditions."""
        names = (_OPENING.session_id, _OPENING.place, _OPENING.event_id)
        values = zip(self._new.position, names, strict=True)
        position = tuple_(*(literal(value, column.type) for value, column in values))
        query = (
            select(_OPENING.notebook_id, _OPENING.notebook_path, _OPENING.raw)
            .where(self._mine(), *conditions, tuple_(*names) < position)
            .order_by(*(column.desc() for column in names))
            .limit(1)
        )
        return self._connection.execute(query).first()
