"""Runs outlive the page, or the notebook, that began them."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext
from .hub import PATIENCE_S, POLL_S, Hub, until
from .lab import READY_MS, Lab, prepare_home
from .test_recording import moment

ours = course.notebook_path
pytestmark = pytest.mark.asyncio(loop_scope="package")

WAIT = """import pathlib, time
here = pathlib.Path(".")
while not (here / "go-on").exists():
    time.sleep(0.05)
"""
WAITING = f"{WAIT}print('went on')"


async def until_kernels(hub: Hub, name: str, field: str, value: object) -> None:
    """Wait until somebody's server says so of all kernels."""
    headers = {"Authorization": f"token {hub.server_token(name)}"}
    url = f"{hub.url}user/{name}/api/kernels"
    async with ClientSession(headers=headers) as session, asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(url) as response:
                kernels = await response.json()
            if all(kernel[field] == value for kernel in kernels):
                return
            await asyncio.sleep(POLL_S)


class WaitingRun:
    """A run that goes on until the test lets it end."""

    def __init__(self, hub: Hub, lab: Lab, path: str) -> None:
        self.hub, self.lab, self.path = hub, lab, path
        self.folder = (hub.home(lab.name) / path).parent
        self.count = len(hub.executions(lab.name, path))
        (self.folder / "go-on").unlink(missing_ok=True)

    @property
    def row(self) -> dict[str, Any] | None:
        rows = self.hub.executions(self.lab.name, self.path)
        assert len(rows) <= self.count + 1, "the run is recorded once"
        return rows[self.count] if len(rows) > self.count else None

    async def begin(self) -> None:
        cells = await self.lab.cells()
        index = next(n for n, cell in enumerate(cells) if cell["cell_type"] == "code")
        await self.lab.run(index, WAITING)
        await until(lambda: self.row is not None, what="the start")

    async def end(self) -> None:
        (self.folder / "go-on").touch()
        await until_kernels(self.hub, self.lab.name, "execution_state", "idle")

    async def check_complete(self) -> None:
        await until(lambda: (self.row or {})["status"] != "running", what="the end of the run")
        row = self.row or {}
        assert (row["status"], row["code"]) == ("completed", WAITING)
        assert row["started_at"] < row["ended_at"]
        assert "went on" in row["output"]


async def test_a_reload_in_mid_run_records_the_run_once(hub: Hub, new_context: NewContext) -> None:
    """The page is loaded again while a cell runs, and sees its end: one row, complete."""
    path = ours("03-loops")
    lab = await Lab.open(hub, await new_context(), "student-12", path)
    run = WaitingRun(hub, lab, path)
    await run.begin()
    await lab.page.reload()
    await lab.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.model")
    await lab.command("cell-monitor:open")
    panel = lab.page.locator("#jp-CellMonitor-panel")
    await expect(panel).to_contain_text("1 cell running", timeout=READY_MS)
    await run.end()
    await run.check_complete()
    await expect(panel).not_to_contain_text("1 cell running")


IS_CLOSED = "!window.jupyterapp.shell.currentWidget?.context"
# The notebook's own connection to its kernel is made, and is the only one.
IS_ALONE = """async () => {
  const notebook = window.jupyterapp?.shell.currentWidget;
  const kernel = notebook?.sessionContext?.session?.kernel;
  if (kernel?.connectionStatus !== 'connected') {
    return false;
  }
  const { baseUrl } = kernel.serverSettings;
  const answer = await fetch(`${baseUrl}api/kernels/${kernel.id}`);
  return (await answer.json()).connections === 1;
}"""


@pytest.mark.parametrize(
    ("reopened", "is_loaded_twice"),
    [("03-loops", False), ("02-conditions", False), ("03-loops", True)],
)
async def test_a_run_that_ends_while_no_page_is_open_is_recorded_by_the_next(
    hub: Hub, new_context: NewContext, reopened: str, is_loaded_twice: bool
) -> None:
    """With its output and the kernel's times, whether its notebook is opened again or not."""
    path = ours("03-loops")
    lab = await Lab.open(hub, await new_context(), "student-12", path)
    run = WaitingRun(hub, lab, path)
    await run.begin()
    if is_loaded_twice:
        await lab.page.reload()
        await lab.page.wait_for_function(IS_ALONE)
    await lab.page.goto("about:blank")
    await run.end()
    opened_at = datetime.now(UTC)
    await lab.go(ours(reopened))
    await run.check_complete()
    assert moment((run.row or {})["ended_at"]) < opened_at


