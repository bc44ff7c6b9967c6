"""The body of `POST /events`: one event, or a batch of at most 100."""

from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

from .duplicates import repeated_key
from .fields import MAX_BATCH_EVENTS, Timestamp
from .json_text import without_half_pairs
from .salvage import EVENTS_KEY, MAX_ENVELOPE_BYTES, split_broken


class _Body(Struct):
    events: Raw = Raw()
    event_type: Raw = Raw()


class _Envelope(Struct):
    sent_at: Timestamp | None = None
    contents: bool = False


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
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_WHITE_SPACE = b" \t\r\n"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BatchError(ValueError):
    """The body as a whole is no batch and no event."""


class BatchTooLong(BatchError):
    """The batch holds more than 100 events, or more bytes than a batch may."""


class Batch(Struct, frozen=True):
    """The bytes of each event as they came, and what the envelope says.

    `sent_at` is by the sender's clock. `contents`: later events may refer to these contents.
    """

    events: list[bytes]
    sent_at: datetime | None = None
    contents: bool = False


def split_batch(body: bytes) -> Batch:
    """Split a body: a single event, or `{"events": […], "sent_at"?, "contents"?}`.

    Raises `BatchError` where the body is neither, `BatchTooLong` for more than 100 events.
    """
    plain = without_half_pairs(body)
    try:
        found = _BODY.decode(plain)
        array = bytes(found.events)
        if not array or bytes(found.event_type):
            return Batch([body])
        events = [raw for raw in map(bytes, msgspec.structs.astuple(_EVENTS.decode(array))) if raw]
    except _UNREADABLE as error:
        if "at most length" in str(error):
            raise _too_long() from error
        return _broken_batch(body, error)
    at = _position(plain, array)
    rest = plain[:at] + b"[]" + plain[at + len(array) :]
    return _batch(events if plain is body else _as_sent(body, plain, events, at), rest)


def _position(body: bytes, array: bytes) -> int:
    for key in EVENTS_KEY.finditer(body):
        if body.startswith(array, key.end()):
            return key.end()
    raise BatchError("The body's `events` are not written as such.")


def _as_sent(body: bytes, plain: bytes, events: list[bytes], at: int) -> list[bytes]:
    # Both are equally long, and between two events stand a comma and white space alone.
    found = []
    for event in events:
        at = plain.index(event, at)
        found.append(body[at : at + len(event)])
        at += len(event)
    return found


def _broken_batch(body: bytes, error: Exception) -> Batch:
    """A batch in which something is no JSON: each event is judged alone where that can be."""
    parts = split_broken(body)
    if parts is None:
        raise BatchError(f"The body is no event and no batch of events: {error}") from error
    events, rest = parts
    if len(events) > MAX_BATCH_EVENTS:
        raise _too_long() from error
    return _batch(events, without_half_pairs(rest))


def _batch(events: list[bytes], rest: bytes) -> Batch:
    if len(rest.strip(_WHITE_SPACE)) > MAX_ENVELOPE_BYTES:
        raise BatchError(f"Besides its events a batch holds at most {MAX_ENVELOPE_BYTES} bytes.")
    try:
        msgspec.json.decode(rest)
        envelope = _ENVELOPE.decode(rest)
        key = repeated_key(rest)
    except _UNREADABLE as error:
        raise BatchError(f"The batch's envelope is wrong: {error}") from error
    if key is not None:
        raise BatchError(f"The batch's envelope has the key `{key}` twice.")
    return Batch(events, _in_utc(envelope.sent_at), envelope.contents)


def _in_utc(moment: datetime | None) -> datetime | None:
    """The moment; None for one at an end of Python's calendar, where it has no UTC."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        return None


def _too_long() -> BatchTooLong:
    return BatchTooLong(f"A batch holds at most {MAX_BATCH_EVENTS} events.")
