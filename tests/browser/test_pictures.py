"""Lab and page in both languages and themes; their pictures are those of the documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

import jupyter_cell_monitor_server
from jupyter_cell_monitor_server.demo import course

from .conftest import NEW_IMAGES, RESULTS, NewContext
from .hub import ROOT, Hub, until
from .lab import Lab, prepare_home
from .teacher import TeacherPage

pytestmark = pytest.mark.asyncio(loop_scope="package")
IMAGES = ROOT / "docs" / "images" if NEW_IMAGES else RESULTS / "images"
CATALOGUE = "locale/ja_JP/LC_MESSAGES/jupyter_cell_monitor.json"
PACKAGE = Path(jupyter_cell_monitor_server.__file__).parent
PATH = course.notebook_path("01-hello")
LIGHT: dict[str, Any] = {"locale": "en-US", "color_scheme": "light"}
DARK: dict[str, Any] = {"locale": "ja-JP", "color_scheme": "dark"}
LAB_SETTINGS = {
    "translation-extension/plugin": {"locale": "ja_JP"},
    "apputils-extension/themes": {"theme": "JupyterLab Dark"},
}


async def picture(page: Page, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=IMAGES / name)


def texts() -> dict[str, list[str]]:
    """The lab's Japanese texts."""
    found: dict[str, list[str]] = json.loads((PACKAGE / CATALOGUE).read_text("utf-8"))
    return found


async def work(lab: Lab) -> None:
    """What a student does in the first minutes, in front of the sidebar."""
    await lab.command("cell-monitor:open")
    await lab.run_to_end(1)
    await lab.run_to_end(3)
    await lab.run_to_end(5, 'city = "京都"\nvisits = "2"')
    await lab.run_to_end(6)
    await lab.until_sent()


@pytest.mark.parametrize("language", ["en", "ja"])
async def test_the_sidebar_speaks_the_labs_language(
    hub: Hub, new_context: NewContext, language: str
) -> None:
    """Class, progress and sending stand in the sidebar, in English light and Japanese dark."""
    name = {"en": "student-11", "ja": "student-14"}[language]
    settings = prepare_home(hub, name) / ".jupyter/lab/user-settings/@jupyterlab"
    for plugin, value in LAB_SETTINGS.items() if language == "ja" else ():
        file = settings / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))
    lab = await Lab.open(hub, await new_context(), name, PATH)
    await work(lab)
    panel = lab.page.locator("#jp-CellMonitor-panel")
    title, sent = "This notebook", "All sent"
    if language == "ja":
        title, sent = texts()[title][0], texts()[sent][0]
    await expect(panel).to_contain_text(title)
    await expect(lab.page.locator(".jp-CellMonitor-statusItem")).to_contain_text(sent)
    await expect(panel.locator('[role="progressbar"]')).to_be_visible()
    await picture(lab.page, {"en": "lab.png", "ja": "lab-dark-ja.png"}[language])


async def test_the_page_speaks_the_browsers_language(hub: Hub, new_context: NewContext) -> None:
    """The live page and a student's runs, in English light and Japanese dark."""
    lab = await Lab.open(hub, await new_context(), "student-11", PATH)
    await work(lab)
    if NEW_IMAGES:
        await until(lambda: len(hub.rows("SELECT 1 FROM cell_executions")) > 250, 240)
    teacher = await TeacherPage.open(hub, await new_context(**LIGHT))
    await teacher.choose(PATH)
    await expect(teacher.page.locator("html")).to_have_attribute("lang", "en")
    await expect(teacher.page.locator("html")).to_have_attribute("data-bs-theme", "light")
    await expect(teacher.page.locator('th[title="student-11"]')).to_be_visible()
    await picture(teacher.page, "class-live.png")
    await teacher.page.click('th[title="student-11"] a')
    await expect(teacher.page.locator("main")).to_contain_text("AssertionError")
    await picture(teacher.page, "student.png")

    japanese = await TeacherPage.open(hub, await new_context(**DARK))
    await japanese.choose(PATH)
    await expect(japanese.page.locator("html")).to_have_attribute("lang", "ja")
    await expect(japanese.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    await expect(japanese.page.locator("main")).to_contain_text("学生")
    await picture(japanese.page, "class-live-dark-ja.png")
    assert teacher.alarms == japanese.alarms == []