async def test_a_run_goes_on_when_its_notebook_is_closed(hub: Hub, new_context: NewContext) -> None:
    """The tab of the notebook is closed in mid-run, the page stays: one row, complete."""
    path = ours("03-loops")
    lab = await Lab.open(hub, await new_context(), "student-12", path)
    run = WaitingRun(hub, lab, path)
    await run.begin()
    await lab.command("application:close")
    await lab.accept()
    await lab.page.wait_for_function(IS_CLOSED)
    await run.end()
    await run.check_complete()


HAS_KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"


async def test_an_endless_loop_that_prints_is_interrupted_after_a_reload(
    hub: Hub, new_context: NewContext
) -> None:
    """The server holds most of its output back, and the end is recorded all the same."""
    path = ours("03-loops")
    lab = await Lab.open(hub, await new_context(), "student-12", path)
    before = len(hub.executions(lab.name, path))
    index = next(n for n, cell in enumerate(await lab.cells()) if cell["cell_type"] == "code")
    await lab.run(index, "while True:\n    print('an endless loop, an endless loop')")
    await until(lambda: len(hub.executions(lab.name, path)) > before, what="the start")
    await lab.page.reload()
    await lab.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.model")
    await lab.command("cell-monitor:open")
    panel = lab.page.locator("#jp-CellMonitor-panel")
    await expect(panel).to_contain_text("1 cell running", timeout=READY_MS)
    await lab.page.wait_for_function(HAS_KERNEL)
    await lab.command("notebook:interrupt-kernel")
    await until(
        lambda: hub.executions(lab.name, path)[before]["status"] != "running", what="the end"
    )
    [row] = hub.executions(lab.name, path)[before:]
    assert row["status"] == "interrupted"


QUEUED = 10
PAUSE = "import time\ntime.sleep(0.3)\n"


def write_queue(hub: Hub, name: str) -> str:
    """A notebook whose second cell waits, and whose others take a while together; its path."""
    path = "assignments/python-intro/queue/queue.ipynb"
    file = prepare_home(hub, name) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    cells: list[dict[str, Any]] = [
        {
            "id": f"cell-{n}",
            "cell_type": "code",
            "source": f"{WAIT if n == 1 else PAUSE}print('cell', {n})",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n in range(QUEUED)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    file.write_text(json.dumps(notebook))
    (file.parent / "go-on").unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("way", ["reloaded", "left", "closed"])
async def test_run_all_is_recorded_whole_when_its_page_goes_meanwhile(
    hub: Hub, new_context: NewContext, way: str
) -> None:
    """Each cell that waited is run by the kernel, and recorded once with its output."""
    name = "student-14"
    path = write_queue(hub, name)
    lab = await Lab.open(hub, await new_context(), name, path)
    before = len(hub.executions(name, path))
    await lab.command("notebook:run-all-cells")
    await until(lambda: len(hub.executions(name, path)) >= before + 2, what="the second cell")
    if way == "reloaded":
        await lab.page.reload()
    elif way == "left":
        await lab.page.goto("about:blank")
        await until_kernels(hub, name, "connections", 0)
    else:
        await lab.command("application:close")
        await lab.accept()
        await lab.page.wait_for_function(IS_CLOSED)
    # What the kernel says in the moment in which the page goes is said to nobody.
    (hub.home(name) / path).with_name("go-on").touch()
    if way == "left":
        await lab.go(ours("01-hello"))

    def ended() -> list[dict[str, Any]]:
        rows = hub.executions(name, path)[before:]
        return [row for row in rows if row["status"] != "running"]

    await until(lambda: len(ended()) == QUEUED, what="all cells to end")
    rows = ended()
    assert len({row["code"] for row in rows}) == QUEUED
    assert all(moment(row["started_at"]) <= moment(row["ended_at"]) for row in rows)
    assert {row["status"] for row in rows} == {"completed"}
    assert all("cell" in row["output"] for row in rows)
