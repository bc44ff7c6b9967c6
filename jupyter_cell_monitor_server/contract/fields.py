"""The bounded types that the events and updates are made of."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

MAX_INT32 = 2**31 - 1
MAX_INT53 = 2**53 - 1

MAX_BATCH_EVENTS = 100
MAX_BODY_BYTES = 1024 * 1024
MAX_INFLATED_BYTES = 8 * 1024 * 1024
MAX_EVENT_BYTES = 256 * 1024
MAX_CELLS = 2_000
MAX_DEPTH = 64
MAX_PATH = 500

UserName = Annotated[str, Meta(min_length=1, max_length=255)]
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
NotebookPath = Annotated[str, Meta(min_length=1, max_length=MAX_PATH)]
NotebookName = Annotated[str, Meta(min_length=1, max_length=200)]
CellId = Annotated[str, Meta(min_length=1, max_length=100)]
ClassId = Annotated[str, Meta(min_length=1, max_length=255)]
CellType = Annotated[str, Meta(min_length=1, max_length=20)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ErrorName = Annotated[str, Meta(min_length=1, max_length=500)]
Timestamp = Annotated[datetime, Meta(tz=True)]
Seq = Annotated[int, Meta(ge=0, le=MAX_INT53)]
SeqRange = Annotated[list[Seq], Meta(min_length=2, max_length=2)]
DroppedRanges = Annotated[list[SeqRange], Meta(min_length=1, max_length=1_000)]
DroppedCount = Annotated[int, Meta(ge=1, le=MAX_INT32)]
DroppedReason = Annotated[str, Meta(min_length=1, max_length=100)]
ExecutionCount = Annotated[int, Meta(ge=0, le=MAX_INT32)]
CellIndex = Annotated[int, Meta(ge=0, le=MAX_INT32)]
DurationMs = Annotated[float, Meta(ge=0, le=float(MAX_INT53))]

RunStatus = Literal["running", "completed", "error", "interrupted", "unknown"]
"""`interrupted`: a KeyboardInterrupt ended the run. `unknown`: nobody saw its end."""
