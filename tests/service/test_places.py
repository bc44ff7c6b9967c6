"""Which sessions and paths are one notebook, and whose class its runs then are."""

import uuid
from itertools import permutations
from operator import itemgetter
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.updates import ErrorAlert, ExecutionUpdate
from jupyter_cell_monitor_server.service.places import Opening, Placing

from .database import Database, person
from .made import CLASS, PATH, Json, a_cell, end, failed, opened, some_cells, start, unknown

S1, S2, S3 = (uuid.UUID(int=n) for n in (1, 2, 3))


def opening(session: uuid.UUID, place: int, path: str, renamed_from: str | None = None) -> Opening:
    event_id = uuid.UUID(int=100 * session.int + place)
    return Opening(event_id, session, place, S1, path, renamed_from, path, None, None, False)


def placed(openings: list[Opening], *places: tuple[uuid.UUID, str]) -> list[Any]:
    """Key and path of each notebook, and those of the places."""
    placing = Placing(openings)
    found = [placing.add(place) for place in places]
    return [[(n.notebook_key, n.path) for n in placing.found], [n.notebook_key for n in found]]


@pytest.mark.parametrize(
    ("openings", "notebooks"),
    [
        ([opening(S1, 0, "a"), opening(S2, 0, "a")], [("a", "a")]),
        ([opening(S1, 0, "a"), opening(S1, 1, "b", "a")], [("a", "b")]),
        ([opening(S1, 0, "a"), opening(S1, 1, "b")], [("a", "b")]),
        ([opening(S1, 1, "b", "a")], [("a", "b")]),
        ([opening(S1, 0, "a"), opening(S2, 5, "b", "a")], [("a", "b")]),
        ([opening(S1, 0, "a"), opening(S1, 1, "b", "a"), opening(S2, 0, "b")], [("a", "b")]),
        (
            [opening(S1, 0, "a"), opening(S1, 1, "b", "a"), opening(S2, 0, "a")],
            [("a", "b"), ("a", "a")],
        ),
        ([opening(S1, 0, "a"), opening(S2, 0, "b"), opening(S2, 1, "a", "b")], [("a", "a")]),
        ([opening(S1, 0, "a"), opening(S2, 0, "b")], [("a", "a"), ("b", "b")]),
    ],
)
def test_openings_make_the_same_notebooks_in_any_order(
    openings: list[Opening], notebooks: list[Any]
) -> None:
    """A rename keeps the notebook; a new file of an old name is another one."""
    for order in permutations(openings):
        assert placed(list(order))[0] == notebooks


def test_a_run_belongs_to_its_session_and_else_to_its_path() -> None:
    """A path that nobody has now is that of who had it last."""
    openings = [opening(S1, 0, "a"), opening(S1, 1, "b", "a"), opening(S2, 0, "c")]
    places = [(S1, "a"), (S1, "b"), (S1, "x"), (S3, "b"), (S3, "a"), (S3, "c"), (S3, "new")]
    assert placed(openings, *places)[1] == ["a", "a", "a", "a", "a", "c", "new"]


@pytest.mark.parametrize("places", list(permutations(range(3))))
async def test_a_session_is_in_the_notebook_that_it_opened_last(
    db: Database, places: tuple[int, ...]
) -> None:
    """Also where what it opened before is another notebook, in whichever order they come."""
    events = [
        opened(seq=0, event_id="a", notebook_path="a.ipynb"),
        opened(seq=0, event_id="c", notebook_path="c.ipynb", session_id="session-2"),
        opened(seq=1, event_id="back", notebook_path="a.ipynb", session_id="session-2"),
    ]
    for place in places:
        await db.send(events[place])
    await db.send(start(seq=2, notebook_path="b.ipynb", session_id="session-2"))
    [home] = await db.rows("notebooks", path="a.ipynb")
    assert (await db.row("cell_executions"))["notebook_id"] == home["notebook_id"]


async def test_a_notebook_that_an_opening_leaves_keeps_none_of_its_cells(db: Database) -> None:
    """When one that came later makes the path at that time another notebook's."""
    two, three = some_cells(2), [a_cell("c9", 0, "x"), *some_cells(2)]
    here: Json = {"notebook_path": "a.ipynb"}
    there: Json = {"notebook_path": "b.ipynb"}
    await db.send(opened(cells=two, seq=3, session_id="session-2", **here))
    await db.send(
        opened(cells=two, seq=1, session_id="session-2", **there),
        opened(cells=two, seq=1, session_id="session-4", **there),
    )
    await db.send(opened(cells=three, seq=2, session_id="session-3", **there))
    await db.send(opened(cells=two, seq=3, session_id="session-3", renamed_from="c.ipynb", **here))
    before = sorted(await db.rows("cells"), key=repr)
    await db.store.rebuild(lambda done, total: None)
    assert sorted(await db.rows("cells"), key=repr) == before


