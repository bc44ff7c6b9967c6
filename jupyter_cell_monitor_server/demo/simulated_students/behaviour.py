"""How a student works through the course: pure, and the same for the same seed."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .lessons import Attempt, Exercise, Lesson, LessonCell, Run, lessons, recordings
from .session import Clock, Kernel, Session, TimedEvent

READING_S_PER_CHARACTER = 0.025
TYPING_S_PER_CHARACTER = 0.3


@dataclass(frozen=True)
class Traits:
    """What makes a student: each is drawn once.

    `pace` multiplies every pause. `skill` is the chance that an attempt is right. `stuck_on` is
    the exercise that this student does not solve without help.
    """

    arrives_s: float
    pace: float
    skill: float
    curiosity: float
    stuck_on: str | None


def student_events(
    student_id: str, seed: int, start: datetime, speed: float = 1.0
) -> Iterator[TimedEvent]:
    """All that a student sends, without end: real seconds to wait, then the event to send.

    `start` (with a time zone) is when the class begins; `speed` shortens every pause and run.
    """
    rng = random.Random(f"{seed}:{student_id}")
    traits = _traits(rng)
    clock = Clock(start, speed)
    clock.wait(traits.arrives_s)
    student = _Student(student_id, traits, clock, rng)
    while True:
        for lesson in lessons():
            yield from student.work_through(lesson)
        clock.wait(rng.uniform(120, 360))


def _traits(rng: random.Random) -> Traits:
    late = rng.random() < 0.1
    return Traits(
        arrives_s=rng.uniform(60, 300) if late else rng.expovariate(1 / 12),
        pace=rng.lognormvariate(0, 0.4),
        skill=rng.betavariate(3, 3),
        curiosity=rng.betavariate(2, 6),
        stuck_on=rng.choice(sorted(recordings().exercises)) if rng.random() < 0.25 else None,
    )


class _Student:
    def __init__(self, student_id: str, traits: Traits, clock: Clock, rng: random.Random) -> None:
        self._id = student_id
        self._traits = traits
        self._clock = clock
        self._rng = rng
        self._written: dict[str, Attempt] = {}

    def work_through(self, lesson: Lesson) -> Iterator[TimedEvent]:
        """Open the notebook, go down its cells, and perhaps run all of it at the end."""
        kernel = Kernel(str(uuid.UUID(int=self._rng.getrandbits(128), version=4)))
        session = Session(self._id, lesson, kernel, self._clock, self._rng)
        yield session.opened()
        for cell in lesson.cells:
            if cell.cell_type == "markdown":
                self._think(len(cell.source) * READING_S_PER_CHARACTER)
            elif cell.cell_id in recordings().exercises:
                yield from self._exercise(session, cell.cell_id)
                yield from self._now_and_then(session, cell.cell_id)
            elif not cell.nbgrader:
                yield from self._example(session, cell)
        if self._rng.random() < 0.4:
            yield from self._run_all(session)
        self._think(20)

    def _example(self, session: Session, cell: LessonCell) -> Iterator[TimedEvent]:
        for _ in range(2 if self._rng.random() < self._traits.curiosity else 1):
            released = recordings().cells[cell.cell_id]
            yield from self._run(session, cell.cell_id, cell.source, released)
            self._think(4)

    def _exercise(self, session: Session, cell_id: str) -> Iterator[TimedEvent]:
        exercise = recordings().exercises[cell_id]
        if self._rng.random() < 0.2:
            yield from self._try(session, cell_id, exercise, exercise.stub[0])
        for attempt in self._wrong_attempts(cell_id, exercise):
            self._type(attempt.code)
            yield from self._try(session, cell_id, exercise, attempt)
            self._think(10)
        if exercise.endless and self._rng.random() < 0.3:
            yield from self._endless(session, cell_id, exercise)
        if self._traits.stuck_on == cell_id and self._rng.random() < 0.7:
            return
        right = self._rng.choice(exercise.right)
        self._type(right.code)
        yield from self._try(session, cell_id, exercise, right)

    def _wrong_attempts(self, cell_id: str, exercise: Exercise) -> list[Attempt]:
        if self._traits.stuck_on == cell_id:
            # Somebody who is stuck tries the same few things again and again.
            few = self._rng.sample(exercise.wrong, 3)
            return self._rng.choices(few, k=self._rng.randint(6, 14))
        count = 0
        while count < len(exercise.wrong) and self._rng.random() > self._traits.skill:
            count += 1
        return self._rng.sample(exercise.wrong, count)

    def _try(
        self, session: Session, cell_id: str, exercise: Exercise, attempt: Attempt
    ) -> Iterator[TimedEvent]:
        self._written[cell_id] = attempt
        yield from self._run(session, cell_id, attempt.code, attempt)
        if attempt.check is not None and (attempt.error is None or self._rng.random() < 0.2):
            self._think(3)
            yield from self._check(session, exercise, attempt.check)

    def _check(self, session: Session, exercise: Exercise, answer: Run) -> Iterator[TimedEvent]:
        cell = next(cell for cell in session.cells if cell.cell_id == exercise.check)
        yield from self._run(session, cell.cell_id, cell.source, answer)

    def _endless(self, session: Session, cell_id: str, exercise: Exercise) -> Iterator[TimedEvent]:
        attempt = self._rng.choice(exercise.endless)
        self._type(attempt.code)
        run, started = session.start(cell_id, attempt.code, cell_id)
        yield started
        self._clock.wait(self._rng.uniform(8, 45))
        if self._rng.random() < 0.7:
            yield session.end(run, attempt)
        else:
            yield session.lose(run)
        self._think(10)

    def _now_and_then(self, session: Session, cell_id: str) -> Iterator[TimedEvent]:
        if self._rng.random() < self._traits.curiosity / 2:
            yield from self._scratch(session, cell_id)
        if self._rng.random() < 0.06:
            yield from self._restart(session, cell_id)
        if self._rng.random() < 0.04:
            yield session.reload()
        if self._rng.random() < 0.08:
            self._clock.wait(self._rng.uniform(45, 240))

    def _scratch(self, session: Session, after: str) -> Iterator[TimedEvent]:
        attempt = self._rng.choice(recordings().scratch)
        self._type(attempt.code)
        cell = LessonCell(session.new_cell_id(), "code", attempt.code)
        yield session.insert(cell, after)
        yield from self._run(session, cell.cell_id, attempt.code, attempt, label="scratch")

    def _restart(self, session: Session, cell_id: str) -> Iterator[TimedEvent]:
        """Restart the kernel, run the test too early, then what it needs."""
        session.kernel.restart()
        self._think(5)
        exercise, attempt = recordings().exercises[cell_id], self._written[cell_id]
        yield from self._check(session, exercise, recordings().cells[exercise.check])
        self._think(6)
        yield from self._try(session, cell_id, exercise, attempt)

    def _run_all(self, session: Session) -> Iterator[TimedEvent]:
        """Restart and run all cells: the first error aborts the rest, which is no run."""
        session.kernel.restart()
        self._think(5)
        checks: dict[str, Run] = {}
        for cell in session.lesson.cells:
            if cell.cell_type != "code":
                continue
            answer: Run = checks.get(cell.cell_id, recordings().cells[cell.cell_id])
            code = cell.source
            if attempt := self._written.get(cell.cell_id):
                answer, code = attempt, attempt.code
                checks = _check_after(cell.cell_id, attempt)
            yield from self._run(session, cell.cell_id, code, answer)
            if answer.error is not None:
                return

    def _run(
        self, session: Session, cell_id: str, code: str, answer: Run, label: str | None = None
    ) -> Iterator[TimedEvent]:
        run, started = session.start(cell_id, code, label or cell_id)
        yield started
        self._clock.wait(answer.duration_ms / 1000 * self._rng.lognormvariate(0, 0.3))
        yield session.end(run, answer)

    def _think(self, seconds: float) -> None:
        self._clock.wait(seconds * self._traits.pace * self._rng.uniform(0.5, 1.6))

    def _type(self, code: str) -> None:
        self._think(3 + len(code) * TYPING_S_PER_CHARACTER)


def _check_after(cell_id: str, attempt: Attempt) -> dict[str, Run]:
    return {recordings().exercises[cell_id].check: attempt.check} if attempt.check else {}
