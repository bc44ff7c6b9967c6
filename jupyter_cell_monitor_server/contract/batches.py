"""The body of `POST /events`: one event, or a batch of at most 100."""

import msgspec
from msgspec import Raw, Struct

from .fields import MAX_BATCH_EVENTS
from .json_text import without_half_pairs


class _Body(Struct):
    events: Raw = Raw()
    event_type: Raw = Raw()


# A struct and no list: it stops at the first item too many, before a small gzip body of millions
# of items has filled the memory.
_EVENTS = msgspec.json.Decoder(
    msgspec.defstruct(
        "_Events",
        [(f"event_{index}", Raw, Raw()) for index in range(MAX_BATCH_EVENTS)],
        array_like=True,
        forbid_unknown_fields=True,
    )
)
_BODY = msgspec.json.Decoder(_Body)


class BatchError(ValueError):
    """The body as a whole is no batch and no event."""


class BatchTooLong(BatchError):
    """The batch holds more than 100 events."""


def split_batch(body: bytes) -> list[bytes]:
    """Split a body, a single event or `{"events": […]}`, into the bytes of each event.

    Raises `BatchError` where the body is neither, `BatchTooLong` for more than 100 events.
    """
    body = without_half_pairs(body)
    try:
        found = _BODY.decode(body)
        if not bytes(found.events) or bytes(found.event_type):
            return [body]
        events = msgspec.structs.astuple(_EVENTS.decode(found.events))
        return [raw for raw in map(bytes, events) if raw]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if "at most length" in str(error):
            raise BatchTooLong(f"A batch holds at most {MAX_BATCH_EVENTS} events.") from error
        raise BatchError(f"The body is no event and no batch of events: {error}") from error
