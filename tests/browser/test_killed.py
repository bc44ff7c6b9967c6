"""What was recorded survives a killed browser and a killed service."""

from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.async_api import BrowserContext, Playwright

from jupyter_cell_monitor_server.demo import course

from .conftest import CHROMIUM, FLAGS, VIEW, NewContext
from .hub import Hub, until
from .lab import READY_MS, Lab
from .test_recording import check_all_recorded

pytestmark = pytest.mark.asyncio(loop_scope="package")
PATH = course.notebook_path("02-conditions")
# The Hub looks every 30 s whether its services still run.
RESTART_S = 180


async def open_profile(playwright: Playwright, profile: Path) -> BrowserContext:
    context = await playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=FLAGS, **VIEW
    )
    context.set_default_timeout(READY_MS)
    return context


def kill_browser(profile: Path) -> None:
    """End the browser as a power cut does."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if f"--user-data-dir={profile}" in command and not any(
                word.startswith("--type=") for word in command
            ):
                process.kill()
                process.wait(10)


async def test_nothing_is_lost_or_doubled_when_browser_and_service_are_killed(
    hub: Hub, playwright: Playwright, new_context: NewContext, tmp_path: Path
) -> None:
    """The service dies while two students work; one's browser is killed before it is back."""
    profile = tmp_path / "profile"
    context = await open_profile(playwright, profile)
    killed = await Lab.open(hub, context, "student-15", PATH)
    going_on = await Lab.open(hub, await new_context(), "student-16", PATH)
    for lab in (killed, going_on):
        await lab.run_to_end(1, "print('before')")
        await lab.until_sent()
    service = hub.service()
    assert service is not None
    service.suspend()
    for lab in (killed, going_on):
        await lab.run_to_end(1, "print('nobody answers')")
        await lab.run_to_end(1, "1 / 0")
        await lab.until_waiting(4)
    kill_browser(profile)
    service.kill()
    await going_on.run_to_end(1, "print('the service is dead')")
    await until(
        lambda: (again := hub.service()) is not None and again.pid != service.pid,
        RESTART_S,
        "the Hub to start the service again",
    )
    await going_on.run_to_end(1, "print('after')")
    await check_all_recorded(hub, going_on, PATH)
    assert len(hub.executions("student-15", PATH)) == 1

    context = await open_profile(playwright, profile)
    reopened = Lab(hub, "student-15", await context.new_page(), dict(killed.runs))
    await reopened.watch(context, PATH)
    await check_all_recorded(hub, reopened, PATH)
    assert len(hub.executions("student-15", PATH)) == 3
    await context.close()
