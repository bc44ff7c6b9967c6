"""Whatever order, splits and repetitions a student's events come in, the rows are the same.

Openings whose cells change, a rename within a session, an `unknown` end, what was given up and
what is of no known type: all in two sessions of two students.
"""

import uuid
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.service.db.tables import metadata

from .database import Database
from .made import (
    CLASS,
    PATH,
    Json,
    a_cell,
    at,
    dropped,
    end,
    failed,
    opened,
    other,
    some_cells,
    start,
    unknown,
)

FIRST, SECOND = "session-1", "session-2"
RENAMED = f"assignments/{CLASS}/01-hello/renamed.ipynb"
ELSEWHERE = "notes.ipynb"
# When something came, and its place in a channel.
OF_ARRIVAL = {
    "channels": {"cursor"},
    "notebooks": {"opened_at", "last_activity_at"},
    "sessions": {"started_at", "last_seen_at", "clock_skew_ms"},
    "students": {"last_seen_at"},
    "cell_executions": {"cursor", "first_cursor", "received_at", "corrected_at"},
    "error_logs": {"cursor"},
    "notebook_openings": {"received_at"},
    "dropped_events": {"received_at"},
    "other_events": {"received_at"},
}
# What followers were told on the way is no state.
NOT_COMPARED = {"updates", "channels"}


def of_first(student: str) -> list[Json]:
    """A session that is opened, changes its cells and its name, and is left with a run open."""
    cells = some_cells()
    more = [*cells, a_cell("c3", 3, "late")]
    here: Json = {"session_id": FIRST}
    there: Json = {"session_id": FIRST, "notebook_path": RENAMED}
    return [
        opened(student, cells[:2], seq=0, **here),
        start(student, "good", 1, seq=1, only_at_start=1, both="start", **here),
        end(student, "good", 2, seq=2, only_at_end=[1], both="end", started_at=at(1.5), **here),
        opened(student, cells, seq=3, **here),
        start(student, "again", 3, seq=4, cell_id="c1", **here),
        end(student, "again", 4, seq=5, cell_id="c1", **here),
        opened(student, cells, seq=6, renamed_from=PATH, notebook_name="renamed", **there),
        start(student, "bad", 5, seq=7, cell_id="c1", **there),
        failed(student, "bad", 6, seq=8, cell_id="c1", output=[{"text": "whole"}], **there),
        start(student, "stopped", 7, seq=9, cell_id="c2", **there),
        failed(student, "stopped", 8, "KeyboardInterrupt", seq=10, cell_id="c2", **there),
        other(student, seq=11, session_id=FIRST),
        opened(student, more, seq=12, notebook_name="renamed", **there),
        start(student, "left", 9, seq=15, cell_id="c3", kernel_id="k", battery=1, **there),
        end(student, "left", 11, seq=16, cell_id="c3", output=None, **there),
    ]


def of_second(student: str) -> list[Json]:
    """A later page of the same notebook: it closes what it finds, and loses some events."""
    there: Json = {"session_id": SECOND, "notebook_path": RENAMED}
    return [
        opened(student, some_cells(), seq=0, **there),
        unknown(student, "left", 10, seq=1, cell_id="c3", battery=2, started_at=at(9.5), **there),
        failed(student, "bad", 6, seq=11, cell_id="c1", output_incomplete=True, **there),
        start(student, "never seen", 12, seq=2, cell_id="new", **there),
        unknown(student, "never seen", 13, seq=3, cell_id="new", **there),
        unknown(student, "never seen", 15, seq=10, cell_id="new", output=[], **there),
        failed(student, "lost start", 14, seq=6, cell_id="c2", code="x", **there),
        dropped(student, [[4, 5], [8, 9]], **there),
        dropped(student, [[13, 13]], session_id=FIRST, notebook_path=PATH),
        start(student, "without opening", 20, seq=0, session_id="s-3", notebook_path=ELSEWHERE),
        end(student, "without opening", 21, seq=1, session_id="s-3", notebook_path=ELSEWHERE),
        other(student),
    ]


def all_events(student: str) -> list[Json]:
    """Each with its id, so that its repetition is the same event; all were sent at one time."""
    events = [*of_first(student), *of_second(student)]
    return [event | {"event_id": f"{student}-{n}"} for n, event in enumerate(events)]


async def rows_of(db: Database, names: dict[str, str]) -> dict[str, list[Any]]:
    """All rows of all tables, with `names` for the students and notebooks that chance named."""
    found = {}
    known = dict(names)
    for row in await db.rows("notebooks"):
        if row["student_id"] in names:
            owner = f"{names[row['student_id']]} {row['notebook_key']}"
            known |= {str(row["notebook_id"]): f"notebook {owner}"}
    for table in metadata.tables.keys() - NOT_COMPARED:
        rows = [_without_chance(table, row, known) for row in await db.rows(table)]
        found[table] = sorted((row for row in rows if row is not None), key=repr)
    return found


