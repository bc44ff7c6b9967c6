"""Which class a notebook belongs to, what its cells are called, and what progress is."""

from typing import Any

import msgspec
import pytest

from jupyter_cell_monitor_server.contract.events import Cell
from jupyter_cell_monitor_server.service.cell_keys import first_cells, later_cells

from .database import Database, person
from .made import CLASS, PATH, Json, a_cell, at, end, failed, opened, some_cells, start

OURS = {"cell_monitor": {"class_id": "by-metadata", "assignment_id": "a-1"}}
BY_PATH = "assignments/by-path/02/02.ipynb"


@pytest.mark.parametrize(
    ("classes", "metadata", "path", "choice", "expected"),
    [
        (["by-metadata", "by-path", "chosen"], OURS, BY_PATH, "chosen", ("by-metadata", "a-1")),
        (["by-path", "chosen"], OURS, BY_PATH, "chosen", ("by-path", "02")),
        (["chosen"], OURS, BY_PATH, "chosen", ("chosen", None)),
        (["other"], OURS, BY_PATH, "chosen", (None, None)),
        (["by-path"], {}, "elsewhere/02.ipynb", None, (None, None)),
        (["by-path"], {"cell_monitor": {"class_id": 5}}, BY_PATH, None, ("by-path", "02")),
        (["by-path"], {"cell_monitor": "by-path"}, "x.ipynb", None, (None, None)),
    ],
)
async def test_metadata_comes_before_path_and_path_before_choice(
    db: Database, classes: list[str], metadata: Json, path: str, *, choice: str, expected: Any
) -> None:
    """Each only for a class that the student is in; else the notebook has none."""
    event = opened(notebook_path=path, metadata=metadata) | {"class_id": choice}
    await db.send(event, who=person("ai", "student", *classes))
    row = await db.row("notebooks")
    assert (row["class_id"], row["assignment"]) == expected


async def test_a_class_stays_once_it_is_resolved(db: Database) -> None:
    """Through a rename, another choice, and when the student has left the class."""
    await db.send(opened())
    await db.send(opened(notebook_path="b.ipynb", renamed_from=PATH, class_id="other"))
    later = [start(notebook_path="b.ipynb"), opened(notebook_path="b.ipynb")]
    await db.send(*later, who=person("ai", "student", "other"))
    assert (await db.row("notebooks"))["class_id"] == CLASS
    assert (await db.row("cell_executions"))["class_id"] == CLASS


async def test_a_notebook_without_a_class_gets_one_when_the_student_chooses(db: Database) -> None:
    """Its runs from then on belong to the class, and its progress too."""
    await db.send(opened(notebook_path="x.ipynb"), start(run="own", notebook_path="x.ipynb"))
    await db.send(
        opened(notebook_path="x.ipynb", class_id=CLASS), end(run="shown", notebook_path="x.ipynb")
    )
    classes = {run["execution_label"]: run["class_id"] for run in await db.rows("cell_executions")}
    assert classes == {"own": None, "shown": CLASS}
    assert (await db.row("notebooks"))["class_id"] == CLASS


async def test_a_rename_keeps_the_key_and_the_cells(db: Database) -> None:
    """For the class it is the same notebook under another name."""
    await db.send(opened(), end())
    await db.send(opened(notebook_path="new/b.ipynb", renamed_from=PATH, notebook_name="b.ipynb"))
    row = await db.row("notebooks")
    assert (row["path"], row["name"], row["notebook_key"]) == ("new/b.ipynb", "b.ipynb", PATH)
    assert len(await db.rows("cells")) == 3
    assert (await db.row("assignment_progress"))["completed_cells"] == 1


async def test_a_path_belongs_to_one_notebook_whatever_is_renamed(db: Database) -> None:
    """Two that swap their names go on as one: nothing tells them from one that got its name back.

    In one batch or one by one; nothing is refused.
    """
    moves = [("session-a", "a", "c"), ("session-b", "b", "a"), ("session-a", "c", "b")]
    for student, one_batch in (("ai", True), ("ken", False)):
        events = [
            opened(student, notebook_path="a", session_id="session-a", seq=0),
            opened(student, notebook_path="b", session_id="session-b", seq=0),
            *(
                opened(student, notebook_path=new, renamed_from=old, session_id=session, seq=n)
                for n, (session, old, new) in enumerate(moves, start=1)
            ),
        ]
        for batch in [events] if one_batch else [[event] for event in events]:
            assert set(await db.send(*batch)) == {"stored"}
    rows = await db.rows("notebooks")
    assert {row["student_id"] for row in rows} == {"ai", "ken"}
    assert len({(row["student_id"], row["path"]) for row in rows}) == len(rows)
    paths = {who: {r["path"] for r in rows if r["student_id"] == who} for who in ("ai", "ken")}
    assert paths["ai"] == paths["ken"]
    assert await db.rows("quarantined_events") == []


