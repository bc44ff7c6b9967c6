"""Cursors: each change of a class has its place, given in the order of the commits."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from jupyter_cell_monitor_server.contract.updates import (
    ErrorAlert,
    ExecutionUpdate,
    Update,
    progress_channel,
)
from jupyter_cell_monitor_server.service.db.engine import reading
from jupyter_cell_monitor_server.service.db.reads import newest_cursors
from jupyter_cell_monitor_server.service.db.tables import channels

from .database import Database
from .made import CLASS, Json, end, failed, opened, start


def a_lesson(student: str) -> list[Json]:
    """What a student does, with one of each kind of update."""
    return [
        opened(student),
        start(student, "a", 1),
        end(student, "a", 2),
        start(student, "b", 3, cell_id="c1"),
        failed(student, "b", 4, cell_id="c1"),
        failed(student, "c", 5, "KeyboardInterrupt", cell_id="c2"),
        start(student, "d", 6, cell_id="c2"),
    ]


def cursors(updates: Sequence[Update]) -> list[int]:
    return [update.cursor for update in updates]


async def test_the_cursors_of_a_class_have_no_gap_and_no_repetition(db: Database) -> None:
    """From 1, through transactions of several students."""
    for student in ("ai", "ken"):
        for event in a_lesson(student):
            await db.send(event)
        await db.send(*a_lesson(student))
    live = cursors(db.live())
    assert live == list(range(1, len(live) + 1))
    assert len(live) == 2 * (1 + 6 + 1)
    async with reading(db.engine) as connection:
        assert (await newest_cursors(connection, ["class:" + CLASS]))["class:" + CLASS] == live[-1]


async def test_a_transactions_updates_come_in_the_order_of_their_cursors(db: Database) -> None:
    """On every channel, also where runs with and without a class are mixed."""
    await db.send(
        *a_lesson("ai"),
        failed("ai", "own", 9, notebook_path="own.ipynb", session_id="own"),
        end("ai", "e"),
    )
    for channel in {update.channel for update in db.announced}:
        of_channel = [update.cursor for update in db.announced if update.channel == channel]
        assert of_channel == sorted(set(of_channel)), channel


async def test_an_alert_follows_right_after_its_run(db: Database) -> None:
    """With the cursor after it, and with the same error."""
    await db.send(opened(), start(), failed())
    run, alert = db.live()[-2:]
    assert isinstance(run, ExecutionUpdate)
    assert isinstance(alert, ErrorAlert)
    assert (run.status, alert.cursor) == ("error", run.cursor + 1)
    assert run.error == alert.error


async def test_what_was_missed_is_what_was_announced(db: Database) -> None:
    """One transaction: the same messages, field for field."""
    await db.send(*a_lesson("ai"))
    assert await db.missed() == db.live()


async def test_a_run_that_changed_again_is_missed_once_as_it_is_now(db: Database) -> None:
    """`is_new` where it began after the cursor."""
    await db.send(opened(), start())
    seen = db.live()[-1].cursor
    await db.send(end())
    [all_since_1] = [m for m in await db.missed(1) if m.event == "execution_update"]
    [since_start] = await db.missed(seen)
    assert (all_since_1.status, all_since_1.is_new) == ("completed", True)
    assert (since_start.status, since_start.is_new) == ("completed", False)
    assert await db.missed(since_start.cursor) == []


async def test_too_much_missed_is_no_list(db: Database) -> None:
    """At the limit it is still one."""
    await db.send(*a_lesson("ai"))
    count = len(db.live())
    assert len(await db.missed(limit=count)) == count
    assert await db.missed(limit=count - 1) is None


async def test_a_follower_misses_only_their_class(db: Database) -> None:
    """Notebooks of no class go to nobody but their owner."""
    await db.send(*a_lesson("ai"), failed(run="own", notebook_path="own.ipynb", session_id="own"))
    assert await db.missed(class_id="statistics") == []
    own = [u for u in db.announced if u.notebook_path == "own.ipynb"]
    assert {u.channel for u in own} == {progress_channel("ai")}


async def write_lessons(db: Database, students: Sequence[str]) -> None:
    for number, student in enumerate(students):
        events = a_lesson(student)
        cut = 1 + number % len(events)
        await db.send(*events[:cut])
        if events[cut:]:
            await db.send(*events[cut:])


async def follow(db: Database, is_over: asyncio.Event) -> list[Any]:
    """Read what was missed, again and again, and once more when all is written."""
    seen: list[Any] = []
    while True:
        last_time = is_over.is_set()
        async with reading(db.engine) as connection:
            query = select(channels.c.cursor).where(channels.c.channel == "class:" + CLASS)
            newest = (await connection.execute(query)).scalar() or 0
        found = await db.missed(seen[-1].cursor if seen else 0)
        # What came in between belongs to the next round.
        seen += [update for update in found if update.cursor <= newest]
        if last_time:
            return seen
        await asyncio.sleep(0)


async def test_two_replicas_give_no_cursor_twice_and_hide_none(postgres_url: str) -> None:
    """Two stores write to one PostgreSQL; a follower by cursors sees every run's last state."""
    replicas = [Database(postgres_url) for _ in range(3)]
    writers, reader = replicas[:2], replicas[2]
    is_over = asyncio.Event()
    following = asyncio.create_task(follow(reader, is_over))
    try:
        await asyncio.gather(
            *(
                write_lessons(db, [f"{number}-{n}-{part}" for n in range(6)])
                for number, db in enumerate(writers)
                for part in range(2)
            )
        )
        is_over.set()
        seen = await following
        announced = sorted(cursors([*writers[0].live(), *writers[1].live()]))
        assert announced == list(range(1, len(announced) + 1))
        assert cursors(seen) == sorted(set(cursors(seen)))
        ends = {u.execution_id: u.status for u in seen if isinstance(u, ExecutionUpdate)}
        stored = {str(r["execution_id"]): r for r in await reader.rows("cell_executions")}
        assert {
            key: row["status"].replace("running", "executing") for key, row in stored.items()
        } == ends
        assert {row["cursor"] for row in stored.values()} <= set(cursors(seen))
        assert sum(isinstance(u, ErrorAlert) for u in seen) == 24
    finally:
        for db in replicas:
            await db.close()


async def test_one_student_on_two_replicas_at_once_is_stored_once(postgres_url: str) -> None:
    """The same batch sixteen times: one notebook, one row for each run, counters exact."""
    replicas = [Database(postgres_url) for _ in range(2)]
    try:
        await asyncio.gather(*(db.send(*a_lesson("ai")) for db in replicas * 8))
        assert len(await replicas[0].rows("notebooks")) == 1
        assert len(await replicas[0].rows("cell_executions")) == 4
        assert len(await replicas[0].rows("student_progress")) == 7 + 1
        assert (await replicas[0].row("assignment_progress"))["completed_cells"] == 1
        assert len(await replicas[0].rows("updates")) == 1
    finally:
        for db in replicas:
            await db.close()
