"""One student's page and kernel: what they send for a notebook opened and a cell run."""

import random
import uuid
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from .lessons import Lesson, LessonCell, Run

Event = dict[str, Any]
TimedEvent = tuple[float, Event]


class Clock:
    """A student's time, `speed` times as fast as a real one's."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self.now = start
        self._speed = speed
        self._waited_s = 0.0

    def wait(self, seconds: float) -> None:
        """Let `seconds` of the student's time pass."""
        real_s = seconds / self._speed
        self.now += timedelta(seconds=real_s)
        self._waited_s += real_s

    def take_delay(self) -> float:
        """Real seconds since this was last asked."""
        waited_s, self._waited_s = self._waited_s, 0.0
        return waited_s


class Kernel:
    """A kernel's id and counters. `counts`: the last execution count of each cell."""

    def __init__(self, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self.execution_count = 0
        self.counts: dict[str, int] = {}

    def restart(self) -> None:
        """Begin anew under the same id."""
        self.execution_count = 0
        self.counts.clear()


class RunInProgress:
    """A run whose start was sent. `label` is the cell's name in recorded tracebacks."""

    def __init__(self, fields: Event, started_at: datetime, label: str) -> None:
        self.fields = fields
        self.started_at = started_at
        self.label = label


class Session:
    """One notebook open in one page load. Each method returns the event that it sends."""

    def __init__(
        self, student_id: str, lesson: Lesson, kernel: Kernel, clock: Clock, rng: random.Random
    ) -> None:
        self.student_id = student_id
        self.lesson = lesson
        self.kernel = kernel
        self.clock = clock
        self.cells = list(lesson.cells)
        self._rng = rng
        self._seq = 0
        self._session_id = self._uuid7()

    def opened(self) -> TimedEvent:
        """The page has loaded the notebook, or its cells have changed."""
        return self._event(
            "notebook_opened",
            notebook_name=PurePosixPath(self.lesson.path).name,
            cells=[cell.opened_at(index) for index, cell in enumerate(self.cells)],
            metadata=self.lesson.metadata,
            nbformat_minor=self.lesson.nbformat_minor,
        )

    def reload(self) -> TimedEvent:
        """The student reloads the page: a new session with the same kernel."""
        self._session_id = self._uuid7()
        self._seq = 0
        return self.opened()

    def insert(self, cell: LessonCell, after: str) -> TimedEvent:
        """The student adds `cell` below the cell `after`."""
        place = next(i for i, known in enumerate(self.cells) if known.cell_id == after)
        self.cells.insert(place + 1, cell)
        return self.opened()

    def start(self, cell_id: str, code: str, label: str) -> tuple[RunInProgress, TimedEvent]:
        """The kernel begins to run a cell."""
        self.kernel.execution_count += 1
        self.kernel.counts[label] = self.kernel.execution_count
        fields = {
            "cell_id": cell_id,
            "execution_count": self.kernel.execution_count,
            "execution_id": self._uuid7(),
            "code": code,
        }
        started_at = self.clock.now
        event = self._event("cell_execution_start", **fields, started_at=_text(started_at))
        return RunInProgress(fields, started_at, label), event

    def end(self, run: RunInProgress, answer: Run) -> TimedEvent:
        """The kernel has answered with `answer`."""
        fields = run.fields | self._times(run) | {"output": self._output(run, answer)}
        if answer.error is None:
            return self._event("cell_execution_complete", **fields, success=True)
        error = {
            "name": answer.error.name,
            "message": answer.error.message,
            "traceback": [self._counted(line) for line in answer.error.traceback],
        }
        return self._event("cell_execution_error", **fields, error=error, success=False)

    def lose(self, run: RunInProgress) -> TimedEvent:
        """The kernel was restarted before it answered: nobody saw the run's end."""
        event = self._event(
            "cell_execution_complete",
            **run.fields,
            started_at=_text(run.started_at),
            success=False,
            status="unknown",
        )
        self.kernel.restart()
        return event

    def new_cell_id(self) -> str:
        """An id as JupyterLab gives it to a new cell."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _times(self, run: RunInProgress) -> Event:
        took = self.clock.now - run.started_at
        return {
            "started_at": _text(run.started_at),
            "ended_at": _text(self.clock.now),
            "duration_ms": took / timedelta(milliseconds=1),
        }

    def _output(self, run: RunInProgress, answer: Run) -> list[dict[str, Any]]:
        count = run.fields["execution_count"]
        return [
            {**output, "execution_count": count} if "execution_count" in output else output
            for output in answer.output
        ]

    def _counted(self, line: str) -> str:
        if "In[@" in line:
            for label, count in self.kernel.counts.items():
                line = line.replace(f"In[@{label}]", f"In[{count}]")
        return line

    def _event(self, event_type: str, **fields: Any) -> TimedEvent:
        event = {
            "event_id": self._uuid7(),
            "event_type": event_type,
            "student_id": self.student_id,
            "session_id": self._session_id,
            "seq": self._seq,
            "kernel_id": self.kernel.kernel_id,
            "notebook_path": self.lesson.path,
            **fields,
            "timestamp": _text(self.clock.now),
        }
        self._seq += 1
        return self.clock.take_delay(), event

    def _uuid7(self) -> str:
        return uuid7(self.clock.now, self._rng)


def uuid7(moment: datetime, rng: random.Random) -> str:
    """A UUIDv7 (RFC 9562, 5.7) of `moment`."""
    milliseconds = int(moment.timestamp() * 1000)
    version_and_a = 0x7000 | rng.getrandbits(12)
    variant_and_b = (0b10 << 62) | rng.getrandbits(62)
    return str(uuid.UUID(int=milliseconds << 80 | version_and_a << 64 | variant_and_b))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
