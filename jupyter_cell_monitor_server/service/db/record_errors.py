"""`error_patterns`: how often each exception came in a class, and from when to when."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal_column, select

from .record_runs import ChangedRun
from .rows import Row, find, upsert
from .tables import error_logs, error_patterns

MAX_CATEGORY = 200
_KEY = ("class_id", "error_category")
_CHANGING = ("frequency", "first_occurred_at", "last_occurred_at")


def save_patterns(connection: Connection, changed: Sequence[ChangedRun]) -> None:
    """Count the runs that failed now. The channels of their classes are locked already."""
    new: dict[tuple[str, str], list[datetime]] = {}
    for item in changed:
        if item.failed is not None and item.run.class_id is not None:
            category = item.failed.error.name[:MAX_CATEGORY]
            moment = item.run.ended_at or item.failed.timestamp
            new.setdefault((item.run.class_id, category), []).append(moment)
    stored = {
        (row["class_id"], row["error_category"]): row
        for row in find(connection, error_patterns, _KEY, new.keys())
    }
    rows = [_with(stored.get(key), key, moments) for key, moments in sorted(new.items())]
    upsert(connection, error_patterns, rows, _CHANGING)
    for class_id in sorted({i.run.class_id for i in changed if i.had_failed and i.run.class_id}):
        recount_patterns(connection, class_id)


def _with(stored: Row | None, key: tuple[str, str], moments: Iterable[datetime]) -> Row:
    times = list(moments)
    count = len(times)
    if stored is not None:
        count += stored["frequency"]
        times += [stored["first_occurred_at"], stored["last_occurred_at"]]
    return {
        "class_id": key[0],
        "error_category": key[1],
        "frequency": count,
        "first_occurred_at": min(times),
        "last_occurred_at": max(times),
    }


def recount_patterns(connection: Connection, class_id: str) -> None:
    """Count all errors of a class again; writes only what differs."""
    error = error_logs.c
    # Written out, since PostgreSQL takes two parameters of one value for two values.
    length: Any = literal_column(str(MAX_CATEGORY))
    category = func.substr(error.name, literal_column("1"), length, type_=error.name.type)
    query = (
        select(category, func.count(), func.min(error.occurred_at), func.max(error.occurred_at))
        .where(error.class_id == class_id)
        .group_by(category)
    )
    names = ("class_id", "error_category", *_CHANGING)
    found = find(connection, error_patterns, ("class_id",), {(class_id,)}, names)
    stored = {row["error_category"]: row for row in found}
    changed = []
    for values in connection.execute(query):
        row = dict(zip(names, (class_id, *values), strict=True))
        if stored.pop(row["error_category"], None) != row:
            changed.append(row)
    upsert(connection, error_patterns, changed, _CHANGING)
    for gone in stored:
        # What teachers wrote of a pattern stays, should the error come back.
        pattern = error_patterns.c
        same = (pattern.class_id == class_id, pattern.error_category == gone)
        connection.execute(error_patterns.delete().where(*same, pattern.common_solutions.is_(None)))
