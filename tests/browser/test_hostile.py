"""What a student writes is text on the teacher's page, whatever it is."""

import json

import pytest
from playwright.async_api import expect

from .conftest import NewContext
from .hub import Hub, until
from .lab import Lab, prepare_home
from .teacher import TeacherPage

pytestmark = pytest.mark.asyncio(loop_scope="package")
SCRIPT = "<script>window.owned = true; document.title = 'owned'</script>"
IMAGE = "<img src=x onerror=\"window.owned = true; alert('owned')\">"
RIGHT_TO_LEFT = "\u202e"
PATH = "assignments/python-intro/<b>traps/<img src=x onerror=alert(1)>.ipynb"
CELLS = [
    f"print({SCRIPT + IMAGE!r})",
    f"from IPython.display import HTML, display\ndisplay(HTML({SCRIPT + IMAGE!r}))",
    "print('\\x1b[31mred\\x1b[0m \\x1b]8;;javascript:alert(1)\\x07link\\x1b]8;;\\x07')",
    f"print('invoice{RIGHT_TO_LEFT}gnp.exe')  # {RIGHT_TO_LEFT} {IMAGE}",
    f"raise type({SCRIPT!r}, (Exception,), {{}})({IMAGE!r} + '\\u202e')",
]
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "cells": [
        {
            "cell_type": "code",
            "id": f"trap-{number}",
            "metadata": {},
            "source": code,
            "outputs": [],
            "execution_count": None,
        }
        for number, code in enumerate(CELLS)
    ],
}


async def test_traps_in_a_notebook_change_nothing_on_the_page(
    hub: Hub, new_context: NewContext
) -> None:
    """No script runs, no element of theirs is there, no policy has to stop anything."""
    file = prepare_home(hub, "student-13") / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(NOTEBOOK))
    lab = await Lab.open(hub, await new_context(), "student-13", PATH)
    teacher = await TeacherPage.open(hub, await new_context())
    scripts = await teacher.page.locator("script").count()
    title = await teacher.page.title()
    await lab.command("notebook:run-all-cells")
    await lab.until_ended(len(CELLS))
    await lab.until_sent()
    await until(lambda: len(hub.executions("student-13", PATH)) == len(CELLS), what="all runs")

    await teacher.choose(PATH)
    await expect(teacher.cell("student-13", 4)).to_have_attribute("aria-label", "failed once")
    await expect(teacher.page.locator("aside.errors")).to_contain_text("<script>window.owned")
    await check_harmless(teacher, scripts, title)
    await teacher.page.click('th[title="student-13"] a')
    await expect(teacher.page.locator("main")).to_contain_text("<img src=x onerror=")
    await expect(teacher.page.locator("main")).to_contain_text("<script>window.owned")
    await check_harmless(teacher, scripts, None)


async def check_harmless(teacher: TeacherPage, scripts: int, title: str | None) -> None:
    page = teacher.page
    assert await page.evaluate("window.owned") is None
    assert await page.locator('img[src="x"], b:has-text("traps")').count() == 0
    assert await page.locator("script").count() == scripts
    assert "owned" not in (await page.title() if title is None else title)
    assert RIGHT_TO_LEFT not in await page.locator("body").inner_text()
    assert "\x1b" not in await page.locator("body").inner_text()
    assert teacher.alarms == []
