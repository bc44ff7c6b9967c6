"""A student's JupyterLab in a real Chromium that runs one cell after the other by itself."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser.conftest import VIEW
from browser.hub import Hub
from browser.lab import Lab, prepare_home
from playwright.async_api import Browser, CDPSession

from .main_thread import CATEGORIES, MARKS_ONLY, Frame, Window, read_marked, read_trace

EXTENSION = "/extensions/jupyter-cell-monitor/"
PATH = "assignments/python-intro/recorder/recorder.ipynb"
DRIVER = Path(__file__).with_name("recorder_driver.js").read_text("utf-8")
WATCH = Path(__file__).with_name("recorder_watch.js").read_text("utf-8")
CELLS = 40
CODES = (
    "for line in range(20):\n    print('line', line, flush=True)",
    "from IPython.display import HTML\nrow = '<tr>' + '<td>0.123456</td>' * 8 + '</tr>'\n"
    "HTML('<table>' + row * 20 + '</table>')",
    "def ratio(number):\n    return 1 / number\n\ndef first(number):\n    return ratio(number)\n\n"
    "first(0)",
    "import base64, random\nfrom IPython.display import display\n"
    "image = base64.b64encode(random.randbytes(6000)).decode()\n"
    "display({'image/png': image}, raw=True)",
    "print('\\n'.join(f'{line:06} the quick brown fox jumps over' for line in range(1600)))",
    "import time\ntime.sleep(0.15)\n[number**2 for number in range(300)]",
)


@dataclass(frozen=True)
class Size:
    """How much is measured. `pause_ms` lies after each run, so that its sending is in its time."""

    runs: int = 300
    profiled_runs: int = 100
    runs_a_trace: int = 50
    warm_up_runs: int = 30
    starts: int = 10
    plain_rounds: int = 4
    pause_ms: int = 450


@dataclass(frozen=True)
class Student:
    """Who works, and with which extension: `labextensions` is a folder with another build."""

    name: str
    labextensions: Path | None = None
    is_enabled: bool = True
    is_watched: bool = False


@dataclass
class Worker:
    """A student's Lab that runs by itself."""

    browser: Browser
    lab: Lab
    cdp: CDPSession
    size: Size
    ran: int = 0

    @classmethod
    async def open(cls, hub: Hub, browser: Browser, student: Student, size: Size) -> "Worker":
        """Open a notebook of 40 cells and let the Lab warm up."""
        _prepare(hub, student)
        context = await browser.new_context(**VIEW)
        await context.add_init_script("performance.mark('start:begin')")
        if student.is_watched:
            await context.add_init_script(WATCH)
        lab = await Lab.open(hub, context, student.name, PATH)
        if student.is_enabled:
            await lab.until_sent()
        cdp = await context.new_cdp_session(lab.page)
        await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        worker = cls(browser, lab, cdp, size)
        await worker._run(size.warm_up_runs)
        return worker

    async def cpu_of_runs(self, count: int) -> float:
        """Processor time in ms that the whole main thread takes for a run."""
        await self.lab.page.bring_to_front()
        await self._run(3)
        before = await self._task_s()
        await self._run(count)
        return (await self._task_s() - before) * 1000 / count

    async def marked_runs(self, count: int) -> list[Window]:
        """Run so many cells; what the extension does at once, by the name of its slot."""
        return read_marked(await self._traced(count, MARKS_ONLY), "run:")

    async def profiled_runs(self, count: int) -> list[Window]:
        """Run so many cells, with the profiler."""
        return read_trace(await self._traced(count, CATEGORIES), "run:", label)

    async def profiled_start(self) -> Window:
        """Load the page again, from its first script until the notebook is recorded."""
        page = self.lab.page
        await self.browser.start_tracing(page=page, categories=list(CATEGORIES))
        await page.reload()
        await self.lab.until_ready()
        await self.lab.until_sent()
        await page.evaluate("performance.mark('start:end')")
        trace = await self.browser.stop_tracing()
        [window] = read_trace(trace, "start:", label)
        return window

    async def _traced(self, count: int, categories: tuple[str, ...]) -> bytes:
        await self.lab.page.bring_to_front()
        await self.browser.start_tracing(page=self.lab.page, categories=list(categories))
        await self._run(count)
        return await self.browser.stop_tracing()

    async def _task_s(self) -> float:
        metrics = (await self.cdp.send("Performance.getMetrics"))["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    async def _run(self, count: int) -> None:
        await self.lab.page.evaluate(DRIVER)
        given = {"count": count, "first": self.ran, "pauseMs": self.size.pause_ms}
        script = "([codes, given]) => window.cellMonitorBenchmark.run(codes, given)"
        await self.lab.page.evaluate(script, [list(CODES), given])
        self.ran += count


def label(stack: list[Frame]) -> str | None:
    """All that has a function of the extension on its stack."""
    return "own" if any(EXTENSION in frame.get("url", "") for frame in stack) else None


def _prepare(hub: Hub, student: Student) -> None:
    home = prepare_home(hub, student.name)
    config = home / ".jupyter" / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    disabled = {} if student.is_enabled else {"jupyter-cell-monitor": True}
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    if student.labextensions is not None:
        found = {"LabApp": {"extra_labextensions_path": [str(student.labextensions)]}}
        (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(found))
    notebook = home / PATH
    notebook.parent.mkdir(parents=True)
    notebook.write_text(json.dumps(_notebook()))


def _notebook() -> dict[str, Any]:
    source = "\n".join(f"value_{line} = {line} ** 2" for line in range(20))
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": f"# {number}\n{source}",
            "outputs": [],
            "execution_count": None,
        }
        for number in range(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
