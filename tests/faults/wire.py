"""Runs a schedule with simulated browsers, heals everything, and has the checker judge."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from browser.hub import until

from .checker import Checker
from .ledger import Ledger
from .proxy import ONCE, Fault
from .schedule import TIMES, Schedule, Step, Trouble
from .stack import Stack
from .stored import read_stored
from .student import Settings
from .students import SimulatedStudent
from .verdict import Verdict

DRAIN_S = 180
# Where one of these is, another hop may see no request, or no answer within the servers' patience.
DEAD_END = {Fault.REFUSE, Fault.SILENT, Fault.STALL, Fault.TRICKLE, Fault.LATENCY}


class WireRun:
    """One schedule on a running stack."""

    def __init__(self, stack: Stack, schedule: Schedule, folder: Path, **more: object) -> None:
        self.stack = stack
        self.schedule = schedule
        self.ledger = Ledger(file=folder / "ledger.jsonl")
        path = f"assignments/python-intro/seed-{schedule.seed}/{folder.name}.ipynb"
        names = [name for name in stack.students if name in stack.tokens][: len(schedule.habits)]
        self.students = {
            name: self._student(name, path, folder, {**habits, **more})
            for name, habits in zip(names, schedule.habits, strict=True)
        }
        self._stopped: set[str] = set()

    def _student(
        self, name: str, path: str, folder: Path, habits: dict[str, object]
    ) -> SimulatedStudent:
        settings = Settings(
            name=name,
            port=self.stack.hops["browser-hub_proxy"].port,
            token=self.stack.tokens[name],
            file=str(folder / f"{name}.sqlite"),
            path=path,
            seed=f"{self.schedule.seed}:{folder.name}",
            **habits,  # type: ignore[arg-type]
        )
        return SimulatedStudent(settings, self.ledger, folder / f"{name}.log")

    async def run(self, database: str = "faults") -> Verdict:
        """All steps, healing, and the verdict."""
        try:
            await self.open()
            for step in self.schedule.steps:
                await self.step(step)
            await self.heal()
            await self.drain()
        finally:
            await asyncio.gather(*(student.kill() for student in self.students.values()))
        return await self.judge(database)

    async def open(self) -> None:
        """Open all browsers."""
        await asyncio.gather(*(student.start() for student in self.students.values()))

    async def step(self, step: Step) -> None:
        """Students work, trouble comes in the middle of it, they work on as far as they can."""
        seen = len(self.ledger.kept)
        working = [s for s in self.students.values() if s.is_alive]
        for student in working:
            student.make(step.moves)
        awake = [s for s in working if s.name not in self._stopped]
        await until(
            lambda: len(self.ledger.kept) >= seen + step.at or _are_done(awake),
            DRAIN_S,
            "the students to work",
        )
        await self.begin(step.trouble)
        awake = [s for s in awake if s.is_alive and s.name not in self._stopped]
        await until(lambda: _are_done(awake), DRAIN_S, "the students to work on")
        await self._until_felt(step.trouble)
        if step.heals:
            await self.heal()

    async def begin(self, trouble: Trouble) -> None:
        """Kill, stop or break something."""
        if trouble.where in self.stack.hops:
            fault = Fault(trouble.what)
            self.stack.hops[trouble.where].set(fault, TIMES.get(fault))
            self._stopped.discard(trouble.where)
            if fault in DEAD_END:
                self._stopped.add(trouble.where)
            return
        part, _, name = trouble.where.partition(":")
        if part == "browser" and trouble.what == "kill":
            await self.students[name].kill()
        elif part == "browser":
            self.students[name].suspend()
            self._stopped.add(name)
        elif trouble.what == "kill":
            await asyncio.to_thread(self.stack.actors[trouble.where].kill)
        else:
            self.stack.actors[trouble.where].suspend()
            self._stopped.add(trouble.where)

    async def _until_felt(self, trouble: Trouble) -> None:
        """A fault that hits requests has hit one, unless nothing is left to be sent, or can be."""
        hop = self.stack.hops.get(trouble.where)
        if hop is None or trouble.where == "service-hub" or hop.fault not in ONCE:
            return
        parts = self.stack.actors.values()
        if all(part.is_alive for part in parts) and not self._stopped:
            await until(lambda: hop.hits or self._is_drained(), DRAIN_S, f"{trouble} to be felt")

    async def heal(self) -> None:
        """Everything runs and answers again, browsers too."""
        await self.stack.heal()
        for student in self.students.values():
            student.resume()
            if not student.is_alive:
                await student.start()
        self._stopped.clear()

    async def drain(self) -> None:
        """Every event of every queue has been answered for."""
        await until(self._is_drained, DRAIN_S, "the queues to drain")

    def _is_drained(self) -> bool:
        students = self.students.values()
        return all(s.is_alive and s.is_done and s.waiting == 0 for s in students)

    async def judge(self, database: str) -> Verdict:
        """What the checker says now."""
        ledger = self.ledger
        stored = await read_stored(self.stack.database_url(database), ledger.sessions, ledger.begun)
        violations = Checker(ledger, stored).violations()
        return Verdict(self.schedule.seed, str(self.schedule), ledger, violations)


def _are_done(students: Sequence[SimulatedStudent]) -> bool:
    return all(student.is_done for student in students)
