"""The bounds at the door: one below, at, and one above each; plain, gzip and chunked."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import WSServerHandshakeError
from browser.hub import until

from jupyter_cell_monitor_server.contract.fields import MAX_BODY_BYTES, MAX_INFLATED_BYTES
from jupyter_cell_monitor_server.service.bounds import Bounds, InFlight
from jupyter_cell_monitor_server.service.quota import Quota
from jupyter_cell_monitor_server.service.writer import WriterLimits

from .answers import problem
from .app import Service, serving
from .database import Database
from .made import start
from .writing import HeldStore

KIB = 1024


@asynccontextmanager
async def service_with(url: str, folder: Path, **settings: Any) -> AsyncIterator[Service]:
    database = Database(url)
    async with serving(database, folder, **settings) as service:
        yield service
    await database.close()


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), 50_000):
        yield body[begin : begin + 50_000]


def batch(count: int, size: int = 0) -> bytes:
    """So many events, in a body that spaces behind them fill up to `size` bytes."""
    events = [start(run=f"r{n}") for n in range(count)]
    return json.dumps({"events": events}).encode()[:-2].ljust(size - 2) + b"]}"


def plain(body: bytes) -> dict[str, Any]:
    return {"data": BytesIO(body)}


def chunked(body: bytes) -> dict[str, Any]:
    return {"data": pieces(body)}


def gzipped(body: bytes) -> dict[str, Any]:
    return {"data": BytesIO(gzip.compress(body)), "headers": {"Content-Encoding": "gzip"}}


def gzipped_in_chunks(body: bytes) -> dict[str, Any]:
    return {"data": pieces(gzip.compress(body)), "headers": {"Content-Encoding": "gzip"}}


Sent = Callable[[bytes], dict[str, Any]]


@pytest.mark.parametrize(
    ("way", "limit"),
    [
        (plain, MAX_BODY_BYTES),
        (chunked, MAX_BODY_BYTES),
        (gzipped, MAX_INFLATED_BYTES),
        (gzipped_in_chunks, MAX_INFLATED_BYTES),
    ],
)
async def test_a_body_is_taken_up_to_its_bound(
    sqlite_url: str, tmp_path: Path, way: Sent, limit: int
) -> None:
    """In bytes: on the wire, and inflated."""
    async with service_with(sqlite_url, tmp_path) as service:
        for more, status in ((-1, 200), (0, 200), (1, 413)):
            response, body = await service.call("POST", "events", **way(batch(3, limit + more)))
            assert response.status == status, more
            if status == 413:
                problem(response, body, 413, "too_large")
        assert service.state.bounds.in_flight.bytes == 0
        assert len(await service.database.rows("cell_executions")) == 3


@pytest.mark.parametrize("way", [plain, chunked, gzipped, gzipped_in_chunks])
async def test_a_batch_is_taken_up_to_its_bound(sqlite_url: str, tmp_path: Path, way: Sent) -> None:
    """In events; of one too many none is stored."""
    async with service_with(sqlite_url, tmp_path) as service:
        for count, status, stored in ((101, 413, 0), (99, 200, 99), (100, 200, 100)):
            response, _ = await service.call("POST", "events", **way(batch(count)))
            assert response.status == status
            assert len(await service.database.rows("cell_executions")) == stored


async def post_held(service: Service, size: int, who: str = "ai") -> asyncio.Task[Any]:
    """A request that waits for its commit, with a body of so many bytes."""
    held = service.state.bounds.in_flight.bytes + size
    task = asyncio.create_task(service.call("POST", "events", who, data=run_of(who, size)))
    await until(lambda: service.state.bounds.in_flight.bytes == held)
    return task


def run_of(who: str, size: int) -> bytes:
    return json.dumps({"events": [start(who)]}).encode().ljust(size)


def small_bounds() -> Bounds:
    in_flight = InFlight(max_bytes=100 * KIB, max_user_bytes=60 * KIB)
    return Bounds(in_flight=in_flight, max_sockets=3, max_sockets_per_user=2)


@pytest.mark.parametrize("way", [plain, chunked, gzipped, gzipped_in_chunks])
async def test_more_than_the_bytes_under_way_is_refused_before_it_is_parsed(
    sqlite_url: str, tmp_path: Path, way: Sent
) -> None:
    """429 for one user's share, 503 for all; nothing is left when they have gone."""
    store, bounds = HeldStore(), small_bounds()
    async with service_with(sqlite_url, tmp_path, store=store, bounds=bounds) as service:
        held = [await post_held(service, 50 * KIB)]
        for size, status in ((10 * KIB + 1, 429), (10 * KIB, 400)):
            response, body = await service.call("POST", "events", **way(b"{" * size))
            assert response.status == status
        response, body = await service.call("POST", "events", **way(b"{" * (10 * KIB + 1)))
        problem(response, body, 429, "too_many")
        assert int(response.headers["Retry-After"]) > 0
        held.append(await post_held(service, 40 * KIB, "ken"))
        for size, status in ((10 * KIB + 1, 503), (10 * KIB, 400)):
            response, body = await service.call("POST", "events", "sensei", **way(b"{" * size))
            assert response.status == status
        store.may_commit.set()
        assert [(await task)[0].status for task in held] == [200, 200]
        assert bounds.in_flight.bytes == 0


