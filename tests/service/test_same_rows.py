"""Whatever order, splits and repetitions a student's events come in, the rows are the same."""

import uuid
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .database import Database
from .made import Json, end, failed, opened, start, unknown

SESSIONS = ("session-1", "session-2")
# These say when something came, or name a row by a random id.
INCIDENTAL = {
    "cursor",
    "first_cursor",
    "received_at",
    "notebook_id",
    "student_id",
    "last_seen_at",
    "last_activity_at",
    "opened_at",
    "updated_at",
}
TABLES = (
    "cell_executions",
    "cells",
    "notebooks",
    "error_logs",
    "assignment_progress",
    "student_progress",
    "sessions",
)


def all_events(student: str) -> list[Json]:
    """Two sessions of one notebook: runs that end well, fail, are interrupted, or were left."""
    first, second = SESSIONS
    return [
        opened(student, session_id=first),
        opened(student, session_id=second),
        start(student, "good", 1, seq=1, session_id=first, only_at_start=1, both="start"),
        end(student, "good", 2, seq=2, session_id=first, only_at_end=[1], both="end"),
        start(student, "again", 3, seq=3, session_id=first),
        end(student, "again", 4, seq=4, session_id=first),
        start(student, "bad", 5, seq=5, session_id=first, cell_id="c1"),
        failed(student, "bad", 6, seq=6, session_id=first, cell_id="c1"),
        start(student, "stopped", 7, seq=7, session_id=first, cell_id="c2"),
        failed(student, "stopped", 8, "KeyboardInterrupt", seq=8, session_id=first, cell_id="c2"),
        start(student, "left", 9, seq=9, session_id=first, cell_id="c1"),
        unknown(student, "left", 10, seq=0, session_id=second, cell_id="c1"),
        end(student, "left", 11, seq=10, session_id=first, cell_id="c1"),
        start(student, "never seen", 12, seq=1, session_id=second, cell_id="new"),
        unknown(student, "never seen", 13, seq=2, session_id=second, cell_id="new"),
        end(student, "lost start", 14, seq=3, session_id=second, cell_id="c2", code="x"),
    ]


async def content(db: Database, student: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of a student that depend on nothing but their events."""
    [notebook] = await db.rows("notebooks", student_id=student)
    found = {}
    for name in TABLES:
        of_whom = (
            {"notebook_id": notebook["notebook_id"]} if name == "cells" else {"student_id": student}
        )
        rows = await db.rows(name, **of_whom)
        if name == "student_progress":
            # How many steps the progress takes, and whether an unknown end was believed for a
            # while, is history.
            rows = [row for row in rows if row["status"] not in {"progress", "unknown"}]
        if name == "sessions":
            rows = [row | {"started_at": None} for row in rows]
        kept = [{k: v for k, v in row.items() if k not in INCIDENTAL} for row in rows]
        found[name] = sorted(kept, key=repr)
    return found


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[int]]:
    """All events, some of them twice, in any order and cut into any batches."""
    count = len(all_events(""))
    again = draw(st.lists(st.integers(0, count - 1), max_size=6))
    order = draw(st.permutations([*range(count), *again]))
    cuts = draw(st.sets(st.integers(1, len(order) - 1), max_size=6))
    edges = [0, *sorted(cuts), len(order)]
    return [order[a:b] for a, b in pairwise(edges)]


async def send(db: Database, batches: list[list[int]]) -> dict[str, list[dict[str, Any]]]:
    student = f"student {uuid.uuid4()}"
    # An event carries its id, so that its repetition is the same event.
    events = [event | {"event_id": f"e-{n}"} for n, event in enumerate(all_events(student))]
    for batch in batches:
        await db.send(*(events[number] for number in batch))
    return await content(db, student)


def many(examples: int) -> settings:
    """How Hypothesis tries a test that has one database for all its examples."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
async def in_order(db: Database) -> dict[str, list[dict[str, Any]]]:
    """What is stored when each event comes once, alone and in its order."""
    return await send(db, [[number] for number in range(len(all_events("")))])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@many(30)
@given(batches=deliveries())
async def test_order_repetition_and_batches_change_no_row_on_sqlite(
    db: Database, in_order: dict[str, Any], batches: list[list[int]]
) -> None:
    """Rows and progress are a fold over the events, across two sessions."""
    assert await send(db, batches) == in_order


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@many(12)
@given(batches=deliveries())
async def test_order_repetition_and_batches_change_no_row_on_postgresql(
    db: Database, in_order: dict[str, Any], batches: list[list[int]]
) -> None:
    """The same."""
    assert await send(db, batches) == in_order


async def test_both_databases_hold_the_same(sqlite_url: str, postgres_url: str) -> None:
    """Column for column, for the same events."""
    found = []
    for url in (sqlite_url, postgres_url):
        db = Database(url)
        found.append(await send(db, [[*range(len(all_events("")))]]))
        await db.close()
    assert found[0] == found[1]
