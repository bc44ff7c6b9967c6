"""The writer: answers after the commit and keeps its bound."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Connection

from jupyter_cell_monitor_server.service.bus import Announcement
from jupyter_cell_monitor_server.service.bus.memory import MemoryBus
from jupyter_cell_monitor_server.service.db.delivery import Delivery
from jupyter_cell_monitor_server.service.db.engine import DatabaseUnavailable
from jupyter_cell_monitor_server.service.quota import TooMany
from jupyter_cell_monitor_server.service.writer import QueueFull

from .database import Database, person
from .made import CLASS, NOON, opened, start
from .postgres import Cluster
from .writing import HeldStore, a_delivery, writing_to


async def test_nothing_is_answered_before_the_commit() -> None:
    """The answer waits for as long as the database does."""
    store = HeldStore()
    async with writing_to(store) as writer:
        answer = asyncio.create_task(writer.write(a_delivery()))
        await store.began.wait()
        await asyncio.wait([answer], timeout=0.05)
        assert not answer.done()
        store.may_commit.set()
        assert [result.status for result in await answer] == ["stored"]


async def test_a_full_queue_refuses_and_takes_again_when_it_has_drained() -> None:
    """What was refused left nothing behind."""
    store = HeldStore()
    async with writing_to(store, max_waiting_events=5, max_transaction_events=5) as writer:
        first = asyncio.create_task(writer.write(a_delivery(5)))
        await store.began.wait()
        waiting = [asyncio.create_task(writer.write(a_delivery(n))) for n in (4, 3)]
        await asyncio.sleep(0)  # both tasks run to where they wait
        assert not writer.has_room()
        with pytest.raises(QueueFull):
            await writer.write(a_delivery())
        store.may_commit.set()
        await asyncio.gather(first, *waiting)
        assert len(await writer.write(a_delivery(2))) == 2
    assert store.transactions == [5, 4, 3, 2]


async def test_what_waits_shares_a_transaction_up_to_its_bound() -> None:
    """Whole deliveries of several users; one that is larger than the bound goes alone."""
    store = HeldStore()
    async with writing_to(store, max_transaction_events=10) as writer:
        sizes = [1, 4, 6, 3, 20, 2]
        answers = [
            asyncio.create_task(writer.write(a_delivery(size, f"student-{n}")))
            for n, size in enumerate(sizes)
        ]
        store.may_commit.set()
        found = await asyncio.gather(*answers)
    assert [len(results) for results in found] == sizes
    # The first one may have gone before the others came.
    assert store.transactions in ([10, 6, 20], [1, 10, 5, 20])


async def test_whoever_comes_behind_a_flood_is_in_the_next_transaction() -> None:
    """However much of another user waits, they get a fifth of each transaction."""
    store = HeldStore()
    async with writing_to(store, max_transaction_events=100) as writer:
        first = asyncio.create_task(writer.write(a_delivery(1)))
        await store.began.wait()
        flood = [asyncio.create_task(writer.write(a_delivery(10, "flood"))) for _ in range(50)]
        await asyncio.sleep(0)  # all tasks run to where they wait
        late = asyncio.create_task(writer.write(a_delivery(3, "ken")))
        await asyncio.sleep(0)
        store.may_commit.set()
        await late
        assert store.transactions[:2] == [1, 10 + 3 + 10]
        await asyncio.gather(first, *flood)


async def test_more_than_one_users_share_of_the_queue_is_refused_to_them_alone() -> None:
    """Others have room still."""
    store = HeldStore()
    async with writing_to(store, max_user_events=20, max_transaction_events=10) as writer:
        taken = [asyncio.create_task(writer.write(a_delivery(10)))]
        await store.began.wait()
        taken += [asyncio.create_task(writer.write(a_delivery(10))) for _ in range(2)]
        await asyncio.sleep(0)  # both run to where they wait
        with pytest.raises(TooMany) as refused:
            await writer.write(a_delivery(1))
        assert refused.value.reason == "user_queue"
        taken.append(asyncio.create_task(writer.write(a_delivery(10, "ken"))))
        store.may_commit.set()
        assert [len(results) for results in await asyncio.gather(*taken)] == [10] * 4


async def test_nobody_waits_for_a_slow_database_for_ever() -> None:
    """Their senders are told to keep their events, and what waited is not stored after that."""
    store = HeldStore()
    async with writing_to(store, max_transaction_events=1, answer_s=0.5) as writer:
        answers = [asyncio.create_task(writer.write(a_delivery())) for _ in range(3)]
        found = await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), 60)
        assert [type(answer) for answer in found] == [DatabaseUnavailable] * 3
        assert writer.waiting_events == 0
        store.may_commit.set()
        assert len(await writer.write(a_delivery())) == 1
        assert store.transactions == [1, 1]


async def test_an_empty_delivery_is_answered_at_once() -> None:
    """Even by a writer that is busy."""
    async with writing_to(HeldStore()) as writer:
        assert await writer.write(Delivery(person(), [], NOON)) == []


async def test_closing_writes_what_waits() -> None:
    """And then takes nothing more."""
    store = HeldStore()
    async with writing_to(store) as writer:
        answers = [asyncio.create_task(writer.write(a_delivery(n))) for n in (1, 2)]
        await store.began.wait()
        closing_down = asyncio.create_task(writer.close(10))
        store.may_commit.set()
        await closing_down
        assert [len(await answer) for answer in answers] == [1, 2]
        with pytest.raises(DatabaseUnavailable):
            await writer.write(a_delivery())


async def test_closing_gives_up_what_cannot_be_written_in_time() -> None:
    """Its senders are told to keep it: those in the transaction, and those behind."""
    store = HeldStore()
    async with writing_to(store, max_transaction_events=1) as writer:
        answers = [asyncio.create_task(writer.write(a_delivery())) for _ in range(3)]
        await store.began.wait()
        await writer.close(0.01)
        found = await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), 60)
    assert [type(answer) for answer in found] == [DatabaseUnavailable] * 3


class BrokenBus(MemoryBus):
    """A bus that is down."""

    async def publish(self, announcements: list[Announcement]) -> None:
        raise ConnectionError("the bus is down")


async def test_an_announcement_that_fails_fails_no_request(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """It is stored; followers catch up by their cursors. The log says it."""
    async with writing_to(db.store, BrokenBus()) as writer:
        results = await writer.write(db.delivery(opened(), start()))
    assert [result.status for result in results] == ["stored", "stored"]
    assert "could not be announced" in caplog.text


async def test_updates_are_announced_after_the_commit(db: Database) -> None:
    """Whoever is told finds the rows."""
    found: list[int] = []
    told = asyncio.Event()

    class ReadingBus(MemoryBus):
        async def publish(self, announcements: list[Announcement]) -> None:
            found.append(len(await db.rows("cell_executions")))
            told.set()

    async with writing_to(db.store, ReadingBus()) as writer:
        await writer.write(db.delivery(start()))
        await told.wait()
    assert found == [1]


async def on_its_connection(db: Database, statement: str) -> None:
    """Set up the connection that the store writes with."""

    def run(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    await db.store._transactions.run(run)


async def test_a_full_disk_stores_nothing_and_is_no_poison(sqlite_url: str) -> None:
    """SQLite says so in the midst of a transaction; with more room it goes on."""
    db = Database(sqlite_url)
    await on_its_connection(db, "PRAGMA max_page_count=1")  # that is: no more than there are
    large = [start(run=f"r{n}", code="x" * 20_000) for n in range(20)]
    async with writing_to(db.store) as writer:
        with pytest.raises(DatabaseUnavailable, match="full"):
            await writer.write(db.delivery(*large))
        assert await db.rows("cell_executions") == []
        assert await db.rows("quarantined_events") == []
        await on_its_connection(db, "PRAGMA max_page_count=100000")
        assert len(await writer.write(db.delivery(*large))) == 20
    await db.close()


async def test_a_locked_database_stores_nothing_and_then_works_again(sqlite_url: str) -> None:
    """Another process holds the file for longer than the service waits."""
    db = Database(sqlite_url)

    await on_its_connection(db, "PRAGMA busy_timeout=50")
    async with writing_to(db.store) as writer:
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnavailable, match="locked"):
                await writer.write(db.delivery(start()))
        assert await db.rows("cell_executions") == []
        assert await db.rows("quarantined_events") == []
        [result] = await writer.write(db.delivery(start()))
    assert result.status == "stored"
    await db.close()


async def test_a_stopped_postgresql_stores_nothing_and_then_works_again(
    postgres: Cluster, postgres_url: str
) -> None:
    """As after a crash; with connections that broke, and with none that can be opened."""
    db = Database(postgres_url)
    async with writing_to(db.store) as writer:
        await writer.write(db.delivery(start(run="before")))
        await asyncio.to_thread(postgres.stop, "immediate")
        try:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailable):
                    await writer.write(db.delivery(start()))
            with pytest.raises(DatabaseUnavailable):
                await db.store.ping()
        finally:
            await asyncio.to_thread(postgres.start)
        [result] = await writer.write(db.delivery(start()))
    assert result.status == "stored"
    assert len(await db.rows("cell_executions")) == 2
    assert await db.rows("quarantined_events") == []
    await db.close()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE {name} CONNECTION LIMIT 0",
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        "ALTER DATABASE {name} SET default_transaction_read_only = on",
        "DROP DATABASE {name} (FORCE)",
    ],
)
async def test_a_postgresql_that_refuses_is_an_outage_and_no_poison(
    postgres: Cluster, own_postgres_url: str, statement: str
) -> None:
    """Events are kept by their senders, and none is called bad."""
    name = own_postgres_url.rpartition("/")[2]
    # The administrator is refused nothing.
    postgres.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO student", name)
    postgres.sql(statement.format(name=name))
    db = Database(own_postgres_url.replace("tester@", "student@"))
    async with writing_to(db.store) as writer:
        with pytest.raises(DatabaseUnavailable):
            await writer.write(db.delivery(start()))
    await db.close()


async def test_a_row_that_another_transaction_holds_is_waited_for(
    postgres: Cluster, own_postgres_url: str
) -> None:
    """Where PostgreSQL gives up waiting, the events are kept by their sender."""
    name = own_postgres_url.rpartition("/")[2]
    postgres.sql(f"ALTER DATABASE {name} SET lock_timeout = '50ms'")
    db, other = Database(own_postgres_url), Database(own_postgres_url)
    await db.send(opened())
    async with other.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE channels")
        async with writing_to(db.store) as writer:
            with pytest.raises(DatabaseUnavailable):
                await writer.write(db.delivery(start()))
    assert await db.rows("quarantined_events") == []
    assert await db.missed(class_id=CLASS) != []
    for each in (db, other):
        await each.close()
