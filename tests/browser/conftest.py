"""One real JupyterHub and one real Chromium for all of these tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    Playwright,
    async_playwright,
    expect,
)

from .hub import PATIENCE_S, Hub, start_hub

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEW: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US"}
NewContext = Callable[..., Any]
RESULTS = Path("test-results")
# `CELL_MONITOR_IMAGES=1` makes the pictures of the documentation anew, of a class at work.
NEW_IMAGES = bool(os.environ.get("CELL_MONITOR_IMAGES"))
SIMULATED = 30
FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, Any]:
    """Remember whether a test failed, so that its pages can be shown."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = Path(tmp_path_factory.mktemp("hub")).resolve()
    hub = start_hub(folder, SIMULATED if NEW_IMAGES else 0)
    yield hub
    hub.stop()


@pytest.fixture(scope="package")
def nbgrader_assignment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `ps1`, the released assignment of nbgrader's own example course."""
    folder = tmp_path_factory.mktemp("nbgrader")
    for command in (["quickstart", "example"], ["generate_assignment", "ps1", "--no-db"]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=folder if command[0] == "quickstart" else folder / "example",
            env={**os.environ, "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return folder / "example" / "release" / "ps1"


def copy_assignment(assignment: Path, home: Path) -> str:
    """Copy `ps1` where the class keeps its assignments; the folder's path in the home."""
    path = "assignments/python-intro/ps1"
    shutil.copytree(assignment, home / path, dirs_exist_ok=True)
    return path


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="package")
async def new_context(
    browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[NewContext]:
    """Makes a browser of one person's own: cookies, storage, language, theme."""
    async with AsyncExitStack() as stack:
        made: list[BrowserContext] = []

        async def make(**settings: Any) -> BrowserContext:
            context = await browser.new_context(**{**VIEW, **settings})
            context.set_default_timeout(PATIENCE_S * 1000)
            made.append(await stack.enter_async_context(context))
            return context

        yield make
        if request.node.stash.get(FAILED, False):
            await show(made, request.node.name)


async def show(contexts: list[BrowserContext], test: str) -> None:
    """Keep pictures of the pages of a test that failed."""
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages):
        await page.screenshot(path=RESULTS / f"{test}-{number}.png")
