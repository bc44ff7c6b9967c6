"""What follows from the stored events can be thrown away: a rebuild makes it again."""

from typing import Any

import pytest

from jupyter_cell_monitor_server.service.db.tables import metadata

from . import cli
from .database import Database
from .made import NOON, PATH, dropped, end, failed, opened, some_cells, start
from .test_fold import all_events

DERIVED = metadata.tables.keys() - {"students", "channels"}


async def dump(db: Database) -> dict[str, list[Any]]:
    """All rows of all tables, whole."""
    return {name: sorted(await db.rows(name), key=repr) for name in DERIVED | {"channels"}}


async def a_class(db: Database) -> dict[str, list[Any]]:
    """Two students with all kinds of events, out of order."""
    for student in ("ai", "ken"):
        events = all_events(student)
        await db.send(*events[::-2])
        await db.send(*events[-2::-2])
    return await dump(db)


async def rebuild(db: Database) -> list[tuple[int, int]]:
    steps: list[tuple[int, int]] = []
    await db.store.rebuild(lambda done, total: steps.append((done, total)))
    return steps


DAMAGE = {
    "cells": "UPDATE cells SET completed_at = NULL, expected = NOT expected, cell_key = 'x'",
    "cells gone": "DELETE FROM cells",
    "progress": "UPDATE assignment_progress SET completed_cells = 7, progress_rate = 0.5",
    "progress gone": "DELETE FROM assignment_progress",
    "points": "UPDATE student_progress SET duration_ms = 5, total_cells = 9, class_id = NULL",
    "points gone": "DELETE FROM student_progress",
    "patterns": "UPDATE error_patterns SET frequency = 99",
    "patterns gone": "DELETE FROM error_patterns",
    "notebooks": "UPDATE notebooks SET notebook_key = 'x', name = 'x', class_place = 5",
    "counts": "UPDATE sessions SET missing_events = 5, dropped_events = 6, dropped_ranges = NULL",
}


async def test_a_rebuild_changes_nothing_where_all_is_in_order(db: Database) -> None:
    """Not one row of any table, no cursor, no update."""
    before = await a_class(db)
    steps = await rebuild(db)
    assert await dump(db) == before
    assert steps == [(n, 3) for n in range(4)]


async def test_a_rebuild_makes_again_what_was_damaged(db: Database) -> None:
    """Each table alone, and all of them at once."""
    before = await a_class(db)
    for damage in (*([statement] for statement in DAMAGE.values()), list(DAMAGE.values())):
        for statement in damage:
            await db.sql(statement)
        assert await dump(db) != before, damage
        await rebuild(db)
        after = await dump(db)
        for name in before:
            assert after[name] == before[name], (damage, name)


async def test_lost_ranges_of_received_events_are_found_again(db: Database) -> None:
    """From the events that are stored."""
    events = [opened(seq=0), start(seq=1), end(seq=2), failed(run="2", seq=5)]
    await db.send(*events, dropped(ranges=[[3, 3]], event_id="d"))
    before = await db.row("sessions")
    await db.sql("UPDATE sessions SET seq_ranges = '[]', missing_events = 0")
    await rebuild(db)
    assert await db.row("sessions") == before
    assert (before["missing_events"], before["dropped_events"]) == (1, 1)


async def test_a_rebuild_that_was_interrupted_is_run_again(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any of its steps; what was done by then is whole."""
    before = await a_class(db)
    for stop_at in range(3):

        def report(done: int, total: int, stop: int = stop_at) -> None:
            if done == stop:
                raise KeyboardInterrupt

        for statement in DAMAGE.values():
            await db.sql(statement)
        with pytest.raises(KeyboardInterrupt):
            await db.store.rebuild(report)
        await rebuild(db)
        assert await dump(db) == before


async def test_cells_of_before_the_openings_were_stored_are_kept(db: Database) -> None:
    """They came with a release that kept no openings: nothing can make them again."""
    await db.send(opened(), end())
    await db.sql("DELETE FROM notebook_openings")
    await db.sql(
        "UPDATE notebooks SET keeps_cells = true, newest_session_id = NULL, newest_place = NULL, "
        "newest_event_id = NULL"
    )
    await db.sql("UPDATE cell_executions SET notebook_path = NULL")
    await db.sql("UPDATE sessions SET seq_ranges = NULL")
    before = await dump(db)
    await rebuild(db)
    after = await dump(db)
    for name in before.keys() - {"student_progress", "assignment_progress"}:
        assert after[name] == before[name], name
    await db.send(opened(cells=some_cells(2), session_id="session-2", event_id="later"))
    await db.send(opened(cells=some_cells(4), session_id="session-1", event_id="now", seq=9))
    await rebuild(db)
    assert len(await db.rows("cells", expected=True)) == 3
    assert (await db.row("assignment_progress"))["completed_cells"] == 1
    assert (await db.row("notebooks"))["notebook_key"] == PATH


async def test_the_command_rebuilds_with_a_progress_bar(sqlite_url: str) -> None:
    """And says when it is done; a database of another version is left alone."""
    db = Database(sqlite_url)
    before = await a_class(db)
    await db.sql(DAMAGE["patterns gone"])
    done = await cli.run(sqlite_url, "rebuild")
    assert (done.code, done.out.decode().strip()) == (0, "Everything is rebuilt.")
    assert "3/3" in done.err
    assert await dump(db) == before
    await db.sql("UPDATE alembic_version SET version_num = '0001'")
    refused = await cli.run(sqlite_url, "rebuild")
    assert refused.code == 1
    assert "upgrade-db" in refused.err
    await db.close()
    assert db.now() > NOON
