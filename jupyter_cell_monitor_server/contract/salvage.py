"""The events of a batch that as a whole is no JSON, where one can still tell them apart."""

import re
from collections.abc import Iterator

MAX_ENVELOPE_BYTES = 64 * 1024

EVENTS_KEY = re.compile(rb'"events"\s*:\s*')
# A quote that ends no string comes last: from there on nobody can tell what is text.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"(?=\s*[,:\]}])|[\[\]{},"]', re.DOTALL)
_CLOSING = {b"[": b"]", b"{": b"}"}
# Reading that many brackets and commas takes about 0.1 s.
_MAX_TOKENS = 100_000


def split_broken(body: bytes) -> tuple[list[bytes], bytes] | None:
    """The items of `events`, and the body with an empty list instead of them.

    None where brackets or quotes do not match, so that an event could be taken for two or two for
    one, and for a body with more brackets and commas than can be looked at.
    """
    start = _start(body)
    if start is None:
        return None
    commas = list(_commas(body, start))
    if not commas or commas[-1] < 0:
        return None
    edges = zip([start, *(at + 1 for at in commas[:-1])], commas, strict=True)
    items = [body[begin:end].strip() for begin, end in edges]
    rest = body[:start] + body[commas[-1] :]
    if items == [b""]:
        return [], rest
    return None if b"" in items else (items, rest)


def _start(body: bytes) -> int | None:
    """Behind the bracket that opens `events`, the envelope's member."""
    depth = 0
    key = -1
    for token in _TOKEN.finditer(body, 0, MAX_ENVELOPE_BYTES):
        kind = token[0]
        if kind == b'"':
            return None
        if kind == b"[" and depth == 1 and token.start() == key:
            return token.end()
        if kind == b'"events"':
            found = EVENTS_KEY.match(body, token.start())
            key = found.end() if found else -1
        depth += (kind in _CLOSING) - (kind in _CLOSING.values())
    return None


def _commas(body: bytes, start: int) -> Iterator[int]:
    """Where the commas between the items stand, and then the closing bracket; -1 for a mismatch."""
    open_brackets = [b"]"]
    for count, token in enumerate(_TOKEN.finditer(body, start)):
        kind = token[0]
        if count > _MAX_TOKENS or kind == b'"':
            break
        if kind in _CLOSING:
            open_brackets.append(_CLOSING[kind])
        elif kind == b",":
            if len(open_brackets) == 1:
                yield token.start()
        elif kind in b"]}" and open_brackets.pop() != kind:
            break
        if not open_brackets:
            yield token.start()
            return
    yield -1
