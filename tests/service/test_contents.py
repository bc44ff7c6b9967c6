"""Reduced events: restored byte for byte, from the student's own contents, within the bounds."""

import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.fields import MAX_EVENT_BYTES, MAX_INFLATED_BYTES
from jupyter_cell_monitor_server.service.contents import ENTRY_BYTES, Contents
from jupyter_cell_monitor_server.service.db.engine import DatabaseUnavailable
from jupyter_cell_monitor_server.service.dictionaries import Dictionaries
from jupyter_cell_monitor_server.service.inflating import BodyTooLarge
from jupyter_cell_monitor_server.service.ingest import Ingest

from .database import Database, person
from .made import Json, start
from .taking import Kept, taking

CONTRACT = Path(__file__).parent.parent / "contract"
CASES: list[Json] = json.loads((CONTRACT / "reduced.json").read_text("utf-8"))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Sent:
    """What is sent to an ingest."""

    def __init__(self, ingest: Ingest, contents: Contents, kept: Kept) -> None:
        self.ingest = ingest
        self.contents = contents
        self.kept = kept

    async def send(
        self, *items: str | Json, who: str = "ai", **envelope: Any
    ) -> list[tuple[str, str | None]]:
        """Send bodies (text) and reduced events; status and code of each."""
        parts = [item if isinstance(item, str) else json.dumps(item) for item in items]
        head = json.dumps({"contents": True} | envelope)[1:-1]
        body = f'{{{head}, "events": [{",".join(parts)}]}}'
        results = await self.ingest.take(person(who), body.encode())
        return [(result.status, result.code) for result in results]


@asynccontextmanager
async def sending(store: Any = None, max_bytes: int = 10_000_000) -> AsyncIterator[Sent]:
    kept, contents = Kept(), Contents(max_bytes)
    async with taking(store or kept, contents=contents) as ingest:
        # So that the bound is one of contents alone here.
        ingest.dictionaries = Dictionaries(Contents())
        yield Sent(ingest, contents, kept)


@pytest.fixture
async def sent() -> AsyncIterator[Sent]:
    async with sending() as sent:
        yield sent


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_what_the_contract_says_of_reduced_events_holds(sent: Sent, case: Json) -> None:
    """Restored to the byte, or answered with what the sender has to do."""
    await sent.send(*case["before"], who="student-01")
    items = [item.get("whole", item) for item in case["sent"]]
    found = await sent.send(*items, who="student-01")
    assert found == [(one["status"], one.get("code")) for one in case["results"]]
    bodies = [one["body"] for one in case["results"] if one["status"] == "stored"]
    assert sent.kept.raws[len(case["before"]) :] == [body.encode() for body in bodies]


def body_of(event: Any) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def by_hash(event: Json, name: str = "code") -> Json:
    """The event with one content as its hash."""
    body, content = body_of(event), body_of(event[name])
    before, _, after = body.partition(content)
    return {
        "event_id": event["event_id"],
        "session_id": event["session_id"],
        "sha256": sha256(body),
        "pieces": [before, {"sha256": sha256(content)}, after],
    }


def a_start(number: int, code: str = "x = 1\n" * 40, **more: Any) -> Json:
    return start(run=f"r{number}", event_id=f"e{number}", code=code, **more)


async def test_a_restored_event_is_stored_as_a_whole_one_is(db: Database) -> None:
    """On both databases."""
    code = "print('日本語 👩🏽‍💻')\n" * 10
    async with sending(db.store) as sent:
        await sent.send(body_of(a_start(1, code)))
        assert await sent.send(by_hash(a_start(2, code))) == [("stored", None)]
        assert await sent.send(body_of(a_start(2, code))) == [("duplicate", None)]
    assert [row["code"] for row in await db.rows("cell_executions")] == [code, code]


NEEDED = [("retry", "content_needed")]


async def test_a_student_is_never_given_the_content_of_another_one(sent: Sent) -> None:
    """Not even under the same session and hash."""
    await sent.send(body_of(a_start(1)))
    kens = start("ken", "r2", event_id="e2", code=a_start(1)["code"])
    assert await sent.send(by_hash(kens), who="ken") == NEEDED
    await sent.send(body_of(start("ken", "r3", event_id="e3", code=kens["code"])), who="ken")
    assert await sent.send(by_hash(kens), who="ken") == [("stored", None)]


async def test_the_token_says_whose_contents_are_looked_at(sent: Sent) -> None:
    """Whatever the body says: ken cannot learn by a hash what ai has sent."""
    await sent.send(body_of(a_start(1)))
    assert await sent.send(by_hash(a_start(2)), who="ken") == NEEDED


@pytest.mark.parametrize("status", ["rejected", "retry"])
async def test_the_contents_of_what_is_not_stored_are_not_remembered(
    sent: Sent, status: str
) -> None:
    """Beyond their batch."""
    sent.kept.statuses["e1"] = status
    assert await sent.send(body_of(a_start(1)), by_hash(a_start(2))) == [
        (status, None),
        ("stored", None),
    ]
    sent.kept.statuses["e4"] = status
    await sent.send(body_of(a_start(4, "y = 2\n" * 40)))
    assert await sent.send(by_hash(a_start(5, "y = 2\n" * 40))) == NEEDED


async def test_the_contents_of_a_duplicate_are_remembered(sent: Sent) -> None:
    """A sender that was not answered sends again, and believes the second answer."""
    sent.kept.statuses["e1"] = "duplicate"
    await sent.send(body_of(a_start(1)))
    assert await sent.send(by_hash(a_start(2))) == [("stored", None)]


