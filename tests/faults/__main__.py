"""`make faults`: many schedules, one line and verdict for each; exit code 1 where one is violated.

Settings, by their environment variables: COUNT schedules from the seed FIRST on, or SEED alone.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import async_playwright

from .browser import LabStudent
from .stack import LAB_STUDENTS, WIRE_STUDENTS, Stack, running_stack
from .stopped_database import stop_the_database
from .suite import run_seed
from .verdict import Verdict

BAR = 30
LONG_STOP_S = 60


def seeds() -> range:
    """What the environment asks for."""
    if os.environ.get("SEED"):
        seed = int(os.environ["SEED"])
        return range(seed, seed + 1)
    first = int(os.environ.get("FIRST") or 0)
    return range(first, first + int(os.environ.get("COUNT") or 500))


class Progress:
    """A bar on a terminal, below the lines that stay."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._is_terminal = sys.stdout.isatty()

    def say(self, *lines: str) -> None:
        """Lines that stay."""
        if self._is_terminal:
            sys.stdout.write("\r\033[K")
        sys.stdout.write("\n".join(lines) + "\n")

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if not self._is_terminal:
            return
        full = BAR * self._done // self._total
        left_s = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        bar = "█" * full + "·" * (BAR - full)
        sys.stdout.write(f"\r{bar} {self._done}/{self._total}, {left_s / 60:.0f} min left")
        sys.stdout.flush()


async def judge(stack: Stack, seed: int, folder: Path, student: LabStudent) -> Verdict:
    """The verdict of one seed; a schedule that does not come to its end is a violation too."""
    try:
        return await run_seed(stack, seed, folder, student)
    except (AssertionError, TimeoutError) as error:
        await student.close()
        await stack.heal()
        return Verdict(seed, "did not end", student.ledger, [f"{type(error).__name__}: {error}"])


def new_folder(folder: Path, seed: int) -> Path:
    """Where a seed's ledger and queues go."""
    own = folder / f"seed-{seed}"
    own.mkdir()
    return own


async def main() -> int:
    """The number of violated schedules."""
    wanted, violated = seeds(), 0
    progress = Progress(len(wanted))
    folder = Path(tempfile.mkdtemp(prefix="cell-monitor-schedules-"))
    async with running_stack([*WIRE_STUDENTS, *LAB_STUDENTS]) as stack, async_playwright() as pw:
        if len(wanted) > 1:
            progress.say(str(await stop_the_database(stack, LONG_STOP_S)))
        student = LabStudent(stack, LAB_STUDENTS[0], folder, pw)
        for seed in wanted:
            verdict = await judge(stack, seed, new_folder(folder, seed), student)
            violated += bool(verdict.violations)
            progress.say(str(verdict), *(f"    {line}" for line in verdict.violations))
            progress.step()
        await student.close()
    progress.say(f"{violated} of {len(wanted)} schedules violated; their ledgers: {folder}")
    return violated


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