async def test_a_renamed_notebook_and_a_new_one_of_its_old_name_are_two(db: Database) -> None:
    """Both in one batch."""
    await db.send(opened())
    await db.send(
        opened(notebook_path="kept.ipynb", renamed_from=PATH),
        opened(session_id="session-2"),
        end(session_id="session-2"),
    )
    rows = {row["path"]: row["notebook_id"] for row in await db.rows("notebooks")}
    assert set(rows) == {"kept.ipynb", PATH}
    assert (await db.row("cell_executions"))["notebook_id"] == rows[PATH]


async def test_an_opening_changes_what_is_new_in_it(db: Database) -> None:
    """A cell, a place, a source or a name is told to the class; the same once more is not."""
    cells = some_cells()
    changed = [*cells, a_cell("c3", 3)]
    for event, is_told in (
        (opened(cells=cells, event_id="1"), True),
        (opened(cells=cells, event_id="2"), False),
        (opened(cells=changed, event_id="3"), True),
        (opened(cells=changed, notebook_name="other", event_id="4"), True),
    ):
        before = len(db.live())
        assert await db.send(event) == ["stored"]
        assert await db.send(event) == ["duplicate"]
        assert len(db.live()) - before == is_told
    assert len(await db.rows("notebook_openings")) == 4


async def test_a_cell_id_that_stands_twice_counts_once(db: Database) -> None:
    """Broken notebooks have such; sending one again is still a duplicate."""
    cells = [a_cell("same", 0, "a"), a_cell("same", 1, "b"), a_cell("other", 2)]
    assert await db.send(opened(cells=cells)) == ["stored"]
    assert await db.send(opened(cells=cells)) == ["duplicate"]
    assert (await db.row("cells", cell_id="same"))["cell_index"] == 0
    assert (await db.row("assignment_progress"))["total_cells"] == 2


def old_format(visit: str, sources: list[str]) -> list[Json]:
    """The cells of a notebook without ids, as one visit names them."""
    return [a_cell(f"{visit}-{n}", n, source) for n, source in enumerate(sources)]


async def test_cells_of_old_notebooks_keep_their_keys_under_new_ids(db: Database) -> None:
    """Before nbformat 4.5 each opening brings other ids; equal cells are told apart by place."""
    sources = ["same", "same", "other", "same"]
    for visit in ("one", "two", "three", "four"):
        event = opened(cells=old_format(visit, sources), nbformat_minor=4, session_id=visit)
        await db.send(event)
        # PostgreSQL gives rows back in the order they were changed in.
        await db.send(end(run=f"{visit}-b", cell_id=f"{visit}-1", session_id=visit))
        await db.send(end(run=f"{visit}-a", cell_id=f"{visit}-0", session_id=visit))
    keys = {row["cell_id"]: row["cell_key"] for row in await db.rows("cells")}
    for visit in ("two", "three", "four"):
        assert [keys[f"{visit}-{n}"] for n in range(4)] == [keys[f"one-{n}"] for n in range(4)]
    assert len(set(keys.values())) == 4
    progress = await db.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (2, 4)


def test_equal_cells_are_told_apart_in_whatever_order_they_are_read() -> None:
    """A database gives rows in an order of its own."""
    first = [msgspec.convert(cell, Cell) for cell in old_format("one", ["a", "a", "b", "a"])]
    later = [msgspec.convert(cell, Cell) for cell in old_format("two", ["a", "a", "b", "a"])]
    known = first_cells(first, 4)
    keys = [cell.cell_key for cell in known]
    assert [cell.cell_key for cell in later_cells(later, known[::-1], 4)] == keys


async def test_an_edited_cell_of_an_old_notebook_is_known_by_its_place(db: Database) -> None:
    """And one that was put in between is a cell of its own."""
    await db.send(opened(cells=old_format("one", ["a", "b"]), nbformat_minor=4))
    two = old_format("two", ["a changed", "b"])
    await db.send(opened(cells=two, nbformat_minor=4))
    put_in = [a_cell("new", 0, "x"), two[0] | {"index": 1}, two[1] | {"index": 2}]
    await db.send(opened(cells=put_in, nbformat_minor=4))
    keys = {row["cell_id"]: row["cell_key"] for row in await db.rows("cells")}
    assert (keys["two-0"], keys["two-1"]) == (keys["one-0"], keys["one-1"])
    assert keys["new"] == "new"


