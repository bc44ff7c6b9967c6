"""What waits can be saved as a file while nobody answers."""

import json

import pytest

from jupyter_cell_monitor_server.demo import course

from .conftest import NewContext
from .hub import Hub
from .lab import Lab
from .test_recording import check_all_recorded

pytestmark = pytest.mark.asyncio(loop_scope="package")
PATH = course.notebook_path("02-conditions")


async def test_what_waits_is_saved_as_a_file_and_sent_later(
    hub: Hub, new_context: NewContext
) -> None:
    """The service is stopped: the file holds the run as it is stored when the service is back."""
    lab = await Lab.open(hub, await new_context(), "student-17", PATH)
    await lab.run_to_end(1, "print('before')")
    await check_all_recorded(hub, lab, PATH)
    await lab.command("cell-monitor:open")
    service = hub.service()
    assert service is not None
    service.suspend()
    try:
        await lab.run_to_end(1, "print('nobody answers')")
        await lab.until_waiting(2)
        async with lab.page.expect_download() as downloading:
            await lab.page.get_by_role("button", name="Save as a file").click()
        saved = await downloading.value
    finally:
        service.resume()
    assert saved.suggested_filename.startswith("cell-monitor-student-17-20")
    events = json.loads((await saved.path()).read_text())["events"]
    ends = [event for event in events if event["event_type"] == "cell_execution_complete"]
    assert [event["code"] for event in ends] == ["print('nobody answers')"]
    await lab.until_sent()
    stored = hub.executions("student-17", PATH)[-1]
    assert (stored["status"], stored["code"]) == ("completed", ends[0]["code"])
