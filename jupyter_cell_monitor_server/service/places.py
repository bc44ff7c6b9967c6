"""Which sessions and paths are one notebook: a fold over a student's openings.

A session is one notebook, opened in one page load; a rename keeps it. The order of the openings is
that of `(session_id, place, event_id)`, whenever they came, so that the outcome is the same for
whatever order they come in.

Where something ran in a session that was never opened, it is in the notebook that has its path
after all openings, or else had it last. Such a session itself is where the first by name of all
its paths is.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

Place = tuple[uuid.UUID, str]
Position = tuple[uuid.UUID, int, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening without its cells. `class_id`: the class that it gives its notebook, if any."""

    event_id: uuid.UUID
    session_id: uuid.UUID
    place: int
    notebook_id: uuid.UUID
    notebook_path: str
    renamed_from: str | None
    notebook_name: str
    class_id: str | None
    assignment: str | None
    by_choice: bool

    @property
    def position(self) -> Position:
        """Its place among all openings of its student."""
        return self.session_id, self.place, self.event_id


@dataclass(slots=True, eq=False)
class Placed:
    """One notebook: its first and last path, its openings in order, all places in it."""

    notebook_key: str
    path: str
    openings: list[Opening] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)


class Placing:
    """The fold. `of_place` tells where what runs at a place belongs."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        self.found: list[Placed] = []
        self._at: dict[str, Placed] = {}
        self._was_at: dict[str, Placed] = {}
        self._of_session: dict[uuid.UUID, Placed] = {}
        self._of_place: dict[Place, Placed] = {}
        for opening in sorted(openings, key=lambda opening: opening.position):
            self._open(opening)
        for notebook in self.found:
            notebook.openings.sort(key=lambda opening: opening.position)

    def add(self, place: Place) -> Placed:
        """The notebook of something that ran at a place; one of its own where none is there."""
        session_id, path = place
        notebook = (
            self._of_place.get(place)
            or self._of_session.get(session_id)
            or self._at.get(path)
            or self._was_at.get(path)
            or self._new(path)
        )
        notebook.places.add(place)
        return notebook

    def _open(self, opening: Opening) -> None:
        path, renamed_from = opening.notebook_path, opening.renamed_from
        here = self._at.get(path)
        notebook = self._of_session.get(opening.session_id)
        if notebook is None:
            before = self._at.get(renamed_from) if renamed_from is not None else None
            notebook = before or here or self._new(renamed_from or path)
        elif here is not None and renamed_from is None:
            notebook = here
        if here is not None and here is not notebook:
            notebook = self._merge(here, notebook)
        self._move(notebook, opening)

    def _move(self, notebook: Placed, opening: Opening) -> None:
        path = opening.notebook_path
        if self._at.get(notebook.path) is notebook:
            del self._at[notebook.path]
        notebook.path = path
        notebook.openings.append(opening)
        self._at[path] = notebook
        self._of_session[opening.session_id] = notebook
        for former in (opening.renamed_from, path):
            if former is not None:
                self._was_at[former] = notebook
                self._of_place[opening.session_id, former] = notebook
                notebook.places.add((opening.session_id, former))

    def _new(self, path: str) -> Placed:
        notebook = Placed(path, path)
        self.found.append(notebook)
        self._at[path] = notebook
        return notebook

    def _merge(self, first: Placed, second: Placed) -> Placed:
        # One path is one notebook: what was renamed over another one goes on with it.
        kept, gone = sorted((first, second), key=self.found.index)
        self.found.remove(gone)
        kept.openings += gone.openings
        kept.places |= gone.places
        for known in (self._at, self._was_at, self._of_session, self._of_place):
            _replace(known, gone, kept)  # type: ignore[arg-type]
        if self._at.get(gone.path) is kept and gone.path != kept.path:
            del self._at[gone.path]
        return kept


def _replace(known: dict[object, Placed], gone: Placed, kept: Placed) -> None:
    for key, notebook in known.items():
        if notebook is gone:
            known[key] = kept
