"""Which class a notebook belongs to: its metadata, then its path, then the student's choice."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_PATTERNS = ("assignments/{class_id}/{assignment}/**",)
MAX_ASSIGNMENT = 255
_TOKEN = re.compile(r"(\{class_id\}|\{assignment\}|\*\*|\*)")
_REGEX = {
    "{class_id}": "(?P<class_id>[^/]+)",
    "{assignment}": "(?P<assignment>[^/]+)",
    "**": ".*",
    "*": "[^/]*",
}


@dataclass(frozen=True, slots=True)
class ClassOfNotebook:
    """A class that a notebook belongs to, and the assignment there, if it is of one."""

    class_id: str
    assignment: str | None


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression of a path pattern.

    Raises `ValueError` where a pattern names no class, or a placeholder twice.
    """
    if "{class_id}" not in pattern:
        raise ValueError(f"{pattern!r} holds no {{class_id}}")
    parts = (_REGEX.get(part, re.escape(part)) for part in _TOKEN.split(pattern))
    try:
        return re.compile("".join(parts) + r"\Z", re.DOTALL)
    except re.error as error:
        raise ValueError(f"{pattern!r} names a placeholder twice") from error


Resolve = Callable[[str, dict[str, Any], str | None, Collection[str]], ClassOfNotebook | None]


def resolver(patterns: Sequence[str]) -> Resolve:
    """A function `(path, metadata, choice, classes of the student) -> class, or None`."""
    compiled = [compile_pattern(pattern) for pattern in patterns]

    def resolve(
        path: str, metadata: dict[str, Any], choice: str | None, classes: Collection[str]
    ) -> ClassOfNotebook | None:
        found = _of_metadata(metadata)
        if found and found.class_id in classes:
            return found
        for pattern in compiled:
            match = pattern.match(path)
            if match and match["class_id"] in classes:
                return _found(match["class_id"], match.groupdict().get("assignment"))
        if choice is not None and choice in classes:
            return ClassOfNotebook(choice, None)
        return None

    return resolve


def _of_metadata(metadata: dict[str, Any]) -> ClassOfNotebook | None:
    ours = metadata.get("cell_monitor")
    if not isinstance(ours, dict) or not isinstance(ours.get("class_id"), str):
        return None
    assignment = ours.get("assignment_id")
    return _found(ours["class_id"], assignment if isinstance(assignment, str) else None)


def _found(class_id: str, assignment: str | None) -> ClassOfNotebook:
    return ClassOfNotebook(class_id, assignment and assignment[:MAX_ASSIGNMENT])
