"""From a body to results: bounds of size and number, and who an event may be of."""

import gzip
import json
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.batches import BatchError
from jupyter_cell_monitor_server.contract.events import ParsedEvent
from jupyter_cell_monitor_server.contract.fields import MAX_INFLATED_BYTES
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.announce import Announcer
from jupyter_cell_monitor_server.service.bus.memory import MemoryBus
from jupyter_cell_monitor_server.service.inflating import BodyTooLarge, gunzip
from jupyter_cell_monitor_server.service.ingest import Ingest
from jupyter_cell_monitor_server.service.writer import Writer, WriterLimits

from .database import Database, person
from .made import Json, start


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_gzip_up_to_the_limit_is_inflated(size: int) -> None:
    """Exactly the limit too."""
    assert gunzip(gzip.compress(b"x" * size), 1000) == b"x" * size


@pytest.mark.parametrize("size", [1001, 100_000_000])
def test_gzip_above_the_limit_is_too_large(size: int) -> None:
    """A bomb is not inflated beyond it."""
    with pytest.raises(BodyTooLarge):
        gunzip(gzip.compress(b"x" * size), 1000)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"x" * 50)[:-1],
        gzip.compress(b"x" * 50)[:12],
        gzip.compress(b"x") + b"more",
        gzip.compress(b"x") + gzip.compress(b"y"),
        gzip.compress(b"x" * 50)[:-8] + b"\0" * 8,
    ],
)
def test_what_is_no_whole_gzip_stream_is_refused(body: bytes) -> None:
    """Cut off, with something behind it, or with a wrong checksum."""
    with pytest.raises(ValueError, match="gzip"):
        gunzip(body, 1000)


async def take(db: Database, body: bytes) -> list[EventResult]:
    writer = Writer(db.store, Announcer(MemoryBus()), WriterLimits(1000, 1000))
    writer.start()
    try:
        return await Ingest(writer, db.now).take(person(), body)
    finally:
        await writer.close(0)


def batch(events: Sequence[Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def runs(count: int) -> list[Json]:
    return [start(run=f"r{n}", event_id=f"e{n}") for n in range(count)]


async def test_a_single_event_and_a_batch_are_taken(db: Database) -> None:
    """An object with `events` and no `event_type` is a batch; none in it is none stored."""
    assert [r.status for r in await take(db, json.dumps(runs(1)[0]).encode())] == ["stored"]
    found = await take(db, batch(runs(100)))
    assert [r.event_id for r in found] == [f"e{n}" for n in range(100)]
    assert [r.status for r in found] == ["duplicate", *["stored"] * 99]
    assert await take(db, batch([])) == []


async def test_millions_of_items_in_a_small_body_fill_no_memory(db: Database) -> None:
    """The first item too many ends the reading."""
    body = b'{"events":[' + b"0," * 2_000_000 + b"0]}"
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match="100 events"):
        await take(db, body)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2 * len(body)


async def test_a_batch_of_101_is_too_large_and_stores_nothing(db: Database) -> None:
    """However small its events are."""
    with pytest.raises(BodyTooLarge):
        await take(db, batch(runs(101)))
    with pytest.raises(BodyTooLarge):
        await take(db, batch([0] * 101))
    assert await db.rows("cell_executions") == []


NO_BATCHES = [
    *(b"", b"{", b"[]", b"5", b'"x"', b"null", b"\xff\xfe"),
    *(b'{"events": 5}', b'{"events": {}}', b'{"events": [}', b'{"events": []} x'),
    b'{"events": [' + b"[" * 100_000,
]


@pytest.mark.parametrize("body", NO_BATCHES, ids=lambda body: repr(body[:20]))
async def test_a_body_that_is_no_batch_is_refused_whole(sqlite_url: str, body: bytes) -> None:
    """With an error that says so."""
    db = Database(sqlite_url)
    with pytest.raises(BatchError):
        await take(db, body)
    await db.close()


async def test_a_bad_event_is_rejected_alone_with_its_field(db: Database) -> None:
    """Whatever is wrong with it, its neighbours are stored, and each has its place."""
    good = runs(2)
    bad: list[Any] = [
        start(event_id="bad") | {"execution_count": "x"},
        {"event_type": "cell_execution_start", "event_id": "less"},
        5,
        None,
        [],
        {},
        start("ken", event_id="kens"),
        start(event_id="long") | {"code": "x" * 300_000},
        start(event_id="deep") | {"more": json.loads("[" * 80 + "]" * 80)},
        start(event_id="past") | {"timestamp": "1970-01-01T00:00:00Z"},
        start(event_id="up") | {"notebook_path": "../x"},
    ]
    found = await take(db, batch([good[0], *bad, good[1]]))
    assert [r.status for r in found] == ["stored", *["rejected"] * len(bad), "stored"]
    told = [(r.event_id, r.code, r.field) for r in found[1:-1]]
    assert told == [
        ("bad", "invalid", "execution_count"),
        ("less", "invalid", "student_id"),
        (None, "invalid", None),
        (None, "invalid", None),
        (None, "invalid", None),
        (None, "invalid", "student_id"),
        ("kens", "wrong_student", "student_id"),
        (None, "too_large", None),
        (None, "invalid", None),
        ("past", "invalid", "timestamp"),
        ("up", "invalid", "notebook_path"),
    ]
    assert all(r.detail for r in found[1:-1])
    assert len(await db.rows("cell_executions")) == 2
    assert await db.rows("students", user_id="ken") == []


async def test_an_event_with_half_a_surrogate_pair_is_stored(db: Database) -> None:
    """In a batch, as a mark with its digits, and beside an event that has none."""
    raw = batch(runs(2)).replace(b"print(0)", b"x = '\\ud800'", 1)
    assert [r.status for r in await take(db, raw)] == ["stored"] * 2
    codes = {row["code"] for row in await db.rows("cell_executions")}
    assert codes == {"x = '\ue001d800'", "print(0)"}


def test_the_inflated_limit_is_that_of_the_contract() -> None:
    """8 MiB, from which 100 events of the largest size cannot be made."""
    assert MAX_INFLATED_BYTES == 8 * 1024 * 1024
    assert ParsedEvent.__struct_fields__ == ("event", "extra", "raw")
