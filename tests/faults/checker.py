"""Holds what is stored against the ledger: nothing lost, nothing twice, every counter its fold."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jupyter_cell_monitor_server.service.ids import uuid_of

from .fold import expected_run, progress_of, ranges_of
from .ledger import Ledger
from .stored import Row, Stored

Event = dict[str, Any]


class Checker:
    """`violations()` names whatever is wrong; an empty list is the proof.

    Call it when everything is healed and every queue is empty.
    """

    def __init__(self, ledger: Ledger, stored: Stored) -> None:
        self._ledger = ledger
        self._stored = stored
        self._events = ledger.events()
        self._by_uuid = {uuid_of(event_id): found for event_id, found in self._events.items()}
        self._runs = {row["execution_id"]: row for row in stored.of("cell_executions")}
        self._homes = Counter(self._event_rows())
        self._dropped = self._dropped_seqs()

    def violations(self) -> list[str]:
        """All of them, each as one line."""
        rules: list[Callable[[], Iterable[str]]] = [
            self._acknowledged_are_stored,
            self._kept_are_accounted_for,
            self._rejected_are_reported,
            self._nothing_is_stored_twice,
            self._nothing_is_stored_that_nobody_made,
            self._runs_are_what_was_sent,
            self._others_are_what_was_sent,
            self._progress_is_the_fold,
            self._error_patterns_are_the_fold,
            self._ranges_are_the_fold,
            self._cursors_are_given_once,
        ]
        return [line for rule in rules for line in rule()]

    def _event_rows(self) -> Iterator[Any]:
        for row in self._stored.of("cell_executions"):
            yield from (row[name] for name in ("start_event_id", "end_event_id") if row[name])
        for table in ("notebook_openings", "dropped_events", "other_events"):
            yield from (row["event_id"] for row in self._stored.of(table))

    def _dropped_seqs(self) -> set[tuple[Any, int]]:
        """The sessions and `seq` of events that browsers reported as given up."""
        return {
            (row["session_id"], seq)
            for row in self._stored.of("dropped_events")
            for first, last in row["ranges"]
            for seq in range(first, last + 1)
        }

    def _is_stored(self, event: Event) -> bool:
        if self._homes[uuid_of(event["event_id"])]:
            return True
        if event.get("status") != "unknown":
            return False
        # That nobody saw the end gives way to the end.
        run = self._runs.get(uuid_of(event["execution_id"]))
        return run is not None and run["end_event_id"] is not None

    def _acknowledged_are_stored(self) -> Iterator[str]:
        for event_id in sorted(self._ledger.acknowledged):
            events = self._events.get(event_id, [])
            if not events:
                yield f"acknowledged, but nobody made it: {event_id}"
            elif not any(map(self._is_stored, events)):
                yield f"acknowledged and not stored: {_name(events[0])}"

    def _kept_are_accounted_for(self) -> Iterator[str]:
        for event_id in sorted(self._ledger.kept):
            events = self._events[event_id]
            if event_id in self._ledger.rejected or any(map(self._is_reported, events)):
                continue
            if not any(map(self._is_stored, events)):
                yield f"lost: {_name(events[0])}"

    def _rejected_are_reported(self) -> Iterator[str]:
        for event_id in sorted(self._ledger.rejected):
            events = self._events[event_id]
            is_report = events[0]["event_type"] == "events_dropped"
            if not is_report and not any(map(self._is_reported, events)):
                yield f"rejected, and no events_dropped says so: {_name(events[0])}"

    def _is_reported(self, event: Event) -> bool:
        return (uuid_of(event["session_id"]), event.get("seq")) in self._dropped

    def _nothing_is_stored_twice(self) -> Iterator[str]:
        keys = {
            "cell_executions": ("student_id", "execution_id"),
            "error_logs": ("student_id", "execution_id"),
            "student_progress": ("student_id", "execution_id", "status"),
            "sessions": ("student_id", "session_id"),
            "cells": ("notebook_id", "cell_id"),
            "assignment_progress": ("student_id", "notebook_id"),
        }
        for table, key in keys.items():
            counts = Counter(tuple(row[n] for n in key) for row in self._stored.of(table))
            yield from (f"twice in {table}: {k}" for k, count in counts.items() if count > 1)
        yield from (f"an event stored twice: {e}" for e, c in self._homes.items() if c > 1)
        failed = {k for k, row in self._runs.items() if row["status"] == "error"}
        logged = {row["execution_id"] for row in self._stored.of("error_logs")}
        yield from (f"error_logs and runs differ in {k}" for k in failed ^ logged)

    def _nothing_is_stored_that_nobody_made(self) -> Iterator[str]:
        for found in self._homes:
            if found not in self._by_uuid and not self._ledger.is_cut_off:
                yield f"stored, but nobody made it: {found}"
        for row in self._stored.of("quarantined_events"):
            yield f"in quarantine: {row['event_id']} {row['reason']}"

    def _runs_are_what_was_sent(self) -> Iterator[str]:
        for row in self._runs.values():
            start = self._event_of(row["start_event_id"], row)
            end = self._event_of(row["end_event_id"], row)
            for name, value in expected_run(start, end).items():
                if row[name] != value:
                    yield f"{row['execution_id']}.{name}: {row[name]!r:.80}, sent {value!r:.80}"

    def _event_of(self, event_id: Any, row: Row) -> Event | None:
        """The event that a run's row names; of two with one id the one that says its status."""
        found = self._by_uuid.get(event_id, [])
        is_unseen = row["status"] == "unknown"
        return next(
            (event for event in found if (event.get("status") == "unknown") == is_unseen),
            found[0] if found else None,
        )

    def _others_are_what_was_sent(self) -> Iterator[str]:
        for row in self._stored.of("other_events"):
            events = self._by_uuid.get(row["event_id"], [])
            if events and row["payload"] not in events:
                yield f"other_events {row['event_id']}: not what was sent"

    def _progress_is_the_fold(self) -> Iterator[str]:
        stored = {
            row["notebook_id"]: (row["completed_cells"], row["total_cells"], row["progress_rate"])
            for row in self._stored.of("assignment_progress")
        }
        for notebook in self._stored.of("notebooks"):
            key = notebook["notebook_id"]
            runs = [run for run in self._runs.values() if run["notebook_id"] == key]
            cells = [cell for cell in self._stored.of("cells") if cell["notebook_id"] == key]
            done, total = progress_of(cells, runs)
            counted = (done, total, done / total) if total else None
            if stored.get(key) != counted:
                yield f"progress of {notebook['path']}: {stored.get(key)}, counted {counted}"

    def _error_patterns_are_the_fold(self) -> Iterator[str]:
        logs = self._stored.of("error_logs of the class")
        counted = Counter((row["class_id"], row["name"][:200]) for row in logs)
        patterns = self._stored.of("error_patterns of the class")
        stored = {(row["class_id"], row["error_category"]): row["frequency"] for row in patterns}
        if stored != counted:
            yield f"error_patterns: {stored}, counted {dict(counted)}"

    def _ranges_are_the_fold(self) -> Iterator[str]:
        for row in self._stored.of("sessions"):
            key = row["session_id"]
            made = (event for events in self._events.values() for event in events)
            seqs = {event["seq"] for event in made if self._came(event, key)}
            differ = (row["seq_ranges"] or []) != ranges_of(seqs)
            if differ and not self._ledger.is_cut_off:
                yield f"ranges of {key}: {row['seq_ranges']}, counted {ranges_of(seqs)}"
            if row["missing_events"]:
                yield f"{row['missing_events']} events of {key} are called missing"

    def _came(self, event: Event, session: Any) -> bool:
        return (
            uuid_of(event["session_id"]) == session
            and event.get("seq") is not None
            and self._is_stored(event)
        )

    def _cursors_are_given_once(self) -> Iterator[str]:
        places = Counter(
            _cursors(self._stored.of("cell_executions"), self._stored.of("error_logs"))
        )
        yield from (f"a cursor given twice: {place}" for place, n in places.items() if n > 1)


def _cursors(runs: Iterable[Row], errors: Iterable[Row]) -> Iterator[tuple[str, int]]:
    for row in (*runs, *errors):
        yield row["class_id"] or row["student_id"], row["cursor"]


def _name(event: Event) -> str:
    return f"{event['event_type']} {event['event_id']} seq {event.get('seq')}"
