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
from .openapi_schemas import Json, ref

KNOWN = (
    NotebookOpened,
    CellExecutionStart,
    CellExecutionComplete,
    CellExecutionError,
    EventsDropped,
)
EVENT_STRUCTS = (*KNOWN, OtherEvent)
MAX_PIECES = 64
MAX_EDITS = 200
_SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_BYTES: Json = {"type": "integer", "minimum": 0}
_ID: Json = {"type": "string", "minLength": 1, "maxLength": 200}


def event_schemas() -> dict[str, Json]:
    """The schemas of what no struct describes, by their names."""
    return {
        "Event": {
            "description": "One event. Of a type that is not known, only the common fields count.",
            "oneOf": [*(ref(struct.__name__) for struct in KNOWN), ref("UnknownEvent")],
        },
        "UnknownEvent": _unknown_event(),
        "Edit": _edit(),
        "Piece": _piece(),
        "ReducedEvent": _reduced_event(),
        "EventBatch": _batch(),
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


def _edit() -> Json:
    return {
        "description": "`[at, removed, inserted]`: at this byte offset of the base, so many bytes "
        "are replaced by the UTF-8 of a text.",
        "type": "array",
        "prefixItems": [_BYTES, _BYTES, {"type": "string"}],
        "items": False,
        "minItems": 3,
        "maxItems": 3,
    }


def _piece() -> Json:
    known = {"type": "object", "properties": {"sha256": _SHA256}, "required": ["sha256"]}
    edits = {"type": "array", "items": ref("Edit"), "maxItems": MAX_EDITS}
    changed = {
        "type": "object",
        "properties": {"sha256": _SHA256, "base_sha256": _SHA256, "edits": edits},
        "required": ["sha256", "base_sha256", "edits"],
    }
    return {
        "description": "A part of an event's body: the text itself, the hash of a content that "
        "the service knows, or a known content (`base_sha256`) with edits: in ascending order, "
        "without overlap, on the boundaries of characters.",
        "oneOf": [
            {"type": "string"},
            known | {"not": {"required": ["base_sha256"]}},
            changed,
        ],
    }


def _reduced_event() -> Json:
    return {
        "description": "An event whose body is the concatenation of its pieces. `sha256` is that "
        "of the body's UTF-8. A hash that the service does not know: `retry`, `content_needed`.",
        "type": "object",
        "properties": {
            "event_id": _ID,
            "session_id": _ID,
            "sha256": _SHA256,
            "pieces": {
                "type": "array",
                "items": ref("Piece"),
                "minItems": 1,
                "maxItems": MAX_PIECES,
            },
        },
        "required": ["event_id", "session_id", "sha256", "pieces"],
        "not": {"required": ["event_type"]},
    }


def _batch() -> Json:
    one = {"oneOf": [ref("Event"), ref("ReducedEvent")]}
    return {
        "description": "`sent_at`: when, by the sender's clock. `contents`: the sender refers to "
        "contents by their hash, so the service is to remember those of this batch.",
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": one, "maxItems": MAX_BATCH_EVENTS},
            "sent_at": {"type": "string", "format": "date-time"},
            "contents": {"type": "boolean"},
        },
        "required": ["events"],
        "not": {"required": ["event_type"]},
    }
