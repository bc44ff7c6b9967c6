"""Batches that are compressed with references to the batches before: `dictionary-deflate`.

A body is the tag of the dictionary, the tag of the text, and a DEFLATE stream (RFC 1951) of the
text that may refer to the dictionary. A tag is the beginning of a SHA-256.
"""

import hashlib

ENCODING = "dictionary-deflate"
DICTIONARY_BYTES = 32 * 1024
TAG_BYTES = 4
MIN_RUN_BYTES = 256

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\"
_INSIDE, _OUTSIDE = b"x", b" "
_SHAPE = bytes(ord(_INSIDE if byte in _BASE64 else _OUTSIDE) for byte in range(256))
_RUN = _INSIDE * MIN_RUN_BYTES


def tag_of(data: bytes) -> bytes:
    """The tag of a dictionary or a text."""
    return hashlib.sha256(data).digest()[:TAG_BYTES]


def dictionary_after(dictionary: bytes, text: bytes) -> bytes:
    """The dictionary after a text that was sent with one; empty before the first text."""
    return (dictionary + without_media(text))[-DICTIONARY_BYTES:]


def without_media(text: bytes) -> bytes:
    """A text without its images: each run of base64 (also in lines, as JSON) that is long.

    They would push out all else, and nothing of them comes again in part.
    """
    shape = text.translate(_SHAPE)
    parts: list[bytes] = []
    end = 0
    at = shape.find(_RUN)
    while at >= 0:
        parts.append(text[end:at])
        end = shape.find(_OUTSIDE, at)
        if end < 0:
            return b"".join(parts)
        at = shape.find(_RUN, end)
    return b"".join((*parts, text[end:]))
