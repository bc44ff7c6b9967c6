"""Whatever is killed, stopped or cut: every event is stored once, or its loss is reported."""

from pathlib import Path

import pytest

from .browser import LabStudent
from .schedule import troubles
from .stack import WIRE_STUDENTS, Stack
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
