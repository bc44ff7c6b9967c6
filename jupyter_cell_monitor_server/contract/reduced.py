"""An event as it may travel: its body's text with contents that the service has as their hashes.

A content is the JSON text of one top-level member's value in an event's body, exactly as it
stands there. Hashes are SHA-256 over UTF-8, in lower-case hex.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from .fields import MAX_EVENT_BYTES, Identifier, Sha256
from .json_text import without_half_pairs
from .paths import FieldError

MIN_CONTENT_BYTES = 128
MAX_PIECES = 64
MAX_EDITS = 200

Offset = Annotated[int, Meta(ge=0, le=MAX_EVENT_BYTES)]
Edit = tuple[Offset, Offset, str]
"""At this byte of the base, so many bytes are replaced by this text."""


class KnownContent(Struct, kw_only=True):
    """A content that the service has, or what becomes of `base_sha256` by `edits`.

    Edits ascend, do not overlap, count in the base's bytes and cut no character.
    """

    sha256: Sha256
    base_sha256: Sha256 | UnsetType = UNSET
    edits: Annotated[list[Edit], Meta(max_length=MAX_EDITS)] | UnsetType = UNSET


class ReducedEvent(Struct, kw_only=True):
    """An event whose body, with this `sha256`, is its `pieces` one after the other."""

    event_id: Identifier
    session_id: Identifier
    sha256: Sha256
    pieces: Annotated[list[str | KnownContent], Meta(min_length=1, max_length=MAX_PIECES)]


class _Shape(Struct):
    event_type: Raw = Raw()
    pieces: Raw = Raw()


_SHAPE = msgspec.json.Decoder(_Shape)
_REDUCED = msgspec.json.Decoder(ReducedEvent)
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])


def is_reduced(raw: bytes) -> bool:
    """Whether an item of a batch is a reduced event: it has `pieces` and no `event_type`."""
    if b'"pieces"' not in raw:
        return False
    try:
        shape = _SHAPE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return bool(bytes(shape.pieces)) and not bytes(shape.event_type)


def decode_reduced(raw: bytes) -> ReducedEvent:
    """Decode a reduced event. Raises `msgspec.DecodeError`, `UnicodeDecodeError`, `FieldError`."""
    reduced = _REDUCED.decode(raw)
    for piece in reduced.pieces:
        if isinstance(piece, str):
            continue
        if (piece.base_sha256 is UNSET) != (piece.edits is UNSET):
            raise FieldError("pieces", "A base and its edits belong together.")
    return reduced


def contents_of(body: bytes) -> Iterator[bytes]:
    """The contents of a valid event's body that are long enough to be sent by their hash."""
    text = without_half_pairs(body)
    at = 0
    try:
        members = _MEMBERS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    for value in map(bytes, members.values()):
        if len(value) < MIN_CONTENT_BYTES:
            continue
        # The text is as long as the body: half a surrogate pair stands there as it was sent.
        at = text.find(value, at)
        yield body[at : at + len(value)]
        at += len(value)


def edited_size(base: bytes, edits: list[Edit]) -> int:
    """How many bytes `edited` gives. Raises `FieldError` for edits that do not fit the base."""
    size, end = len(base), 0
    for at, removed, inserted in edits:
        if at < end or at + removed > len(base):
            raise FieldError("pieces", "Edits ascend and lie within their base.")
        if _cuts_a_character(base, at) or _cuts_a_character(base, at + removed):
            raise FieldError("pieces", "An edit begins and ends between two characters.")
        end = at + removed
        size += len(inserted.encode()) - removed
    return size


def edited(base: bytes, edits: list[Edit]) -> bytes:
    """What becomes of a base by edits that fit it."""
    parts: list[bytes] = []
    end = 0
    for at, removed, inserted in edits:
        parts += (base[end:at], inserted.encode())
        end = at + removed
    return b"".join((*parts, base[end:]))


def _cuts_a_character(text: bytes, at: int) -> bool:
    return at < len(text) and text[at] & 0xC0 == 0x80
