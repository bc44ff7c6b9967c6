"""Batches that refer to those before: read with the student's own dictionaries, or asked for."""

import asyncio
import gzip
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from faults.chain import primed

from jupyter_cell_monitor_server.contract.dictionaries import (
    DICTIONARY_BYTES,
    ENCODING,
    TAG_BYTES,
    dictionary_after,
    tag_of,
)
from jupyter_cell_monitor_server.contract.fields import MAX_INFLATED_BYTES
from jupyter_cell_monitor_server.service.bounds import Bounds
from jupyter_cell_monitor_server.service.contents import ENTRY_BYTES, Contents
from jupyter_cell_monitor_server.service.dictionaries import KEPT, Dictionaries, DictionaryNeeded
from jupyter_cell_monitor_server.service.quota import Quota

from .answers import problem
from .app import Service
from .made import start
from .test_limits import service_with
from .writing import HeldStore

HEAD_BYTES = 2 * TAG_BYTES


@pytest.fixture
async def service(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with service_with(sqlite_url, tmp_path) as service:
        yield service


def text_of(*numbers: int, who: str = "ai", **more: Any) -> bytes:
    events = [start(who, f"{who}-{n}", code=f"print({n}, '日本語 👩🏽‍💻')") for n in numbers]
    return json.dumps({"contents": True} | more | {"events": events}, ensure_ascii=False).encode()


async def post(service: Service, body: bytes, encoding: str, who: str = "ai") -> Any:
    headers = {"Content-Encoding": encoding}
    return await service.call("POST", "events", who, data=body, headers=headers)


async def first(service: Service, text: bytes, who: str = "ai") -> bytes:
    """Send the first batch of a page; the dictionary after it."""
    response, _ = await post(service, gzip.compress(text), "gzip", who)
    assert response.status == 200
    return dictionary_after(b"", text)


async def status_of(service: Service, text: bytes, dictionary: bytes, who: str = "ai") -> int:
    response, answer = await post(service, primed(text, dictionary), ENCODING, who)
    if response.status == 409:
        problem(response, answer, 409, "content_needed")
    return int(response.status)


async def codes(service: Service) -> list[str]:
    return sorted(row["code"] for row in await service.database.rows("cell_executions"))


async def test_each_batch_may_refer_to_all_before_it(service: Service) -> None:
    """What is stored is the text as it was, and little of it travels."""
    dictionary = await first(service, text_of(0))
    for number in range(1, 8):
        text = text_of(number)
        body = primed(text, dictionary)
        assert len(body) < len(gzip.compress(text)) / 3
        response, answer = await post(service, body, ENCODING)
        assert (response.status, answer["results"][0]["status"]) == (200, "stored")
        dictionary = dictionary_after(dictionary, text)
    assert await codes(service) == [f"print({n}, '日本語 👩🏽‍💻')" for n in range(8)]


async def test_a_plain_batch_begins_a_dictionary_too(service: Service) -> None:
    """However it was encoded."""
    response, _ = await service.call("POST", "events", data=text_of(0))
    assert response.status == 200
    assert await status_of(service, text_of(1), dictionary_after(b"", text_of(0))) == 200


async def test_an_unknown_dictionary_is_asked_for_and_nothing_is_stored(service: Service) -> None:
    """The same batch by itself is taken then."""
    unknown = dictionary_after(b"", text_of(5))
    assert await status_of(service, text_of(1), unknown) == 409
    assert await codes(service) == []
    dictionary = await first(service, text_of(1))
    assert await status_of(service, text_of(2), dictionary) == 200


async def test_nobodys_dictionary_is_used_for_another_student(service: Service) -> None:
    """Not even where both have sent the same."""
    dictionary = await first(service, text_of(0))
    assert await status_of(service, text_of(1, who="ken"), dictionary, who="ken") == 409
    response, _ = await post(service, gzip.compress(text_of(0)), "gzip", "ken")
    assert response.status == 200
    assert await status_of(service, text_of(1, who="ken"), dictionary, who="ken") == 200


async def test_after_a_lost_answer_the_older_dictionary_still_holds(service: Service) -> None:
    """The batch comes again as it was, counts once, and the next one refers to it."""
    older = await first(service, text_of(0))
    for expected in ("stored", "duplicate", "duplicate"):
        _, answer = await post(service, primed(text_of(1), older), ENCODING)
        assert answer["results"][0]["status"] == expected
    assert await status_of(service, text_of(2), dictionary_after(older, text_of(1))) == 200
    assert len(await codes(service)) == 3


async def test_two_pages_of_a_student_take_turns(service: Service) -> None:
    """Each goes on with its own."""
    pages = [await first(service, text_of(page)) for page in (100, 200)]
    for number in range(10):
        page, text = number % 2, text_of(number)
        assert await status_of(service, text, pages[page]) == 200
        pages[page] = dictionary_after(pages[page], text)


async def test_batches_at_the_same_time_may_refer_to_the_same(service: Service) -> None:
    """In whatever order they come, and each can be gone on from."""
    dictionary = await first(service, text_of(0))
    texts = [text_of(number) for number in (1, 2, 3)]
    sent = [status_of(service, text, dictionary) for text in texts]
    assert await asyncio.gather(*sent) == [200] * 3
    after = [dictionary_after(dictionary, text) for text in texts]
    assert all(known(service.state.ingest.dictionaries, "ai", each) for each in after)


async def test_only_who_asks_for_it_is_remembered(service: Service) -> None:
    """A batch without `contents` costs no memory, also where it refers to one that asked."""
    dictionary = await first(service, text_of(0, contents=False))
    assert await status_of(service, text_of(1), dictionary) == 409
    dictionary = await first(service, text_of(0))
    text = text_of(1, contents=False)
    assert await status_of(service, text, dictionary) == 200
    assert await status_of(service, text_of(2), dictionary_after(dictionary, text)) == 409


async def test_nothing_is_remembered_of_a_batch_that_was_not_answered(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Before its commit, nobody may refer to it."""
    store = HeldStore()
    async with service_with(sqlite_url, tmp_path, store=store) as service:
        sent = asyncio.create_task(first(service, text_of(0)))
        await store.began.wait()
        assert await status_of(service, text_of(1), dictionary_after(b"", text_of(0))) == 409
        store.may_commit.set()
        dictionary = await sent
        assert await status_of(service, text_of(1), dictionary) == 200


TEXT = text_of(1)
KNOWN = dictionary_after(b"", text_of(0))
BODY = primed(TEXT, KNOWN)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid"),
        (b"none" * 2, 409, "content_needed"),
        (b"none" + b"non", 400, "invalid"),
        (BODY[:HEAD_BYTES], 400, "invalid"),
        (BODY[:-1], 400, "invalid"),
        (BODY + b"x", 400, "invalid"),
        (BODY[:HEAD_BYTES] + b"\xff" * 9, 400, "invalid"),
        (BODY[:TAG_BYTES] + b"none" + BODY[HEAD_BYTES:], 409, "content_needed"),
        (b"none" + BODY[TAG_BYTES:], 409, "content_needed"),
        (primed(b"{", KNOWN), 400, "invalid"),
        (primed(b" " * MAX_INFLATED_BYTES + b"{", KNOWN), 413, "too_large"),
    ],
    ids=[
        "empty",
        "unknown",
        "head",
        "cut",
        "short",
        "trailing",
        "noise",
        "check",
        "tag",
        "json",
        "bomb",
    ],
)
async def test_what_cannot_be_read_is_refused_whole(
    service: Service, body: bytes, status: int, code: str
) -> None:
    """And costs the dictionary nothing."""
    await first(service, text_of(0))
    response, answer = await post(service, body, ENCODING)
    problem(response, answer, status, code)
    assert len(await codes(service)) == 1
    assert await status_of(service, TEXT, KNOWN) == 200


@pytest.mark.parametrize(
    "bomb",
    [
        primed(b" " * (MAX_INFLATED_BYTES + 1), KNOWN),
        tag_of(KNOWN) + b"none" + primed(b" " * MAX_INFLATED_BYTES, KNOWN)[HEAD_BYTES:],
    ],
    ids=["too large", "another text"],
)
async def test_a_bomb_costs_its_sender_the_largest_body(
    sqlite_url: str, tmp_path: Path, bomb: bytes
) -> None:
    """It made the service inflate as much."""
    bounds = Bounds(quota=Quota(1.0, 1000.0, clock=lambda: 0.0))
    async with service_with(sqlite_url, tmp_path, bounds=bounds) as service:
        await first(service, text_of(0))
        statuses = [(await post(service, bomb, ENCODING))[0].status for _ in range(3)]
        assert statuses[0] in {409, 413}
        assert statuses[1:] == [statuses[0], 429]


def known(dictionaries: Dictionaries, student: str, dictionary: bytes) -> bool:
    try:
        opened = dictionaries.open(student, primed(b"text", dictionary), 100)
    except DictionaryNeeded:
        return False
    assert opened.text == b"text"
    return True


def texts(count: int, size: int = DICTIONARY_BYTES) -> list[bytes]:
    source = random.Random(1)
    return [bytes(source.choices(b"ab cd", k=size)) for _ in range(count)]


def test_four_dictionaries_of_a_student_are_known() -> None:
    """The oldest goes first; others' are not concerned."""
    contents = Contents()
    dictionaries = Dictionaries(contents)
    sent = texts(KEPT + 2)
    dictionaries.remember("ken", sent[0], None)
    for text in sent:
        dictionaries.remember("ai", text, None)
    assert [known(dictionaries, "ai", text) for text in sent] == [False] * 2 + [True] * KEPT
    assert known(dictionaries, "ken", sent[0])
    tags = (KEPT + 1) * TAG_BYTES
    entries = (KEPT + 1) + 2
    assert contents.bytes_held == (KEPT + 1) * DICTIONARY_BYTES + tags + entries * ENTRY_BYTES


def test_the_one_that_was_used_is_not_the_next_to_go() -> None:
    """Else a lost answer would cost a page its chain while others begin."""
    dictionaries = Dictionaries(Contents())
    sent = texts(KEPT + 1)
    for text in sent[:KEPT]:
        dictionaries.remember("ai", text, None)
    used = dictionaries.open("ai", primed(b"text", sent[0]), 100).dictionary
    dictionaries.remember("ai", sent[KEPT], used)
    assert [known(dictionaries, "ai", text) for text in sent] == [True, False, True, True, True]


def test_one_bound_holds_for_contents_and_dictionaries() -> None:
    """What was not used for longest is forgotten, whichever it is."""
    contents = Contents(3 * DICTIONARY_BYTES)
    dictionaries = Dictionaries(contents)
    old, new = texts(2)
    contents.put(b"content", b"x" * 1000)
    dictionaries.remember("ai", old, None)
    assert contents.get(b"content")
    dictionaries.remember("ken", new, None)
    assert known(dictionaries, "ai", old)
    contents.put(b"large", b"x" * DICTIONARY_BYTES)
    assert contents.bytes_held <= 3 * DICTIONARY_BYTES
    assert [contents.get(b"content"), known(dictionaries, "ken", new)] == [None, False]
    assert known(dictionaries, "ai", old)


def test_a_service_that_remembers_nothing_asks_for_each() -> None:
    dictionaries = Dictionaries(Contents(0))
    dictionaries.remember("ai", b"text", None)
    assert not known(dictionaries, "ai", b"text")
