"""The administrator's command for events that could not be stored."""

import json
import uuid

import pytest

from jupyter_cell_monitor_server.service.ids import content_uuid

from . import cli
from .database import Database, person
from .made import CLASS, Json, opened, start


def raw(event: Json) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


async def put_aside(db: Database, *events: Json) -> list[str]:
    """Keep events as the writer does; their ids."""
    ids = []
    for event in events:
        delivery = db.delivery(event)
        await db.store.quarantine(delivery, delivery.events[0], "DataError: no database took it")
        ids.append(str(content_uuid(delivery.events[0].raw)))
    return ids


async def test_list_is_newest_first_and_of_whom_one_asks(sqlite_url: str) -> None:
    """With id, student, time, size and reason; a reason cannot give orders to a terminal."""
    db = Database(sqlite_url)
    first, second, kens = await put_aside(db, start(run="1"), start(run="2"), start("ken"))
    await db.sql("UPDATE quarantined_events SET reason = 'bad \x1b[2J' WHERE student_id = 'ken'")
    found = (await cli.run(sqlite_url, "quarantine", "list")).lines
    assert [line.split()[0] for line in found] == [kens, second, first]
    assert "\x1b" not in found[0]
    assert found[1].split()[1] == "ai"
    assert f"{len(raw(start(run='2')))} bytes" in found[1]
    assert found[1].endswith("DataError: no database took it")
    only = await cli.run(sqlite_url, "quarantine", "list", "--student", "ai", "--limit", "1")
    assert [line.split()[0] for line in only.lines] == [second]
    await db.close()


async def test_show_writes_the_bytes_as_they_came(sqlite_url: str) -> None:
    """All of them and nothing else."""
    db = Database(sqlite_url)
    event = start(code="print('日本語 \\u0000')\n")
    [event_id] = await put_aside(db, event)
    assert (await cli.run(sqlite_url, "quarantine", "show", event_id)).out == raw(event)
    nothing = await cli.run(sqlite_url, "quarantine", "show", str(uuid.uuid4()))
    assert (nothing.code, nothing.out) == (1, b"")
    assert "not in the quarantine" in nothing.err
    await db.close()


async def test_replay_stores_what_can_be_stored_and_keeps_the_rest(
    database_url: str,
) -> None:
    """As that student, in the classes that are stored; with the reason of what stays."""
    db = Database(database_url)
    await db.store.replace_members({CLASS: {"ai": "student"}})
    await db.send(start(run="there"), who=person("ai"))
    good, bad = await put_aside(db, opened(event_id="o"), start(run="there", code="another"))
    done = await cli.run(database_url, "quarantine", "replay", good, bad, str(uuid.uuid4()))
    assert done.code == 1
    assert done.lines == [f"{good}  stored"]
    assert f"{bad}  not stored: id_conflict" in done.err
    assert "not in the quarantine" in done.err
    assert str((await db.row("quarantined_events"))["event_id"]) == bad
    assert (await db.row("notebook_openings"))["class_id"] == CLASS
    assert (await db.row("notebooks"))["class_id"] == CLASS
    await db.close()


async def test_replay_takes_a_time_that_was_right_when_it_came(sqlite_url: str) -> None:
    """By a clock that is decades off: what it was corrected by is gone."""
    db = Database(sqlite_url)
    raw_bytes = raw(start(timestamp="1970-01-01T00:00:00Z"))
    assert await db.store.replay(content_uuid(raw_bytes), "ai", raw_bytes) is None
    assert (await db.row("cell_executions"))["client_at"].year == 1970
    await db.close()


async def test_replay_of_all_goes_from_the_oldest_on(sqlite_url: str) -> None:
    """And leaves nothing where all is stored."""
    db = Database(sqlite_url)
    await put_aside(db, opened(event_id="o"), start(), start(run="2"))
    done = await cli.run(sqlite_url, "quarantine", "replay", "--all")
    assert (done.code, len(done.lines)) == (0, 3)
    assert await db.rows("quarantined_events") == []
    assert len(await db.rows("cell_executions")) == 2
    await db.close()


async def test_delete_asks_and_deletes(sqlite_url: str) -> None:
    """Only after a yes, or with --yes."""
    db = Database(sqlite_url)
    first, _, _ = await put_aside(db, start(run="1"), start(run="2"), start(run="3"))
    for answer in ("n\n", ""):
        no = await cli.run(sqlite_url, "quarantine", "delete", "--all", answer=answer)
        assert (no.code, len(await db.rows("quarantined_events"))) == (1, 3)
    assert "Delete 3 events" in no.err
    one = await cli.run(sqlite_url, "quarantine", "delete", first, "--yes")
    assert (one.code, one.lines) == (0, ["1 deleted"])
    rest = await cli.run(sqlite_url, "quarantine", "delete", "--all", answer="yes\n")
    assert (rest.code, rest.lines) == (0, ["2 deleted"])
    assert await db.rows("quarantined_events") == []
    await db.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "ACTION"),
        (["show", "not-an-id"], "is no id"),
        (["replay"], "required"),
        (["list", "--limit", "0"], "1 or more"),
    ],
)
async def test_wrong_arguments_are_explained(
    sqlite_url: str, arguments: list[str], says: str
) -> None:
    """With exit code 2."""
    done = await cli.run(sqlite_url, "quarantine", *arguments)
    assert done.code == 2
    assert says in done.err


async def test_a_database_that_is_away_is_named_as_such(tmp_path: object) -> None:
    """Not with a traceback."""
    for url in (f"sqlite:///{tmp_path}/none/x.sqlite", "mysql://localhost/x"):
        done = await cli.run(url, "quarantine", "list")
        assert done.code == 1
        assert "Traceback" not in done.err
        assert "database" in done.err
