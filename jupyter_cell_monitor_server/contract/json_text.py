"""JSON as bytes, before it is decoded and after it is encoded: what decoders cannot take.

UTF-8 has no half of a surrogate pair: within the service a half `\\udhhh` is U+E001 and its four
digits, and U+E001 itself is U+E001 and `e001`.
"""

import re
from typing import Any

import msgspec

MARK = "\ue001"
_MARK = MARK.encode()
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# What is whole comes first: escaped backslashes, and a high half with its low one behind it.
_WHOLE = rb"((?:\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})++)"
_HALF = re.compile(_WHOLE + rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_HALF_OR_MARK = re.compile(_WHOLE + rb"|\\u([dD][89a-fA-F][0-9a-fA-F]{2}|[eE]001)|" + _MARK)
_MARKED = re.compile(_MARK + rb"(e001|d[89a-f][0-9a-f]{2})")
_MARKED_TEXT = re.compile(MARK + "[0-9a-f]{0,3}$")
# Each digit as a 0: many of them are found faster so than by a regular expression.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS = b"0" * 19
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?[0-9][-+.0-9eE]*+', re.DOTALL)
_LONG_INTEGER = re.compile(rb"-?[1-9][0-9]{18,}")
_COLON = re.compile(rb"\s*:")


def decodable(raw: bytes) -> bytes:
    """The JSON text as it is decoded: nothing in it that the decoder would refuse or round."""
    return quote_long_integers(escape_halves(raw))


def is_deeper(raw: bytes, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` deep."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    brackets = _STRING.sub(b"", raw).translate(None, _NO_BRACKETS)
    # Each turn takes the innermost away; most events are four deep.
    left = brackets
    for _ in range(min(limit, 8)):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return False
    return _depth(brackets) > limit


def _depth(brackets: bytes) -> int:
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def without_half_pairs(raw: bytes) -> bytes:
    """JSON of the same length with U+FFFD for each half of a surrogate pair, for finding places."""
    if b"\\u" not in raw or (b"\\ud" not in raw and b"\\uD" not in raw):
        return raw
    return _HALF.sub(lambda found: found[1] or b"\\ufffd", raw)


def escape_halves(raw: bytes) -> bytes:
    """The JSON text in which each half of a surrogate pair, and the mark itself, is marked."""
    if _MARK[0] not in raw or _MARK not in raw:
        if b"\\u" not in raw:
            return raw
        if not any(sign in raw for sign in (b"\\ud", b"\\uD", b"\\ue001", b"\\uE001")):
            return raw
    return _HALF_OR_MARK.sub(_marked, raw)


def _marked(found: re.Match[bytes]) -> bytes:
    return found[1] or _MARK + (found[2] or b"e001").lower()


def escape_text(text: str) -> str:
    """What `escape_halves` makes of a text that came in no JSON, as in a URL."""
    return text.replace(MARK, MARK + "e001")


def restore_halves(encoded: bytes) -> bytes:
    """JSON with escapes again where `escape_halves` has put marks, for whoever reads it."""
    return _MARKED.sub(rb"\\u\1", encoded) if _MARK in encoded else encoded


def encode_json(value: Any) -> bytes:
    """A struct or value as the JSON that leaves the service."""
    return restore_halves(msgspec.json.encode(value))


def first_characters(text: str, length: int) -> str:
    """The first characters of a text, without a part of a mark at their end."""
    return text if len(text) <= length else _MARKED_TEXT.sub("", text[:length])


def quote_long_integers(text: bytes) -> bytes:
    """JSON in which each integer beyond 64 bits is a string of its digits: nothing else keeps them.

    Databases, browsers and other readers round such a number, each in its own way.
    """
    if _MANY_DIGITS not in text.translate(_DIGITS):
        return text
    return _STRING_OR_NUMBER.sub(_quoted, text)


def long_integers_as_floats(text: bytes) -> bytes:
    """JSON in which each integer beyond 64 bits is a floating-point number.

    PostgreSQL writes a large one with all its digits and no exponent.
    """
    if _MANY_DIGITS not in text.translate(_DIGITS):
        return text
    return _STRING_OR_NUMBER.sub(lambda found: found[0] + b".0" * _is_long(found), text)


def _quoted(found: re.Match[bytes]) -> bytes:
    return b'"' + found[0] + b'"' if _is_long(found) else found[0]


def _is_long(found: re.Match[bytes]) -> bool:
    token = found[0]
    if not _LONG_INTEGER.fullmatch(token) or _COLON.match(found.string, found.end()):
        return False
    return len(token) > 20 or not _MIN_INT64 <= int(token) <= _MAX_INT64
