"""Runs a schedule with a real browser."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from browser.hub import until

from .browser import LabStudent
from .checker import Checker
from .proxy import ONCE, Fault
from .schedule import TIMES, Trouble
from .stack import Stack
from .stored import read_stored
from .verdict import Verdict

TROUBLES = [
    Trouble("kill", "browser"),
    Trouble(Fault.DROP_ANSWER, "browser-hub_proxy"),
    Trouble("suspend", "browser"),
    Trouble("kill", "service"),
    Trouble(Fault.RESET_REQUEST, "browser-hub_proxy"),
    Trouble("kill", "database"),
    Trouble("kill", "browser"),
    Trouble(Fault.DROP_ANSWER, "server-service"),
    Trouble(Fault.DROP_ANSWER, "service-database"),
    Trouble("kill", "hub_proxy"),
    Trouble("suspend", "service"),
    Trouble(Fault.RESET_ANSWER, "browser-hub_proxy"),
    Trouble("kill", "server:lab-1"),
    Trouble(Fault.STALL, "browser-hub_proxy"),
    Trouble("kill", "hub"),
    Trouble(Fault.REFUSE, "server-service"),
]


@dataclass(frozen=True)
class LabSchedule:
    """Two troubles in the middle of work; between them everything is healed if `heals`."""

    seed: int
    troubles: tuple[Trouble, Trouble]
    at: tuple[int, int]
    heals: bool

    def __str__(self) -> str:
        first, second = map(str, self.troubles)
        return f"Chromium: {first}{' | heal' if self.heals else ''}, {second}"


def draw_lab(seed: int, place: int) -> LabSchedule:
    """The schedule of a seed. Those at `place` 0, 1, 2 … go through all troubles."""
    rng = random.Random(seed)
    first, second = (TROUBLES[(2 * place + n) % len(TROUBLES)] for n in range(2))
    return LabSchedule(
        seed, (first, second), (rng.randint(0, 6), rng.randint(0, 6)), place % 2 == 0
    )


class LabRun:
    """One schedule with one student, whose notebook and ledger go on from the schedule before."""

    def __init__(self, stack: Stack, schedule: LabSchedule, student: LabStudent) -> None:
        self._stack = stack
        self._schedule = schedule
        self._student = student

    async def run(self) -> Verdict:
        """Both troubles, healing, and the verdict."""
        if self._student.is_open:
            # The schedule before may have cut the page from its kernel.
            await self._student.reconnect()
        else:
            await self._student.open()
        for trouble, at in zip(self._schedule.troubles, self._schedule.at, strict=True):
            await self._step(trouble, at)
            # Nobody can work at a browser that is gone or frozen.
            if self._schedule.heals or trouble.where == "browser":
                await self.heal()
        await self.heal()
        await self._student.drain()
        return await judge(self._stack, self._student, self._schedule.seed, str(self._schedule))

    async def _step(self, trouble: Trouble, at: int) -> None:
        ledger = self._student.ledger
        before = len(ledger.kept)
        await self._student.work()
        # A trouble that still holds may keep the kernel's messages from the page.
        hop = self._stack.hops["browser-hub_proxy"]
        if hop.fault is Fault.PASS and self._stack.hub_proxy.is_alive:
            await self._student.until_kept(before + at)
        await self._begin(trouble)
        felt = self._felt(trouble)
        if felt is not None:
            await until(felt, what=f"{trouble} to be felt")

    async def _begin(self, trouble: Trouble) -> None:
        if trouble.where in self._stack.hops:
            fault = Fault(trouble.what)
            self._stack.hops[trouble.where].set(fault, TIMES.get(fault))
            await self._student.work()
        elif trouble == Trouble("kill", "browser"):
            await self._student.kill()
        elif trouble == Trouble("suspend", "browser"):
            self._student.suspend()
        elif trouble.what == "kill":
            await asyncio.to_thread(self._stack.actors[trouble.where].kill)
        else:
            self._stack.actors[trouble.where].suspend()

    def _felt(self, trouble: Trouble) -> Callable[[], bool] | None:
        hop = self._stack.hops.get(trouble.where)
        if hop is None or hop.fault not in ONCE or not self._stack.service.is_alive:
            return None
        return lambda: hop.hits > 0

    async def heal(self) -> None:
        """Everything runs and answers, and the page has a kernel."""
        had_server = self._stack.servers[self._student.name].is_alive
        await self._stack.heal()
        self._student.resume()
        if not self._student.is_open:
            await self._student.open()
        elif not had_server:
            # The kernel died with the server: the student reloads the page.
            await self._student.load()
        await self._student.reconnect()


async def judge(stack: Stack, student: LabStudent, seed: int = 0, story: str = "") -> Verdict:
    """What the checker says now of all that this student has ever done."""
    ledger = student.ledger
    stored = await read_stored(stack.database_url(), ledger.sessions, ledger.begun)
    return Verdict(seed, story, ledger, Checker(ledger, stored).violations())
