"""The path of a notebook as the label that it is stored under."""

import unicodedata
from functools import lru_cache
from typing import Literal

from .fields import MAX_PATH

# Besides the control characters: what breaks a line, and what makes the text around a name run the
# other way. Joiners and the marks of single characters stay, for names are written with them.
_REFUSED = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FieldError(ValueError):
    """A field's value cannot be taken; `field` names it, `code` is the result's."""

    def __init__(
        self, field: str, detail: str, code: Literal["invalid", "too_old"] = "invalid"
    ) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code


@lru_cache(maxsize=4_096)
def clean_path(path: str, field: str = "notebook_path") -> str:
    """The label that a path is stored under: NFC, without one leading `/`.

    Raises `FieldError` for more than 500 characters, `..`, a backslash, a control character or one
    that changes the direction of text.
    """
    clean = unicodedata.normalize("NFC", path.removeprefix("/"))
    parts = clean.split("/")
    if not parts[0] or ".." in parts or "\\" in clean:
        raise FieldError(field, f"{field} must be a path below the home folder.")
    if len(clean) > MAX_PATH:
        raise FieldError(field, f"{field} has at most {MAX_PATH} characters.")
    if any(char in _REFUSED or unicodedata.category(char) == "Cc" for char in clean):
        raise FieldError(field, f"{field} must not hold control characters.")
    return clean
