"""Column types that read back, on SQLite and PostgreSQL alike, exactly what was written."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Date, DateTime, Dialect, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from ...contract.json_text import long_integers_as_floats
from ..ids import uuid_from

# PostgreSQL stores no NUL in text: U+0000 is written as U+E000 "0", U+E000 itself as U+E000 "1".
_MARK = "\ue000"


def escape_nul(text: str) -> str:
    """Text without NUL from which `unescape_nul` gives back the original."""
    if "\x00" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, _MARK + "1").replace("\x00", _MARK + "0")


def unescape_nul(text: str) -> str:
    """The original of an `escape_nul`."""
    if _MARK not in text:
        return text
    return text.replace(_MARK + "0", "\x00").replace(_MARK + "1", _MARK)


def _map_strings(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _map_strings(item, change) for key, item in value.items()}
    return value


def dump_json(value: Any) -> str:
    """JSON text that both databases take."""
    text = msgspec.json.encode(value).decode()
    if "\\u0000" not in text and _MARK not in text:
        return text
    return msgspec.json.encode(_map_strings(value, escape_nul)).decode()


def load_json(text: str | bytes) -> Any:
    """The value of a `dump_json`."""
    raw = text.encode() if isinstance(text, str) else text
    value = msgspec.json.decode(long_integers_as_floats(raw))
    return _map_strings(value, unescape_nul) if _MARK.encode() in raw else value


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, in microseconds. SQLite keeps no time zone: it is added on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, and for SQLite without the zone."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """With the zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class _WithoutNul(TypeDecorator[str]):
    impl: Any = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Without NUL."""
        return None if value is None else escape_nul(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """As it was."""
        return None if value is None else unescape_nul(value)


class AnyText(_WithoutNul):
    """Text of any length that may hold NUL."""

    cache_ok = True


class AnyString(_WithoutNul):
    """Text of at most `length` characters that may hold NUL."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        # An escape takes two characters.
        super().__init__(length=2 * length)
        self.length = length


AnyJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


# A row and its neighbours hold the same moments; to write one out takes as long as to store it.
@lru_cache(maxsize=4_096)
def _moment_to_sqlite(moment: datetime) -> str:
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(" ", "microseconds")[:26]


@lru_cache(maxsize=4_096)
def _moment_from_sqlite(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_TO_SQLITE: dict[type, Callable[[Any], Any]] = {
    Uuid: lambda key: f"{key.int:032x}",
    UtcDateTime: _moment_to_sqlite,
    Date: date.isoformat,
    JSON: dump_json,
    AnyText: escape_nul,
    AnyString: escape_nul,
}
_FROM_SQLITE: dict[type, Callable[[Any], Any]] = {
    Uuid: lambda text: uuid_from(int(text, 16)),
    UtcDateTime: _moment_from_sqlite,
    Date: date.fromisoformat,
    JSON: load_json,
    Boolean: bool,
    AnyText: unescape_nul,
    AnyString: unescape_nul,
}


def to_sqlite(column_type: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes a value of this type the one that SQLAlchemy's SQLite dialect stores."""
    return _TO_SQLITE.get(type(column_type))


def from_sqlite(column_type: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """The way back of `to_sqlite`."""
    return _FROM_SQLITE.get(type(column_type))


def is_plain(column_type: TypeEngine[Any]) -> str:
    """The condition, in Python, under which a `{value}` is the same on both sides."""
    if isinstance(column_type, _WithoutNul):
        return "{value} is None or not ('\\x00' in {value} or '" + _MARK + "' in {value})"
    return "{value} is None"
