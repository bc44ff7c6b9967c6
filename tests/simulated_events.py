"""Some events of a simulated student."""

from datetime import UTC, datetime
from itertools import islice

from jupyter_cell_monitor_server.demo.simulated_students.behaviour import student_events
from jupyter_cell_monitor_server.demo.simulated_students.session import TimedEvent

START = datetime(2026, 4, 13, 0, 50, tzinfo=UTC)


def some_events(count: int, seed: int = 1, name: str = "student-01") -> list[TimedEvent]:
    return list(islice(student_events(name, seed, START), count))