async def test_nothing_is_remembered_of_a_request_that_failed(sent: Sent) -> None:
    """The sender was told nothing."""
    sent.kept.is_away = True
    with pytest.raises(DatabaseUnavailable):
        await sent.send(body_of(a_start(1)))
    sent.kept.is_away = False
    assert await sent.send(by_hash(a_start(2))) == NEEDED


async def test_only_who_asks_for_it_is_remembered(sent: Sent) -> None:
    """A batch without `contents` costs no memory."""
    await sent.send(body_of(a_start(1)), contents=False)
    assert sent.contents.bytes_held == 0
    assert await sent.send(by_hash(a_start(2))) == NEEDED


async def test_what_was_not_used_longest_is_forgotten_first() -> None:
    """Above the bound, which holds for keys too."""
    codes = [f"n = {n}\n" * 30 for n in range(4)]
    one = len(body_of(a_start(0, codes[0])["code"])) + ENTRY_BYTES
    async with sending(max_bytes=3 * one) as sent:
        for n in range(3):
            await sent.send(body_of(a_start(n, codes[n])))
        assert await sent.send(by_hash(a_start(10, codes[0]))) == [("stored", None)]
        await sent.send(body_of(a_start(3, codes[3])))
        assert sent.contents.bytes_held == 3 * one
        assert await sent.send(by_hash(a_start(11, codes[1]))) == NEEDED
        for n in (0, 2, 3):
            assert await sent.send(by_hash(a_start(20 + n, codes[n]))) == [("stored", None)]


async def test_a_base_of_edits_counts_as_used() -> None:
    """Whoever edits a cell sends the next edit of the same base."""
    codes = [f"n = {n}\n" * 30 for n in range(3)]
    one = len(body_of(a_start(0, codes[0])["code"])) + ENTRY_BYTES
    async with sending(max_bytes=3 * one) as sent:
        for n in range(3):
            await sent.send(body_of(a_start(n, codes[n])))
        for number in (10, 11, 12):
            item = by_hash(a_start(number, codes[0].replace("0", f"{number}")))
            base = {"base_sha256": sha256(body_of(codes[0]))}
            item["pieces"][1] |= base | {"edits": edits(codes[0], f"{number}")}
            assert await sent.send(item) == [("stored", None)]


def edits(code: str, number: str) -> list[list[Any]]:
    """Each 0 of a code in JSON is replaced."""
    return [[at, 1, number] for at, char in enumerate(body_of(code)) if char == "0"]


async def test_contents_never_take_more_memory_than_the_bound() -> None:
    """However small they are and however many."""
    tracemalloc.start()
    contents = Contents(2_000_000)
    before_bytes = tracemalloc.get_traced_memory()[0]
    for number in range(40_000):
        contents.put(hashlib.sha512(b"%d" % number).digest(), b"%128d" % number)
    held_bytes = tracemalloc.get_traced_memory()[0] - before_bytes
    tracemalloc.stop()
    assert held_bytes < 2_000_000
    assert contents.get(hashlib.sha512(b"39999").digest()) is not None


def event_of(size: int, number: int = 1) -> Json:
    frame = len(body_of(a_start(number, "")))
    return a_start(number, "x" * (size - frame))


@pytest.mark.parametrize(
    ("size", "expected"),
    [(MAX_EVENT_BYTES, ("stored", None)), (MAX_EVENT_BYTES + 1, ("rejected", "too_large"))],
)
async def test_a_restored_event_holds_256_kib(
    sent: Sent, size: int, expected: tuple[str, str | None]
) -> None:
    """From a content that was sent, and 200 letters more."""
    code = event_of(size)["code"][:-200]
    await sent.send(body_of(a_start(7, code)))
    whole = event_of(size)
    base, content = body_of(code), body_of(whole["code"])
    delta = {"sha256": sha256(content), "base_sha256": sha256(base), "edits": [[1, 0, "x" * 200]]}
    item = by_hash(whole)
    item["pieces"][1] = delta
    assert await sent.send(item) == [expected]


async def test_a_small_batch_is_not_restored_to_more_than_8_mib(sent: Sent) -> None:
    """It is too large as a whole, so that its sender halves it."""
    size = 250_000
    await sent.send(body_of(event_of(size, 900)))
    fit = MAX_INFLATED_BYTES // size
    items = [by_hash(event_of(size, n)) for n in range(100, 101 + fit)]
    # Each is restored from the same content; only the ids differ.
    codes = {item["pieces"][1]["sha256"] for item in items}
    assert len(codes) == 1
    with pytest.raises(BodyTooLarge):
        await sent.send(*items)
    assert len(sent.kept.raws) == 1
    assert await sent.send(*items[:fit]) == [("stored", None)] * fit


async def test_a_bomb_of_pieces_takes_no_memory(sent: Sent) -> None:
    """Each event names a content of 250 kB 64 times: one and a half gigabytes in all."""
    await sent.send(body_of(event_of(250_000, 900)))
    bomb = by_hash(event_of(250_000, 901))
    bomb["pieces"] = [bomb["pieces"][1]] * 64
    changed = {"base_sha256": bomb["pieces"][0]["sha256"], "sha256": "0" * 64, "edits": []}
    edits = bomb | {"pieces": [changed] * 64}
    tracemalloc.start()
    found = await sent.send(*[bomb] * 16, *[edits] * 84)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[0] == ("rejected", "too_large")
    assert found[-1] == ("retry", "content_needed")
    assert peak_bytes < 2 * MAX_INFLATED_BYTES
