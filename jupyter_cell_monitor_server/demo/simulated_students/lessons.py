"""What there is to do in the demo course, and what a real kernel answers to it."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from jupyter_cell_monitor_server.demo import course


class RecordedError(Struct, frozen=True):
    """An error; `In[@cell_id]` in its traceback stands for that cell's execution count."""

    name: str
    message: str
    traceback: list[str]


class Run(Struct, frozen=True):
    """What a kernel answered to one run of one cell."""

    output: list[dict[str, Any]]
    error: RecordedError | None
    duration_ms: float


class Attempt(Run, frozen=True, kw_only=True):
    """A run of code that a student wrote, and of the test below it (None where it never ended)."""

    code: str
    check: Run | None = None


class Exercise(Struct, frozen=True):
    """A solution cell: the released stub, wrong, endless and right answers.

    `check` is the id of the test cell below it.
    """

    check: str
    stub: list[Attempt]
    wrong: list[Attempt]
    right: list[Attempt]
    endless: list[Attempt] = []


class Recordings(Struct, frozen=True):
    """The kernel's answers: to the released cells alone, to the attempts, to scratch cells."""

    cells: dict[str, Run]
    exercises: dict[str, Exercise]
    scratch: list[Attempt]


class LessonCell(Struct, frozen=True):
    """A cell of a released notebook; `nbgrader` is its metadata, empty for a plain cell."""

    cell_id: str
    cell_type: str
    source: str
    nbgrader: dict[str, Any] = {}

    def opened_at(self, index: int) -> dict[str, Any]:
        """The cell as `notebook_opened` tells of it."""
        told = {
            "cell_id": self.cell_id,
            "cell_type": self.cell_type,
            "index": index,
            "source_sha256": hashlib.sha256(self.source.encode()).hexdigest(),
        }
        names = ("grade_id", "solution", "task", "grade", "points")
        return told | {name: self.nbgrader[name] for name in names if self.nbgrader.get(name)}


class Lesson(Struct, frozen=True):
    """One released notebook."""

    path: str
    metadata: dict[str, Any]
    nbformat_minor: int
    cells: list[LessonCell]


@cache
def recordings() -> Recordings:
    """The answers that `record.py` kept."""
    raw = Path(__file__).with_name("recordings.json").read_bytes()
    return msgspec.json.decode(raw, type=Recordings)


@cache
def lessons() -> tuple[Lesson, ...]:
    """The course's notebooks in their order."""
    return tuple(_lesson(name) for name in course.NOTEBOOKS)


def _lesson(name: str) -> Lesson:
    notebook = course.load_notebook(name)
    cells = [
        LessonCell(
            cell["id"], cell["cell_type"], cell["source"], cell["metadata"].get("nbgrader", {})
        )
        for cell in notebook["cells"]
    ]
    path = course.notebook_path(name)
    return Lesson(path, notebook["metadata"], notebook["nbformat_minor"], cells)
