"""Which sessions and paths are one notebook: a fold over a student's openings.

A session is one notebook, opened in one page load; a rename keeps it. The order of the openings is
that of `(session_id, place, event_id)`, whenever they came, so that the outcome is the same for
whatever order they come in.

Where something ran in a session that was never opened, it is in the notebook that has its path
after all openings, or else had it last. Such a session itself is where the first by name of all
its paths is.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Place = tuple[uuid.UUID, str]
Position = tuple[uuid.UUID, int, uuid.UUID]
Key = TypeVar("Key")


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
    """One notebook: its first and last path, its openings in order."""

    notebook_key: str
    path: str
    openings: list[Opening] = field(default_factory=list)


class Placing:
    """The fold. `of_place` tells where what runs at a place belongs."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        self._numbers: dict[Placed, int] = {}
        self._merged: dict[Placed, Placed] = {}
        self._at: dict[str, Placed] = {}
        self._was_at: dict[str, Placed] = {}
        self._of_session: dict[uuid.UUID, Placed] = {}
        self._of_place: dict[Place, Placed] = {}
        in_order = sorted(openings, key=lambda opening: opening.position)
        for opening, notebook in [(opening, self._open(opening)) for opening in in_order]:
            self._whole(notebook).openings.append(opening)

    @property
    def found(self) -> list[Placed]:
        """All notebooks, in the order in which they began."""
        return [notebook for notebook in self._numbers if notebook not in self._merged]

    def add(self, place: Place) -> Placed:
        """The notebook of something that ran at a place; one of its own where none is there."""
        session_id, path = place
        notebook = (
            self._of_place.get(place)
            or self._of_session.get(session_id)
            or self._at.get(path)
            or self._was_at.get(path)
        )
        return self._new(path) if notebook is None else self._whole(notebook)

    def _open(self, opening: Opening) -> Placed:
        path, renamed_from = opening.notebook_path, opening.renamed_from
        here = self._look_up(self._at, path)
        notebook = self._look_up(self._of_session, opening.session_id)
        if notebook is None:
            before = self._look_up(self._at, renamed_from)
            notebook = before or here or self._new(renamed_from or path)
        elif here is not None and renamed_from is None:
            notebook = here
        if here is not None and here is not notebook:
            notebook = self._merge(here, notebook)
        self._move(notebook, opening)
        return notebook

    def _move(self, notebook: Placed, opening: Opening) -> None:
        path = opening.notebook_path
        self._leave(notebook.path, notebook)
        notebook.path = path
        self._at[path] = notebook
        self._of_session[opening.session_id] = notebook
        for former in (opening.renamed_from, path):
            if former is not None:
                self._was_at[former] = notebook
                self._of_place[opening.session_id, former] = notebook

    def _leave(self, path: str, notebook: Placed) -> None:
        if self._look_up(self._at, path) is notebook:
            del self._at[path]

    def _new(self, path: str) -> Placed:
        notebook = Placed(path, path)
        self._numbers[notebook] = len(self._numbers)
        self._at[path] = notebook
        return notebook

    def _merge(self, first: Placed, second: Placed) -> Placed:
        # One path is one notebook: what was renamed over another one goes on with it.
        kept, gone = sorted((first, second), key=self._numbers.__getitem__)
        self._merged[gone] = kept
        if gone.path != kept.path:
            self._leave(gone.path, kept)
        return kept

    def _look_up(self, known: Mapping[Key, Placed], key: Key | None) -> Placed | None:
        notebook = None if key is None else known.get(key)
        return None if notebook is None else self._whole(notebook)

    def _whole(self, notebook: Placed) -> Placed:
        """What a notebook is a part of after all merges so far."""
        whole = notebook
        while whole in self._merged:
            whole = self._merged[whole]
        while notebook is not whole:
            # So that the next one comes there in one step.
            self._merged[notebook], notebook = whole, self._merged[notebook]
        return whole
