"""A student's JupyterLab in a real browser, and what its kernels really did."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import BrowserContext, Page, expect

from .hub import PATIENCE_S, Hub, until

WATCH = Path(__file__).with_name("kernel_watch.js").read_text()
STATUS = ".jp-CellMonitor-statusItem button"
READY_MS = PATIENCE_S * 1000


@dataclass
class Run:
    """One run as the kernel told it: the times are the kernel's, `seen_at` is the page's (ms)."""

    code: str
    count: int
    started: str
    status: str = "running"
    error: str | None = None
    traceback: list[str] | None = None
    replied: str = ""
    idle: str = ""
    seen_at: float = 0.0

    @property
    def stored_status(self) -> str:
        """What the database shall call it."""
        if self.error == "KeyboardInterrupt":
            return "interrupted"
        return {"ok": "completed"}.get(self.status, self.status)

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.started)

    @property
    def ended_at(self) -> datetime:
        """The reply and the idle status, whichever came last."""
        return max(datetime.fromisoformat(self.replied), datetime.fromisoformat(self.idle))


@dataclass
class Lab:
    """A student's page."""

    hub: Hub
    name: str
    page: Page
    runs: dict[str, Run] = field(default_factory=dict)

    @classmethod
    async def open(cls, hub: Hub, context: BrowserContext, name: str, path: str) -> "Lab":
        """Start somebody's server and open a notebook; returns when its kernel is ready."""
        prepare_home(hub, name)
        async with hub.signed_in(name) as person:
            await person.start_server()
        lab = cls(hub, name, await context.new_page())
        await lab.watch(context, path)
        return lab

    async def watch(self, context: BrowserContext, path: str) -> None:
        """Open a notebook in this lab's page, and see what its kernel does."""
        await context.expose_function("kernelSeen", self._note)
        await context.add_init_script(WATCH)
        # nbgrader's notebooks name a kernel that no Jupyter has, so Lab asks for one.
        asked = self.page.locator('.jp-Dialog:has-text("Select Kernel") .jp-mod-accept')
        await self.page.add_locator_handler(asked, lambda button: button.click())
        await self.go(path)

    async def go(self, path: str) -> None:
        """Load the page with another notebook."""
        where = f"user/{self.name}/lab/tree/{quote(path)}?reset"
        await log_in(self.page, self.hub, self.name, where)
        await self.until_ready()

    def _note(self, seen: dict[str, Any]) -> None:
        # The two messages of a short run may arrive in either order.
        if seen["kind"] == "ended" or seen["id"] not in self.runs:
            self.runs[seen["id"]] = Run(**seen["run"])

    async def until_ready(self) -> None:
        """Wait for the kernel: a key pressed earlier is dropped without a word."""
        idle = self.page.locator("#jp-main-statusbar").get_by_text(
            re.compile(r"\| (Idle|アイドル)")
        )
        await expect(idle).to_be_visible(timeout=READY_MS)
        await self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.model")

    async def command(self, name: str) -> None:
        """Run one of the Lab's commands on the notebook in front."""
        await self.page.evaluate("name => void window.jupyterapp.commands.execute(name)", name)

    async def accept(self) -> None:
        """Say yes to the dialog that asks."""
        await self.page.click(".jp-Dialog button.jp-mod-accept")

    async def cells(self) -> list[dict[str, Any]]:
        """The notebook as the page has it."""
        found: list[dict[str, Any]] = await self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        )
        return found

    async def type(self, index: int, code: str) -> None:
        """Replace the source of a cell with the keyboard."""
        await self._go_to(index)
        await self.page.keyboard.press("Enter")
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(code)

    async def run(self, index: int, code: str | None = None) -> None:
        """Run a cell with Shift+Enter, with new `code` where given; does not wait for its end."""
        if code is None:
            await self._go_to(index)
        else:
            await self.type(index, code)
        await self.page.keyboard.press("Shift+Enter")

    async def run_to_end(self, index: int, code: str | None = None) -> Run:
        """Run a cell and wait until the kernel has ended it."""
        before = len(self.ended)
        await self.run(index, code)
        await until(lambda: len(self.ended) > before, what=f"the end of cell {index}")
        return self.ended[-1]

    async def _go_to(self, index: int) -> None:
        await self.page.evaluate(
            """index => {
              const { content } = window.jupyterapp.shell.currentWidget;
              content.activeCellIndex = index;
              content.mode = 'command';
              content.activate();
            }""",
            index,
        )
        await self.page.wait_for_function(
            "document.activeElement.closest('.jp-Notebook.jp-mod-commandMode') !== null"
        )

    @property
    def ended(self) -> list[Run]:
        return [run for run in self.runs.values() if run.seen_at]

    @property
    def running(self) -> list[Run]:
        return [run for run in self.runs.values() if not run.seen_at]

    async def until_ended(self, count: int) -> None:
        """Wait until so many runs, or more, have ended and no cell of the notebook waits.

        How many cells of "Run All" a kernel runs after an error depends on how fast they come.
        """
        await until(lambda: len(self.ended) >= count, what=f"{count} runs to end")
        await self.page.wait_for_function(
            """() => window.jupyterapp.shell.currentWidget.content.widgets.every(
              cell => cell.model.executionState !== 'running'
            )"""
        )
        await until(lambda: not self.running, what="all runs to end")

    async def until_waiting(self, count: int) -> None:
        """Wait until the status bar says that so many events, or more, are not sent yet."""
        await self.page.wait_for_function(
            "([item, count]) => Number(document.querySelector(item)?.dataset.waiting) >= count",
            arg=[STATUS, count],
        )

    async def until_sent(self) -> None:
        """Wait until the status bar says that all is sent."""
        sent = f'{STATUS}[data-state="sent"][data-waiting="0"]'
        await self.page.wait_for_selector(sent, timeout=READY_MS)


async def log_in(page: Page, hub: Hub, name: str, where: str) -> None:
    """Log in to the Hub with the form that people use, and go to `where`."""
    await page.goto(f"{hub.url}hub/login?next=%2Fhub%2Fhome")
    if await page.locator("#username_input").count():
        await page.fill("#username_input", name)
        await page.fill("#password_input", hub.password)
        await page.click("#login_submit")
        await page.wait_for_url(lambda url: "/hub/login" not in url, wait_until="commit")
    await page.goto(f"{hub.url}{where}", timeout=READY_MS)


def prepare_home(hub: Hub, name: str) -> Path:
    """A home whose Lab can be driven from a test."""
    home = hub.home(name)
    folder = home / ".jupyter"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"LabApp": {"expose_app_in_browser": True}}
    (folder / "jupyter_lab_config.json").write_text(json.dumps(settings))
    return home
