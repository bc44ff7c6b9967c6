"""Each event has one key: it is stored once, and another one under its key is put aside."""

import asyncio
from itertools import permutations
from typing import Any

import pytest

from jupyter_cell_monitor_server.service.db import record_others
from jupyter_cell_monitor_server.service.writer import Writer

from .database import Database
from .made import Json, at, dropped, end, failed, opened, other, parsed, start, unknown
from .writing import writing_to

KINDS: dict[str, tuple[Json, Json]] = {
    "opening": (opened(event_id="e"), opened(event_id="e", notebook_name="another")),
    "start": (start(), start(code="another")),
    "end": (end(), end(output=[{"text": "another"}])),
    "end and failure": (end(), failed()),
    "loss": (dropped(event_id="e"), dropped(ranges=[[1, 2]], event_id="e")),
    "other type": (other(event_id="e"), other(event_id="e", active_time_ms=6)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_one_batch", [True, False])
async def test_another_event_under_a_stored_key_is_refused_and_kept(
    db: Database, kind: str, is_one_batch: bool
) -> None:
    """The stored one stays as it is; the same once more is a duplicate."""
    first, second = KINDS[kind]
    if is_one_batch:
        assert await db.send(first, second, first) == ["stored", "rejected", "duplicate"]
    else:
        assert await db.send(first) == ["stored"]
        before = await db.rows("cell_executions")
        assert await db.send(second) == ["rejected"]
        assert await db.send(first) == ["duplicate"]
        assert await db.rows("cell_executions") == before
    kept = await db.row("quarantined_events")
    assert kept["raw"] == db.delivery(second).events[0].raw
    assert kept["reason"].startswith("id_conflict")


async def test_a_conflict_is_named_in_its_result(db: Database) -> None:
    """With the event's id, so that a browser can give it up and say so."""
    await db.send(start(event_id="one"))
    recorded = await db.store.store([db.delivery(start(event_id="two", code="x"))])
    [[result]] = recorded.results
    assert (result.event_id, result.status, result.code) == ("two", "rejected", "id_conflict")
    assert recorded.updates == []


async def test_the_same_id_of_two_students_is_two_events(db: Database) -> None:
    """A key is a student's own."""
    for student in ("ai", "ken"):
        events = [opened(student, event_id="e"), start(student), other(student, event_id="o")]
        assert await db.send(*events) == ["stored"] * 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_unknown_end_and_a_real_one_are_no_conflict(
    db: Database, order: tuple[int, int]
) -> None:
    """The real one wins, and nothing that the other one gave is left."""
    both = [
        (
            unknown(
                output=[{"text": "half"}],
                kernel_id="k",
                battery=1,
                started_at="2026-11-23T03:00:00Z",
            )
        ),
        end(output=None),
    ]
    expected = ["stored", "stored"] if order == (0, 1) else ["stored", "duplicate"]
    assert [*await db.send(both[order[0]]), *await db.send(both[order[1]])] == expected
    row = await db.row("cell_executions")
    assert (row["status"], row["output"], row["kernel_id"]) == ("completed", None, None)
    assert (row["extra"], row["started_at"]) == (None, None)
    assert [p["status"] for p in await db.rows("student_progress")] == ["completed"]
    assert await db.rows("quarantined_events") == []


def incomplete(event: Json, **more: Any) -> Json:
    """The end as a page sends it that came late to the run."""
    late = {"session_id": "late page", "seq": 5, "output_incomplete": True, "event_id": "e"}
    return event | late | {"output": [{"text": "last line"}]} | more


@pytest.mark.parametrize("whole", [end(event_id="e"), failed(event_id="e", output=[])])
@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_an_end_with_incomplete_output_gives_way_to_a_whole_one(
    db: Database, whole: Json, order: tuple[int, ...]
) -> None:
    """In every order of both, the start and an `unknown` end; each error counts once."""
    late = incomplete(whole, kernel_id="k", battery=1, started_at="2026-11-23T03:00:00Z")
    events = [opened(event_id="o"), start(), unknown(seq=9), late, whole]
    for number in (0, *(place + 1 for place in order)):
        assert not {"rejected", "retry"} & set(await db.send(events[number]))
    assert await db.send(late, whole, start()) == ["duplicate"] * 3
    row = await db.row("cell_executions")
    assert (row["output"], row["kernel_id"], row["extra"]) == (whole["output"], None, None)
    assert (row["start_part"], row["started_at"].isoformat()) == (None, at(1))
    assert row["end_session_id"] == row["session_id"]
    assert [p["frequency"] for p in await db.rows("error_patterns")] == [1] * ("error" in whole)
    assert await db.rows("quarantined_events") == []


async def test_of_two_incomplete_ends_the_same_one_stays_in_either_order(db: Database) -> None:
    """And neither is a conflict."""
    ends = [incomplete(end()), incomplete(end(), session_id="later page", output=[])]
    for run, order in (("forth", (0, 1)), ("back", (1, 0))):
        sent = [ends[place] | {"execution_id": run} for place in (*order, *order)]
        assert not {"rejected", "retry"} & set(await db.send(start(run=run), *sent))
    forth, back = ([r["end_session_id"], r["output"]] for r in await db.rows("cell_executions"))
    assert forth == back


async def test_an_incomplete_end_of_another_status_is_a_conflict(db: Database) -> None:
    """One run does not end well and badly."""
    assert await db.send(start(), end()) == ["stored", "stored"]
    assert await db.send(incomplete(failed())) == ["rejected"]


async def test_two_unknown_ends_of_a_run_are_no_conflict(db: Database) -> None:
    """Two pages may each close what nobody saw end: the same one stays in either order."""
    ends = [unknown(session_id="second page", output=[]), unknown(session_id="third page", seq=4)]
    for run, order in (("forth", (0, 1)), ("back", (1, 0))):
        sent = [ends[place] | {"execution_id": run} for place in (*order, *order)]
        assert not {"rejected", "retry"} & set(await db.send(start(run=run), *sent))
    rows = await db.rows("cell_executions")
    assert {row["status"] for row in rows} == {"unknown"}
    assert await db.rows("quarantined_events") == []
    forth, back = ([row["end_session_id"], row["end_seq"], row["output"]] for row in rows)
    assert forth == back


async def test_what_is_put_aside_is_bounded_for_each_student(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound an event is refused all the same, and its result says that it is not kept."""
    monkeypatch.setattr(record_others, "MAX_QUARANTINED", 3)
    await db.send(start())
    await db.send(start("ken"))
    details = []
    for number in (0, 1, 1, 2, 3, 0, 4):
        event = start(code=f"another {number}")
        recorded = await db.store.store([db.delivery(event)])
        [[result]] = recorded.results
        assert result.status == "rejected"
        details.append(result.detail)
    assert ["is kept" in str(detail) for detail in details] == [*[True] * 4, False, True, False]
    assert await db.store.quarantine(db.delivery(start()), parsed(start())[0], "x") is False
    assert await db.send(start("ken", code="another")) == ["rejected"]
    kept = [row["student_id"] for row in await db.rows("quarantined_events")]
    assert sorted(kept) == ["ai"] * 3 + ["ken"]


def a_batch() -> list[Json]:
    """One event of each kind, with what is counted from them."""
    return [
        opened(event_id="o-1", seq=0),
        start(seq=1),
        end(seq=2),
        failed(run="run-2", cell_id="c1", seq=3),
        other(event_id="a-1", session_id="session-1", seq=5),
        dropped(ranges=[[4, 4]], event_id="d-1"),
    ]


async def test_sixteen_identical_batches_on_two_replicas_are_stored_once(
    postgres_url: str,
) -> None:
    """Each event is stored by one of them and a duplicate to all others; counters are exact."""
    replicas = [Database(postgres_url) for _ in range(2)]
    try:
        answers = await asyncio.gather(*(db.send(*a_batch()) for db in replicas * 8))
        for number in range(len(a_batch())):
            of_event = sorted(answer[number] for answer in answers)
            assert of_event == ["duplicate"] * 15 + ["stored"]
        db = replicas[0]
        counts = {"notebook_openings": 1, "cell_executions": 2, "error_logs": 1, "other_events": 1}
        for table, count in (counts | {"dropped_events": 1, "quarantined_events": 0}).items():
            assert len(await db.rows(table)) == count, table
        assert (await db.row("error_patterns"))["frequency"] == 1
        assert (await db.row("assignment_progress"))["completed_cells"] == 1
        session = await db.row("sessions")
        assert (session["missing_events"], session["dropped_events"]) == (0, 1)
    finally:
        for db in replicas:
            await db.close()


async def lose_one_race(db: Database) -> None:
    """Make the database say once that the key of a run is there already."""
    # A sequence goes on when its transaction is rolled back.
    await db.sql("CREATE SEQUENCE races")
    await db.sql(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('races') = 1 THEN RAISE unique_violation; END IF; RETURN NEW; END $$"
    )
    await db.sql(
        "CREATE TRIGGER lose BEFORE INSERT ON cell_executions FOR EACH ROW EXECUTE FUNCTION lose()"
    )


async def test_a_lost_race_is_run_again_and_is_no_poison(own_postgres_url: str) -> None:
    """A key that another replica stored meanwhile is no fault of the event."""
    db = Database(own_postgres_url)
    await lose_one_race(db)
    writer: Writer
    async with writing_to(db.store) as writer:
        results: Any = await writer.write(db.delivery(*a_batch()))
    assert [result.status for result in results] == ["stored"] * len(a_batch())
    assert await db.rows("quarantined_events") == []
    assert len(await db.rows("cell_executions")) == 2
    await db.close()
