"""What a database of the first release holds is there after the upgrade, and goes on."""

import uuid
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from jupyter_cell_monitor_server.service.db.engine import (
    _alembic_config,
    create_engine,
    is_up_to_date,
    upgrade,
    writing,
)
from jupyter_cell_monitor_server.service.db.tables import metadata
from jupyter_cell_monitor_server.service.ids import content_uuid, uuid_of

from .database import Database
from .made import CLASS, NOON, PATH, a_cell, end, opened, other, parsed, start
from .postgres import Cluster

NOTEBOOK = uuid.UUID(int=7)
OTHER = other(event_id="a-1")


def old_rows() -> dict[str, list[dict[str, Any]]]:
    """What the first release stored of one opening, a failed run, and a run that goes on."""
    who: dict[str, Any] = {"student_id": "ai"}
    at = {"class_id": CLASS, "notebook_id": NOTEBOOK}
    run = who | at | {"day": date(1970, 1, 1), "cell_id": "c0"}
    session = uuid_of("session-1")
    failed, going = uuid_of("failed"), uuid_of("going")
    shared = {"session_id": session, "execution_count": 1, "received_at": NOON}
    start_id = content_uuid(parsed(start(run="going", seq=3))[0].raw)
    cell = {"notebook_id": NOTEBOOK, "cell_type": "code", "at_first_opening": True}
    return {
        "channels": [{"channel": f"class:{CLASS}", "cursor": 4}],
        "classes": [{"class_id": CLASS, "title": CLASS}],
        "students": [{"user_id": "ai", "last_seen_at": NOON}],
        "sessions": [
            who
            | {"session_id": session, "session_label": "session-1", "notebook_id": NOTEBOOK}
            | {"notebook_path": PATH, "opened": True, "started_at": NOON, "last_seen_at": NOON}
        ],
        "notebooks": [
            who | at | {"path": PATH, "name": "n", "notebook_key": "first-name", "opened_at": NOON}
        ],
        "cells": [
            cell
            | {"cell_id": f"c{n}", "cell_key": f"key-{n}", "cell_index": n, "expected": n < 2}
            | {"source_sha256": a_cell("", 0, f"print({n})")["source_sha256"]}
            for n in range(3)
        ],
        "cell_executions": [
            run
            | shared
            | {"execution_id": failed, "status": "error", "started_at": NOON, "ended_at": NOON}
            | {"first_cursor": 2, "cursor": 2, "end_event_id": uuid.UUID(int=9), "seq": 1},
            run
            | shared
            | {"execution_id": going, "status": "running", "started_at": NOON, "code": "old"}
            | {"first_cursor": 4, "cursor": 4, "start_event_id": start_id, "seq": 3},
        ],
        "error_logs": [
            run
            | {"execution_id": failed, "name": "NameError", "message": "m", "occurred_at": NOON}
            | {"cursor": 3}
        ],
        "other_events": [
            who
            | {"event_id": uuid_of("a-1"), "event_type": "activity", "payload": OTHER}
            | {"timestamp": NOON, "received_at": NOON}
        ],
    }


async def first_release(url: str) -> None:
    """Tables of the first release, with rows."""
    engine = create_engine(url)
    async with writing(engine) as connection:
        await connection.run_sync(lambda sync: command.upgrade(_alembic_config(sync), "0001"))
        for table, rows in old_rows().items():
            for row in rows:
                await connection.execute(metadata.tables[table].insert().values(**row))
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Such a database after the upgrade."""
    url = f"sqlite:///{tmp_path}/old.sqlite"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        name = f"old_{uuid.uuid4().hex}"
        cluster.sql(f"CREATE DATABASE {name}")
        url = cluster.url(name)
    await first_release(url)
    assert not await is_up_to_date(url)
    await upgrade(url)
    db = Database(url)
    yield db
    await db.close()


async def test_every_row_is_there_after_the_upgrade(upgraded: Database) -> None:
    """With what it held."""
    assert await is_up_to_date(upgraded.url)
    for table, rows in old_rows().items():
        found = await upgraded.rows(table)
        assert len(found) == len(rows), table
        for row in rows:
            assert any(row.items() <= other_row.items() for other_row in found) or table in {
                "other_events"
            }, table
    assert (await upgraded.row("error_patterns"))["frequency"] == 1


async def test_events_of_before_are_duplicates_and_no_conflicts(upgraded: Database) -> None:
    """Whatever their bytes were: nothing kept their hashes."""
    again = [start(run="going", seq=3, code="x"), OTHER | {"active_time_ms": 9}]
    assert await upgraded.send(*again) == ["duplicate"] * 2
    assert await upgraded.rows("quarantined_events") == []


async def test_a_run_of_before_ends_and_its_notebook_goes_on(upgraded: Database) -> None:
    """Its cells keep their keys and what is expected; no gap is made up."""
    await upgraded.send(end(run="going", seq=4))
    await upgraded.send(opened(seq=5, event_id="o-5"), start(run="new", seq=6))
    assert {row["cell_key"] for row in await upgraded.rows("cells")} == {"key-0", "key-1", "key-2"}
    progress = await upgraded.row("assignment_progress")
    assert (progress["completed_cells"], progress["total_cells"]) == (1, 2)
    session = await upgraded.row("sessions")
    assert (session["seq_ranges"], session["missing_events"]) == ([[0, 6]], 0)
    assert (await upgraded.row("notebooks"))["notebook_key"] == "first-name"
    assert len(await upgraded.rows("cell_executions", class_id=CLASS)) == 3


async def test_a_rebuild_after_the_upgrade_keeps_what_nothing_could_make_again(
    upgraded: Database,
) -> None:
    """And counts what it can."""
    tables = ("notebooks", "cells", "cell_executions", "error_logs", "error_patterns", "sessions")
    before = [sorted(await upgraded.rows(table), key=repr) for table in tables]
    await upgraded.store.rebuild(lambda done, total: None)
    assert [sorted(await upgraded.rows(table), key=repr) for table in tables] == before
    assert len(await upgraded.rows("student_progress")) == 1 + 2
    assert upgraded.now() > NOON - timedelta(seconds=1)
