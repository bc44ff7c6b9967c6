"""Whatever is killed, stopped or cut: every event is stored once, or its loss is reported."""

import asyncio
import sys
from pathlib import Path

import pytest

from .actors import ROOT, environment
from .browser import LabStudent
from .lab_schedules import judge
from .schedule import troubles
from .stack import WIRE_STUDENTS, Stack
from .stored import read_all
from .suite import SUITE, is_browser_seed, run_seed, wire_schedule

pytestmark = pytest.mark.asyncio(loop_scope="package")
WIRE = [seed for seed in SUITE if not is_browser_seed(seed)]


@pytest.mark.parametrize("seed", SUITE)
async def test_nothing_is_lost_and_nothing_counts_twice(
    stack: Stack, lab_student: LabStudent, seed: int, tmp_path: Path
) -> None:
    """After everything is healed and all queues are empty the checker finds no violation."""
    verdict = await run_seed(stack, seed, tmp_path, lab_student)
    assert not verdict.violations, "\n".join([str(verdict), *verdict.violations])
    assert len(verdict.ledger.acknowledged) > 0


async def test_the_suite_meets_every_trouble() -> None:
    """Each fault of each hop, and each kill and stop, comes in one of the suite's schedules."""
    met = {step.trouble for seed in WIRE for step in wire_schedule(seed).steps}
    assert met >= set(troubles(WIRE_STUDENTS))


async def test_a_seed_draws_the_same_schedule_again() -> None:
    """A violation can be repeated by its seed."""
    assert wire_schedule(17) == wire_schedule(17) != wire_schedule(18)


async def test_a_rebuild_changes_nothing(stack: Stack) -> None:
    """What all schedules have left in the database is already what follows from the events."""
    url = stack.database_url()
    before = await read_all(url)
    command = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "rebuild"]
    process = await asyncio.create_subprocess_exec(
        *command, "--database-url", url, env=environment(), cwd=ROOT
    )
    assert await process.wait() == 0
    after = await read_all(url)
    for table, rows in before.rows.items():
        assert after.of(table) == rows, table
    assert before.of("cell_executions")


async def test_a_real_browser_that_deletes_too_early_is_caught(
    stack: Stack, lab_student: LabStudent
) -> None:
    """Its transport takes for stored what a stopped service never gets."""
    if not lab_student.is_open:
        await lab_student.open()
    await lab_student.drain()
    before = len(lab_student.ledger.kept)
    await lab_student.page.evaluate("window.isCareless = true")
    stack.service.kill()
    await lab_student.work()
    await lab_student.until_kept(before + 2)
    await lab_student.drain()
    await stack.heal()
    await lab_student.page.evaluate("window.isCareless = false")
    violations = (await judge(stack, lab_student)).violations
    assert any(line.startswith("lost: cell_execution") for line in violations), violations
