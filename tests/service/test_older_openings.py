"""What an opening costs that is not the newest: no more than it can move."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from jupyter_cell_monitor_server.service.db.refold import choose_ids
from jupyter_cell_monitor_server.service.db.tables import metadata
from jupyter_cell_monitor_server.service.places import Placed, Placing

from .database import Database
from .made import CLASS, Json, a_cell, end, failed, opened, some_cells
from .test_fold import many, rows_of


class Walked(list[Any]):
    """A list that counts what is taken from it."""

    taken = 0

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.taken += 1
            yield item


class Hashed(uuid.UUID):
    """An id that counts how often ids are looked up."""

    looked_up = 0

    def __hash__(self) -> int:
        Hashed.looked_up += 1
        return super().__hash__()


def test_ids_are_chosen_in_a_few_steps_for_each_notebook() -> None:
    """However many notebooks there are: neither all places nor all ids are gone through anew."""
    count = 300
    found = [Placed(f"{n}", f"{n}") for n in range(count)]
    known = Walked((Hashed(int=n), placed) for n, placed in enumerate(found))
    stored = {notebook_id for notebook_id, _ in known}
    known.taken = Hashed.looked_up = 0
    chosen = choose_ids(found, known, stored)
    assert list(chosen.values()) == [Hashed(int=n) for n in range(count)]
    assert known.taken == count
    assert Hashed.looked_up <= 4 * count


PATHS = ("a.ipynb", "b.ipynb", "c.ipynb")
CELLS = (some_cells(2), some_cells(3), [a_cell("c9", 0, "x"), *some_cells(2)])
COMPARED = ("notebooks", "cells", "sessions", "notebook_openings", "cell_executions")


@st.composite
def histories(draw: st.DrawFn) -> list[list[Json]]:
    """Openings and runs of some sessions, in any order, in requests of up to three."""
    places = draw(st.permutations([(session, seq) for session in range(1, 5) for seq in range(4)]))
    events = [_event(draw, session, seq) for session, seq in places[: draw(st.integers(2, 12))]]
    size = draw(st.integers(1, 3))
    return [events[at : at + size] for at in range(0, len(events), size)]


def _event(draw: st.DrawFn, session: int, seq: int) -> Json:
    mark = f"{session}-{seq}"
    place: Json = {"session_id": f"session-{session}", "seq": seq, "event_id": mark}
    place["notebook_path"] = draw(st.sampled_from((PATHS[0], *PATHS)))
    if draw(st.integers(0, 3)) == 0:
        return end(run=mark, cell_id=draw(st.sampled_from(["c0", "c1", "c9"])), **place)
    if draw(st.integers(0, 4)) == 0:
        place["renamed_from"] = draw(st.sampled_from(PATHS))
    if draw(st.integers(0, 3)) == 0:
        place["class_id"] = CLASS
    minor = draw(st.sampled_from((5, 5, 4)))
    return opened(cells=draw(st.sampled_from(CELLS)), nbformat_minor=minor, **place)


async def store_alone(db: Database, history: Iterable[Sequence[Json]]) -> None:
    """Store these requests, where nothing else is stored."""
    for table in metadata.tables:
        await db.sql(f"DELETE FROM {table}")
    for events in history:
        await db.send(*events)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@many(60)
@given(history=histories())
async def test_what_is_folded_one_by_one_is_what_a_rebuild_makes(
    db: Database, history: list[list[Json]]
) -> None:
    """Whatever openings there are, and in whichever order they come."""
    await store_alone(db, history)
    before = {name: await db.rows(name) for name in COMPARED}
    await db.store.rebuild(lambda done, total: None)
    for name, rows in before.items():
        assert sorted(await db.rows(name), key=repr) == sorted(rows, key=repr), name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@many(40)
@given(history=histories(), mixed=st.randoms())
async def test_whatever_order_a_history_comes_in_makes_the_same(
    db: Database, history: list[list[Json]], mixed: Random
) -> None:
    """Also where its sessions open several notebooks, and run some that they never open."""
    await store_alone(db, history)
    found = await rows_of(db, {"ai": "ai"})
    events = [event for events in history for event in events]
    mixed.shuffle(events)
    await store_alone(db, [[event] for event in (*events, *events[:2])])
    assert await rows_of(db, {"ai": "ai"}) == found


ELSEWHERE: Json = {"notebook_path": "notes.ipynb"}
FIRST, LATER, AHEAD = "session-1", "session-2", "session-3"


@pytest.mark.parametrize(
    ("is_anew", "late"),
    [
        (False, opened(session_id=FIRST, seq=5)),
        (False, opened(session_id=FIRST, seq=5, cells=some_cells(5))),
        (False, opened(session_id=LATER, seq=0)),
        (True, opened(session_id=FIRST, seq=5, renamed_from="x.ipynb")),
        (True, opened(session_id=FIRST, seq=5, **ELSEWHERE)),
        (True, opened(session_id=LATER, seq=0, renamed_from="x.ipynb")),
    ],
)
async def test_only_an_older_opening_that_may_move_something_places_its_student_anew(
    db: Database, monkeypatch: pytest.MonkeyPatch, is_anew: bool, late: Json
) -> None:
    """One of the same path, of the same session or of a new one, is only stored."""
    await db.send(opened(session_id=FIRST, seq=0), opened(session_id=AHEAD, seq=0))
    await db.send(end(session_id=FIRST, seq=1), failed(run="2", session_id=AHEAD, seq=1))
    placed: list[str] = []
    monkeypatch.setattr(Placing, "__init__", counted(placed, Placing.__init__))
    assert await db.send(late, late) == ["stored", "duplicate"]
    assert bool(placed) == is_anew
    assert len(await db.rows("notebook_openings")) == 3


def counted(calls: list[str], function: Any) -> Any:
    """The function, that also says when it is called."""

    def call(*args: Any, **more: Any) -> Any:
        calls.append(function.__name__)
        return function(*args, **more)

    return call


async def test_sessions_that_stay_where_they_are_are_not_written_when_a_student_is_placed_anew(
    db: Database,
) -> None:
    """However many there are."""
    await db.send(*(opened(session_id=f"session-{n}", seq=0) for n in range(5)))
    await db.send(opened(session_id="session-0", seq=1, **ELSEWHERE), end(session_id="session-9"))
    statements: list[str] = []

    def listen(*given: Any) -> None:
        statements.append(given[2])

    event.listen(Engine, "before_cursor_execute", listen)
    await db.store.rebuild(lambda done, total: None)
    event.remove(Engine, "before_cursor_execute", listen)
    assert any("FROM sessions" in statement for statement in statements)
    assert not any(statement.startswith("UPDATE sessions") for statement in statements)


async def test_a_cell_that_an_older_opening_alone_names_is_told_of(db: Database) -> None:
    """The class hears of the notebook, and the newest opening stays the newest."""
    await db.send(opened(session_id=FIRST, seq=0), opened(session_id=AHEAD, seq=0))
    newest = (await db.row("notebooks"))["newest_session_id"]
    told = len(db.live())
    await db.send(opened(session_id=FIRST, seq=1, cells=some_cells(5)))
    assert len(db.live()) == told + 1
    assert (await db.row("notebooks"))["newest_session_id"] == newest
    assert len(await db.rows("cells")) == 5