A, B, C, D = (Json(notebook_path=f"{name}.ipynb") for name in "abcd")
NEVER_OPENED: Json = {"session_id": "session-2", "seq": 0}
NEWEST: Json = {"session_id": "session-3"}


@pytest.mark.parametrize(
    ("before", "run", "newest"),
    [
        (
            [opened(seq=0, **A), opened(seq=1, **B), opened(seq=0, **NEWEST, **C)],
            NEVER_OPENED | A,
            opened(seq=1, **NEWEST, **A),
        ),
        (
            [opened(seq=0, **NEWEST, **A)],
            NEVER_OPENED | B,
            opened(seq=1, renamed_from=B["notebook_path"], **NEWEST, **D),
        ),
        (
            [opened(seq=0, **B)]
            + [opened(seq=n, **NEWEST, **path) for n, path in enumerate((A, C, B))],
            NEWEST | A | {"seq": 9},
            opened(seq=10, **NEWEST, **A),
        ),
    ],
    ids=["a path of another", "a path renamed from", "a path of its own session"],
)
async def test_what_ran_at_a_path_is_where_a_rebuild_has_it_when_a_newest_opening_comes_there(
    db: Database, before: list[Json], run: Json, newest: Json
) -> None:
    """Of a session never opened, and of one that was in another notebook then."""
    for event in (*before, end(**run), newest):
        await db.send(event)
    found = {name: await db.rows(name) for name in ("notebooks", "sessions", "cell_executions")}
    await db.store.rebuild(lambda done, total: None)
    for name, rows in found.items():
        assert sorted(await db.rows(name), key=repr) == sorted(rows, key=repr), name


OURS: Json = {"metadata": {"cell_monitor": {"class_id": CLASS}}}