def _without_chance(table: str, row: Json, known: dict[str, str]) -> Json | None:
    mine = {str(value) for value in row.values()} & known.keys()
    if not mine and table != "error_patterns":
        return None
    kept = {k: v for k, v in row.items() if k not in OF_ARRIVAL.get(table, ())}
    if table == "student_progress" and row["status"] == "progress":
        kept["execution_id"] = None
    for name in ("raw", "payload", "event_id", "start_event_id", "end_event_id"):
        kept.pop(name, None)
    kept = {k: v for k, v in kept.items() if not k.endswith(("sha256", "newest_event_id"))}
    return {k: known.get(str(v), v) for k, v in kept.items()}


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[int]]:
    """All events, some of them twice, in any order and cut into any transactions."""
    count = 2 * len(all_events("x"))
    again = draw(st.lists(st.integers(0, count - 1), max_size=6))
    order = draw(st.permutations([*range(count), *again]))
    cuts = draw(st.sets(st.integers(1, len(order) - 1), max_size=8))
    edges = [0, *sorted(cuts), len(order)]
    return [order[a:b] for a, b in pairwise(edges)]


async def fold(db: Database, batches: Iterable[Iterable[int]]) -> dict[str, list[Any]]:
    """What is stored of two new students when their events come so."""
    mark = uuid.uuid4()
    students = {f"{name} {mark}": name for name in ("ai", "ken")}
    events = [event for student in students for event in all_events(student)]
    for batch in batches:
        sent = [events[number] for number in batch]
        by_student: dict[str, list[Json]] = {}
        for event in sent:
            by_student.setdefault(event["student_id"], []).append(event)
        statuses = await db.send_together(*by_student.values())
        assert set(statuses) <= {"stored", "duplicate"}
    return await rows_of(db, students)


def patterns_from(found: dict[str, list[Any]], before: dict[str, list[Any]]) -> Any:
    """What was counted since `before`: patterns are of the whole class."""
    counted = {row["error_category"]: row["frequency"] for row in before["error_patterns"]}
    return {
        row["error_category"]: row["frequency"] - counted.get(row["error_category"], 0)
        for row in found["error_patterns"]
    }


def many(examples: int) -> settings:
    """How Hypothesis tries a test that has one database for all its examples."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink one takes minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class InOrder:
    """What is stored when each event comes once, alone and in its order."""

    def __init__(self, rows: dict[str, list[Any]]) -> None:
        self.rows = rows


@pytest.fixture
async def in_order(db: Database) -> InOrder:
    return InOrder(await fold(db, [[number] for number in range(2 * len(all_events("x")))]))


async def check(db: Database, in_order: InOrder, batches: list[list[int]]) -> None:
    before = await rows_of(db, {})
    found = await fold(db, batches)
    for table in sorted(found.keys() - {"error_patterns"}):
        assert found[table] == in_order.rows[table], table
    assert patterns_from(found, before) == {"NameError": 4}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@many(25)
@given(batches=deliveries())
async def test_order_repetition_and_batches_change_no_row_on_sqlite(
    db: Database, in_order: InOrder, batches: list[list[int]]
) -> None:
    """All tables are a fold over the events."""
    await check(db, in_order, batches)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@many(6)
@given(batches=deliveries())
async def test_order_repetition_and_batches_change_no_row_on_postgresql(
    db: Database, in_order: InOrder, batches: list[list[int]]
) -> None:
    """The same."""
    await check(db, in_order, batches)


async def test_both_databases_hold_the_same(sqlite_url: str, postgres_url: str) -> None:
    """Column for column, for the same events in their order."""
    found = []
    for url in (sqlite_url, postgres_url):
        db = Database(url)
        found.append(await fold(db, [range(2 * len(all_events("x")))]))
        await db.close()
    assert found[0] == found[1]


async def test_the_fold_is_what_one_would_expect(db: Database) -> None:
    """So that not all orders agree on something wrong."""
    found = await fold(db, [range(2 * len(all_events("x")))])
    books = {
        (n["student_id"], n["path"], n["notebook_key"], n["class_id"]) for n in found["notebooks"]
    }
    assert books == {
        (who, *book)
        for who in ("ai", "ken")
        for book in ((RENAMED, PATH, CLASS), (ELSEWHERE, ELSEWHERE, None))
    }
    assert len(found["cell_executions"]) == 2 * 8
    sessions = {
        (row["session_label"], row["missing_events"], row["dropped_events"])
        for row in found["sessions"]
    }
    assert sessions == {(FIRST, 1, 1), (SECOND, 1, 4), ("s-3", 0, 0)}
    progress = {
        (row["completed_cells"], row["total_cells"]) for row in found["assignment_progress"]
    }
    assert progress == {(2, 2)}
    steps = [row for row in found["student_progress"] if row["status"] == "progress"]
    assert sorted(row["completed_cells"] for row in steps) == [0, 0, 1, 1, 2, 2]
    left = [row for row in found["cell_executions"] if row["execution_label"] == "left"]
    assert [(row["output"], row["extra"], row["start_part"]) for row in left] == [
        (None, {"battery": 1}, None)
    ] * 2
