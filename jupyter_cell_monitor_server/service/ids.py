"""The ids that rows are keyed by, made from the ids that clients send."""

import re
import uuid
from datetime import UTC, date, datetime
from functools import lru_cache

NAMESPACE = uuid.UUID("6d1a4c5e-97c0-5a0b-8f0e-1c1f3b8f6a52")
NO_DAY = date(1970, 1, 1)
_CANONICAL = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FIRST_DAY = date(2000, 1, 1)
_LAST_DAY = date(2100, 1, 1)
_LAST_MS = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)


_no_safety = uuid.UUID(int=0).is_safe


def uuid_from(number: int) -> uuid.UUID:
    """The UUID of a number of 128 bits; the library's own way takes four times as long."""
    found = object.__new__(uuid.UUID)
    object.__setattr__(found, "int", number)
    object.__setattr__(found, "is_safe", _no_safety)
    return found


def new_uuid_of(text: str) -> uuid.UUID:
    """`uuid_of` for a text that is not likely to come again."""
    if _CANONICAL.fullmatch(text):
        return uuid_from(int(text.replace("-", ""), 16))
    return uuid.uuid5(NAMESPACE, text)


@lru_cache(maxsize=16_384)
def uuid_of(text: str) -> uuid.UUID:
    """The UUID that a text is, in its canonical form, or else the text's UUIDv5."""
    return new_uuid_of(text)


def label_of(text: str) -> str | None:
    """The text to keep beside its UUID: None where it is that UUID."""
    return None if _CANONICAL.fullmatch(text) else text


@lru_cache(maxsize=16_384)
def execution_key(text: str) -> tuple[date, uuid.UUID, str | None]:
    """Day and UUID of a run's id, and the id itself where it is no UUID."""
    key = new_uuid_of(text)
    return day_of(key), key, label_of(text)


def execution_uuid(
    session_id: str, notebook_path: str, cell_id: str, execution_count: int
) -> uuid.UUID:
    """The id of a run whose client sent none: the same for its start and its end."""
    parts = (session_id, notebook_path, cell_id, str(execution_count))
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))


def content_uuid(raw: bytes) -> uuid.UUID:
    """The id of an event whose client sent none: the same for the same bytes."""
    return uuid.uuid5(NAMESPACE, raw.hex())


def day_of(key: uuid.UUID) -> date:
    """The UTC day that a UUIDv7 was made on (RFC 9562, 5.7), 1970-01-01 for other ids."""
    milliseconds = key.int >> 80
    if key.version != 7 or milliseconds >= _LAST_MS:
        return NO_DAY
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).date()
    return day if _FIRST_DAY <= day < _LAST_DAY else NO_DAY
