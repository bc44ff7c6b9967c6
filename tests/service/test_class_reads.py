"""What a teacher reads of a class: the grid, the errors, the runs, the lesson."""

from datetime import timedelta
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.classes import ClassProgress
from jupyter_cell_monitor_server.contract.people import Role
from jupyter_cell_monitor_server.service.db import reads
from jupyter_cell_monitor_server.service.db.engine import reading
from jupyter_cell_monitor_server.service.db.read_classes import (
    read_class,
    read_classes,
    read_errors,
    read_students,
)
from jupyter_cell_monitor_server.service.db.read_grid import read_grid
from jupyter_cell_monitor_server.service.db.reads import (
    RunFilter,
    parse_position,
    read_executions,
    read_progress,
)

from .database import Database, person
from .made import CLASS, NOON, PATH, a_cell, at, end, failed, opened, some_cells, start, unknown


async def grid(db: Database, since: Any = None, until: Any = None) -> ClassProgress:
    async with reading(db.engine) as connection:
        return await read_grid(connection, CLASS, PATH, since, until)


async def members(db: Database, *names: str, **others: Role) -> None:
    roles: dict[str, Role] = dict.fromkeys(names, "student")
    await db.store.replace_members({CLASS: roles | others})


async def test_a_column_is_a_cell_that_a_fifth_of_the_class_shares(db: Database) -> None:
    """In the notebook's order, labelled by their place among the code cells."""
    for number in range(10):
        cells = [a_cell("text", 0, "#", cell_type="markdown"), *some_cells(2)[::-1]]
        cells[1]["index"], cells[2]["index"] = 2, 1
        if number < 2:
            cells.append(a_cell("two have it", 3))
        if number == 2:
            cells.append(a_cell("one has it", 4))
        await db.send(opened(f"student-{number}", cells=cells))
    columns = (await grid(db)).columns
    assert [(c.cell_key, c.index, c.label) for c in columns] == [
        ("c0", 1, "1"),
        ("c1", 2, "2"),
        ("two have it", 3, "3"),
    ]
    assert all(column.expected for column in columns)


async def test_a_row_counts_tries_and_the_failures_since_the_last_success(db: Database) -> None:
    """By the kernel's times, in whatever order the runs came."""
    await members(db, "ai", "ken")
    runs = [
        failed(run="1", second=1),
        end(run="2", second=2),
        failed(run="3", second=3),
        failed(run="4", second=4, name="ZeroDivisionError"),
        failed(run="5", second=5, name="KeyboardInterrupt"),
    ]
    times = [run | {"started_at": run["timestamp"]} for run in runs]
    await db.send(opened(), *reversed(times))
    ai, ken = (await grid(db)).students
    cell = ai.cells["c0"]
    assert (cell.status, cell.tries, cell.failures, cell.error) == ("interrupted", 5, 2, None)
    assert (ai.opened, ai.completed_cells, ai.total_cells) == (True, 1, 3)
    assert (ken.opened, ken.cells, ken.completed_cells, ken.last_seen_at) == (False, {}, 0, None)


async def test_a_student_was_last_seen_in_any_notebook_of_this_class_alone(db: Database) -> None:
    """Not in another class, and whichever notebook the teacher looks at."""
    ai, ken = person("ai", "student", CLASS, "other"), person("ken", "student", CLASS, "other")
    await members(db, "ai", "ken")
    second = f"assignments/{CLASS}/second/second.ipynb"
    await db.send(opened("ai"), who=ai)
    await db.send(opened("ai") | {"notebook_path": second}, who=ai)
    elsewhere = "assignments/other/one/one.ipynb"
    await db.send(opened("ken") | {"notebook_path": elsewhere}, who=ken)
    row = await db.row("notebooks", student_id="ai", path=second)
    seen = {student.student_id: student.last_seen_at for student in (await grid(db)).students}
    assert seen == {"ai": row["last_activity_at"], "ken": None}


async def test_what_ran_before_the_notebook_was_of_the_class_stays_its_owners(db: Database) -> None:
    """Not in the grid, not in the runs of the class."""
    await members(db, "ai")
    path = {"notebook_path": "notes.ipynb"}
    await db.send(failed(run="before") | path)
    await db.send(opened() | path | {"class_id": CLASS}, end(run="after", second=9) | path)
    async with reading(db.engine) as connection:
        [ai] = (await read_grid(connection, CLASS, "notes.ipynb", None, None)).students
        runs = await read_executions(connection, RunFilter(class_id=CLASS))
    assert [(cell.tries, cell.status) for cell in ai.cells.values()] == [(1, "completed")]
    assert len(runs.executions) == 1


