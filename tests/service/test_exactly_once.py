"""Whoever follows a class by cursors sees each update once, in the order of the commits.

A run that changed again while nobody looked is told once, as it is now: its older updates are
contained in the newest one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType

from jupyter_cell_monitor_server.contract.updates import Update, class_channel
from jupyter_cell_monitor_server.service.db.engine import reading
from jupyter_cell_monitor_server.service.db.missed import read_missed
from jupyter_cell_monitor_server.service.db.reads import newest_cursors
from jupyter_cell_monitor_server.service.people import Person

from .app import Service, serving
from .database import Database
from .made import CLASS, Json, end, failed, opened, start

CHANNEL = class_channel(CLASS)
SEEDS = range(2)


def a_lesson(random: Random, student: str, runs: int) -> list[Json]:
    """A student's events, some of them twice, some runs with their start behind their end."""
    events = [opened(student)]
    for number in range(runs):
        name, cell = f"{student}-{number}", f"c{random.randrange(3)}"
        finish = random.choice([end, failed])
        pair = [
            start(student, name, number + 1, cell_id=cell),
            finish(student, name, number + 1.5, cell_id=cell),
        ]
        random.shuffle(pair)
        events += pair + random.choices(pair, k=random.randrange(2))
    return events


def in_batches(random: Random, events: Sequence[Json]) -> list[list[Json]]:
    """The events in their order, in batches of one to six."""
    found, rest = [], list(events)
    while rest:
        size = random.randint(1, 6)
        found.append(rest[:size])
        rest = rest[size:]
    return found


def told_again(update: Json) -> tuple[str, str]:
    """What a newer update may stand for: a run, its alert; all else only for itself."""
    return update["event"], update.get("execution_id") or f"{update['channel']} {update['cursor']}"


def as_json(update: Update) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(update))
    return found


def assert_seen_once(seen: Sequence[Json], stored: Sequence[Json], newest: int) -> None:
    """In order, nothing that was not stored, and nothing of what was stored is missing."""
    cursors = [update["cursor"] for update in seen]
    assert cursors == sorted(set(cursors))
    by_cursor = {update["cursor"]: update for update in stored}
    assert sorted(by_cursor) == list(range(1, newest + 1))
    for update in seen:
        assert told(update) == told(by_cursor[update["cursor"]])
    latest = {told_again(update): update["cursor"] for update in seen}
    for update in stored:
        assert latest.get(told_again(update), 0) >= update["cursor"], update


def told(update: Json) -> Json:
    """An update without what depends on where its receiver stood."""
    return {name: value for name, value in update.items() if name != "is_new"}


class Follower:
    """Reads what it missed, goes on from there, and now and then forgets the last it was told."""

    def __init__(self, database: Database, random: Random) -> None:
        self._database = database
        self._random = random
        self._places = [0]
        self.seen: list[Json] = []

    async def read(self) -> int:
        """Read on; the newest cursor."""
        since = self._places[-1]
        async with reading(self._database.engine) as connection:
            newest = (await newest_cursors(connection, [CHANNEL]))[CHANNEL]
            missed = await read_missed(connection, CLASS, since, 10_000)
        assert missed is not None
        assert all(since < update.cursor <= newest for update in missed)
        self.seen += map(as_json, missed)
        self._places.append(newest)
        return newest

    def forget(self) -> None:
        """Come back with an older cursor, as a page that was cut off before it drew."""
        self._places = self._places[: self._random.randint(1, len(self._places))]
        self.seen = [update for update in self.seen if update["cursor"] <= self._places[-1]]

    async def follow(self, is_over: asyncio.Event) -> int:
        """Until all is stored; the newest cursor then."""
        while not is_over.is_set():
            await self.read()
            if self._random.random() < 0.3:
                self.forget()
            for _ in range(self._random.randrange(4)):
                await asyncio.sleep(0)
        return await self.read()


async def store_lessons(database: Database, random: Random, students: Sequence[str]) -> None:
    for student in students:
        for batch in in_batches(random, a_lesson(random, student, 4)):
            await database.send(*batch)


@asynccontextmanager
async def databases(url: str, count: int) -> AsyncIterator[list[Database]]:
    """Stores with connections of their own, as replicas have them."""
    found = [Database(url) for _ in range(count)]
    try:
        yield found
    finally:
        for database in found:
            await database.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_follower_by_cursors_sees_each_update_once(database_url: str, seed: int) -> None:
    """Two replicas with several writers each on PostgreSQL; one, with its one writer, on SQLite."""
    is_over = asyncio.Event()
    async with databases(database_url, 4) as (one, other, *readers):
        replicas = [one, other] if database_url.startswith("postgresql") else [one]
        followers = [Follower(db, Random(f"{seed} {n}")) for n, db in enumerate(readers)]
        following = [asyncio.create_task(follower.follow(is_over)) for follower in followers]
        await asyncio.gather(
            *(
                store_lessons(replica, Random(f"{seed} {n} {m}"), [f"{n}-{m}-{k}" for k in "ab"])
                for n, replica in enumerate(replicas)
                for m in range(3)
            )
        )
        is_over.set()
        newest = await asyncio.gather(*following)
        stored = [as_json(update) for replica in replicas for update in replica.live()]
    assert len(set(newest)) == 1
    for follower in followers:
        assert_seen_once(follower.seen, stored, newest[0])


