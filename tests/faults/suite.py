"""Which schedules there are: most with simulated browsers, each fifth with a real one."""

from pathlib import Path

from .browser import LabStudent
from .lab_schedules import LabRun, draw_lab
from .schedule import Schedule, draw
from .stack import WIRE_STUDENTS, Stack
from .verdict import Verdict
from .wire import WireRun

SUITE = range(30)
ONE_BROWSER_IN = 5


def is_browser_seed(seed: int) -> bool:
    """Whether a seed's student sits at a real browser."""
    return seed % ONE_BROWSER_IN == ONE_BROWSER_IN - 1


def wire_schedule(seed: int) -> Schedule:
    """The schedule of a seed with simulated browsers."""
    return draw(seed, WIRE_STUDENTS, place=seed - seed // ONE_BROWSER_IN)


async def run_seed(stack: Stack, seed: int, folder: Path, student: LabStudent) -> Verdict:
    """Run one schedule; its files go to `folder`, those of the real browser stay in its own."""
    if is_browser_seed(seed):
        return await LabRun(stack, draw_lab(seed, seed // ONE_BROWSER_IN), student).run()
    return await WireRun(stack, wire_schedule(seed), folder).run()
