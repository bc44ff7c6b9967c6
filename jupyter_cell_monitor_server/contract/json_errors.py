"""Which field the decoder's messages are about."""

import re

_INSIDE = re.compile(r"`\$\.?([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")


def field_of(detail: str) -> str | None:
    """The dotted path of the field that a message of msgspec names; None for none."""
    matches = (_INSIDE.search(detail), _MISSING.search(detail))
    return ".".join(match[1] for match in matches if match and match[1]) or None
