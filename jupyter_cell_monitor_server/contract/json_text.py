"""JSON as bytes, before it is decoded: what no decoder takes, or takes too long for."""

import re

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_ESCAPE = re.compile(rb"\\(?:[^u]|u[0-9a-fA-F]{4})", re.DOTALL)


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
    found, written, high = [], 0, None
    for escape in _ESCAPE.finditer(raw):
        unit = int(escape[0][2:], 16) if len(escape[0]) == 6 else 0
        is_pair = high is not None and high.end() == escape.start() and 0xDC00 <= unit <= 0xDFFF
        if high is not None and not is_pair:
            found += [raw[written : high.start()], b"\\ufffd"]
            written = high.end()
        if 0xDC00 <= unit <= 0xDFFF and not is_pair:
            found += [raw[written : escape.start()], b"\\ufffd"]
            written = escape.end()
        high = escape if 0xD800 <= unit <= 0xDBFF else None
    if high is not None:
        found += [raw[written : high.start()], b"\\ufffd"]
        written = high.end()
    return b"".join([*found, raw[written:]])
