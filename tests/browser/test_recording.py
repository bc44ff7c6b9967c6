"""Each real run is recorded once, as the kernel ran it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .conftest import NewContext, copy_assignment
from .hub import Hub, until
from .lab import Lab, Run, prepare_home

pytestmark = pytest.mark.asyncio(loop_scope="package")


def moment(text: str) -> datetime:
    """A time as SQLite keeps it."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_told(run: Run) -> tuple[Any, ...]:
    return (run.count, run.stored_status, run.code, run.started_at, run.ended_at, run.error)


def as_stored(row: dict[str, Any]) -> tuple[Any, ...]:
    times = [moment(row[name]) for name in ("started_at", "ended_at")]
    return (row["execution_count"], row["status"], row["code"], *times, row["error_name"])


async def check_all_recorded(hub: Hub, lab: Lab, path: str) -> list[dict[str, Any]]:
    """The database holds exactly the runs that the kernels told of, each with its own times."""
    await lab.until_sent()
    told = sorted(map(as_told, lab.ended), key=lambda run: run[3])
    await until(lambda: len(hub.executions(lab.name, path)) >= len(told), what="all runs stored")
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
    async with hub.signed_in("student-11") as student:
        await student.start_server()
    lab = await Lab.open(hub, await new_context(), "student-11", path)
    code = [n for n, cell in enumerate(await lab.cells()) if cell["cell_type"] == "code"]
    name, squares, try_squares, *_ = code

    await lab.command("notebook:run-all-cells")
    await lab.until_ended(3)
    assert [run.stored_status for run in lab.ended] == ["completed", "completed", "error"]

    await lab.run_to_end(squares, "def squares(n):\n    return [i * i for i in range(1, n + 1)]")
    assert (await lab.run_to_end(try_squares)).status == "ok"

    await lab.run(name, "import time\ntime.sleep(600)")
    await until(lambda: bool(lab.running), what="the endless run")
    await lab.command("notebook:interrupt-kernel")
    await lab.until_ended(6)
    assert lab.ended[-1].stored_status == "interrupted"

    await lab.type(name, 'NAME = "学生 11"')
    await lab.command("notebook:restart-run-all")
    await lab.accept()
    await until(lambda: len(lab.ended) >= 9 and not lab.running, 60, "Run All after the restart")

    rows = await check_all_recorded(hub, lab, path)
    assert rows[-1]["execution_count"] < len(rows), "the restarted kernel counts anew"