async def test_a_body_that_stops_in_its_midst_holds_nothing_when_its_sender_goes(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with service_with(sqlite_url, tmp_path, bounds=small_bounds()) as service:
        address = urlsplit(service.url)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        head = f"POST {address.path}api/v1/events HTTP/1.1\r\nHost: x\r\n"
        head += f"Authorization: token ai\r\nContent-Length: {20 * KIB}\r\n\r\n"
        writer.write(head.encode() + b" " * 10 * KIB)
        in_flight = service.state.bounds.in_flight
        await until(lambda: in_flight.bytes == 10 * KIB)
        writer.close()
        await until(lambda: not in_flight.bytes)
        await until(lambda: not service.web.settings["unanswered"])


async def test_too_much_of_one_user_in_the_queue_is_429_for_them_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Before the body is read."""
    store, limits = HeldStore(), WriterLimits(1000, 10, max_user_events=20)
    async with service_with(sqlite_url, tmp_path, store=store, writer_limits=limits) as service:
        held = [asyncio.create_task(service.post(start()))]
        await store.began.wait()
        for number in range(2):
            runs = [start(run=f"{number}-{n}") for n in range(10)]
            held.append(asyncio.create_task(service.post(*runs)))
            await until(lambda: service.writer.waiting_events == 10 * len(held[1:]))
        response, body = await service.call("POST", "events", data=b"not even JSON")
        problem(response, body, 429, "too_many")
        assert int(response.headers["Retry-After"]) > 0
        held.append(asyncio.create_task(service.post(start("ken"), who="ken")))
        store.may_commit.set()
        assert {(await task)[0].status for task in held} == {200}


async def test_above_the_quota_it_is_429_before_the_body_is_parsed(
    sqlite_url: str, tmp_path: Path
) -> None:
    """By its events, by its bytes, and by what a gzip body holds; others are not concerned."""
    now_s = [0.0]
    quota = Quota(10.0, 120.0, clock=lambda: now_s[0])
    async with service_with(sqlite_url, tmp_path, bounds=Bounds(quota=quota)) as service:
        assert (await service.call("POST", "events", data=batch(100)))[0].status == 200
        response, body = await service.call("POST", "events", data=batch(40))
        problem(response, body, 429, "too_many")
        assert response.headers["Retry-After"] == "3"  # 21 are left, since its bytes are paid
        for way in (plain, chunked, gzipped):
            response, body = await service.call("POST", "events", **way(b"{" * 400 * KIB))
            problem(response, body, 429, "too_many")
        now_s[0] += 2.1
        assert (await service.call("POST", "events", data=batch(40)))[0].status == 200
        response, _ = await service.call("POST", "events", data=b"{")
        assert response.status == 429
        assert (await service.post(start("ken"), who="ken"))[0].status == 200
        await asyncio.gather(*(service.call("GET", "me") for _ in range(3)))


async def test_a_gzip_bomb_costs_its_sender_the_largest_body(
    sqlite_url: str, tmp_path: Path
) -> None:
    """It made the service inflate as much."""
    quota = Quota(1.0, 1000.0, clock=lambda: 0.0)
    async with service_with(sqlite_url, tmp_path, bounds=Bounds(quota=quota)) as service:
        statuses = []
        for _ in range(3):
            bomb = gzipped(b" " * (MAX_INFLATED_BYTES + 1))
            statuses.append((await service.call("POST", "events", **bomb))[0].status)
        assert statuses == [413, 413, 429]


async def refused(service: Service, who: str) -> int:
    with pytest.raises(WSServerHandshakeError) as answer:
        await service.socket(who)
    assert answer.value.headers is not None
    assert int(answer.value.headers["Retry-After"]) > 0
    return answer.value.status


async def test_sockets_are_bounded_in_all_and_of_one_user(sqlite_url: str, tmp_path: Path) -> None:
    """Before the upgrade; one that has gone makes room."""
    async with service_with(sqlite_url, tmp_path, bounds=small_bounds()) as service:
        mine = [await service.socket("ai") for _ in range(2)]
        assert await refused(service, "ai") == 429
        await service.socket("ken")
        assert await refused(service, "sensei") == 503
        await mine[0].close()
        await until(lambda: len(service.web.settings["sockets"]) == 2)
        await service.socket("ai")
        assert await refused(service, "sensei") == 503
        _, text = await service.call("GET", "metrics", None)
        assert b'cell_monitor_refused_requests_total{reason="user_sockets"} 1.0' in text
        assert b'cell_monitor_refused_requests_total{reason="sockets"} 2.0' in text
        assert b"cell_monitor_sockets 3.0" in text
