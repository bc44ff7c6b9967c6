"""The body of `POST /events` as schemas: an event, a reduced event, the envelope of a batch."""

import msgspec

from ..contract.events import (
    CellExecutionComplete,
    CellExecutionError,
    CellExecutionStart,
    EventsDropped,
    NotebookOpened,
    OtherEvent,
)
from ..contract.fields import MAX_BATCH_EVENTS
from ..contract.reduced import KnownContent, ReducedEvent
from .openapi_schemas import Json, ref

KNOWN = (
    NotebookOpened,
    CellExecutionStart,
    CellExecutionComplete,
    CellExecutionError,
    EventsDropped,
)
EVENT_STRUCTS = (*KNOWN, OtherEvent, ReducedEvent)


def event_schemas() -> dict[str, Json]:
    """The schemas of what no struct describes, or not wholly, by their names."""
    return {
        "Event": {
            "description": "One event. Of a type that is not known, only the common fields count.",
            "oneOf": [*(ref(struct.__name__) for struct in KNOWN), ref("UnknownEvent")],
        },
        "UnknownEvent": _unknown_event(),
        "EventBatch": _batch(),
        KnownContent.__name__: {
            "dependentRequired": {"base_sha256": ["edits"], "edits": ["base_sha256"]}
        },
    }


def _unknown_event() -> Json:
    types = [
        field.default
        for struct in KNOWN
        for field in msgspec.structs.fields(struct)
        if field.name == "event_type"
    ]
    is_other = {"properties": {"event_type": {"not": {"enum": types}}}}
    return {"allOf": [ref(OtherEvent.__name__), is_other]}


def _batch() -> Json:
    one = {"anyOf": [ref("Event"), ref(ReducedEvent.__name__)]}
    return {
        "description": "`sent_at`: when, by the sender's clock. `contents`: the sender refers to "
        "contents by their hash, so the service is to remember those of this batch.",
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": one, "maxItems": MAX_BATCH_EVENTS},
            "sent_at": {"type": ["string", "null"], "format": "date-time"},
            "contents": {"type": "boolean"},
        },
        "required": ["events"],
        "not": {"required": ["event_type"]},
    }
