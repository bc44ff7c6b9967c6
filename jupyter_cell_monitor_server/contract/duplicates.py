"""Keys that stand twice in one object: the fast decoder takes the last of them and says nothing."""

import json
from typing import Any

_SHOWN = 100


class _Repeated(Exception):
    pass


def _check(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Repeated(key[:_SHOWN])
        seen.add(key)


# Written in C but for the check: as fast as a regular expression that finds the keys alone, and it
# knows a key in each of its spellings. Numbers stay text, for those of many digits take long.
_DECODER = json.JSONDecoder(object_pairs_hook=_check, parse_int=str, parse_float=str)


def repeated_key(text: bytes) -> str | None:
    """A key that stands twice in one object of a valid JSON text, its first 100 characters.

    Raises `RecursionError` for a text that is nested about 1000 deep.
    """
    try:
        _DECODER.raw_decode(text.decode().lstrip())
    except _Repeated as found:
        return str(found)
    return None