def test_what_is_asserted_can_fail() -> None:
    """A gap, a repetition, another order, an update that nobody stored or told in full."""
    stored = [
        {"event": "execution_update", "channel": CHANNEL, "cursor": n, "execution_id": run}
        for n, run in ((1, "a"), (2, "b"), (3, "a"))
    ]
    first, second, third = stored
    assert_seen_once(stored, stored, 3)
    assert_seen_once([second, third], stored, 3)
    for seen in (
        [first, second],
        [first, third],
        [third, second],
        [second, second, third],
        [second, {**third, "execution_id": "c"}],
    ):
        with pytest.raises(AssertionError):
            assert_seen_once(seen, stored, 3)
    with pytest.raises(AssertionError):
        assert_seen_once([second, third], [second, third], 3)


async def messages(socket: Any) -> AsyncIterator[Json]:
    """What comes until the socket is closed."""
    while (message := await socket.receive()).type == WSMsgType.TEXT:
        yield message.json()


class SocketFollower:
    """Follows the class by sockets: each is left after some messages, the next goes on."""

    def __init__(self, service: Service, random: Random, is_over: asyncio.Event) -> None:
        self._service = service
        self._random = random
        self._is_over = is_over
        self.at = 0
        self.seen: list[Json] = []
        self.snapshot_at = 0

    async def follow(self) -> None:
        """Until all is stored and told."""
        while not self._is_over.is_set():
            await self.listen(self._random.randint(1, 25))
        await self.listen(None)

    async def listen(self, count: int | None) -> None:
        """Take so many messages on a new socket, or all up to where the channel stands."""
        socket = await self._service.socket("sensei")
        if self._is_over.is_set():
            # Nobody closes this one, and what it counts may never come.
            count = None
        await socket.send_json({"subscribe": CHANNEL, "cursor": self.at})
        left = count
        async for message in messages(socket):
            self._take(message)
            left = None if left is None else left - 1
            has_caught_up = message["event"] in {"subscribed", "snapshot_needed"}
            if left == 0 or (count is None and has_caught_up):
                break
        await socket.close()

    def _take(self, message: Json) -> None:
        if message["event"] == "snapshot_needed":
            # The page fetches the class as it stands: all up to there is contained in that.
            self.seen, self.snapshot_at = [], message["cursor"]
            self.at = message["cursor"]
        elif message["event"] == "subscribed":
            assert message["cursor"] >= self.at
            self.at = message["cursor"]
        elif message["event"] != "hello" and message["channel"] == CHANNEL:
            assert message["cursor"] > self.at
            self.at = message["cursor"]
            self.seen.append(message)


async def post_lesson(service: Service, random: Random, student: str) -> None:
    service.people.known[student] = Person(student, {CLASS: "student"}, may_teach=False)
    for batch in in_batches(random, a_lesson(random, student, 6)):
        response, body = await service.post(*batch, who=student)
        assert response.status == 200
        assert {result["status"] for result in body["results"]} <= {"stored", "duplicate"}


class Witness:
    """Follows the class by one socket all the time."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.seen: list[Json] = []

    async def begin(self) -> None:
        """Subscribe."""
        await self._socket.send_json({"subscribe": CHANNEL})
        async for message in messages(self._socket):
            if message["event"] == "subscribed":
                return

    async def listen(self, newest: int) -> None:
        """Take what comes up to this cursor."""
        async for message in messages(self._socket):
            if message["channel"] == CHANNEL:
                self.seen.append(message)
                if message["cursor"] >= newest:
                    return


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("max_missed_updates", [10_000, 15])
async def test_a_follower_by_sockets_sees_each_update_once(
    sqlite_url: str, tmp_path: Path, max_missed_updates: int, seed: int
) -> None:
    """Through any number of reconnections; also where it must begin at a snapshot again."""
    is_over = asyncio.Event()
    bounds = {"max_missed_updates": max_missed_updates, "max_socket_messages": 5_000}
    database = Database(sqlite_url)
    async with serving(database, tmp_path, **bounds) as service:
        witness = Witness(await service.socket("sensei"))
        await witness.begin()
        followers = [SocketFollower(service, Random(f"{seed} {n}"), is_over) for n in range(3)]
        following = [asyncio.create_task(follower.follow()) for follower in followers]
        students = [f"student-{n}" for n in range(5)]
        await asyncio.gather(*(post_lesson(service, Random(f"{seed} {s}"), s) for s in students))
        async with reading(database.engine) as connection:
            newest = (await newest_cursors(connection, [CHANNEL]))[CHANNEL]
        is_over.set()
        # Nothing comes any more to those that wait for their next message.
        for socket in service.opened[1:]:
            await socket.close()
        await asyncio.gather(*following)
        await witness.listen(newest)
    await database.close()
    live = witness.seen
    assert [update["cursor"] for update in live] == list(range(1, newest + 1))
    for follower in followers:
        assert follower.at == newest
        in_snapshot = [update for update in live if update["cursor"] <= follower.snapshot_at]
        assert_seen_once([*in_snapshot, *follower.seen], live, newest)
    is_bounded = max_missed_updates < 100
    assert any(follower.snapshot_at for follower in followers) == is_bounded
