"""The answer to `POST /events`."""

from typing import Literal

from msgspec import Struct


class EventResult(Struct, kw_only=True, omit_defaults=True):
    """The answer for one event. `retry`: nothing was stored, send it again."""

    event_id: str | None
    status: Literal["stored", "duplicate", "rejected", "retry"]
    code: str | None = None
    detail: str | None = None
    field: str | None = None


class EventResults(Struct):
    """The answer to a batch: one result for each event, in the order sent."""

    results: list[EventResult]
