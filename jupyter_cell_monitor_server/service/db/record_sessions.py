"""Sessions of one transaction: where they are, which `seq` they sent, how their clock stands."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from .. import seq_ranges
from ..clocks import is_skewed, skew_ms
from ..ids import label_of, uuid_of
from .rows import Row, find, upsert
from .tables import other_events, sessions

SessionKey = tuple[str, uuid.UUID]
_CHANGING = (
    "notebook_id",
    "notebook_path",
    "opened",
    "last_seen_at",
    "seq_ranges",
    "dropped_ranges",
    "missing_events",
    "dropped_events",
    "clock_skew_ms",
)


class Sessions:
    """The sessions that one transaction touches."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._rows: dict[SessionKey, Row] = {}
        self._new: set[SessionKey] = set()
        self._seen: set[SessionKey] = set()
        self._numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._dropped: dict[SessionKey, list[Sequence[int]]] = defaultdict(list)
        self._was_skewed: dict[SessionKey, bool] = {}

    def load(self, keys: Iterable[SessionKey]) -> None:
        """Read these sessions, where they are stored."""
        for row in find(self._connection, sessions, ("student_id", "session_id"), keys):
            self._rows[row["student_id"], row["session_id"]] = row

    def forget(self, student_id: str) -> None:
        """Drop what was read or made of a student's sessions."""
        for key in [key for key in self._rows if key[0] == student_id]:
            del self._rows[key]
            self._new.discard(key)

    def get(self, key: SessionKey) -> Row | None:
        """A session that `load` has read, or that is new."""
        return self._rows.get(key)

    def of_student(self, student_id: str) -> Iterable[Row]:
        """The sessions of a student that are at hand."""
        return [row for key, row in self._rows.items() if key[0] == student_id]

    def put(self, key: SessionKey, notebook_id: uuid.UUID, path: str, *, opened: bool) -> Row:
        """A session is at this place. One that was never opened is at the first by name of all."""
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._made(key)
            self._new.add(key)
        is_first = row["notebook_path"] is None or path < row["notebook_path"]
        if opened or (not row["opened"] and is_first):
            row["notebook_id"], row["notebook_path"] = notebook_id, path
        row["opened"] = row["opened"] or opened
        return row

    def _made(self, key: SessionKey) -> Row:
        empty = {column.name: None for column in sessions.columns}
        counted = {"opened": False, "missing_events": 0, "dropped_events": 0, "seq_ranges": []}
        times = {"started_at": self._now, "last_seen_at": self._now}
        return empty | counted | times | {"student_id": key[0], "session_id": key[1]}

    def see(self, key: SessionKey, session: str, sent_at: datetime | None, at: datetime) -> None:
        """A batch with an event of this session has come; `session` is the id as sent."""
        row = self._rows[key]
        if key in self._new:
            row["session_label"] = label_of(session)
        self._seen.add(key)
        row["last_seen_at"] = self._now
        skew = skew_ms(sent_at, at)
        if skew is not None:
            self._was_skewed.setdefault(key, is_skewed(row["clock_skew_ms"]))
            row["clock_skew_ms"] = skew

    def count(self, student_id: str, session: str | None, seq: int | None) -> None:
        """An event with this number is stored."""
        if seq is not None and session is not None:
            self._numbers[student_id, session].append(seq)

    def drop(self, key: SessionKey, ranges: Iterable[Sequence[int]]) -> None:
        """These numbers were given up."""
        self._dropped[key].extend(ranges)

    def save(self) -> list[Row]:
        """Write what changed. Gives back those of which a teacher is to be told."""
        numbers = self._all_numbers()
        self._seen |= self._rows.keys() & (numbers.keys() | self._dropped.keys())
        told = []
        for key in sorted(self._seen):
            row = self._rows[key]
            before = (row["missing_events"], row["dropped_events"])
            self._fold(row, numbers.get(key, ()), self._dropped.get(key, ()))
            now_skewed = is_skewed(row["clock_skew_ms"])
            skew_turned = self._was_skewed.get(key, now_skewed) != now_skewed
            if skew_turned or before != (row["missing_events"], row["dropped_events"]):
                told.append(row)
        rows = [self._rows[key] for key in sorted(self._seen)]
        upsert(self._connection, sessions, rows, _CHANGING)
        return told

    def _all_numbers(self) -> dict[SessionKey, list[int]]:
        found: dict[SessionKey, list[int]] = defaultdict(list)
        for (student_id, session), numbers in self._numbers.items():
            found[student_id, uuid_of(session)] += numbers
        # Events that name no notebook make no session: they are counted when it begins.
        names = ("student_id", "session_id", "seq")
        key = ("student_id", "session_id")
        for row in find(self._connection, other_events, key, self._new, names):
            if row["seq"] is not None:
                found[row["student_id"], row["session_id"]].append(row["seq"])
        return found

    @staticmethod
    def _fold(row: Row, numbers: Sequence[int], dropped: Iterable[Sequence[int]]) -> None:
        received = row["seq_ranges"]
        if received is None:
            if not numbers:
                return
            received = [[0, min(numbers)]]
        row["seq_ranges"] = received = seq_ranges.with_numbers(received, numbers)
        given_up = row["dropped_ranges"] or []
        dropped = list(dropped)
        if dropped:
            row["dropped_ranges"] = given_up = seq_ranges.union(given_up, dropped)
        row["missing_events"], row["dropped_events"] = counts(received, given_up)


def counts(received: Any, given_up: Any) -> tuple[int, int]:
    """Missing and dropped events of a session, as its row holds them."""
    return (
        min(seq_ranges.missing(received, given_up), _MAX_COUNT),
        min(seq_ranges.lost(received, given_up), _MAX_COUNT),
    )


_MAX_COUNT = 2**31 - 1
