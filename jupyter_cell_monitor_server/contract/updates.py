"""The messages of the WebSocket, and the names of its channels."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from .fields import RunStatus
from .json_text import first_characters

MAX_SUMMARY = 1_000


def progress_channel(student_id: str) -> str:
    """A student's own runs and progress."""
    return f"progress:{student_id}"


def notifications_channel(student_id: str) -> str:
    """What somebody did for a student: a grade, an answer."""
    return f"notifications:{student_id}"


def class_channel(class_id: str) -> str:
    """All that happens in a class, for its teachers."""
    return f"class:{class_id}"


class Hello(Struct, kw_only=True):
    """The server's first message: the newest cursor of each channel that the user may follow."""

    event: Literal["hello"] = "hello"
    cursors: dict[str, int]


class Subscribe(Struct, kw_only=True):
    """A client follows a channel, from `cursor` on where it has one."""

    subscribe: str
    cursor: int | None = None


class Unsubscribe(Struct, kw_only=True):
    """A client leaves a channel."""

    unsubscribe: str


class Subscribed(Struct, kw_only=True):
    """All up to `cursor` was sent; what follows is live."""

    event: Literal["subscribed"] = "subscribed"
    channel: str
    cursor: int


class SnapshotNeeded(Struct, kw_only=True):
    """Too much was missed: fetch a snapshot and apply what is newer than its cursor."""

    event: Literal["snapshot_needed"] = "snapshot_needed"
    channel: str
    cursor: int


class Refused(Struct, kw_only=True):
    """The user may not follow this channel (`code` as in a problem document)."""

    event: Literal["refused"] = "refused"
    channel: str
    code: str
    detail: str


class Update(Struct, kw_only=True, omit_defaults=True):
    """What every update carries: its channel, and its place there in the order of commits."""

    # The kinds give it by a factory, since a plain default would be left out of the message.
    event: str
    channel: str
    cursor: int
    student_id: str
    notebook_path: str
    timestamp: datetime
    notebook_key: str | None = None
    student_name: str | None = None


class ErrorSummary(Struct, kw_only=True):
    """An error without its traceback; its message has at most 1000 characters."""

    name: str
    message: str


def error_summary(name: str, message: str) -> ErrorSummary:
    """What every teacher of the class is sent of an error; a longer message ends in `…`."""
    if len(message) > MAX_SUMMARY:
        message = first_characters(message, MAX_SUMMARY - 1) + "…"
    return ErrorSummary(name=name, message=message)


class ExecutionUpdate(Update, kw_only=True):
    """A run began or ended. `is_new`: the receiver has not been told of this run before.

    `status` is "executing" for a run that goes on. Times are the kernel's.
    """

    event: str = field(default_factory=lambda: "execution_update")
    cell_id: str
    cell_key: str
    status: Literal["executing", "completed", "error", "interrupted", "unknown"]
    execution_id: str
    execution_count: int | None = None
    session_id: str | None = None
    seq: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    error: ErrorSummary | None = None
    is_new: bool = False


class ErrorAlert(Update, kw_only=True):
    """A student's run ended with an error."""

    event: str = field(default_factory=lambda: "error_alert")
    cell_id: str
    cell_key: str
    execution_id: str
    error: ErrorSummary


class ProgressUpdate(Update, kw_only=True):
    """A student's progress on a notebook changed. `progress_rate` is 0.0 to 1.0."""

    event: str = field(default_factory=lambda: "progress_update")
    completed_cells: int
    total_cells: int
    progress_rate: float


class NotebookUpdate(Update, kw_only=True):
    """A student opened a notebook, or its cells changed: the grid's columns may be new."""

    event: str = field(default_factory=lambda: "notebook_opened")


class DeliveryUpdate(Update, kw_only=True):
    """What is known of a student's records in this class that are not there changed.

    `missing_events`: gaps in `seq`, which a late event closes. `dropped_events`: given up by the
    browser, and said so. `clock_skew_ms`: the service's clock less the browser's.
    """

    event: str = field(default_factory=lambda: "delivery_update")
    missing_events: int
    dropped_events: int
    clock_skew_ms: float | None = None


def message_status(status: RunStatus) -> Any:
    """The word of the update messages for a run's status."""
    return "executing" if status == "running" else status
