"""What a student's browser has no room for on its disk is recorded all the same."""

import asyncio

import pytest
from playwright.async_api import Dialog, Page, expect

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext
from .hub import Hub, until
from .lab import READY_MS, Lab
from .test_recording import check_all_recorded

pytestmark = pytest.mark.asyncio(loop_scope="package")
PATH = course.notebook_path("02-conditions")
NAME = "student-14"
EVENTS = "**/api/v1/events?*"
# The browser looks how much room there is every half minute.
LOOKED_AGAIN_S = 120
POLL_S = 0.5


async def set_quota(page: Page, quota_bytes: int | None) -> None:
    """Let the browser give the page's origin so much disk; None: as much as there is."""
    told = await page.context.new_cdp_session(page)
    origin = await page.evaluate("location.origin")
    quota = {} if quota_bytes is None else {"quotaSize": quota_bytes}
    await told.send("Storage.overrideQuotaForOrigin", {"origin": origin, **quota})


async def waiting_on_disk(page: Page) -> int:
    """How many events the queue's database holds."""
    found: int = await page.evaluate(
        """async () => {
          const databases = await indexedDB.databases();
          const { name } = databases.find(each => /^cell-monitor:[^:]*:[^:]*$/.test(each.name));
          const ask = request => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
          const db = await ask(indexedDB.open(name));
          const count = await ask(db.transaction('events').objectStore('events').count());
          db.close();
          return count;
        }"""
    )
    return found


IS_FULL = """async () => {
  const opening = indexedDB.open('room');
  opening.onupgradeneeded = () => opening.result.createObjectStore('any');
  const db = await new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const writing = db.transaction('any', 'readwrite');
  writing.objectStore('any').put(1, 1);
  const error = await new Promise(resolve => {
    writing.oncomplete = () => resolve(null);
    writing.onabort = () => resolve(writing.error.name);
  });
  db.close();
  return error === 'QuotaExceededError';
}"""


async def fill_disk(page: Page) -> None:
    """Give the origin no room; returns when the browser has noticed."""
    await page.evaluate(IS_FULL)
    await set_quota(page, 1)
    async with asyncio.timeout(LOOKED_AGAIN_S):
        while not await page.evaluate(IS_FULL):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)


async def test_a_full_disk_loses_no_run(hub: Hub, new_context: NewContext) -> None:
    """Sent from memory, told to the student, handed over by a page that goes, kept when there is
    room again.
    """
    lab = await Lab.open(hub, await new_context(), NAME, PATH)
    page = lab.page
    await lab.run_to_end(1, "before = 1")
    await lab.until_sent()
    await fill_disk(page)
    await lab.run_to_end(1, "full = 'いっぱい'")
    await check_all_recorded(hub, lab, PATH)

    await hold_events(lab, "full_and_offline = 2")
    await page.unroute(EVENTS)
    asked: list[str] = []

    async def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    await page.goto("about:blank")
    assert asked == ["beforeunload"]
    await until(
        lambda: [row["status"] for row in hub.executions(NAME, PATH)] == 3 * ["completed"],
        what="the run that was in the page's memory alone",
    )

    async with page.expect_response(lambda answer: "/api/v1/events?" in answer.url and answer.ok):
        await lab.go(PATH)
    await lab.until_sent()
    await hold_events(lab, "still_full = 3")
    await set_quota(page, None)
    panel = page.locator("#jp-CellMonitor-panel")
    await expect(panel).not_to_contain_text("in this tab alone", timeout=READY_MS)
    assert await waiting_on_disk(page) == 2
    await page.unroute(EVENTS)
    await check_all_recorded(hub, lab, PATH)


async def hold_events(lab: Lab, code: str) -> None:
    """Run a cell while the service is away: the sidebar says where its events are."""
    await lab.page.route(EVENTS, lambda route: route.fulfill(status=503))
    await lab.run_to_end(1, code)
    await lab.until_waiting(2)
    assert await waiting_on_disk(lab.page) == 0
    await lab.command("cell-monitor:open")
    panel = lab.page.locator("#jp-CellMonitor-panel")
    await expect(panel).to_contain_text("2 records are in this tab alone")
