"""A tab of an earlier release beside a new one."""

import pytest
from playwright.async_api import Page, expect

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext
from .hub import Hub, until
from .lab import READY_MS, Lab, log_in

pytestmark = pytest.mark.asyncio(loop_scope="package")
PATH = course.notebook_path("01-hello")
NAME = "student-15"

HOLD = """async user => {
  const name = `cell-monitor:${encodeURIComponent('/hub/')}:${user}`;
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('events', { autoIncrement: true });
    ['rejected', 'counts', 'leases'].forEach(each => opening.result.createObjectStore(each));
  };
  await new Promise((resolve, reject) => {
    opening.onsuccess = resolve;
    opening.onerror = reject;
  });
  window.held = opening.result;
}"""


async def hold_database(page: Page, hub: Hub) -> None:
    """Keep the student's database open in its first shape, as a tab of a former release does."""
    await log_in(page, hub, NAME, "hub/home")
    await page.evaluate(HOLD, NAME)


async def test_the_new_one_opens_and_records_once_the_other_is_closed(
    hub: Hub, new_context: NewContext
) -> None:
    """JupyterLab does not wait for it, and says what to do."""
    context = await new_context()
    former = await context.new_page()
    await hold_database(former, hub)
    lab = await Lab.open(hub, context, NAME, PATH)
    notice = lab.page.get_by_text("Close or reload that tab")
    await expect(notice).to_be_visible(timeout=READY_MS)
    await former.close()
    await expect(notice).to_be_hidden(timeout=READY_MS)
    before = len(hub.executions(NAME, PATH))
    await lab.run_to_end(1, "'after the other tab'")
    await lab.until_sent()
    await until(lambda: len(hub.executions(NAME, PATH)) > before, what="the run")
