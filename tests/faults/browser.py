"""A student at a real Chromium and a real JupyterLab, whose browser may be killed."""

import asyncio
import contextlib
import json
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from browser.conftest import CHROMIUM, FLAGS, VIEW
from browser.hub import PATIENCE_S, until
from playwright.async_api import BrowserContext, Page, Playwright, expect
from playwright.async_api import Error as PlaywrightError

from .actors import send_to_all
from .ledger import Ledger
from .stack import Stack

WATCH = Path(__file__).with_name("watch.js").read_text()
CODE = ["x = 6\nprint(x * 7)", "import time; time.sleep(0.05)\nx", "print('語' * 300)", "1 / 0"]
READY_MS = PATIENCE_S * 1000
# What the kernel still says of the last runs has come by then.
CALM_S = 1.0
POLL_S = 0.1
KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel"
WAITING = """async () => {
  let waiting = 0;
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const store of ['events', 'losses'].filter(one => db.objectStoreNames.contains(one))) {
      const counting = db.transaction(store).objectStore(store).count();
      waiting += await new Promise(resolve => {
        counting.onsuccess = () => resolve(counting.result);
      });
    }
    db.close();
  }
  return waiting;
}"""


class LabStudent:
    """One student, one notebook, one profile; page loads follow each other."""

    def __init__(self, stack: Stack, name: str, folder: Path, playwright: Playwright) -> None:
        self.name = name
        self.ledger = Ledger(file=folder / "ledger.jsonl")
        self._stack = stack
        self._profile = folder / "profile"
        self._playwright = playwright
        self._path = "assignments/python-intro/faults/lab.ipynb"
        self._context: BrowserContext | None = None
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        assert self._page is not None, "the browser is closed"
        return self._page

    @property
    def is_open(self) -> bool:
        return self._page is not None

    async def open(self) -> None:
        """Open the browser with its profile, log in where needed, and open the notebook."""
        self._write_notebook()
        self._context = await self._playwright.chromium.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, args=FLAGS, **VIEW
        )
        self._context.set_default_timeout(READY_MS)
        await self._context.expose_function("ledger", self._take)
        await self._context.add_init_script(WATCH)
        self._page = await self._context.new_page()
        await self.load()

    def _take(self, report: str) -> None:
        self.ledger.take(json.loads(report))

    def _write_notebook(self) -> None:
        file = self._stack.folder / "home" / self.name / self._path
        if file.exists():
            return
        cell: dict[str, Any] = {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        cells = [{**cell, "id": f"cell-{n}", "source": code} for n, code in enumerate(CODE)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {
            "cells": cells,
            "metadata": {"kernelspec": kernel},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(notebook))

    async def load(self) -> None:
        """Load the page, as a student who reloads it."""
        lab = f"{self._stack.url}user/{self.name}/lab/tree/{quote(self._path)}?reset"
        await self.page.goto(lab, timeout=READY_MS)
        if await self.page.locator("#username_input").count():
            await self.page.fill("#username_input", self.name)
            await self.page.fill("#password_input", self._stack.password)
            await self.page.click("#login_submit")
        await self.until_idle()

    async def until_idle(self) -> None:
        """The kernel answers and does nothing."""
        idle = self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle"))
        await expect(idle).to_be_visible(timeout=READY_MS)
        await self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.model")

    async def reconnect(self) -> None:
        """Have the page talk to its kernel again now, as the menu can; it tries later and later."""
        if await self.page.evaluate(f"{KERNEL}?.connectionStatus") != "connected":
            await self.page.evaluate(f"void {KERNEL}?.reconnect()")
        await self.page.wait_for_function(f"{KERNEL}?.connectionStatus === 'connected'")

    async def command(self, name: str) -> None:
        """Run one of the Lab's commands without waiting for its end."""
        await self.page.evaluate("name => void window.jupyterapp.commands.execute(name)", name)

    async def work(self) -> None:
        """Run all cells: four runs, the last an error."""
        await self.command("notebook:run-all-cells")

    async def waiting(self) -> int:
        """How many events and losses its IndexedDB holds."""
        return int(await self.page.evaluate(WAITING))

    async def drain(self) -> None:
        """Wait until all cells have run and are answered for; asks to send, as a student can."""
        async with asyncio.timeout(PATIENCE_S):
            calm_s = 0.0
            while calm_s < CALM_S:
                kept = len(self.ledger.kept)
                await self.command("cell-monitor:send")
                await asyncio.sleep(POLL_S)
                is_idle = await self.page.evaluate(f"{KERNEL}?.status === 'idle'")
                is_calm = is_idle and not await self.waiting() and len(self.ledger.kept) == kept
                calm_s = calm_s + POLL_S if is_calm else 0.0

    async def until_kept(self, count: int, timeout_s: float = PATIENCE_S) -> None:
        """Wait until so many events were ever in the queue."""
        await until(lambda: len(self.ledger.kept) >= count, timeout_s, f"{count} events")

    def process(self) -> psutil.Process | None:
        """The browser's main process."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                command = process.cmdline()
                is_main = not any(word.startswith("--type=") for word in command)
                if f"--user-data-dir={self._profile}" in command and is_main:
                    return process
        return None

    async def kill(self) -> None:
        """End the browser as a power cut does."""
        await asyncio.to_thread(send_to_all, self.process(), signal.SIGKILL)
        self.ledger.is_cut_off = True
        await self._forget()

    async def close(self) -> None:
        """Close the browser."""
        self.resume()
        if self._context is not None:
            await self._ignoring(self._context.close)
        self._context = self._page = None

    async def _forget(self) -> None:
        if self._context is not None:
            await self._ignoring(self._context.close)
        self._context = self._page = None

    @staticmethod
    async def _ignoring(close: Callable[[], Awaitable[None]]) -> None:
        # It may be gone already.
        with contextlib.suppress(PlaywrightError):
            await close()

    def suspend(self) -> None:
        """A laptop whose lid is closed."""
        send_to_all(self.process(), signal.SIGSTOP)

    def resume(self) -> None:
        """The lid is open."""
        send_to_all(self.process(), signal.SIGCONT)