@pytest.mark.parametrize("is_one_batch", [True, False])
async def test_runs_that_came_before_their_opening_get_its_class(
    db: Database, is_one_batch: bool
) -> None:
    """With cursors of the class, so that its followers are told; errors are counted."""
    path: Json = {"notebook_path": "x.ipynb"}
    late = [start(seq=1, **path), end(seq=2, **path), failed(run="bad", seq=3, **path)]
    first = opened(seq=0, **path, **OURS)
    if is_one_batch:
        await db.send(*late, first)
    else:
        for event in [*late, first]:
            await db.send(event)
    for table in ("cell_executions", "error_logs", "student_progress", "assignment_progress"):
        assert {row["class_id"] for row in await db.rows(table)} == {CLASS}, table
    live = db.live()
    assert sorted(u.cursor for u in live) == list(range(1, len(live) + 1))
    runs = [u for u in live if isinstance(u, ExecutionUpdate)]
    assert sorted((u.status, u.is_new) for u in runs) == [("completed", True), ("error", True)]
    assert sum(isinstance(u, ErrorAlert) for u in live) == 1
    assert sorted(await db.missed(), key=lambda u: u.cursor) == sorted(live, key=lambda u: u.cursor)
    pattern = await db.row("error_patterns")
    assert (pattern["class_id"], pattern["error_category"], pattern["frequency"]) == (
        CLASS,
        "NameError",
        1,
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_notebook_has_no_class_of_an_opening_that_is_another_ones(
    db: Database, order: tuple[int, ...]
) -> None:
    """Though it was its own until an earlier one came, that moves it away."""
    events = [
        opened(seq=0, renamed_from="c.ipynb", **A),
        opened(seq=1, **B),
        opened(seq=0, **NEWEST, **A, **OURS),
    ]
    for number in order:
        await db.send(events[number] | {"event_id": f"o-{number}"})
    found = {row["path"]: row["class_id"] for row in await db.rows("notebooks")}
    assert found == {"a.ipynb": CLASS, "b.ipynb": None}


@pytest.mark.parametrize("is_run_first", [True, False])
async def test_a_notebook_that_ran_in_a_class_is_of_the_class_that_its_opening_says(
    db: Database, is_run_first: bool
) -> None:
    """None, where who opens it is in that class no more."""
    events = [end(**NEVER_OPENED), opened(**NEWEST)]
    people = [person("ai"), person("ai", "student", "another")]
    for number in (0, 1) if is_run_first else (1, 0):
        await db.send(events[number], who=people[number])
    assert (await db.row("notebooks"))["class_id"] is None
    assert (await db.row("cell_executions"))["class_id"] is None


async def test_runs_get_a_class_that_no_session_of_their_student_is_in(db: Database) -> None:
    """Their session opened another notebook after it."""
    await db.send(opened(seq=0, **B), opened(seq=5, **NEWEST, **B), end(seq=1, **NEWEST, **A))
    assert await db.send(opened(seq=0, **NEWEST, **A, **OURS)) == ["stored"]
    assert (await db.row("cell_executions"))["class_id"] == CLASS
    assert sum(isinstance(update, ExecutionUpdate) for update in db.live()) == 1


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_what_ran_before_the_student_chose_a_class_stays_their_own(
    db: Database, order: tuple[int, ...]
) -> None:
    """In whichever order it comes; what ran after the choice is the class's."""
    path: Json = {"notebook_path": "notes.ipynb"}
    events = [
        opened(seq=0, event_id="o-0", **path),
        start(run="own", seq=1, **path),
        opened(seq=2, event_id="o-2", class_id=CLASS, **path),
        start(run="shown", seq=3, **path),
    ]
    for number in order:
        await db.send(events[number])
    rows = await db.rows("cell_executions")
    assert {row["execution_label"]: row["class_id"] for row in rows} == {
        "own": None,
        "shown": CLASS,
    }


async def test_a_late_opening_does_not_turn_back_the_cells(db: Database) -> None:
    """Nor does a duplicate of it."""
    old, new = some_cells(2), [*some_cells(2)[::-1], a_cell("c9", 2)]
    first = opened(cells=old, seq=0, event_id="o-0")
    await db.send(first)
    await db.send(opened(cells=new, seq=5, event_id="o-5", notebook_name="new"))
    cells, notebook = await db.rows("cells"), await db.row("notebooks")
    assert await db.send(opened(cells=old, seq=3, event_id="o-3")) == ["stored"]
    assert await db.send(first) == ["duplicate"]
    by_id = itemgetter("cell_id")
    assert sorted(await db.rows("cells"), key=by_id) == sorted(cells, key=by_id)
    assert (await db.row("notebooks"))["name"] == notebook["name"] == "new"


async def test_the_first_opening_may_come_last(db: Database) -> None:
    """What is expected is what it says."""
    await db.send(opened(cells=some_cells(4), seq=4, event_id="o-4"), end(cell_id="c3", seq=5))
    assert (await db.row("assignment_progress"))["completed_cells"] == 1
    await db.send(opened(cells=some_cells(2), seq=0, event_id="o-0"))
    progress = await db.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (0, 2)
    points = await db.rows("student_progress", status="progress")
    assert [(p["completed_cells"], p["total_cells"]) for p in points] == [(0, 2)]


async def test_a_run_whose_start_names_another_notebook_than_its_end_moves_there(
    db: Database,
) -> None:
    """With its success, its error and its points; nothing is left where it was."""
    there: Json = {"notebook_path": "b.ipynb", "session_id": "session-2"}
    await db.send(opened(seq=0), opened(seq=0, **there))
    await db.send(end(seq=3, **there), failed(run="bad", cell_id="c1", seq=5, **there))
    await db.send(start(seq=2), start(run="bad", cell_id="c1", seq=4))
    [home] = await db.rows("notebooks", path=PATH)
    for table in ("cell_executions", "error_logs"):
        rows = await db.rows(table)
        assert {(r["notebook_id"], r["class_id"]) for r in rows} == {(home["notebook_id"], CLASS)}
    points = [p for p in await db.rows("student_progress") if p["status"] != "progress"]
    assert {p["notebook_id"] for p in points} == {home["notebook_id"]}
    done = [cell for cell in await db.rows("cells") if cell["completed_at"]]
    assert [(cell["notebook_id"], cell["cell_id"]) for cell in done] == [
        (home["notebook_id"], "c0")
    ]
    counts = {r["notebook_id"]: r["completed_cells"] for r in await db.rows("assignment_progress")}
    assert counts.pop(home["notebook_id"]) == 1
    assert list(counts.values()) == [0]
    assert (await db.row("error_patterns"))["frequency"] == 1


async def test_progress_steps_are_in_the_order_of_the_successes(db: Database) -> None:
    """However they come: the k-th step is at the k-th first success."""
    await db.send(opened())
    for second, cell in ((9, "c0"), (5, "c1"), (7, "c0"), (2, "c2")):
        await db.send(end(run=f"{second}", second=second, cell_id=cell))
    points = await db.rows("student_progress", status="progress")
    steps = sorted((p["completed_cells"], p["time"].second) for p in points)
    assert steps == [(0, 0), (1, 2), (2, 5), (3, 7)]


async def test_an_unknown_end_counts_no_pattern(db: Database) -> None:
    """The real failure after it does, once."""
    await db.send(opened(), start(), unknown())
    assert await db.rows("error_patterns") == []
    for _ in range(2):
        await db.send(failed())
    pattern = await db.row("error_patterns")
    assert (pattern["frequency"], pattern["common_solutions"]) == (1, None)
    assert pattern["first_occurred_at"] == pattern["last_occurred_at"]
    await db.send(failed("ken", second=1))
    pattern = await db.row("error_patterns")
    assert pattern["frequency"] == 2
    assert pattern["first_occurred_at"] < pattern["last_occurred_at"]
