"""The rows that events of runs make, on both databases."""

import re
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.events import ParsedEvent, parse_event
from jupyter_cell_monitor_server.service.db.delivery import Delivery
from jupyter_cell_monitor_server.service.ids import day_of, uuid_of

from .database import Database, person
from .made import NOON, PATH, at, end, failed, opened, start, unknown, uuid7

PLACES = {"cursor", "first_cursor", "received_at"}


def content(row: dict[str, Any]) -> dict[str, Any]:
    """A run without what depends on when it came."""
    return {name: value for name, value in row.items() if name not in PLACES}


@pytest.mark.parametrize("order", list(permutations([0, 1])))
@pytest.mark.parametrize("is_one_batch", [True, False])
async def test_start_and_end_in_either_order_make_one_row(
    db: Database, order: tuple[int, ...], is_one_batch: bool
) -> None:
    """And sent again they change nothing."""
    both = [start(event_id="e-1", seq=4, extra_start=1), end(event_id="e-2", seq=5, extra_end=2)]
    sent = [both[n] for n in order]
    if is_one_batch:
        assert await db.send(*sent) == ["stored", "stored"]
    else:
        for event in sent:
            assert await db.send(event) == ["stored"]
    before = await db.row("cell_executions")
    assert await db.send(*both, *both) == ["duplicate"] * 4
    assert await db.row("cell_executions") == before
    assert (before["status"], before["code"], before["output"]) == (
        "completed",
        "print(0)",
        [{"text": "0"}],
    )
    assert (before["started_at"].isoformat(), before["ended_at"].isoformat()) == (at(1), at(2))
    assert (before["seq"], before["extra"]) == (4, {"extra_start": 1, "extra_end": 2})


@pytest.mark.parametrize("end_of", [end, failed])
@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
async def test_an_unknown_end_gives_way_to_the_real_one(
    db: Database, end_of: Any, order: tuple[int, ...]
) -> None:
    """Whichever of start, unknown end and real end comes first."""
    events = [start(seq=7), unknown(session_id="later page", seq=0), end_of(seq=8)]
    for number in order:
        await db.send(events[number])
    row = await db.row("cell_executions")
    assert row["status"] == ("completed" if end_of is end else "error")
    assert row["ended_at"].isoformat() == at(2)
    assert (row["session_id"], row["seq"]) == (uuid_of("session-1"), 7)


async def test_a_finished_run_never_goes_back_to_running(db: Database) -> None:
    """Not by a late start, nor by another start of the same run."""
    await db.send(end())
    await db.send(start(event_id="one"))
    assert await db.send(start(event_id="two")) == ["rejected"]
    assert await db.send(unknown()) == ["duplicate"]
    assert (await db.row("cell_executions"))["status"] == "completed"


async def test_what_both_events_say_is_the_same_in_either_order(db: Database) -> None:
    """An end's times and unknown fields, and a start's code, come before the other's."""
    for run, order in (("a", (0, 1)), ("b", (1, 0))):
        both = [
            start(run=run, code="sent", kernel_id="k1", battery=90),
            end(run=run, code="run", kernel_id="k2", battery=80, started_at=at(1.5)),
        ]
        for number in order:
            await db.send(both[number])
    first, second = [content(row) for row in await db.rows("cell_executions")]
    ids = ("execution_id", "execution_label", "start_event_id", "end_event_id")
    for name in (*ids, "start_sha256", "end_sha256"):
        del first[name], second[name]
    assert first == second
    assert (first["code"], first["extra"]) == ("sent", {"battery": 80})
    assert first["started_at"].isoformat() == at(1.5)


async def test_start_and_end_with_one_event_id_are_two_points_in_time(db: Database) -> None:
    """`student_progress` has a row for each, whatever a client calls its events."""
    await db.send(start(event_id="same"), end(event_id="same"))
    points = await db.rows("student_progress")
    assert sorted(point["status"] for point in points) == ["completed", "running"]


SEED = """
{ "event_type": "cell_execution_start", "student_id": "user123", "session_id": "sess-abc",
  "notebook_path": "/notebooks/assignment1.ipynb", "cell_id": "cell-123", "execution_count": 1,
  "code": "print('hello')", "timestamp": "2025-01-19T12:00:00Z" }
{ "event_type": "cell_execution_complete", "student_id": "user123", "session_id": "sess-abc",
  "notebook_path": "/notebooks/assignment1.ipynb", "cell_id": "cell-123", "execution_count": 1,
  "output": {"data": "hello", "execution_count": 1}, "duration_ms": 150, "success": true,
  "timestamp": "2025-01-19T12:00:01Z" }
{ "event_type": "cell_execution_error", "student_id": "user123", "session_id": "sess-abc",
  "notebook_path": "/notebooks/assignment1.ipynb", "cell_id": "cell-123", "execution_count": 1,
  "error": {"name": "NameError", "message": "name 'x' is not defined", "traceback": "..."},
  "timestamp": "2025-01-19T12:00:01Z" }
"""


def seed_deliveries(db: Database, *, one_by_one: bool) -> list[Delivery]:
    raws = [part.encode() for part in re.split(r"\n(?=\{)", SEED.strip())]
    found = [parse_event(raw, NOON) for raw in raws]
    good = [item for item in found if isinstance(item, ParsedEvent)]
    assert len(good) == 3, found
    groups = [[item] for item in good] if one_by_one else [good]
    return [Delivery(person("user123"), group, db.now()) for group in groups]