async def test_the_same_old_notebook_has_the_same_keys_for_all_students(db: Database) -> None:
    """Their ids differ; the source and its occurrence do not."""
    for student in ("ai", "ken"):
        cells = old_format(student, ["a", "a", "b"])
        await db.send(opened(student, cells=cells, nbformat_minor=4))
    rows = await db.rows("cells")
    keys = {(row["cell_id"].split("-")[0], row["cell_index"]): row["cell_key"] for row in rows}
    assert all(keys["ai", n] == keys["ken", n] for n in range(3))


async def test_nbgraders_cells_are_expected_where_there_are_any(db: Database) -> None:
    """Solution and task cells, by their grade_id; tests and plain cells do not count."""
    cells = [
        a_cell("c0", 0),
        a_cell("c1", 1, grade_id="squares", solution=True),
        a_cell("c2", 2, grade_id="squares-test", grade=True, points=2),
        a_cell("c3", 3, grade_id="essay", task=True),
    ]
    await db.send(opened(cells=cells), end(cell_id="c0"), end(run="2", cell_id="c1"))
    rows = {row["cell_key"]: row["expected"] for row in await db.rows("cells")}
    assert rows == {"c0": False, "squares": True, "squares-test": False, "essay": True}
    progress = await db.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (1, 2)


async def test_without_nbgrader_code_cells_that_are_not_empty_are_expected(db: Database) -> None:
    """As they were at the first opening; later ones do not count."""
    cells = [a_cell("c0", 0), a_cell("c1", 1, ""), a_cell("c2", 2, "# x", cell_type="markdown")]
    await db.send(opened(cells=cells))
    await db.send(opened(cells=[*cells, a_cell("c3", 3)]), end(cell_id="c3"))
    progress = await db.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (0, 1)


async def test_progress_never_falls(db: Database) -> None:
    """Not by a later failure, an emptied cell, or a cell that is deleted."""
    await db.send(opened(), end())
    await db.send(failed(run="later", second=9))
    await db.send(opened(cells=[a_cell("c0", 0, "")]))
    await db.send(opened(cells=[]))
    progress = await db.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (1, 3)
    assert progress["progress_rate"] == pytest.approx(1 / 3)


async def test_runs_before_the_opening_count_after_it(db: Database) -> None:
    """The end of a run may come before anybody has said what cells there are."""
    await db.send(end())
    assert await db.rows("assignment_progress") == []
    await db.send(opened())
    assert (await db.row("assignment_progress"))["completed_cells"] == 1


async def test_a_cell_was_completed_by_its_earliest_success(db: Database) -> None:
    """By the kernel's time, not by which came first."""
    await db.send(opened(), end(run="late", second=50))
    await db.send(end(run="early", second=5))
    row = await db.row("cells", cell_id="c0")
    assert row["completed_at"].isoformat() == at(5)


async def test_a_run_counts_for_the_notebook_that_it_began_in(db: Database) -> None:
    """Also where its end names another notebook of the same student."""
    await db.send(opened(), opened(notebook_path="b.ipynb", session_id="session-2"))
    await db.send(start())
    await db.send(end(notebook_path="b.ipynb", session_id="session-2"))
    run = await db.row("cell_executions")
    done = [row for row in await db.rows("cells") if row["completed_at"]]
    assert [row["notebook_id"] for row in done] == [run["notebook_id"]]


@pytest.mark.parametrize("is_one_batch", [True, False])
@pytest.mark.parametrize("is_opened", [True, False])
async def test_where_a_run_is_by_its_end_alone_nothing_of_it_is_left_when_its_start_comes(
    db: Database, is_opened: bool, is_one_batch: bool
) -> None:
    """Neither its cell, nor the notebook, if nobody has opened it."""
    run: Json = {"run": "r", "cell_id": "c9", "session_id": "session-2"}
    late = [end(notebook_path="b.ipynb", **run), start(notebook_path="a.ipynb", **run)]
    if is_opened:
        await db.send(opened(notebook_path="b.ipynb"))
    for events in [late] if is_one_batch else [[event] for event in late]:
        await db.send(*events)
    assert (await db.row("cells", cell_id="c9"))["completed_at"] is not None
    paths = {row["path"] for row in await db.rows("notebooks")}
    assert paths == ({"a.ipynb", "b.ipynb"} if is_opened else {"a.ipynb"})
    found = {name: await db.rows(name) for name in ("notebooks", "cells", "sessions")}
    await db.store.rebuild(lambda done, total: None)
    for name, rows in found.items():
        assert sorted(await db.rows(name), key=repr) == sorted(rows, key=repr), name
