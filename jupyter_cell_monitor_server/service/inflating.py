"""Compressed bodies become texts again, within a bound."""

import zlib

# What zlib calls these formats.
_GZIP, _RAW = 31, -15


class BodyTooLarge(ValueError):
    """The body holds too many bytes or too many events."""


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """Inflate a gzip body of at most `max_bytes`.

    Raises `BodyTooLarge`, or `ValueError` where it is no whole gzip stream.
    """
    return _inflate(body, zlib.decompressobj(_GZIP), "gzip", max_bytes)


def inflate(body: bytes, dictionary: bytes, max_bytes: int) -> bytes:
    """Inflate a DEFLATE stream that may refer to a dictionary; it raises as `gunzip` does."""
    return _inflate(body, zlib.decompressobj(_RAW, zdict=dictionary), "DEFLATE", max_bytes)


def _inflate(body: bytes, inflater: "zlib._Decompress", form: str, max_bytes: int) -> bytes:
    try:
        inflated = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"The body is not {form}: {error}") from error
    if len(inflated) > max_bytes:
        raise BodyTooLarge(f"The body holds more than {max_bytes} bytes after inflating.")
    if not inflater.eof or inflater.unused_data:
        raise ValueError(f"The {form} body is cut off or has something behind it.")
    return inflated
