"""Which schedules there are: most with simulated browsers, each fifth with a real one."""

from pathlib import Path

from .schedule import Schedule, draw
from .stack import WIRE_STUDENTS, Stack
from .wire import Verdict, WireRun

SUITE = range(30)
ONE_BROWSER_IN = 5


def is_browser_seed(seed: int) -> bool:
    """Whether a seed's student sits at a real browser."""
    return seed % ONE_BROWSER_IN == ONE_BROWSER_IN - 1


def wire_schedule(seed: int) -> Schedule:
    """The schedule of a seed with simulated browsers."""
    return draw(seed, WIRE_STUDENTS, place=seed - seed // ONE_BROWSER_IN)


async def run_seed(stack: Stack, seed: int, folder: Path) -> Verdict:
    """Run one schedule; its files go to `folder`."""
    return await WireRun(stack, wire_schedule(seed), folder).run()
