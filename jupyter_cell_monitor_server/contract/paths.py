"""The path of a notebook as the label that it is stored under."""

import unicodedata
from functools import lru_cache

from .fields import MAX_PATH


class FieldError(ValueError):
    """A field's value cannot be taken; `field` names it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@lru_cache(maxsize=4_096)
def clean_path(path: str, field: str = "notebook_path") -> str:
    """The label that a path is stored under: NFC, without one leading `/`.

    Raises `FieldError` for more than 500 characters, `..`, a backslash or a control character.
    """
    clean = unicodedata.normalize("NFC", path.removeprefix("/"))
    parts = clean.split("/")
    if not parts[0] or ".." in parts or "\\" in clean:
        raise FieldError(field, f"{field} must be a path below the home folder.")
    if len(clean) > MAX_PATH:
        raise FieldError(field, f"{field} has at most {MAX_PATH} characters.")
    if any(unicodedata.category(char) == "Cc" for char in clean):
        raise FieldError(field, f"{field} must not hold control characters.")
    return clean
