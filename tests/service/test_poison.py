"""An event that cannot be stored costs only itself, and is kept for the administrator."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from .database import Database
from .made import Json, end, opened, start
from .writing import writing_to

POISON = "a cell that no database takes"


async def poison(db: Database) -> None:
    """Make the database refuse a run of one cell: it is a rule of the table from now on."""
    if db.engine.dialect.name == "sqlite":
        await db.sql(
            "CREATE TRIGGER poison BEFORE INSERT ON cell_executions "
            f"WHEN NEW.cell_id = '{POISON}' BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    else:
        await db.sql(f"ALTER TABLE cell_executions ADD CONSTRAINT p CHECK (cell_id <> '{POISON}')")


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database of one kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def poisoned(url: str) -> AsyncIterator[Database]:
    """A database with a run that it refuses."""
    db = Database(url)
    await poison(db)
    yield db
    if db.engine.dialect.name == "postgresql":
        await db.sql("ALTER TABLE cell_executions DROP CONSTRAINT p")
    await db.close()


on_both = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


def a_batch(bad_index: int, count: int = 100) -> list[Json]:
    events = [start(run=f"r{n}", second=n, event_id=f"e{n}") for n in range(count)]
    events[bad_index] |= {"cell_id": POISON, "code": "print('mine')"}
    return events


@on_both
@pytest.mark.parametrize("bad_index", [0, 49, 99])
async def test_a_poison_event_costs_only_itself(poisoned: Database, bad_index: int) -> None:
    """The other 99 of its batch are stored, and a neighbour's batch is too."""
    batch = poisoned.delivery(*a_batch(bad_index))
    async with writing_to(poisoned.store) as writer:
        results, others = await asyncio.gather(
            writer.write(batch), writer.write(poisoned.delivery(opened("ken"), end("ken")))
        )
    statuses = ["stored"] * 100
    statuses[bad_index] = "rejected"
    assert [result.status for result in results] == statuses
    assert (results[bad_index].code, results[bad_index].event_id) == (
        "quarantined",
        f"e{bad_index}",
    )
    assert [result.status for result in others] == ["stored", "stored"]
    assert len(await poisoned.rows("cell_executions", student_id="ai")) == 99
    kept = await poisoned.row("quarantined_events")
    assert kept["raw"] == batch.events[bad_index].raw
    assert kept["student_id"] == "ai"
    assert "Error" in kept["reason"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_each_place_of_a_small_batch_may_be_the_bad_one(poisoned: Database) -> None:
    """At every index."""
    async with writing_to(poisoned.store) as writer:
        for bad_index in range(12):
            events = a_batch(bad_index, 12)
            delivery = poisoned.delivery(
                *(event | {"execution_id": f"{bad_index}-{n}"} for n, event in enumerate(events))
            )
            results = await writer.write(delivery)
            assert results[bad_index].status == "rejected"
            assert sum(result.status == "rejected" for result in results) == 1


@on_both
async def test_a_poison_event_leaves_no_content_in_the_log(
    poisoned: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What students wrote is in the database, or in the quarantine, and in no log."""
    secret = start(run="s", cell_id=POISON, code="print('my secret')", event_id="e")
    with caplog.at_level(logging.INFO):
        async with writing_to(poisoned.store) as writer:
            await writer.write(poisoned.delivery(secret))
    assert "cannot be stored" in caplog.text
    assert "secret" not in caplog.text
    assert POISON not in caplog.text
    assert "secret" not in (await poisoned.row("quarantined_events"))["reason"]


@on_both
async def test_poison_that_is_sent_again_is_quarantined_once(poisoned: Database) -> None:
    """And rejected again."""
    async with writing_to(poisoned.store) as writer:
        for _ in range(2):
            [result] = await writer.write(poisoned.delivery(start(cell_id=POISON)))
            assert result.status == "rejected"
    assert len(await poisoned.rows("quarantined_events")) == 1
