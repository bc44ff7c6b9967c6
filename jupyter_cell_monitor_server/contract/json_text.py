"""JSON as bytes, before it is decoded: what no decoder takes, or takes too long for."""

import re

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
# What is whole comes first: escaped backslashes, and a high half with its low one behind it.
_HALF = re.compile(
    rb"((?:\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})++)"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def is_deeper(raw: bytes, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` deep."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limit:
            return True
    return False


def without_half_pairs(raw: bytes) -> bytes:
    """The same JSON with U+FFFD for each half of a surrogate pair that stands alone.

    Browsers write such a half as its escape; no UTF-8 can hold it.
    """
    if b"\\ud" not in raw and b"\\uD" not in raw:
        return raw
    return _HALF.sub(lambda found: found[1] or b"\\ufffd", raw)