@pytest.mark.parametrize("one_by_one", [True, False])
async def test_the_original_specifications_three_objects_all_leave_a_trace(
    db: Database, one_by_one: bool
) -> None:
    """They name one run, once with a result and once with an error: neither is lost."""
    for delivery in seed_deliveries(db, one_by_one=one_by_one):
        recorded = await db.store.store([delivery])
        assert {result.status for result in recorded.results[0]} == {"stored"}
    run = await db.row("cell_executions")
    assert (run["student_id"], run["cell_id"], run["execution_count"]) == ("user123", "cell-123", 1)
    assert (run["code"], run["output"]) == (
        "print('hello')",
        {"data": "hello", "execution_count": 1},
    )
    assert run["started_at"] == datetime(2025, 1, 19, 12, tzinfo=UTC)
    assert (run["status"], run["class_id"]) == ("error", None)
    error = await db.row("error_logs")
    assert (error["name"], error["traceback"]) == ("NameError", ["..."])
    assert (await db.row("notebooks"))["path"] == "notebooks/assignment1.ipynb"
    session = await db.row("sessions")
    assert (session["session_label"], session["session_id"]) == ("sess-abc", uuid_of("sess-abc"))
    points = await db.rows("student_progress")
    assert sorted(point["status"] for point in points) == ["completed", "error", "running"]


async def test_an_id_that_is_no_uuid_is_kept_beside_its_uuid(db: Database) -> None:
    """And one that is a UUID is not kept twice."""
    await db.send(start(run="run-1"), start(run=uuid7(number=5), session_id=uuid7(number=6)))
    labels = {
        str(r["execution_id"]): r["execution_label"] for r in await db.rows("cell_executions")
    }
    assert labels == {str(uuid_of("run-1")): "run-1", uuid7(number=5): None}


@pytest.mark.parametrize(
    ("run", "day"),
    [
        (uuid7(datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)), date(2026, 11, 23)),
        (uuid7(datetime(2026, 11, 24, tzinfo=UTC)), date(2026, 11, 24)),
        ("0b6f5a4e-7f62-4c55-8d5a-0d5f7e3b1a2c", date(1970, 1, 1)),
        ("ffffffff-ffff-7fff-bfff-ffffffffffff", date(1970, 1, 1)),
        (uuid7(datetime(1999, 12, 31, tzinfo=UTC)), date(1970, 1, 1)),
    ],
)
async def test_a_runs_day_is_that_of_its_uuidv7(db: Database, run: str, day: date) -> None:
    """In UTC; ids that carry no day of this century lie on 1970-01-01."""
    await db.send(start(run=run))
    assert (await db.row("cell_executions"))["day"] == day == day_of(uuid_of(run))


async def test_an_error_is_kept_whole_with_its_own_cursor(db: Database) -> None:
    """Name, message, traceback and context; a string of a traceback becomes its lines."""
    error = {
        "name": "ValueError",
        "message": "だめ",
        "traceback": "one\ntwo",
        "context": {"variables": [{"name": "x", "type": "int", "value": "1"}]},
    }
    await db.send(opened(), failed() | {"error": error})
    row, run = await db.row("error_logs"), await db.row("cell_executions")
    assert (row["name"], row["message"], row["traceback"]) == ("ValueError", "だめ", ["one", "two"])
    assert row["context"] == {"variables": [{"name": "x", "type": "int", "value": "1"}]}
    assert row["occurred_at"].isoformat() == at(2)
    assert row["cursor"] == run["cursor"] + 1


async def test_an_interrupted_run_is_no_error(db: Database) -> None:
    """A KeyboardInterrupt: its own status, no error log, no alert."""
    await db.send(opened(), start(), failed(name="KeyboardInterrupt"))
    assert (await db.row("cell_executions"))["status"] == "interrupted"
    assert await db.rows("error_logs") == []
    assert [u.event for u in db.live()] == ["notebook_opened", "execution_update"]


async def test_an_unknown_event_type_is_stored_raw_once(db: Database) -> None:
    """As it came, whatever it holds."""
    event = {
        "event_type": "activity",
        "student_id": "ai",
        "timestamp": at(0),
        "event_id": "a-1",
        "active_time_ms": 5,
        "deep": [{"\u0000": "\ue000"}],
    }
    assert await db.send(event, event) == ["stored", "duplicate"]
    assert await db.send(event) == ["duplicate"]
    assert (await db.row("other_events"))["payload"] == event


async def test_student_progress_has_a_row_for_each_start_end_and_change(db: Database) -> None:
    """None twice, however often an event comes."""
    for event in (opened(), start(), end(), end(run="again", second=5), failed(run="f", second=6)):
        for _ in range(2):
            await db.send(event)
    rows = await db.rows("student_progress")
    assert sorted(row["status"] for row in rows) == [
        "completed",
        "completed",
        "error",
        "progress",
        "progress",
        "running",
    ]
    counted = [(r["completed_cells"], r["total_cells"]) for r in rows if r["status"] == "progress"]
    assert sorted(counted) == [(0, 3), (1, 3)]


async def test_the_path_of_a_run_is_that_of_its_session_after_a_rename(db: Database) -> None:
    """A run that was still going when its notebook got another name stays with it."""
    await db.send(opened(), start())
    await db.send(opened(notebook_path="b.ipynb", renamed_from=PATH, notebook_name="b.ipynb"))
    await db.send(end(notebook_path="b.ipynb"), start(run="late"))
    notebook = await db.row("notebooks")
    assert {run["notebook_id"] for run in await db.rows("cell_executions")} == {
        notebook["notebook_id"]
    }
    assert (await db.row("assignment_progress"))["completed_cells"] == 1
