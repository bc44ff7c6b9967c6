"""What a student does in one page load: notebooks opened, cells run, runs left open."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from jupyter_cell_monitor_server.demo.simulated_students.lessons import (
    LessonCell,
    Run,
    lessons,
    recordings,
)
from jupyter_cell_monitor_server.demo.simulated_students.session import (
    Clock,
    Event,
    Kernel,
    RunInProgress,
    Session,
)

NASTY = "NUL \x00, U+E000 \ue000, an emoji \U0001f600, </script>, \u202e, a \\u0000 in letters"
MOVES = {"run": 10, "begin": 3, "end": 3, "activity": 4, "insert": 1, "invalid": 1, "nasty": 1}


@dataclass
class Made:
    """Events that belong together, and the open run that they begin or end."""

    events: list[Event]
    began: RunInProgress | None = None
    ended: RunInProgress | None = None


class Page(Session):
    """One page load: a session of its own, with the kernel of the page before it."""

    def __init__(
        self, student_id: str, path: str, seed: str, page: int, left: list[RunInProgress]
    ) -> None:
        rng = random.Random(f"{seed}:{student_id}:{page}")
        # Pages follow each other by hours, so that no two make the same id.
        start = datetime.now(UTC) - timedelta(hours=20 - page)
        kernel = Kernel(f"kernel-of-{student_id}")
        kernel.execution_count = page * 1000
        lesson = msgspec.structs.replace(lessons()[0], path=path)
        super().__init__(student_id, lesson, kernel, Clock(start), rng)
        self.random = rng
        self._left = left
        self._open: list[RunInProgress] = []
        self._is_open = False

    def next(self) -> Made:
        """What happens next."""
        self.clock.wait(self.random.uniform(0.2, 5))
        if not self._is_open:
            self._is_open = True
            return Made([self.opened()[1]])
        if self._left:
            # Nobody has seen how the runs of the page before have ended.
            run = self._left.pop(0)
            return Made([self.lose(run)[1]], ended=run)
        move = self.random.choices(list(MOVES), list(MOVES.values()))[0]
        made: Made = getattr(self, f"_{move}")()
        return made

    def _code(self) -> LessonCell:
        return self.random.choice([cell for cell in self.cells if cell.cell_type == "code"])

    def _answer(self, label: str) -> Run:
        known = recordings()
        exercise = known.exercises.get(label)
        if exercise is not None:
            return self.random.choice([*exercise.wrong, *exercise.right])
        return known.cells[label]

    def _run(self) -> Made:
        began = self._start()
        assert began.began is not None
        return Made([*began.events, *self._finish(began.began).events])

    def _begin(self) -> Made:
        made = self._start()
        assert made.began is not None
        self._open.append(made.began)
        return made

    def _start(self) -> Made:
        cell = self._code()
        label = cell.cell_id if cell.cell_id in recordings().cells else self._any_label()
        run, (_, event) = self.start(cell.cell_id, cell.source, label)
        return Made([event], began=run)

    def _any_label(self) -> str:
        return self.random.choice(sorted(recordings().cells))

    def _finish(self, run: RunInProgress) -> Made:
        self.clock.wait(self.random.uniform(0.01, 2))
        return Made([self.end(run, self._answer(run.label))[1]], ended=run)

    def _end(self) -> Made:
        return self._finish(self._open.pop(0)) if self._open else self._begin()

    def _activity(self) -> Made:
        fields = {"active_time_ms": 9_000.5, "idle_time_ms": 1_000, "busy_time_ms": 0}
        return Made([self._event("activity", **fields)[1]])

    def _insert(self) -> Made:
        cell = LessonCell(self.new_cell_id(), "code", f"# {self.random.random()}")
        return Made([self.insert(cell, self._code().cell_id)[1]])

    def _invalid(self) -> Made:
        event = self._start().events[0]
        return Made([event | {"timestamp": "1990-01-01T00:00:00Z"}])

    def _nasty(self) -> Made:
        run, (_, begun) = self.start(self._code().cell_id, f"print({NASTY!r})", self._any_label())
        output: list[dict[str, Any]] = [
            {"output_type": "stream", "name": "stdout", "text": NASTY},
            {"output_type": "display_data", "data": {"x/\x00": [NASTY, 2**53, 0.1, None]}},
        ]
        return Made([begun, self.end(run, Run(output, None, 1.0))[1]])
