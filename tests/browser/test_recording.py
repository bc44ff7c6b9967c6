"""Each real run is recorded once, as the kernel ran it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext, copy_assignment
from .hub import Hub, until
from .lab import Lab, Run, prepare_home

COURSE = Path(course.__file__).parent
ours = course.notebook_path
pytestmark = pytest.mark.asyncio(loop_scope="package")


def moment(text: str) -> datetime:
    """A time as SQLite keeps it."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_told(run: Run) -> tuple[Any, ...]:
    error = None if run.stored_status == "interrupted" else run.error
    return (run.count, run.stored_status, run.code, run.started_at, run.ended_at, error)


def as_stored(row: dict[str, Any]) -> tuple[Any, ...]:
    times = [moment(row[name]) for name in ("started_at", "ended_at")]
    return (row["execution_count"], row["status"], row["code"], *times, row["error_name"])


async def check_all_recorded(hub: Hub, lab: Lab, path: str) -> list[dict[str, Any]]:
    """The database holds exactly the runs that the kernels told of, each with its own times."""
    await lab.until_sent()
    told = sorted(map(as_told, lab.ended), key=lambda run: run[3])
    await until(
        lambda: sum(bool(row["ended_at"]) for row in hub.executions(lab.name, path)) >= len(told),
        what="all runs stored to their end",
    )
    rows = hub.executions(lab.name, path)
    assert [as_stored(row) for row in rows] == told
    assert all(moment(row["started_at"]) <= moment(row["ended_at"]) for row in rows)
    assert {row["of_class"] for row in rows} == {"python-intro"}
    return rows


async def test_all_runs_of_an_nbgrader_assignment(
    hub: Hub, nbgrader_assignment: Path, new_context: NewContext
) -> None:
    """Run All with an error, corrections, an interrupt, a kernel restart, Run All again."""
    path = copy_assignment(nbgrader_assignment, prepare_home(hub, "student-11")) + "/problem1.ipynb"
    lab = await Lab.open(hub, await new_context(), "student-11", path)
    code = [n for n, cell in enumerate(await lab.cells()) if cell["cell_type"] == "code"]
    name, squares, try_squares, *_ = code

    await lab.command("notebook:run-all-cells")
    await lab.until_ended(3)
    first = [run.stored_status for run in lab.ended[:3]]
    assert first == ["completed", "completed", "error"]

    await lab.run_to_end(squares, "def squares(n):\n    return [i * i for i in range(1, n + 1)]")
    assert (await lab.run_to_end(try_squares)).status == "ok"

    await lab.run(name, "import time\ntime.sleep(600)")
    await until(lambda: bool(lab.running), what="the endless run")
    await lab.command("notebook:interrupt-kernel")
    await lab.until_ended(len(lab.runs))
    assert lab.ended[-1].stored_status == "interrupted"

    before = len(lab.ended)
    await lab.type(name, 'NAME = "学生 11"')
    await lab.command("notebook:restart-run-all")
    await lab.accept()
    await lab.until_ended(before + 3)

    rows = await check_all_recorded(hub, lab, path)
    assert rows[-1]["execution_count"] < len(rows), "the restarted kernel counts anew"


async def test_all_runs_of_one_of_our_notebooks(hub: Hub, new_context: NewContext) -> None:
    """Run All of two notebooks, each with a kernel of its own, and each keeps its own runs."""
    lab = await Lab.open(hub, await new_context(), "student-12", ours("01-hello"))
    await lab.command("notebook:run-all-cells")
    await lab.until_ended(3)
    await check_all_recorded(hub, lab, ours("01-hello"))
    errors = hub.rows("SELECT * FROM error_logs WHERE student_id = ? ORDER BY cursor", "student-12")
    failed = [run.traceback for run in lab.ended if run.error]
    assert [json.loads(error["traceback"]) for error in errors] == failed != []
    earlier = dict(lab.runs)

    lab.runs.clear()
    await lab.go(ours("02-conditions"))
    await lab.command("notebook:run-all-cells")
    await lab.until_ended(2)
    await check_all_recorded(hub, lab, ours("02-conditions"))
    lab.runs = earlier
    await check_all_recorded(hub, lab, ours("01-hello"))


SHUT_DOWN = "window.jupyterapp.commands.execute('notebook:shutdown-kernel').then(() => null)"
RUN_EARLY = """
  const { commands, shell } = window.jupyterapp;
  const notebook = shell.currentWidget;
  const kernel = notebook?.sessionContext?.session?.kernel;
  if (!kernel || !notebook.content?.model) {
    return null;
  }
  const { connectionStatus } = kernel;
  notebook.content.activeCellIndex = INDEX;
  void commands.execute('notebook:run-cell');
  return connectionStatus;
"""


async def test_a_cell_that_is_run_before_its_kernel_is_connected_is_recorded(
    hub: Hub, new_context: NewContext
) -> None:
    """JupyterLab keeps the request until the kernel answers."""
    path = ours("02-conditions")
    lab = await Lab.open(hub, await new_context(), "student-13", path)
    cells = await lab.cells()
    index = next(n for n, cell in enumerate(cells) if cell["cell_type"] == "code")
    early = RUN_EARLY.replace("INDEX", str(index))
    connection = None
    # A page that stood still for a moment finds its kernel connected already.
    while connection != "connecting":
        before = len(hub.executions("student-13", path))
        await lab.page.evaluate(SHUT_DOWN)
        await lab.page.reload()
        found = await lab.page.wait_for_function(
            f"(() => {{ if (!window.jupyterapp) return; {early} }})()"
        )
        connection = await found.json_value()
        await until(lambda: len(hub.executions("student-13", path)) > before, what="the run")  # noqa: B023


async def test_a_notebook_of_no_class_leaves_no_row(hub: Hub, new_context: NewContext) -> None:
    """The sidebar says that it is not recorded; the next notebook, of a class, is."""
    home = prepare_home(hub, "student-12")
    source = home / ours("01-hello")
    if not source.exists():
        source = COURSE / "01-hello" / "01-hello.ipynb"
    (home / "mine.ipynb").write_bytes(source.read_bytes())
    lab = await Lab.open(hub, await new_context(), "student-12", "mine.ipynb")
    await lab.command("cell-monitor:open")
    await expect(lab.page.locator("#jp-CellMonitor-panel")).to_contain_text("Not recorded")
    await lab.run_to_end(1)
    await lab.go(ours("02-conditions"))
    await lab.run_to_end(1, "marker = 'after mine'")
    await lab.until_sent()
    await until(
        lambda: any("after mine" in run["code"] for run in hub.executions("student-12")),
        what="the run after it",
    )
    assert hub.executions("student-12", "mine.ipynb") == []
    assert hub.rows("SELECT * FROM notebooks WHERE path = 'mine.ipynb'") == []
    assert hub.rows("SELECT * FROM sessions WHERE notebook_path = 'mine.ipynb'") == []
    assert hub.rows("SELECT * FROM other_events WHERE payload LIKE '%mine.ipynb%'") == []
