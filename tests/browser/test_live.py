"""The teacher's grid moves with the students, without a reload."""

from statistics import median

import pytest
from playwright.async_api import expect

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext
from .hub import Hub, until
from .lab import Lab
from .teacher import Change, TeacherPage

pytestmark = pytest.mark.asyncio(loop_scope="package")
PATH = course.notebook_path("01-hello")
RUNS = 15
LIMIT_MS = 1_000


async def test_the_grid_changes_within_a_second_of_a_cells_end(
    hub: Hub, new_context: NewContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the end as the student's page sees it to the change of the teacher's page."""
    lab = await Lab.open(hub, await new_context(), "student-13", PATH)
    await lab.until_sent()
    teacher = await TeacherPage.open(hub, await new_context())
    await teacher.choose(PATH)
    await expect(teacher.page.locator('tr:has(th[title="student-13"])')).to_be_visible()
    await teacher.page.evaluate("window.loadedOnce = true")

    waits_ms = []
    for number in range(1, RUNS + 1):
        run = await lab.run_to_end(1, f"print({number})")
        done = "done" if number == 1 else f"done after {number} tries"

        def fits(change: Change, words: str = done) -> bool:
            return (change.student, change.column, change.words) == ("student-13", 0, words)

        waits_ms.append((await teacher.until_change(fits)).at - run.seen_at)
    with capsys.disabled():
        middle, worst = median(waits_ms), max(waits_ms)
        figures = f"median {middle:.0f} ms, worst {worst:.0f} ms"
        print(f"\ncell ended -> grid changed: {figures}")  # noqa: T201 - a figure to report
    assert min(waits_ms) > 0
    assert median(waits_ms) < LIMIT_MS
    assert await teacher.page.evaluate("window.loadedOnce") is True
    assert teacher.alarms == []


async def test_two_students_at_once_each_move_their_own_row(
    hub: Hub, new_context: NewContext
) -> None:
    """One is done, one fails three times and is called stuck; the error is in the list."""
    good = await Lab.open(hub, await new_context(), "student-13", PATH)
    bad = await Lab.open(hub, await new_context(), "student-11", PATH)
    await bad.until_sent()
    teacher = await TeacherPage.open(hub, await new_context())
    await teacher.choose(PATH)
    await teacher.page.evaluate("window.loadedOnce = true")
    for _ in range(3):
        await bad.run_to_end(3, "print(no_such_name)")
    await good.run_to_end(3, "print(1)")
    await until(lambda: teacher.last("student-11", 1) == "failed 3 times in a row")
    await until(lambda: teacher.last("student-13", 1).startswith("done"))
    errors = teacher.page.locator("aside.errors")
    await expect(errors).to_contain_text("NameError: name 'no_such_name' is not defined")
    await expect(errors).to_contain_text("student-11")
    assert (await teacher.words("student-11"))[0] == "not run"
    assert await teacher.page.evaluate("window.loadedOnce") is True
    assert teacher.alarms == []
