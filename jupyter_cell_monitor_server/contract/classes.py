"""What a teacher reads of a class: its notebooks, its grid, its errors."""

from datetime import datetime

from msgspec import Struct

from .fields import RunStatus
from .people import Role
from .updates import ErrorSummary


class ClassSummary(Struct, kw_only=True):
    """One class of a teacher. `active_students`: seen within the last 5 minutes."""

    class_id: str
    title: str
    role: Role
    student_count: int
    active_students: int


class ClassList(Struct, kw_only=True):
    """The answer to `GET /classes`."""

    classes: list[ClassSummary]
    next_cursor: str | None = None


class ClassNotebook(Struct, kw_only=True):
    """A notebook of a class: the same `notebook_key` for all students, also after a rename."""

    notebook_key: str
    name: str
    assignment: str | None
    student_count: int
    last_activity_at: datetime | None


class ClassDetail(Struct, kw_only=True):
    """The answer to `GET /classes/{class_id}`. `lesson_started_at`: after the last long pause."""

    class_id: str
    title: str
    role: Role
    student_count: int
    notebooks: list[ClassNotebook]
    lesson_started_at: datetime | None
    cursor: int


class Student(Struct, kw_only=True):
    """A member of a class. `number` is the school's, where a roster gave one."""

    student_id: str
    name: str | None
    number: str | None
    last_seen_at: datetime | None


class StudentList(Struct, kw_only=True):
    """The answer to `GET /classes/{class_id}/students`."""

    students: list[Student]
    next_cursor: str | None = None


class GridColumn(Struct, kw_only=True):
    """A cell that a class shares. `index` counts the notebook's cells from 0."""

    cell_key: str
    index: int
    label: str
    expected: bool


class GridCell(Struct, kw_only=True, omit_defaults=True):
    """A student's runs of one cell within the chosen time.

    `tries`: all runs; `failures`: those that failed since the last success. The rest is of the
    latest run, by the kernel's time.
    """

    status: RunStatus
    tries: int
    failures: int
    execution_id: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: ErrorSummary | None = None


class GridRow(Struct, kw_only=True):
    """A student's line of the grid. `opened`: the student has opened this notebook.

    `last_seen_at`: the last activity in any notebook of the class. The last three are over all
    the student's notebooks of the class, as in `DeliveryUpdate`.
    """

    student_id: str
    name: str | None
    number: str | None
    opened: bool
    last_seen_at: datetime | None
    completed_cells: int
    total_cells: int
    cells: dict[str, GridCell]
    missing_events: int = 0
    dropped_events: int = 0
    clock_skew_ms: float | None = None


class ClassProgress(Struct, kw_only=True):
    """The answer to `GET /classes/{class_id}/progress`: students × cells of one notebook."""

    class_id: str
    notebook_key: str | None
    since: datetime | None
    until: datetime | None
    columns: list[GridColumn]
    students: list[GridRow]
    cursor: int


class ClassError(Struct, kw_only=True):
    """An error of a class. Its column in the grid is the one with its `cell_key`."""

    execution_id: str
    student_id: str
    student_name: str | None
    notebook_key: str | None
    cell_id: str
    cell_key: str
    error: ErrorSummary
    occurred_at: datetime


class ClassErrors(Struct, kw_only=True):
    """The answer to `GET /classes/{class_id}/errors`."""

    errors: list[ClassError]
    cursor: int
    next_cursor: str | None = None
