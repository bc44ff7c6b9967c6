"""The teacher's page in a real browser, and when its grid changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import BrowserContext, Locator, Page

from .hub import Hub, until
from .lab import READY_MS, log_in

WATCH = Path(__file__).with_name("page_watch.js").read_text()


@dataclass
class Change:
    """A cell of the grid said something new at `at` (ms since 1970, this machine's clock)."""

    at: float
    student: str | None
    column: int
    words: str


@dataclass
class TeacherPage:
    """The page of one class."""

    hub: Hub
    page: Page
    changes: list[Change] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, hub: Hub, context: BrowserContext, name: str = "sensei") -> "TeacherPage":
        """Log in and open the live page of the class."""
        teacher = cls(hub, await context.new_page())
        await context.expose_function("gridSeen", teacher._note)
        await context.expose_function("violationSeen", teacher._alarm)
        await context.add_init_script(WATCH)
        teacher.page.on("dialog", lambda dialog: teacher._alarm(f"dialog {dialog.message}"))
        teacher.page.on("pageerror", lambda error: teacher._alarm(f"error {error}"))
        await log_in(teacher.page, hub, name, "services/cell-monitor/classes/python-intro")
        await teacher.page.wait_for_selector("main")
        return teacher

    def _note(self, seen: dict[str, Any]) -> None:
        self.changes.append(Change(**seen))

    def _alarm(self, what: str) -> None:
        self.alarms.append(what)

    async def choose(self, notebook_key: str) -> None:
        """Look at one notebook, at any time."""
        await self.page.goto(
            f"{self.hub.service_url}classes/python-intro?range=all&notebook={quote(notebook_key)}"
        )
        await self.page.wait_for_selector("table.grid", timeout=READY_MS)

    async def words(self, student: str) -> list[str]:
        """What the grid says of each cell of a student."""
        row = self.page.locator(f'table.grid tr:has(th[title="{student}"]) td:not(.time)')
        return [await cell.get_attribute("aria-label") or "" for cell in await row.all()]

    def cell(self, student: str, column: int) -> Locator:
        """A cell of the grid."""
        row = self.page.locator(f'table.grid tr:has(th[title="{student}"]) td:not(.time)')
        return row.nth(column)

    def last(self, student: str, column: int) -> str:
        """What the grid said of a cell the last time that it changed."""
        said = [c.words for c in self.changes if (c.student, c.column) == (student, column)]
        return said[-1] if said else ""

    async def until_change(self, fits: Callable[[Change], bool]) -> Change:
        """Wait for a change of the grid."""
        await until(lambda: any(map(fits, self.changes)), what="a change of the grid")
        return next(change for change in self.changes if fits(change))
