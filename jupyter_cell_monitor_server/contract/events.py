"""The events that a student's browser sends: one struct for each type, and their parser.

Only the fields of the original specification are required. A field that no struct names is
kept in `ParsedEvent.extra`; an event of an unknown type is kept whole as an `OtherEvent`.
"""

import hashlib
import re
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from .duplicates import repeated_key
from .fields import (
    MAX_CELLS,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    CellId,
    CellIndex,
    CellType,
    ClassId,
    DroppedCount,
    DroppedRanges,
    DroppedReason,
    DurationMs,
    ErrorName,
    ExecutionCount,
    Identifier,
    NotebookName,
    NotebookPath,
    Seq,
    Sha256,
    Timestamp,
    UserName,
)
from .json_errors import field_of
from .json_text import decodable, is_deeper
from .paths import FieldError, clean_path
from .times import Clocks
from .unknown_fields import Inner, take_unknown


class Event(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields of every event.

    `seq` counts a session's events from 0 without gaps. `timestamp` is the browser's clock.
    """

    student_id: UserName
    session_id: Identifier
    notebook_path: NotebookPath
    timestamp: Timestamp
    event_id: Identifier | None = None
    seq: Seq | None = None
    kernel_id: Identifier | None = None


class Cell(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One cell of a notebook that was opened, as it stands at `index` (from 0).

    `source_sha256` is over the UTF-8 source; a source of white space alone counts as empty.
    `grade_id`, `solution`, `task`, `grade` and `points` are nbgrader's metadata.
    """

    cell_id: CellId
    cell_type: CellType
    index: CellIndex
    source_sha256: Sha256
    grade_id: CellId | None = None
    solution: bool = False
    task: bool = False
    grade: bool = False
    points: float | None = None


class NotebookOpened(Event, kw_only=True):
    """A notebook was opened, its cells changed, or it was renamed from `renamed_from`.

    `class_id` is the student's own choice; metadata and path come before it.
    `nbformat_minor` is the file's: below 5 its cells carry no ids of their own.
    """

    event_type: Literal["notebook_opened"] = "notebook_opened"
    notebook_name: NotebookName
    cells: list[Cell]
    metadata: dict[str, Any] = {}
    nbformat_minor: CellIndex | None = None
    renamed_from: NotebookPath | None = None
    class_id: ClassId | None = None


class CellEvent(Event, kw_only=True):
    """An event of one run of one cell. `execution_id` is the run's, in its start and its end."""

    cell_id: CellId
    execution_count: ExecutionCount
    execution_id: Identifier | None = None


class CellExecutionStart(CellEvent, kw_only=True):
    """The kernel began to run a cell; `started_at` is the kernel's time."""

    event_type: Literal["cell_execution_start"] = "cell_execution_start"
    code: str
    started_at: Timestamp | None = None


class CellExecutionEnd(CellEvent, kw_only=True):
    """A run ended. Times are the kernel's; `code` is there where the start may be lost."""

    code: str | None = None
    output: dict[str, Any] | list[dict[str, Any]] | None = None
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    duration_ms: DurationMs | None = None


class CellExecutionComplete(CellExecutionEnd, kw_only=True):
    """A run ended without an error, or (`status` "unknown") nobody saw its end."""

    event_type: Literal["cell_execution_complete"] = "cell_execution_complete"
    success: bool = True
    status: Literal["completed", "unknown"] | None = None


class ErrorContext(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was there when the error was raised: `variables` as name, type and value."""

    variables: list[dict[str, Any]] = []


class RunError(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A Python exception as the kernel reported it, its traceback whole."""

    name: ErrorName
    message: str
    traceback: list[str] | str = ""
    context: ErrorContext | None = None


class CellExecutionError(CellExecutionEnd, kw_only=True):
    """A run ended with an error; a `KeyboardInterrupt` is an interrupted run."""

    event_type: Literal["cell_execution_error"] = "cell_execution_error"
    error: RunError
    success: bool = False


class EventsDropped(Event, kw_only=True):
    """Events of a session that its browser gave up: `ranges` of `seq`, first and last of each.

    It has no `seq` of its own, for its session's page may be gone. `reason` is `queue_full`,
    `not_kept` (the browser could not store them) or `rejected:` and the code of the refusal.
    """

    event_type: Literal["events_dropped"] = "events_dropped"
    ranges: DroppedRanges
    count: DroppedCount
    reason: DroppedReason


class OtherEvent(Struct, kw_only=True):
    """An event of a type that this release does not know, or does not use yet."""

    student_id: UserName
    event_type: Identifier
    timestamp: Timestamp
    session_id: Identifier | None = None
    notebook_path: NotebookPath | None = None
    cell_id: CellId | None = None
    event_id: Identifier | None = None
    seq: Seq | None = None


KnownEvent = (
    NotebookOpened | CellExecutionStart | CellExecutionComplete | CellExecutionError | EventsDropped
)
AnyEvent = KnownEvent | OtherEvent


class ParsedEvent(Struct, frozen=True):
    """A valid event, the fields that no struct names, and its bytes as they came."""

    event: AnyEvent
    extra: dict[str, Any]
    raw: bytes

    def fields(self) -> dict[str, Any]:
        """All that the event says, also what no struct names."""
        return msgspec.json.decode(decodable(self.raw), type=dict[str, Any])

    def payload_sha256(self) -> bytes:
        """What tells the same event sent twice from another one under its id."""
        return hashlib.sha256(self.raw).digest()


class RejectedEvent(Struct, frozen=True):
    """An event that cannot be taken: why, and which field (a dotted path) is wrong."""

    code: Literal["invalid", "too_large", "too_old", "wrong_student"]
    detail: str
    field: str | None = None
    event_id: str | None = None


class _Head(Struct):
    event_type: Any = None
    event_id: Any = None


_TYPES: dict[str, type[KnownEvent]] = {
    "notebook_opened": NotebookOpened,
    "cell_execution_start": CellExecutionStart,
    "cell_execution_complete": CellExecutionComplete,
    "cell_execution_error": CellExecutionError,
    "events_dropped": EventsDropped,
}
_INNER: Inner = {
    NotebookOpened: {"cells": Cell},
    CellExecutionError: {"error": RunError},
    RunError: {"context": ErrorContext},
}
_KNOWN = {name: msgspec.json.Decoder(struct) for name, struct in _TYPES.items()}
_HEAD = msgspec.json.Decoder(_Head)
_TYPE_BEFORE_ALL_NESTED = re.compile(rb'\s*\{[^{}\[\]]*?"event_type":\s*"([a-z_]+)"')


def parse_event(raw: bytes, clocks: Clocks | datetime) -> ParsedEvent | RejectedEvent:
    """Decode and check one event. `clocks` bound its times; a time alone is the service's."""
    if len(raw) > MAX_EVENT_BYTES:
        return RejectedEvent("too_large", f"An event holds at most {MAX_EVENT_BYTES} bytes.")
    if is_deeper(raw, MAX_DEPTH):
        return RejectedEvent("invalid", f"An event is nested at most {MAX_DEPTH} deep.")
    text = decodable(raw)
    event: AnyEvent | None = _decode_at_once(text)
    event_id = None if event is None else event.event_id
    extra: dict[str, Any] = {}
    try:
        if event is None:
            head = _HEAD.decode(text)
            event_id = head.event_id if isinstance(head.event_id, str) else None
            event, extra = _decode(text, head.event_type)
        _check(event, clocks if isinstance(clocks, Clocks) else Clocks(clocks))
        _check_keys(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return RejectedEvent("invalid", str(error), field_of(str(error)), event_id)
    except FieldError as error:
        return RejectedEvent(error.code, str(error), error.field, event_id)
    return ParsedEvent(event, extra, raw)


def _decode_at_once(raw: bytes) -> KnownEvent | None:
    """An event of ours as it should be; None for all that wants a closer look."""
    found = _TYPE_BEFORE_ALL_NESTED.match(raw)
    decoder = found and _KNOWN.get(found[1].decode())
    if not decoder:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _decode(text: bytes, event_type: Any) -> tuple[AnyEvent, dict[str, Any]]:
    if not isinstance(event_type, str) or event_type not in _KNOWN:
        # Decoded whole: a struct would not look at what it does not name.
        return msgspec.convert(msgspec.json.decode(text), OtherEvent), {}
    try:
        return _KNOWN[event_type].decode(text), {}
    except msgspec.ValidationError as error:
        if "unknown field" not in str(error):
            raise
    fields: dict[str, Any] = msgspec.json.decode(text)
    struct = _TYPES[event_type]
    extra = take_unknown(fields, struct, _INNER)
    return msgspec.convert(fields, struct), extra


def _check(event: AnyEvent, clocks: Clocks) -> None:
    clocks.check_event(event.timestamp)
    for name in ("started_at", "ended_at"):
        moment = getattr(event, name, None)
        if moment is not None:
            clocks.check_kernel(moment, name)
    for name in ("notebook_path", "renamed_from"):
        path = getattr(event, name, None)
        if path is not None:
            setattr(event, name, clean_path(path, name))
    if isinstance(event, NotebookOpened) and len(event.cells) > MAX_CELLS:
        raise FieldError("cells", f"A notebook has at most {MAX_CELLS} cells.")
    if isinstance(event, EventsDropped) and any(last < first for first, last in event.ranges):
        raise FieldError("ranges", "A range begins with its first number.")


def _check_keys(text: bytes) -> None:
    key = repeated_key(text)
    if key is not None:
        raise FieldError(key, f"The key `{key}` stands twice in one object.")
