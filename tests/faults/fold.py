"""Counters worked out anew from what was sent, by the specification alone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

Event = dict[str, Any]


def expected_run(start: Event | None, end: Event | None) -> Event:
    """The columns of a run's row, from the events that it names as its start and its end."""
    first, last = start or end or {}, end or start or {}
    expected = {
        "code": first.get("code"),
        "output": last.get("output"),
        "status": _status(end),
        "execution_count": last.get("execution_count"),
        "seq": first.get("seq"),
        "kernel_id": last.get("kernel_id"),
        "started_at": _moment((end or {}).get("started_at") or first.get("started_at")),
        "ended_at": _moment(_ended_at(end)),
        "duration_ms": (end or {}).get("duration_ms"),
    }
    return {name: value for name, value in expected.items() if start or end}


def _status(end: Event | None) -> str:
    if end is None:
        return "running"
    if end["event_type"] == "cell_execution_error":
        return "interrupted" if end["error"]["name"] == "KeyboardInterrupt" else "error"
    return str(end.get("status") or ("completed" if end["success"] else "error"))


def _ended_at(end: Event | None) -> str | None:
    """The kernel's time, or the browser's where it has not heard the kernel's."""
    if end is None or end.get("status") == "unknown":
        return None
    return str(end.get("ended_at") or end["timestamp"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def progress_of(cells: Iterable[Event], runs: Iterable[Event]) -> tuple[int, int]:
    """Distinct expected cells with a successful run, and how many cells are expected."""
    key_of = {cell["cell_id"]: cell["cell_key"] for cell in cells if cell["expected"]}
    done = {
        key_of[run["cell_id"]]
        for run in runs
        if run["status"] == "completed" and run["cell_id"] in key_of
    }
    return len(done), len(set(key_of.values()))


def ranges_of(numbers: Iterable[int]) -> list[list[int]]:
    """Whole numbers as inclusive pairs, ascending."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
