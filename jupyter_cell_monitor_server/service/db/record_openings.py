"""Openings of one transaction: stored as they came, and folded into notebooks and cells.

They are taken before all runs, so that a run finds where it belongs. The newest opening of a
notebook is folded onto what is there, and so is one that moves nothing (`record_older`); for any
other one its student is placed anew.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection, delete, func, select

from ...contract.events import NotebookOpened, ParsedEvent
from ..class_of_notebook import ClassOfNotebook, Resolve
from ..people import Person
from ..runs import Arrival, Taken
from .new_opening import NOWHERE, NewOpening, row_of
from .record_notebooks import Notebook, Notebooks
from .record_older import Older
from .record_sessions import SessionKey, Sessions
from .recount import recount_cells
from .refold import refold
from .rows import Row, find, greatest, insert
from .tables import notebook_openings, sessions


class Openings:
    """The openings that one transaction stores."""

    def __init__(
        self,
        connection: Connection,
        notebooks: Notebooks,
        sessions_: Sessions,
        resolve: Resolve,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._notebooks = notebooks
        self._sessions = sessions_
        self._resolve = resolve
        self._now = now
        self._stored: dict[tuple[str, uuid.UUID], bytes] = {}
        self._places: dict[SessionKey, int] = {}
        self._new: dict[str, list[NewOpening]] = defaultdict(list)
        self._newest: dict[str, uuid.UUID | None] = {}
        self._unopened: dict[str, bool] = {}
        self.changed: dict[uuid.UUID, Notebook] = {}
        """Notebooks whose class, name, path or cells are new."""
        self.began: dict[uuid.UUID, datetime] = {}
        """When notebooks were opened of which nothing was known."""
        self.refolded: set[uuid.UUID] = set()
        """Notebooks of which all that follows from runs is to be counted again."""

    def load(self, keys: Iterable[tuple[str, uuid.UUID]]) -> None:
        """Read which of these `(student_id, event_id)` are stored."""
        key = ("student_id", "event_id")
        names = (*key, "payload_sha256")
        for row in find(self._connection, notebook_openings, key, keys, names):
            self._stored[row["student_id"], row["event_id"]] = row["payload_sha256"]

    def take(self, parsed: ParsedEvent, arrival: Arrival, person: Person) -> Taken:
        """Take an opening; `fold` then does what follows from it."""
        event = parsed.event
        assert isinstance(event, NotebookOpened)
        key = (event.student_id, arrival.event_id)
        stored = self._stored.get(key)
        if stored is not None:
            return "duplicate" if stored == arrival.sha256 else "conflict"
        self._stored[key] = arrival.sha256
        found = self._class_of(event, event.class_id, person)
        by_choice = found is not None and self._class_of(event, None, person) != found
        new = NewOpening(event, arrival, parsed.raw, person, 0, found, by_choice)
        new.place = self._place_of(new)
        self._new[event.student_id].append(new)
        return "stored"

    def _class_of(
        self, event: NotebookOpened, choice: str | None, person: Person
    ) -> ClassOfNotebook | None:
        return self._resolve(event.notebook_path, event.metadata, choice, person.classes)

    def _place_of(self, new: NewOpening) -> int:
        if new.event.seq is not None:
            self._places[new.key] = max(self._places.get(new.key, -1), new.event.seq)
            return new.event.seq
        opening = notebook_openings.c
        query = select(func.max(opening.place)).where(
            opening.student_id == new.key[0], opening.session_id == new.key[1]
        )
        stored = self._connection.execute(query).scalar()
        newest = max(-1 if stored is None else int(stored), self._places.get(new.key, -1))
        self._places[new.key] = newest + 1
        return newest + 1

    def fold(self) -> None:
        """Store the openings, and make notebooks, sessions and cells what follows from them."""
        rows: list[Row] = []
        for student_id, several in sorted(self._new.items()):
            several.sort(key=lambda new: new.position)
            newest = list(takewhile(self._fold_newest, several))
            if len(newest) == len(several):
                rows += map(row_of, several)
                continue
            # Those that come before a newest one are not looked at alone: the newest is not stored.
            if newest or not self._store_older(student_id, several):
                self._place_anew(student_id, several)
        insert(self._connection, notebook_openings, rows)

    def _store_older(self, student_id: str, several: Sequence[NewOpening]) -> bool:
        """Store openings that move nothing; False, with none stored, where one may."""
        stored: list[uuid.UUID] = []
        others: dict[uuid.UUID, Notebook] = {}
        for new in several:
            notebook, has_other_cells = Older(self._connection, self._notebooks, new).home(
                is_new_session=self._sessions.get(new.key) is None
            )
            if notebook is None:
                same = notebook_openings.c.event_id.in_(stored)
                mine = notebook_openings.c.student_id == student_id
                self._connection.execute(delete(notebook_openings).where(mine, same))
                return False
            if has_other_cells:
                others[notebook.notebook_id] = notebook
            new.notebook_id = notebook.notebook_id
            insert(self._connection, notebook_openings, [row_of(new)])
            stored.append(new.arrival.event_id)
            if self._sessions.get(new.key) is None:
                path = new.event.notebook_path
                self._sessions.put(new.key, notebook.notebook_id, path, opened=True)
        for notebook in others.values():
            recount_cells(self._connection, notebook)
        self.changed |= others
        return True

    def _fold_newest(self, new: NewOpening) -> bool:
        """Fold an opening onto what is there; False where it is not the newest."""
        notebook = self._notebook_of(new)
        if notebook is None:
            return False
        new.notebook_id = notebook.notebook_id
        event = new.event
        before = (notebook.name, notebook.path, notebook.class_id, notebook.opened_at)
        if notebook.path != event.notebook_path:
            self._notebooks.move(notebook, event.notebook_path)
        if notebook.class_id is None and new.found is not None:
            _set_class(notebook, new)
        notebook.name = event.notebook_name
        is_changed = self._notebooks.open_cells(notebook, event.cells, event.nbformat_minor)
        notebook.opened_at = notebook.opened_at or self._now
        _set_newest(notebook, new)
        self._notebooks.touch(notebook)
        self._sessions.put(new.key, notebook.notebook_id, event.notebook_path, opened=True)
        known = self._newest_session(event.student_id)
        self._newest[event.student_id] = max(known or new.key[1], new.key[1])
        after = (notebook.name, notebook.path, notebook.class_id, notebook.opened_at)
        if is_changed or before != after:
            self.changed[notebook.notebook_id] = notebook
        return True

    def _notebook_of(self, new: NewOpening) -> Notebook | None:
        session = self._sessions.get(new.key)
        if session is None:
            return self._of_new_session(new)
        if not session["opened"]:
            return None
        notebook = self._notebooks.of_id(session["notebook_id"])
        path = new.event.notebook_path
        is_newest = notebook.newest is not None and notebook.newest < new.position
        if not is_newest or self._changes_class(notebook, new):
            return None
        if path != notebook.path and (
            self._notebooks.at_path(new.key[0], path) is not None
            or self._newest_session(new.key[0]) != new.key[1]
        ):
            return None
        return None if self._takes_places(notebook, new) else notebook

    def _takes_places(self, notebook: Notebook, new: NewOpening) -> bool:
        """Whether what ran at the paths that an opening of a known session names may follow it."""
        event = new.event
        if event.notebook_path == notebook.path and event.renamed_from is None:
            return False
        return self._has_unopened(event.student_id) or self._is_in_another(notebook, new.key)

    def _is_in_another(self, notebook: Notebook, key: SessionKey) -> bool:
        opening = notebook_openings.c
        query = select(opening.event_id).where(
            opening.student_id == key[0],
            opening.session_id == key[1],
            opening.notebook_id != notebook.notebook_id,
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def _of_new_session(self, new: NewOpening) -> Notebook | None:
        student_id, session_id = new.key
        newest = self._newest_session(student_id)
        if new.event.renamed_from is not None or (newest is not None and session_id < newest):
            return None
        notebook = self._notebooks.at_path(student_id, new.event.notebook_path)
        if notebook is not None:
            is_other = notebook.opened_at is None and _class_given(new) != notebook.class_id
            return None if is_other or self._changes_class(notebook, new) else notebook
        if self._has_unopened(student_id):
            return None
        notebook = self._notebooks.new(student_id, new.event.notebook_path, None)
        self.began[notebook.notebook_id] = new.event.timestamp
        return notebook

    @staticmethod
    def _changes_class(notebook: Notebook, new: NewOpening) -> bool:
        # The runs that are stored would have to follow.
        return notebook.class_id is None and new.found is not None

    def _newest_session(self, student_id: str) -> uuid.UUID | None:
        if student_id not in self._newest:
            self._newest[student_id] = self._greatest_session(student_id, opened=True)
        return self._newest[student_id]

    def _has_unopened(self, student_id: str) -> bool:
        if student_id not in self._unopened:
            found = self._greatest_session(student_id, opened=False)
            self._unopened[student_id] = found is not None
        return self._unopened[student_id]

    def _greatest_session(self, student_id: str, *, opened: bool) -> uuid.UUID | None:
        key, value = ("student_id", "opened"), (student_id, opened)
        found: uuid.UUID | None = greatest(self._connection, sessions, key, value, "session_id")
        return found

    def _place_anew(self, student_id: str, several: Sequence[NewOpening]) -> None:
        self.changed = {k: n for k, n in self.changed.items() if n.student_id != student_id}
        self._sessions.forget(student_id)
        self._notebooks.forget(student_id)
        for new in several:
            new.notebook_id = NOWHERE
        insert(self._connection, notebook_openings, [row_of(new) for new in several])
        person = several[0].person
        done = refold(
            self._connection,
            student_id,
            lambda path: self._notebooks.class_of(path, person),
            self._now,
        )
        self._notebooks.reload(student_id)
        self._notebooks.load_ids([*done.affected, *(n for n, _ in done.of_sessions.values())])
        for new in several:
            notebook_id, path = done.of_sessions[new.key[1]]
            self._sessions.put(new.key, notebook_id, path, opened=True)
        for notebook_id in done.affected:
            notebook = self._notebooks.of_id(notebook_id)
            self._notebooks.touch(notebook)
            self.refolded.add(notebook_id)
            self.changed[notebook_id] = notebook


def _class_given(new: NewOpening) -> str | None:
    return None if new.found is None else new.found.class_id


def _set_class(notebook: Notebook, new: NewOpening) -> None:
    assert new.found is not None
    notebook.class_id, notebook.assignment = new.found.class_id, new.found.assignment
    if notebook.opened_at is not None or new.by_choice:
        notebook.class_session_id, notebook.class_place, _ = new.position


def _set_newest(notebook: Notebook, new: NewOpening) -> None:
    notebook.newest_session_id, notebook.newest_place, notebook.newest_event_id = new.position