async def test_a_page_of_large_runs_is_shorter_and_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one run a page, however large; none is left out."""
    monkeypatch.setattr(reads, "MAX_PAGE_CHARACTERS", 2_500)
    output = [{"output_type": "stream", "name": "stdout", "text": "x" * 1_000}]
    await db.send(*(end(run=f"r{n}", second=n) | {"output": output} for n in range(5)))
    sizes: list[int] = []
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        after = None if cursor is None else parse_position(cursor)
        async with reading(db.engine) as connection:
            page = await read_executions(connection, RunFilter(student_id="ai", after=after))
        sizes.append(len(page.executions))
        seen |= {run.execution_id for run in page.executions}
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (sizes, len(seen)) == ([2, 2, 1], 5)


async def test_a_class_that_the_hub_no_longer_names_has_no_members(db: Database) -> None:
    await members(db, "ai")
    await db.store.replace_members({"other": {"ken": "student"}})
    rows = await db.rows("class_members")
    assert [(row["class_id"], row["student_id"]) for row in rows] == [("other", "ken")]


async def test_only_the_chosen_time_is_in_the_grid(db: Database) -> None:
    """`since` belongs to it, `until` does not; progress is of all times."""
    await members(db, "ai")
    await db.send(opened(), *(start(run=str(n), second=n) for n in range(5)))
    chosen = await grid(db, NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
    assert chosen.students[0].cells["c0"].tries == 2
    assert (await grid(db)).students[0].cells["c0"].tries == 5


async def test_a_student_with_two_notebooks_of_one_key_shows_the_one_used_last(
    db: Database,
) -> None:
    """Somebody kept the old one under another name and fetched a new one."""
    await members(db, "ai")
    await db.send(opened(), failed())
    await db.send(opened(notebook_path="old.ipynb", renamed_from=PATH))
    await db.send(opened(session_id="session-2"))
    await db.send(end(run="new", second=9, session_id="session-2"))
    [row] = (await grid(db)).students
    assert row.cells["c0"].status == "completed"
    await db.send(end(run="late", second=10, notebook_path="old.ipynb"))
    [row] = (await grid(db)).students
    assert row.cells["c0"].tries == 2


async def test_errors_come_newest_first_page_by_page(db: Database) -> None:
    """No error is shown twice or left out, also when new ones come in between."""
    await db.send(opened(), *(failed(run=str(n), second=n) for n in range(5)))

    async def page(before: int | None, **how: Any) -> Any:
        async with reading(db.engine) as connection:
            chosen = {"notebook_key": None, "since": None, "limit": 2} | how
            return await read_errors(connection, CLASS, before=before, **chosen)

    first = await page(None)
    await db.send(failed(run="new", second=50))
    second = await page(int(first.next_cursor))
    third = await page(int(second.next_cursor))
    times = [error.occurred_at.second for part in (first, second, third) for error in part.errors]
    assert times == [4, 3, 2, 1, 0]
    assert third.next_cursor is None
    newest = (await page(None, limit=9)).errors[0]
    assert newest.occurred_at.second == 50
    assert (await page(None, notebook_key="other")).errors == []
    assert len((await page(None, limit=9, since=NOON + timedelta(seconds=4))).errors) == 2
    assert first.errors[0].cell_key == "c0"


async def test_runs_of_one_time_are_paged_without_loss(db: Database) -> None:
    """The order is total: time, then session, then seq, then id."""
    runs = [start(run=f"r{n}", second=1, session_id=f"s{n % 3}") for n in range(7)]
    runs += [start(run=f"q{n}", second=1, seq=n) for n in range(3)]
    await db.send(*runs)
    shown, after = [], None
    async with reading(db.engine) as connection:
        while True:
            page = await read_executions(connection, RunFilter("ai", after=after, limit=2))
            shown += [run.execution_id for run in page.executions]
            if page.next_cursor is None:
                break
            after = parse_position(page.next_cursor)
    assert len(shown) == len(set(shown)) == 10


@pytest.mark.parametrize(
    "chosen",
    [
        RunFilter("ai", notebook_path="b.ipynb"),
        RunFilter("ai", notebook_key="b.ipynb"),
        RunFilter("ai", cell_id="only here"),
        RunFilter("ai", since=NOON + timedelta(seconds=7)),
        RunFilter("ai", until=NOON + timedelta(seconds=1)),
    ],
)
async def test_runs_are_chosen_by_notebook_cell_and_time(db: Database, chosen: RunFilter) -> None:
    """Each of these filters leaves one of two runs."""
    far = 7 if chosen.since else 0 if chosen.until else 2
    await db.send(
        start(run="other", second=1),
        start(run="wanted", second=far, notebook_path="b.ipynb", cell_id="only here"),
    )
    async with reading(db.engine) as connection:
        page = await read_executions(connection, chosen)
    assert [run.execution_id for run in page.executions] == ["wanted"]


async def test_a_classs_runs_are_those_of_its_notebooks_only(db: Database) -> None:
    """A student's other work is not the teacher's to see."""
    await db.send(
        opened(), start(run="shown"), start(run="own", notebook_path="own.ipynb", session_id="own")
    )
    await db.send(opened("ken"), start("ken", "kens"))
    async with reading(db.engine) as connection:
        of_class = await read_executions(connection, RunFilter(class_id=CLASS))
        of_ai = await read_executions(connection, RunFilter("ai", class_id=CLASS))
        all_of_ai = await read_executions(connection, RunFilter("ai"))
    assert sorted(run.execution_id for run in of_class.executions) == ["kens", "shown"]
    assert [run.execution_id for run in of_ai.executions] == ["shown"]
    assert len(all_of_ai.executions) == 2


async def test_a_lesson_begins_after_the_last_long_pause(db: Database) -> None:
    """Runs of a time that has not come yet say nothing of it."""
    minutes = [0, 10, 50, 60, 70]
    await db.send(opened(), *(start(run=f"{m}", second=60 * m) for m in minutes))
    await db.send(start("ken", "wrong clock", 20 * 3600))
    async with reading(db.engine) as connection:
        found = await read_class(connection, CLASS, "teacher", NOON + timedelta(minutes=75))
    assert found.lesson_started_at == NOON + timedelta(minutes=50)
    assert [(n.notebook_key, n.student_count) for n in found.notebooks] == [(PATH, 2)]


async def test_only_students_count_as_students(db: Database) -> None:
    """A teacher who tries the notebook is not one of 30 who are active."""
    await members(db, "ai", "ken", sensei="teacher")
    await db.send(opened())
    await db.send(opened("sensei"), who=person("sensei", "teacher"))
    async with reading(db.engine) as connection:
        [found] = (await read_classes(connection, {CLASS: "teacher"}, db.now())).classes
        later = await read_classes(connection, {CLASS: "teacher"}, NOON + timedelta(minutes=6))
    assert (found.student_count, found.active_students) == (2, 1)
    assert later.classes[0].active_students == 0


async def test_members_are_those_that_the_hub_names_now(db: Database) -> None:
    """Who has left is a member no more; what they did stays."""
    await db.send(opened())
    await members(db, "ken", sensei="teacher")
    async with reading(db.engine) as connection:
        found = await read_students(connection, CLASS, "", 10)
    assert [student.student_id for student in found.students] == ["ken"]
    assert len(await db.rows("notebooks")) == 1


async def test_students_are_paged_by_name(db: Database) -> None:
    """Each once."""
    names = [f"student-{n:02}" for n in range(5)]
    await members(db, *names)
    shown: list[str] = []
    async with reading(db.engine) as connection:
        while True:
            page = await read_students(connection, CLASS, shown[-1] if shown else "", 2)
            shown += [student.student_id for student in page.students]
            if page.next_cursor is None:
                break
    assert shown == names


async def test_progress_names_the_class_that_its_notebook_has_now(db: Database) -> None:
    """Also where the student chose it after the first opening."""
    await db.send(opened(notebook_path="x.ipynb"))
    await db.send(opened(notebook_path="x.ipynb", class_id=CLASS))
    async with reading(db.engine) as connection:
        [found] = (await read_progress(connection, "ai", None)).progress
    assert (found.class_id, found.total_cells) == (CLASS, 3)


async def test_an_unknown_end_is_no_failure(db: Database) -> None:
    """Nor a success."""
    await members(db, "ai")
    await db.send(opened(), start(), unknown())
    cell = (await grid(db)).students[0].cells["c0"]
    assert (cell.status, cell.tries, cell.failures) == ("unknown", 1, 0)
    assert cell.started_at is not None
    assert cell.started_at.isoformat() == at(1)
